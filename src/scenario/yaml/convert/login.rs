//! How accounts log in: mechanisms, OAuth clients, and references to secrets.

use super::server::Usual;
use crate::scenario::yaml::Errors;
use crate::{
    core::At,
    scenario::{
        config::{GOOGLE_AUTHORIZATION_ENDPOINT, GOOGLE_TOKEN_ENDPOINT, LoginSpec, OauthSpec, SecretPlace, SecretRef},
        yaml::{
            node::Place,
            twin::config::{AuthKind, Secret, SecretForm, SecretTwin, ServerTwin},
        },
    },
    target::Mechanism,
};
use std::path::PathBuf;

/// A secret's key is written: where, and the reference when it is sound.
type Given = (Place, Option<SecretRef>);

/// Where an OAuth client goes.
struct Endpoints {
    token: String,
    authorization: String,
    ca_file: Option<At<PathBuf>>,
}

impl Errors<'_> {
    /// How the server of an account is logged in to.
    pub(super) fn login(
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
        let endpoints = self.oauth_endpoints(twin, client.iter().any(|(_, s)| s.is_some()));
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
        let (given, oauth) = match (kind, access) {
            (AuthKind::Xoauth2, Some(access)) => {
                for (name, secret) in &client {
                    if let Some((at, _)) = secret {
                        let message = format!("option without effect: `{name}` beside `access_token`");
                        self.wrong(*at, message, "leave one of them out");
                    }
                }
                (Some(access), None)
            }
            (AuthKind::Xoauth2, None) => self.refresh(client, endpoints).unzip(),
            _ => (password, None),
        };
        let Some((_, secret)) = given else {
            let lone = twin.auth.as_ref().map(|a| ("auth", a.at)).or(twin.user.as_ref().map(|u| ("user", u.at)));
            if let Some((name, at)) = lone {
                let (wanted, help) = match kind {
                    AuthKind::Xoauth2 => (
                        "refresh_token",
                        "write `client_id`, `client_secret` and `refresh_token`, each as `{ env: NAME }`; \
                         `sealcheck auth gmail` gets the token",
                    ),
                    _ => ("password", "write `password: { env: NAME }`"),
                };
                self.wrong(at, format!("`{name}` without `{wanted}`"), help);
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
            oauth: match oauth {
                Some(spec) => Some(spec?),
                None => None,
            },
        })
    }

    /// The OAuth endpoints and the CA file, which have an effect only where there is an OAuth client.
    fn oauth_endpoints(&mut self, twin: &mut ServerTwin, has_client: bool) -> Endpoints {
        let given = [
            ("token_endpoint", twin.token_endpoint.take(), GOOGLE_TOKEN_ENDPOINT),
            ("authorization_endpoint", twin.authorization_endpoint.take(), GOOGLE_AUTHORIZATION_ENDPOINT),
        ];
        let ca_file = twin.token_ca_file.take();
        let written = given.iter().map(|(name, spot, _)| (*name, spot.as_ref()));
        let written: Vec<_> = written.chain([("token_ca_file", ca_file.as_ref())]).collect();
        for (name, spot) in written.into_iter().filter(|_| !has_client) {
            if let Some(spot) = spot {
                let message = format!("option without effect: `{name}` without `refresh_token`");
                self.wrong(spot.at, message, "leave it out");
            }
        }
        let [token, authorization] = given.map(|(name, spot, usual)| {
            if let Some(spot) = spot.as_ref().filter(|spot| !is_safe_url(&spot.value)) {
                let message = format!("`{name}` is no https URL");
                self.wrong(
                    spot.at,
                    message,
                    "write `https://HOST/PATH`; http is for 127.0.0.1, [::1] and localhost only",
                );
            }
            spot.map_or_else(|| usual.to_owned(), |spot| spot.value)
        });
        if let Some(file) = &ca_file {
            self.filled("`token_ca_file`", file);
        }
        let ca_file = ca_file.map(|f| At::new(self.path(&f), self.position(f.at)));
        Endpoints { token, authorization, ca_file }
    }

    /// A refresh token, with the client that it belongs to; no client where a part is missing or wrong.
    fn refresh(
        &mut self,
        parts: [(&str, Option<Given>); 3],
        endpoints: Endpoints,
    ) -> Option<(Given, Option<OauthSpec>)> {
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
        let [id, secret, token] = parts.map(|(_, part)| part.unwrap_or((at, None)));
        let client = id.1.zip(secret.1).map(|(client_id, client_secret)| OauthSpec {
            client_id,
            client_secret,
            token_endpoint: endpoints.token,
            ca_file: endpoints.ca_file,
            authorization_endpoint: endpoints.authorization,
        });
        Some((token, client))
    }

    /// A reference to a secret.
    pub(super) fn secret(&mut self, key: String, secret: Secret) -> Option<SecretRef> {
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
                SecretPlace::File(self.path(&file))
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

/// Whether what is sent to a URL stays between us and a host that proves who it is, or on this machine.
fn is_safe_url(url: &str) -> bool {
    if url.chars().any(|c| !c.is_ascii_graphic() || matches!(c, '#' | '"' | '<' | '>' | '\\')) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Some(host).filter(|_| port.parse::<u16>().is_ok()),
        _ => Some(authority),
    };
    let Some(host) = host.filter(|host| !host.is_empty() && !host.contains('@')) else { return false };
    match scheme {
        "https" => true,
        "http" => {
            let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_to_https_or_this_machine() {
        for good in [
            GOOGLE_TOKEN_ENDPOINT,
            GOOGLE_AUTHORIZATION_ENDPOINT,
            "https://login.example:8443/token?tenant=1",
            "http://127.0.0.1:8080/token",
            "http://localhost/token",
            "http://[::1]:80/token",
        ] {
            assert!(is_safe_url(good), "{good}");
        }
        for bad in [
            "",
            "oauth2.googleapis.com/token",
            "http://oauth2.googleapis.com/token",
            "http://127.0.0.1@evil.example/token",
            "http://localhost.evil.example/",
            "https://",
            "https://user:pass@host.example/",
            "https://host.example:port/",
            "https://host.example/a b",
            "https://host.example/\r\nX: y",
            "ftp://host.example/",
        ] {
            assert!(!is_safe_url(bad), "{bad:?}");
        }
    }
}
