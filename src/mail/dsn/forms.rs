//! Bounces of every server, in the forms that they write, each made by hand.

use super::*;
use crate::mail::{Message, failure::Failure};

/// What is read of a bounce: action, recipient, reply, failure.
fn told(raw: &str) -> Vec<(String, String, Option<String>, Option<Failure>)> {
    let dsn = Dsn::of(&Message::parse(raw)).unwrap_or_else(|| panic!("no bounce: {raw}"));
    let recipients = dsn.recipients.into_iter().map(|r| {
        let reply = r.reply.map(|reply| reply.to_string());
        (r.action.unwrap_or_default(), r.final_recipient.unwrap_or_default(), reply, r.failure)
    });
    recipients.collect()
}

/// One recipient that failed with a reply.
fn failed(recipient: &str, reply: &str) -> Vec<(String, String, Option<String>, Option<Failure>)> {
    vec![("failed".to_owned(), recipient.to_owned(), Some(reply.to_owned()), None)]
}

fn plain(from: &str, subject: &str, text: &str) -> String {
    format!("Return-Path: <>\nFrom: {from}\nTo: taro@sender.example\nSubject: {subject}\n\n{text}")
}

/// A report with this text and these fields of one recipient.
fn report(text: &str, fields: &str) -> String {
    format!(
        "Return-Path: <>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n{text}\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.company.example\n\n{fields}\n--b--\n"
    )
}

const SHOP: &str = "shop@receiver.example";
const NO: &str = "550 5.7.1 this mail is not wanted here";

