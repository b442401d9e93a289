//! Servers of the accounts of a project file.

use super::secret::SecretRef;
use crate::{
    core::{
        Span, Spanned, ascii_domain,
        reading::{ShortOrLong, Wrong, checked, path, recovered, words},
    },
    scenario::yaml::Errors,
    target::{Endpoint, FolderNames, Provider, TlsMode},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// A server with a login.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Server")]
pub(super) struct ServerSpec {
    /// `gmail` sets host, port and TLS, and for IMAP Gmail's extensions.
    pub(super) provider: Option<Provider>,
    /// Host name or address.
    host: Option<String>,
    /// TCP port.
    port: Option<u16>,
    /// How the connection is protected.
    tls: Option<TlsMode>,
    /// The name that the certificate must carry, when it is not `host`.
    tls_name: Option<Spanned<String>>,
    /// A file with CA certificates (PEM) to trust instead of the system's.
    #[serde(default, deserialize_with = "path")]
    ca_file: Option<Spanned<PathBuf>>,
    /// The user name; the account's address when not written.
    pub(super) user: Option<Spanned<String>>,
    /// For `imap`: folders that the server does not mark with what they are for (RFC 6154).
    pub(super) folders: Option<Spanned<FolderNames>>,
    /// How the login is made.
    pub(super) auth: Option<Spanned<AuthKind>>,
    /// The password or app password.
    pub(super) password: Option<SecretRef>,
    /// An OAuth 2 access token for `xoauth2`.
    pub(super) access_token: Option<SecretRef>,
    /// The OAuth 2 client, beside `refresh_token`.
    pub(super) client_id: Option<SecretRef>,
    /// The OAuth 2 client's secret, beside `refresh_token`.
    pub(super) client_secret: Option<SecretRef>,
    /// An OAuth 2 refresh token for `xoauth2`; `sealcheck auth gmail` gets one.
    pub(super) refresh_token: Option<SecretRef>,
    /// Where the refresh token is exchanged for access tokens; Google's when not written.
    #[schemars(extend("format" = "uri"))]
    pub(super) token_endpoint: Option<Spanned<String>>,
    /// A file with CA certificates (PEM) to trust at both OAuth endpoints instead of the system's.
    #[serde(default, deserialize_with = "path")]
    pub(super) token_ca_file: Option<Spanned<PathBuf>>,
    /// Where `sealcheck auth gmail` sends your browser; Google's when not written.
    #[schemars(extend("format" = "uri"))]
    pub(super) authorization_endpoint: Option<Spanned<String>>,
}

words! {
    /// How a login is made.
    pub enum AuthKind {
        /// With a password.
        Password = "password",
        /// With a password that Google shows in groups of four letters; white space in it is for people.
        AppPassword = "app_password",
        /// With an access token of OAuth 2.0.
        Xoauth2 = "xoauth2",
    }
}

/// Where mail is handed over directly.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mx")]
pub struct MxSpec {
    /// Host name or address.
    host: Spanned<String>,
    /// TCP port; 25 when not written.
    port: Option<u16>,
    /// How the connection is protected; `none` when not written.
    tls: Option<TlsMode>,
    /// The name that the certificate must carry, when it is not `host`.
    tls_name: Option<Spanned<String>>,
    /// A file with CA certificates (PEM) to trust instead of the system's.
    #[serde(default, deserialize_with = "path")]
    ca_file: Option<Spanned<PathBuf>>,
}

/// Reads `host:port` or a map.
pub(super) fn mx<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MxSpec>, D::Error> {
    struct Written(Spanned<ShortOrLong<String, MxSpec>>);
    impl<'de> Deserialize<'de> for Written {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let written =
                checked(deserializer, |written: &Spanned<ShortOrLong<String, MxSpec>>| match &written.value {
                    ShortOrLong::Short(text) if host_and_port(text).is_none() => {
                        Err(Wrong::new(format!("`{text}` is no `host:port`"), "for example mx.corp.example:25"))
                    }
                    _ => Ok(()),
                })?;
            Ok(Self(written))
        }
    }
    let Some(Written(written)) = recovered(deserializer)? else { return Ok(None) };
    Ok(match written.value {
        ShortOrLong::Long(mx) => Some(mx),
        ShortOrLong::Short(text) => host_and_port(&text).map(|(host, port)| MxSpec {
            host: Spanned::new(host, written.at),
            port: Some(port),
            tls: None,
            tls_name: None,
            ca_file: None,
        }),
    })
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "25"));
    Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
}

