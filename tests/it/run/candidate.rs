//! Mail that goes straight to a candidate is signed with a key of the sender's: the signature, the way, and wrong keys.

use crate::{
    interop::verifiers::{dkimpy, judge, mail_dkim, mailauth},
    support::program::{Lab, Project, Ran},
    verify::dns::Server,
};
use sealcheck::{
    core::{Secret, private_key::record},
    evidence::Sent,
    mail::Message,
    probe::sign::sign,
    target::DkimSigner,
    verify::{TxtAnswer, Verdict, ZoneFile},
};
use serde_json::Value;
use std::fs;

const KEY: &str = include_str!("../../../src/lab/embedded/keys/sender.pem");
const OTHER: &str = include_str!("../../../src/lab/embedded/keys/other.pem");

/// What a signature must stand: in order a plain mail, folds and spaces, eight bits, lines over 998 octets, no end of the
/// last line, no body, fields twice, no From, and a signature that is there already.
const MAILS: [&[u8]; 9] = [
    b"From: a@ext.example\r\nTo: b@corp.example\r\nSubject: x\r\nDate: Tue, 24 Nov 2026 13:00:00 +0000\r\n\r\nhello\r\n",
    b"From:\ta@ext.example\r\nSUBJECT:  a \t b\r\n  c\r\n\td \r\nTo:b@corp.example \r\n\r\n a \t b \r\n\t\r\n\r\n\r\n",
    b"From: a@ext.example\r\nSubject: gr\xfc\xdfe \xc3\xa9\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa9\xff\r\n",
    &LONG,
    b"From: a@ext.example\r\n\r\nno end",
    b"From: a@ext.example\r\nSubject:\r\n\r\n",
    b"From: a@ext.example\r\nTo: b@corp.example\r\nTo: c@corp.example\r\nSubject: 1\r\nSubject: 2\r\n\r\n.\r\n..\r\n",
    b"Sender: a@ext.example\r\nSubject: x\r\n\r\nx\r\n",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=ext.example; s=none; h=From; bh=; b=\r\nFrom: a@ext.example\r\n\r\nx\r\n",
];

/// A body with one line of 3000 octets.
const LONG: [u8; 3040] = {
    let mut mail = [b'l'; 3040];
    let (head, mut at) = (*b"From: a@ext.example\r\nSubject: l\r\n\r\n", 0);
    while at < head.len() {
        mail[at] = head[at];
        at += 1;
    }
    mail[3038] = b'\r';
    mail[3039] = b'\n';
    mail
};

fn signed(mail: &[u8]) -> Vec<u8> {
    let signer = DkimSigner { domain: "ext.example".into(), selector: "smoke".into(), key: Secret::new(KEY) };
    let (message_id, mail_from, rcpt_to) = (String::new(), String::new(), Vec::new());
    let mut sent = Sent::new(mail, message_id, mail_from, rcpt_to);
    sign(&mut sent, &signer).unwrap();
    assert!(sent.raw().ends_with(mail), "the mail itself stays as it is");
    sent.raw().to_vec()
}

fn zone() -> ZoneFile {
    let mut zone = ZoneFile::default();
    let texts = vec![record(KEY).unwrap().into_bytes()];
    zone.insert("smoke._domainkey.ext.example.", TxtAnswer::Records { ttl: 1, texts });
    zone
}

#[test]
fn a_signature_holds_and_no_from_can_be_added() {
    for mail in MAILS {
        let signed = signed(mail);
        let shown = String::from_utf8_lossy(&signed);
        let first = judge(&signed, zone()).dkim.remove(0);
        assert_eq!(first.result, Verdict::Pass, "{first:?}: {shown}");
        let field = Message::parse(signed.as_slice()).first("DKIM-Signature").unwrap().value();
        assert!(field.contains("c=relaxed/simple") && field.contains("a=rsa-sha256"), "{field}");
        assert!(signed.split(|b| *b == b'\n').take(12).all(|line| line.len() < 80 || line.contains(&b'l')), "{shown}");
        for added in ["From: evil@ext.example\r\n", "from: evil@ext.example\r\n"] {
            let forged = [added.as_bytes(), &signed].concat();
            assert_eq!(judge(&forged, zone()).dkim[0].result, Verdict::Fail, "{shown}");
        }
    }
}

