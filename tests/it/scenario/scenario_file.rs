//! Scenario files: what is read, and what is said about those that cannot be.

use proptest::prelude::*;
use sealcheck::{
    scenario::{
        YamlError, lint, load,
        model::{Encoding, ExpectationKind, HeaderTest, SealIndex, TextTest},
        yaml,
    },
    target::TargetKind,
};
use std::{fs, path::Path, time::Duration};

fn read(text: &str) -> Result<Vec<sealcheck::scenario::Scenario>, Vec<YamlError>> {
    let source = yaml::Source::new("a.yaml", text.as_bytes()).map_err(|e| vec![e])?;
    yaml::scenarios(&source, "a", &|_| Err("no such file".to_owned())).map_err(|e| e.0)
}

/// A sound scenario with a line in place of `expect`.
fn with(line: &str) -> String {
    format!("sealcheck: 1\nname: x\nsend: {{ from: external, to: company }}\n{line}\n")
}

/// Holds found against wanted, all at once.
fn agree(pairs: Vec<(String, String, String)>) {
    let wrong: Vec<_> = pairs.iter().filter(|(_, found, wanted)| found != wanted).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The first error: `line:column message`.
fn first(text: &str) -> String {
    match read(text) {
        Ok(_) => "sound".to_owned(),
        Err(errors) => {
            let YamlError { message, position, .. } = &errors[0];
            format!("{}:{} {message}", position.line, position.column)
        }
    }
}

#[test]
fn the_shortest_scenario_is_four_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("forward")).unwrap();
    let text = "sealcheck: 1\nname: direct\nsend: { from: external, to: gmail }\nexpect: [ delivered: gmail ]\n";
    fs::write(folder.path().join("forward/direct.yaml"), text).unwrap();
    let loaded = load(Path::new(folder.path()), &[]);
    assert_eq!(loaded.errors, []);
    assert_eq!(loaded.scenarios.len(), 1);
    assert_eq!(loaded.scenarios[0].id.as_str(), "forward/direct");
    assert!(read(text).is_ok());
}
#[test]
fn the_committed_schemas_are_those_of_the_code() {
    use sealcheck::scenario::schema;
    for (name, schema) in [("scenario", schema::scenario()), ("config", schema::config())] {
        let path = format!("{}/schemas/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == format!("{schema:#}\n"),
            "schemas/{name}.v1.json is stale: cargo run -- schema {name} > schemas/{name}.v1.json"
        );
    }
}

#[test]
fn every_shipped_scenario_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let loaded = load(&root, &[]);
    let errors: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0], "{}", errors.join("\n\n"));
    assert!(loaded.scenarios.len() >= 20);
    for scenario in &loaded.scenarios {
        assert!(scenario.description.is_some() && !scenario.tags.is_empty(), "{}", scenario.id);
    }
}

