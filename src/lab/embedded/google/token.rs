//! The token endpoint (RFC 6749 §3.2), with Google's words.

use super::{
    Google, MAIL_SCOPE, TokenFault,
    http::{Fields, Reply},
    token_text,
};
use crate::core::Secret;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use std::sync::{PoisonError, atomic::Ordering};

fn refusal(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}

impl Google {
    /// Exchanges a refresh token or a code.
    pub(super) fn token(&self, form: &Fields) -> Reply {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match self.settings.fault {
            TokenFault::Unavailable => return Reply::page(503, "Service Unavailable"),
            TokenFault::Flapping if asked.is_multiple_of(2) => return Reply::page(503, "Service Unavailable"),
            TokenFault::Busy => return refusal(429, "rate_limit_exceeded", "Rate Limit Exceeded"),
            TokenFault::Page => return Reply::page(200, "Welcome to the hotel. Please accept our terms."),
            TokenFault::InvalidClient => return refusal(401, "invalid_client", "The OAuth client was not found."),
            _ => {}
        }
        if value("client_id") != self.client_id || value("client_secret") != self.client_secret.expose() {
            return refusal(401, "invalid_client", "The OAuth client was not found.");
        }
        let granted = match value("grant_type") {
            "refresh_token" => self.by_refresh_token(value("refresh_token")).map(|address| (address, false)),
            "authorization_code" => self.by_code(form),
            _ => return refusal(400, "unsupported_grant_type", "Invalid grant_type"),
        };
        match granted {
            Some((address, offline)) if self.settings.fault != TokenFault::InvalidGrant => {
                self.grant(&address, offline)
            }
            _ => refusal(400, "invalid_grant", "Token has been expired or revoked."),
        }
    }

    fn by_refresh_token(&self, token: &str) -> Option<String> {
        let all = self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(_, known)| known.expose() == token).map(|(address, _)| address.clone())
    }

    /// A code is good once, for whoever asked for it.
    fn by_code(&self, form: &Fields) -> Option<(String, bool)> {
        let code = self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(form.get("code")?)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form.get("code_verifier")?.as_bytes()));
        let is_same = code.challenge == challenge && form.get("redirect_uri") == Some(&code.redirect_uri);
        is_same.then_some((code.address, code.offline))
    }

    fn grant(&self, address: &str, offline: bool) -> Reply {
        let made = self.account(address).zip(token_text("ya29.").ok());
        let Some((account, text)) = made else { return Reply::page(503, "Service Unavailable") };
        if self.settings.fault != TokenFault::UselessToken {
            account.tokens().add(Secret::new(text.as_str()), Some(self.settings.life), self.settings.commands);
        }
        self.granted.fetch_add(1, Ordering::Relaxed);
        let mut answer = json!({
            "access_token": text,
            "expires_in": self.settings.life.as_secs(),
            "scope": MAIL_SCOPE,
            "token_type": "Bearer",
        });
        if self.settings.fault == TokenFault::WrongScope {
            // Such a token opens no mailbox.
            account.tokens().end();
            answer["scope"] = json!("openid https://www.googleapis.com/auth/userinfo.email");
        }
        if offline
            && self.settings.fault != TokenFault::NoRefreshToken
            && let Ok(token) = self.refresh_token(address)
        {
            answer["refresh_token"] = json!(token.expose());
        }
        Reply::json(200, &answer)
    }
}
