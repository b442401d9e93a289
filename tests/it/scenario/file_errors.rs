//! What is said of scenario and project files in which a key has a value that it does not take: every key with every kind of
//! value, with text, place and help, kept as a whole. After a change of a text `INSTA_UPDATE=always cargo test --test it
//! file_errors` writes the files anew.

use sealcheck::{
    scenario::{YamlErrors, yaml},
    target::TargetKind,
};
use std::fmt::Write;

/// A value of every kind: some keys take one, and no key takes all.
const VALUES: [&str; 10] = ["''", "x", "7", "-1", "0s", "true", "~", "[]", "[x, x]", "{ x: 1 }"];

/// Every key at the top of a scenario file; the value stands for `%`.
const KEYS: [&str; 53] = [
    "%: 1",
    "name: %",
    "description: %",
    "tags: %",
    "tags: [%]",
    "targets: %",
    "targets: [embedded, %]",
    "skip: %",
    "known_issue: %",
    "known_issue: { reason: % }",
    "known_issue: { reason: r, issue: % }",
    "known_issue: { reason: r, until: % }",
    "known_issue: { reason: r, when: % }",
    "known_issue: { reason: r, when: { rspamd: % } }",
    "known_issue: { reason: '', until: %, when: {} }",
    "vars: %",
    "vars: { a: % }",
    "matrix: %",
    "matrix: { a: % }",
    "matrix: { a: [%] }",
    "arc: %",
    "lab: %",
    "lab: { fault: % }",
    "lab: { external: % }",
    "lab: { company: { arc: % } }",
    "lab: { gmail: { delay: % } }",
    "lab: { gmail: { defer: % } }",
    "lab: { dns: % }",
    "wait: %",
    "wait: { timeout: % }",
    "wait: { slow_after: % }",
    "wait: { poll: % }",
    "wait: { poll: { every: % } }",
    "wait: { poll: { every: 9s, max: % } }",
    "wait: { timeout: 1s, slow_after: %, poll: 0s }",
    "snapshot: %",
    "retries: %",
    "retries: { max: % }",
    "retries: { max: 1, on: % }",
    "retries: { max: 1, on: [%] }",
    "retries: { max: 0, delay: % }",
    "retries: { max: 99, on: %, delay: 1s }",
    "cleanup: %",
    "extends: %",
    "send: { from: a, to: b, headers: { '%': x } }",
    "send: { from: a, to: b, attach: { size: 5XB, type: % } }",
    "send: { from: a, to: b, attach: { file: x, size: % } }",
    "send: { from: a, to: b, attach: { name: % } }",
    "send: { from: a, to: b, attach: [{ file: % }] }",
    "send: { from: a, to: b, attach: { size: % } }",
    "send: { from: a, to: b, eml: %, subject: x, text: x, html: x, encoding: auto }",
    "send: { from: a, to: b, eml: %, headers: { A: x }, attach: x.txt }",
    "send: { to: % }",
];

/// Every key of `send` that takes one value.
const SEND: [&str; 10] =
    ["from", "to", "envelope_from", "subject", "text", "html", "headers", "encoding", "attach", "eml"];

