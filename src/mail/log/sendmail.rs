//! What sendmail writes of its recipients: `to=<…>, …, mailer=esmtp, …, relay=…, dsn=5.1.1, reply=550 …, stat=User unknown`.

use super::{
    delivery::{Delivery, Outcome, Taker, angle},
    ids::queue_id_of,
    line::Line,
};
use crate::mail::reply::Reply;

/// How many recipients of a line are read.
const MOST: usize = 100;

pub(super) fn deliveries<'l>(line: &Line<'l>) -> Vec<Delivery<'l>> {
    let Some(queue_id) = queue_id_of(line) else { return Vec::new() };
    let Some(text) = line.text.strip_prefix(queue_id).and_then(|t| t.strip_prefix(": ")) else { return Vec::new() };
    let Some(text) = text.strip_prefix("to=") else { return rejection(queue_id, text).into_iter().collect() };
    let Some((fields, status)) = text.split_once(", stat=") else { return Vec::new() };
    let field = |name: &str| fields.split(", ").find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
    let outcome = match status.split([' ', ':', ',']).next() {
        Some("Sent") => Outcome::Sent,
        Some("Deferred") => Outcome::Deferred,
        Some("queued") => return Vec::new(),
        _ if field("dsn").is_some_and(|dsn| dsn.starts_with('4')) => Outcome::Deferred,
        _ => Outcome::Bounced,
    };
    let taker = match field("mailer") {
        Some("esmtp" | "smtp" | "relay" | "smtp8" | "dsmtp") => Taker::Server,
        Some("local" | "*file*") => Taker::Mailbox,
        Some(_) => Taker::Program,
        None => Taker::Unknown,
    };
    let host = field("relay").and_then(|relay| relay.split(' ').next()).map(|host| host.trim_end_matches('.'));
    let said = fields.split_once(", reply=").map(|(_, reply)| reply);
    let reply =
        if outcome == Outcome::Sent { None } else { said.and_then(Reply::parse).or_else(|| Reply::find(status)) };
    let recipients = fields.split(", ").next().unwrap_or_default().split(',').take(MOST);
    let one = |to: &'l str| {
        Delivery::new(Some(queue_id), Some(to.trim_matches(['<', '>'])), outcome)
            .by(taker, host)
            .because(reply.clone(), status)
    };
    recipients.map(one).collect()
}

/// `Milter: data, reject=554 5.7.1 …`, `ruleset=check_rcpt, arg1=<…>, relay=…, reject=550 5.7.1 …`
fn rejection<'l>(queue_id: &'l str, text: &'l str) -> Option<Delivery<'l>> {
    let is_rule = ["Milter", "milter=", "ruleset="].iter().any(|by| text.starts_with(by));
    if !is_rule {
        return None;
    }
    let (what, words) = text.split_once(", reject=")?;
    let recipient = angle(what, " to=<").or_else(|| angle(what, "check_rcpt, arg1=<"));
    Some(Delivery { reply: Reply::parse(words), ..Delivery::new(Some(queue_id), recipient, Outcome::Rejected) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::failure::Failure;

    #[test]
    fn every_status_is_read() {
        use {Outcome::*, Taker::*};
        for (rest, outcome, taker, reply, failure) in [
            (
                "mailer=esmtp, pri=1, relay=mx.receiver.example. [192.0.2.26], dsn=2.0.0, stat=Sent (OK 1790000000)",
                Sent,
                Server,
                None,
                None,
            ),
            ("mailer=local, pri=1, dsn=2.0.0, stat=Sent", Sent, Mailbox, None, None),
            (
                "mailer=esmtp, relay=mx.receiver.example. [192.0.2.26], dsn=5.7.1, reply=550-5.7.1 no, never, stat=Service unavailable",
                Bounced,
                Server,
                Some("550 5.7.1 no, never"),
                None,
            ),
            (
                "mailer=esmtp, relay=mx.receiver.example., dsn=4.0.0, stat=Deferred: Connection timed out with mx.receiver.example.",
                Deferred,
                Server,
                None,
                Some(Failure::NoConnection),
            ),
            (
                "mailer=esmtp, relay=mx.receiver.example., dsn=4.7.0, stat=Deferred: 421 4.7.0 later",
                Deferred,
                Server,
                Some("421 4.7.0 later"),
                None,
            ),
            (
                "mailer=esmtp, relay=x.example, dsn=5.1.2, stat=Host unknown (Name server: x.example: host not found)",
                Bounced,
                Server,
                None,
                Some(Failure::NoSuchDomain),
            ),
            ("mailer=local, dsn=5.1.1, stat=User unknown", Bounced, Mailbox, None, Some(Failure::UnknownRecipient)),
        ] {
            let line = format!(
                "Sep 21 10:00:07 mx sm-mta[107]: 68L107ab000106: to=<a@receiver.example>,<b@receiver.example>, delay=00:00:01, {rest}"
            );
            let all = deliveries(&Line::parse(&line));
            assert_eq!(
                all.iter().map(|d| d.recipient).collect::<Vec<_>>(),
                [Some("a@receiver.example"), Some("b@receiver.example")]
            );
            let read = all.into_iter().next().unwrap();
            let read = (read.outcome, read.taker, read.reply.map(|r| r.to_string()), read.failure);
            assert_eq!(read, (outcome, taker, reply.map(str::to_owned), failure), "{line}");
        }
        for (rest, wanted) in [
            ("Milter: data, reject=554 5.7.1 not wanted here", "554 5.7.1 not wanted here"),
            ("Milter: to=<a@b.example>, reject=451 4.7.1 later", "451 4.7.1 later"),
            ("ruleset=check_rcpt, arg1=<a@b.example>, relay=x, reject=550 5.7.1 no", "550 5.7.1 no"),
        ] {
            let line = format!("mx sm-mta[1]: 68L107ab000106: {rest}");
            let [read] = &deliveries(&Line::parse(&line))[..] else { panic!("{line}") };
            assert_eq!((read.outcome, read.reply.as_ref().unwrap().to_string().as_str()), (Rejected, wanted));
        }
        assert!(deliveries(&Line::parse("mx sm-mta[1]: 68L107ab000106: to=<a@b.example>, stat=queued")).is_empty());
        assert!(
            deliveries(&Line::parse("mx sm-mta[1]: 68L107ab000106: from=<a@b.example>, msgid=<x@y.example>"))
                .is_empty()
        );
    }
}