#[test]
fn no_shipped_scenario_is_odd() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let warnings = sealcheck::scenario::lint(&load(&root, &[]).scenarios);
    assert!(warnings.is_empty(), "{}", warnings.iter().map(|w| format!("{w}\n\n")).collect::<String>());
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let bomb: String = (b'a'..=b'i')
        .map(char::from)
        .scan("x".to_owned(), |before, name| {
            let line = format!("{name}: &{name} [{}]\n", [before.as_str(); 9].join(","));
            *before = format!("*{name}");
            Some(line)
        })
        .collect();
    let mut pairs = Vec::new();
    for (text, wanted) in [
        ("", "0:0 the file is empty"),
        ("\u{feff}# only a comment\n", "0:0 the file is empty"),
        ("- a\n", "1:1 the file must hold a map, found a list"),
        ("hello\n", "1:1 the file must hold a map, found a text"),
        ("name: x\n", "1:1 the format version is missing"),
        ("name: x\nsealcheck: 1\n", "2:1 the format version must be the first key"),
        ("sealcheck: 2\n", "1:12 format version 2 is not known"),
        ("sealcheck: one\n", "1:12 format version a text is not known"),
        ("sealchek: 1\n", "1:1 unknown key `sealchek`"),
        ("sealcheck: 1\nname: x\nname: y\n", "3:1 key `name` is written twice"),
        ("sealcheck: 1\n---\nname: y\n", "3:1 the file holds several documents"),
        ("sealcheck: 1\nname: \"x\n", "2:7 bad YAML: unclosed quote"),
        ("sealcheck: 1\n? [a, b]\n: c\n", "2:3 a key must be a word, found a list"),
        ("sealcheck: 1\0\n", "1:1 the file holds a NUL byte; it is no text"),
        (&with("expect: []"), "4:9 `expect` is empty"),
        (&with("expect:"), "4:7 `expect` must be a list, found nothing"),
        (&with(""), "1:1 key `expect` is missing"),
    ] {
        pairs.push((text.to_owned(), first(text), wanted.to_owned()));
    }
    agree(pairs);
    assert!(first(&bomb).contains("grows too large through its aliases"), "{}", first(&bomb));
    assert!(first(&"[".repeat(10_000)).contains("bad YAML"), "{}", first(&"[".repeat(10_000)));
    let tab = first("sealcheck: 1\nexpect:\n\t- delivered: gmail\n");
    assert!(tab.starts_with("3:") && tab.contains("tab"), "{tab}");
    let help = read("sealcheck: 1\nexpect:\n\t- delivered: gmail\n").unwrap_err()[0].help.clone();
    assert_eq!(help.as_deref(), Some("indent with spaces, YAML allows no tabs there"));
    let binary = yaml::Source::new("a.yaml", b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!((binary.position.line, binary.message.as_str()), (2, "the file is no UTF-8 text"));
    let large = yaml::Source::new("a.yaml", &vec![b' '; yaml::MAX_BYTES + 1]).unwrap_err();
    assert!(large.message.contains("the limit is 1000000 bytes"), "{large}");
}

#[test]
fn what_is_wrong_with_a_value_is_said_with_its_place() {
    let ok = "expect: [delivered: gmail]";
    let mut pairs = Vec::new();
    for (line, wanted) in [
        ("tgas: [a]", "4:1 unknown key `tgas`"),
        ("tags: [and]", "4:8 `and` is no tag"),
        ("targets: []", "4:10 `targets` must be one value or a list of values, found a list"),
        ("targets: [gmial]", "4:11 unknown value `gmial`"),
        ("targets: [gmail, gmail]", "4:18 target `gmail` is written twice"),
        (
            "wait: { timeout: 5 }",
            "4:18 `5` is no duration; write a number and a unit, for example 300ms, 45s, 3m, 2h or 7d",
        ),
        ("wait: { timeout: 0s }", "4:18 `timeout` is zero"),
        ("wait: { slow_after: 3m }", "4:21 option without effect: `slow_after` is not less than `timeout`"),
        ("wait: { poll: { every: 5s, max: 1s } }", "4:24 `every` is more than `max`"),
        ("wait: { poll: 0s }", "4:15 `poll` is zero"),
        ("wait:", "4:5 `wait` must be a value, found nothing"),
        ("retries: { max: 11 }", "4:17 `max` is 11"),
        ("retries: { max: -1 }", "4:17 `retries.max` must be a whole number, found the number -1"),
        ("retries: { max: 0, delay: 3s }", "4:27 option without effect: `delay` without a retry"),
        ("snapshot: everything", "4:11 unknown value `everything`"),
        ("known_issue: { issue: A-1 }", "4:14 key `reason` is missing in `known_issue`"),
        ("known_issue: { reason: r, until: soon }", "4:34 `soon` is no day"),
        ("known_issue: { reason: r, when: { rspamd: 3.6 } }", "4:43 `3.6` says no versions"),
        ("known_issue: { reason: r, when: { rspamd: '<3' } }", "4:43 `<3` says no versions"),
        (
            "known_issue: { reason: r, when: { rspamd: '<3.6', postfix: '<3' } }",
            "4:51 unknown key `postfix` in `known_issue.when`",
        ),
        ("known_issue: { reason: r, when: {} }", "4:33 key `rspamd` is missing in `known_issue.when`"),
        (
            "known_issue: { reason: r, when: { rspamd: '<3.6' } }\ntargets: [embedded, gmail]",
            "4:33 option without effect: `when` without a target whose rspamd is known",
        ),
        ("vars: { token: x }", "4:9 `token` is the attempt's own variable"),
        ("vars: { 1x: x }", "4:9 `1x` is no name of a variable"),
        ("vars: { a: [x] }", "4:12 `vars.a` must be a text, found a list"),
        ("vars: { a: x$company.domain }", "4:9 `$company.domain` in the value of variable `a` is not filled in"),
        ("matrix: { a: [x, '${b}'] }", "4:11 `${b}` in the value of variable `a` is not filled in"),
        ("vars: { a: 'x$$|\\$5' }", "sound"),
        ("skip: false", "4:7 `skip: false` says no reason"),
        ("skip: true", "4:7 `skip: true` says no reason"),
        ("matrix: {}", "4:9 `matrix` is empty"),
        ("matrix: { a: [] }", "4:14 `a` has no values"),
        ("matrix: { a: [x, x] }", "4:18 `x` is written twice"),
        ("matrix: { a: ['x,y'] }", "4:15 `x,y` cannot be a matrix value"),
        ("matrix: { a: [x] }\nvars: { a: y }", "5:9 variable `a` is defined twice"),
        ("extends: base.yaml", "4:10 cannot extend `base.yaml`: no such file"),
        ("lab: {}", "4:6 `lab` changes nothing"),
        ("lab: { company: { arc: maybe } }", "4:24 unknown value `maybe`"),
        ("lab: { company: { arc: false, arc_key: other } }", "4:6 `arc_key` has no effect with `arc: false`"),
        ("lab: { company: { reject: 250 ok } }", "4:27 `250 ok` is no 4xx or 5xx reply"),
        (
            "lab: { gmail: { defer: { reply: 421 5.7.28 } } }",
            "4:33 the enhanced status 5.7.28 does not fit the code 421",
        ),
        ("lab: { gmail: { defer: { reply: 550 5.7.1 } } }", "4:33 `550 5.7.1` is no 4xx reply"),
        ("lab: { dns: [{ name: a.example, answer: nxdomain, ttl: 1 }] }", "4:14 a DNS fault needs `answer` or `ttl`"),
        ("lab: { dns: [{ name: a.example, type: TEXT, answer: nxdomain }] }", "4:39 unknown record type `TEXT`"),
        (
            "targets: [embedded, gmail]\nlab: { company: { srs: true } }",
            "4:21 option without effect: `lab` changes nothing about target `gmail`",
        ),
    ] {
        let text = with(&format!("{line}\n{ok}"));
        pairs.push((line.to_owned(), first(&text), wanted.to_owned()));
    }
    agree(pairs);
}