impl MxSpec {
    /// The server.
    pub fn endpoint(&self) -> EndpointSpec<'_> {
        EndpointSpec {
            host: &self.host.value,
            port: self.port.unwrap_or(25),
            tls: self.tls.unwrap_or(TlsMode::None),
            tls_name: self.tls_name.as_ref(),
            ca_file: self.ca_file.as_ref(),
        }
    }

    pub(super) fn check(&self, errors: &mut Errors<'_>) {
        self.endpoint().check(&self.host.at, errors);
    }
}

/// A server, with what is usual where the file says nothing.
#[derive(Debug, Clone, Copy)]
pub struct EndpointSpec<'a> {
    /// Host name or address.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The name that the certificate must carry.
    pub tls_name: Option<&'a Spanned<String>>,
    /// A file with CA certificates.
    pub ca_file: Option<&'a Spanned<PathBuf>>,
}

impl EndpointSpec<'_> {
    /// The server, without certificates and login.
    pub(super) fn outline(self) -> Endpoint {
        let tls_name = self.tls_name.map(|name| ascii_domain(&name.value).into_owned());
        let host = ascii_domain(self.host).into_owned();
        Endpoint { host, port: self.port, tls: self.tls, tls_name, ca_pem: None, login: None }
    }

    /// Notes what is wrong; it stands at `at`.
    fn check(self, at: &Span, errors: &mut Errors<'_>) {
        let Self { host, port, tls, tls_name, ca_file } = self;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
            let message = format!("`{}` is no host", host.escape_debug());
            return errors.error_at(at, message, "write a host name or an IP address");
        }
        if port == 0 {
            errors.error_at(at, "port 0 cannot be connected to", "write a number from 1 to 65535");
        }
        if tls == TlsMode::None {
            let without_tls = [("tls_name", tls_name.map(|name| &name.at)), ("ca_file", ca_file.map(|file| &file.at))];
            for (key, at) in without_tls.into_iter().filter_map(|(key, at)| Some((key, at?))) {
                let message = format!("option without effect: `{key}` without TLS");
                errors.error_at(at, message, "write `tls: starttls` or leave it out");
            }
        }
    }
}

/// What a server is for, with what is usual there.
#[derive(Debug)]
pub(super) struct Usual {
    pub(super) key: &'static str,
    gmail: &'static str,
    starttls: u16,
    implicit: u16,
    default: u16,
}

/// Submission (RFC 6409, RFC 8314).
pub(super) static SMTP: &Usual =
    &Usual { key: "smtp", gmail: "smtp.gmail.com", starttls: 587, implicit: 465, default: 587 };
/// Mailbox access (RFC 9051, RFC 8314).
pub(super) static IMAP: &Usual =
    &Usual { key: "imap", gmail: "imap.gmail.com", starttls: 143, implicit: 993, default: 993 };

/// A server that an account logs in to.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    pub(super) account: &'a str,
    pub(super) address: &'a str,
    pub(super) spec: &'a ServerSpec,
    pub(super) at: &'a Span,
    pub(super) usual: &'static Usual,
}

impl<'a> Server<'a> {
    /// The server.
    pub fn endpoint(self) -> EndpointSpec<'a> {
        let ServerSpec { host, port, tls, tls_name, ca_file, .. } = self.spec;
        let Usual { gmail, starttls, implicit, default, .. } = self.usual;
        let port = port.unwrap_or(match tls {
            Some(TlsMode::Implicit) => *implicit,
            Some(TlsMode::Starttls | TlsMode::None) => *starttls,
            None => *default,
        });
        EndpointSpec {
            host: host.as_deref().unwrap_or(gmail),
            port,
            tls: tls.unwrap_or(if port == *implicit { TlsMode::Implicit } else { TlsMode::Starttls }),
            tls_name: tls_name.as_ref(),
            ca_file: ca_file.as_ref(),
        }
    }

    /// Notes what is wrong.
    pub(super) fn check(self, errors: &mut Errors<'_>) {
        self.check_login(errors);
        self.check_oauth_endpoints(errors);
        if self.spec.host.is_none() && self.spec.provider != Some(Provider::Gmail) {
            let message = format!("`{}` of account `{}` has no `host`", self.usual.key, self.account);
            return errors.error_at(self.at, message, "write the server's name");
        }
        self.endpoint().check(self.at, errors);
    }
}
