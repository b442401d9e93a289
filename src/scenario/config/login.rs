//! How an account logs in to a server: mechanisms and OAuth clients.

use super::{
    secret::SecretRef,
    server::{AuthKind, IMAP, Server, ServerSpec},
};
use crate::{core::Spanned, scenario::yaml::Errors};
use std::path::PathBuf;

/// Google's token endpoint.
pub const GOOGLE_TOKEN_ENDPOINT: &str = "https://oauth2.googleapis.com/token";
/// Google's authorization endpoint.
pub const GOOGLE_AUTHORIZATION_ENDPOINT: &str = "https://accounts.google.com/o/oauth2/v2/auth";

/// A user name, and where the secret is that belongs to it.
#[derive(Debug)]
pub struct LoginSpec<'a> {
    /// The user name.
    pub user: &'a str,
    /// Where the secret is; with `oauth` the refresh token.
    pub secret: &'a SecretRef,
    /// How it is presented.
    pub auth: AuthKind,
    /// Who exchanges the secret, which is then a refresh token, for access tokens.
    pub oauth: Option<OauthSpec<'a>>,
}

/// An OAuth 2.0 client whose secrets are still references.
#[derive(Debug)]
pub struct OauthSpec<'a> {
    /// `client_id`.
    pub client_id: &'a SecretRef,
    /// `client_secret`.
    pub client_secret: &'a SecretRef,
    /// Where refresh tokens and codes are exchanged (RFC 6749 §3.2).
    pub token_endpoint: &'a str,
    /// A file with CA certificates for both endpoints.
    pub ca_file: Option<&'a Spanned<PathBuf>>,
    /// Where a person consents in a browser (RFC 6749 §3.1).
    pub authorization_endpoint: &'a str,
}