#[test]
fn what_is_wrong_with_an_expectation_is_said_with_its_place() {
    let mut pairs = Vec::new();
    for (item, wanted) in [
        ("deliverd: gmail", "4:11 unknown key `deliverd` in `expect[0]`"),
        ("{}", "4:11 an expectation without a kind"),
        ("{ smtp: 250, delivered: gmail }", "4:11 one expectation has 2 kinds"),
        ("smtp: 99", "4:17 99 is no SMTP reply code"),
        ("smtp: { stage: hello }", "4:26 unknown value `hello`"),
        ("smtp: {}", "4:11 `smtp` says nothing"),
        ("delivered: ''", "4:22 the account is empty"),
        ("delivered: { to: gmail, body: same }", "4:41 unknown value `same`"),
        ("delivered: { to: gmail, auth: { arc: pas } }", "4:48 `arc` has no result `pas`"),
        ("delivered: { to: gmail, auth: { arc: softfail } }", "4:48 `arc` has no result `softfail`"),
        ("delivered: { to: gmail, auth: { spf: [pass, any] } }", "4:55 `any` stands alone"),
        ("delivered: { to: gmail, auth: { spf: {} } }", "4:48 `spf` says nothing"),
        (
            "delivered: { to: gmail, auth: { spf: { result: absent, d: x } } }",
            "4:48 `spf: absent` has no domain and no comment",
        ),
        ("delivered: { to: gmail, arc: { verify: maybe } }", "4:50 unknown value `maybe`"),
        ("delivered: { to: gmail, arc: { seals: [{ i: 0, cv: none }] } }", "4:55 `0` is no seal"),
        ("delivered: { to: gmail, arc: { seals: [{ i: last+1, cv: none }] } }", "4:55 `last+1` is no seal"),
        ("delivered: { to: gmail, arc: { seals: [{ i: 1 }] } }", "4:50 the seal test says nothing"),
        (
            "delivered: { to: gmail, arc: { seals: [{ i: 1, cv: none, absent: true }] } }",
            "4:50 a seal that is absent has no `by`, `cv` or `selector`",
        ),
        (
            "delivered: { to: gmail, arc: { seals: [{ i: 1, cv: none }, { i: 1, by: x }] } }",
            "4:70 this seal is tested twice",
        ),
        ("delivered: { to: gmail, arc: { carries: { i: 51 } } }", "4:56 there is no instance 51"),
        ("bounced: { to: external, action: fail }", "4:44 unknown value `fail`"),
        (
            "bounced: { to: external, status: { is: a, contains: b } }",
            "4:44 2 of the keys `is`, `contains` and `matches` are written",
        ),
        ("count: { to: gmail, is: 0 }", "4:35 `count` of 0"),
        ("log: { of: company }", "4:11 0 of the keys `is`, `contains` and `matches` are written"),
        ("delivered: { to: gmail, within: 0s }", "4:43 `within` is zero"),
        ("bounced: { to: external, within: 0ms }", "4:44 `within` is zero"),
        ("log: { of: company, contains: x, within: 0s }", "4:52 `within` is zero"),
        ("absent: { from: gmail, settle: 0s }", "4:42 `settle` is zero"),
        ("count: { to: gmail, is: 1, settle: 0s }", "4:46 `settle` is zero"),
        ("absent: { form: gmail }", "4:19 key `from` is missing in `expect[0].absent`"),
    ] {
        pairs.push((item.to_owned(), first(&with(&format!("expect: [ {item} ]"))), wanted.to_owned()));
    }
    agree(pairs);
    let regex = first(&with("expect: [ log: { of: company, matches: '(a' } ]"));
    assert!(regex.starts_with("4:40 bad regular expression: "), "{regex}");
    let text = with("targets: [embedded]\nexpect: [ log: { of: company, contains: x, targets: [rspamd] } ]");
    assert_eq!(first(&text), "5:11 option without effect: target `rspamd` is none of the scenario's");
}

