//! Gmail's texts, as bounces of several servers wrap them.

use super::*;
use crate::mail::Message;
use proptest::prelude::*;

fn recipient(action: &str, status: &str, diagnostic: &str) -> RecipientStatus {
    let text = format!(
        "Content-Type: multipart/report; boundary=b\n\n--b\n\nFailed.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.company.example\n\nFinal-Recipient: rfc822; probe.inbox@gmail.com\n{action}{status}\
         Diagnostic-Code: {diagnostic}\n\n--b--\n"
    );
    Dsn::of(&Message::parse(text)).unwrap().recipients.remove(0)
}

fn told(diagnostic: &str) -> (Option<&'static str>, Option<Cause>, Outlook) {
    let told = refusal(&recipient("", "", diagnostic), Lang::En);
    (told.known_as, told.diagnosis, told.outlook)
}

#[test]
fn gmail_s_texts_of_every_year_are_known() {
    use Outlook::{Final, Transient};
    for (diagnostic, name, code, outlook) in [
        (
            "smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated. 550-5.7.26 Gmail requires all 550 5.7.26 https://support.google.com/mail/answer/81126#authentication a1 - gsmtp",
            "sender is unauthenticated",
            Some(Cause::D01),
            Final,
        ),
        (
            "smtp; 550-5.7.26 This message does not have authentication information or fails to 550-5.7.26 pass authentication checks. 550 5.7.26 information. a1 - gsmtp",
            "sender is unauthenticated",
            Some(Cause::D01),
            Final,
        ),
        (
            "smtp; 421-4.7.26 This mail has been rate limited because it is 421-4.7.26 unauthenticated. Gmail 421 4.7.26 a1 - gsmtp",
            "sender is unauthenticated",
            Some(Cause::D01),
            Transient,
        ),
        (
            "smtp; 550-5.7.26 The MAIL FROM domain [a.example] has an SPF record with a hard fail 550-5.7.26 policy (-all) but it fails 550 5.7.26 a1 - gsmtp",
            "SPF hard fail",
            Some(Cause::D02),
            Final,
        ),
        (
            "smtp; 550-5.7.26 Unauthenticated email from a.example is not accepted due to 550-5.7.26 domain's DMARC policy. 550 5.7.26 a1 - gsmtp",
            "DMARC policy",
            Some(Cause::D03),
            Final,
        ),
        // The enhanced status of the same text was 5.7.1 before 2021.
        (
            "smtp; 550-5.7.1 Unauthenticated email from a.example is not accepted due to domain's 550 5.7.1 DMARC policy. a1 - gsmtp",
            "DMARC policy",
            Some(Cause::D03),
            Final,
        ),
        (
            "smtp; 451-4.7.26 Unauthenticated email from a.example is not accepted due to domain's 451 4.7.26 DMARC policy, but temporary DNS failures",
            "DMARC policy",
            Some(Cause::D03),
            Transient,
        ),
        (
            "smtp; 550-5.7.40 This mail has been blocked because the sending domain a.example doesn't have a DMARC record, or the DMARC record doesn't specify a 550 5.7.40 DMARC policy. a1 - gsmtp",
            "no DMARC record",
            Some(Cause::D24),
            Final,
        ),
        (
            "smtp; 550-5.7.1 [198.51.100.7      12] Our system has detected that this message is 550-5.7.1 likely unsolicited mail. 550 5.7.1 a1 - gsmtp",
            "likely unsolicited",
            Some(Cause::D04),
            Final,
        ),
        (
            "smtp; 550-5.7.1 [198.51.100.7] Our system has detected that this message is likely 550-5.7.1 suspicious due to the very low reputation of the sending IP address. 550 5.7.1 a1",
            "likely unsolicited",
            Some(Cause::D04),
            Final,
        ),
        (
            "smtp; 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail 421 4.7.28 a1 - gsmtp",
            "unusual rate of mail",
            Some(Cause::D05),
            Transient,
        ),
        (
            "smtp; 421-4.7.28 Gmail has detected you exceeded the quota for sending messages that have the 421 4.7.28 same Message-ID. a1 - gsmtp",
            "same Message-ID too often",
            Some(Cause::D06),
            Transient,
        ),
        (
            "smtp; 550-5.7.25 [198.51.100.7] The IP address sending this message does not have a 550-5.7.25 PTR record setup 550 5.7.25 a1 - gsmtp",
            "no PTR record",
            Some(Cause::D07),
            Final,
        ),
        (
            "smtp; 550-5.7.1 [2001:db8::7] Our system has detected that this message does not meet 550-5.7.1 IPv6 sending guidelines regarding PTR records and authentication. 550 5.7.1 a1",
            "no PTR record",
            Some(Cause::D07),
            Final,
        ),
        (
            "smtp; 550-5.7.1 Our system has detected that this message is not RFC 2822 550 5.7.1 compliant. a1 - gsmtp",
            "breaks RFC 5322",
            Some(Cause::D08),
            Final,
        ),
        ("smtp; 530 5.7.0 Must issue a STARTTLS command first. a1 - gsmtp", "no TLS", Some(Cause::D09), Final),
        (
            "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking 550 5.1.1 a1 - gsmtp",
            "no such user",
            Some(Cause::D14),
            Final,
        ),
        (
            "smtp; 550 5.2.1 The email account that you tried to reach is disabled. a1 - gsmtp",
            "mailbox is inactive",
            Some(Cause::D16),
            Final,
        ),
        (
            "smtp; 450-4.2.1 The user you are trying to contact is receiving mail too quickly. 450 4.2.1 a1 - gsmtp",
            "receives too quickly",
            Some(Cause::D17),
            Transient,
        ),
        (
            "smtp; 450-4.2.1 The user you are trying to contact is receiving mail at a rate that 450 4.2.1 prevents additional messages from being delivered. a1",
            "receives too quickly",
            Some(Cause::D17),
            Transient,
        ),
        (
            "smtp; 452-4.2.2 The email account that you tried to reach is over quota. 452 4.2.2 a1 - gsmtp",
            "mailbox is full",
            Some(Cause::D15),
            Transient,
        ),
        (
            "smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive. 552 5.2.2 a1 - gsmtp",
            "mailbox is full",
            Some(Cause::D15),
            Final,
        ),
        (
            "smtp; 552-5.3.4 Your message exceeded Google's message size limits. 552 5.3.4 a1 - gsmtp",
            "message is too big",
            Some(Cause::D19),
            Final,
        ),
        (
            "smtp; 554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. a1 - gsmtp",
            "mail loop",
            Some(Cause::D22),
            Final,
        ),
        (
            "smtp; 550-5.7.30 This mail has been blocked because DKIM does not pass. 550 5.7.30 a1 - gsmtp",
            "bulk mail without DKIM",
            Some(Cause::D23),
            Final,
        ),
        (
            "smtp; 421 4.7.0 Try again later, closing connection. a1 - gsmtp",
            "try again later",
            Some(Cause::D39),
            Transient,
        ),
        // Words that nobody knows, and a status that only one text has.
        ("smtp; 550 5.7.29 something new about encryption. a1 - gsmtp", "no TLS", Some(Cause::D09), Final),
    ] {
        assert_eq!(told(diagnostic), (Some(name), code, outlook), "{diagnostic}");
    }
    assert_eq!(told("smtp; 550 5.7.99 something else"), (None, None, Final));
}

