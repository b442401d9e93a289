//! A mail account.

use super::endpoint::{Endpoint, ImapAccess};
use crate::core::{
    Secret, Spanned,
    reading::{self, Wrong, checked},
    schema_as::schema_as,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::{fmt, path::PathBuf};

/// A mail account, or an address with nothing behind it that we can log in to.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name that scenarios use.
    pub name: String,
    /// Its mail address.
    pub address: String,
    /// Where it submits mail.
    pub smtp: Option<Endpoint>,
    /// Where it reads mail.
    pub imap: Option<ImapAccess>,
    /// Where mail to it is handed over directly, instead of through the sender's submission server.
    pub mx: Option<Endpoint>,
    /// The account that its mail is forwarded to.
    pub forwards_to: Option<String>,
    /// The `d=` of the seals that its server writes.
    pub seal_domain: Option<String>,
    /// The authserv-id of its server's Authentication-Results.
    pub authserv_id: Option<String>,
    /// Where its server writes what it does.
    pub logs: Vec<LogSource>,
    /// What signs its mail when that is handed straight to a recipient's server, which its own server never sees.
    pub dkim: Option<DkimSigner>,
    /// What may be asked of it.
    pub limit: Limit,
}

/// A DKIM key (RFC 6376).
#[derive(Debug, Clone)]
pub struct DkimSigner {
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// The private key: RSA of 2048 bits or more, in PEM.
    pub key: Secret,
}

/// What may be asked of an account, at the places where that is said. A mail counts for the account that sends it and for
/// every account that it is to reach or to pass through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limit", description = "Limits of an account.")]
pub struct Limit {
    /// Scenarios at a time.
    #[schemars(range(min = 1))]
    pub jobs: Option<Spanned<u32>>,
    /// Mails per minute.
    #[schemars(range(min = 1))]
    pub per_minute: Option<Spanned<u32>>,
    /// Mails in 24 hours, over all runs.
    #[schemars(range(min = 1))]
    pub per_day: Option<Spanned<u32>>,
}

/// Where a server's log is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogSource {
    /// A file that grows.
    File(PathBuf),
    /// A program that prints it.
    Program {
        /// The program and its arguments; `{since}` in them stands for a time in seconds since 1970.
        words: Vec<String>,
        /// The folder that it runs in; empty for the current one.
        folder: PathBuf,
    },
}

/// A log of rspamd or Postfix: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogSource", extend("minProperties" = 1, "maxProperties" = 1))]
struct LogKeys {
    /// A file; it may be rotated while it is read.
    #[serde(default, deserialize_with = "reading::file")]
    file: Option<PathBuf>,
    /// A program with its arguments prints it; `{since}` in them stands for the beginning, in seconds since 1970.
    #[serde(default, deserialize_with = "reading::command")]
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
}

impl LogKeys {
    fn source(&self) -> Result<LogSource, Wrong> {
        match (&self.file, &self.command) {
            (Some(file), None) => Ok(LogSource::File(file.clone())),
            (None, Some(words)) => Ok(LogSource::Program { words: words.clone(), folder: PathBuf::new() }),
            _ => {
                let help = "for example `{ file: /var/log/mail.log }` or `{ command: [ssh, mx, journalctl] }`";
                Err(Wrong::new("a log needs one of `file` and `command`", help))
            }
        }
    }
}

impl<'de> Deserialize<'de> for LogSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = checked(deserializer, |keys: &LogKeys| keys.source().map(drop))?;
        Ok(keys.source().unwrap_or_else(|_| Self::File(PathBuf::new())))
    }
}

schema_as! { [] LogSource: LogKeys; }

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Program { words, .. } => words.join(" ").fmt(f),
        }
    }
}

impl Account {
    /// An address with no server behind it.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: address.into(),
            smtp: None,
            imap: None,
            mx: None,
            forwards_to: None,
            seal_domain: None,
            authserv_id: None,
            logs: Vec::new(),
            dkim: None,
            limit: Limit::default(),
        }
    }

    /// The part of the address after the last `@`, lower case.
    pub fn domain(&self) -> String {
        self.address.rsplit_once('@').map_or(self.address.as_str(), |(_, d)| d).to_ascii_lowercase()
    }

    /// The `d=` that its server seals with: the address's domain where it has none of its own.
    pub fn sealing_domain(&self) -> String {
        self.seal_domain.clone().unwrap_or_else(|| self.domain())
    }
}
