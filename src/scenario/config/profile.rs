//! The options of `run` in a project file: those that always count, and profiles.

use crate::{
    core::{
        Spanned,
        reading::{Entries, HumanDuration, OneOrMany, Recovered, many, time, word_of, words},
        suggest,
    },
    scenario::{
        model::{ArcPolicy, FileRetries},
        yaml::Errors,
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// A set of options for `run`; `None` where it says nothing. The profile that it inherits from is there, and none inherits from
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Profile", description = "A set of options for `run`.")]
pub struct Profile {
    /// The profile whose options count where this one does not say otherwise.
    pub inherits: Option<Spanned<String>>,
    /// Where to run; in `run` it is written as `target` at the top of the file.
    pub target: Option<Spanned<TargetKind>>,
    /// Conditions on tags; all must hold.
    #[serde(default, deserialize_with = "many")]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub tags: Option<Vec<Spanned<String>>>,
    /// Stop at the first failure.
    pub fail_fast: Option<Spanned<bool>>,
    /// Stop after so many failures.
    #[schemars(range(min = 1))]
    pub max_fail: Option<Spanned<u32>>,
    /// Scenarios at a time.
    #[schemars(range(min = 1))]
    pub jobs: Option<Spanned<u32>>,
    /// For every attempt of scenarios that do not say it.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub timeout: Option<Spanned<Duration>>,
    /// For the whole run.
    #[serde(default, deserialize_with = "time")]
    #[schemars(with = "Option<HumanDuration>")]
    pub global_timeout: Option<Spanned<Duration>>,
    /// When to try again, where scenarios do not say it.
    pub retries: Option<FileRetries>,
    /// What happens to snapshots.
    #[serde(default, deserialize_with = "word_of::<_, Update>")]
    #[schemars(with = "Option<Update>")]
    pub update: Option<Spanned<String>>,
    /// What a flaky pass means.
    #[serde(default, deserialize_with = "word_of::<_, Flaky>")]
    #[schemars(with = "Option<Flaky>")]
    pub flaky: Option<Spanned<String>>,
    /// What an obsolete snapshot means.
    #[serde(default, deserialize_with = "word_of::<_, Obsolete>")]
    #[schemars(with = "Option<Obsolete>")]
    pub obsolete: Option<Spanned<String>>,
    /// Whose mails and logs are kept.
    #[serde(default, deserialize_with = "word_of::<_, Artifacts>")]
    #[schemars(with = "Option<Artifacts>")]
    pub artifacts: Option<Spanned<String>>,
    /// How progress is shown.
    #[serde(default, deserialize_with = "word_of::<_, Progress>")]
    #[schemars(with = "Option<Progress>")]
    pub progress: Option<Spanned<String>>,
    /// When `run` uses colours.
    #[serde(default, deserialize_with = "word_of::<_, Color>")]
    #[schemars(with = "Option<Color>")]
    pub color: Option<Spanned<String>>,
    /// Reports, as `FORMAT` or `FORMAT=PATH`.
    #[serde(default, deserialize_with = "many")]
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub report: Option<Vec<Spanned<String>>>,
    /// Whether the receiver must speak about ARC, where scenarios do not say it.
    pub arc: Option<Spanned<ArcPolicy>>,
}

words! {
    /// `--update`.
    enum Update { Never = "never", Pending = "pending", New = "new", All = "all" }
    /// `--flaky`.
    enum Flaky { Pass = "pass", Warn = "warn", Fail = "fail" }
    /// `--obsolete`.
    enum Obsolete { Warn = "warn", Fail = "fail", Ignore = "ignore" }
    /// `--artifacts`.
    enum Artifacts { Failed = "failed", All = "all", None = "none" }
    /// `--progress`.
    enum Progress { Auto = "auto", Bar = "bar", Lines = "lines", None = "none" }
    /// `--color`.
    enum Color { Auto = "auto", Always = "always", Never = "never" }
}

impl Profile {
    /// Notes what is wrong.
    fn check(&self, errors: &mut Errors<'_>) {
        for (count, message) in [(&self.jobs, "0 jobs run nothing"), (&self.max_fail, "no run stops after 0 failures")]
        {
            if let Some(count) = count
                && count.value == 0
            {
                errors.error_at(&count.at, message, "write at least 1");
            }
        }
        for time in [&self.timeout, &self.global_timeout].into_iter().flatten() {
            if time.value.is_zero() {
                errors.error_at(&time.at, "the time must be longer than nothing", "write for example 3m");
            }
        }
        if let Some(retries) = &self.retries {
            retries.check(errors);
        }
    }
}

/// The options of `run` where no profile says otherwise, with the target of the whole file, and the profiles.
pub(in crate::scenario) fn options(
    target: Option<Spanned<TargetKind>>,
    run: Option<Profile>,
    profiles: Entries<Recovered<Profile>>,
    errors: &mut Errors<'_>,
) -> (Profile, BTreeMap<String, Profile>) {
    // One that cannot be read is there all the same.
    let profiles: Vec<(Spanned<String>, Option<Profile>)> =
        profiles.0.into_iter().map(|(name, profile)| (name, profile.0)).collect();
    if let Some(twice) = run.as_ref().and_then(|run| run.target.as_ref()) {
        errors.error_at(&twice.at, "`target` does not stand in `run`", "write it at the top of the file");
    }
    check_parents(run.as_ref().and_then(|run| run.inherits.as_ref()), None, &profiles, errors);
    for (name, profile) in &profiles {
        let parent = profile.as_ref().and_then(|profile| profile.inherits.as_ref());
        check_parents(parent, Some(&name.value), &profiles, errors);
    }
    let run = run.unwrap_or_default();
    run.check(errors);
    profiles.iter().filter_map(|(_, profile)| profile.as_ref()).for_each(|profile| profile.check(errors));
    let run = Profile { target, ..run };
    (run, profiles.into_iter().filter_map(|(name, profile)| Some((name.value, profile?))).collect())
}

/// Whether what a profile inherits from is there, and comes to an end.
fn check_parents(
    first: Option<&Spanned<String>>,
    of: Option<&str>,
    all: &[(Spanned<String>, Option<Profile>)],
    errors: &mut Errors<'_>,
) {
    let mut seen: Vec<&str> = of.into_iter().collect();
    let mut next = first;
    while let Some(parent) = next {
        if seen.contains(&parent.value.as_str()) {
            let message = format!("profile `{}` inherits from itself", parent.value);
            return errors.error_at(&parent.at, message, "end at a profile without `inherits`");
        }
        let Some((_, profile)) = all.iter().find(|(name, _)| name.value == parent.value) else {
            let names: Vec<_> = all.iter().map(|(name, _)| name.value.as_str()).collect();
            let help = suggest::hint(&parent.value, names, "profiles").unwrap_or_default();
            return errors.error_at(
                &parent.at,
                format!("there is no profile `{}` to inherit from", parent.value),
                help,
            );
        };
        seen.push(&parent.value);
        next = profile.as_ref().and_then(|profile| profile.inherits.as_ref());
    }
}