#[test]
fn what_can_never_hold_is_refused_with_its_place() {
    let mut pairs = Vec::new();
    let delivered = |rest: &str| format!("delivered: {{ to: gmail, {rest} }}");
    let seals = |rest: &str| format!("delivered: {{ to: gmail, arc: {{ {rest} }} }}");
    // A bar stands before what is wrong.
    for (marked, wanted) in [
        // Texts that are empty, or have not the form of what they are held against.
        (delivered("headers: { X-A: { matches: |'' } }"), "the text is empty"),
        (delivered("headers: { X-A: { contains: |'' } }"), "the text is empty"),
        (delivered("headers: { X-A: |'' }"), "the text is empty"),
        (delivered("headers: { X-A: |\"a\\nb\" }"), "`a\\nb` holds a line break or a control character"),
        (delivered("auth: { by: |'' }"), "the text is empty"),
        (delivered("auth: { dkim: { result: pass, d: |'' } }"), "the text is empty"),
        (delivered("auth: { dkim: { d: |a@ext.example } }"), "`a@ext.example` is no domain"),
        (delivered("auth: { dmarc: { comment: { matches: |'(' } } }"), "bad regular expression: unclosed group"),
        (seals("seals: [{ i: 1, by: |'' }]"), "the text is empty"),
        (seals("seals: [{ i: 1, by: |'corp example' }]"), "`corp example` is no domain"),
        (seals("seals: [{ i: 1, selector: |'' }]"), "the text is empty"),
        ("smtp: { status: |'' }".to_owned(), "the text is empty"),
        ("smtp: { status: |5.1 }".to_owned(), "`5.1` is no enhanced status code"),
        ("bounced: { to: external, status: |5.7.1000 }".to_owned(), "`5.7.1000` is no enhanced status code"),
        ("bounced: { to: external, status: |3.0.0 }".to_owned(), "`3.0.0` is no enhanced status code"),
        ("log: { of: company, matches: |'' }".to_owned(), "the text is empty"),
        // Names of header fields.
        (delivered("headers: { |'X A': a }"), "`X A` is no header field name"),
        (delivered("headers: { |'X-A:': a }"), "`X-A:` is no header field name"),
        (delivered("headers: { X-A: a, |x-a: b }"), "header field `x-a` is tested twice"),
        (delivered("headers: { X-A: { absent: |false } }"), "`absent: false` says nothing"),
        (delivered("headers: { X-A: |{ absent: true, is: a } }"), "a header field that is absent has no text"),
        // What is written twice, or says nothing.
        (delivered("auth: { dkim: [pass, |pass] }"), "`pass` is written twice"),
        (delivered("labels: [a, |a]"), "label `a` is written twice"),
        (delivered("auth: |{}"), "`auth` says nothing"),
        (delivered("arc: |{}"), "`arc` says nothing"),
        (delivered("headers: |{}"), "`headers` says nothing"),
        // Replies.
        ("smtp: |999".to_owned(), "999 is no SMTP reply code"),
        ("smtp: |560".to_owned(), "560 is no SMTP reply code"),
        ("smtp: |354".to_owned(), "354 decides over no mail"),
        ("smtp: { code: 250, stage: |rcpt }".to_owned(), "a 250 at stage `rcpt` decides over no mail"),
        ("smtp: { code: 550, status: |4.7.1 }".to_owned(), "the enhanced status 4.7.1 does not fit the code 550"),
        ("bounced: { to: external, status: |2.0.0 }".to_owned(), "no bounce is `failed` with status 2.0.0"),
        (
            "bounced: { to: external, action: delayed, status: |5.1.1 }".to_owned(),
            "no bounce is `delayed` with status 5.1.1",
        ),
        // Chains.
        (
            delivered("auth: { arc: fail }, arc: { carries: |{ i: 1 } }"),
            "`carries` without `arc: pass` by the receiver",
        ),
        (seals("seals: [|{ i: 1, cv: pass }]"), "a chain does not begin with cv=pass"),
        (seals("verify: pass, seals: [|{ i: 2, cv: none }]"), "no chain that verifies has cv=none at i=2"),
        (seals("verify: pass, seals: [|{ i: 2, cv: fail }]"), "no chain that verifies has cv=fail"),
        (seals("verify: pass, seals: [|{ i: last, cv: fail }]"), "no chain that verifies has cv=fail"),
        (seals("verify: none, seals: [|{ i: 1, cv: none }]"), "a seal in a mail without a chain"),
        (seals("verify: pass, seals: [|{ i: 1, absent: true }]"), "no chain that verifies leaves this seal out"),
        (
            seals("verify: pass, seals: [{ i: 3, by: a.example }, |{ i: 2, absent: true }]"),
            "no chain that verifies leaves this seal out",
        ),
    ] {
        let marked = with(&format!("expect: [ {marked} ]"));
        let column = marked.lines().nth(3).unwrap().find('|').unwrap() + 1;
        let found = first(&marked.replacen('|', "", 1));
        pairs.push((marked, found, format!("4:{column} {wanted}")));
    }
    agree(pairs);
    for item in [
        "smtp: { code: 550, status: 5.7.1, stage: rcpt }",
        "smtp: { code: 250, stage: message }",
        "smtp: { status: { contains: '5.7' } }",
        "bounced: { to: external, status: 4.4.7 }",
        "bounced: { to: external, action: delayed, status: 4.4.1 }",
        "delivered: { to: gmail, headers: { X-A: { absent: true }, X-B: a } }",
        "delivered: { to: gmail, auth: { arc: any }, arc: { carries: { i: 1 } } }",
        "delivered: { to: gmail, auth: { arc: fail }, arc: { seals: [{ i: 1, cv: pass }] } }",
        "delivered: { to: gmail, arc: { verify: fail, seals: [{ i: 2, cv: none }] } }",
        "delivered: { to: gmail, arc: { verify: fail, seals: [{ i: last, cv: fail }] } }",
        "delivered: { to: gmail, arc: { seals: [{ i: last, cv: fail }] } }",
        "delivered: { to: gmail, arc: { seals: [{ i: 2, by: corp.example, cv: none }] } }",
        "delivered: { to: gmail, arc: { verify: pass, seals: [{ i: 2, by: 例え.jp }, { i: 3, absent: true }] } }",
    ] {
        assert_eq!(first(&with(&format!("expect: [ {item} ]"))), "sound", "{item}");
    }
}

