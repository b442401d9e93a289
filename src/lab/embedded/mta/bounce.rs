//! Non-delivery reports (RFC 3464) as Postfix writes them.

use super::{Failure, MailServer, Queued, queue::date};
use crate::lab::embedded::smtp_server::{Envelope, Return};
use jiff::Timestamp;

/// A message longer than this is not returned whole.
const RETURNED_WHOLE: usize = 50_000;
/// The width of folded texts.
const WIDTH: usize = 80;

/// A report and its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounce {
    /// From the null reverse-path to the sender.
    pub envelope: Envelope,
    /// The report.
    pub message: String,
}

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'r> {
    /// Who reports.
    pub server: &'r MailServer,
    /// The queue id of the report.
    pub id: &'r str,
    /// The message that was not delivered.
    pub queued: &'r Queued,
    /// To whom, and why.
    pub failures: &'r [Failure],
    /// When it arrived.
    pub arrived: Timestamp,
    /// When the report is written.
    pub now: Timestamp,
}

impl Report<'_> {
    /// Writes the report for `to`: the sender, or who stands behind a rewritten sender. `None` when nobody is to be
    /// told: there is no sender, or it did not want to hear.
    pub(crate) fn write(&self, to: &str) -> Option<Bounce> {
        let Self { server: MailServer { host, domain, .. }, id, queued, failures, arrived, now } = *self;
        let told: Vec<_> = failures.iter().filter(|f| f.recipient.wants_failure()).collect();
        if to.is_empty() || queued.envelope.sender.is_empty() || told.is_empty() {
            return None;
        }
        let boundary = format!("{}.{}/{host}", queued.id, now.as_second());
        let human: String = told.iter().map(|failure| format!("\r\n{}\r\n", human(failure))).collect();
        let reports: String = told.iter().map(|failure| format!("\r\n{}", report(failure))).collect();
        let envelope_id = queued.envelope.id.as_ref().map(|id| format!("Original-Envelope-Id: {id}\r\n"));
        let returned = returned(queued);
        let message = format!(
            "Received: by {host} (Postfix)\r\n\tid {id}; {now}\r\n\
         Date: {now}\r\n\
         From: Mail Delivery System <MAILER-DAEMON@{domain}>\r\n\
         Subject: Undelivered Mail Returned to Sender\r\n\
         To: {to}\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         Message-Id: <{stamp}.{id}@{host}>\r\n\
         \r\n\
         This is a MIME-encapsulated message.\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Description: Notification\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         \r\n\
         This is the mail system at host {host}.\r\n\
         \r\n\
         Your message could not be delivered to the recipients below.\r\n\
         The full answer of the next server follows each of them.\r\n\
         \r\n                   The mail system\r\n\
         {human}\r\n\
         --{boundary}\r\n\
         Content-Description: Delivery report\r\n\
         Content-Type: message/delivery-status\r\n\
         \r\n\
         Reporting-MTA: dns; {host}\r\n\
         {envelope_id}X-Postfix-Queue-ID: {queue_id}\r\n\
         X-Postfix-Sender: rfc822; {sender}\r\n\
         Arrival-Date: {arrived}\r\n\
         {reports}\r\n\
         --{boundary}\r\n\
         {returned}\r\n\
         --{boundary}--\r\n",
            stamp = now.strftime("%Y%m%d%H%M%S"),
            now = date(now),
            arrived = date(arrived),
            envelope_id = envelope_id.unwrap_or_default(),
            queue_id = queued.id,
            sender = queued.envelope.sender,
        );
        Some(Bounce { envelope: Envelope::new("", &[to]), message })
    }
}

/// The part that returns the message, or its header section where the sender wants no more or it is long.
fn returned(queued: &Queued) -> String {
    let whole = queued.envelope.ret != Some(Return::Headers) && queued.message.len() <= RETURNED_WHOLE;
    let (description, content_type) = if whole {
        ("Undelivered Message", "message/rfc822")
    } else {
        ("Undelivered Message Headers", "text/rfc822-headers")
    };
    let header_end = memchr::memmem::find(&queued.message, b"\r\n\r\n").map_or(queued.message.len(), |at| at + 2);
    let bytes = if whole { &queued.message[..] } else { &queued.message[..header_end] };
    // A report is text: bytes that are no UTF-8 are replaced.
    let text = String::from_utf8_lossy(bytes);
    format!(
        "Content-Description: {description}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Return-Path: <{}>\r\n{text}",
        queued.envelope.sender
    )
}

fn human(failure: &Failure) -> String {
    let mut text = format!("<{}>", failure.recipient.address);
    if let Some(original) = original(failure) {
        text.push_str(&format!(" (expanded from <{original}>)"));
    }
    match &failure.said {
        Some((host, stage)) => text.push_str(&format!(
            ": host {}[{}] said: {} (in reply to {})",
            host.host,
            host.address,
            failure.diagnostic,
            stage.as_str()
        )),
        None => text.push_str(&format!(": {}", failure.diagnostic)),
    }
    folded(&text)
}

