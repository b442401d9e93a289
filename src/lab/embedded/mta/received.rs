//! The trace field (RFC 5321 §4.4).

use super::queue::date;
use crate::lab::embedded::smtp_server::{Envelope, Session};
use jiff::Timestamp;

/// A Received field as Postfix writes it, with its final CRLF. `name` is the confirmed name of the client's address.
pub(crate) fn received(
    session: &Session,
    name: Option<&str>,
    envelope: &Envelope,
    host: &str,
    id: &str,
    now: Timestamp,
) -> String {
    let mut out = format!("Received: from {} ({} [{}])\r\n", session.helo, name.unwrap_or("unknown"), session.peer);
    if let Some(user) = &session.user {
        out.push_str(&format!("\t(Authenticated sender: {user})\r\n"));
    }
    out.push_str(&format!("\tby {host} (Postfix) with {} id {id}", session.protocol()));
    if let [only] = envelope.recipients.as_slice() {
        out.push_str(&format!("\r\n\tfor <{}>", only.address));
    }
    out.push_str(&format!("; {}\r\n", date(now)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_recipient_is_named_and_more_are_not() {
        let mut session = Session::new(1, [192, 0, 2, 10].into());
        session.helo = "smtp.ext.example".into();
        session.extended = true;
        let now: Timestamp = "2026-11-24T02:45:07Z".parse().unwrap();
        let write = |to: &[&str]| {
            received(&session, Some("smtp.ext.example"), &Envelope::new("", to), "mx.corp.example", "4F2A", now)
        };
        assert_eq!(
            write(&["a@corp.example"]),
            "Received: from smtp.ext.example (smtp.ext.example [192.0.2.10])\r\n\tby mx.corp.example (Postfix) with \
             ESMTP id 4F2A\r\n\tfor <a@corp.example>; Tue, 24 Nov 2026 02:45:07 +0000 (UTC)\r\n"
        );
        assert!(!write(&["a@corp.example", "b@corp.example"]).contains("for <"));
    }
}