#[test]
fn what_is_wrong_with_a_mail_is_said_with_its_place() {
    let mut pairs = Vec::new();
    for (send, wanted) in [
        ("{ from: external }", "3:7 key `to` is missing in `send`"),
        ("{ from: external, to: [a, a] }", "3:33 `a` is written twice"),
        ("{ from: external, to: a, ecoding: 8bit }", "3:32 unknown key `ecoding` in `send`"),
        ("{ from: external, to: a, encoding: 7bit }", "3:42 unknown value `7bit`"),
        ("{ from: external, to: a, subject: \"a\\nb\" }", "3:41 `subject` holds a line break or a control character"),
        ("{ from: external, to: a, headers: { 'a b': x } }", "3:43 `a b` is no header field name"),
        ("{ from: external, to: a, headers: { Message-Id: x } }", "3:43 sealcheck writes `Message-Id` itself"),
        ("{ from: external, to: a, eml: x.eml, text: hi }", "3:50 `text` has no effect beside `eml`"),
        ("{ from: external, to: a, attach: { name: x } }", "3:40 an attachment needs `file` or `size`"),
        ("{ from: external, to: a, attach: [{ size: 5 }, { size: 5TB }] }", "3:62 `5TB` is no size"),
        ("{ from: external, to: a, attach: { size: 5MB, type: pdf } }", "3:59 `pdf` is no media type"),
    ] {
        let text = format!("sealcheck: 1\nname: x\nsend: {send}\nexpect: [delivered: gmail]\n");
        pairs.push((send.to_owned(), first(&text), wanted.to_owned()));
    }
    agree(pairs);
}

