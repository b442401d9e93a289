//! Options of `run` in a project file: those that always count, and profiles.

use super::Cx;
use crate::{
    core::{
        At,
        reading::{HumanDuration, OneOrMany},
        suggest,
    },
    scenario::{
        config::Profile,
        yaml::{
            spot::{Entries, Spot, Try},
            twin::config::ProfileTwin,
        },
    },
    target::TargetKind,
};
use std::collections::BTreeMap;

impl Cx<'_> {
    /// The options of `run` where no profile says otherwise, with the target of the whole file, and the profiles.
    pub(super) fn options(
        &mut self,
        target: Option<Spot<TargetKind>>,
        run: Option<ProfileTwin>,
        profiles: Entries<Try<ProfileTwin>>,
    ) -> (Profile, BTreeMap<String, Profile>) {
        // One that cannot be read is there all the same.
        let profiles: Vec<(Spot<String>, Option<ProfileTwin>)> =
            profiles.0.into_iter().map(|(name, twin)| (name, twin.0)).collect();
        if let Some(twice) = run.as_ref().and_then(|run| run.target.as_ref()) {
            self.wrong(twice.at, "`target` does not stand in `run`", "write it at the top of the file");
        }
        self.parents(run.as_ref().and_then(|run| run.inherits.as_ref()), None, &profiles);
        for (name, twin) in &profiles {
            self.parents(twin.as_ref().and_then(|t| t.inherits.as_ref()), Some(&name.value), &profiles);
        }
        let run = run.map(|run| self.profile(run)).unwrap_or_default();
        let run = Profile { target: target.map(|target| self.at(target)), ..run };
        let profiles =
            profiles.into_iter().filter_map(|(name, twin)| Some((name.value, self.profile(twin?)))).collect();
        (run, profiles)
    }

    /// Whether what a profile inherits from is there, and comes to an end.
    fn parents(&mut self, first: Option<&Spot<String>>, of: Option<&str>, all: &[(Spot<String>, Option<ProfileTwin>)]) {
        let mut seen: Vec<&str> = of.into_iter().collect();
        let mut next = first;
        while let Some(parent) = next {
            if seen.contains(&parent.value.as_str()) {
                let message = format!("profile `{}` inherits from itself", parent.value);
                return self.wrong(parent.at, message, "end at a profile without `inherits`");
            }
            let Some((_, twin)) = all.iter().find(|(name, _)| name.value == parent.value) else {
                let names: Vec<_> = all.iter().map(|(name, _)| name.value.as_str()).collect();
                let help = suggest::hint(&parent.value, names, "profiles").unwrap_or_default();
                return self.wrong(parent.at, format!("there is no profile `{}` to inherit from", parent.value), help);
            };
            seen.push(&parent.value);
            next = twin.as_ref().and_then(|twin| twin.inherits.as_ref());
        }
    }

    fn profile(&mut self, twin: ProfileTwin) -> Profile {
        for (count, message) in [(&twin.jobs, "0 jobs run nothing"), (&twin.max_fail, "no run stops after 0 failures")]
        {
            if let Some(none) = count.as_ref().filter(|count| count.value == 0) {
                self.wrong(none.at, message, "write at least 1");
            }
        }
        for time in [&twin.timeout, &twin.global_timeout].into_iter().flatten().filter(|time| time.value.0.is_zero()) {
            self.wrong(time.at, "the time must be longer than nothing", "write for example 3m");
        }
        Profile {
            inherits: twin.inherits.map(|i| i.value),
            target: twin.target.map(|t| self.at(t)),
            tags: twin.tags.map(|t| self.all(t)),
            fail_fast: twin.fail_fast.map(|f| self.at(f)),
            max_fail: twin.max_fail.map(|m| self.at(m)),
            jobs: twin.jobs.map(|j| self.at(j)),
            timeout: twin.timeout.map(|t: Spot<HumanDuration>| self.time(t)),
            global_timeout: twin.global_timeout.map(|t| self.time(t)),
            retries: twin.retries.map(|r| self.retries(r)),
            update: twin.update.map(|w| self.word(w)),
            flaky: twin.flaky.map(|w| self.word(w)),
            obsolete: twin.obsolete.map(|w| self.word(w)),
            artifacts: twin.artifacts.map(|w| self.word(w)),
            progress: twin.progress.map(|w| self.word(w)),
            color: twin.color.map(|w| self.word(w)),
            report: twin.report.map(|r| self.all(r)),
            arc: twin.arc.map(|a| self.at(a)),
        }
    }

    fn all<T>(&self, many: OneOrMany<Spot<T>>) -> Vec<At<T>> {
        many.0.into_iter().map(|one| self.at(one)).collect()
    }
}
