//! Ways to log in (RFC 4954).

use crate::core::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Two base64 answers, user and password.
    Login,
    /// An OAuth 2.0 access token.
    Xoauth2,
}

/// What a client says about itself.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// How it said it.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// The password or token.
    pub secret: Secret,
}

impl Mechanism {
    /// The name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::Xoauth2 => "XOAUTH2",
        }
    }

    /// The challenges that a client answers, in base64; the first is left out where an initial response is given.
    pub(super) fn challenges(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Xoauth2 => &[""],
            Self::Login => &["VXNlcm5hbWU6", "UGFzc3dvcmQ6"],
        }
    }

    /// What is said of refused credentials before the reply, in base64 (Google's XOAUTH2 protocol).
    pub(super) fn why_not(self) -> Option<String> {
        let why = r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;
        (self == Self::Xoauth2).then(|| STANDARD.encode(why))
    }

    /// Reads the answers; `None` when they are not of this mechanism.
    pub(super) fn read(self, answers: &[String]) -> Option<Credentials> {
        let answers = answers.iter().map(|text| {
            let text = if text == "=" { "" } else { text.as_str() };
            String::from_utf8(STANDARD.decode(text).ok()?).ok()
        });
        let answers: Vec<String> = answers.collect::<Option<_>>()?;
        let (user, secret) = match (self, answers.as_slice()) {
            (Self::Plain, [answer]) => {
                let mut parts = answer.split('\0');
                let (_, user, secret) = (parts.next()?, parts.next()?, parts.next()?);
                (parts.next().is_none()).then(|| (user.to_owned(), secret.to_owned()))?
            }
            (Self::Login, [user, secret]) => (user.clone(), secret.clone()),
            (Self::Xoauth2, [answer]) => {
                let value = |key: &str| answer.split('\x01').find_map(|part| part.strip_prefix(key));
                (value("user=")?.to_owned(), value("auth=Bearer ")?.to_owned())
            }
            _ => return None,
        };
        Some(Credentials { mechanism: self, user, secret: Secret::new(secret) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mechanism: Mechanism, answers: &[&str]) -> Option<(String, String)> {
        let answers: Vec<_> = answers.iter().map(|a| STANDARD.encode(a)).collect();
        mechanism.read(&answers).map(|c| (c.user, c.secret.expose().to_owned()))
    }

    #[test]
    fn reads_every_mechanism() {
        let me = Some(("me@ext.example".to_owned(), "pass word".to_owned()));
        assert_eq!(read(Mechanism::Plain, &["\0me@ext.example\0pass word"]), me);
        assert_eq!(read(Mechanism::Login, &["me@ext.example", "pass word"]), me);
        assert_eq!(read(Mechanism::Xoauth2, &["user=me@ext.example\x01auth=Bearer pass word\x01\x01"]), me);
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(read(Mechanism::Plain, &["me"]), None);
        assert_eq!(read(Mechanism::Plain, &["a\0b\0c\0d"]), None);
        assert_eq!(read(Mechanism::Xoauth2, &["user=x"]), None);
        assert!(Mechanism::Plain.read(&["%%%".to_owned()]).is_none());
    }
}