#[test]
fn what_the_report_decided_counts_more_than_the_reply() {
    let outlook = |action: &str, status: &str, diagnostic: &str| outlook(&recipient(action, status, diagnostic));
    let busy = "smtp; 451 4.3.0 busy";
    assert_eq!(outlook("Action: delayed\n", "Status: 4.4.1\n", busy), Outlook::Transient);
    // Five days later the server gave up.
    assert_eq!(outlook("Action: failed\n", "Status: 4.4.7\n", busy), Outlook::Final);
    assert_eq!(outlook("", "Status: 5.0.0\n", "x-unix; it broke"), Outlook::Final);
    assert_eq!(outlook("", "Status: 4.0.0\n", "x-unix; it broke"), Outlook::Transient);
    assert_eq!(outlook("", "", "x-unix; it broke"), Outlook::Unknown);
}

#[test]
fn every_recipient_that_got_nothing_is_told_in_both_languages() {
    let mut dsn = Dsn::of(&Message::parse(
        "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n--b--\n",
    ))
    .unwrap();
    let mut arrived = recipient("Action: relayed\n", "Status: 2.0.0\n", "smtp; 250 OK");
    arrived.final_recipient = Some("arrived@gmail.com".into());
    dsn.recipients = vec![arrived, recipient("Action: failed\n", "Status: 5.2.2\n", "smtp; 552 5.2.2 over quota")];
    for (lang, next) in [
        (Lang::En, "the owner of the mailbox makes room, or buys more"),
        (Lang::Ja, "メールボックスの持ち主が容量を空けるか増やす"),
    ] {
        let told = refusals(&dsn, lang);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].code, told[0].status.as_deref(), told[0].next), (Some(552), Some("5.2.2"), next));
        assert_eq!(told[0].text.as_deref(), Some("over quota"));
    }
}

