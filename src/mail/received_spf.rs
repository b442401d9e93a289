//! Received-SPF fields (RFC 7208 §9.1), with what Google, Microsoft and policy daemons leave out or add.

use super::{Field, Message, lexer::Cursor};
use serde::Serialize;

/// One Received-SPF field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReceivedSpf {
    /// The result in lower case: `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`.
    pub result: String,
    /// The comments, outer parentheses removed, white space collapsed, joined by one space.
    pub comment: Option<String>,
    /// `client-ip=`.
    pub client_ip: Option<String>,
    /// `envelope-from=`, without quotes.
    pub envelope_from: Option<String>,
    /// `helo=`.
    pub helo: Option<String>,
    /// `receiver=`: who checked.
    pub receiver: Option<String>,
    /// `identity=`: `mailfrom` or `helo`.
    pub identity: Option<String>,
    /// The line of the message where the field starts, from 1.
    pub line: u32,
}

/// Every Received-SPF field that starts with a result, top to bottom.
pub fn all(message: &Message) -> Vec<ReceivedSpf> {
    message.all("Received-SPF").filter_map(ReceivedSpf::of).collect()
}

impl ReceivedSpf {
    /// Reads one field; `None` when it does not start with a word.
    pub fn of(field: &Field) -> Option<Self> {
        let text = String::from_utf8_lossy(&field.raw);
        let (mut cursor, mut comments) = (Cursor::new(&text), Vec::new());
        cursor.cfws(&mut comments);
        let result = cursor.word(b"=").to_ascii_lowercase();
        if result.is_empty() || cursor.peek() == Some(b'=') {
            return None;
        }
        let mut read = Self { result, line: field.line, ..Self::default() };
        loop {
            cursor.cfws(&mut comments);
            if cursor.eat(b';') || cursor.eat(b'=') {
                continue;
            }
            if cursor.peek().is_none() {
                break;
            }
            let key = cursor.word(b"=").to_ascii_lowercase();
            cursor.cfws(&mut comments);
            if cursor.eat(b'=') {
                cursor.cfws(&mut comments);
                let value = cursor.value();
                read.set(&key, value);
            }
        }
        read.comment = (!comments.is_empty()).then(|| comments.join(" "));
        Some(read)
    }

    fn set(&mut self, key: &str, value: String) {
        let slot = match key {
            "client-ip" => &mut self.client_ip,
            "envelope-from" => &mut self.envelope_from,
            "helo" => &mut self.helo,
            "receiver" => &mut self.receiver,
            "identity" => &mut self.identity,
            _ => return,
        };
        slot.get_or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<ReceivedSpf> {
        all(&Message::parse(format!("Received-SPF: {value}\r\n"))).pop()
    }

    #[test]
    fn google() {
        let value = "pass (google.com: domain of alice@sender.example designates 192.0.2.1 as permitted\r\n sender) client-ip=192.0.2.1;";
        let spf = read(value).unwrap();
        assert_eq!((spf.result.as_str(), spf.client_ip.as_deref(), spf.line), ("pass", Some("192.0.2.1"), 1));
        let comment = "google.com: domain of alice@sender.example designates 192.0.2.1 as permitted sender";
        assert_eq!((spf.comment.as_deref(), spf.helo), (Some(comment), None));
    }

    #[test]
    fn policy_daemons() {
        let value = "SoftFail (mailfrom) (x) identity=mailfrom; client-ip=2001:db8::1; helo=mx.sender.example;\r\n \
                     envelope-from=\"a=b\"@sender.example; receiver=<UNKNOWN>; pr=C";
        let spf = read(value).unwrap();
        assert_eq!((spf.result.as_str(), spf.comment.as_deref()), ("softfail", Some("mailfrom x")));
        assert_eq!((spf.identity.as_deref(), spf.client_ip.as_deref()), (Some("mailfrom"), Some("2001:db8::1")));
        assert_eq!((spf.helo.as_deref(), spf.receiver.as_deref()), (Some("mx.sender.example"), Some("<UNKNOWN>")));
        assert_eq!(spf.envelope_from.as_deref(), Some("\"a=b\"@sender.example"));
    }

    #[test]
    fn strangers_write_no_result() {
        let spf =
            read("fail (domain of \"x) receiver=a (\"@evil.example) envelope-from=\"b; receiver=c\"@evil.example")
                .unwrap();
        assert_eq!((spf.result.as_str(), spf.receiver), ("fail", None));
        assert_eq!([read(""), read("client-ip=192.0.2.1"), read("; pass")], [None, None, None]);
    }
}