#[test]
#[ignore = "requires python3 with dkimpy, node with mailauth and perl with Mail::DKIM; .ci/run installs them"]
fn interop_others_find_that_the_signature_holds() {
    let dir = tempfile::tempdir().unwrap();
    let zone_file = dir.path().join("dns.zone");
    fs::write(&zone_file, zone().to_text()).unwrap();
    // The last two are no mail for them: it has no From, and a signature that is none.
    let files: Vec<_> = MAILS[..MAILS.len() - 2]
        .iter()
        .enumerate()
        .map(|(at, mail)| {
            let file = dir.path().join(format!("{at}.eml"));
            // What is sent ends with a line break.
            let end: &[u8] = if mail.ends_with(b"\r\n") { b"" } else { b"\r\n" };
            fs::write(&file, [&signed(mail), end].concat()).unwrap();
            file
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let dns = runtime.block_on(Server::of_zone(zone()));
    let all = [
        ("dkimpy", dkimpy(&zone_file, &files)),
        ("mailauth", mailauth(&zone_file, &files)),
        ("Mail::DKIM", mail_dkim(dns.address, &files)),
    ];
    for (name, opinions) in all {
        for (at, opinion) in opinions.iter().enumerate() {
            let results: Vec<_> = opinion.dkim.iter().map(|d| d.result.as_str()).collect();
            assert_eq!(results, ["pass"], "{name} about {at}: {:?}", opinion.dkim);
        }
    }
}

const SCENARIO: &str = "sealcheck: 1
name: the candidate seals what passes DMARC
targets: [gmail]
send: { from: external, to: company, subject: Grüße $token, text: Grüße }
wait: { timeout: 20s }
expect:
  - smtp: { code: 250 }
  - delivered: { to: gmail, auth: { dkim: pass, dmarc: pass, arc: pass } }
snapshot: none
";

/// A project and its lab, whose sender's domain says p=reject and whose company has no SRS.
fn candidate() -> (Project, Lab, String) {
    let project = Project::new().scenario("forward", SCENARIO);
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "external.dmarc=reject"]);
    let mx = format!("accounts.company.mx={}", lab.company_mx());
    (project, lab, mx)
}

const FILE: &str = "sealcheck.yaml.d/ext.example.pem";

