//! `sealcheck inspect --log`: logs in every form, and those that say nothing of the mail.

use crate::support::program::{Project, Ran};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::{fs, io::Write};

const MAIL: &str = "Received: from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example (Postfix) with ESMTPS id 5C0FFEE123 for <desk@company.example>; Tue, 24 Nov 2026 02:42:04 +0000\n\
From: ann@sender.example\nMessage-ID: <order-7@sender.example>\n\nhi\n";
const LOG: &str = "Nov 24 02:42:04 mx postfix/cleanup[7]: 5C0FFEE123: message-id=<order-7@sender.example>\n\
Nov 24 02:42:35 mx postfix/smtp[8]: 5C0FFEE123: to=<ann.home@receiver.example>, orig_to=<desk@company.example>, relay=none, delay=30, dsn=4.4.1, status=deferred (connect to mx.receiver.example[192.0.2.26]:25: Connection timed out)\n";

/// The mail beside a log of this name.
fn beside(name: &str, log: &[u8]) -> (Ran, Value) {
    let project = Project::new();
    fs::write(project.path("mail.eml"), MAIL).unwrap();
    fs::write(project.path(name), log).unwrap();
    let ran = project.run(&["inspect", "mail.eml", "--dns", "none", "--log", name, "--format", "json"]);
    let told = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, told)
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_log_says_the_same_in_every_form() {
    for (name, log) in [("mail.log", LOG.as_bytes().to_vec()), ("mail.log.2.gz", gzip(LOG)), ("copied.txt", utf16(LOG))]
    {
        let (ran, told) = beside(name, &log);
        assert_eq!(
            (&told["diagnosis"][0]["code"], &told["diagnosis"][0]["confidence"]),
            (&"G01".into(), &"certain".into()),
            "{ran}"
        );
        let evidence = &told["diagnosis"][0]["evidence"][0];
        assert_eq!((&evidence["artifact"], &evidence["line"]), (&name.into(), &2.into()), "{ran}");
        assert_eq!(told["logs"][0]["lines"], 2, "{ran}");
        assert_eq!(ran.stderr, "", "{ran}");
    }
}

#[test]
fn a_log_that_says_nothing_of_the_mail_is_named_with_what_was_looked_for() {
    let other = LOG.replace("order-7", "order-8").replace("5C0FFEE123", "5C0FFEE999");
    let (ran, told) = beside("mail.log", other.as_bytes());
    assert_eq!(told["diagnosis"].as_array().map(Vec::len), Some(0), "{ran}");
    let logs = serde_json::json!([{ "file": "mail.log", "lines": 0, "message_ids": ["<order-7@sender.example>"], "queue_ids": ["5C0FFEE123"] }]);
    assert_eq!(told["logs"], logs, "{ran}");
    for text in ["mail.log", "<order-7@sender.example>", "5C0FFEE123"] {
        assert!(ran.stderr.contains(text), "{text}: {ran}");
    }
    let (ran, _) = beside("empty.log", b"");
    assert!(ran.stderr.contains("empty.log: no line is about the mail"), "{ran}");
}

#[test]
fn the_queue_id_finds_what_the_message_id_does_not() {
    let (_, delivery) = LOG.split_once('\n').unwrap();
    let (ran, told) = beside("mail.log", delivery.as_bytes());
    assert_eq!(told["diagnosis"][0]["code"], "G01", "{ran}");
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let whole = gzip(&LOG.repeat(200));
    for (name, log) in [("cut.gz", &whole[..whole.len() / 2]), ("mail.log.bz2", b"BZh91AY&SY")] {
        let (ran, _) = beside(name, log);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains(name), "{ran}");
    }
}
