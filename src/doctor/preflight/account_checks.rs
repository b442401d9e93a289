//! Secrets, and who sends to whom.

use super::Preflight;
use crate::{
    catalogue::Cause,
    doctor::Report,
    scenario::{About, YamlError},
    target::{Account, Provider},
};

/// What Gmail takes a minute (its help page on receiving limits).
const GMAIL_PER_MINUTE: u32 = 60;

impl Preflight<'_> {
    /// Whether every secret is where its reference points.
    pub(super) fn secrets(&self, report: &mut Report) {
        for error in self.secrets {
            report.fail("secrets", None, told(error), error.help.clone().unwrap_or_default());
        }
        if self.secrets.is_empty() {
            let logins = self.target.accounts.values().flat_map(endpoints).filter(|e| e.login.is_some()).count();
            let plural = if logins == 1 { "" } else { "s" };
            report.ok("secrets", format!("the secrets of {logins} login{plural} were found"));
        }
        for hint in self.hints {
            report.warn("settings", None, told(hint), hint.help.clone().unwrap_or_default());
        }
    }

    /// Whether the accounts can do what the scenarios want of them, and whether mail goes from one mailbox to another.
    pub(super) fn accounts(&self, report: &mut Report) {
        let mut own_mail = false;
        for error in self.accounts {
            let next = error.help.clone().unwrap_or_default();
            if error.about.as_deref() == Some(&About::Cause(Cause::E01)) {
                own_mail = true;
                report.fail("sender", Cause::E01, told(error), next);
            } else {
                report.fail("accounts", None, told(error), next);
            }
        }
        let senders: Vec<&Account> = self.senders.iter().filter_map(|name| self.target.accounts.get(name)).collect();
        if !own_mail {
            for sender in &senders {
                report.ok("sender", format!("mail from {} ends in another mailbox than its own", sender.address));
            }
        }
        for sender in senders {
            if sender.imap.is_none() {
                let text = format!(
                    "{} has no `imap`: the bounce of a copy that is refused goes to it, and is not seen",
                    sender.name
                );
                let next = format!("write `imap` of account {} into the project file", sender.name);
                report.warn(&format!("{}.bounces", sender.name), None, text, next);
            }
        }
        for account in self.target.accounts.values() {
            self.limit(account, report);
        }
    }

    fn limit(&self, account: &Account, report: &mut Report) {
        if account.imap.as_ref().is_none_or(|i| i.provider != Provider::Gmail) {
            return;
        }
        let check = format!("limits.{}", account.name);
        let next = format!("write `limits: {{ {}: {{ per_minute: 10 }} }}` into the project file", account.name);
        match account.limit.per_minute.as_ref().map(|most| most.value) {
            Some(n) if n <= GMAIL_PER_MINUTE => report.ok(&check, format!("at most {n} mails a minute")),
            Some(n) => {
                let text = format!("{n} mails a minute are allowed, and Gmail takes {GMAIL_PER_MINUTE}");
                report.warn(&check, Cause::D05, text, next);
            }
            None => {
                let text = format!("no limit is written, and Gmail takes {GMAIL_PER_MINUTE} mails a minute");
                report.warn(&check, Cause::D05, text, next);
            }
        }
    }
}

fn endpoints(account: &Account) -> impl Iterator<Item = &crate::target::Endpoint> {
    [account.smtp.as_ref(), account.imap.as_ref().map(|i| &i.endpoint), account.mx.as_ref()].into_iter().flatten()
}

/// A mistake in one line, with its place.
fn told(error: &YamlError) -> String {
    format!("{}: {}", error.position, error.message)
}
