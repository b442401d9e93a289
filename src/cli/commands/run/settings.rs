//! What a run is to do: the command line before the environment (clap has joined these two), before the scenario, before
//! the profile, before the project file, before the defaults.

use super::{
    args::{Artifacts, Flaky, Obsolete, RunArgs},
    profile::ProfileTexts,
};
use crate::{
    cli::{Context, commands::reports::ReportSpec, failure::Failure, project::Project},
    judge::snapshot::Update,
    lab::{self, embedded::Ports},
    run::{ArtifactPolicy, FlakyPolicy, Selection},
    scenario::{
        Scenario, TargetKind, Vars,
        config::Profile,
        knobs::CompanyKnobs,
        model::{ArcPolicy, Retries, Wait},
    },
};
use clap::ValueEnum;
use std::time::Duration;

/// What a run is to do.
pub(super) struct Settings {
    pub(super) target: TargetKind,
    /// What a lab is to be, where the target is one.
    pub(super) lab: lab::Settings,
    pub(super) selection: Selection,
    pub(super) profile: Profile,
    pub(super) vars: Vars,
    pub(super) jobs: Option<usize>,
    pub(super) global_timeout: Option<Duration>,
    pub(super) max_fail: Option<usize>,
    pub(super) flaky: FlakyPolicy,
    pub(super) artifacts: ArtifactPolicy,
    pub(super) update: Update,
    pub(super) obsolete: Obsolete,
    pub(super) reports: Vec<ReportSpec>,
}

impl Settings {
    /// Joins every source of settings.
    ///
    /// # Errors
    /// When the profile is not there or holds words that mean nothing, or the file of variables cannot be read.
    pub(super) fn of(context: &Context, project: &Project, args: &RunArgs) -> Result<Self, Failure> {
        let profile = profile(project, args.profile.as_deref())?;
        let target = args.select.target.or(profile.target).unwrap_or(project.target);
        let running = &args.running;
        let texts = ProfileTexts::of(&project.config, &profile).map_err(|wrong| Failure::mistakes(&wrong))?;
        let tags = args.select.tag.clone().or(texts.tags);
        let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let max_fail = match (running.fail_fast, running.max_fail) {
            (true, _) => Some(1),
            (false, Some(most)) => Some(number(most)),
            (false, None) if profile.fail_fast == Some(true) => Some(1),
            (false, None) => profile.max_fail.map(number),
        };
        let flaky = running.flaky.map_or_else(|| word(profile.flaky.as_deref(), "flaky"), |f| Ok(Some(f)))?;
        let snapshots = &args.snapshots;
        let update = match (snapshots.update, &profile.update) {
            (None, Some(text)) => Some(text.parse().map_err(|e| Failure::Usage(format!("profile: update: {e}")))?),
            (typed, _) => typed,
        };
        let obsolete =
            snapshots.obsolete.map_or_else(|| word(profile.obsolete.as_deref(), "obsolete"), |o| Ok(Some(o)))?;
        let typed = &args.output.reports.reports;
        let reports = if typed.is_empty() { texts.reports } else { typed.clone() };
        Ok(Self {
            target,
            lab: args.company.settings(target, Ports::default())?,
            selection: Selection {
                target: Some(target),
                tags,
                shard: args.select.shard(context)?,
                repeat: number(running.repeat),
            },
            vars: args.values.vars()?,
            jobs: running.jobs.map(usize::from).or(profile.jobs.map(number)),
            global_timeout: running.global_timeout.or(profile.global_timeout),
            max_fail,
            flaky: match flaky {
                None | Some(Flaky::Warn) => FlakyPolicy::Warn,
                Some(Flaky::Pass) => FlakyPolicy::Pass,
                Some(Flaky::Fail) => FlakyPolicy::Fail,
            },
            artifacts: match args.output.artifacts {
                None | Some(Artifacts::Failed) => ArtifactPolicy::Failed,
                Some(Artifacts::All) => ArtifactPolicy::All,
                Some(Artifacts::None) => ArtifactPolicy::None,
            },
            update: update.unwrap_or(if context.is_ci() { Update::Never } else { Update::Pending }),
            obsolete: obsolete.unwrap_or(Obsolete::Warn),
            reports,
            profile,
        })
    }

    /// Lays the profile under a scenario: it counts where the scenario says nothing.
    pub(super) fn under(&self, mut scenario: Scenario) -> Scenario {
        let company = &scenario.knobs.company;
        let sealing = |k: &CompanyKnobs| (k.arc, k.arc_key, k.seal, k.results, k.server);
        let seals = sealing(company) != sealing(&CompanyKnobs::default());
        let said = match &self.lab {
            lab if lab.rspamd_local_d.is_some() && seals => Some("--rspamd-local-d says how the company seals"),
            lab if lab.postfix_main_cf.is_some() && *company != CompanyKnobs::default() => {
                Some("--postfix-main-cf says how the company forwards")
            }
            _ => None,
        };
        if let (Some(said), None) = (said, &scenario.skip) {
            scenario.skip = Some(format!("{said}, not `lab:`"));
        }
        if let Some(retries) = &self.profile.retries
            && scenario.retries == Retries::default()
        {
            scenario.retries = retries.clone();
        }
        if let Some(timeout) = self.profile.timeout
            && scenario.wait.timeout == Wait::default().timeout
        {
            scenario.wait.timeout = timeout;
        }
        if let Some(arc) = self.profile.arc
            && scenario.arc == ArcPolicy::default()
        {
            scenario.arc = arc;
        }
        scenario
    }
}

fn profile(project: &Project, name: Option<&str>) -> Result<Profile, Failure> {
    let Some(name) = name else { return Ok(Profile::default()) };
    project.config.profiles.get(name).cloned().ok_or_else(|| {
        let known: Vec<_> = project.config.profiles.keys().map(String::as_str).collect();
        let known =
            if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
        Failure::Usage(format!("unknown profile `{name}`; {known}"))
    })
}

/// A word of a profile as the command line knows it.
fn word<T: ValueEnum>(text: Option<&str>, key: &str) -> Result<Option<T>, Failure> {
    text.map(|text| T::from_str(text, false).map_err(|e| Failure::Usage(format!("profile: {key}: {e}")))).transpose()
}
