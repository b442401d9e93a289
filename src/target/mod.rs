//! Which world is meant? Accounts with their servers and secrets, all resolved, and the knobs of a lab.

mod account;
mod dns_faults;
mod endpoint;
pub mod faults;
mod kind;
mod knob_texts;
pub mod knob_words;
pub mod knobs;
mod staging;
pub mod support;

pub use account::{Account, DkimSigner, Limit, LogSource};
pub use endpoint::{Endpoint, FolderNames, ImapAccess, Login, Mechanism, OauthClient, Provider, TlsMode};
pub use kind::TargetKind;
pub use knobs::Knobs;
pub use staging::{ForwardingServer, Staging, StagingSpec};

use crate::core::Version;
use std::{collections::BTreeMap, net::SocketAddr};

/// A world to run in: who is there and where DNS is asked.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// The accounts by the name that scenarios use: `external`, `company`, `gmail`, …
    pub accounts: BTreeMap<String, Account>,
    /// Where verification asks DNS; `None` is the system's resolver.
    pub dns: Option<SocketAddr>,
    /// The version of the rspamd that seals there, where it is known.
    pub rspamd: Option<Version>,
}

impl Target {
    /// The accounts that mail to this one passes on its way, itself first.
    pub fn route(&self, account: &str) -> Vec<&Account> {
        let mut route: Vec<&Account> = Vec::new();
        let mut next = self.accounts.get(account);
        while let Some(account) = next.filter(|a| route.iter().all(|r| r.name != a.name)) {
            route.push(account);
            next = account.forwards_to.as_ref().and_then(|name| self.accounts.get(name));
        }
        route
    }
}
