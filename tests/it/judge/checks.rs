//! Expectations, written as people write them, against mails written by hand.

use crate::support::seen::{accepted, bounced, copy, forwarded, place, received, refused, target, vars};
use sealcheck::{
    evidence::{Evidence, FirstServer, Folder, LogLine},
    judge::{check, observed, summary},
    outcome::{CheckResult, ObservedKind},
    scenario::{Scenario, Template, model::ExpectationKind, yaml},
    target::Target,
    verify::Verdict,
};
use std::{sync::Arc, time::Duration};

/// A scenario from external to company with these lines below `expect:`.
fn parse(expect: &str) -> Scenario {
    parse_under("required", expect)
}

/// The same under a policy of `arc`.
pub(crate) fn parse_under(arc: &str, expect: &str) -> Scenario {
    let text = format!(
        "sealcheck: 1\nname: forwarded\ntargets: [embedded, gmail]\nsend: {{ from: external, to: company }}\nexpect:\n{expect}\narc: {arc}\n"
    );
    let source = yaml::Source::new("a.yaml", text.as_bytes()).unwrap();
    let read = yaml::scenarios(&source, "a", &|_| Err("no such file".to_owned()));
    read.unwrap_or_else(|e| panic!("{e}")).remove(0)
}

fn results(expect: &str, evidence: &Evidence) -> Vec<CheckResult> {
    check(&parse(expect), &target(), &vars(), evidence).map_or_else(Vec::new, |checks| checks.into_parts().0)
}

/// The one result with this path.
pub(crate) fn result(expect: &str, path: &str, evidence: &Evidence) -> CheckResult {
    let all = results(expect, evidence);
    let mut found: Vec<_> = all.iter().filter(|r| r.path.to_string() == format!("expect[0].{path}")).cloned().collect();
    assert_eq!(found.len(), 1, "{path} in {all:#?}");
    found.remove(0)
}

/// Asserts what a part comes to: passed or not, and what was seen.
#[track_caller]
pub(crate) fn says(expect: &str, path: &str, evidence: &Evidence, passed: bool, expected: &str, actual: &str) {
    let result = result(expect, path, evidence);
    assert_eq!((result.expected.as_str(), result.actual.as_str()), (expected, actual), "{expect}");
    assert_eq!(result.passed, passed, "{expect}");
}

pub(crate) fn sound() -> Evidence {
    forwarded(1, |t| t)
}

/// `  - delivered: { to: gmail, … }`.
pub(crate) fn delivered(more: &str) -> String {
    format!("  - delivered: {{ to: gmail, {more} }}")
}