#[test]
fn plain_forms_are_read() {
    for (name, raw) in [
        (
            "DragonFly",
            plain("MAILER-DAEMON <>", "Mail delivery failed", "This is the DragonFly Mail Agent v0.11 at mx.company.example.\n\nThere was an error delivering your mail to <shop@receiver.example>.\n\nmx.receiver.example [192.0.2.26] did not like our RCPT TO:\n550-5.7.1 this mail\n550 5.7.1 is not wanted here\n\nOriginal message follows.\n\nMessage-ID: <x@sender.example>\n\nhi\n"),
        ),
        (
            "qmail",
            plain("MAILER-DAEMON@mx.company.example", "failure notice", "Hi. This is the qmail-send program at mx.company.example.\n\n<shop@receiver.example>:\n192.0.2.26 does not like recipient.\nRemote host said: 550-5.7.1 this mail\n550 5.7.1 is not wanted here\nGiving up on 192.0.2.26.\n".replace("\nGiving up on 192.0.2.26.", "").as_str()),
        ),
        (
            "James",
            plain("postmaster@company.example", "Re: hello", "Hi. This is the James mail server at company.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\nFailed recipient(s):\nshop@receiver.example\n\nError message:\n550-5.7.1 this mail\n550 5.7.1 is not wanted here\n"),
        ),
        (
            "GMX",
            plain("\"Mail Delivery System\" <mailer-daemon@provider.example>", "Mail delivery failed", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered. The following address failed:\n\nshop@receiver.example:\nSMTP error from remote server for TEXT command, host: mx.receiver.example (192.0.2.26) reason: 550-5.7.1 this mail\n550 5.7.1 is not wanted here\n\n--- The header of the original message is following. ---\n\nMessage-ID: <x@sender.example>\n"),
        ),
        (
            "Yahoo",
            plain("MAILER-DAEMON@provider.example", "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<shop@receiver.example>:\n550: 5.7.1 this mail is not wanted here\n\n--- Original message follows.\n"),
        ),
        (
            "Exchange",
            plain("postmaster@company.example", "Undeliverable: hello", "Delivery has failed to these recipients:\n\nshop@receiver.example\nmx.receiver.example #<mx.receiver.example #5.7.1 smtp;550-5.7.1 this mail is not wanted here> #SMTP#\n"),
        ),
        (
            "of a carrier",
            plain("Postmaster@carrier.example", "Mail System Error - Returned Mail", "Could not be delivered to: <shop@receiver.example>\n\n550 5.7.1 this mail is not wanted here\n"),
        ),
    ] {
        assert_eq!(told(&raw), failed(SHOP, NO), "{name}");
    }
    let ironport = plain(
        "MAILER-DAEMON@mx.company.example",
        "Delivery Status Notification (Failure)",
        "The following message to <shop@receiver.example> was undeliverable.\nThe reason for the problem:\n5.1.0 - Unknown address error 550-'5.7.1 this mail is not wanted here'\n",
    );
    assert_eq!(told(&ironport)[0].2.as_deref(), Some("550 '5.7.1 this mail is not wanted here'"));
}

#[test]
fn a_warning_is_no_failure() {
    let exim = plain(
        "Mail Delivery System <Mailer-Daemon@mx.company.example>",
        "Warning: message 1AbCdE-000001-2X delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.company.example.\n\nThe address to which the message has not yet been delivered is:\n\n  shop@receiver.example\n    Delay reason: SMTP error from remote mail server after RCPT TO:<shop@receiver.example>:\n    host mx.receiver.example [192.0.2.26]: 451 4.7.1 later\n\nNo action is required on your part.\n",
    );
    let wanted = ("delayed".to_owned(), SHOP.to_owned(), Some("451 4.7.1 later".to_owned()), None);
    assert_eq!(told(&exim), [wanted]);
}

#[test]
fn a_report_is_completed_by_its_text() {
    let opensmtpd = report(
        "An error has occurred while attempting to deliver:\n\nshop@receiver.example: 550-5.7.1 this mail is not wanted here",
        "Final-Recipient: rfc822; shop@receiver.example\nAction: failed\nStatus: 5.0.0\n",
    );
    assert_eq!(told(&opensmtpd), failed(SHOP, NO), "the reply is in the text alone");
    let sendmail = report(
        "... while talking to mx.receiver.example.:\n>>> DATA\n<<< 550-5.7.1 this mail\n<<< 550 5.7.1 is not wanted here\n554 5.0.0 Service unavailable",
        "Final-Recipient: RFC822; shop@receiver.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: SMTP; 550-5.7.1 this mail\n",
    );
    assert_eq!(told(&sendmail), failed(SHOP, NO), "the field has the first line alone");
    for code in [
        "smtp;<mx.receiver.example #5.7.1 smtp;550-5.7.1 this mail is not wanted here>",
        "smtp; this mail is not wanted here (in reply to end of DATA command)",
    ] {
        let fields = format!(
            "Final-Recipient: rfc822;shop@receiver.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: {code}\n"
        );
        assert_eq!(told(&report("It failed.", &fields)), failed(SHOP, NO), "{code}");
    }
}

#[test]
fn a_server_s_own_words_are_no_reply() {
    for (action, code, wanted) in [
        (
            "failed",
            "X-Postfix; connect to mx.receiver.example[192.0.2.26]:25: Connection refused",
            Failure::NoConnection,
        ),
        (
            "delayed",
            "X-Postfix; lost connection with mx.receiver.example[192.0.2.26] while sending RCPT TO",
            Failure::ConnectionLost,
        ),
        ("failed", "X-Postfix; mail forwarding loop for info@company.example", Failure::Loop),
    ] {
        let fields = format!(
            "Final-Recipient: rfc822; shop@receiver.example\nAction: {action}\nStatus: 4.4.1\nDiagnostic-Code: {code}\n"
        );
        assert_eq!(
            told(&report("It failed.", &fields)),
            [(action.to_owned(), SHOP.to_owned(), None, Some(wanted))],
            "{code}"
        );
    }
}

#[test]
fn a_boundary_that_does_not_fit_hides_nothing() {
    let raw = report(
        "It failed.",
        &format!("Final-Recipient: rfc822; {SHOP}\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; {NO}\n"),
    );
    assert_eq!(told(&raw.replace("boundary=b", "boundary=\"other/mx\"")), failed(SHOP, NO));
}

#[test]
fn a_bounce_that_cannot_be_read_has_no_recipients() {
    let named = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\nnothing\n";
    assert_eq!(told(named), []);
    assert_eq!(told(&plain("MAILER-DAEMON@mx.company.example", "Undelivered mail", "It did not work out.\n")), []);
}

#[test]
fn mail_of_people_is_no_bounce() {
    for raw in [
        "From: a@sender.example\nSubject: Re: your mail was returned to sender\n\nSee: 550 5.1.1 no such user\n",
        "Return-Path: <>\nFrom: a@sender.example\nSubject: Out of office\n\nI am unable to deliver answers before Monday.\n",
        "From: postmaster@company.example\nSubject: Maintenance on Sunday\n\nThe server will be down.\n",
    ] {
        assert_eq!(Dsn::of(&Message::parse(raw)), None, "{raw}");
    }
}