impl<'a> Server<'a> {
    /// How the account logs in.
    pub fn login(self) -> Option<LoginSpec<'a>> {
        let spec = self.spec;
        let auth = self.auth();
        let (secret, oauth) = match (auth, &spec.access_token) {
            (AuthKind::Xoauth2, Some(token)) => (token, None),
            (AuthKind::Xoauth2, None) => (spec.refresh_token.as_ref()?, Some(self.oauth()?)),
            (AuthKind::Password | AuthKind::AppPassword, _) => (spec.password.as_ref()?, None),
        };
        let user = spec.user.as_ref().map_or(self.address, |user| &user.value);
        Some(LoginSpec { user, secret, auth, oauth })
    }

    /// Whether the account logs in with tokens that an OAuth client gets.
    pub(super) fn has_client(self) -> bool {
        self.login().is_some_and(|login| login.oauth.is_some())
    }

    fn auth(self) -> AuthKind {
        let has_token = self.spec.access_token.is_some() || self.client().next().is_some();
        let usual = if has_token { AuthKind::Xoauth2 } else { AuthKind::Password };
        self.spec.auth.as_ref().map_or(usual, |auth| auth.value)
    }

    fn oauth(self) -> Option<OauthSpec<'a>> {
        let or_google = |written: &'a Option<Spanned<String>>, google: &'a str| {
            written.as_ref().map_or(google, |url| url.value.as_str())
        };
        Some(OauthSpec {
            client_id: self.spec.client_id.as_ref()?,
            client_secret: self.spec.client_secret.as_ref()?,
            token_endpoint: or_google(&self.spec.token_endpoint, GOOGLE_TOKEN_ENDPOINT),
            ca_file: self.spec.token_ca_file.as_ref(),
            authorization_endpoint: or_google(&self.spec.authorization_endpoint, GOOGLE_AUTHORIZATION_ENDPOINT),
        })
    }

    /// The parts of an OAuth client.
    fn client_parts(self) -> [(&'static str, Option<&'a SecretRef>); 3] {
        let ServerSpec { client_id, client_secret, refresh_token, .. } = self.spec;
        [
            ("client_id", client_id.as_ref()),
            ("client_secret", client_secret.as_ref()),
            ("refresh_token", refresh_token.as_ref()),
        ]
    }

    /// Those that are written.
    fn client(self) -> impl Iterator<Item = (&'static str, &'a SecretRef)> {
        self.client_parts().into_iter().filter_map(|(name, part)| Some((name, part?)))
    }

    pub(super) fn check_login(self, errors: &mut Errors<'_>) {
        let ServerSpec { password, access_token, .. } = self.spec;
        let auth = self.auth();
        if auth == AuthKind::Xoauth2 {
            if let Some(password) = password {
                let message = "option without effect: `password` with `auth: xoauth2`";
                errors.error_at(&password.at, message, "leave one of them out");
            }
        } else {
            for (name, secret) in self.client().chain(access_token.iter().map(|token| ("access_token", token))) {
                let message = format!("option without effect: `{name}` with `auth: {}`", auth.as_str());
                errors.error_at(&secret.at, message, "write `auth: xoauth2` or leave it out");
            }
        }
        let has_secret = match (auth, access_token) {
            (AuthKind::Xoauth2, Some(_)) => {
                for (name, secret) in self.client() {
                    let message = format!("option without effect: `{name}` beside `access_token`");
                    errors.error_at(&secret.at, message, "leave one of them out");
                }
                true
            }
            (AuthKind::Xoauth2, None) => self.check_client(errors),
            (AuthKind::Password | AuthKind::AppPassword, _) => password.is_some(),
        };
        if !has_secret {
            self.no_secret(auth, errors);
        }
    }

    /// Whether there is a part of an OAuth client; notes which are missing.
    fn check_client(self, errors: &mut Errors<'_>) -> bool {
        let Some((_, first)) = self.client().next() else { return false };
        for (name, part) in self.client_parts() {
            if part.is_none() {
                let help = "a refresh token needs `client_id`, `client_secret` and `refresh_token`";
                errors.error_at(&first.at, format!("`{name}` is missing"), help);
            }
        }
        true
    }

    /// Notes what is written without the secret that it needs.
    fn no_secret(self, auth: AuthKind, errors: &mut Errors<'_>) {
        let (wanted, help) = if auth == AuthKind::Xoauth2 {
            let help = "write `client_id`, `client_secret` and `refresh_token`, each as `{ env: NAME }`; \
                        `sealcheck auth gmail` gets the token";
            ("refresh_token", help)
        } else {
            ("password", "write `password: { env: NAME }`")
        };
        if let Some(auth) = &self.spec.auth {
            errors.error_at(&auth.at, format!("`auth` without `{wanted}`"), help);
        } else if let Some(user) = &self.spec.user {
            errors.error_at(&user.at, format!("`user` without `{wanted}`"), help);
        } else if self.usual.key == IMAP.key {
            let message = format!("`imap` of account `{}` has no login", self.account);
            errors.error_at(self.at, message, "write `password: { env: NAME }`");
        }
    }

    /// The OAuth endpoints and the CA file have an effect only where there is an OAuth client.
    pub(super) fn check_oauth_endpoints(self, errors: &mut Errors<'_>) {
        let ServerSpec { token_endpoint, token_ca_file, authorization_endpoint, .. } = self.spec;
        let urls = [("token_endpoint", token_endpoint), ("authorization_endpoint", authorization_endpoint)];
        let urls = urls.into_iter().filter_map(|(name, url)| Some((name, url.as_ref()?)));
        if self.client().next().is_none() {
            let files = token_ca_file.iter().map(|file| ("token_ca_file", &file.at));
            for (name, at) in urls.clone().map(|(name, url)| (name, &url.at)).chain(files) {
                let message = format!("option without effect: `{name}` without `refresh_token`");
                errors.error_at(at, message, "leave it out");
            }
        }
        for (name, url) in urls {
            if !is_safe_url(&url.value) {
                let help = "write `https://HOST/PATH`; http is for 127.0.0.1, [::1] and localhost only";
                errors.error_at(&url.at, format!("`{name}` is no https URL"), help);
            }
        }
        if let Some(file) = token_ca_file {
            errors.not_empty("`token_ca_file`", file);
        }
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
        Some((_, port)) if !port.contains(']') && port.parse::<u16>().is_err() => return false,
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    if host.is_empty() || host.contains('@') {
        return false;
    }
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
