//! SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 3463).

use serde::Serialize;
use std::fmt;

/// A reply. A 5xx reply is a value like any other, never an error of the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The enhanced status code of the first line, for example `5.7.26`.
    pub enhanced_status: Option<String>,
    /// The text, lines un-wrapped and joined by one space, codes removed.
    pub text: String,
}

impl Reply {
    /// Reads reply lines as they come off the wire or out of a DSN's `Diagnostic-Code: smtp; …`:
    /// `550-5.7.26 This mail …\r\n550 5.7.26 …`, also when the lines were joined by spaces. `None` when there is no code.
    pub fn parse(text: &str) -> Option<Self> {
        let _ = text;
        unimplemented!()
    }

    /// 2yz and 3yz.
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// 4yz: try again later.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: final.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = &self.enhanced_status {
            write!(f, " {status}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}
