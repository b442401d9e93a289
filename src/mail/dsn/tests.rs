use super::*;
use crate::mail::{Message, failure::Failure};

/// Reads a report with both kinds of line ends.
fn read(raw: &str) -> Dsn {
    let dsn = Dsn::of(&Message::parse(raw)).unwrap();
    assert_eq!(Dsn::of(&Message::parse(raw.replace('\n', "\r\n"))).as_ref(), Some(&dsn), "line ends change nothing");
    dsn
}

fn reply(recipient: &RecipientStatus) -> (u16, &str, &str) {
    let reply = recipient.reply.as_ref().unwrap();
    (reply.code, reply.enhanced_status.as_deref().unwrap_or_default(), &reply.text)
}

#[test]
fn gmail() {
    let dsn = read(
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: probe.inbox@gmail.com\n\
         Content-Type: multipart/report; boundary=\"0000aa\"; report-type=delivery-status\n\n\
         --0000aa\nContent-Type: multipart/related; boundary=\"0000bb\"\n\n\
         --0000bb\nContent-Type: multipart/alternative; boundary=\"0000cc\"\n\n\
         --0000cc\nContent-Type: text/plain; charset=\"UTF-8\"\n\n** Message blocked **\n\nSee the details.\n--0000cc\n\
         Content-Type: text/html; charset=\"UTF-8\"\n\n<html></html>\n--0000cc--\n\
         --0000bb\nContent-Type: image/png; name=\"icon.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0=\n--0000bb--\n\
         --0000aa\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; googlemail.com\nReceived-From-MTA: dns; probe.inbox@gmail.com\n\
         Arrival-Date: Fri, 25 Sep 2020 05:00:00 -0700 (PDT)\nX-Original-Message-ID: <orig@mail.gmail.com>\n\n\
         Final-Recipient: rfc822; nobody@company.example\nAction: failed\nStatus: 5.1.1\n\
         Remote-MTA: dns; mx.company.example. (192.0.2.1, the server for the\n domain company.example.)\n\
         Diagnostic-Code: smtp; 550-5.1.1 The account does not exist. Please try\n 550-5.1.1 double-checking the address. 550 5.1.1 See the help\n\
         Last-Attempt-Date: Fri, 25 Sep 2020 05:00:01 -0700 (PDT)\n\n\
         --0000aa\nContent-Type: message/rfc822\n\nSubject: hello\n\nbody\n--0000aa--\n",
    );
    assert_eq!(dsn.reporting_mta.as_deref(), Some("googlemail.com"));
    assert_eq!(dsn.arrival_date.as_deref(), Some("Fri, 25 Sep 2020 05:00:00 -0700 (PDT)"));
    assert_eq!(dsn.original_message_id.as_deref(), Some("<orig@mail.gmail.com>"));
    assert_eq!(
        (dsn.returned, dsn.notification.as_str()),
        (Returned::Full, "** Message blocked **\n\nSee the details.")
    );
    let [recipient] = &dsn.recipients[..] else { panic!("{dsn:?}") };
    assert_eq!(recipient.final_recipient.as_deref(), Some("nobody@company.example"));
    assert_eq!((recipient.action.as_deref(), recipient.status.as_deref()), (Some("failed"), Some("5.1.1")));
    assert_eq!(
        recipient.remote_mta.as_deref(),
        Some("mx.company.example. (192.0.2.1, the server for the domain company.example.)")
    );
    assert_eq!(
        reply(recipient),
        (550, "5.1.1", "The account does not exist. Please try double-checking the address. See the help")
    );
}

#[test]
fn exchange_with_encoded_parts() {
    // Reporting-MTA: dns;ex.company.example … in base64, the notification in quoted-printable.
    let status = "UmVwb3J0aW5nLU1UQTogZG5zO2V4LmNvbXBhbnkuZXhhbXBsZQ0KDQpGaW5hbC1yZWNpcGllbnQ6\n\
                  IFJGQzgyMjsgbm9ib2R5QGNvbXBhbnkuZXhhbXBsZQ0KQWN0aW9uOiBGYWlsZWQNClN0YXR1czog\n\
                  NS4xLjEwIChub3QgZm91bmQpDQpEaWFnbm9zdGljLWNvZGU6IHNtdHA7NTUwIDUuMS4xMCBSRVNP\n\
                  TFZFUi5BRFIuUmVjaXBpZW50Tm90Rm91bmQNClgtRGlzcGxheS1OYW1lOiB4DQo=\n";
    let dsn = read(&format!(
        "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"b_1\"\n\n\
         --b_1\nContent-Type: multipart/alternative; differences=Content-Type;\n\tboundary=\"b_2\"\n\n\
         --b_2\nContent-Type: text/plain; charset=\"us-ascii\"\nContent-Transfer-Encoding: quoted-printable\n\n\
         Delivery has failed to these =\nrecipients=3A\n\n--b_2--\n\n\
         --b_1\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{status}\n\
         --b_1\nContent-Type: text/rfc822-headers\n\nMessage-ID:\n <orig@sender.example>\nSubject: x\n\n--b_1--\n"
    ));
    assert_eq!((dsn.reporting_mta.as_deref(), dsn.returned), (Some("ex.company.example"), Returned::Headers));
    assert_eq!(dsn.original_message_id.as_deref(), Some("<orig@sender.example>"));
    assert_eq!(dsn.notification, "Delivery has failed to these recipients:");
    let recipient = &dsn.recipients[0];
    assert_eq!((recipient.action.as_deref(), recipient.status.as_deref()), (Some("failed"), Some("5.1.10")));
    assert_eq!(recipient.diagnostic_code.as_deref(), Some("smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound"));
    assert_eq!(reply(recipient), (550, "5.1.10", "RESOLVER.ADR.RecipientNotFound"));
}

