//! The project file, `sealcheck.yaml`.

use crate::{
    core::reading::{Recovered, ScalarText, ShortOrLong, words},
    scenario::{
        config::Profile,
        yaml::spot::{Entries, Spot},
    },
    target::{FolderNames, Limit, Provider, StagingSpec, TargetKind, TlsMode},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// The project file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Config")]
pub(crate) struct ConfigTwin {
    /// Format version: always 1, and always the first key.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "checked before the twin is read")]
    pub(crate) sealcheck: u32,
    /// The scenario folder; `scenarios` when not written.
    pub(crate) scenarios: Option<Spot<String>>,
    /// The snapshot folder; `snapshots` when not written.
    pub(crate) snapshots: Option<Spot<String>>,
    /// Where to run when nobody says so; `embedded` when not written.
    pub(crate) target: Option<Recovered<Spot<TargetKind>>>,
    /// Where verification asks DNS: `system`, or an address with a port.
    pub(crate) dns: Option<Spot<String>>,
    /// The accounts by the names that scenarios use; the labs bring their own.
    #[serde(default)]
    pub(crate) accounts: Entries<Recovered<AccountTwin>>,
    /// What targets need beside accounts.
    pub(crate) targets: Option<Recovered<TargetsTwin>>,
    /// Limits by account.
    #[serde(default)]
    pub(crate) limits: Entries<Recovered<Limit>>,
    /// The options of `run` where no profile says otherwise.
    pub(crate) run: Option<Recovered<Profile>>,
    /// Named sets of options for `run --profile`.
    #[serde(default)]
    pub(crate) profiles: Entries<Recovered<Profile>>,
}

/// What targets need beside accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Targets")]
pub(crate) struct TargetsTwin {
    /// Your own server, with the look-alike behind it.
    pub(crate) staging: Option<Recovered<StagingSpec>>,
}

/// A mail account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
pub(crate) struct AccountTwin {
    /// Its mail address.
    pub(crate) address: Spot<String>,
    /// Where it submits mail.
    pub(crate) smtp: Option<Recovered<Spot<ServerTwin>>>,
    /// Where it reads mail.
    pub(crate) imap: Option<Recovered<Spot<ServerTwin>>>,
    /// Where mail to it is handed over directly: `host:port`, or a map.
    pub(crate) mx: Option<Recovered<Spot<ShortOrLong<String, MxTwin>>>>,
    /// The account that its mail is forwarded to.
    pub(crate) forwards_to: Option<Spot<String>>,
    /// The `d=` of the seals that its server writes.
    pub(crate) seal_domain: Option<Spot<String>>,
    /// The authserv-id of its server's Authentication-Results.
    pub(crate) authserv_id: Option<Spot<String>>,
    /// Where its server writes what it does with mail.
    #[serde(default)]
    pub(crate) logs: Vec<Recovered<Spot<LogTwin>>>,
    /// The DKIM key that signs its mail when that goes straight to the `mx` of a recipient, past its own server.
    pub(crate) dkim: Option<Recovered<DkimTwin>>,
}

/// A DKIM key (RFC 6376).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dkim")]
pub(crate) struct DkimTwin {
    /// `d=`; the domain of the account's address when not written.
    pub(crate) domain: Option<Spot<String>>,
    /// `s=`; DNS has the public key at `SELECTOR._domainkey.DOMAIN`.
    pub(crate) selector: Spot<String>,
    /// The private key: RSA of 2048 bits or more, in PEM.
    pub(crate) private_key: Secret,
}

/// A log of rspamd or Postfix: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogSource", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct LogTwin {
    /// A file; it may be rotated while it is read.
    pub(crate) file: Option<Spot<String>>,
    /// A program with its arguments prints it; `{since}` in them stands for the beginning, in seconds since 1970.
    #[schemars(length(min = 1))]
    pub(crate) command: Option<Spot<Vec<String>>>,
}

