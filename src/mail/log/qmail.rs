//! What qmail-send writes: it counts messages and deliveries, and names no Message-ID. A `Received` field of the mail tells the
//! process that queued it, `(qmail 3412 invoked by uid 89)`, and so does the log, `info msg 8389: … qp 3412 uid 89`.

use super::{
    delivery::{Delivery, Outcome, Taker},
    line::Line,
    queue_id_forms::is_number,
};
use crate::mail::reply::Reply;

/// A line of qmail-send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry<'l> {
    /// A message gets its number.
    New { message: &'l str },
    /// Who queued it.
    Info { message: &'l str, process: &'l str },
    /// A delivery gets its number.
    Starts(Start<'l>),
    /// What became of a delivery.
    Ends { delivery: &'l str, rest: &'l str },
    /// The number of the message is free again.
    Over { message: &'l str },
    /// Anything else about a message.
    Other { message: &'l str },
}

/// The beginning of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start<'l> {
    /// `delivery 5`.
    pub delivery: &'l str,
    /// `msg 8389`.
    pub message: &'l str,
    /// To whom.
    pub recipient: &'l str,
}

/// `qp 3412` of `(qmail 3412 invoked by uid 89)`, the value of a `Received` field.
pub fn queued_by(received: &str) -> Option<String> {
    let process = received.trim_start().strip_prefix("(qmail ")?.split(' ').next()?;
    is_number(process).then(|| format!("qp {process}"))
}

impl<'l> Entry<'l> {
    pub(super) fn of(line: &Line<'l>) -> Option<Self> {
        if !matches!(line.program, None | Some("qmail" | "qmail-send")) {
            return None;
        }
        // splogger and accustamp write the seconds since 1970 before it.
        let text = match line.text.split_once(' ') {
            Some((time, rest)) if time.split_once('.').is_some_and(|(a, b)| is_number(a) && is_number(b)) => rest,
            _ => line.text,
        };
        let (verb, rest) = text.split_once(' ')?;
        match verb {
            "new" => Some(Self::New { message: numbered(rest, "msg ")?.0 }),
            "end" => Some(Self::Over { message: numbered(rest, "msg ")?.0 }),
            "info" => {
                let (message, rest) = numbered(rest, "msg ")?;
                let at = rest.rfind(" qp ")?;
                Some(Self::Info { message, process: numbered(&rest[at + 1..], "qp ")?.0 })
            }
            "starting" => {
                let (delivery, rest) = numbered(rest, "delivery ")?;
                let (message, rest) = numbered(rest.strip_prefix(": ")?, "msg ")?;
                let recipient = rest.strip_prefix(" to ")?.split_once(' ')?.1;
                Some(Self::Starts(Start { delivery, message, recipient }))
            }
            "delivery" => {
                let (delivery, rest) = numbered(text, "delivery ")?;
                Some(Self::Ends { delivery, rest: rest.strip_prefix(": ")? })
            }
            "bounce" => Some(Self::Other { message: numbered(rest, "msg ")?.0 }),
            _ => None,
        }
    }

    /// What ties it to other lines: the message, or the delivery where it names none.
    pub(super) fn id(self) -> &'l str {
        match self {
            Self::New { message } | Self::Info { message, .. } | Self::Over { message } | Self::Other { message } => {
                message
            }
            Self::Starts(start) => start.message,
            Self::Ends { delivery, .. } => delivery,
        }
    }
}

/// A word and the number behind it, and what follows.
fn numbered<'l>(text: &'l str, word: &str) -> Option<(&'l str, &'l str)> {
    let digits = text.strip_prefix(word)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (end > 0).then(|| text.split_at(word.len() + end))
}

