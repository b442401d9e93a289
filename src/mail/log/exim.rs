//! What Exim writes into its mainlog (specification, chapter "Log files").

use super::{
    delivery::{Delivery, Outcome, Taker},
    ids::queue_id_of,
    line::Line,
    queue_id_forms::is_exim_id,
};
use crate::mail::reply::Reply;

pub(super) fn delivery<'l>(line: &Line<'l>) -> Option<Delivery<'l>> {
    let queue_id = queue_id_of(line).filter(|id| is_exim_id(id));
    let Some(id) = queue_id else { return rejection(None, line.text) };
    let (_, rest) = line.text.split_once(id)?;
    let rest = rest.trim_start();
    if rest.starts_with("Frozen") || rest.starts_with("frozen") {
        return Some(Delivery::new(queue_id, None, Outcome::Held));
    }
    let (flag, rest) = rest.split_once(' ')?;
    let outcome = match flag {
        "=>" | "->" | ">>" => Outcome::Sent,
        "==" => Outcome::Deferred,
        "**" => Outcome::Bounced,
        _ => return rejection(queue_id, line.text),
    };
    let recipient = rest.split([' ', ':']).next()?;
    let (fields, words) = rest.split_once(": ").unwrap_or((rest, ""));
    let taker = if fields.contains(" H=") {
        Taker::Server
    } else if fields.contains(" T=") {
        Taker::Mailbox
    } else {
        Taker::Unknown
    };
    let outcome = if outcome == Outcome::Sent && recipient == "blackhole" { Outcome::Discarded } else { outcome };
    // The lines of a reply are one here, with `\n` written out between them.
    let text = words.replace("\\n", "\n");
    let reply = if outcome == Outcome::Sent { None } else { Reply::find(&text) };
    let why = if fields.contains(" H=") { format!("{words} {}", host(fields)) } else { words.to_owned() };
    Some(Delivery::new(queue_id, Some(recipient), outcome).by(taker, name(fields)).because(reply, &why))
}

/// The name of the host that was tried.
fn name(fields: &str) -> Option<&str> {
    fields.split_once(" H=")?.1.split(' ').next()
}

/// The host that was tried, with its address.
fn host(fields: &str) -> &str {
    let host = fields.split_once(" H=").map_or("", |(_, rest)| rest);
    host.find(']').map_or("", |end| &host[..=end])
}

/// `H=mx [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: reason`
fn rejection<'l>(queue_id: Option<&'l str>, text: &'l str) -> Option<Delivery<'l>> {
    let is_client = text.starts_with("H=") || queue_id.is_some_and(|id| text.contains(&format!("{id} H=")));
    let (before, what) = text.split_once(" rejected ")?;
    let recipient = what.strip_prefix("RCPT <").and_then(|rest| rest.split('>').next());
    // The client is told the same words.
    let (_, words) = what.split_once(": ").unwrap_or((what, ""));
    let code = if before.ends_with(" temporarily") { 451 } else { 550 };
    let reply = Reply::parse(words).or_else(|| Reply::parse(&format!("{code} {words}")));
    is_client.then(|| Delivery { reply, ..Delivery::new(queue_id, recipient, Outcome::Rejected) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::failure::Failure;

    #[test]
    fn every_flag_is_read() {
        use {Outcome::*, Taker::*};
        let remote =
            "R=dnslookup T=remote_smtp H=mx.receiver.example [192.0.2.26] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes";
        for (rest, outcome, taker, reply, failure) in [
            (format!("=> shop@receiver.example <info@company.example> {remote} C=\"250 OK\""), Sent, Server, None, None),
            ("=> info <info@company.example> R=local_user T=local_delivery".to_owned(), Sent, Mailbox, None, None),
            ("=> blackhole (DATA ACL discarded recipients): no".to_owned(), Discarded, Unknown, None, None),
            (
                format!("** shop@receiver.example <info@company.example> {remote}: SMTP error from remote mail server after end of data: 550-5.7.1 no\\n550 5.7.1 never"),
                Bounced, Server, Some("550 5.7.1 no never"), None,
            ),
            ("** shop@receiver.example: retry timeout exceeded".to_owned(), Bounced, Unknown, None, Some(Failure::Expired)),
            ("** info@company.example R=aliases: Unrouteable address".to_owned(), Bounced, Unknown, None, Some(Failure::UnknownRecipient)),
            (
                format!("== shop@receiver.example {remote} defer (-44): SMTP error from remote mail server after RCPT TO:<shop@receiver.example>: 451 4.7.1 later"),
                Deferred, Server, Some("451 4.7.1 later"), None,
            ),
            ("== shop@receiver.example R=dnslookup T=remote_smtp defer (110): Connection timed out".to_owned(), Deferred, Mailbox, None, Some(Failure::NoConnection)),
            ("== shop@receiver.example R=dnslookup T=remote_smtp H=mx.receiver.example [2001:db8::26] defer (101): Network is unreachable".to_owned(), Deferred, Server, None, Some(Failure::NoConnectionIpv6)),
            ("== shop@receiver.example R=dnslookup defer (-1): host lookup did not complete".to_owned(), Deferred, Unknown, None, Some(Failure::NoDnsAnswer)),
            ("Frozen".to_owned(), Held, Unknown, None, None),
        ] {
            let line = format!("2026-09-21 10:00:07 1AbCdE-000001-2X {rest}");
            let read = delivery(&Line::parse(&line)).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((read.outcome, read.reply.map(|r| r.to_string()).as_deref(), read.failure), (outcome, reply, failure), "{line}");
            if outcome == Sent {
                assert_eq!(read.taker, taker, "{line}");
            }
        }
        for rest in
            ["<= a@sender.example H=mx [192.0.2.1] S=900 id=x@sender.example", "Completed", "no immediate delivery"]
        {
            assert_eq!(delivery(&Line::parse(&format!("2026-09-21 10:00:07 1AbCdE-000001-2X {rest}"))), None, "{rest}");
        }
        let rejected =
            "2026-09-21 10:00:07 H=mx [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: relay not permitted";
        let rejected = delivery(&Line::parse(rejected)).unwrap();
        assert_eq!((rejected.outcome, rejected.recipient), (Rejected, Some("c@d.example")));
        for (words, wanted) in [
            ("rejected after DATA: it looks like spam", "550 it looks like spam"),
            ("temporarily rejected after DATA: greylisted", "451 greylisted"),
            ("rejected after DATA: 554 5.7.1 never", "554 5.7.1 never"),
        ] {
            let line = format!("2026-09-21 10:00:07 1AbCdE-000001-2X H=mx [192.0.2.1] F=<a@b.example> {words}");
            let read = delivery(&Line::parse(&line)).unwrap();
            assert_eq!((read.outcome, read.reply.unwrap().to_string().as_str()), (Rejected, wanted));
        }
    }
}
