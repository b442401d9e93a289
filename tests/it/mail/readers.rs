//! The readers against anything: real messages of a Postfix with rspamd, generated fields that must survive a round
//! trip, and hostile bytes that must neither panic nor take more than linear time.

use crate::mail::fuzzed::WORDS;
use proptest::prelude::*;
use sealcheck::mail::{
    Field, Message,
    arc::ArcChain,
    authres::{self, AuthenticationResults, Property, ResInfo},
    dkim,
    dsn::{Dsn, Returned},
    received, received_spf,
    reply::Reply,
    taglist::TagList,
};
use std::{fs, path::Path};

fn fixture(name: &str) -> Message {
    Message::parse(fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap())
}

/// Every reader over one message; what they say does not matter here.
fn read_all(raw: impl Into<Vec<u8>>) {
    let message = Message::parse(raw);
    for read in authres::all(&message) {
        read.results.iter().for_each(|r| drop((r.arc_comment(), r.dmarc_comment(), r.domain().map(str::to_owned))));
    }
    drop((
        authres::receiver(&message),
        authres::trusted(&message, "mx.google.com"),
        authres::trusted(&message, "company.example"),
    ));
    drop((ArcChain::of(&message), dkim::all(&message), received::hops(&message), received_spf::all(&message)));
    drop((Dsn::of(&message), message.message_id(), Reply::parse(&String::from_utf8_lossy(message.raw()))));
}

/// A message that has `value` in every field that is read, and in a report.
fn everywhere(value: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    for name in [
        "Received",
        "Authentication-Results",
        "ARC-Authentication-Results",
        "ARC-Seal",
        "ARC-Message-Signature",
        "DKIM-Signature",
        "Received-SPF",
        "Content-Type",
    ] {
        raw.extend([name.as_bytes(), b":", value, b"\r\n"].concat());
    }
    let report =
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nDiagnostic-Code:";
    [&raw[..], b"\r\n", value, b"\r\n", &report[..]].concat()
}

#[test]
fn a_message_forwarded_by_postfix_and_rspamd() {
    let message = fixture("forwarded-by-rspamd.eml");
    let chain = ArcChain::of(&message);
    assert_eq!(chain.defects, []);
    let set = chain.set(1).unwrap();
    let (seal, ams, aar) = (set.seal.as_ref().unwrap(), set.ams.as_ref().unwrap(), set.aar.as_ref().unwrap());
    assert_eq!((seal.domain.as_deref(), ams.selector.as_deref()), (Some("company.example"), Some("20231011")));
    assert_eq!(ams.signed_headers.last().map(String::as_str), Some("dkim-signature"));
    assert_eq!(aar.results.iter().map(|r| r.method.as_str()).collect::<Vec<_>>(), ["dkim", "spf", "dmarc"]);
    let hops = received::hops(&message);
    assert_eq!((hops[0].by.as_deref(), hops[0].from_ip.as_deref()), (Some("mx.company.example"), Some("203.0.113.5")));
    assert_eq!(dkim::all(&message)[0].domain.as_deref(), Some("sender.example"));
}

#[test]
fn bounces_of_postfix() {
    let dsn = Dsn::of(&fixture("dsn/postfix-unauthenticated.eml")).unwrap();
    assert_eq!((dsn.reporting_mta.as_deref(), dsn.returned), (Some("mx.company.example"), Returned::Full));
    assert_eq!(dsn.original_message_id.as_deref(), Some("<1795488336986389199.0@sender.example>"));
    assert!(dsn.notification.starts_with("This is the mail system at host mx.company.example."));
    let recipient = &dsn.recipients[0];
    assert_eq!(recipient.original_recipient.as_deref(), Some("user@company.example"));
    assert_eq!((recipient.status.as_deref(), recipient.remote_mta.as_deref()), (Some("5.7.26"), Some("127.8.8.26")));
    let reply = recipient.reply.as_ref().unwrap();
    assert_eq!((reply.code, reply.enhanced_status.as_deref()), (550, Some("5.7.26")));
    assert_eq!(
        reply.text,
        "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate \
         with either SPF or DKIM. Authentication results: DKIM = did not pass SPF [sender.example] with ip: \
         [198.51.100.7] = did not pass For instructions on setting up authentication, go to \
         https://support.google.com/mail/answer/81126#authentication d2e1a72fcca58-sample.1 - gsmtp"
    );
    let srs = Dsn::of(&fixture("dsn/postfix-srs.eml")).unwrap();
    let reply = srs.recipients[0].reply.as_ref().unwrap();
    assert!(
        reply
            .text
            .starts_with("Unauthenticated email from sender.example is not accepted due to domain's DMARC policy.")
    );
    assert!(!reply.text.contains("550"), "{}", reply.text);
}