/// What a reply of a host is known as, and whether by its words.
fn cause_at(host: &str, reply: &str) -> Option<(Cause, bool)> {
    cause(&Reply::parse(reply).unwrap(), Some(host).filter(|host| !host.is_empty()))
}

#[test]
fn a_status_code_means_what_its_speaker_means_by_it() {
    const GOOGLE: &str = "gmail-smtp-in.l.google.com";
    const MICROSOFT: &str = "company-example.mail.protection.outlook.com";
    for (code, google, microsoft, other) in [
        ("550 5.7.29", Some(Cause::D09), Some(Cause::D29), Some(Cause::D29)),
        ("550 5.7.30", Some(Cause::D23), Some(Cause::D30), Some(Cause::D30)),
        ("550 5.7.23", Some(Cause::D07), Some(Cause::D28), Some(Cause::D28)),
        ("550 5.7.27", Some(Cause::D28), Some(Cause::D32), Some(Cause::D32)),
        ("450 4.2.1", Some(Cause::D17), Some(Cause::D16), Some(Cause::D16)),
        ("550 5.2.1", None, Some(Cause::D16), Some(Cause::D16)),
        ("421 4.4.5", Some(Cause::D39), Some(Cause::D39), Some(Cause::D39)),
        ("550 5.4.5", Some(Cause::D18), None, None),
        ("550 5.1.10", None, Some(Cause::D14), Some(Cause::D34)),
        ("550 5.7.515", None, Some(Cause::D01), None),
        ("550 5.3.0", None, None, None),
        ("550 5.7.26", None, None, None),
    ] {
        let reply = format!("{code} No.");
        let of = |host| {
            cause_at(host, &reply).inspect(|(_, by_words)| assert!(!by_words, "{reply}")).map(|(cause, _)| cause)
        };
        assert_eq!([of(GOOGLE), of(MICROSOFT), of("mx.receiver.example")], [google, microsoft, other], "{code}");
        assert_eq!(
            [of(""), cause_at("", &format!("{reply} a1 - gsmtp")).map(|(cause, _)| cause)],
            [other, google],
            "{code}"
        );
    }
}