#[test]
fn one_look_shows_every_mistake() {
    let text = "sealcheck: 1\nname: x\ntgas: [a]\nsend: { from: external, to: company }\nwait: { timeout: 5 }\n\
                expect:\n  - smtp: 99\n  - deliverd: gmail\n  - absent: { from: gmail, settle: x }\nsnapshot: all\n";
    let lines: Vec<_> = read(text).unwrap_err().iter().map(|e| e.position.line).collect();
    assert_eq!(lines, [3, 5, 7, 8, 9, 10]);
}

#[test]
fn an_error_shows_line_caret_and_help() {
    let error = read(&with("tgas: [a]\nexpect: [delivered: gmail]")).unwrap_err().remove(0);
    assert_eq!(
        error.to_string(),
        "unknown key `tgas`\n --> a.yaml:4:1\n  |\n4 | tgas: [a]\n  | ^^^^\n  |\n  = help: did you mean `tags`?"
    );
}

#[test]
fn every_form_is_read() {
    let text = "sealcheck: 1\r\nname: 007\r\ntags: [arc]\r\nvars: { n: 1.50, yes: no }\r\n\
                send:\r\n  from: external\r\n  to: [company, x@corp.example]\r\n  text: on\r\n  \
                attach: [a/b.pdf, { name: c.bin, size: 5MB }]\r\n\
                expect:\r\n  - smtp: 250\r\n  - delivered: gmail\r\n  - delivered:\r\n      to: gmail\r\n      \
                auth: { spf: [pass, neutral], by: mx.google.com, arc: any }\r\n      \
                arc: { seals: [{ i: last-1, cv: pass }, { i: 4, absent: true }], verify: true }\r\n      \
                headers: { Subject: { matches: '^a$' } }\r\n  - absent: gmail\r\n  - bounced: external\r\n";
    let scenario = read(text).unwrap().remove(0);
    assert_eq!((scenario.name.as_str(), scenario.targets.len()), ("007", TargetKind::ALL.len()));
    assert_eq!((scenario.vars.get("n"), scenario.vars.get("yes")), (Some("1.50"), Some("no")));
    assert_eq!(scenario.send.text.as_ref().unwrap().text, "on");
    let attach: Vec<_> = scenario.send.attach.iter().map(|a| (a.value.name(), a.value.content_type())).collect();
    assert_eq!(attach, [("b.pdf".into(), "application/pdf"), ("c.bin".into(), "application/octet-stream")]);
    assert_eq!(scenario.expect.len(), 5);
    let ExpectationKind::Delivered(delivered) = &scenario.expect[2].kind else { panic!() };
    let methods: Vec<_> = delivered.auth.methods.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(methods, ["spf", "arc"]);
    assert_eq!(delivered.arc.seals[0].value.i, SealIndex::Last(1));
    assert_eq!(delivered.arc.verify.as_ref().unwrap().value, "pass");
    assert!(matches!(&delivered.headers[0].1.value, HeaderTest::Text(TextTest::Matches(t)) if t.text == "^a$"));
    let ExpectationKind::Absent(absent) = &scenario.expect[3].kind else { panic!() };
    assert_eq!(absent.settle.time(), Duration::from_secs(5));
}

