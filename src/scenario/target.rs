//! Where a scenario runs: accounts with their servers and secrets, all resolved.

use super::vars::Vars;
use crate::core::{At, Secret, Version};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// The kinds of world that a scenario can run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// Everything in this process.
    Embedded,
    /// The embedded world, with a real rspamd making the seals.
    Rspamd,
    /// A real Postfix and rspamd between embedded ends.
    Postfix,
    /// The user's own server, with the look-alike behind it.
    Staging,
    /// The user's server and Gmail itself.
    Gmail,
}

impl TargetKind {
    /// Every kind, the default first.
    pub const ALL: [Self; 5] = [Self::Embedded, Self::Rspamd, Self::Postfix, Self::Staging, Self::Gmail];

    /// The name as written in scenarios and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Rspamd => "rspamd",
            Self::Postfix => "postfix",
            Self::Staging => "staging",
            Self::Gmail => "gmail",
        }
    }

    /// Whether sealcheck builds this world itself, so that `lab:` knobs have effect.
    pub fn is_lab(self) -> bool {
        matches!(self, Self::Embedded | Self::Rspamd | Self::Postfix)
    }

    /// Whether a real rspamd of ours seals in it, whose version is known.
    pub fn has_rspamd(self) -> bool {
        matches!(self, Self::Rspamd | Self::Postfix)
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TargetKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| format!("unknown target `{text}`; one of embedded, rspamd, postfix, staging, gmail"))
    }
}

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
    /// What the accounts give to texts: `NAME.address`, `.domain`, `.user` (the address before its `@`), `.seal_domain`
    /// (the account's domain when it has none of its own) and, where it is known, `.authserv_id`.
    pub fn vars(&self) -> Vars {
        let mut vars = Vars::new();
        for (name, account) in &self.accounts {
            let domain = account.domain();
            vars.set(format!("{name}.user"), account.address.rsplit_once('@').map_or("", |(user, _)| user));
            vars.set(format!("{name}.address"), account.address.as_str());
            vars.set(format!("{name}.seal_domain"), account.sealing_domain());
            vars.set(format!("{name}.domain"), domain.as_str());
            if let Some(id) = &account.authserv_id {
                vars.set(format!("{name}.authserv_id"), id.as_str());
            }
        }
        vars
    }

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limit {
    /// Scenarios at a time.
    pub jobs: Option<At<u32>>,
    /// Mails per minute.
    pub per_minute: Option<At<u32>>,
    /// Mails in 24 hours.
    pub per_day: Option<At<u32>>,
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

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// TLS from the first byte.
    Implicit,
    /// Upgraded by STARTTLS; without the upgrade nothing is sent.
    Starttls,
    /// No TLS.
    None,
}

/// A server and how to log in to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Host name or address to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The name that the certificate must carry, when it is not `host`.
    pub tls_name: Option<String>,
    /// CA certificates (PEM) to trust instead of the system's.
    pub ca_pem: Option<String>,
    /// How to log in; `None` for no login.
    pub login: Option<Login>,
}

/// User name and secret.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password, app password or access token; with `oauth` the refresh token.
    pub secret: Secret,
    /// How the secret is presented.
    pub mechanism: Mechanism,
    /// Who exchanges the secret, which is then a refresh token, for access tokens.
    pub oauth: Option<OauthClient>,
}

impl Login {
    /// For servers that want to know nobody's name.
    pub fn nobody() -> Self {
        Self { user: String::new(), secret: Secret::new(""), mechanism: Mechanism::Password, oauth: None }
    }
}

/// An OAuth 2.0 client and the server that gives it access tokens (RFC 6749 §2, §3.2).
#[derive(Debug, Clone)]
pub struct OauthClient {
    /// `client_id`.
    pub id: Secret,
    /// `client_secret`.
    pub secret: Secret,
    /// The token server's URL; `http:` on this machine only.
    pub token_endpoint: String,
    /// CA certificates (PEM) to trust there instead of the system's.
    pub ca_pem: Option<String>,
}

/// How a secret is presented to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// SASL PLAIN or LOGIN, or IMAP LOGIN.
    Password,
    /// SASL XOAUTH2 with an access token.
    Xoauth2,
}

/// Where an account reads mail.
#[derive(Debug, Clone)]
pub struct ImapAccess {
    /// The server and login.
    pub endpoint: Endpoint,
    /// Gmail's extensions and habits, or plain IMAP.
    pub provider: Provider,
    /// Folders that are not to be found by their use.
    pub folders: FolderNames,
}

/// Names of folders, as people write them, where the server does not say what a folder is for (RFC 6154).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderNames {
    /// The folder for spam.
    pub spam: Option<String>,
    /// The folder that deleted mail is moved to.
    pub trash: Option<String>,
}

/// What an IMAP server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// X-GM-EXT-1: Gmail and its look-alike.
    Gmail,
    /// RFC 3501 and no more.
    Generic,
}
