//! What a run is to do.

use crate::{
    cli::{
        CliError,
        commands::{
            options::{Options, Sources},
            run::RunArgs,
        },
    },
    core::{Span, Spanned},
    lab::{self, embedded::Ports},
    run::Selection,
    scenario::{
        Scenario, Vars,
        model::{FileOptions, Retries},
    },
    target::{TargetKind, knobs::CompanyKnobs},
};

/// What a run is to do.
pub(in crate::cli::commands) struct Settings {
    /// What counts where a scenario says nothing itself.
    pub(in crate::cli::commands) options: Options,
    /// What a lab is to be, where the target is one.
    pub(in crate::cli::commands) lab: lab::Settings,
    pub(in crate::cli::commands) selection: Selection,
    pub(in crate::cli::commands) vars: Vars,
}

impl Settings {
    /// What counts, and what goes with it.
    ///
    /// # Errors
    /// When an argument has no effect on the target, or the file of variables cannot be read.
    pub(in crate::cli::commands) fn of(sources: &Sources<'_>, args: &RunArgs) -> Result<Self, CliError> {
        let options = Options::of(sources, &FileOptions::default());
        let target = options.target.value;
        if args.listen.is_some() && target != TargetKind::Staging {
            let text = format!("--listen has no effect on target {target}; it is for staging: choose with --target");
            return Err(CliError::Usage(text));
        }
        Ok(Self {
            lab: args.company.settings(target, Ports::default())?,
            selection: Selection {
                target: Some(target),
                tags: options.tags.value.clone(),
                shard: options.shard.value,
                repeat: usize::try_from(args.running.repeat).unwrap_or(usize::MAX),
            },
            vars: args.values.vars()?,
            options,
        })
    }

    /// A scenario with the options that count for it.
    pub(in crate::cli::commands) fn under(&self, sources: &Sources<'_>, mut scenario: Scenario) -> Scenario {
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
        let Options { timeout, retries_max, retries_on, retries_delay, arc, .. } =
            Options::of(sources, &scenario.written);
        scenario.wait.timeout = Some(Spanned::new(timeout.value, Span::default()));
        scenario.retries = Retries { max: retries_max.value, on: retries_on.value, delay: retries_delay.value };
        scenario.arc = arc.value;
        scenario
    }
}
