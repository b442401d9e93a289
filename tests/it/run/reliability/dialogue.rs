//! Follows a conversation: which reply answers what.

use super::stage::{Protocol, Stage};
use std::ops::Range;

/// A whole reply of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// What it answers; `None` for what no table is about.
    pub(crate) stage: Option<Stage>,
    /// It ends what it answers.
    pub(crate) is_last: bool,
    /// Where its first literal stands (RFC 3501 §4.3).
    pub(crate) literal: Option<Range<usize>>,
}

impl Reply {
    /// Where in its bytes a stage is.
    pub(crate) fn place_of(&self, stage: Stage) -> Option<usize> {
        let whole = match stage {
            Stage::HeaderLiteral => Stage::FetchHeader,
            Stage::MessageLiteral => Stage::FetchMessage,
            _ => return (self.stage == Some(stage)).then_some(0),
        };
        let literal = self.literal.as_ref().filter(|_| self.stage == Some(whole))?;
        Some(literal.start + literal.len() / 2)
    }
}

/// One connection, as the proxy follows it.
pub(crate) trait Dialogue: Send {
    /// Hears a line of the client. Lines of a message are of [`Stage::Message`].
    fn hear(&mut self, line: &[u8]) -> Option<Stage>;

    /// Takes the first whole reply off what the server has sent.
    fn take_reply(&mut self, sent: &mut Vec<u8>) -> Option<Reply>;

    /// The tag of the command under way (RFC 3501 §2.2.1).
    fn tag(&self) -> &str {
        "*"
    }

    /// How many whole messages the client has sent.
    fn messages(&self) -> usize {
        0
    }
}

impl Protocol {
    pub(crate) fn dialogue(self) -> Box<dyn Dialogue> {
        match self {
            Self::Smtp => Box::new(super::smtp::Smtp::new()),
            Self::Imap => Box::new(super::imap::Imap::new()),
        }
    }
}

/// Where the first line ends, from a place on.
pub(super) fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr(b'\n', &bytes[from..]).map(|at| from + at + 1)
}

/// Takes the first whole line off what the client has sent.
pub(super) fn take_line(sent: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = line_end(sent, 0)?;
    Some(sent.drain(..end).collect())
}
