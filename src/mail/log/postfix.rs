//! What Postfix writes: smtp, lmtp, local, virtual, pipe, error and qmgr of each recipient; smtpd and cleanup of what they reject,
//! hold or discard; postsuper of what an administrator holds.

use super::{
    delivery::{Delivery, Outcome, Taker, angle},
    ids::{WARNING, queue_id_of},
    line::Line,
};
use crate::mail::reply::Reply;

/// What milters, header checks and access tables do to a message, in the words of smtpd and cleanup.
const ACTIONS: [(&str, Outcome); 6] = [
    ("milter-reject: ", Outcome::Rejected),
    ("reject: ", Outcome::Rejected),
    ("milter-hold: ", Outcome::Held),
    ("hold: ", Outcome::Held),
    ("milter-discard: ", Outcome::Discarded),
    ("discard: ", Outcome::Discarded),
];

pub(super) fn delivery<'l>(line: &Line<'l>) -> Option<Delivery<'l>> {
    let (first, text) = line.text.strip_prefix(WARNING).unwrap_or(line.text).split_once(": ")?;
    let queue_id = queue_id_of(line).filter(|id| *id == first);
    if queue_id.is_none() && first != "NOQUEUE" {
        return None;
    }
    if let Some((verb, outcome)) = ACTIONS.iter().find(|(verb, _)| text.starts_with(verb)) {
        return Some(action(queue_id, *outcome, &text[verb.len()..]));
    }
    let map = text.split_once(" map lookup problem for ").filter(|(map, _)| !map.contains([' ', '<']));
    if text.starts_with("write queue file: ") || map.is_some() {
        // The client is told `451 4.3.0 Error: queue file write error` of both.
        let reply = Reply::parse(&format!("451 4.3.0 {text}"));
        return Some(Delivery { reply, ..Delivery::new(queue_id, None, Outcome::Rejected) });
    }
    if text == "placed on hold" {
        return Some(Delivery::new(queue_id, None, Outcome::Held));
    }
    // Both begin with an address, which may hold anything.
    let (recipient, rest) = match (text.strip_prefix("to=<"), text.strip_prefix("from=<")) {
        (Some(rest), _) => rest.split_once(">, ").map(|(to, rest)| (Some(to), rest))?,
        (_, Some(rest)) => (None, rest.split_once(">, ")?.1),
        (None, None) => return None,
    };
    let (before, status) = match rest.strip_prefix("status=") {
        Some(status) => ("", status),
        None => rest.split_once(", status=")?,
    };
    let (word, words) = status.split_once(" (").unwrap_or((status, ""));
    let words = words.strip_suffix(')').unwrap_or(words);
    let taker = taker(line, before, words);
    let outcome = match word.split(',').next()? {
        "sent" if words == "discarded" || line.service() == Some("discard") => Outcome::Discarded,
        "sent" => Outcome::Sent,
        "deferred" | "SOFTBOUNCE" | "softbounce" => Outcome::Deferred,
        "bounced" => Outcome::Bounced,
        "expired" | "force-expired" => Outcome::Expired,
        _ => return None,
    };
    let words = words.strip_prefix("delivery temporarily suspended: ").unwrap_or(words);
    // A delivery that is suspended has no relay, and tells the host in its words.
    let relay = before.split(", ").find_map(|field| field.strip_prefix("relay=")).filter(|relay| relay.contains('['));
    let host = relay.or_else(|| words.strip_prefix("host ")).and_then(|relay| relay.split('[').next());
    let original = before.split(", ").find_map(|field| field.strip_prefix("orig_to=<")?.strip_suffix('>'));
    let delivery = Delivery { original, ..Delivery::new(queue_id, recipient, outcome) };
    Some(delivery.by(taker, host).because(said(words), words))
}

/// Who takes it, by the program that delivers and what it calls the next one.
fn taker(line: &Line<'_>, before: &str, words: &str) -> Taker {
    let relay = before.split(", ").find_map(|field| field.strip_prefix("relay=")).unwrap_or_default();
    let address = relay.rsplit_once('[').and_then(|(_, rest)| rest.split(']').next()).unwrap_or_default();
    match line.service() {
        Some("local" | "virtual") if words.starts_with("delivered to command") || words.starts_with("forwarded as") => {
            Taker::Program
        }
        Some("local" | "virtual") => Taker::Mailbox,
        Some("pipe" | "lmtp") => Taker::Program,
        None if matches!(relay, "local" | "virtual") => Taker::Mailbox,
        _ if address.contains('/') => Taker::Program,
        _ if address.starts_with("127.") || address == "::1" => Taker::Filter,
        _ if !address.is_empty() => Taker::Server,
        _ => Taker::Unknown,
    }
}

