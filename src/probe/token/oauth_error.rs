//! What the refusals of a token server mean (RFC 6749 §5.2, and Google's own codes).

use crate::{
    core::{Redactor, redact::cut},
    outcome::{HarnessError, HarnessErrorKind},
};
use serde_json::Value;

/// How much of a server's words is shown, in characters.
const SHOWN: usize = 300;

/// What to do about `invalid_grant`.
const NEW_GRANT: &str = "get a new refresh token with `sealcheck auth gmail`. A refresh token ends after 7 days while the \
    OAuth app is in \"Testing\" (publish it to keep tokens), when access is revoked or the password is changed, and after \
    6 months without use";

/// A token server grants nothing.
#[derive(Debug)]
pub(super) struct TokenError {
    pub(super) error: HarnessError,
    /// It may grant it when it is asked again.
    pub(super) passing: bool,
}

impl TokenError {
    /// It will not grant it.
    pub(super) fn last(error: HarnessError) -> Self {
        Self { error, passing: false }
    }

    /// It may grant it later.
    pub(super) fn passing(error: HarnessError) -> Self {
        Self { error, passing: true }
    }
}

/// What is being done, for errors.
pub(super) fn stage(url: &str) -> String {
    let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or(url);
    format!("get an access token from {host}")
}

/// The answer is none that RFC 6749 §5 knows.
pub(super) fn unreadable(url: &str, what: &str) -> HarnessError {
    let next = "check `token_endpoint`, and what a proxy or portal between here and there answers in its place";
    HarnessError::new(
        HarnessErrorKind::Protocol,
        stage(url),
        format!("the token server's answer cannot be used: {what}"),
        next,
    )
}

/// An answer that grants nothing.
pub(super) fn read(url: &str, status: u16, body: &[u8], redactor: &Redactor) -> TokenError {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let text = |key: &str| answer.as_ref().and_then(|a| a.get(key)?.as_str()).map(|text| shown(text, redactor));
    let code = text("error");
    let said = match (&code, text("error_description")) {
        (Some(code), Some(why)) => format!("the token server answers {code}: {why}"),
        (Some(code), None) => format!("the token server answers {code}"),
        (None, _) => format!("the token server answers HTTP {status}"),
    };
    let error = |code, next: &str| HarnessError::new(code, stage(url), said.clone(), next);
    match (status, code.as_deref()) {
        (429, _) | (_, Some("rate_limit_exceeded" | "slow_down")) => TokenError::passing(error(
            HarnessErrorKind::ProviderLimit,
            "wait, and start runs less often; one run asks once an hour",
        )),
        (500.., _) | (_, Some("temporarily_unavailable" | "internal_failure" | "server_error")) => {
            TokenError::passing(error(HarnessErrorKind::Protocol, "the token server is out of order; run again later"))
        }
        (_, Some(code)) => TokenError::last(error(class(code), next(code))),
        (300..=399, None) => TokenError::last(unreadable(url, &format!("HTTP {status} leads elsewhere"))),
        (_, None) => TokenError::last(unreadable(url, &format!("HTTP {status} without a reason in JSON"))),
    }
}

fn class(code: &str) -> HarnessErrorKind {
    match code {
        "invalid_request" | "unsupported_grant_type" => HarnessErrorKind::Protocol,
        _ => HarnessErrorKind::Grant,
    }
}

/// What to do about an error code.
pub(super) fn next(code: &str) -> &'static str {
    match code {
        "invalid_grant" => NEW_GRANT,
        "invalid_client" | "unauthorized_client" | "deleted_client" | "disabled_client" => {
            "check `client_id` and `client_secret`: both come from one OAuth client of type \"Desktop app\" in the Google \
             Cloud console, the same that the refresh token was made with, and it must not have been deleted"
        }
        "invalid_scope" => {
            "get a new refresh token with `sealcheck auth gmail`; it asks for the scope https://mail.google.com/"
        }
        "access_denied" => "consent in the browser; an app in \"Testing\" lets in only the test users that it lists",
        "admin_policy_enforced" | "org_internal" => {
            "ask the Workspace administrator to allow the app and the scope https://mail.google.com/"
        }
        "redirect_uri_mismatch" => "make an OAuth client of type \"Desktop app\", which may redirect to 127.0.0.1",
        "invalid_request" | "unsupported_grant_type" => {
            "check `token_endpoint`: it must be the one of the OAuth client's provider"
        }
        _ => "see what the code means at the OAuth provider",
    }
}

/// A server's words, masked and cut.
pub(super) fn shown(text: &str, redactor: &Redactor) -> String {
    cut(&redactor.text(text).replace(char::is_control, " "), SHOWN).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Secret;

    fn of(status: u16, body: &str) -> TokenError {
        read("https://oauth2.googleapis.com/token", status, body.as_bytes(), &Redactor::new())
    }

    #[test]
    fn every_refusal_has_a_code_and_a_next_step() {
        for (status, body, code, passing, said, next) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                HarnessErrorKind::Grant,
                false,
                "invalid_grant: Token has been expired or revoked.",
                "7 days",
            ),
            (401, r#"{"error":"invalid_client"}"#, HarnessErrorKind::Grant, false, "invalid_client", "client_secret"),
            (
                400,
                r#"{"error":"invalid_scope"}"#,
                HarnessErrorKind::Grant,
                false,
                "invalid_scope",
                "https://mail.google.com/",
            ),
            (
                400,
                r#"{"error":"admin_policy_enforced"}"#,
                HarnessErrorKind::Grant,
                false,
                "admin_policy",
                "administrator",
            ),
            (
                400,
                r#"{"error":"invalid_request"}"#,
                HarnessErrorKind::Protocol,
                false,
                "invalid_request",
                "token_endpoint",
            ),
            (429, "", HarnessErrorKind::ProviderLimit, true, "HTTP 429", "wait"),
            (503, "<html>", HarnessErrorKind::Protocol, true, "HTTP 503", "run again later"),
            (400, "<html>", HarnessErrorKind::Protocol, false, "HTTP 400 without a reason", "token_endpoint"),
            (302, "", HarnessErrorKind::Protocol, false, "HTTP 302 leads elsewhere", "token_endpoint"),
        ] {
            let TokenError { error, passing: again } = of(status, body);
            assert_eq!((error.kind, again), (code, passing), "{status} {body}");
            assert!(error.message.contains(said), "{error:?}");
            assert!(error.next.contains(next), "{error:?}");
        }
    }

    #[test]
    fn no_part_of_a_secret_stays_where_words_are_cut() {
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("1//0gRefreshTokenThatIsLong"));
        let words = format!("{}1//0gRefreshTokenThatIsLong and more\u{7}", "x".repeat(290));
        let cut = shown(&words, &redactor);
        assert!(cut.ends_with("[REDACTED…") && !cut.contains("1//0g"), "{cut}");
    }
}
