//! Which accounts do scenarios use, and can these do what is wanted of them?

use super::{AccountSpec, Config};
use crate::{
    catalogue::Cause,
    core::{Span, Spanned, suggest},
    scenario::{About, Scenario, YamlError, model::ExpectationKind},
    target::Target,
};
use std::collections::{BTreeMap, BTreeSet};

impl Config {
    /// The names that are used, and what is wrong with those that are named.
    pub(super) fn used(
        &self,
        everyone: &Target,
        scenarios: &[Scenario],
        renamed: &BTreeMap<String, String>,
        errors: &mut Vec<YamlError>,
    ) -> BTreeSet<String> {
        let kind = everyone.kind;
        let mut used = BTreeSet::new();
        for (name, other) in renamed.iter().filter(|(_, other)| !self.accounts.contains_key(*other)) {
            let help = suggest::hint(other, self.names(), "accounts").unwrap_or_default();
            errors.push(
                YamlError::file(format!("there is no account `{other}`"), &format!("--account {name}={other}"))
                    .with_help(help),
            );
        }
        for scenario in scenarios.iter().filter(|s| s.targets.contains(&kind) && s.skipped_on(kind).is_none()) {
            for Wanted { name, at, role } in wants(scenario, everyone) {
                let Some(spec) = self.account(&name, renamed) else {
                    // Of an unknown variable is told elsewhere.
                    if !renamed.contains_key(&name) && !name.contains('$') {
                        let help = suggest::hint(&name, self.names(), "accounts")
                            .unwrap_or_else(|| "write it into `accounts` of sealcheck.yaml".to_owned());
                        let message = format!("target {kind} has no account `{name}`");
                        push(errors, scenario.wrong(at, message).with_help(help));
                    }
                    continue;
                };
                if let Some((message, help)) = role.lacks(&name, spec) {
                    push(errors, scenario.wrong(at, message).with_help(help));
                }
                let mut next = Some((name, spec));
                while let Some((name, spec)) = next {
                    if !used.insert(name) {
                        break;
                    }
                    next = self
                        .forwards_to(spec, renamed)
                        .and_then(|to| self.account(&to, renamed).map(|spec| (to.clone(), spec)));
                }
            }
        }
        used
    }

    fn names(&self) -> Vec<&str> {
        self.accounts.keys().map(String::as_str).collect()
    }

    /// Gmail keeps only the sent copy of mail that comes back to its sender (E01): such a scenario can never pass.
    pub(super) fn own_mail(
        &self,
        everyone: &Target,
        scenarios: &[Scenario],
        renamed: &BTreeMap<String, String>,
    ) -> Vec<YamlError> {
        let kind = everyone.kind;
        let mut errors = Vec::new();
        for scenario in scenarios.iter().filter(|s| s.targets.contains(&kind) && s.skipped_on(kind).is_none()) {
            let Some(sender) = self.account(&scenario.send.from.value, renamed) else { continue };
            for to in &scenario.send.to {
                let mut last = everyone.account_of(&to.value).and_then(|a| self.account(&a.name, renamed));
                for _ in 0..self.accounts.len() {
                    match last.and_then(|a| self.forwards_to(a, renamed)) {
                        Some(next) => last = self.account(&next, renamed),
                        None => break,
                    }
                }
                let Some(last) = last.filter(|l| mailbox(&l.address.value) == mailbox(&sender.address.value)) else {
                    continue;
                };
                let message = format!(
                    "mail from `{}` to `{}` ends in the sender's own mailbox {}, which shows no second copy of it",
                    sender.name.value, to.value, last.address.value
                );
                push(
                    &mut errors,
                    self.wrong(&sender.address.at, message)
                        .with_help("send from an account at another provider")
                        .about(About::Cause(Cause::E01)),
                );
            }
        }
        errors
    }
}

/// Rows of a matrix share their mistakes.
fn push(errors: &mut Vec<YamlError>, error: YamlError) {
    if !errors.contains(&error) {
        errors.push(error);
    }
}

/// The mailbox behind an address; for Gmail dots and what follows a `+` do not count.
fn mailbox(address: &str) -> String {
    let lower = address.to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            format!("{local}@gmail.com")
        }
        _ => lower,
    }
}

/// An account that a scenario names, where, and what it is to do.
struct Wanted<'a> {
    name: String,
    at: &'a Span,
    role: Role,
}

#[derive(PartialEq, Eq)]
enum Role {
    Sends { direct: bool },
    Receives,
    IsRead,
    WritesLog,
}

impl Role {
    fn lacks(&self, name: &str, spec: &AccountSpec) -> Option<(String, &'static str)> {
        match self {
            Self::Sends { direct: false } if spec.smtp().is_none() => Some((
                format!("account `{name}` cannot send, it has no `smtp`"),
                "write `smtp` of the sender, or `mx` of the recipient",
            )),
            Self::IsRead if spec.imap().is_none() => Some((
                format!("nobody can look into the mailbox of account `{name}`, it has no `imap`"),
                "write `imap` of the account",
            )),
            _ => None,
        }
    }
}

/// What a scenario wants of accounts.
fn wants<'a>(scenario: &'a Scenario, everyone: &Target) -> Vec<Wanted<'a>> {
    let wanted =
        |account: &'a Spanned<String>, role: Role| Wanted { name: account.value.clone(), at: &account.at, role };
    let mut out = Vec::new();
    let mut direct = false;
    for to in &scenario.send.to {
        match everyone.account_of(&to.value) {
            Some(account) => {
                direct |= account.mx.is_some();
                out.push(Wanted { name: account.name.clone(), ..wanted(to, Role::Receives) });
            }
            // An address of somebody else, or one that is not known yet.
            None if to.value.contains(['@', '$']) => {}
            None => out.push(wanted(to, Role::Receives)),
        }
    }
    out.extend(scenario.expected_on(everyone.kind).filter_map(|e| {
        let role = if matches!(e.kind, ExpectationKind::Log(_)) { Role::WritesLog } else { Role::IsRead };
        e.kind.account().map(|account| wanted(account, role))
    }));
    out.push(wanted(&scenario.send.from, Role::Sends { direct }));
    out
}