fn report(status: &str, rest: &str) -> String {
    format!(
        "Content-Type: multipart/report; boundary=b\n\n--b\n\nhello\n--b\nContent-Type: message/delivery-status\n\n{status}\n{rest}--b--\n"
    )
}

#[test]
fn several_recipients() {
    let dsn = read(&report(
        "Reporting-MTA: dns; mx.company.example\nOriginal-Envelope-Id: env 1\n\n\
         Original-Recipient: rfc822;a@company.example\nFinal-Recipient: rfc822;a@gmail.com\nAction: delivered\nStatus: 2.0.0\n \n\t\n\
         Final-Recipient: rfc822; b@gmail.com\nAction: delayed\nStatus: 4.7.28\nDiagnostic-Code: x-postfix; host gmail.example[192.0.2.1] said:\n 421-4.7.28 slow 421 4.7.28 down - gsmtp (in reply to end of DATA command)\nFinal-Recipient: rfc822; c@gmail.com\n",
        "",
    ));
    assert_eq!((dsn.original_envelope_id.as_deref(), dsn.returned), (Some("env 1"), Returned::None));
    let shown: Vec<_> = dsn
        .recipients
        .iter()
        .map(|r| (r.original_recipient.as_deref(), r.final_recipient.as_deref(), r.action.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("a@company.example"), Some("a@gmail.com"), Some("delivered")),
            (None, Some("b@gmail.com"), Some("delayed")),
            (None, Some("c@gmail.com"), None),
        ]
    );
    assert_eq!(reply(&dsn.recipients[1]), (421, "4.7.28", "slow down - gsmtp"));
    assert_eq!(dsn.recipients[0].reply, None);
}

#[test]
fn what_no_other_server_said_is_no_reply() {
    for (status, words, wanted) in [
        ("4.4.1", "The server of the recipient did not accept our requests to connect.", Some(Failure::NoConnection)),
        ("4.4.1", "no words that are known", Some(Failure::NoConnection)),
        ("4.4.2", "no words that are known", Some(Failure::ConnectionLost)),
        ("5.4.7", "no words that are known", Some(Failure::Expired)),
        ("4.4.4", "no words that are known", None),
    ] {
        let text = format!("Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: {status}\n");
        let dsn = read(&report(&format!("{text}Diagnostic-Code: smtp; {words}\n"), ""));
        assert_eq!((dsn.recipients[0].reply.as_ref(), dsn.recipients[0].failure), (None, wanted), "{status} {words}");
    }
    let text = "Final-Recipient: rfc822; a@b.example\nStatus: 5.7.1\nDiagnostic-Code: smtp; not wanted here\n";
    assert_eq!(reply(&read(&report(text, "")).recipients[0]), (550, "5.7.1", "not wanted here"));
}

#[test]
fn a_report_without_an_empty_line_or_any_field() {
    let dsn = read(&report(
        "Reporting-MTA: dns; mx.company.example\nFinal-Recipient: rfc822; a@gmail.com\nDiagnostic-Code: smtp; the server is gone\n",
        "",
    ));
    assert_eq!((dsn.recipients.len(), dsn.recipients[0].reply.as_ref()), (1, None));
    let dsn = read(&report("", "--b\nContent-Type: message/rfc822\n\nMessage-ID: <x@sender.example>\n"));
    assert_eq!((dsn.recipients.len(), dsn.original_message_id.as_deref()), (0, Some("<x@sender.example>")));
}

#[test]
fn other_mail_is_no_report() {
    for raw in [
        "Subject: hello\n\nmessage/delivery-status\n".to_owned(),
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/disposition-notification\n\nx\n--b--\n".to_owned(),
        format!("Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n{}--c--\n", report("Reporting-MTA: dns; x", "")),
        String::new(),
    ] {
        assert_eq!(Dsn::of(&Message::parse(raw.clone())), None, "{raw}");
    }
}

#[test]
fn a_report_is_serialised() {
    let json =
        serde_json::to_value(read(&report("Final-Recipient: rfc822; a@gmail.com\nStatus: 5.0.0\n", ""))).unwrap();
    assert_eq!((&json["returned"], &json["recipients"][0]["status"]), (&"none".into(), &"5.0.0".into()));
    assert_eq!(Returned::Headers.to_string(), "headers");
}
