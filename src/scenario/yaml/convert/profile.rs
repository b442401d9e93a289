//! Options of `run` in a project file: those that always count, and profiles.

use crate::core::reading::Recovered;
use crate::scenario::yaml::Errors;
use crate::{
    core::{At, suggest},
    scenario::{
        config::Profile,
        yaml::spot::{Entries, Spot},
    },
    target::TargetKind,
};
use std::collections::BTreeMap;

impl Errors<'_> {
    /// The options of `run` where no profile says otherwise, with the target of the whole file, and the profiles.
    pub(super) fn options(
        &mut self,
        target: Option<Spot<TargetKind>>,
        run: Option<Profile>,
        profiles: Entries<Recovered<Profile>>,
    ) -> (Profile, BTreeMap<String, Profile>) {
        // One that cannot be read is there all the same.
        let profiles: Vec<(Spot<String>, Option<Profile>)> =
            profiles.0.into_iter().map(|(name, twin)| (name, twin.0)).collect();
        if let Some(twice) = run.as_ref().and_then(|run| run.target.as_ref()) {
            self.error_at(&twice.at, "`target` does not stand in `run`", "write it at the top of the file");
        }
        self.parents(run.as_ref().and_then(|run| run.inherits.as_ref()), None, &profiles);
        for (name, twin) in &profiles {
            self.parents(twin.as_ref().and_then(|t| t.inherits.as_ref()), Some(&name.value), &profiles);
        }
        let run = run.unwrap_or_default();
        run.check(self);
        profiles.iter().filter_map(|(_, profile)| profile.as_ref()).for_each(|profile| profile.check(self));
        let run = Profile { target: target.map(|target| self.at(target)), ..run };
        (run, profiles.into_iter().filter_map(|(name, profile)| Some((name.value, profile?))).collect())
    }

    /// Whether what a profile inherits from is there, and comes to an end.
    fn parents(&mut self, first: Option<&At<String>>, of: Option<&str>, all: &[(Spot<String>, Option<Profile>)]) {
        let mut seen: Vec<&str> = of.into_iter().collect();
        let mut next = first;
        while let Some(parent) = next {
            if seen.contains(&parent.value.as_str()) {
                let message = format!("profile `{}` inherits from itself", parent.value);
                return self.error_at(&parent.at, message, "end at a profile without `inherits`");
            }
            let Some((_, twin)) = all.iter().find(|(name, _)| name.value == parent.value) else {
                let names: Vec<_> = all.iter().map(|(name, _)| name.value.as_str()).collect();
                let help = suggest::hint(&parent.value, names, "profiles").unwrap_or_default();
                return self.error_at(
                    &parent.at,
                    format!("there is no profile `{}` to inherit from", parent.value),
                    help,
                );
            };
            seen.push(&parent.value);
            next = twin.as_ref().and_then(|twin| twin.inherits.as_ref());
        }
    }
}