/// The reply of another server: `host mx[192.0.2.1] said: 550 … (in reply to …)`.
fn said(words: &str) -> Option<Reply> {
    let (_, reply) = words.split_once(" said: ").or_else(|| words.split_once(" refused to talk to me: "))?;
    Reply::parse(reply.rsplit_once(" (in reply to ").map_or(reply, |(reply, _)| reply))
}

/// `RCPT from mx[192.0.2.1]: 451 4.3.0 <a@b.example>: Temporary lookup failure; from=<…> to=<…> proto=ESMTP helo=<…>`. What a
/// header check says stands behind all that.
fn action<'l>(queue_id: Option<&'l str>, outcome: Outcome, text: &'l str) -> Delivery<'l> {
    let (what, envelope) = text.split_once("; from=").or_else(|| text.split_once("; proto=")).unwrap_or((text, ""));
    let is_content = ["header ", "body "].iter().any(|part| text.starts_with(part));
    let words = if is_content {
        envelope.split_once(">: ").or_else(|| envelope.split_once(": "))
    } else {
        what.split_once(": ")
    };
    let words = words.map_or("", |(_, words)| words);
    let reply = if outcome == Outcome::Rejected { Reply::parse(words).or_else(|| milter_reply(words)) } else { None };
    let recipient = angle(envelope, " to=<");
    let delivery = Delivery::new(queue_id, recipient, outcome);
    Delivery { reply, ..delivery }
}

