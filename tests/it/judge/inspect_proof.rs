//! When `inspect` says that nothing is wrong: only of a mail that proves it, whatever else there is about it.

use crate::support::{
    program::Project,
    verify_signer::{
        ArcRecipe, COMPANY, ED25519, LIST, Older, PLAIN, RELAXED, SENDER, arc, arc_recipe, dkim, dkim_recipe, zone,
    },
};
use sealcheck::verify::{TxtAnswer, dns::DnsFailure};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

/// The sentence, in both languages.
const SENTENCES: [&str; 2] = ["nothing is wrong", "問題はありません"];

/// What a signature or a chain comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Signed {
    Not,
    Holds,
    Fails,
    /// DNS gives no answer for a key.
    Unanswered,
    /// The chain passes, and the message signature of a server before the last does not.
    OlderFails,
    /// The newest seal says so.
    MarkedFailed,
}

/// The receiver's results.
const RESULTS: [(&str, bool); 8] = [
    ("", true),
    ("spf=none smtp.mailfrom=sender.example; dmarc=none header.from=sender.example", true),
    ("spf=neutral smtp.mailfrom=sender.example", true),
    ("spf=softfail smtp.mailfrom=sender.example", false),
    ("dkim=policy header.d=other.example", false),
    ("dkim=temperror header.d=other.example", false),
    ("dmarc=fail header.from=sender.example", false),
    ("arc=fail (i=9)", false),
];

/// What a log says, `ID` for a queue id.
const LOGS: [(&str, bool); 7] = [
    ("smtp[1]: ID: to=<a@b.example>, relay=none, dsn=2.0.0, status=sent (250 OK)", true),
    ("smtp[1]: ID: to=<a@b.example>, relay=none, dsn=5.1.1, status=bounced (550 no)", false),
    ("smtp[1]: ID: to=<a@b.example>, relay=none, dsn=4.4.1, status=deferred (timeout)", false),
    (
        "smtp[1]: ID: to=<a@b.example>, dsn=4.4.1, status=deferred (no)\nmx postfix/smtp[1]: ID: to=<a@b.example>, dsn=2.0.0, status=sent (250 OK)",
        false,
    ),
    ("cleanup[1]: ID: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: 5.7.1 spam", false),
    ("qmgr[1]: ID: from=<a@b.example>, status=expired, returned to sender", false),
    ("bounce[1]: ID: sender non-delivery notification: 15DFE99650A", false),
];

/// What the mail holds beside its text.
const BODIES: [(&str, &str, bool); 3] = [
    ("text/plain", "text\r\n", true),
    (
        "multipart/report; report-type=delivery-status; boundary=b",
        "--b\r\n\r\ngone\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.b.example\r\n\r\n\
         Final-Recipient: rfc822; a@b.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n--b--\r\n",
        false,
    ),
    (
        "multipart/mixed; boundary=c",
        "--c\r\nContent-Type: message/rfc822\r\n\r\nSubject: fwd\r\nContent-Type: multipart/report; boundary=d\r\n\r\n--d\r\n\
         Content-Type: Message/Delivery-Status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n--d--\r\n--c--\r\n",
        false,
    ),
];

/// One mail, and whether it is sound where DNS is asked.
struct Case {
    name: String,
    mail: Vec<u8>,
    sound: bool,
    signed: bool,
}

