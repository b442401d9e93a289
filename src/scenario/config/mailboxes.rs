//! Accounts as mailboxes alone, without a scenario.

use super::{Config, resolve::Resolved, secret::Outside};
use crate::{
    core::Redactor,
    scenario::YamlErrors,
    target::{Account, Target, TargetKind},
};
use std::collections::BTreeMap;

impl Config {
    /// The mailboxes of the named accounts, or all that there are, with logins and certificates. Every secret that is looked
    /// up is told to the redactor first.
    ///
    /// # Errors
    /// Accounts that are not there or have no `imap:`, and secrets and files that cannot be had.
    pub async fn mailboxes(
        &self,
        names: &[String],
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> Result<Resolved, YamlErrors> {
        let mut errors = Vec::new();
        let named = names.iter().filter_map(|name| match self.accounts.get(name) {
            Some(spec) if spec.imap().is_none() => {
                let message = format!("account `{name}` has no mailbox");
                errors.push(self.wrong(&spec.name.at, message).with_help("add `imap:` to it"));
                None
            }
            Some(spec) => Some(spec),
            None => {
                errors.push(self.unknown(name));
                None
            }
        });
        let mut specs: Vec<_> = named.collect();
        if names.is_empty() {
            specs = self.accounts.values().filter(|spec| spec.imap().is_some()).collect();
        }
        if !errors.is_empty() {
            return Err(YamlErrors(errors));
        }
        let accounts: BTreeMap<String, Account> = specs
            .into_iter()
            .map(|spec| {
                let name = spec.name.value.clone();
                (name.clone(), Account { smtp: None, mx: None, logs: Vec::new(), ..spec.outline(name) })
            })
            .collect();
        let target = Target { kind: TargetKind::Gmail, accounts, dns: self.dns, rspamd: None };
        self.opened(Resolved { target, hints: Vec::new() }, &BTreeMap::new(), outside, redactor).await
    }
}
