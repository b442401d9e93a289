//! Is all there that a run against real servers needs? Logs in everywhere, reads DNS, and sends nothing.
//!
//! | file | question |
//! |---|---|
//! | `account_checks` | are secrets and accounts as the scenarios need them? |
//! | `submission_check` | can the sender send? |
//! | `mailbox` | can mailboxes be read, and where is spam? |
//! | `exchanger` | does the server under test take mail from here? |
//! | `domain_records` | what do SPF, DKIM and DMARC records mean for a forwarded mail? |
//! | `candidate_signer` | is the key published that signs mail to a candidate? |
//! | `connectivity` | what do an error on the way and a certificate say? |
//! | `server_clocks` | is it the same time there as here? |

mod account_checks;
mod candidate_signer;
mod connectivity;
mod domain_records;
mod exchanger;
mod mailbox;
mod server_clocks;
mod submission_check;

use super::Report;
use crate::{
    core::UnixTime,
    {
        probe::token::Tokens,
        scenario::{About, YamlError},
        target::Target,
        verify::Dns,
    },
};
use std::{collections::BTreeSet, time::Duration};

/// Whether a text names a key: `SELECTOR._domainkey.DOMAIN`.
pub fn is_key(name: &str) -> bool {
    domain_records::of_key(name).is_some()
}

/// How long a server may take to show itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is looked at before a run.
pub struct Preflight<'a> {
    /// The accounts that are used, with their secrets as far as these could be had.
    pub target: &'a Target,
    /// What is wrong with the accounts.
    pub accounts: &'a [YamlError],
    /// Secrets and files that could not be had.
    pub secrets: &'a [YamlError],
    /// What is odd about the project file.
    pub hints: &'a [YamlError],
    /// The accounts that send.
    pub senders: &'a BTreeSet<String>,
    /// Keys to look at, as `SELECTOR._domainkey.DOMAIN`.
    pub keys: &'a [String],
    /// Where DNS is asked.
    pub dns: &'a Dns,
    /// What logs in with refresh tokens.
    pub tokens: &'a Tokens,
    /// The time, in seconds since 1970.
    pub now: UnixTime,
}

impl Preflight<'_> {
    /// Looks at everything, one after the other: accounts have few connections to spare.
    pub async fn examine(&self) -> Report {
        let mut report = Report::default();
        self.secrets(&mut report);
        self.accounts(&mut report);
        let mut greetings = Vec::new();
        for account in self.target.accounts.values() {
            if let Some(smtp) = &account.smtp {
                greetings.extend(self.submission(account, smtp, &mut report).await);
            }
            if let Some(access) = &account.imap {
                self.mailbox(account, access, &mut report).await;
            }
            if account.forwards_to.is_some() || account.mx.is_some() {
                greetings.extend(self.exchanger(account, &mut report).await);
            }
        }
        self.records(&mut report).await;
        self.sign(&mut report).await;
        server_clocks::compare(&greetings, self.now, &mut report);
        report
    }

    /// The name that we say hello with: the domain of who sends.
    fn helo(&self) -> String {
        let sender = self.senders.iter().find_map(|name| self.target.accounts.get(name));
        sender.map_or_else(|| "localhost".to_owned(), |sender| sender.domain())
    }

    /// Whether a secret of this server could not be had, so that a login would be refused for nothing.
    fn is_locked(&self, account: &str, server: &str) -> bool {
        let key = format!("accounts.{account}.{server}.");
        self.secrets
            .iter()
            .any(|e| matches!(e.about.as_deref(), Some(About::Secret(secret)) if secret.starts_with(&key)))
    }
}