/// What became of a delivery; to whom it was, its [`Start`] tells.
pub(super) fn delivery<'l>(line: &Line<'l>) -> Option<Delivery<'l>> {
    let Entry::Ends { delivery, rest } = Entry::of(line)? else { return None };
    let (word, words) = rest.split_once(": ").unwrap_or((rest, ""));
    let outcome = match word {
        "success" => Outcome::Sent,
        "failure" => Outcome::Bounced,
        "deferral" => Outcome::Deferred,
        _ => return None,
    };
    // Blanks and line ends are written as `_` and `/`.
    let words = words.replace('_', " ");
    let said = words.split_once("Remote host said: ").map(|(_, said)| said);
    let reply = said.and_then(|said| {
        let end = said.find("/Giving up on ").unwrap_or(said.len());
        Reply::find(&said[..end].trim_end_matches('/').replace('/', "\n"))
    });
    let taker = match () {
        () if said.is_some() => Taker::Server,
        // Mailboxes, forwards and programs are counted.
        () if words.starts_with("did ") && !words.starts_with("did 0+") => Taker::Mailbox,
        () if words.starts_with("did ") => Taker::Program,
        () => Taker::Unknown,
    };
    let reply = if outcome == Outcome::Sent { None } else { reply };
    Some(Delivery::new(Some(delivery), None, outcome).by(taker, None).because(reply, &words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{
        failure::Failure,
        log::{Ids, about_ids},
    };

    #[test]
    fn every_end_of_a_delivery_is_read() {
        use {Outcome::*, Taker::*};
        for (rest, outcome, taker, reply, failure) in [
            ("success: 192.0.2.26_accepted_message./Remote_host_said:_250_ok/", Sent, Server, None, None),
            ("success: did_1+0+0/", Sent, Mailbox, None, None),
            ("success: did_0+1+0/qp_3500/", Sent, Program, None, None),
            (
                "failure: 192.0.2.26_does_not_like_recipient./Remote_host_said:_550-5.7.1_no/550_5.7.1_never/Giving_up_on_192.0.2.26./",
                Bounced,
                Server,
                Some("550 5.7.1 no never"),
                None,
            ),
            (
                "failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/",
                Bounced,
                Unknown,
                None,
                Some(Failure::UnknownRecipient),
            ),
            (
                "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
                Deferred,
                Unknown,
                None,
                Some(Failure::NoConnection),
            ),
        ] {
            for prefix in
                ["@400000006ab081a11dcd6500 ", "1789952407.123456 ", "Sep 21 10:00:07 mx qmail: 1789952407.123456 ", ""]
            {
                let line = format!("{prefix}delivery 5: {rest}");
                let read = delivery(&Line::parse(&line)).unwrap_or_else(|| panic!("{line}"));
                assert_eq!((read.queue_id, read.outcome, read.taker), (Some("delivery 5"), outcome, taker), "{line}");
                assert_eq!((read.reply.map(|r| r.to_string()).as_deref(), read.failure), (reply, failure), "{line}");
            }
        }
    }

    #[test]
    fn the_process_that_queued_a_message_leads_to_its_lines() {
        let message = |number: &str, process: &str, delivery: &str, at: u32| {
            [
                format!("new msg {number}"),
                format!("info msg {number}: bytes 900 from <a qp 3412@sender.example> qp {process} uid 89"),
                format!("starting delivery {delivery}: msg {number} to remote shop@receiver.example"),
                "status: local 0/10 remote 1/20".to_owned(),
                format!("delivery {delivery}: success: 192.0.2.26_accepted_message./Remote_host_said:_250_ok/"),
                format!("end msg {number}"),
            ]
            .into_iter()
            .zip(at..)
            .map(|(text, second)| format!("17899524{second}.5 {text}"))
            .collect::<Vec<_>>()
        };
        // The number of the message and that of the delivery are used again.
        let log = [
            message("7", "11", "4", 10),
            message("7", "3412", "5", 20),
            message("7", "12", "6", 30),
            message("9", "13", "5", 40),
        ];
        let log = log.concat();
        let mut ids = Ids::of("<x@sender.example>").or_queue_ids(queued_by("(qmail 3412 invoked by uid 89); today"));
        log.iter().for_each(|line| ids.learn(line));
        assert_eq!(about_ids(&log, &ids), [6, 7, 8, 10, 11]);
        assert_eq!(queued_by("from a by b with SMTP"), None);
    }
}