fn case(
    n: usize,
    author: Signed,
    chain: Signed,
    (said, good): (&str, bool),
    (kind, body, plain): (&str, &str, bool),
) -> Case {
    let base = PLAIN.split("\r\n\r\n").next().unwrap().replace("<1@", &format!("<{n}@"));
    let base = format!("{base}\r\nContent-Type: {kind}\r\n\r\n{body}").into_bytes();
    let mut mail = match author {
        Signed::Not => base,
        Signed::Unanswered => dkim(&ED25519, &dkim_recipe(&ED25519, RELAXED), &base),
        _ => dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), &base),
    };
    if author == Signed::Fails {
        mail.extend(b"changed\r\n");
    }
    let first = |mail: &[u8]| arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), mail);
    let second = |recipe: ArcRecipe, mail: &[u8]| arc(&COMPANY, &recipe, mail);
    let usual = || arc_recipe(&COMPANY, 2, RELAXED);
    mail = match chain {
        Signed::Not => mail,
        Signed::Holds => second(usual(), &first(&mail)),
        Signed::Fails => [&second(usual(), &first(&mail))[..], b"changed after the seals\r\n"].concat(),
        Signed::Unanswered => arc(&ED25519, &arc_recipe(&ED25519, 2, RELAXED), &first(&mail)),
        Signed::OlderFails => second(usual(), &[&first(&mail)[..], b"footer\r\n"].concat()),
        Signed::MarkedFailed => {
            let usual = usual();
            let seal = usual.seal.as_ref().map(|seal| seal.replace("cv=pass", "cv=fail"));
            second(ArcRecipe { seal, older: Older::None, ..usual }, &first(&mail))
        }
    };
    if !said.is_empty() {
        let trace = "Received: from mx.company.example (mx.company.example [192.0.2.1]) by mx.receiver.example with ESMTPS id 1; \
                     Tue, 24 Nov 2026 02:45:00 +0000\r\nAuthentication-Results: mx.receiver.example; ";
        mail = [format!("{trace}{said}\r\n").as_bytes(), &mail].concat();
    }
    // What changes the body after the author signed it breaks that signature too.
    let author = if matches!(chain, Signed::Fails | Signed::OlderFails) && author == Signed::Holds {
        Signed::Fails
    } else {
        author
    };
    let holds = |signed| matches!(signed, Signed::Not | Signed::Holds);
    let signed = author != Signed::Not || chain != Signed::Not;
    Case {
        name: format!("{author:?} {chain:?} `{said}` {kind}"),
        mail,
        sound: holds(author) && holds(chain) && good && plain && (signed || !said.is_empty()),
        signed,
    }
}

/// Every mail.
fn cases() -> Vec<Case> {
    use Signed::{Fails, Holds, MarkedFailed, Not, OlderFails, Unanswered};
    let mut all = Vec::new();
    for author in [Not, Holds, Fails, Unanswered] {
        for chain in [Not, Holds, Fails, Unanswered, OlderFails, MarkedFailed] {
            let plain = RESULTS.map(|result| (result, BODIES[0]));
            let reports = [BODIES[1], BODIES[2]].map(|body| (RESULTS[1], body));
            for (result, body) in plain.into_iter().chain(reports) {
                all.push(case(all.len(), author, chain, result, body));
            }
        }
    }
    all
}

/// What is said of each mail, by its number.
fn told(project: &Project, args: &[&str]) -> BTreeMap<usize, Value> {
    let seen = project.run(&[&["inspect", "mails", "--format", "json"], args].concat());
    let number = |file: &str| file.trim_start_matches("mails/").parse::<usize>().unwrap();
    let mails = seen.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    mails.map(|mail| (number(mail["file"].as_str().unwrap()), mail)).collect()
}

/// Whether the sentence is said of each mail, by its number.
fn said(project: &Project, args: &[&str]) -> BTreeMap<usize, bool> {
    let seen = project.run(&[&["inspect", "mails"], args].concat());
    let mut all = BTreeMap::new();
    for part in format!("\n{}", seen.stdout).split("\nmails/").skip(1) {
        let number = part.split_whitespace().next().unwrap().parse().unwrap();
        all.insert(number, SENTENCES.iter().any(|sentence| part.contains(sentence)));
    }
    all
}

fn is_sound(mail: &Value) -> bool {
    mail["proof"]["sound"].as_bool().unwrap()
}

