//! What the client says, and what the transcript shows of it.

use crate::evidence::Stage;
use lettre::transport::smtp::{
    commands::{Data, Ehlo, Quit, Starttls},
    extension::ClientId,
};

/// The class of the reply that lets a command go on (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyClass {
    /// 2yz.
    Completion,
    /// 3yz.
    Intermediate,
    /// 2yz or 3yz.
    Either,
}

/// One line of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) stage: Stage,
    pub(super) recipient: Option<String>,
    /// With its CRLF.
    pub(super) line: String,
    /// What the transcript shows instead.
    pub(super) shown: Option<String>,
    pub(super) expected: ReplyClass,
}

impl Command {
    fn new(stage: Stage, line: impl ToString, expected: ReplyClass) -> Self {
        Self { stage, recipient: None, line: line.to_string(), shown: None, expected }
    }

    pub(super) fn ehlo(hello: &ClientId) -> Self {
        Self::new(Stage::Ehlo, Ehlo::new(hello.clone()), ReplyClass::Completion)
    }

    /// The hello of servers that know no EHLO (RFC 5321 §3.2).
    pub(super) fn helo(hello: &ClientId) -> Self {
        Self::new(Stage::Ehlo, format!("HELO {hello}\r\n"), ReplyClass::Completion)
    }

    pub(super) fn starttls() -> Self {
        Self::new(Stage::Starttls, Starttls, ReplyClass::Completion)
    }

    /// AUTH, of which the transcript shows the mechanism.
    pub(super) fn auth(line: String) -> Self {
        let mut words = line.trim_end().splitn(3, ' ');
        let mechanism = words.nth(1).unwrap_or_default();
        let blob = if words.next().is_some() { " [REDACTED]" } else { "" };
        let shown = Some(format!("AUTH {mechanism}{blob}"));
        Self { shown, ..Self::new(Stage::Auth, line, ReplyClass::Either) }
    }

    /// The answer to a challenge.
    pub(super) fn response(text: &str) -> Self {
        Self {
            shown: Some("[REDACTED]".to_owned()),
            ..Self::new(Stage::Auth, format!("{text}\r\n"), ReplyClass::Either)
        }
    }

    pub(super) fn mail(from: &str, parameters: &str) -> Self {
        Self::new(Stage::Mail, format!("MAIL FROM:<{from}>{parameters}\r\n"), ReplyClass::Completion)
    }

    pub(super) fn rcpt(recipient: &str, parameters: &str) -> Self {
        Self {
            recipient: Some(recipient.to_owned()),
            ..Self::new(Stage::Rcpt, format!("RCPT TO:<{recipient}>{parameters}\r\n"), ReplyClass::Completion)
        }
    }

    pub(super) fn data() -> Self {
        Self::new(Stage::Data, Data, ReplyClass::Intermediate)
    }

    pub(super) fn quit() -> Self {
        Self::new(Stage::Quit, Quit, ReplyClass::Completion)
    }
}

impl ReplyClass {
    /// Whether a server may answer so: with what is wanted, or with a refusal.
    pub(super) fn allows(self, code: u16) -> bool {
        match code / 100 {
            2 => self != Self::Intermediate,
            3 => self != Self::Completion,
            4 | 5 => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_does_not_show() {
        let plain = Command::auth("AUTH PLAIN AHNlY3JldA==\r\n".to_owned());
        assert_eq!(plain.shown.as_deref(), Some("AUTH PLAIN [REDACTED]"));
        assert_eq!(Command::auth("AUTH LOGIN\r\n".to_owned()).shown.as_deref(), Some("AUTH LOGIN"));
        assert_eq!(Command::response("c2VjcmV0").shown.as_deref(), Some("[REDACTED]"));
    }

    #[test]
    fn a_reply_of_another_class_answers_nothing() {
        for (expected, codes) in [
            (ReplyClass::Completion, [true, false]),
            (ReplyClass::Intermediate, [false, true]),
            (ReplyClass::Either, [true, true]),
        ] {
            assert_eq!([250, 354].map(|code| expected.allows(code)), codes);
            assert!(expected.allows(421) && expected.allows(550) && !expected.allows(150));
        }
    }
}
