//! What a server offers after EHLO, and what is asked of it because of that (RFC 5321 §4.1.1.1, RFC 3461, RFC 1870).

use crate::evidence::Sent;
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};

/// The longest ENVID (RFC 3461 §4.4), in characters.
const LONGEST_ENVID: usize = 100;
/// A mail of more octets comes back without its body (Postfix does so by itself, `bounce_size_limit`).
const RETURNED_WHOLE: usize = 50_000;

/// The keywords of an EHLO reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extensions(Vec<String>);

impl Extensions {
    /// Reads the lines of an EHLO reply after the first.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        Self(lines.skip(1).map(|l| l.trim().to_ascii_uppercase()).collect())
    }

    /// Whether a keyword stands there.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.0.iter().any(|l| l.split_whitespace().next() == Some(keyword))
    }

    /// Whether a SASL mechanism is offered; `AUTH=` is how servers wrote it before RFC 2554.
    pub(super) fn logs_in_with(&self, mechanism: &str) -> bool {
        self.0
            .iter()
            .filter_map(|l| l.strip_prefix("AUTH ").or_else(|| l.strip_prefix("AUTH=")))
            .any(|l| l.split([' ', '=']).any(|m| m == mechanism))
    }

    /// Every line, in upper case.
    pub(super) fn lines(&self) -> &[String] {
        &self.0
    }

    /// The mechanisms, for people.
    pub(super) fn mechanisms(&self) -> String {
        let lists: Vec<_> = self.0.iter().filter_map(|l| l.strip_prefix("AUTH ")).collect();
        lists.join(" ")
    }

    /// The first address that only SMTPUTF8 can carry, where that is not offered.
    pub(super) fn cannot_take<'s>(&self, sent: &'s Sent) -> Option<&'s str> {
        if self.offers("SMTPUTF8") { None } else { addresses(sent).find(|address| !address.is_ascii()) }
    }

    /// What follows `MAIL FROM:<…>`.
    pub(super) fn mail_parameters(&self, sent: &Sent) -> String {
        let other = |keyword: &str, value: &str| MailParameter::Other {
            keyword: keyword.to_owned(),
            value: Some(value.to_owned()),
        };
        let mut parameters = Vec::new();
        if self.offers("SIZE") {
            parameters.push(MailParameter::Size(sent.raw().len()));
        }
        if self.offers("8BITMIME") && !sent.raw().is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if self.offers("SMTPUTF8") && addresses(sent).any(|a| !a.is_ascii()) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if self.offers("DSN") {
            // Only a whole mail tells whether its body was changed.
            let whole = sent.raw().len() <= RETURNED_WHOLE;
            parameters.push(other("RET", if whole { "FULL" } else { "HDRS" }));
            let id = sent.message_id.trim_matches(['<', '>']);
            if id.is_ascii() && !id.contains(|c: char| c.is_control()) && id.len() <= LONGEST_ENVID {
                parameters.push(other("ENVID", id));
            }
        }
        parameters.iter().map(|p| format!(" {p}")).collect()
    }

    /// What follows `RCPT TO:<…>`.
    pub(super) fn rcpt_parameters(&self, recipient: &str) -> String {
        if !self.offers("DSN") {
            return String::new();
        }
        let other =
            |keyword: &str, value: String| RcptParameter::Other { keyword: keyword.to_owned(), value: Some(value) };
        let mut parameters = vec![other("NOTIFY", "FAILURE,DELAY".to_owned())];
        if recipient.is_ascii() {
            parameters.push(other("ORCPT", format!("rfc822;{recipient}")));
        }
        parameters.iter().map(|p| format!(" {p}")).collect()
    }
}

/// Every address of the envelope.
fn addresses(sent: &Sent) -> impl Iterator<Item = &str> {
    [&sent.mail_from].into_iter().chain(&sent.rcpt_to).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(raw: &str, from: &str) -> Sent {
        Sent::new(raw, "<t+1=x@ext.example>".into(), from.into(), vec!["a@b.example".into()])
    }

    #[test]
    fn asks_only_for_what_is_offered() {
        let none = Extensions::read(["mx.example"].into_iter());
        assert_eq!(none.mail_parameters(&sent("é", "ü@x.example")), "");
        assert_eq!(none.rcpt_parameters("a@b.example"), "");
        let all = Extensions::read(["mx.example", "size 1000", "8BITMIME", "SMTPUTF8", "DSN"].into_iter());
        assert_eq!(all.mail_parameters(&sent("abc", "a@x.example")), " SIZE=3 RET=FULL ENVID=t+2B1+3Dx@ext.example");
        let long = sent(&"x".repeat(RETURNED_WHOLE + 1), "a@x.example");
        assert_eq!(all.mail_parameters(&long), " SIZE=50001 RET=HDRS ENVID=t+2B1+3Dx@ext.example");
        assert_eq!(
            all.mail_parameters(&sent("é", "ü@x.example")),
            " SIZE=2 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=t+2B1+3Dx@ext.example"
        );
        assert_eq!(all.rcpt_parameters("a+b@c.example"), " NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@c.example");
    }

    #[test]
    fn reads_both_spellings_of_auth() {
        let e = Extensions::read(["mx", "AUTH PLAIN XOAUTH2", "AUTH=LOGIN"].into_iter());
        assert!(e.logs_in_with("PLAIN") && e.logs_in_with("XOAUTH2") && e.logs_in_with("LOGIN"));
        assert!(!e.logs_in_with("CRAM-MD5"));
        assert_eq!(e.mechanisms(), "PLAIN XOAUTH2");
    }
}
