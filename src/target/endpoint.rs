//! A server, and how to log in to it.

use crate::core::{
    Secret,
    reading::{Wrong, value},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

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

impl Endpoint {
    /// `host:port`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The name that the server's certificate must carry.
    pub fn certificate_name(&self) -> &str {
        self.tls_name.as_deref().unwrap_or(&self.host)
    }
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Folders", description = "Names of folders.")]
pub struct FolderNames {
    /// The folder for spam.
    #[serde(default, deserialize_with = "folder")]
    pub spam: Option<String>,
    /// The folder that deleted mail is moved to.
    #[serde(default, deserialize_with = "folder")]
    pub trash: Option<String>,
}

fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    value(deserializer, |name: &Option<String>| match name {
        Some(name) if name.trim().is_empty() => Err(Wrong::empty("the folder")),
        _ => Ok(()),
    })
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