#[test]
fn dmarc_passes_by_the_key_alone_and_nothing_shows_it() {
    let (project, lab, mx) = candidate();
    let ran = project.run(&["run", "--target", "gmail", "--set", &mx, "--artifacts", "all"]);
    assert_eq!(ran.code, 0, "{ran}");
    let mut sent = Vec::new();
    project.each_file(".sealcheck", &mut |path, bytes| {
        if path.ends_with("sent.eml") {
            sent = bytes.to_vec();
        }
        let text = String::from_utf8_lossy(bytes);
        let line = KEY.lines().filter(|line| line.len() > 20 && !line.starts_with('-')).find(|l| text.contains(*l));
        assert_eq!(line, None, "{}", path.display());
    });
    let field = Message::parse(sent).first("DKIM-Signature").unwrap().value();
    assert!(field.contains("d=ext.example") && field.contains("s=ext2026"), "{field}");
    // The sender's own server signs what goes by it; the key is not even looked at.
    fs::remove_file(project.path(FILE)).unwrap();
    let ran = project.run(&["run", "--target", "gmail"]);
    assert_eq!(ran.code, 0, "{ran}");
    let missing = project.run(&["run", "--target", "gmail", "--set", &mx]);
    assert!(
        missing.code == 2 && missing.stderr.contains("no secret for `accounts.external.dkim.private_key`"),
        "{missing}"
    );
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_key_that_cannot_sign_is_refused_before_anything_is_sent() {
    let (project, lab, mx) = candidate();
    let ed25519 = include_str!("../../../src/lab/embedded/keys/ed25519.pem");
    let cut: String = KEY.lines().take(9).map(|line| format!("{line}\n")).collect();
    for (pem, says) in [
        (cut.as_str(), "its end is missing"),
        (ed25519, "Gmail verifies RSA alone"),
        ("hunter2 hunter2", "it is no PEM file"),
        (&KEY.replace("MII", "###"), "no base64"),
    ] {
        fs::write(project.path(FILE), pem).unwrap();
        let ran = project.run(&["run", "--target", "gmail", "--set", &mx]);
        assert!(ran.code == 2 && ran.stderr.contains("`accounts.external.dkim.private_key` cannot sign"), "{ran}");
        assert!(ran.stderr.contains(says), "{ran}");
        let shown = pem.lines().filter(|line| !line.starts_with('-')).find(|line| ran.stderr.contains(*line));
        assert_eq!(shown, None, "{ran}");
    }
    let set =
        |value: &str| project.run(&["check", "--target", "gmail", "--set", &format!("accounts.external.dkim={value}")]);
    for (value, says) in [
        ("{ selector: s, private_key: hunter2 }", "W01: `accounts.external.dkim.private_key` holds a secret"),
        ("{ selector: s.., private_key: { env: A } }", "`s..` is no selector"),
        ("{ selector: s, domain: 'a b', private_key: { env: A } }", "`a b` is no domain"),
        ("{ selector: s, domain: other.example, private_key: { env: A } }", "DMARC counts no signature"),
        ("{ selector: s }", "`private_key`"),
    ] {
        let ran = set(value);
        assert!(ran.code == 2 && ran.stderr.contains(says) && !ran.stderr.contains("hunter2"), "{value}: {ran}");
    }
    assert_eq!(set("{ selector: s, domain: mail.ext.example, private_key: { env: A } }").code, 0);
    assert_eq!(lab.end(), 0);
}

#[test]
fn doctor_says_which_record_to_publish() {
    let (project, lab, mx) = candidate();
    let doctor = |more: &[&str]| {
        let args = ["doctor", "--target", "gmail", "--format", "json", "--set", &mx];
        project.run(&[&args[..], more].concat())
    };
    let found = |ran: &Ran| -> [String; 4] {
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|c| c["check"] == "external.dkim").unwrap_or_else(|| panic!("{ran}")).clone();
        ["status", "code", "text", "next"].map(|key| check[key].as_str().unwrap_or_default().to_owned())
    };
    let good = doctor(&[]);
    let [status, _, text, _] = found(&good);
    assert!(good.code == 0 && status == "ok" && text.contains("ext2026._domainkey.ext.example is that of"), "{good}");
    let unpublished = ["--set", "accounts.external.dkim.selector=smoke"];
    let [status, code, _, next] = found(&doctor(&unpublished));
    assert_eq!((status.as_str(), code.as_str()), ("fail", "B01"));
    // The line is one that name servers and this program read.
    let line = next.split_once("publish this record: ").unwrap().1;
    fs::write(project.path("zone"), format!("{line}\n")).unwrap();
    let [status, ..] = found(&doctor(&[&unpublished[..], &["--dns", "zone"]].concat()));
    assert_eq!(status, "ok", "{line}");
    fs::write(project.path(FILE), OTHER).unwrap();
    let ran = doctor(&[]);
    let [status, code, text, next] = found(&ran);
    assert_eq!((status.as_str(), code.as_str()), ("fail", "B02"), "{ran}");
    assert!(text.contains("is of another key") && next.contains("IN TXT \"v=DKIM1; k=rsa; p=MII"), "{text} {next}");
    assert_eq!(lab.end(), 0);
}
