//! Mails that a real Postfix with rspamd forwarded, sound and broken, with the logs of both: every broken one is told
//! its cause, every sound one nothing.

use crate::support::by_hand::first;
use sealcheck::{
    evidence::ReturnedMail,
    judge::diagnose::{DiagnoseInput, Facts, ServerLog, diagnose_facts, diagnose_mail},
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, Trust},
        dsn::{self, Dsn},
        received,
    },
    outcome::Diagnosis,
    verify::{Dns, ZoneFile, verify, verify_returned},
};
use std::{fs, path::PathBuf};

/// What DNS says of the forwarder's key.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Key {
    Right,
    Other,
    Missing,
}
use Key::{Missing, Other, Right};

/// The experiment, its mail where it has none of its own, its key, the first code and confidence from mail and log, and
/// from the mail alone. No code: nothing is wrong.
pub(crate) type Experiment = (&'static str, &'static str, Key, &'static str, &'static str);

/// In place of a mail: none came out of the forwarder, and its logs are all that there is.
pub(crate) const NO_MAIL: &str = "-";

pub(crate) const EXPERIMENTS: [Experiment; 69] = [
    ("01-forwarded-sealed", "", Right, "", ""),
    ("03-dedicated-key", "", Right, "", ""),
    ("04-no-key-file", "", Right, "A04 certain", "A00 certain"),
    ("05-key-unreadable", "", Right, "A05 high", "A00 certain"),
    ("06-key-broken", "", Right, "A07 certain", "A00 certain"),
    ("07-domain-not-in-config", "", Right, "A04 certain", "A00 certain"),
    ("08-domain-not-in-config-nofallback", "", Right, "A04 certain", "A00 certain"),
    ("09a-loopback-client", "", Right, "A11 certain", "A00 certain"),
    ("09b-loopback-sign_local", "", Right, "C01 certain", "C01 certain"),
    ("09c-rfc1918-client", "", Right, "A11 certain", "A00 certain"),
    ("10a-authenticated", "", Right, "A11 high", "A00 certain"),
    ("10b-sign_authenticated", "", Right, "C01 certain", "C01 certain"),
    ("11a-empty-envelope", "", Right, "", ""),
    ("11b-empty-envelope-disallowed", "", Right, "A00 certain", "A00 certain"),
    ("12a-use_domain-header", "", Right, "A02 certain", "A00 certain"),
    ("12b-use_domain-envelope", "", Right, "A02 high", "A00 certain"),
    ("12c-use_domain-fixed", "", Right, "", ""),
    ("12d-use_domain-inbound", "", Right, "", ""),
    ("12e-sign_inbound-false", "", Right, "A01 high", "A00 certain"),
    ("13a-dns-mismatch-default", "", Other, "B02 high", "B02 high"),
    ("13b-dns-mismatch-check_pubkey", "", Other, "A14 certain", "A00 certain"),
    ("13c-dns-mismatch-check_pubkey-allow", "", Other, "B02 certain", "B02 high"),
    ("13d-dns-missing-default", "", Missing, "B01 certain", "B01 certain"),
    ("13e-dns-missing-check_pubkey", "", Missing, "A14 certain", "A00 certain"),
    ("13f-dns-good-check_pubkey", "", Right, "", ""),
    ("14a-multi-rcpt-first-other", "", Right, "A10 certain", "A00 certain"),
    ("14b-multi-rcpt-first-company", "", Right, "", ""),
    ("14c-bcc-to-header-elsewhere", "", Right, "", ""),
    ("15-subdomain-rcpt", "", Right, "A04 certain", "A00 certain"),
    ("15b-subdomain-rcpt-noesld", "", Right, "A04 certain", "A00 certain"),
    ("16-two-from", "", Right, "A13 certain", "A00 certain"),
    ("17-second-hop", "", Right, "", ""),
    ("18-second-hop-broken-i1", "", Right, "B10 certain", "B10 certain"),
    ("19-third-hop", "", Right, "B07 certain", "B07 certain"),
    ("19b-third-hop-fixed", "", Right, "", ""),
    ("20-arc-set-without-ams", "", Right, "B12 certain", "B12 certain"),
    ("21-arc-i1-cv-fail", "", Right, "A12 certain", "A12 high"),
    ("22-arc-set-without-aar", "", Right, "B11 certain", "B11 certain"),
    ("23-subject-tag-after-seal", "", Right, "B06 certain", "B06 certain"),
    ("24-body-change-after-seal", "", Right, "B04 certain", "B04 certain"),
    ("24b-unsigned-header-added-after-seal", "", Right, "", ""),
    ("25-subject-tag-before-milter", "", Right, "C10 high", "C10 high"),
    ("26-gmail-550-5.7.26", "", Right, "D01 certain", ""),
    ("26-gmail-550-5.7.26-bounce", "", Right, "D01 certain", "D01 certain"),
    ("27-gmail-451-greylist", "", Right, "E06 certain", ""),
    ("27b-after-greylist-retry", "", Right, "", ""),
    ("28-srs", "", Right, "", ""),
    ("29-srs-bounce-5.7.26", "", Right, "D03 certain", ""),
    ("29-srs-bounce-5.7.26-bounce", "", Right, "D03 certain", "D03 certain"),
    ("30a-rspamd-down-accept", "", Right, "A17 certain", "A00 certain"),
    ("30b-rspamd-down-tempfail", NO_MAIL, Right, "A17 certain", ""),
    ("31-gtube-reject", NO_MAIL, Right, "D13 certain", ""),
    ("31b-dmarc-reject-spoof", "", Right, "D12 certain", "D12 high"),
    ("32-rspamd-soft-reject", NO_MAIL, Right, "D13 certain", ""),
    ("33-8bit-8bitmime", "", Right, "", ""),
    ("33b-8bit-no-8bitmime", "", Right, "", ""),
    ("33c-8bit-cte-no-8bitmime", "", Right, "", ""),
    ("34-long-line", "", Right, "B17 certain", "B17 certain"),
    ("35-loopback-plain-check_local", "", Right, "", ""),
    ("36-external_relay", "", Right, "", ""),
    ("40b-info-no-key", "04-no-key-file", Right, "A00 certain", "A00 certain"),
    ("40c-info-unreadable", "05-key-unreadable", Right, "A05 high", "A00 certain"),
    ("40d-info-syntax-error", "30a-rspamd-down-accept", Right, "A17 certain", "A00 certain"),
    ("41-esld-com", "", Right, "B01 certain", "B01 certain"),
    ("42-spf-servfail", "", Right, "", ""),
    ("42b-dkim-servfail", "", Right, "", ""),
    ("43-dns-down", "", Right, "", ""),
    ("44-bounce-through-milter", "", Right, "D00 certain", ""),
    ("44-bounce-through-milter-bounce", "", Right, "D00 certain", "D00 certain"),
];

pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}

/// The DNS of that day, with the forwarder's key as the experiment had it.
fn dns(key: Key) -> Dns {
    let text = fs::read_to_string(fixtures().join("dns.zone")).unwrap();
    let own = "20231011._domainkey.company.example";
    let other = text.lines().find(|l| l.contains("hop1._domainkey")).unwrap();
    let (_, other) = other.split_once(' ').unwrap();
    let lines = text.lines().filter_map(|line| match (line.starts_with(own), key) {
        (true, Missing) => None,
        (true, Other) => Some(format!("{own}. {other}")),
        _ => Some(line.to_owned()),
    });
    Dns::zone(ZoneFile::parse(&(lines.collect::<Vec<_>>().join("\n") + "\n")).unwrap())
}

fn diagnosed(mail: &str, log: Option<&str>, key: Key) -> Vec<Diagnosis> {
    let text = log.map(|log| fs::read_to_string(fixtures().join(format!("{log}.log"))).unwrap_or_default());
    let log = ServerLog::of(text.iter().flat_map(|t| t.lines()), "mail.log");
    if mail == NO_MAIL {
        return diagnose_facts(&Facts { log, forwarder: Some("company.example".into()), ..Facts::default() });
    }
    diagnosed_text(fs::read(fixtures().join(format!("{mail}.eml"))).unwrap(), log, key)
}

/// What is said of a mail or a bounce from that day, which may have been edited since.
pub(crate) fn diagnosed_text(text: impl Into<Vec<u8>>, log: ServerLog, key: Key) -> Vec<Diagnosis> {
    let message = Message::parse(text);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let verification = runtime.block_on(verify(&message, &dns(key), 1_795_500_000));
    let receiver = authres::receiver(&message);
    let trust = receiver.map_or_else(Trust::default, |id| authres::trusted(&message, &id));
    let returned = dsn::returned(&message).map(|(extent, message)| ReturnedMail {
        extent,
        arc: ArcChain::of(&message),
        hops: received::hops(&message),
        verification: Some(runtime.block_on(verify_returned(&message, extent, &dns(key), 1_795_500_000))),
        message,
    });
    diagnose_mail(DiagnoseInput {
        artifact: "received.eml",
        message: &message,
        trusted: trust.trusted.as_ref(),
        arc: &ArcChain::of(&message),
        hops: &received::hops(&message),
        verification: Some(&verification),
        dsn: Dsn::of(&message).as_ref(),
        returned: returned.as_ref(),
        sent: None,
        forwarder: Some("company.example"),
        spf: &[],
        log,
    })
}

#[test]
fn every_capture_gets_its_cause_first() {
    let mut wrong = Vec::new();
    for (name, mail, key, with_log, alone) in EXPERIMENTS {
        let mail = if mail.is_empty() { name } else { mail };
        for (log, wanted) in [(Some(name), with_log), (None, alone)] {
            let found = diagnosed(mail, log, key);
            if first(&found) != wanted {
                wrong.push(format!("{name} (log: {}): wanted {wanted:?}, found {found:#?}", log.is_some()));
            }
            for diagnosis in &found {
                assert!(!diagnosis.evidence.is_empty() && !diagnosis.next.is_empty(), "{name}: {diagnosis:#?}");
                assert!(!diagnosis.title.is_empty(), "{name}: {diagnosis:#?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