/// A server with a login.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Server")]
pub(crate) struct ServerTwin {
    /// `gmail` sets host, port and TLS, and for IMAP Gmail's extensions.
    pub(crate) provider: Option<Provider>,
    /// Host name or address.
    pub(crate) host: Option<Spot<String>>,
    /// TCP port.
    pub(crate) port: Option<Spot<u16>>,
    /// How the connection is protected.
    pub(crate) tls: Option<Spot<TlsMode>>,
    /// The name that the certificate must carry, when it is not `host`.
    pub(crate) tls_name: Option<Spot<String>>,
    /// A file with CA certificates (PEM) to trust instead of the system's.
    pub(crate) ca_file: Option<Spot<String>>,
    /// The user name; the account's address when not written.
    pub(crate) user: Option<Spot<String>>,
    /// For `imap`: folders that the server does not mark with what they are for (RFC 6154).
    pub(crate) folders: Option<Spot<FolderNames>>,
    /// How the login is made.
    pub(crate) auth: Option<Spot<AuthKind>>,
    /// The password or app password.
    pub(crate) password: Option<Secret>,
    /// An OAuth 2 access token for `xoauth2`.
    pub(crate) access_token: Option<Secret>,
    /// The OAuth 2 client, beside `refresh_token`.
    pub(crate) client_id: Option<Secret>,
    /// The OAuth 2 client's secret, beside `refresh_token`.
    pub(crate) client_secret: Option<Secret>,
    /// An OAuth 2 refresh token for `xoauth2`; `sealcheck auth gmail` gets one.
    pub(crate) refresh_token: Option<Secret>,
    /// Where the refresh token is exchanged for access tokens; Google's when not written.
    #[schemars(extend("format" = "uri"))]
    pub(crate) token_endpoint: Option<Spot<String>>,
    /// A file with CA certificates (PEM) to trust at both OAuth endpoints instead of the system's.
    pub(crate) token_ca_file: Option<Spot<String>>,
    /// Where `sealcheck auth gmail` sends your browser; Google's when not written.
    #[schemars(extend("format" = "uri"))]
    pub(crate) authorization_endpoint: Option<Spot<String>>,
}

words! {
    /// How a login is made.
    pub(crate) enum AuthKind { Password = "password", AppPassword = "app_password", Xoauth2 = "xoauth2" }
}

/// Where mail is handed over directly.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mx")]
pub(crate) struct MxTwin {
    /// Host name or address.
    pub(crate) host: Spot<String>,
    /// TCP port; 25 when not written.
    pub(crate) port: Option<Spot<u16>>,
    /// How the connection is protected; `none` when not written.
    pub(crate) tls: Option<Spot<TlsMode>>,
    /// The name that the certificate must carry, when it is not `host`.
    pub(crate) tls_name: Option<Spot<String>>,
    /// A file with CA certificates (PEM) to trust instead of the system's.
    pub(crate) ca_file: Option<Spot<String>>,
}

/// A reference to a secret; a plain text is refused.
pub(crate) type Secret = Spot<SecretForm>;

/// A reference, or the plain text that is refused without being kept.
#[derive(Debug)]
pub(crate) enum SecretForm {
    /// A secret in the file itself.
    Plain,
    /// Where the secret is.
    Reference(SecretTwin),
}

impl<'de> Deserialize<'de> for SecretForm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match ShortOrLong::<ScalarText, SecretTwin>::deserialize(deserializer)? {
            ShortOrLong::Short(_) => Self::Plain,
            ShortOrLong::Long(twin) => Self::Reference(twin),
        })
    }
}

impl JsonSchema for SecretForm {
    fn inline_schema() -> bool {
        SecretTwin::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        SecretTwin::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        SecretTwin::schema_id()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SecretTwin::json_schema(generator)
    }
}

/// Where a secret is: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Secret", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct SecretTwin {
    /// In an environment variable.
    pub(crate) env: Option<Spot<String>>,
    /// In a file.
    pub(crate) file: Option<Spot<String>>,
    /// A program with its arguments prints it.
    #[schemars(length(min = 1))]
    pub(crate) command: Option<Spot<Vec<String>>>,
}
