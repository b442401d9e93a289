//! Who may log in, and Gmail's words for who may not.

use crate::{
    lab::embedded::store::{AccessToken, Account, Flavour, Store},
    target::Provider,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::sync::Arc;

/// A SASL mechanism of AUTHENTICATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sasl {
    /// RFC 4616.
    Plain,
    /// Google's, with an OAuth 2.0 access token.
    Xoauth2,
}

/// Whose login holds, and by which token it ends.
pub(super) type Entered = (Arc<Account>, Option<Arc<AccessToken>>);

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such user, or not this secret.
    Credentials,
    /// Gmail: the secret does not look like an app password.
    AppPasswordRequired,
    /// The client cancelled, or its answer has the wrong form.
    Malformed,
}

impl Refusal {
    /// The tagged reply, without the tag.
    pub(super) fn reply(self, provider: Provider) -> &'static str {
        match (self, provider) {
            (Self::Credentials, Provider::Gmail) => "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
            (Self::AppPasswordRequired, Provider::Gmail) => {
                "NO [ALERT] Application-specific password required: \
                 https://support.google.com/accounts/answer/185833 (Failure)"
            }
            (Self::Credentials | Self::AppPasswordRequired, Provider::Generic) => {
                "NO [AUTHENTICATIONFAILED] Authentication failed"
            }
            (Self::Malformed, _) => "BAD Invalid SASL argument",
        }
    }
}

/// What Gmail says of a refused token before its NO: base64 of JSON (Google's XOAUTH2 protocol).
pub(super) fn xoauth2_challenge() -> String {
    STANDARD.encode(r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#)
}

impl Sasl {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "PLAIN" => Some(Self::Plain),
            "XOAUTH2" => Some(Self::Xoauth2),
            _ => None,
        }
    }

    /// Judges the client's answer, in base64.
    pub(super) fn judge(self, store: &Store, answer: &str) -> Result<Entered, Refusal> {
        let answer = STANDARD.decode(answer.trim()).ok().and_then(|a| String::from_utf8(a).ok());
        let answer = answer.ok_or(Refusal::Malformed)?;
        match self {
            Self::Plain => {
                let mut parts = answer.split('\0');
                let (_, user, password) = (parts.next(), parts.next(), parts.next());
                match (user, password, parts.next()) {
                    (Some(user), Some(password), None) => {
                        by_password(store, user, password).map(|account| (account, None))
                    }
                    _ => Err(Refusal::Malformed),
                }
            }
            Self::Xoauth2 => {
                let part = |prefix: &str| answer.split('\x01').find_map(|p| p.strip_prefix(prefix));
                let (Some(user), Some(bearer)) = (part("user="), part("auth=")) else {
                    return Err(Refusal::Malformed);
                };
                let scheme_and_token = bearer.split_once(' ').filter(|(s, _)| s.eq_ignore_ascii_case("Bearer"));
                let account = store.account(user).ok_or(Refusal::Credentials)?;
                let token = scheme_and_token.and_then(|(_, token)| account.tokens().good(token));
                token.map(|token| (account, Some(token))).ok_or(Refusal::Credentials)
            }
        }
    }
}

/// Judges a user name and password. Gmail takes app passwords only: 16 letters, with or without the spaces that it
/// shows them with.
pub(super) fn by_password(store: &Store, user: &str, password: &str) -> Result<Arc<Account>, Refusal> {
    let account = store.account(user).ok_or(Refusal::Credentials)?;
    let right = account.credentials().password.expose();
    let matches = match account.flavour() {
        Flavour::Plain => right == password,
        Flavour::Gmail(_) => {
            let given = password.replace(' ', "");
            if given.len() != 16 || !given.bytes().all(|b| b.is_ascii_alphabetic()) {
                return Err(Refusal::AppPasswordRequired);
            }
            right.replace(' ', "") == given
        }
    };
    if matches { Ok(account) } else { Err(Refusal::Credentials) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::Secret, lab::embedded::store::Credentials, target::knobs::Locale};

    fn store() -> Store {
        let store = Store::new();
        let credentials =
            Credentials { password: Secret::new("abcd efgh ijkl mnop"), access_token: Some(Secret::new("ya29.lab")) };
        store.create_account("probe.inbox@gmail.com", credentials, Flavour::Gmail(Locale::En));
        let credentials = Credentials { password: Secret::new("s3cret"), access_token: None };
        store.create_account("alice@sender.example", credentials, Flavour::Plain);
        store
    }

    fn refusal<T>(result: Result<T, Refusal>) -> Option<Refusal> {
        result.err()
    }

    #[test]
    fn app_passwords_open_with_and_without_spaces_and_nothing_else_does() {
        let try_it = |user: &str, password: &str| refusal(by_password(&store(), user, password));
        assert_eq!(try_it("Probe.Inbox@gmail.com", "abcdefghijklmnop"), None);
        assert_eq!(try_it("probeinbox@gmail.com", "abcd efgh ijkl mnop"), None);
        assert_eq!(try_it("probe.inbox@gmail.com", "abcdefghijklmnoq"), Some(Refusal::Credentials));
        assert_eq!(try_it("probe.inbox@gmail.com", "my real password"), Some(Refusal::AppPasswordRequired));
        assert_eq!(try_it("nobody@gmail.com", "abcdefghijklmnop"), Some(Refusal::Credentials));
        assert_eq!(try_it("alice@sender.example", "s3cret"), None);
        assert_eq!(try_it("alice@sender.example", "s3 cret"), Some(Refusal::Credentials));
    }

    #[test]
    fn tokens_open_only_the_account_that_has_one() {
        let xoauth2 = |user: &str, token: &str| {
            let answer = STANDARD.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
            refusal(Sasl::Xoauth2.judge(&store(), &answer))
        };
        assert_eq!(xoauth2("probe.inbox@gmail.com", "ya29.lab"), None);
        assert_eq!(xoauth2("probe.inbox@gmail.com", "ya29.old"), Some(Refusal::Credentials));
        assert_eq!(xoauth2("alice@sender.example", ""), Some(Refusal::Credentials));
        assert_eq!(refusal(Sasl::Xoauth2.judge(&store(), "%%%")), Some(Refusal::Malformed));
        assert_eq!(refusal(Sasl::Plain.judge(&store(), &STANDARD.encode("a\0b"))), Some(Refusal::Malformed));
    }
}
