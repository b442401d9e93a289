//! What the copy in a bounce proves of a refusal, and what it cannot.

use crate::{
    judge::diagnosis_captures::{Key, diagnosed_text, fixtures},
    support::{by_hand::first, program::Project},
};
use sealcheck::{judge::diagnose::ServerLog, outcome::Diagnosis};
use std::fs;

/// A bounce of a real Postfix with a sound copy in it: the receiver was told to refuse it for its DMARC policy.
fn bounce() -> String {
    fs::read_to_string(fixtures().join("29-srs-bounce-5.7.26-bounce.eml")).unwrap().replace("\r\n", "\n")
}

fn log() -> String {
    fs::read_to_string(fixtures().join("29-srs-bounce-5.7.26.log")).unwrap()
}

/// The same, where only the header came back.
fn header_only(bounce: &str) -> String {
    let (head, rest) = bounce.split_once("Content-Type: message/rfc822").unwrap();
    let (returned, end) = (rest.split_once("\n\nHello from outside.").unwrap().0, rest.rfind("\n--").unwrap());
    format!("{head}Content-Type: text/rfc822-headers{returned}\n{}", &rest[end..])
}

fn told(bounce: &str, log: &str, key: Key) -> Vec<Diagnosis> {
    diagnosed_text(bounce, ServerLog::of(log.lines(), "mail.log"), key)
}

fn codes(bounce: &str, log: &str) -> Vec<String> {
    let all = told(bounce, log, Key::Right);
    all.iter().map(|d| format!("{} {:?}", d.code, d.confidence).to_lowercase()).collect()
}

#[test]
fn a_copy_that_holds_says_so() {
    let all = told(&bounce(), &log(), Key::Right);
    assert_eq!(first(&all), "D03 certain");
    assert_eq!(
        all[0].ruled_out,
        [
            "B04, B06, C05: chain and DKIM d=sender.example hold in the copy that came back, which is older than what is \
          changed on delivery"
        ]
    );
    assert!(all[0].next.contains(&"postconf smtp_header_checks smtp_body_checks".to_owned()), "{all:#?}");
    // What the forwarder found of the mail, with its line.
    let line = bounce().lines().position(|l| l.starts_with("ARC-Authentication-Results:")).unwrap() + 1;
    let seen = all[0].evidence.iter().find(|e| e.text.starts_with("ARC-Authentication-Results: i=1")).unwrap();
    assert_eq!((seen.artifact.as_str(), seen.line as usize), ("received.eml", line));
    assert!(seen.text.contains("dkim=pass"), "{seen:?}");
}

#[test]
fn a_header_alone_proves_nothing_of_the_body() {
    let all = told(&header_only(&bounce()), "", Key::Right);
    assert_eq!((first(&all).as_str(), &all[0].ruled_out[..]), ("D03 certain", &[][..]));
    let texts: Vec<&str> = all[0].evidence.iter().map(|e| e.text.as_str()).collect();
    let text = "only the header came back, and DKIM d=sender.example fits it: the body may have changed";
    assert!(texts.contains(&text), "{texts:#?}");
    assert!(all[0].next.iter().any(|n| n.starts_with("postconf bounce_size_limit")), "{all:#?}");
    let changed = told(&header_only(&bounce().replacen("Subject: hello", "Subject: [x] hello", 1)), "", Key::Right);
    assert_eq!(first(&changed), "B06 certain");
    assert!(!changed[0].ruled_out.iter().any(|r| r.starts_with("B04")), "{changed:#?}");
    // In the header of mail that was encoded anew a field changed too.
    let encoded = bounce().replacen(
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nHello",
        "MIME-Version: 2.0\nContent-Transfer-Encoding: base64\n\nHello",
        1,
    );
    assert_eq!(first(&told(&header_only(&encoded), "", Key::Right)), "B06 high");
    assert_eq!(first(&told(&encoded, "", Key::Right)), "B06 certain");
}

