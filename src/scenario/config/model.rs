//! What a project file says, before any secret is looked up.

use super::Profile;
use crate::{
    core::{At, Position},
    scenario::{YamlError, yaml::Source},
    target::{FolderNames, Limit, LogSource, Mechanism, Provider, StagingSpec, TlsMode},
};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

/// Google's token endpoint.
pub const GOOGLE_TOKEN_ENDPOINT: &str = "https://oauth2.googleapis.com/token";
/// Google's authorization endpoint.
pub const GOOGLE_AUTHORIZATION_ENDPOINT: &str = "https://accounts.google.com/o/oauth2/v2/auth";

/// A project file.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The scenario folder, relative to the file.
    pub scenarios: Option<PathBuf>,
    /// The snapshot folder, relative to the file.
    pub snapshots: Option<PathBuf>,
    /// Where verification asks DNS; `None` is the system's resolver.
    pub dns: Option<SocketAddr>,
    /// The accounts by name.
    pub accounts: BTreeMap<String, AccountSpec>,
    /// Where our servers of target staging listen.
    pub staging: StagingSpec,
    /// Limits by account.
    pub limits: BTreeMap<String, Limit>,
    /// The options of `run` where no profile says otherwise.
    pub run: Profile,
    /// Named sets of options.
    pub profiles: BTreeMap<String, Profile>,
    /// The name of the user's own file, where it counts.
    pub user_file: Option<Arc<str>>,
    /// Where each value stands, by its keys.
    pub(crate) places: BTreeMap<String, Position>,
    /// The files and what the command line set in them, for excerpts.
    pub(crate) sources: Vec<Source>,
}

/// An account whose secrets are still references.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountSpec {
    /// Its name, at its place.
    pub name: At<String>,
    /// Its mail address.
    pub address: At<String>,
    /// Where it submits mail.
    pub smtp: Option<EndpointSpec>,
    /// Where it reads mail.
    pub imap: Option<(EndpointSpec, Provider, FolderNames)>,
    /// Where mail to it is handed over directly.
    pub mx: Option<EndpointSpec>,
    /// The account that its mail is forwarded to.
    pub forwards_to: Option<At<String>>,
    /// The `d=` of the seals that its server writes.
    pub seal_domain: Option<String>,
    /// The authserv-id of its server's Authentication-Results.
    pub authserv_id: Option<String>,
    /// Where its server writes what it does; files are relative to the project file.
    pub logs: Vec<At<LogSource>>,
    /// What signs its mail when that is handed straight to a recipient's server.
    pub dkim: Option<DkimSpec>,
}

/// A DKIM key that is still a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimSpec {
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// Where the private key is.
    pub key: SecretRef,
}

/// A server whose secret is still a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointSpec {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The name that the certificate must carry.
    pub tls_name: Option<String>,
    /// A file with CA certificates.
    pub ca_file: Option<At<PathBuf>>,
    /// How to log in.
    pub login: Option<LoginSpec>,
}

/// User name and reference to the secret.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginSpec {
    /// The user name.
    pub user: String,
    /// Where the secret is; with `oauth` the refresh token.
    pub secret: SecretRef,
    /// How it is presented.
    pub mechanism: Mechanism,
    /// White space in the secret is for people: Google shows app passwords in groups of four letters.
    pub grouped: bool,
    /// Who exchanges the secret, which is then a refresh token, for access tokens.
    pub oauth: Option<OauthSpec>,
}

/// An OAuth 2.0 client whose secrets are still references.
#[derive(Debug, Clone, PartialEq)]
pub struct OauthSpec {
    /// `client_id`.
    pub client_id: SecretRef,
    /// `client_secret`.
    pub client_secret: SecretRef,
    /// Where refresh tokens and codes are exchanged (RFC 6749 §3.2).
    pub token_endpoint: String,
    /// A file with CA certificates for both endpoints.
    pub ca_file: Option<At<PathBuf>>,
    /// Where a person consents in a browser (RFC 6749 §3.1).
    pub authorization_endpoint: String,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// The key, for example `accounts.gmail.imap.password`.
    pub key: String,
    /// Where the reference stands.
    pub at: Position,
    /// Where the secret is.
    pub place: SecretPlace,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Env(String),
    /// In a file, relative to the project file.
    File(PathBuf),
    /// A program prints it.
    Command(Vec<String>),
}

impl Config {
    /// A set of options and those that it inherits from, with their names, the nearest first.
    pub fn lineage<'a>(&'a self, first: &'a Profile) -> impl Iterator<Item = (Option<&'a str>, &'a Profile)> {
        let parent = |profile: &'a Profile| self.profiles.get_key_value(&profile.inherits.as_ref()?.value);
        std::iter::successors(Some((None, first)), move |(_, profile)| {
            parent(profile).map(|(name, profile)| (Some(name.as_str()), profile))
        })
    }

    /// Where some keys have their value, as `accounts.gmail.imap.host`; of a value in a short form there are no keys below.
    pub fn place(&self, key: &str) -> Option<&Position> {
        let above = key.rsplit_once('.').map(|(above, _)| above);
        self.places.get(key).or_else(|| self.places.get(above?))
    }

    /// An error at a place in the project file or on the command line, with its line.
    pub(crate) fn wrong(&self, at: &Position, message: impl Into<String>) -> YamlError {
        let error = YamlError::new(message, at.clone());
        match self.sources.iter().find(|s| s.file == at.file) {
            Some(source) => error.with_source(&source.text).without_secrets(&source.text),
            None => error,
        }
    }
}