fn original(failure: &Failure) -> Option<&str> {
    let address = failure.recipient.original.as_deref()?.strip_prefix("rfc822;")?.trim();
    (!address.eq_ignore_ascii_case(&failure.recipient.address)).then_some(address)
}

fn report(failure: &Failure) -> String {
    let mut out = format!("Final-Recipient: rfc822; {}\r\n", failure.recipient.address);
    if let Some(original) = &failure.recipient.original {
        out.push_str(&format!("Original-Recipient: {original}\r\n"));
    }
    out.push_str(&format!("Action: failed\r\nStatus: {}\r\n", failure.status));
    match &failure.said {
        Some((host, _)) => {
            out.push_str(&format!("Remote-MTA: dns; {}\r\n", host.host));
            out.push_str(&folded(&format!("Diagnostic-Code: smtp; {}", failure.diagnostic)));
        }
        None => out.push_str(&folded(&format!("Diagnostic-Code: X-Postfix; {}", failure.diagnostic))),
    }
    out + "\r\n"
}

/// The text in lines of at most [`WIDTH`] characters where its spaces allow it, the later ones indented.
fn folded(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 {
            if width + 1 + length > WIDTH && !word.is_empty() {
                out.push_str("\r\n   ");
                width = 3;
            }
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::{
        net::Exchanger,
        smtp_client::Stage,
        smtp_server::{Notify, Recipient, Status},
    };

    const MESSAGE: &[u8] = b"Subject: hi\r\nMessage-ID: <1@ext.example>\r\n\r\nbody \xff\r\n";

    fn failure() -> Failure {
        Failure {
            recipient: Recipient {
                address: "probe.inbox@gmail.com".into(),
                original: Some("rfc822;info@corp.example".into()),
                notify: Notify::Default,
            },
            status: Status(5, 7, 26),
            diagnostic: format!("550-5.7.26 {} 550 5.7.26 end - gsmtp", "word ".repeat(30).trim()),
            said: Some((
                Exchanger { host: "gmail-smtp-in.l.google.com".into(), address: [203, 0, 113, 26].into() },
                Stage::EndOfData,
            )),
        }
    }

    fn write(change: impl FnOnce(&mut Queued, &mut Vec<Failure>)) -> Option<Bounce> {
        let mut queued = Queued {
            id: "4F2A1".into(),
            envelope: Envelope::new("probe@ext.example", &["probe.inbox@gmail.com"]),
            message: MESSAGE.to_vec(),
        };
        let mut failures = vec![failure()];
        change(&mut queued, &mut failures);
        let now = "2026-11-24T02:45:37Z".parse().unwrap();
        let server = &MailServer::new("mx.corp.example", "corp.example", [198, 51, 100, 20].into());
        Report { server, id: "15DFE", queued: &queued, failures: &failures, arrived: now, now }
            .write("probe@ext.example")
    }

    #[test]
    fn the_report_has_three_parts_and_the_fields() {
        let bounce = write(|_, _| {}).unwrap();
        assert_eq!(bounce.envelope, Envelope::new("", &["probe@ext.example"]));
        let text = &bounce.message;
        for line in [
            "From: Mail Delivery System <MAILER-DAEMON@corp.example>",
            "Final-Recipient: rfc822; probe.inbox@gmail.com",
            "Original-Recipient: rfc822;info@corp.example",
            "Action: failed",
            "Status: 5.7.26",
            "Remote-MTA: dns; gmail-smtp-in.l.google.com",
            "Content-Type: message/rfc822",
            "Return-Path: <probe@ext.example>",
            "Message-ID: <1@ext.example>",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches("--4F2A1.1795488337/mx.corp.example").count(), 4);
        let unfolded = text.replace("\r\n    ", " ");
        assert!(unfolded.contains(&format!("Diagnostic-Code: smtp; {}\r\n", failure().diagnostic)), "{unfolded}");
        assert!(
            unfolded.contains("(expanded from <info@corp.example>): host gmail-smtp-in.l.google.com[203.0.113.26]")
        );
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    }

    #[test]
    fn headers_only_where_asked_for_or_too_big() {
        for bounce in [
            write(|queued, _| queued.envelope.ret = Some(Return::Headers)),
            write(|queued, _| queued.message.extend(vec![b'x'; 60_000])),
        ] {
            let text = bounce.unwrap().message;
            assert!(text.contains("text/rfc822-headers") && text.contains("Subject: hi") && !text.contains("body"));
        }
    }

    #[test]
    fn nobody_is_told_who_must_not_or_will_not_hear() {
        assert_eq!(write(|queued, _| queued.envelope.sender.clear()), None);
        assert_eq!(write(|_, failures| failures[0].recipient.notify = Notify::Never), None);
    }

    #[test]
    fn a_temporary_failure_that_is_given_up_keeps_its_status() {
        let bounce = write(|_, failures| failures[0].status = Status(4, 4, 1)).unwrap();
        assert!(bounce.message.contains("\r\nStatus: 4.4.1\r\n"));
    }
}