#[test]
fn the_key_is_looked_up_for_what_came_back() {
    for (key, code) in [(Key::Missing, "B01 certain"), (Key::Other, "B02 high")] {
        for bounce in [bounce(), header_only(&bounce())] {
            let all = told(&bounce, "", key);
            assert_eq!((first(&all).as_str(), all[1].code.to_string().as_str()), (code, "D03"));
        }
    }
}

#[test]
fn a_changed_body_is_as_sure_as_the_refusal() {
    let changed = bounce().replacen("Line two.", "Line 2.", 1);
    assert_eq!(codes(&changed, "")[..2], ["b04 certain", "d03 certain"]);
    // A server may change what it gives back: a refusal for another reason does not bear it out.
    let spam = "Diagnostic-Code: smtp; 550 5.7.1 likely unsolicited mail\nX-Was: smtp;";
    let spam = changed.replacen("Diagnostic-Code: smtp;", spam, 1);
    assert_eq!(codes(&spam, "")[..2], ["d04 certain", "b04 high"]);
}

#[test]
fn a_mail_that_never_came_to_the_forwarder_accuses_nobody() {
    // The sender's own server reports that the company refused the mail: there was nothing to seal.
    let unsealed: String = {
        let bounce = bounce();
        let (head, returned) = bounce.split_once("Return-Path: <SRS0").unwrap();
        let own = returned.find("DKIM-Signature:").unwrap();
        format!("{head}{}", &returned[own..])
    };
    let foreign = unsealed.replace("Reporting-MTA: dns; mx.company.example", "Reporting-MTA: dns; mx.sender.example");
    assert_eq!(codes(&unsealed, "")[..2], ["a00 high", "d03 certain"]);
    assert_eq!(codes(&foreign, "")[0], "d03 certain");
    assert!(!codes(&foreign, "").iter().any(|c| c.starts_with('a')), "{foreign}");
}

#[test]
fn what_postfix_changed_on_delivery_stands_in_its_log() {
    let replaced = |id: &str, name: &str| {
        format!("{}Nov 24 02:46:41 mx postfix/smtp[29263]: {id}: replace: header {name}: a: {name}: b\n", log())
    };
    let mine = |name: &str| codes(&bounce(), &replaced("D5902996337", name))[0].clone();
    assert_eq!(mine("Subject"), "b06 certain");
    assert_eq!(mine("ARC-Authentication-Results"), "b00 certain");
    assert_eq!(mine("X-Unsigned"), "d03 certain");
    // That is the bounce on its own way.
    assert_eq!(codes(&bounce(), &replaced("E9CC999634A", "Subject"))[0], "d03 certain");
    // Before the seal it says nothing.
    let before = replaced("D5902996337", "Subject")
        .replace("postfix/smtp[29263]: D5902996337: replace", "postfix/cleanup[1]: D5902996337: replace");
    assert_eq!(codes(&bounce(), &before)[0], "d03 certain");
    let all = told(&bounce(), &replaced("D5902996337", "Subject"), Key::Right);
    assert!(all[0].evidence[0].artifact == "mail.log" && all[1].ruled_out.is_empty(), "{all:#?}");
}

/// Relays keep no original recipient: the path of the copy says whose address it came to.
#[test]
fn a_reporter_that_took_the_mail_for_its_own_address_is_the_one_that_forwards() {
    let project = Project::new();
    let zone = fixtures().join("dns.zone");
    for (subject, wanted) in [("hello", vec!["D03"]), ("[x] hello", vec!["B06", "D03"])] {
        let bounce = bounce().replacen("Subject: hello", &format!("Subject: {subject}"), 1);
        let kept =
            bounce.lines().filter(|line| !line.starts_with("Original-Recipient") && !line.contains("expanded from"));
        fs::write(project.path("bounce.eml"), kept.collect::<Vec<_>>().join("\n")).unwrap();
        let ran = project.run(&["inspect", "bounce.eml", "--dns", zone.to_str().unwrap(), "--format", "json"]);
        let said: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        let codes: Vec<_> = said["diagnosis"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect();
        assert!(codes.starts_with(&wanted), "{subject}: {said:#}");
    }
}