#[test]
fn nothing_is_wrong_only_where_every_signature_verifies_and_nobody_says_otherwise() {
    let project = Project::new();
    let mut keys = zone();
    keys.insert(&ED25519.name(), TxtAnswer::Failed(DnsFailure::Timeout));
    fs::write(project.path("dns.zone"), keys.to_text()).unwrap();
    fs::create_dir(project.path("mails")).unwrap();
    let cases = cases();
    let queue_id = |n: usize| format!("{:011X}", 0x3A00_0000_0000_u64 + n as u64);
    for (n, case) in cases.iter().enumerate() {
        fs::write(project.path(&format!("mails/{n:04}")), &case.mail).unwrap();
    }
    // The number of mails that are sound, in every language of `langs` those of which the sentence is said.
    let check = |asks: bool, log: Option<bool>, langs: &[&str], args: &[&str]| {
        let seen = told(&project, args);
        assert_eq!(seen.len(), cases.len());
        let sentences: Vec<_> = langs.iter().map(|lang| said(&project, &[args, &["--lang", lang]].concat())).collect();
        let mut sound = 0;
        for (n, case) in cases.iter().enumerate() {
            let wanted = case.sound && (asks || !case.signed) && log != Some(false);
            let (mail, told) = (&seen[&n], format!("{args:?} {n} {}: {:#}", case.name, seen[&n]["proof"]));
            assert_eq!(is_sound(mail), wanted, "{told}");
            let sentence = wanted && mail["diagnosis"].as_array().unwrap().is_empty();
            assert!(sentences.iter().all(|said| said[&n] == sentence), "{told}");
            sound += usize::from(sentence);
        }
        sound
    };
    let asked = ["--dns", "dns.zone"];
    let all = check(true, None, &["en", "ja"], &asked);
    assert!(all > 8, "the sentence can be said: {all}");
    let unsigned = check(false, None, &["en"], &["--dns", "none"]);
    assert!((1..all).contains(&unsigned), "{unsigned}");
    for (k, (lines, good)) in LOGS.into_iter().enumerate() {
        let log: String = (0..cases.len())
            .map(|n| {
                let id = queue_id(n);
                let lines = lines.replace("ID", &id);
                format!("mx postfix/cleanup[1]: {id}: message-id=<{n}@sender.example>\nmx postfix/{lines}\n")
            })
            .collect();
        let name = format!("log-{k}");
        fs::write(project.path(&name), log).unwrap();
        let sound = check(true, Some(good), &["en"][..usize::from(k < 2)], &[&asked[..], &["--log", &name]].concat());
        assert_eq!(sound, if good { all } else { 0 }, "{lines}");
    }
    // A log that does not know the mail proves nothing against it, and says so.
    fs::write(project.path("other"), "mx postfix/smtp[1]: 343B999675B: to=<a@b.example>, status=bounced (550 no)\n")
        .unwrap();
    assert_eq!(check(true, None, &["en"], &[&asked[..], &["--log", "other"]].concat()), all);
}

#[test]
fn it_is_said_what_was_verified_and_what_was_not_looked_at() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), zone().to_text()).unwrap();
    let result = ("spf=pass smtp.mailfrom=sender.example", true);
    let good = case(1, Signed::Holds, Signed::Holds, result, BODIES[0]).mail;
    let inspect = |mail: &[u8], args: &[&str]| {
        fs::write(project.path("mail.eml"), mail).unwrap();
        let seen = project.run(&[&["inspect", "mail.eml"], args].concat());
        seen.stdout.split("\ndiagnosis\n").nth(1).unwrap().split("\npath\n").next().unwrap().to_owned()
    };
    let zone = ["--dns", "dns.zone"];
    assert_eq!(
        inspect(&good, &zone),
        "  nothing is wrong, as far as this mail tells\n    verified: i=1 list.example; i=2 company.example; DKIM \
         sender.example; mx.receiver.example: spf=pass\n    not looked at: logs (--log)"
    );
    assert_eq!(
        inspect(&good, &["--dns", "dns.zone", "--lang", "ja"]),
        "  このメールから分かる範囲では、問題はありません\n    検証済み: i=1 list.example; i=2 company.example; DKIM \
         sender.example; mx.receiver.example: spf=pass\n    未確認: ログ (--log)"
    );
    assert_eq!(
        inspect(&good, &["--dns", "none"]),
        "  no cause was found, and this mail does not prove that all is well:\n    its signatures were not verified (--dns \
         none)\n    verified: mx.receiver.example: spf=pass\n    not looked at: logs (--log)"
    );
    let bare = case(1, Signed::Not, Signed::Not, RESULTS[0], BODIES[0]).mail;
    let nothing = inspect(&bare, &zone);
    assert!(nothing.contains("\n    it has no signature, and no results of a receiver\n"), "{nothing}");
    let header_end = bare.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let cut = inspect(&bare[..header_end], &zone);
    assert!(cut.contains("\n    it ends in its header, and may be cut off\n"), "{cut}");
    // An older signature that fails is named, although the chain holds.
    let older = case(1, Signed::Not, Signed::OlderFails, result, BODIES[0]).mail;
    let told = inspect(&older, &zone);
    assert!(!told.contains("nothing is wrong") && told.contains("list.example"), "{told}");
}