/// Every key of an expectation.
const EXPECTATIONS: [&str; 73] = [
    "%",
    "smtp: %",
    "smtp: { code: % }",
    "smtp: { status: % }",
    "smtp: { status: { is: % } }",
    "smtp: { status: { contains: %, matches: x } }",
    "smtp: { text: % }",
    "smtp: { text: { matches: % } }",
    "smtp: { stage: % }",
    "smtp: { code: 99, status: {}, targets: % }",
    "delivered: %",
    "delivered: { to: % }",
    "delivered: { to: g, folder: % }",
    "delivered: { to: g, within: % }",
    "delivered: { to: g, auth: % }",
    "delivered: { to: g, auth: { by: % } }",
    "delivered: { to: g, auth: { arc: % } }",
    "delivered: { to: g, auth: { dkim: [%] } }",
    "delivered: { to: g, auth: { spf: { result: % } } }",
    "delivered: { to: g, auth: { spf: { result: [pass, %] } } }",
    "delivered: { to: g, auth: { dmarc: { d: % } } }",
    "delivered: { to: g, auth: { dara: { comment: % } } }",
    "delivered: { to: g, auth: { dara: { comment: { is: % } } } }",
    "delivered: { to: g, auth: { arc: { result: absent, d: % } } }",
    "delivered: { to: g, arc: % }",
    "delivered: { to: g, arc: { carries: % } }",
    "delivered: { to: g, arc: { carries: { i: % } } }",
    "delivered: { to: g, arc: { carries: { spf: %, dkim: x } } }",
    "delivered: { to: g, arc: { carries: { dkim: %, dmarc: x } } }",
    "delivered: { to: g, arc: { carries: { dmarc: % } } }",
    "delivered: { to: g, arc: { seals: % } }",
    "delivered: { to: g, arc: { seals: [%] } }",
    "delivered: { to: g, arc: { seals: [{ i: %, cv: pass }] } }",
    "delivered: { to: g, arc: { seals: [{ i: last-1, by: % }] } }",
    "delivered: { to: g, arc: { seals: [{ i: 2, cv: % }] } }",
    "delivered: { to: g, arc: { seals: [{ i: 2, selector: % }] } }",
    "delivered: { to: g, arc: { seals: [{ i: 2, absent: % }] } }",
    "delivered: { to: g, arc: { seals: [{ i: 2, cv: none, absent: % }] } }",
    "delivered: { to: g, arc: { seals: [{ i: 2, cv: pass }, { i: 2, by: % }] } }",
    "delivered: { to: g, arc: { verify: % } }",
    "delivered: { to: g, body: % }",
    "delivered: { to: g, headers: % }",
    "delivered: { to: g, headers: { A: % } }",
    "delivered: { to: g, headers: { A: { is: % } } }",
    "delivered: { to: g, headers: { A: { absent: % } } }",
    "delivered: { to: g, headers: { A: { absent: %, is: x } } }",
    "delivered: { to: g, headers: { A: x, a: % } }",
    "delivered: { to: g, headers: { 'A B': % } }",
    "delivered: { to: g, labels: % }",
    "delivered: { to: g, labels: [%] }",
    "delivered: { to: g, category: % }",
    "delivered: { to: g, targets: % }",
    "delivered: { to: g, targets: [embedded, %] }",
    "bounced: %",
    "bounced: { to: % }",
    "bounced: { to: e, within: % }",
    "bounced: { to: e, from: % }",
    "bounced: { to: e, action: % }",
    "bounced: { to: e, status: % }",
    "bounced: { to: e, diagnostic: %, final_recipient: {} }",
    "bounced: { to: e, returns: % }",
    "absent: %",
    "absent: { from: %, settle: 0s }",
    "absent: { from: g, settle: % }",
    "count: %",
    "count: { to: %, is: 0 }",
    "count: { to: g, is: %, folder: % }",
    "count: { to: g, is: 1, settle: %, targets: % }",
    "log: %",
    "log: { of: %, is: x }",
    "log: { of: c, contains: % }",
    "log: { of: c, matches: %, is: x }",
    "log: { of: c, contains: x, within: %, targets: % }",
];

/// Every key of a project file.
const PROJECT: [&str; 52] = [
    "%: 1",
    "scenarios: %",
    "snapshots: %",
    "target: %",
    "dns: %",
    "accounts: %",
    "accounts: { a: % }",
    "accounts: { '%': { address: a@b.example } }",
    "accounts: { a: { address: % } }",
    "targets: %",
    "targets: { staging: % }",
    "targets: { staging: { listen: %, smtp: 0 } }",
    "targets: { staging: { smtp: %, bounces: 1 } }",
    "targets: { staging: { bounces: %, dns: %, imap: % } }",
    "limits: %",
    "limits: { a: % }",
    "accounts: { a: { address: a@b.example } }\nlimits: { a: { jobs: % }, b: { per_minute: % } }",
    "accounts: { a: { address: a@b.example } }\nlimits: { a: { per_minute: 9, per_day: % } }",
    "run: %",
    "run: { target: % }",
    "run: { inherits: % }",
    "run: { tags: % }",
    "run: { fail_fast: % }",
    "run: { max_fail: % }",
    "run: { fail_fast: true, max_fail: % }",
    "run: { jobs: % }",
    "run: { timeout: %, global_timeout: 1s }",
    "run: { global_timeout: % }",
    "run: { retries: % }",
    "run: { retries: { max: % } }",
    "run: { update: %, flaky: % }",
    "run: { obsolete: %, artifacts: % }",
    "run: { progress: %, color: % }",
    "run: { report: % }",
    "run: { arc: % }",
    "profiles: %",
    "profiles: { p: % }",
    "profiles: { p: { inherits: % } }",
    "profiles: { p: { inherits: q }, q: { inherits: p, target: % } }",
    "profiles: { '%': {} }",
    "# smtp: %",
    "# smtp: { host: h, password: % }",
    "# smtp: { host: h, password: { env: % } }",
    "# imap: { host: h, password: { command: % }, folders: % }",
    "# imap: { host: h, password: { env: A, file: % }, folders: { spam: %, trash: '' } }",
    "# imap: { provider: %, auth: % }",
    "# mx: %",
    "# mx: { host: %, port: %, tls: % }",
    "# forwards_to: %, seal_domain: %, authserv_id: %",
    "# logs: %",
    "# logs: [%, { file: % }, { command: % }, {}]",
    "# dkim: %",
];

