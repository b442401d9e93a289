//! Accounts that stand in for others: scenarios name roles, and the command line may give a role to another account.

use super::{AccountSpec, Config};
use crate::{
    scenario::{Scenario, YamlError},
    target::Target,
};
use std::collections::{BTreeMap, BTreeSet};

impl Config {
    /// The account that has a role.
    pub(super) fn account(&self, role: &str, renamed: &BTreeMap<String, String>) -> Option<&AccountSpec> {
        self.accounts.get(renamed.get(role).map_or(role, String::as_str))
    }

    /// The role of the account that an account forwards to: one that was given to it, else its own name.
    pub(super) fn forwards_to(&self, spec: &AccountSpec, renamed: &BTreeMap<String, String>) -> Option<String> {
        let to = &spec.forwards_to.as_ref()?.value;
        let given = renamed.iter().find(|(_, account)| *account == to).map(|(role, _)| role);
        Some(given.unwrap_or(to).clone())
    }

    /// What cannot work because roles were given to other accounts: mail is forwarded to a mailbox that nobody reads, or
    /// one account has two roles in a scenario.
    pub(super) fn misplaced(
        &self,
        everyone: &Target,
        scenarios: &[Scenario],
        renamed: &BTreeMap<String, String>,
    ) -> Vec<YamlError> {
        let mut errors: Vec<YamlError> = Vec::new();
        if renamed.is_empty() {
            return errors;
        }
        for scenario in scenarios {
            let used = self.used(everyone, std::slice::from_ref(scenario), renamed, &mut Vec::new());
            let found = self.astray(&used, renamed).or_else(|| self.twice(scenario, &used, renamed));
            errors.extend(found.filter(|error| !errors.contains(error)));
        }
        errors
    }

    fn astray(&self, used: &BTreeSet<String>, renamed: &BTreeMap<String, String>) -> Option<YamlError> {
        used.iter().find_map(|role| {
            let spec = self.account(role, renamed)?;
            let to = spec.forwards_to.as_ref()?;
            let other = renamed.get(&self.forwards_to(spec, renamed)?).filter(|other| **other != to.value)?;
            let message = format!(
                "account `{}` forwards to `{}`, and --account {}={other} reads another mailbox",
                spec.name.value, to.value, to.value
            );
            let forwards = |a: &&AccountSpec| a.forwards_to.as_ref().is_some_and(|f| f.value == *other);
            let help = match self.accounts.values().find(forwards) {
                Some(account) => format!("add --account {role}={}, which forwards to `{other}`", account.name.value),
                None => format!("an account whose mail is forwarded to `{other}` must stand in for `{role}`"),
            };
            Some(self.wrong(&to.at, message).with_help(help))
        })
    }

    fn twice(
        &self,
        scenario: &Scenario,
        used: &BTreeSet<String>,
        renamed: &BTreeMap<String, String>,
    ) -> Option<YamlError> {
        let mut roles: BTreeMap<&str, &str> = BTreeMap::new();
        used.iter().find_map(|role| {
            let account = self.account(role, renamed)?.name.value.as_str();
            let first = roles.insert(account, role)?;
            let message = format!("accounts `{first}` and `{role}` would both be `{account}`");
            let spare = if first == account { first } else { role.as_str() };
            let help = format!("swap both, for example with --account {spare}=OTHER too");
            Some(scenario.wrong(&scenario.send.from.at, message).with_help(help))
        })
    }
}