/// A reader that is not linear needs hours here, one that recurses overflows its stack.
#[test]
fn a_megabyte_of_anything_is_read() {
    for unit in WORDS {
        let value = unit.repeat(1_000_000 / 20 / unit.len());
        read_all(everywhere(value.as_bytes()));
    }
    for unit in ["(", "(\"", "(\")", "smtp . ", "a=b;"] {
        let value = " h; dkim=pass ".to_owned() + &unit.repeat(1_000_000 / unit.len());
        let read = AuthenticationResults::parse("Authentication-Results", value.as_bytes(), 1);
        assert_eq!(read.authserv_id.as_deref(), Some("h"), "{unit}");
    }
    for fields in [
        "Received: by a\n",
        "ARC-Seal: i=1\n",
        "Authentication-Results: mx.google.com; a=b\n",
        "Content-Type: a\n",
        " x\n",
    ] {
        read_all(fields.repeat(200_000 / fields.len()));
    }
    let seals: String = (0..20_000).map(|i| format!("ARC-Seal: i={i}\n")).collect();
    assert_eq!(ArcChain::of(&Message::parse(seals)).sets.len(), 20_000);
}

/// A word that needs no quotes.
fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9@][a-zA-Z0-9@._/+-]{0,12}"
}

/// A statement whose parts survive being written and read.
fn resinfo() -> impl Strategy<Value = ResInfo> {
    let text = "[ -~]{0,20}".prop_map(|t| t.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    let balanced = "[a-z0-9:@=;. -]{1,20}".prop_map(|t| t.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    let property = ("(smtp|header|policy)", "[a-z-]{1,8}", prop_oneof![word(), text.clone()])
        .prop_map(|(ptype, property, value)| Property { ptype, property, value });
    (
        "[a-z][a-z0-9-]{0,8}",
        "[a-z]{1,9}",
        proptest::option::of(text),
        proptest::option::of(balanced),
        proptest::collection::vec(property, 0..4),
    )
        .prop_map(|(method, result, reason, comment, properties)| ResInfo {
            method,
            result,
            reason,
            comment,
            properties,
        })
}

/// A value as a careful server writes it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written(results: &[ResInfo], fold: &str) -> String {
    let mut text = format!("{fold}mx.company.example");
    for r in results {
        text += &format!(";{fold}{}={}", r.method, r.result);
        text.extend(r.reason.iter().map(|reason| format!("{fold}reason={}", quoted(reason))));
        text.extend(r.comment.iter().map(|comment| format!("{fold}({comment})")));
        for p in &r.properties {
            text += &format!("{fold}{}.{}={}", p.ptype, p.property, quoted(&p.value));
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn results_survive_a_round_trip(results in proptest::collection::vec(resinfo(), 0..5), fold in "( |\r\n\t|\n        )") {
        let text = written(&results, &fold);
        let read = AuthenticationResults::parse("Authentication-Results", text.as_bytes(), 1);
        prop_assert_eq!(read.authserv_id.as_deref(), Some("mx.company.example"));
        prop_assert_eq!(read.results, results, "{}", text);
    }

    #[test]
    fn what_is_quoted_never_becomes_a_result(local in "[ -~]{0,40}") {
        let sender = format!("{}@evil.example", quoted(&local));
        let text = format!(
            " mx.company.example; spf=pass (domain of {sender} designates 192.0.2.1 as permitted sender) \
             smtp.mailfrom={sender}; dmarc=fail header.from=bank.example"
        );
        let read = AuthenticationResults::parse("Authentication-Results", text.as_bytes(), 1);
        let methods: Vec<_> = read.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
        prop_assert_eq!(methods, ["spf=pass", "dmarc=fail"], "{}", text);
        prop_assert_eq!(read.results[1].domain(), Some("bank.example"));
    }

    #[test]
    fn a_forged_field_below_the_receivers_own_never_counts(forged in proptest::collection::vec("[ -~]{0,60}", 0..6)) {
        let below: String = forged.iter().map(|f| format!("Authentication-Results: mx.google.com; {f}\r\n")).collect();
        let header = format!(
            "Received: from a by mx.google.com with ESMTPS id 1\r\nAuthentication-Results: mx.google.com; dmarc=fail\r\n\
             {below}Received: from b by a\r\n{below}"
        );
        let trust = authres::trusted(&Message::parse(header), "mx.google.com");
        prop_assert_eq!(&trust.trusted.unwrap().results[0].result, "fail");
        prop_assert!(trust.forged.len() <= 2 * forged.len());
    }

    #[test]
    fn tags_survive_a_round_trip(tags in proptest::collection::btree_map("[a-z][a-z0-9_]{0,5}", "[!-:<-~]{0,30}", 0..8)) {
        let text: String = tags.iter().map(|(name, value)| format!("\r\n\t{name} = {value};")).collect();
        let list = TagList::parse(text.as_bytes());
        for (name, value) in &tags {
            prop_assert_eq!(list.get(name), Some(value.as_str()));
        }
        prop_assert_eq!(list.tags.len(), tags.len());
        prop_assert!(tags.is_empty() || list.defects.is_empty(), "{:?}", list.defects);
    }

    #[test]
    fn replies_survive_wrapping(lines in proptest::collection::vec("[a-z]{1,8}( [a-z]{1,8}){0,6}", 1..6), width in 1usize..9) {
        let (last, first) = lines.split_last().unwrap();
        let wire: String = first.iter().map(|l| format!("550-5.7.26 {l}\r\n")).collect::<String>() + &format!("550 5.7.26 {last}\r\n");
        let words: Vec<&str> = wire.split_ascii_whitespace().collect();
        let wrapped = words.chunks(width).map(|c| c.join(" ")).collect::<Vec<_>>().join("\n    ");
        let expected = Reply { code: 550, enhanced_status: Some("5.7.26".to_owned()), text: lines.join(" ") };
        prop_assert_eq!(Reply::parse(&wire), Some(expected.clone()));
        prop_assert_eq!(Reply::parse(&format!("smtp; {wrapped}")), Some(expected.clone()));
        prop_assert_eq!(Reply::parse(&expected.to_string()), Some(expected));
    }

    #[test]
    fn hops_survive_a_round_trip(name in "[a-z]{1,9}\\.example", ip in any::<std::net::IpAddr>(), by in "[a-z]{1,9}\\.example", id in "[A-Z0-9]{1,9}", time in 0i64..4_000_000_000) {
        let date = jiff::fmt::rfc2822::to_string(&jiff::Timestamp::from_second(time).unwrap().to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        let header = format!("Received: from {name} ({name} [{ip}])\r\n\tby {by} (Postfix) with ESMTPS id {id}\r\n\tfor <{id}@{by}>; {date}\r\n");
        let hop = received::hops(&Message::parse(header)).remove(0);
        prop_assert_eq!((hop.from, hop.from_ip, hop.by), (Some(name), Some(ip.to_string()), Some(by)));
        prop_assert_eq!((hop.id, hop.time, hop.tls), (Some(id), Some(time), true));
    }

    #[test]
    fn fields_cover_the_header(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let message = Message::parse(raw.clone());
        prop_assert_eq!([message.header(), message.body()].concat(), raw);
        for Field { name, offset, len, raw, .. } in message.fields() {
            let bytes = &message.raw()[*offset..offset + len];
            prop_assert!(bytes.starts_with(name.as_bytes()) && bytes.ends_with(raw));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(raw.clone());
        read_all(everywhere(&raw));
    }

    #[test]
    fn no_fragments_make_a_reader_panic(units in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..40)) {
        read_all(everywhere(units.concat().as_bytes()));
    }
}
