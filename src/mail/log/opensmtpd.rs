//! What OpenSMTPD writes of an envelope: `mta delivery evpid=… from=<…> to=<…> … result="PermFail" stat="550 …"`.

use super::{
    delivery::{Delivery, Outcome, Taker, angle},
    ids::queue_id_of,
    line::Line,
};
use crate::mail::reply::Reply;

pub(super) fn delivery<'l>(line: &Line<'l>) -> Option<Delivery<'l>> {
    let taker = match line.text.split_once(" delivery evpid=")?.0.rsplit(' ').next()? {
        "mta" => Taker::Server,
        "mda" => Taker::Mailbox,
        _ => return None,
    };
    let quoted = |mark: &str| Some(line.text.split_once(mark)?.1.split('"').next().unwrap_or_default());
    let outcome = match quoted(" result=\"")? {
        "Ok" => Outcome::Sent,
        "TempFail" => Outcome::Deferred,
        "PermFail" | "Loop" => Outcome::Bounced,
        "Expired" => Outcome::Expired,
        _ => return None,
    };
    let words = line.text.split_once(" stat=\"").map_or("", |(_, words)| words.strip_suffix('"').unwrap_or(words));
    let reply = if outcome == Outcome::Sent { None } else { Reply::parse(words) };
    // `192.0.2.26 (mx.receiver.example)`
    let host = quoted(" relay=\"").and_then(|relay| relay.split_once('(')?.1.strip_suffix(')'));
    let recipient = angle(line.text, " to=<").or_else(|| angle(line.text, " rcpt=<"));
    Some(Delivery::new(queue_id_of(line), recipient, outcome).by(taker, host).because(reply, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::failure::Failure;

    #[test]
    fn every_result_is_read() {
        use Outcome::*;
        for (result, stat, outcome, reply, failure) in [
            ("Ok", "250 2.0.0 OK", Sent, None, None),
            ("PermFail", "550-5.7.1 no \"never\"", Bounced, Some("550 5.7.1 no \"never\""), None),
            ("TempFail", "Network error on destination MXs", Deferred, None, Some(Failure::NoConnection)),
            ("TempFail", "Temporary failure in MX lookup", Deferred, None, Some(Failure::NoDnsAnswer)),
        ] {
            let line = format!(
                "Sep 21 10:00:07 mx smtpd[1]: 0661f42ce59882bb mta delivery evpid=67a9a85fd2772c0f from=<a@sender.example> to=<a@receiver.example> rcpt=<info@company.example> source=\"-\" relay=\"192.0.2.26\" delay=1s result=\"{result}\" stat=\"{stat}\""
            );
            let read = delivery(&Line::parse(&line)).unwrap();
            assert_eq!((read.queue_id, read.recipient), (Some("67a9a85f"), Some("a@receiver.example")));
            assert_eq!(
                (read.outcome, read.reply.map(|r| r.to_string()).as_deref(), read.failure),
                (outcome, reply, failure),
                "{line}"
            );
        }
    }
}
