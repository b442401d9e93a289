//! Servers of accounts, and references to their secrets.

use super::Cx;
use crate::{
    core::At,
    scenario::{
        config::{EndpointSpec, LoginSpec, SecretPlace, SecretRef},
        target::{Mechanism, Provider, TlsMode},
        yaml::{
            node::Place,
            spot::{Form, Spot},
            twin::config::{AuthKind, MxTwin, Secret, SecretForm, SecretTwin, ServerTwin},
        },
    },
};
use std::path::PathBuf;

/// A secret's key is written: where, and the reference when it is sound.
type Given = (Place, Option<SecretRef>);

/// What a server is for, with what is usual there.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    key: &'static str,
    gmail: &'static str,
    starttls: u16,
    implicit: u16,
    default: u16,
}

/// Submission (RFC 6409, RFC 8314).
pub(super) const SMTP: Usual =
    Usual { key: "smtp", gmail: "smtp.gmail.com", starttls: 587, implicit: 465, default: 587 };
/// Mailbox access (RFC 9051, RFC 8314).
pub(super) const IMAP: Usual =
    Usual { key: "imap", gmail: "imap.gmail.com", starttls: 143, implicit: 993, default: 993 };

impl Cx<'_> {
    /// A server with a login.
    pub(super) fn server(
        &mut self,
        account: &At<String>,
        address: &str,
        twin: Spot<ServerTwin>,
        usual: Usual,
    ) -> Option<EndpointSpec> {
        let at = twin.at;
        let mut twin = twin.value;
        let login = self.login(account, address, at, &mut twin, usual);
        let host = match (twin.host, twin.provider) {
            (Some(host), _) => host.value,
            (None, Some(Provider::Gmail)) => usual.gmail.to_owned(),
            (None, _) => {
                self.wrong(
                    at,
                    format!("`{}` of account `{}` has no `host`", usual.key, account.value),
                    "write the server's name",
                );
                return None;
            }
        };
        let tls = twin.tls.map(|t| t.value);
        let port = twin.port.map(|p| p.value).unwrap_or(match tls {
            Some(TlsMode::Implicit) => usual.implicit,
            Some(TlsMode::Starttls | TlsMode::None) => usual.starttls,
            None => usual.default,
        });
        let tls = tls.unwrap_or(if port == usual.implicit { TlsMode::Implicit } else { TlsMode::Starttls });
        self.endpoint(host, at, port, tls, twin.tls_name, twin.ca_file, login)
    }

    /// Where mail is handed over directly.
    pub(super) fn mx(&mut self, twin: Spot<Form<String, MxTwin>>) -> Option<EndpointSpec> {
        match twin.value {
            Form::Short(text) => {
                let (host, port) = text.rsplit_once(':').unwrap_or((&text, "25"));
                let Ok(port) = port.parse() else {
                    self.wrong(twin.at, format!("`{text}` is no `host:port`"), "for example mx.corp.example:25");
                    return None;
                };
                let host = host.trim_matches(['[', ']']).to_owned();
                self.endpoint(host, twin.at, port, TlsMode::None, None, None, None)
            }
            Form::Long(MxTwin { host, port, tls, tls_name, ca_file }) => {
                let tls = tls.map_or(TlsMode::None, |t| t.value);
                self.endpoint(host.value, host.at, port.map_or(25, |p| p.value), tls, tls_name, ca_file, None)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a key of the file")]
    fn endpoint(
        &mut self,
        host: String,
        at: Place,
        port: u16,
        tls: TlsMode,
        tls_name: Option<Spot<String>>,
        ca_file: Option<Spot<String>>,
        login: Option<LoginSpec>,
    ) -> Option<EndpointSpec> {
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
            self.wrong(at, format!("`{}` is no host", host.escape_debug()), "write a host name or an IP address");
            return None;
        }
        if port == 0 {
            self.wrong(at, "port 0 cannot be connected to", "write a number from 1 to 65535");
        }
        if tls == TlsMode::None {
            for (key, spot) in [("tls_name", &tls_name), ("ca_file", &ca_file)] {
                if let Some(spot) = spot {
                    self.wrong(
                        spot.at,
                        format!("option without effect: `{key}` without TLS"),
                        "write `tls: starttls` or leave it out",
                    );
                }
            }
        }
        let ca_file = ca_file.map(|f| At::new(PathBuf::from(&f.value), self.position(f.at)));
        Some(EndpointSpec { host, port, tls, tls_name: tls_name.map(|n| n.value), ca_file, login })
    }

    fn login(
        &mut self,
        account: &At<String>,
        address: &str,
        at: Place,
        twin: &mut ServerTwin,
        usual: Usual,
    ) -> Option<LoginSpec> {
        let key = |name: &str| format!("accounts.{}.{}.{name}", account.value, usual.key);
        let secret = |cx: &mut Self, name: &str, secret: Option<Secret>| {
            let at = secret.as_ref().map(|s| s.at);
            at.map(|at| (at, secret.and_then(|s| cx.secret(key(name), s))))
        };
        let password = secret(self, "password", twin.password.take());
        let access = secret(self, "access_token", twin.access_token.take());
        let client = [
            ("client_id", secret(self, "client_id", twin.client_id.take())),
            ("client_secret", secret(self, "client_secret", twin.client_secret.take())),
            ("refresh_token", secret(self, "refresh_token", twin.refresh_token.take())),
        ];
        let oauth = access.is_some() || client.iter().any(|(_, s)| s.is_some());
        let kind = twin.auth.as_ref().map_or(if oauth { AuthKind::Xoauth2 } else { AuthKind::Password }, |a| a.value);
        if kind == AuthKind::Xoauth2 {
            if let Some((at, _)) = password {
                self.wrong(at, "option without effect: `password` with `auth: xoauth2`", "leave one of them out");
            }
        } else {
            let tokens = client.iter().map(|(n, s)| (*n, s)).chain([("access_token", &access)]);
            for (name, secret) in tokens {
                if let Some((at, _)) = secret {
                    let message = format!("option without effect: `{name}` with `auth: {}`", kind.as_ref());
                    self.wrong(*at, message, "write `auth: xoauth2` or leave it out");
                }
            }
        }
        let given = if kind == AuthKind::Xoauth2 {
            access.or_else(|| self.refresh(&key("refresh_token"), client))
        } else {
            password
        };
        let Some((_, secret)) = given else {
            let lone = twin.auth.as_ref().map(|a| ("auth", a.at)).or(twin.user.as_ref().map(|u| ("user", u.at)));
            if let Some((name, at)) = lone {
                let wanted = if kind == AuthKind::Xoauth2 { "access_token" } else { "password" };
                self.wrong(at, format!("`{name}` without `{wanted}`"), format!("write `{wanted}: {{ env: NAME }}`"));
            } else if usual.key == "imap" {
                self.wrong(
                    at,
                    format!("`imap` of account `{}` has no login", account.value),
                    "write `password: { env: NAME }`",
                );
            }
            return None;
        };
        Some(LoginSpec {
            user: twin.user.take().map_or_else(|| address.to_owned(), |u| u.value),
            secret: secret?,
            mechanism: if kind == AuthKind::Xoauth2 { Mechanism::Xoauth2 } else { Mechanism::Password },
            grouped: kind == AuthKind::AppPassword,
        })
    }

    /// The three parts that a refresh token needs, as one secret.
    fn refresh(&mut self, key: &str, parts: [(&str, Option<Given>); 3]) -> Option<Given> {
        let at = parts.iter().find_map(|(_, s)| s.as_ref().map(|(at, _)| *at))?;
        for (name, part) in &parts {
            if part.is_none() {
                self.wrong(
                    at,
                    format!("`{name}` is missing"),
                    "a refresh token needs `client_id`, `client_secret` and `refresh_token`",
                );
            }
        }
        Some((at, Some(SecretRef { key: key.to_owned(), at: self.position(at), place: SecretPlace::Refresh })))
    }

    /// A reference to a secret.
    fn secret(&mut self, key: String, secret: Secret) -> Option<SecretRef> {
        let at = secret.at;
        let SecretForm::Reference(SecretTwin { env, file, command }) = secret.value else {
            let message = format!("W01: `{key}` holds a secret in plain text");
            self.wrong(at, message, "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARGUMENT] }`");
            return None;
        };
        let place = match (env, file, command) {
            (Some(env), None, None) => {
                self.filled("`env`", &env);
                SecretPlace::Env(env.value)
            }
            (None, Some(file), None) => {
                self.filled("`file`", &file);
                SecretPlace::File(PathBuf::from(file.value))
            }
            (None, None, Some(command)) => {
                if command.value.first().is_none_or(|p| p.trim().is_empty()) {
                    self.wrong(command.at, "`command` is empty", "write a program and its arguments as a list");
                }
                SecretPlace::Command(command.value)
            }
            _ => {
                self.wrong(
                    at,
                    format!("`{key}` needs one of `env`, `file` and `command`"),
                    "write exactly one of them",
                );
                return None;
            }
        };
        Some(SecretRef { key, at: self.position(at), place })
    }
}