#[test]
fn a_sound_forward_passes_everything_that_is_documented() {
    let expect = "  - smtp: { code: 250 }
  - delivered:
      to: gmail
      folder: inbox
      within: 2m
      auth:
        by: mx.google.com
        arc: pass
        dmarc: pass
        dkim: { result: pass, d: $external.domain }
        spf: any
      arc:
        carries: { i: 1, spf: pass, dkim: pass, dmarc: pass }
        seals:
          - { i: 1, by: $company.domain, cv: none }
          - { i: 2, by: $gmail.seal_domain, cv: pass }
          - { i: 3, absent: true }
        verify: true
      body: unchanged
      headers: { Subject: { contains: $token }, X-A: a }";
    let all = results(expect, &sound());
    let failed: Vec<_> = all.iter().filter(|r| !r.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let paths: Vec<_> = all.iter().map(|r| r.path.to_string()).collect();
    assert_eq!(
        paths,
        [
            "expect[0].smtp.code",
            "expect[1].delivered",
            "expect[1].delivered.within",
            "expect[1].delivered.auth.by",
            "expect[1].delivered.auth.arc",
            "expect[1].delivered.auth.dmarc",
            "expect[1].delivered.auth.dkim",
            "expect[1].delivered.auth.spf",
            "expect[1].delivered.arc.carries",
            "expect[1].delivered.arc.seals[0]",
            "expect[1].delivered.arc.seals[1]",
            "expect[1].delivered.arc.seals[2]",
            "expect[1].delivered.arc.verify",
            "expect[1].delivered.body",
            "expect[1].delivered.headers.Subject",
            "expect[1].delivered.headers.X-A",
        ]
    );
    let arc = &all[4];
    assert_eq!((arc.file.as_str(), arc.line, arc.column, arc.len), ("a.yaml", 13, 14, 4), "the place of `pass`");
}

#[test]
fn what_does_not_arrive_is_one_failure_that_says_where_it_is() {
    let wanted = "in inbox of gmail";
    let expect = delivered("within: 2m, auth: { arc: pass }, body: unchanged");
    let silent = results(&expect, &accepted(1));
    assert_eq!(silent.len(), 1);
    assert!(silent[0].timed_out && !silent[0].passed);
    says(&expect, "delivered", &accepted(1), false, wanted, "nothing arrived within 120.00s");

    let mut spam = sound();
    spam.copies[0].arrival.folder = Folder::Spam;
    says(&expect, "delivered", &spam, false, wanted, "in spam of gmail after 0.58s");
    assert!(!result(&expect, "delivered", &spam).timed_out, "a copy in spam is an answer");
    let mut all = sound();
    all.copies[0].arrival.folder = Folder::All;
    says(
        &delivered("folder: any"),
        "delivered",
        &all,
        false,
        "in inbox or spam of gmail",
        "in all mail of gmail after 0.58s",
    );

    says(&expect, "delivered", &bounced(1), false, wanted, "bounce 5.7.26 to external after 0.97s");
    let mut late = sound();
    late.copies.clear();
    late.bounces = bounced(1).bounces;
    assert!(!result(&expect, "delivered", &late).timed_out, "a bounce is an answer");
    says(
        &expect,
        "delivered",
        &refused(FirstServer::Company, "550 5.7.1 no"),
        false,
        wanted,
        "refused at rcpt: 550 5.7.1 no",
    );
}

#[test]
fn the_first_copy_in_the_wanted_folder_counts() {
    let changed = received(1).replace("Nothing here", "Something here");
    let copies = vec![
        copy("gmail", Folder::All, &received(1), Duration::from_millis(100)),
        copy("gmail", Folder::Spam, &changed, Duration::from_millis(200)),
        copy("company", Folder::Inbox, &changed, Duration::from_millis(300)),
        copy("gmail", Folder::Inbox, &received(1), Duration::from_millis(400)),
        copy("gmail", Folder::Inbox, &changed, Duration::from_millis(500)),
    ];
    let evidence = Evidence { copies, ..accepted(1) };
    says(
        &delivered("body: unchanged"),
        "delivered",
        &evidence,
        true,
        "in inbox of gmail",
        "in inbox of gmail after 0.40s",
    );
    assert!(result(&delivered("body: unchanged"), "delivered.body", &evidence).passed);
    assert!(result(&delivered("folder: spam, body: changed"), "delivered.body", &evidence).passed);
    assert!(result(&delivered("folder: any, body: changed"), "delivered.body", &evidence).passed);
    let company = "  - delivered: { to: company, body: changed }";
    says(company, "delivered", &evidence, true, "in inbox of company", "in inbox of company after 0.30s");
}

#[test]
fn a_late_copy_is_a_matter_of_time() {
    let expect = delivered("within: 500ms, body: unchanged");
    says(&expect, "delivered.within", &sound(), false, "within 500ms", "after 0.58s");
    assert!(result(&expect, "delivered.within", &sound()).timed_out);
    assert!(result(&expect, "delivered.body", &sound()).passed, "the copy is looked at all the same");
    let on_time = result(&delivered("within: 581ms"), "delivered.within", &sound());
    assert!(on_time.passed && !on_time.timed_out);
}

#[test]
fn methods_are_compared_with_the_trusted_field() {
    let auth = |test: &str| delivered(&format!("auth: {{ {test} }}"));
    for (test, path, passed, expected, actual) in [
        ("arc: fail", "arc", false, "fail", "pass"),
        ("arc: absent", "arc", false, "absent", "pass"),
        ("dara: absent", "dara", true, "absent", "absent"),
        ("dara: pass", "dara", false, "pass", "absent"),
        ("dara: any", "dara", true, "any", "absent"),
        ("spf: [softfail, pass]", "spf", true, "softfail or pass", "pass"),
        (
            "dkim: { result: pass, d: EXT.example }",
            "dkim",
            true,
            "pass d=EXT.example",
            "pass d=corp.example; pass d=ext.example",
        ),
        (
            "dkim: { result: fail, d: ext.example }",
            "dkim",
            false,
            "fail d=ext.example",
            "pass d=corp.example; pass d=ext.example",
        ),
        (
            "dkim: { result: pass, d: other.example }",
            "dkim",
            false,
            "pass d=other.example",
            "pass d=corp.example; pass d=ext.example",
        ),
        (
            "dmarc: { result: pass, comment: { contains: p=reject } }",
            "dmarc",
            true,
            "pass comment contains \"p=reject\"",
            "pass (p=REJECT sp=REJECT dis=NONE)",
        ),
        ("by: mx.corp.example", "by", false, "mx.corp.example", "mx.google.com"),
    ] {
        says(&auth(test), &format!("delivered.auth.{path}"), &sound(), passed, expected, actual);
    }
}

#[test]
fn one_signature_must_fit_in_every_respect() {
    let evidence =
        forwarded(1, |t| t.replace("dkim=pass header.i=@ext.example", "dkim=neutral (no key) header.i=@ext.example"));
    let expect = delivered("auth: { dkim: { result: pass, d: ext.example } }");
    says(
        &expect,
        "delivered.auth.dkim",
        &evidence,
        false,
        "pass d=ext.example",
        "pass d=corp.example; neutral d=ext.example",
    );
}

#[test]
fn a_comment_that_is_not_there_fits_no_test() {
    let bare = forwarded(1, |t| t.replace(" (p=REJECT sp=REJECT dis=NONE)", ""));
    for test in ["{ matches: '^' }", "{ matches: '.*' }", "{ matches: '^$' }"] {
        let expect = delivered(&format!("auth: {{ dmarc: {{ result: pass, comment: {test} }} }}"));
        assert!(!result(&expect, "delivered.auth.dmarc", &bare).passed, "{test}");
    }
}

#[test]
fn without_a_trusted_field_nothing_is_believed() {
    let forged = forwarded(1, |t| {
        t.replace("\r\nAuthentication-Results: mx", "\r\nX-Was: mx")
            .replace("X-A: a", "Authentication-Results: mx.google.com; arc=pass (i=1 spf=pass); dmarc=pass\r\nX-A: a")
    });
    let line = forged.copies[0].auth.forged[0].line;
    let actual = format!("no trusted Authentication-Results; forged on line {line} of the received message");
    let expect = delivered("auth: { arc: pass, dmarc: absent }");
    says(&expect, "delivered.auth", &forged, false, "Authentication-Results by mx.google.com", &actual);
    assert_eq!(results(&expect, &forged).len(), 2, "one failure speaks for all methods");
    let carries = delivered("arc: { carries: { i: 1 } }");
    says(&carries, "delivered.arc.carries", &forged, false, "i=1", "no trusted Authentication-Results");
}

/// A sound forward of which the receiver says this about ARC.
fn arc_statement(statement: &str) -> Evidence {
    forwarded(1, |t| {
        let start = t.rfind(" arc=pass (").unwrap() + 1;
        let end = start + t[start..].find(';').unwrap();
        format!("{}{statement}{}", &t[..start], &t[end..])
    })
}

#[test]
fn carries_reads_the_comment_of_arc_pass() {
    let arc = |test: &str| delivered(&format!("arc: {{ carries: {{ {test} }} }}"));
    let says = |test: &str, evidence: &Evidence, passed, expected: &str, actual: &str| {
        says(&arc(test), "delivered.arc.carries", evidence, passed, expected, actual);
    };
    let whole = "i=1 spf=pass dkim=pass dkim=pass dmarc=pass";
    says("i: 1, spf: pass", &sound(), true, "i=1 spf=pass", whole);
    says("i: 2", &sound(), false, "i=2", whole);
    says("dmarc: absent", &sound(), false, "dmarc=absent", whole);
    let bare = arc_statement("arc=pass (i=1)");
    says("i: 1, spf: absent", &bare, true, "i=1 spf=absent", "i=1");
    says("dkim: pass", &bare, false, "dkim=pass", "i=1");
    let fail = arc_statement("arc=fail (signature failed)");
    says("i: 1", &fail, false, "i=1", "nothing: arc=fail (signature failed)");
    let none = forwarded(1, |t| t.replace("arc=pass", "x-arc=pass"));
    says("i: 1", &none, false, "i=1", "the receiver wrote no arc=");
}

#[test]
fn seals_are_found_by_number_and_from_the_end() {
    let seal = |test: &str| delivered(&format!("arc: {{ seals: [ {{ {test} }} ] }}"));
    let chain = "the chain has i=1 by corp.example cv=none, i=2 by google.com cv=pass";
    for (test, passed, expected, actual) in [
        ("i: 2, by: google.com, cv: pass", true, "i=2 by google.com cv=pass", "i=2 by google.com cv=pass"),
        ("i: last, by: GOOGLE.com", true, "i=last by GOOGLE.com", "i=2 by google.com cv=pass"),
        ("i: last-1, cv: pass", false, "i=last-1 cv=pass", "i=1 by corp.example cv=none"),
        ("i: 2, by: $company.domain", false, "i=2 by corp.example", "i=2 by google.com cv=pass"),
        ("i: 1, selector: \"20261\"", true, "i=1 s=20261", "i=1 by corp.example cv=none s=20261"),
        ("i: 3, cv: pass", false, "i=3 cv=pass", &format!("no such seal; {chain}")),
        ("i: 3, absent: true", true, "no i=3", &format!("no such seal; {chain}")),
        ("i: 2, absent: true", false, "no i=2", "i=2 by google.com cv=pass"),
        ("i: last-2, cv: none", false, "i=last-2 cv=none", &format!("no such seal; {chain}")),
    ] {
        says(&seal(test), "delivered.arc.seals[0]", &sound(), passed, expected, actual);
    }
    let unsealed = forwarded(1, |t| t.replace("ARC-Seal: i=1", "X-Was: i=1"));
    says(&seal("i: 1, cv: none"), "delivered.arc.seals[0]", &unsealed, false, "i=1 cv=none", "i=1 without an ARC-Seal");
    let direct = forwarded(1, |t| t.replace("ARC-", "X-"));
    says(
        &seal("i: 1, cv: none"),
        "delivered.arc.seals[0]",
        &direct,
        false,
        "i=1 cv=none",
        "no such seal; the chain has no ARC Set at all",
    );
}

#[test]
fn verify_is_our_own_judgement() {
    let mut broken = sound();
    broken.copies[0].verification.arc = Verdict::Fail;
    broken.copies[0].verification.arc_reason = Some("i=1 ARC-Seal: signature does not fit".to_owned());
    let reason = "fail: i=1 ARC-Seal: signature does not fit";
    says(&delivered("arc: { verify: true }"), "delivered.arc.verify", &sound(), true, "pass", "pass");
    says(&delivered("arc: { verify: true }"), "delivered.arc.verify", &broken, false, "pass", reason);
    says(&delivered("arc: { verify: fail }"), "delivered.arc.verify", &broken, true, "fail", reason);
    let direct = forwarded(1, |t| t.replace("ARC-", "X-"));
    says(&delivered("arc: { verify: none }"), "delivered.arc.verify", &direct, true, "none", "none");
    let verify = |evidence: &Evidence| result(&delivered("arc: { verify: true }"), "delivered.arc.verify", evidence);
    assert!(!verify(&broken).inconclusive && !verify(&sound()).inconclusive);
    broken.copies[0].verification.arc = Verdict::TempError;
    assert!(verify(&broken).inconclusive, "DNS gave no answer, which proves nothing");
}

#[test]
fn the_body_is_compared_after_relaxed_canonicalization() {
    let body =
        |test: &str, evidence: &Evidence| result(&delivered(&format!("body: {test}")), "delivered.body", evidence);
    let spaced = forwarded(1, |t| t.replace("Body of the", "Body  of\tthe") + "\r\n \r\n");
    assert!(body("unchanged", &spaced).passed);
    let footer = forwarded(1, |t| t + "-- \r\nSent by corp.example\r\n");
    let result = body("unchanged", &footer);
    assert!(!result.passed);
    assert_eq!(result.actual, "changed: line 3 of the body was nothing, is \"--\"");
    assert!(body("changed", &footer).passed && !body("changed", &sound()).passed);
}

#[test]
fn header_fields_are_tested_as_they_read() {
    let evidence = forwarded(1, |t| t.replace("X-A: a", "X-A: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-A: second"));
    let headers = |test: &str| delivered(&format!("headers: {{ {test} }}"));
    says(&headers("x-a: Grüße"), "delivered.headers.x-a", &evidence, true, "Grüße", "Grüße");
    says(&headers("X-None: a"), "delivered.headers.X-None", &evidence, false, "a", "no such field");
    let split = forwarded(1, |t| t.replace("X-A: a", "X-A: =?UTF-8?B?6L+35oOR4w==?=\r\n =?utf-8?B?g6Hjg7zjg6s=?="));
    says(&headers("X-A: 迷惑メール"), "delivered.headers.X-A", &split, true, "迷惑メール", "迷惑メール");
    let absent = |name: &str| headers(&format!("{name}: {{ absent: true }}"));
    says(&absent("X-None"), "delivered.headers.X-None", &evidence, true, "no such field", "no such field");
    says(&absent("x-a"), "delivered.headers.x-a", &evidence, false, "no such field", "Grüße");
}

#[test]
fn bounces_are_taken_apart() {
    let bounce = |test: &str| format!("  - bounced: {{ to: external, {test} }}");
    for (test, path, passed, expected, actual) in [
        ("within: 60s", "within", true, "within 1m", "after 0.97s"),
        ("within: 100ms", "within", false, "within 100ms", "after 0.97s"),
        (
            "from: mailer-daemon@$company.domain",
            "from",
            true,
            "mailer-daemon@corp.example",
            "MAILER-DAEMON@corp.example",
        ),
        ("action: failed", "action", true, "failed", "failed"),
        ("action: delayed", "action", false, "delayed", "failed"),
        ("status: 5.7.26", "status", true, "5.7.26", "5.7.26"),
        ("status: 5.7.1", "status", false, "5.7.1", "5.7.26"),
        ("final_recipient: $gmail.address", "final_recipient", true, "probe.inbox@gmail.com", "probe.inbox@gmail.com"),
        ("returns: headers", "returns", true, "headers", "headers"),
        ("returns: full", "returns", false, "full", "headers"),
    ] {
        says(&bounce(test), &format!("bounced.{path}"), &bounced(1), passed, expected, actual);
    }
    // The words stand on two lines of the reply, with its codes between them.
    let text = result(&bounce("diagnostic: { contains: is unauthenticated. SPF }"), "bounced.diagnostic", &bounced(1));
    assert!(text.passed && text.actual.contains("blocked"), "{text:?}");
    let mut delayed = bounced(1);
    let mut first = delayed.bounces[0].clone();
    let recipient = &mut Arc::make_mut(&mut first.dsn).recipients[0];
    recipient.action = Some("delayed".to_owned());
    recipient.status = Some("4.7.0".to_owned());
    delayed.bounces.insert(0, first);
    assert!(results(&bounce("action: failed, status: 5.7.26"), &delayed).iter().all(|r| r.passed));
    says(&bounce("action: relayed"), "bounced.action", &delayed, false, "relayed", "delayed");
}

#[test]
fn a_bounce_says_failed_unless_another_action_is_written() {
    let mut delayed = bounced(1);
    Arc::make_mut(&mut delayed.bounces[0].dsn).recipients[0].action = Some("delayed".to_owned());
    for expect in ["  - bounced: external", "  - bounced: { to: external }"] {
        assert!(results(expect, &bounced(1)).iter().all(|r| r.passed), "{expect}");
        says(expect, "bounced.action", &delayed, false, "failed", "delayed");
        assert_eq!(result(expect, "bounced.action", &delayed).column, result(expect, "bounced", &delayed).column);
    }
    assert!(results("  - bounced: { to: external, action: delayed }", &delayed).iter().all(|r| r.passed));
}

#[test]
fn a_missing_bounce_says_what_came_instead() {
    let expect = "  - bounced: external";
    says(expect, "bounced", &sound(), false, "bounce to external", "no bounce; in inbox of gmail after 0.58s");
    assert!(!result(expect, "bounced", &sound()).timed_out);
    says(expect, "bounced", &accepted(1), false, "bounce to external", "no bounce; nothing arrived within 120.00s");
    assert!(result(expect, "bounced", &accepted(1)).timed_out);
    assert!(!result("  - bounced: company", "bounced", &bounced(1)).passed, "a bounce to somebody else");
    let none = refused(FirstServer::Company, "550 5.7.1 no");
    says(expect, "bounced", &none, false, "bounce to external", "refused at rcpt: 550 5.7.1 no");
}

#[test]
fn absent_looks_into_every_folder() {
    let expect = "  - absent: gmail";
    says(expect, "absent", &accepted(1), true, "nothing in gmail", "nothing in gmail");
    for folder in [Folder::Inbox, Folder::Spam, Folder::All] {
        let mut evidence = sound();
        evidence.copies[0].arrival.folder = folder;
        assert!(!result(expect, "absent", &evidence).passed, "{folder}");
    }
    says(
        "  - absent: external",
        "absent",
        &bounced(1),
        false,
        "nothing in external",
        "bounce 5.7.26 to external after 0.97s",
    );
    assert!(result("  - absent: external", "absent", &sound()).passed);
}

#[test]
fn count_counts_messages() {
    let mut evidence = sound();
    let mut again = evidence.copies[0].clone();
    again.arrival.uid += 1;
    evidence.copies.extend([again.clone(), again.clone()]);
    again.arrival.folder = Folder::All;
    evidence.copies.push(again);
    let count = |is: u32| format!("  - count: {{ to: gmail, is: {is} }}");
    says(
        &count(2),
        "count",
        &evidence,
        true,
        "2 copies in inbox or spam of gmail",
        "2 copies in inbox or spam of gmail",
    );
    says(
        &count(1),
        "count",
        &evidence,
        false,
        "1 copy in inbox or spam of gmail",
        "2 copies in inbox or spam of gmail",
    );
    assert!(!result(&count(1), "count", &evidence).timed_out);
    says(
        &count(3),
        "count",
        &evidence,
        false,
        "3 copies in inbox or spam of gmail",
        "2 copies in inbox or spam of gmail",
    );
    assert!(result(&count(3), "count", &evidence).timed_out);
}

#[test]
fn a_log_line_may_be_any() {
    let line = |account: &str, text: &str| {
        let (account, text) = (account.to_owned(), text.to_owned());
        LogLine { account, artifact: "mail.log".to_owned(), line: 1, text }
    };
    let logs = vec![line("company", "qid: ARC_SIGNED"), line("gmail", "other"), line("company", "removed")];
    let evidence = Evidence { logs, ..accepted(1) };
    let log = |test: &str| format!("  - log: {{ of: company, {test} }}");
    says(
        &log("contains: arc_signed"),
        "log",
        &evidence,
        true,
        "line of company contains \"arc_signed\"",
        "qid: ARC_SIGNED",
    );
    let missing = "not among the 2 lines of company about this message";
    says(&log("matches: 'oth.r'"), "log", &evidence, false, "line of company matches /oth.r/", missing);
    let nothing = "no line of company about this message";
    says(&log("contains: x"), "log", &accepted(1), false, "line of company contains \"x\"", nothing);
}

#[test]
fn expectations_of_other_targets_are_left_out() {
    let expect = "  - smtp: 250\n  - absent: { from: gmail, targets: [gmail] }\n  - absent: { from: external }";
    let paths: Vec<_> = results(expect, &sound()).into_iter().map(|r| r.path.to_string()).collect();
    assert_eq!(paths, ["expect[0].smtp.code", "expect[2].absent"]);
    let elsewhere = parse("  - delivered: { to: gmail, targets: [gmail] }");
    assert_eq!(check(&elsewhere, &target(), &vars(), &sound()), None, "nothing is asserted, so nothing can pass");
}

#[test]
fn an_unknown_variable_or_a_huge_expression_fails_the_check() {
    let mut scenario = parse(&delivered("auth: { by: mx.google.com }"));
    let ExpectationKind::Delivered(wanted) = &mut scenario.expect[0].kind else { panic!() };
    wanted.auth.by = Some(Template::new("$nobody.domain", place(3)));
    let all = check(&scenario, &target(), &vars(), &sound()).unwrap();
    assert!(!all[1].passed && all[1].actual.contains("nobody.domain"), "{all:?}");
    let huge = delivered("headers: { X-A: { matches: $expression } }");
    let mut vars = vars();
    vars.set("expression", "((a{100}){100}){100}");
    let all = check(&parse(&huge), &target(), &vars, &sound()).unwrap();
    assert!(!all[1].passed && all[1].actual.contains("too large"), "{all:?}");
    vars.set("expression", "(");
    let all = check(&parse(&huge), &target(), &vars, &sound()).unwrap();
    assert!(!all[1].passed && all[1].actual.contains("cannot be read"), "{all:?}");
}

#[test]
fn one_line_says_what_was_seen() {
    let world = target();
    let line = |evidence: &Evidence| summary(evidence, &world);
    assert_eq!(line(&sound()), "inbox  0.58s  arc=pass  i=2 cv=pass");
    assert_eq!(line(&bounced(1)), "bounced 0.97s 5.7.26, absent in gmail");
    assert_eq!(line(&accepted(1)), "absent in gmail");
    assert_eq!(line(&refused(FirstServer::Company, "550 5.7.1 no")), "refused at rcpt: 550 5.7.1 no");
    let mut late = forwarded(1, |t| t.replace("arc=pass", "x-arc=pass"));
    late.copies[0].after = Duration::from_millis(11_950);
    assert_eq!(line(&late), "inbox 11.95s  arc absent");
    let mut direct = sound();
    direct.sent.rcpt_to = vec!["Probe.Inbox@gmail.com".to_owned()];
    assert_eq!(line(&direct), "inbox  0.58s  dmarc=pass");
    direct.sent.rcpt_to.push("probe@ext.example".to_owned());
    assert_eq!(line(&direct), "gmail inbox  0.58s  dmarc=pass, absent in external");
    let mut circle: Target = target();
    circle.accounts.get_mut("gmail").unwrap().forwards_to = Some("company".to_owned());
    assert!(!summary(&accepted(1), &circle).is_empty());
}

#[test]
fn everything_seen_is_in_the_result() {
    let mut evidence = sound();
    evidence.bounces = bounced(1).bounces;
    evidence.copies[0].verification.sets[0].ams = Verdict::Fail;
    let seen = observed(&evidence, &target());
    let kinds: Vec<_> = seen.iter().map(|o| (o.kind, o.account.as_str(), o.folder, o.after_ms)).collect();
    assert_eq!(
        kinds,
        [(ObservedKind::Copy, "gmail", Folder::Inbox, 581), (ObservedKind::Bounce, "external", Folder::Inbox, 970)]
    );
    let seals: Vec<_> = seen[0].arc.iter().map(|s| (s.i, s.by.as_deref(), s.cv.as_deref(), s.verifies)).collect();
    assert_eq!(seals, [(1, Some("corp.example"), Some("none"), false), (2, Some("google.com"), Some("pass"), true)]);
    assert_eq!(seen[1].dsn.as_ref().unwrap().recipients[0].status.as_deref(), Some("5.7.26"));
}
