//! The page where a person consents: everybody does at once.

use super::{
    Google, MAIL_SCOPE, TokenFault,
    http::{Fields, Reply},
    token_text,
};
use crate::lab::embedded::hosts::GMAIL_USERS;
use std::sync::PoisonError;

/// What a code stands for until it is exchanged.
pub(super) struct Code {
    pub(super) address: String,
    pub(super) redirect_uri: String,
    /// RFC 7636 §4.2, with the method S256.
    pub(super) challenge: String,
    /// Whether a refresh token is given with it.
    pub(super) offline: bool,
}

impl Google {
    /// Sends the browser back with a code, or says on a page what is wrong, as Google does where it cannot trust the address
    /// that it would send the browser to.
    pub(super) fn authorize(&self, query: &Fields) -> Reply {
        let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let redirect_uri = value("redirect_uri");
        if value("client_id") != self.client_id {
            return Reply::page(401, "Error 401: invalid_client");
        }
        let loopback = redirect_uri.strip_prefix("http://127.0.0.1:").map(|port| port.trim_end_matches('/'));
        if loopback.is_none_or(|port| port.parse::<u16>().is_err()) {
            return Reply::page(400, "Error 400: redirect_uri_mismatch");
        }
        let back = |fields: &[(&str, &str)]| {
            let state = if self.settings.fault == TokenFault::OtherState { "another" } else { value("state") };
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .append_pair("state", state)
                .finish();
            Reply::redirect(format!("{redirect_uri}/?{query}"))
        };
        if self.settings.fault == TokenFault::AccessDenied {
            return back(&[("error", "access_denied")]);
        }
        let asks_for_mail = value("scope").split(' ').any(|scope| scope == MAIL_SCOPE);
        if value("response_type") != "code" || !asks_for_mail {
            return back(&[("error", "invalid_request")]);
        }
        if value("code_challenge_method") != "S256" || value("code_challenge").is_empty() {
            return back(&[("error", "invalid_request"), ("error_description", "code_challenge is missing")]);
        }
        let logged_in =
            if self.settings.fault == TokenFault::OtherAccount { GMAIL_USERS[1] } else { value("login_hint") };
        let Some(account) = self.account(logged_in) else {
            return Reply::page(400, "Couldn't find your Google Account");
        };
        let Ok(code) = token_text("4/0A") else { return Reply::page(503, "Try again later") };
        let meant = Code {
            address: account.address().to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: value("code_challenge").to_owned(),
            offline: value("access_type") == "offline" && value("prompt") == "consent",
        };
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code.clone(), meant);
        back(&[("code", &code)])
    }
}