#[test]
fn a_matrix_fills_every_place() {
    let text = "sealcheck: 1\nname: $enc of $size\nmatrix: { enc: [8bit, base64], size: [1KB, 5MB], seal: [false] }\n\
                lab: { company: { arc: $seal } }\nsend: { from: external, to: company, subject: $$enc $token, encoding: $enc, \
                attach: { size: $size } }\nexpect: [delivered: gmail]\n";
    let rows = read(text).unwrap();
    let ids: Vec<_> = rows.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "a[enc=8bit,size=1KB,seal=false]",
            "a[enc=8bit,size=5MB,seal=false]",
            "a[enc=base64,size=1KB,seal=false]",
            "a[enc=base64,size=5MB,seal=false]"
        ]
    );
    assert_eq!((rows[1].name.as_str(), rows[1].send.encoding()), ("8bit of 5MB", Encoding::EightBit));
    assert_eq!(rows[2].send.subject.as_ref().unwrap().text, "$$enc $token");
    assert_eq!(rows[2].params[0], ("enc".to_owned(), "base64".to_owned()));
    let many: Vec<String> = (0..32).map(|n| n.to_string()).collect();
    let list = many.join(", ");
    let text = with(&format!("matrix: {{ a: [{list}], b: [{list}] }}\nexpect: [delivered: gmail]"));
    assert_eq!(first(&text), "4:9 the matrix has 1024 rows");
}

#[test]
fn a_folder_is_searched_and_files_are_extended() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let file = |name: &str, text: &str| {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    };
    file("base.yaml", "sealcheck: 1\nsend: { from: external, to: company, subject: s }\nwait: { timeout: 9s }\n");
    file(
        "b/child.yml",
        "sealcheck: 1\nextends: ../base.yaml\nname: c\nsend: { to: gmail }\nexpect: [delivered: gmail]\n",
    );
    file("a.yaml", &with("matrix: { n: [1, 2] }\nexpect: [delivered: gmail]"));
    file("bad.yaml", "sealcheck: 1\nname: x\n");
    file("_hidden.yaml", "no: scenario\n");
    file("twice.yaml", "sealcheck: 1\nextends: b/child.yml\nname: x\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
    let ids = |wanted: &[&str]| -> (Vec<String>, Vec<String>) {
        let wanted: Vec<_> = wanted.iter().map(|w| (*w).to_owned()).collect();
        let loaded = load(root, &wanted);
        let ids = loaded.scenarios.iter().map(|s| s.id.to_string()).collect();
        (ids, loaded.errors.iter().map(|e| e.message.clone()).collect())
    };
    let (all, errors) = ids(&[]);
    assert_eq!(all, ["a[n=1]", "a[n=2]", "b/child"]);
    let wanted = ["key `send` is missing", "a file that is extended extends another"];
    assert_eq!((errors.len(), errors.iter().any(|e| e == wanted[1])), (2, true), "{errors:?}");
    assert_eq!(ids(&["b/child", "b/*"]).0, ["b/child"]);
    assert_eq!(ids(&["a[n=2]"]).0, ["a[n=2]"]);
    assert_eq!(ids(&[root.join("a.yaml").to_str().unwrap()]).0.len(), 2);
    assert_eq!(ids(&[root.join("b").to_str().unwrap()]).0, ["b/child"]);
    assert_eq!(ids(&["a[n=3]"]).1, ["no row of the matrix is called `a[n=3]`"]);
    assert_eq!(ids(&["chidl"]).1, ["no scenario is called `chidl`, and there is no such file"]);
    let child = load(root, &["b/child".to_owned()]).scenarios.remove(0);
    assert_eq!((child.send.to[0].value.as_str(), child.wait.timeout()), ("gmail", Duration::from_secs(9)));
    let subject = child.send.subject.as_ref().unwrap();
    assert!(subject.at.file.ends_with("base.yaml") && child.source_of(&subject.at).unwrap().contains("subject: s"));
    assert_eq!(load(&root.join("none"), &[]).errors[0].message, "there is no such scenario folder");
}

