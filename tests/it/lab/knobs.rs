//! Every knob that breaks a forward is seen, and the check that it breaks is named.

use crate::support::program::Project;
use serde_json::Value;

/// Holds a forward to all that a scenario can say about it.
const SOUND: &str = "sealcheck: 1
name: all that can be said of a forward
targets: [embedded]
send: { from: external, to: company, subject: $token, text: Nothing changes on the way. }
wait: { timeout: 20s }
expect:
  - smtp: { code: 250, status: 2.0.0, stage: message }
  - delivered:
      to: gmail
      folder: inbox
      within: 15s
      auth:
        by: $gmail.authserv_id
        arc: pass
        dkim: { result: pass, d: $external.domain }
        spf: { result: softfail, d: $external.domain }
        dmarc: { result: pass, comment: { contains: p=REJECT } }
      arc:
        carries: { i: 1, spf: pass, dkim: pass, dmarc: pass }
        seals:
          - { i: 1, by: $company.domain, cv: none, selector: s2026 }
          - { i: 2, by: $gmail.seal_domain, cv: pass }
          - { i: 3, absent: true }
        verify: pass
      body: unchanged
      headers: { Subject: { is: $token } }
  - count: { to: gmail, is: 1, settle: 100ms }
snapshot: none
";

/// A change of the world, and checks that it must break (there may be more).
const BREAKING: [(&str, &[&str]); 37] = [
    ("company: { arc: false }", &["delivered.auth.arc", "delivered.arc.carries", "delivered.arc.seals[1]"]),
    ("company: { arc: dedicated }", &["delivered.arc.seals[0]"]),
    ("company: { arc_key: missing }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("company: { arc: dedicated, arc_key: other }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("company: { arc: dedicated, arc_key: revoked }", &["delivered.auth.arc", "delivered.arc.verify"]),
    (
        "company: { modify: subject, srs: true }, external: { dmarc: none }",
        &["delivered.auth.arc", "delivered.headers.Subject"],
    ),
    ("company: { modify: body, srs: true }, external: { dmarc: none }", &["delivered.body", "delivered.arc.verify"]),
    ("company: { srs: true }", &["delivered.auth.spf"]),
    ("company: { reject: \"550 5.7.1 not today\" }", &["delivered"]),
    (
        "external: { dkim: none, dmarc: none }, company: { srs: true }",
        &["delivered.auth.dkim", "delivered.arc.carries"],
    ),
    (
        "external: { dkim: broken, dmarc: none }, company: { srs: true }",
        &["delivered.auth.dkim", "delivered.arc.carries"],
    ),
    ("external: { dkim: none, dmarc: reject }", &["delivered"]),
    ("external: { dmarc: absent }", &["delivered.auth.dmarc", "delivered.arc.carries"]),
    ("external: { dmarc: quarantine }", &["delivered.auth.dmarc"]),
    ("external: { spf: absent }", &["delivered.auth.spf", "delivered.arc.carries"]),
    ("external: { arc: true }", &["delivered.arc.seals[0]", "delivered.arc.seals[2]"]),
    ("external: { dkim: host, dmarc: none }, company: { srs: true }", &["delivered.auth.dkim", "delivered.auth.dmarc"]),
    (
        "external: { dkim: mailer, dmarc: none }, company: { modify: drop, srs: true }",
        &["delivered.auth.dkim", "delivered.auth.dmarc"],
    ),
    ("external: { arc: changed }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("external: { arc: failed }", &["delivered.auth.arc", "delivered.arc.seals[1]"]),
    ("external: { arc: partial }, company: { seal: restart }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("external: { arc: twice }, company: { seal: old-order }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("external: { arc: true }, company: { seal: own-set }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("external: { arc: true }, company: { seal: cv-none }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("external: { arc: true }, company: { seal: cv-fail }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("company: { seal: incomplete }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("company: { seal: volatile }", &["delivered.auth.arc", "delivered.arc.verify"]),
    ("company: { seal: twice }", &["delivered.arc.carries", "delivered.arc.seals[2]"]),
    ("company: { results: none }", &["delivered.arc.carries"]),
    ("company: { results: relay }", &["delivered.arc.carries"]),
    ("external: { results: true }, company: { results: copied }", &["delivered.arc.carries"]),
    ("company: { modify: results }", &["delivered.auth.arc", "delivered.arc.verify"]),
    (
        "company: { modify: resign, srs: true }, external: { dmarc: none }",
        &["delivered.auth.dkim", "delivered.auth.dmarc", "delivered.body"],
    ),
    ("company: { reject: \"451 4.3.0 later\" }, external: { patience: 1s }", &["delivered"]),
    ("gmail: { folder: spam }", &["delivered"]),
    ("gmail: { reject: 550 5.7.1 }", &["delivered"]),
    ("dns: [{ name: s2026._domainkey.corp.example, type: TXT, answer: nxdomain }]", &["delivered.auth.arc"]),
];

/// Changes that a sound forward stands.
const HARMLESS: [&str; 16] = [
    "company: { greylist: true }",
    "company: { modify: recode }",
    "company: { modify: fold }",
    "company: { modify: drop }",
    "company: { results: copied, seal: restart }",
    "company: { seal: own-set }",
    "company: { seal: old-order }",
    "company: { seal: cv-none }",
    "company: { seal: cv-fail }",
    "external: { dkim: mailer }",
    "external: { results: true, patience: 5s }",
    "gmail: { imap: bye }",
    "gmail: { locale: ja }",
    "gmail: { defer: { reply: 421 4.7.28, times: 2 } }",
    "gmail: { trust_arc: true, delay: 50ms }",
    "dns: [{ name: s2026._domainkey.corp.example, type: TXT, ttl: 1 }]",
];

/// The paths of the checks that failed, without the number of the expectation.
fn failed(scenario: &Value) -> Vec<&str> {
    let attempts = scenario["attempts"].as_array().unwrap();
    let checks = attempts.iter().flat_map(|a| a["assertions"].as_array().unwrap());
    let failed = checks.filter(|c| c["passed"] == false).map(|c| c["path"].as_str().unwrap());
    failed.map(|path| path.split_once('.').map_or(path, |(_, part)| part)).collect()
}

#[test]
fn every_knob_breaks_what_it_should_and_nothing_else() {
    let mut project = Project::new();
    for (n, lab) in BREAKING.iter().map(|(lab, _)| lab).chain(&HARMLESS).enumerate() {
        project = project.scenario(&format!("{n:02}"), &SOUND.replace("send:", &format!("lab: {{ {lab} }}\nsend:")));
    }
    let ran = project.run(&["run", "-j", "8", "--report", "json=r.json"]);
    assert_eq!(ran.code, 1, "{ran}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), BREAKING.len() + HARMLESS.len());
    for (scenario, (lab, wanted)) in scenarios.iter().zip(BREAKING) {
        let failed = failed(scenario);
        assert_eq!(scenario["status"], "failed", "{lab}: {failed:?}");
        for path in wanted {
            assert!(failed.contains(path), "{lab}: {path} is not among {failed:?}");
        }
        assert!(!failed.contains(&"smtp.code"), "{lab}: {failed:?}");
    }
    for (scenario, lab) in scenarios[BREAKING.len()..].iter().zip(HARMLESS) {
        assert_eq!(scenario["status"], "passed", "{lab}: {:?}", failed(scenario));
    }
    for n in 0..BREAKING.len() {
        let place = format!("--> scenarios/{n:02}.yaml:");
        assert!(ran.stdout.contains(&place), "{place}: {ran}");
    }
}