/// `5.7.1 Gtube pattern`, as Postfix logs what a milter or a header check said.
fn milter_reply(said: &str) -> Option<Reply> {
    let (status, _) = said.split_once(' ')?;
    let code = match status.split_once('.')?.0 {
        "4" => "451",
        "5" => "550",
        _ => return None,
    };
    Reply::parse(&format!("{code} {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::failure::Failure;

    fn read(line: &str) -> Option<Delivery<'_>> {
        delivery(&Line::parse(line))
    }

    /// A line of a delivery program about a recipient.
    fn by(service: &str, relay: &str, status: &str) -> String {
        format!(
            "Sep 21 10:00:07 mx postfix/{service}[107]: 8F4AA1F0C2: to=<shop@receiver.example>, orig_to=<info@company.example>, relay={relay}, delay=1.5, delays=0.5/0/0.3/0.7, dsn=4.0.0, status={status}"
        )
    }

    #[test]
    fn every_status_of_every_program_is_read() {
        use {Outcome::*, Taker::*};
        let mx = "mx.receiver.example[192.0.2.26]:25";
        for (line, outcome, taker, failure) in [
            (by("smtp", mx, "sent (250 2.0.0 OK)"), Sent, Server, None),
            (by("smtp", "127.0.0.1[127.0.0.1]:10024", "sent (250 2.0.0 queued as 7B1)"), Sent, Filter, None),
            (by("lmtp", "mx.company.example[private/dovecot-lmtp]", "sent (250 2.0.0 <a> Saved)"), Sent, Program, None),
            (by("local", "local", "sent (delivered to maildir)"), Sent, Mailbox, None),
            (by("local", "local", "sent (delivered to command: /usr/bin/procmail)"), Sent, Program, None),
            (by("local", "local", "sent (forwarded as 77AA11BB22)"), Sent, Program, None),
            (by("virtual", "virtual", "sent (delivered to maildir)"), Sent, Mailbox, None),
            (by("pipe", "dovecot", "sent (delivered via dovecot service)"), Sent, Program, None),
            (by("local", "local", "sent (discarded)"), Discarded, Mailbox, None),
            (
                by("smtp", "none", "deferred (connect to mx[192.0.2.26]:25: Connection refused)"),
                Deferred,
                Unknown,
                Some(Failure::NoConnection),
            ),
            (
                by("smtp", mx, "SOFTBOUNCE (TLS is required, but was not offered by host mx[192.0.2.26])"),
                Deferred,
                Server,
                Some(Failure::TlsNotOffered),
            ),
            (
                by("smtp", "none", "bounced (mail for x.example loops back to myself)"),
                Bounced,
                Unknown,
                Some(Failure::Loop),
            ),
            (
                by("local", "local", "bounced (unknown user: \"office\")"),
                Bounced,
                Mailbox,
                Some(Failure::UnknownRecipient),
            ),
            (
                by("pipe", "filter", "deferred (Command died with status 75: \"/usr/bin/filter\")"),
                Deferred,
                Program,
                Some(Failure::LocalDelivery),
            ),
            (by("error", "none", "bounced (mailbox closed)"), Bounced, Unknown, None),
            (
                by(
                    "error",
                    "none",
                    "deferred (delivery temporarily suspended: lost connection with mx[192.0.2.26] while sending MAIL FROM)",
                ),
                Deferred,
                Unknown,
                Some(Failure::ConnectionLost),
            ),
        ] {
            let read = read(&line).unwrap_or_else(|| panic!("{line}"));
            let wanted = Delivery {
                queue_id: Some("8F4AA1F0C2"),
                recipient: Some("shop@receiver.example"),
                original: Some("info@company.example"),
                outcome,
                taker,
                host: read.host,
                reply: None,
                failure,
            };
            assert_eq!(read, wanted, "{line}");
        }
        for status in ["deliverable (250 OK)", "undeliverable (no)", "odd"] {
            assert_eq!(read(&by("smtp", mx, status)), None);
        }
    }

    #[test]
    fn a_reply_is_that_of_the_other_server() {
        let reply = |status: &str| read(&by("smtp", "mx[192.0.2.26]:25", status)).unwrap().reply.map(|r| r.to_string());
        for (status, wanted) in [
            (
                "bounced (host mx[192.0.2.26] said: 550-5.7.1 no 550 5.7.1 never (in reply to end of DATA command))",
                Some("550 5.7.1 no never"),
            ),
            ("deferred (host mx[192.0.2.26] refused to talk to me: 421 4.7.0 later)", Some("421 4.7.0 later")),
            (
                "deferred (delivery temporarily suspended: host mx[192.0.2.26] said: 421 4.7.0 later)",
                Some("421 4.7.0 later"),
            ),
            // What the other server says is its own, whatever it looks like.
            ("bounced (host mx[192.0.2.26] said: 550 x, status=sent (250 OK))", Some("550 x, status=sent (250 OK)")),
            ("sent (250 2.0.0 OK)", None),
        ] {
            assert_eq!(reply(status).as_deref(), wanted, "{status}");
        }
    }

    #[test]
    fn an_address_cannot_forge_an_outcome() {
        let line = "mx postfix/smtp[1]: 8F4AA1F0C2: to=<\"x, status=sent (250 OK)\"@receiver.example>, relay=none, status=bounced (no)";
        let read = read(line).unwrap();
        assert_eq!(
            (read.outcome, read.recipient),
            (Outcome::Bounced, Some("\"x, status=sent (250 OK)\"@receiver.example"))
        );
    }

    #[test]
    fn what_smtpd_cleanup_qmgr_and_postsuper_say_is_read() {
        use Outcome::*;
        let envelope = "from=<a@sender.example> to=<info@company.example> proto=ESMTP helo=<x>";
        for (text, outcome, reply) in [
            (
                format!(
                    "NOQUEUE: reject: RCPT from a[192.0.2.1]: 451 4.3.0 <info@company.example>: Temporary lookup failure; {envelope}"
                ),
                Rejected,
                Some("451 4.3.0 <info@company.example>: Temporary lookup failure"),
            ),
            (
                format!("8F4AA1F0C2: milter-reject: END-OF-MESSAGE from a[192.0.2.1]: 5.7.1 Gtube pattern; {envelope}"),
                Rejected,
                Some("550 5.7.1 Gtube pattern"),
            ),
            (
                format!("8F4AA1F0C2: reject: header Subject: x from a[192.0.2.1]; {envelope}: 5.7.1 not here"),
                Rejected,
                Some("550 5.7.1 not here"),
            ),
            (
                format!(
                    "8F4AA1F0C2: milter-hold: END-OF-MESSAGE from a[192.0.2.1]: milter triggers HOLD action; {envelope}"
                ),
                Held,
                None,
            ),
            (format!("8F4AA1F0C2: hold: header Subject: x from a[192.0.2.1]; {envelope}"), Held, None),
            (format!("8F4AA1F0C2: discard: body x from a[192.0.2.1]; {envelope}"), Discarded, None),
            (
                "warning: 8F4AA1F0C2: write queue file: No space left on device".to_owned(),
                Rejected,
                Some("451 4.3.0 write queue file: No space left on device"),
            ),
            (
                "8F4AA1F0C2: virtual_alias_maps map lookup problem for a@b.example -- message not accepted".to_owned(),
                Rejected,
                Some("451 4.3.0 virtual_alias_maps map lookup problem for a@b.example -- message not accepted"),
            ),
            ("8F4AA1F0C2: from=<a@sender.example>, status=expired, returned to sender".to_owned(), Expired, None),
            ("8F4AA1F0C2: placed on hold".to_owned(), Held, None),
        ] {
            let line = format!("Sep 21 10:00:07 mx postfix/cleanup[107]: {text}");
            let read = read(&line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((read.outcome, read.reply.map(|r| r.to_string()).as_deref()), (outcome, reply), "{line}");
        }
        for text in [
            "8F4AA1F0C2: removed",
            "8F4AA1F0C2: from=<a@b.example>, size=900, nrcpt=1 (queue active)",
            "warning: x: reject: y",
        ] {
            assert_eq!(read(&format!("Sep 21 10:00:07 mx postfix/qmgr[107]: {text}")), None, "{text}");
        }
    }
}
