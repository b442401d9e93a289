//! The forwarder of the embedded world asks rspamd, as a mail server does through a milter.

use super::{Client, ScanRequest, ScanResult};
use crate::lab::embedded::{
    forwarder::{FilterResult, Incoming, MessageFilter},
    signing::without,
    smtp_server::{Reply, Status},
};
use async_trait::async_trait;
use std::net::{IpAddr, Ipv4Addr};

/// Lets rspamd check and seal.
pub(crate) struct RspamdFilter {
    client: Client,
    host: String,
    every_client: Option<Ipv4Addr>,
}

impl RspamdFilter {
    /// Asks this rspamd for the server `host`, whose name is the authserv-id of what rspamd writes. `every_client` is the
    /// address that it sees of all clients, where it does not see their own.
    pub(super) fn new(client: Client, host: &str, every_client: Option<Ipv4Addr>) -> Self {
        Self { client, host: host.to_owned(), every_client }
    }

    fn question(&self, incoming: &Incoming<'_>) -> ScanRequest {
        let Incoming { session, envelope, .. } = incoming;
        let mut headers = vec![
            ("IP", self.every_client.map_or(session.peer, IpAddr::V4).to_string()),
            ("Helo", session.helo.clone()),
            ("Hostname", incoming.client_name.unwrap_or("unknown").to_owned()),
            ("From", format!("<{}>", envelope.sender)),
            ("Queue-Id", incoming.id.to_owned()),
            ("MTA-Name", self.host.clone()),
        ];
        headers.extend(envelope.recipients.iter().map(|recipient| ("Rcpt", format!("<{}>", recipient.address))));
        headers.extend(session.user.iter().map(|user| ("User", user.clone())));
        ScanRequest { headers, message: incoming.message.to_vec() }
    }
}

#[async_trait]
impl MessageFilter for RspamdFilter {
    async fn apply(&self, incoming: &Incoming<'_>) -> FilterResult {
        match self.client.check(self.question(incoming)).await {
            Ok(answer) => follow(&answer, incoming.message),
            // What Postfix says where milter_default_action is tempfail.
            Err(_) => refuse(451, Status(4, 7, 1), "Service unavailable - try again later"),
        }
    }
}

/// Does what rspamd says, as its milter does.
fn follow(answer: &ScanResult, message: &[u8]) -> FilterResult {
    let said = answer.smtp_message.as_deref();
    match answer.action.as_str() {
        "reject" => return refuse(554, Status(5, 7, 1), said.unwrap_or("Spam message rejected")),
        "soft reject" | "greylist" => return refuse(451, Status(4, 7, 1), said.unwrap_or("Try again later")),
        _ => {}
    }
    let mut head: String = answer.add.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    if answer.action == "add header" {
        head.push_str("X-Spam: Yes\r\n");
    }
    let message = without(message, |field| answer.remove.iter().any(|name| field.is(name)));
    FilterResult::Take { head, message }
}

fn refuse(code: u16, status: Status, text: &str) -> FilterResult {
    FilterResult::Refuse(Reply::new(code, status, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::smtp_server::{Envelope, Session};
    use jiff::Timestamp;

    #[test]
    fn rspamd_hears_who_hands_over_what_to_whom() {
        let mut session = Session::new(1, IpAddr::from([192, 0, 2, 10]));
        session.helo = "smtp.ext.example".into();
        let envelope = Envelope::new("a@ext.example", &["info@corp.example", "sales@corp.example"]);
        let incoming = Incoming {
            session: &session,
            client_name: Some("mail.ext.example"),
            envelope: &envelope,
            id: "4ABC",
            message: b"A: b\r\n\r\n",
            arrived: Timestamp::UNIX_EPOCH,
        };
        let nobody = || Client::new(([127, 0, 0, 1], 1).into());
        let asked = RspamdFilter::new(nobody(), "mx.corp.example", None).question(&incoming);
        let headers: Vec<String> = asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            [
                "IP: 192.0.2.10",
                "Helo: smtp.ext.example",
                "Hostname: mail.ext.example",
                "From: <a@ext.example>",
                "Queue-Id: 4ABC",
                "MTA-Name: mx.corp.example",
                "Rcpt: <info@corp.example>",
                "Rcpt: <sales@corp.example>",
            ]
        );
        assert_eq!(asked.message, incoming.message);
        let hidden = RspamdFilter::new(nobody(), "mx.corp.example", Some(Ipv4Addr::LOCALHOST)).question(&incoming);
        assert_eq!(hidden.headers[0].1, "127.0.0.1");
    }

    fn answer(action: &str) -> ScanResult {
        ScanResult {
            action: action.to_owned(),
            add: vec![("ARC-Seal".into(), "i=1;\r\n\tcv=none".into()), ("X-A".into(), "1".into())],
            remove: vec!["x-old".into()],
            smtp_message: None,
        }
    }

    #[test]
    fn what_rspamd_says_is_done() {
        let mail = b"X-Old: 1\r\nA: b\r\nX-OLD: 2\r\n\r\nX-Old: body\r\n";
        let FilterResult::Take { head, message } = follow(&answer("no action"), mail) else { panic!() };
        assert_eq!(head, "ARC-Seal: i=1;\r\n\tcv=none\r\nX-A: 1\r\n");
        assert_eq!(message, b"A: b\r\n\r\nX-Old: body\r\n");
        let FilterResult::Take { head, .. } = follow(&answer("add header"), mail) else { panic!() };
        assert!(head.ends_with("X-Spam: Yes\r\n"));
        let FilterResult::Refuse(reply) = follow(&answer("reject"), mail) else { panic!() };
        assert_eq!(reply.to_string(), "554 5.7.1 Spam message rejected");
        let FilterResult::Refuse(reply) = follow(&answer("soft reject"), mail) else { panic!() };
        assert_eq!(reply.to_string(), "451 4.7.1 Try again later");
    }
}