/// Every key of a server and of a key, in an account.
const SERVER: [&str; 14] = [
    "provider",
    "host",
    "port",
    "tls",
    "tls_name",
    "ca_file",
    "user",
    "folders",
    "auth",
    "access_token",
    "client_id",
    "refresh_token",
    "token_endpoint",
    "token_ca_file",
];

/// Every line with every value: what is said of it.
fn said(templates: impl IntoIterator<Item = String>, read: impl Fn(&str) -> Result<String, YamlErrors>) -> String {
    let mut out = String::new();
    for template in templates {
        for value in VALUES {
            let line = template.replace('%', value);
            let told = read(&line).unwrap_or_else(|errors| {
                let error = |e: &yaml::YamlError| {
                    let help = e.help.as_ref().map(|help| format!(" = {}", without_codes(help))).unwrap_or_default();
                    let at = &e.position;
                    format!("  {}:{}+{} {}{help}\n", at.line, at.column, at.len, e.message)
                };
                errors.0.iter().map(error).collect()
            });
            write!(out, "{line}\n{told}").unwrap();
        }
    }
    out
}

/// A help without the codes of the faults: a new one is no other text.
fn without_codes(help: &str) -> &str {
    const CODES: &str = "known faults: ";
    help.find(CODES).map_or(help, |at| &help[..at + CODES.len()])
}

fn keep(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("file_errors");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A scenario file; what is read of it are its texts with their places.
fn scenario(text: &str) -> Result<String, YamlErrors> {
    let source = yaml::Source::new("a.yaml", text.as_bytes())?;
    let scenarios = yaml::scenarios(&source, "a", &|_| Err("no such file".to_owned()))?;
    let texts = scenarios.iter().flat_map(|s| TargetKind::ALL.map(|kind| s.texts_on(kind))).max_by_key(Vec::len);
    let told = texts.unwrap_or_default().into_iter().map(|t| format!(" {}:{} {:?}", t.at.line, t.at.column, t.text));
    Ok(format!("  sound:{}\n", told.collect::<String>()))
}

fn project(text: &str) -> Result<String, YamlErrors> {
    let source = yaml::Source::new("sealcheck.yaml", text.as_bytes())?;
    yaml::config(Some(&source), &[]).map(|_| "  sound\n".to_owned())
}

#[test]
fn of_every_key_of_a_scenario() {
    let send = SEND.map(|key| match key {
        "from" => "send: { from: %, to: b }".to_owned(),
        "to" => "send: { from: a, to: % }".to_owned(),
        key => format!("send: {{ from: a, to: b, {key}: % }}"),
    });
    let templates = KEYS.map(str::to_owned).into_iter().chain(send);
    keep(
        "scenario",
        &said(templates, |line| {
            let key = line.split(':').next().unwrap();
            let rest = [("name", "x"), ("send", "{ from: a, to: b }"), ("expect", "[delivered: g]")];
            let rest = rest.iter().filter(|(name, _)| *name != key).map(|(name, value)| format!("{name}: {value}\n"));
            scenario(&format!("sealcheck: 1\n{line}\n{}", rest.collect::<String>()))
        }),
    );
}

#[test]
fn of_every_key_of_an_expectation() {
    let templates = EXPECTATIONS.map(str::to_owned);
    keep(
        "expectation",
        &said(templates, |item| {
            scenario(&format!("sealcheck: 1\nname: x\nsend: {{ from: a, to: b }}\nexpect: [{item}]\n"))
        }),
    );
}

#[test]
fn of_an_expectation_between_others_that_are_wrong() {
    let templates = EXPECTATIONS.map(str::to_owned);
    keep(
        "between",
        &said(templates.into_iter().step_by(8), |item| {
            let expect = format!("expect: [smtp: 99, {{ {item} }}, log: {{ of: '' }}]\n");
            scenario(&format!("sealcheck: 1\nname: ''\ntgas: [x]\nsend: {{ from: a, to: b }}\n{expect}"))
        }),
    );
}

#[test]
fn of_every_key_of_a_project() {
    let account = |rest: &str| format!("accounts: {{ a: {{ address: a@b.example, {rest} }} }}");
    let server = SERVER.map(|key| {
        let host = if key == "host" { "" } else { "host: h, " };
        account(&format!("smtp: {{ {host}password: {{ env: P }}, {key}: % }}"))
    });
    let templates = PROJECT.map(|line| line.strip_prefix("# ").map_or_else(|| line.to_owned(), account));
    let templates = templates.into_iter().chain(server);
    keep("project", &said(templates, |line| project(&format!("sealcheck: 1\n{line}\n"))));
}
