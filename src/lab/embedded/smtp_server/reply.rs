//! What a server answers (RFC 5321 §4.2) with its enhanced status code (RFC 3463).

use std::{fmt, str::FromStr};

/// An enhanced status code: class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16, pub u16, pub u16);

/// A reply of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The reply code.
    pub code: u16,
    /// The enhanced status, repeated on every line.
    pub status: Option<Status>,
    /// The text, line by line; never empty.
    pub lines: Vec<String>,
}

/// A text is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no SMTP reply that fits here; write a code from 400 to 599, a status and a text: `550 5.1.1 no such user`"
)]
pub struct ReplyError(String);

impl ReplyError {
    /// This text is no reply, or not one for this place.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| match part.len() {
            1..=3 if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().map_err(drop),
            _ => Err(()),
        });
        let mut next = || parts.next().ok_or(())?;
        let status = Self(next()?, next()?, next()?);
        match (parts.next(), status.0) {
            (None, 2 | 4 | 5) => Ok(status),
            _ => Err(()),
        }
    }
}

impl Reply {
    /// A reply with a status; a line feed in the text starts another line.
    pub fn new(code: u16, status: Status, text: impl AsRef<str>) -> Self {
        Self { status: Some(status), ..Self::plain(code, text) }
    }

    /// A reply without a status: greetings, EHLO, and every 3xx.
    pub fn plain(code: u16, text: impl AsRef<str>) -> Self {
        Self { code, status: None, lines: text.as_ref().split('\n').map(str::to_owned).collect() }
    }

    /// Reads a refusal (4xx or 5xx) as people write it.
    ///
    /// # Errors
    /// When it is no reply, or refuses nothing.
    pub(crate) fn refusal(text: &str) -> Result<Self, ReplyError> {
        text.parse::<Self>().and_then(|reply| if reply.is_positive() { Err(ReplyError::new(text)) } else { Ok(reply) })
    }

    /// Whether the command succeeded or goes on (2xx and 3xx).
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Whether it is a permanent refusal (5xx).
    pub(crate) fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The reply with `text` at the end of its last line.
    #[must_use]
    pub(crate) fn with_suffix(mut self, text: &str) -> Self {
        if let Some(last) = self.lines.last_mut() {
            last.push_str(text);
        }
        self
    }

    /// Joins the lines that a server sent, without their line breaks. A status that every line repeats is taken out of
    /// the text.
    ///
    /// # Errors
    /// When a line has no code, or the codes differ.
    pub(crate) fn from_lines(lines: &[String]) -> Result<Self, ReplyError> {
        let error = || ReplyError(lines.join(" "));
        let mut code = None;
        let mut texts = Vec::new();
        for line in lines {
            let number = line.get(..3).and_then(|c| c.parse::<u16>().ok()).filter(|n| (200..600).contains(n));
            let number = number.ok_or_else(error)?;
            if *code.get_or_insert(number) != number {
                return Err(error());
            }
            texts.push(line.get(4..).unwrap_or_default());
        }
        let code = code.ok_or_else(error)?;
        let statuses = texts.iter().map_while(|text| {
            let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
            word.parse::<Status>().ok().map(|status| (status, rest.to_owned()))
        });
        let statuses: Vec<_> = statuses.collect();
        match statuses.first() {
            Some((status, _)) if statuses.len() == texts.len() && statuses.iter().all(|(s, _)| s == status) => {
                Ok(Self { code, status: Some(*status), lines: statuses.iter().map(|(_, t)| t.clone()).collect() })
            }
            _ => Ok(Self { code, status: None, lines: texts.into_iter().map(str::to_owned).collect() }),
        }
    }

    /// The bytes of the reply, each line closed with CRLF; line breaks inside a line become spaces.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        for (at, line) in self.lines.iter().enumerate() {
            let last = at + 1 == self.lines.len();
            out.push_str(&format!("{}{}", self.code, if last { ' ' } else { '-' }));
            if let Some(status) = self.status {
                out.push_str(&format!("{status} "));
            }
            out.extend(line.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
            out.push_str("\r\n");
        }
        out.into_bytes()
    }
}

/// The reply as a log writes it: its lines joined by spaces, codes kept.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        f.write_str(&lines.join(" "))
    }
}

impl FromStr for Reply {
    type Err = ReplyError;

    fn from_str(text: &str) -> Result<Self, ReplyError> {
        let error = || ReplyError(text.to_owned());
        let (code, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let number =
            code.parse::<u16>().ok().filter(|n| code.len() == 3 && (200..600).contains(n)).ok_or_else(error)?;
        let (first, after) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        Ok(match first.parse::<Status>() {
            Ok(status) if status.0 == number / 100 => Self::new(number, status, after.trim()),
            Ok(_) => return Err(error()),
            Err(()) => Self::plain(number, rest.trim()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_repeats_code_and_status() {
        let reply = Reply::new(550, Status(5, 7, 26), "This mail\nis blocked");
        assert_eq!(reply.to_bytes(), b"550-5.7.26 This mail\r\n550 5.7.26 is blocked\r\n");
        assert_eq!(reply.with_suffix(" - gsmtp").to_string(), "550-5.7.26 This mail 550 5.7.26 is blocked - gsmtp");
    }

    #[test]
    fn reads_what_people_write() {
        assert_eq!("550 5.1.1 no such user".parse(), Ok(Reply::new(550, Status(5, 1, 1), "no such user")));
        assert_eq!("421 4.7.28".parse(), Ok(Reply::new(421, Status(4, 7, 28), "")));
        assert_eq!("450 try later".parse(), Ok(Reply::plain(450, "try later")));
        for wrong in ["", "55", "5500", "abc", "199 x", "600 x", "550 4.1.1 x"] {
            assert!(wrong.parse::<Reply>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_of_a_server_are_joined() {
        let read = |lines: &[&str]| Reply::from_lines(&lines.iter().map(ToString::to_string).collect::<Vec<_>>());
        let reply = read(&["550-5.7.26 blocked", "550-5.7.26 ", "550 5.7.26  see"]).unwrap();
        assert_eq!(reply.status, Some(Status(5, 7, 26)));
        assert_eq!(reply.to_string(), "550-5.7.26 blocked 550-5.7.26 550 5.7.26  see");
        assert_eq!(read(&["250-mx.example", "250 SIZE 1"]).unwrap(), Reply::plain(250, "mx.example\nSIZE 1"));
        assert_eq!(read(&["250-a", "251 b"]), Err(ReplyError("250-a 251 b".into())));
        assert!(read(&["hello"]).is_err() && read(&[]).is_err());
    }

    #[test]
    fn a_text_cannot_end_the_reply() {
        assert_eq!(Reply::plain(250, "a\r").to_bytes(), b"250 a \r\n");
    }
}