#[test]
fn replies_of_other_servers_are_known_by_their_words() {
    for (reply, cause) in [
        (
            "550 5.1.1 <taro@receiver.test>: Recipient address rejected: User unknown in local recipient table",
            Cause::D14,
        ),
        ("550 5.2.1 unknown user", Cause::D14),
        ("552 5.2.2 <taro@receiver.test>: user is over quota", Cause::D15),
        ("550 5.2.1 This account has been disabled", Cause::D16),
        ("552 5.3.4 Message size exceeds fixed maximum message size", Cause::D19),
        ("554 5.7.1 Client host [192.0.2.9] blocked using bl.list.test", Cause::D21),
        ("554 5.4.0 Error: too many hops", Cause::D22),
        ("554 5.7.1 <taro@receiver.test>: Relay access denied", Cause::D42),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Cause::D42),
        ("553 5.7.1 sender address a@sender.test is not permitted for user b", Cause::D27),
        ("550 5.1.7 The sender address <a@sender.test> does not exist", Cause::D31),
        ("550 5.1.0 <a@sender.test>: Sender address rejected: User unknown in local sender table", Cause::D31),
        ("553 5.1.8 <a@sender.test>: Sender address rejected: domain does not exist", Cause::D32),
        ("421 4.7.0 user unknown rate exceeded", Cause::D05),
        ("550 5.7.1 Your account has been suspended for sending", Cause::D18),
        ("550 5.2.2 Sender over quota: too many messages this hour", Cause::D18),
        ("554 5.7.1 Sender address [a@sender.test] blocked using dbl.list.test", Cause::D04),
        ("554 5.7.1 Message contains a link on a URL blacklist", Cause::D04),
        ("550 5.7.1 SPF MAIL FROM check failed", Cause::D28),
        ("550 5.7.1 DMARC unauthenticated mail is prohibited", Cause::D03),
        ("451 4.3.0 <a@receiver.test>: Temporary lookup failure", Cause::D39),
        ("553 5.7.1 <a@sender.test>: Sender address rejected: not owned by user relay", Cause::D27),
        ("554 Message rejected: the address is not verified: a@sender.test", Cause::D27),
        ("553 5.7.1 <a@sender.test>: Sender address rejected: not owned by auth user", Cause::D27),
        ("553 5.7.1 <a@sender.test>: Sender address rejected: not logged in", Cause::D27),
        ("551 5.7.1 Not authorised to send from this header address", Cause::D27),
        ("553 Relaying disallowed as a@sender.test", Cause::D27),
        ("550 5.7.1 Header From must match the login of this account", Cause::D27),
        ("501 5.1.7 From: domain is not authorised for this account", Cause::D27),
        ("550 5.7.1 sender.test is not a validated domain", Cause::D27),
        ("550 5.7.1 Sender domain sender.test is not permitted to use this relay", Cause::D27),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", Cause::D27),
        ("535 Authorization failed: Envelope From address a@sender.test not authorized", Cause::D27),
        ("553 From: address not verified; see the help of your account", Cause::D27),
        ("550 5.7.1 SPF check failed", Cause::D28),
        ("550 5.7.1 ARC chain is broken", Cause::D29),
        ("550 5.7.1 Sender verify failed", Cause::D31),
        ("450 4.1.8 <a@sender.test>: Sender address rejected: Domain not found", Cause::D32),
        ("550 5.1.2 <a@receiver.test>: Recipient address rejected: Domain not found", Cause::D34),
        ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", Cause::D35),
        ("452 4.5.3 Error: too many recipients", Cause::D37),
        ("530 5.7.0 Authentication required", Cause::D38),
        ("451 4.7.1 Try again later", Cause::D39),
        ("450 4.2.0 <a@receiver.test>: Recipient address rejected: Greylisted", Cause::E06),
        ("550 5.7.1 rejected: failed DMARC", Cause::D03),
        ("550 5.7.1 High probability of spam", Cause::D04),
        ("550 5.7.25 Client host rejected: cannot find your reverse hostname", Cause::D07),
    ] {
        assert_eq!(cause_at("mx.receiver.test", reply), Some((cause, true)), "{reply}");
    }
    for unknown in [
        "550 No thanks",
        "550 5.7.1 Try again later",
        "550 5.3.0 mailer error",
        "554 5.7.1 Denied",
        "535 5.0.0 no such user",
        "454 4.7.0 STARTTLS failed here",
        "538 Plain-text authentication is disabled",
    ] {
        assert_eq!(cause_at("mx.receiver.test", unknown), None, "{unknown}");
    }
}

proptest! {
    /// However a server wraps the lines, the text is the same one.
    #[test]
    fn wrapping_changes_nothing(width in 12_usize..90) {
        let words = "550-5.7.26 Unauthenticated email from a.example is not accepted due to 550-5.7.26 domain's DMARC \
                     policy. Please contact the administrator of 550 5.7.26 a.example domain. a1 - gsmtp";
        let (mut wrapped, mut line) = (String::from("smtp;"), 5);
        for word in words.split(' ') {
            let (gap, start) = if line + word.len() > width { ("\n    ", 4) } else { (" ", line + 1) };
            wrapped.push_str(gap);
            wrapped.push_str(word);
            line = start + word.len();
        }
        let told = refusal(&recipient("", "", &wrapped), Lang::En);
        prop_assert_eq!((told.code, told.diagnosis), (Some(550), Some(Cause::D03)));
        let text = told.text.unwrap();
        prop_assert!(text.contains("due to domain's DMARC policy. Please contact the administrator of a.example"), "{}", text);
    }
}