#[test]
fn odd_scenarios_are_warned_of() {
    for (line, wanted) in [
        ("vars: { n: 1 }\nexpect: [delivered: gmail]", ("W02", 4, 9)),
        ("expect: [smtp: 250]", ("W03", 4, 10)),
        ("wait: { timeout: 5s }\nexpect: [delivered: { to: gmail, within: 6s }]", ("W04", 5, 42)),
        (
            "wait: { timeout: 5s }\nexpect: [{ delivered: gmail }, { log: { of: company, contains: x, within: 6s } }]",
            ("W04", 5, 75),
        ),
        ("expect: [absent: { from: gmail, settle: 1s }]", ("W05", 4, 41)),
        ("expect: [delivered: { to: gmail, arc: { seals: [{ i: 2, cv: pass }] } }]", ("W06", 4, 49)),
        ("arc: off\nexpect: [delivered: { to: gmail, auth: { arc: pass } }]", ("W07", 5, 47)),
        ("arc: advisory\nexpect: [delivered: { to: gmail, arc: { carries: { i: 1 } } }]", ("W07", 5, 50)),
        ("arc: off\nexpect: [delivered: { to: gmail, arc: { verify: pass } }]", ("W07", 5, 49)),
    ] {
        let warnings = lint(&read(&with(line)).unwrap());
        let found: Vec<_> =
            warnings.iter().map(|w| (w.code.as_str(), w.what.position.line, w.what.position.column)).collect();
        assert_eq!(found, [wanted], "{line}");
    }
    assert!(lint(&read(&with("expect: [smtp: 550]")).unwrap()).is_empty());
}

#[test]
fn a_target_that_proves_little_is_warned_of_on_its_own() {
    let warned = |expect: &str| -> Vec<String> {
        let text = with(&format!("targets: [embedded, rspamd, gmail]\nexpect: [{expect}]"));
        lint(&read(&text).unwrap()).iter().map(|w| format!("{} {}", w.code, w.what.message)).collect()
    };
    assert_eq!(warned("smtp: 250"), ["W03 no expectation looks into a mailbox"]);
    assert_eq!(
        warned("{ smtp: 250 }, { delivered: { to: gmail, targets: gmail } }"),
        ["W03 no expectation looks into a mailbox on targets embedded, rspamd"]
    );
    assert_eq!(
        warned("delivered: { to: gmail, targets: [rspamd, gmail] }"),
        ["W03 no expectation applies on target embedded, so the scenario is skipped there"]
    );
    assert_eq!(
        warned("{ delivered: { to: gmail, targets: gmail } }, { smtp: { code: 250, targets: rspamd } }"),
        [
            "W03 no expectation looks into a mailbox on target rspamd",
            "W03 no expectation applies on target embedded, so the scenario is skipped there"
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(sealcheck: 1\n)?[ -~\n\t\r\u{e4}\u{1f600}]{0,200}") {
        let _ = read(&text).map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>());
        let source = yaml::Source::new("a.yaml", text.as_bytes()).unwrap();
        let _ = yaml::config(Some(&source), &[]).map_err(|e| e.to_string());
    }

    #[test]
    fn no_damaged_scenario_makes_it_panic(cut in 0usize..900, len in 0usize..40, put in "[\\[\\]{}:,&*#|>'\"$ \n-]{0,6}") {
        let sound = include_str!("../../../scenarios/forward-arc.yaml");
        let at = (0..=cut.min(sound.len())).rev().find(|n| sound.is_char_boundary(*n)).unwrap();
        let end = (at..=(at + len).min(sound.len())).rev().find(|n| sound.is_char_boundary(*n)).unwrap();
        let text = format!("{}{put}{}", &sound[..at], &sound[end..]);
        let _ = read(&text).map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = yaml::Source::new("a.yaml", &bytes).map(|s| yaml::scenarios(&s, "a", &|_| Err(String::new())).is_ok());
    }
}
