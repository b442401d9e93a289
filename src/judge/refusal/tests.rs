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
            None,
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
            None,
            Final,
        ),
        (
            "smtp; 550 5.2.1 The email account that you tried to reach is disabled. a1 - gsmtp",
            "mailbox is inactive",
            None,
            Final,
        ),
        (
            "smtp; 450-4.2.1 The user you are trying to contact is receiving mail too quickly. 450 4.2.1 a1 - gsmtp",
            "receives too quickly",
            None,
            Transient,
        ),
        (
            "smtp; 450-4.2.1 The user you are trying to contact is receiving mail at a rate that 450 4.2.1 prevents additional messages from being delivered. a1",
            "receives too quickly",
            None,
            Transient,
        ),
        (
            "smtp; 452-4.2.2 The email account that you tried to reach is over quota. 452 4.2.2 a1 - gsmtp",
            "mailbox is full",
            None,
            Transient,
        ),
        (
            "smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive. 552 5.2.2 a1 - gsmtp",
            "mailbox is full",
            None,
            Final,
        ),
        (
            "smtp; 552-5.3.4 Your message exceeded Google's message size limits. 552 5.3.4 a1 - gsmtp",
            "message is too big",
            None,
            Final,
        ),
        (
            "smtp; 554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. a1 - gsmtp",
            "mail loop",
            None,
            Final,
        ),
        (
            "smtp; 550-5.7.30 This mail has been blocked because DKIM does not pass. 550 5.7.30 a1 - gsmtp",
            "bulk mail without DKIM",
            None,
            Final,
        ),
        ("smtp; 421 4.7.0 Try again later, closing connection. a1 - gsmtp", "try again later", None, Transient),
        // Words that nobody knows, and a status that only one text has.
        ("smtp; 550 5.7.29 something new about encryption", "no TLS", Some(Cause::D09), Final),
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
    for (lang, next) in [(Lang::En, "its owner must make room"), (Lang::Ja, "持ち主が容量を空ける")] {
        let told = refusals(&dsn, lang);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].code, told[0].status.as_deref(), told[0].next), (Some(552), Some("5.2.2"), next));
        assert_eq!(told[0].text.as_deref(), Some("over quota"));
    }
}

#[test]
fn every_text_of_our_own_is_in_both_languages() {
    for known in KNOWN {
        match known.meaning {
            Meaning::Row(_) => {}
            Meaning::Own { means, next } => {
                for text in [means, next] {
                    assert!(text.in_lang(Lang::Ja).chars().any(|c| c as u32 > 0x3000), "{}", known.name);
                }
            }
        }
        for words in known.phrases.iter().flat_map(|all| all.iter()) {
            assert_eq!(*words, words.to_lowercase());
        }
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
