//! The project file: what is read, what is refused, and how it becomes a target.

use sealcheck::{
    core::Redactor,
    scenario::{
        Config, Scenario, Vars,
        config::{Outside, Resolved, Selected},
        yaml,
    },
    target::{Mechanism, Provider, TargetKind, TlsMode},
};
use std::{collections::BTreeMap, path::Path};

const ACCOUNTS: &str = "sealcheck: 1
accounts:
  external:
    address: probe@ext.example
    smtp: { host: smtp.ext.example, user: u, password: { env: EXTERNAL } }
    imap: { host: imap.ext.example, password: { env: EXTERNAL } }
  company:
    address: forward-me@corp.example
    forwards_to: gmail
  gmail:
    address: probe.inbox@gmail.com
    imap: { provider: gmail, auth: app_password, password: { env: GMAIL } }
  gmail-2:
    address: second@gmail.com
    imap: { provider: gmail, access_token: { env: TOKEN } }
limits:
  gmail: { per_minute: 10 }
";

fn config(text: &str, set: &[&str]) -> Result<Config, String> {
    let source = yaml::Source::new("sealcheck.yaml", text.as_bytes()).map_err(|e| e.to_string())?;
    let set: Vec<_> = set.iter().map(|s| (*s).to_owned()).collect();
    yaml::config(Some(&source), &set).map_err(|e| e.to_string())
}

fn scenario(send: &str, expect: &str) -> Vec<Scenario> {
    let text = format!("sealcheck: 1\nname: x\nsend: {send}\nexpect: [{expect}]\n");
    let source = yaml::Source::new("a.yaml", text.as_bytes()).unwrap();
    yaml::scenarios(&source, "a", &|_| Err(String::new())).unwrap()
}

async fn resolve(config: &Config, scenarios: &[Scenario], renamed: &[(&str, &str)]) -> Result<Resolved, String> {
    let env = |name: &str| {
        Some(match name {
            "EXTERNAL" => "external secret".to_owned(),
            "GMAIL" => "abcd efgh ijkl mnop".to_owned(),
            "TOKEN" => "ya29.token".to_owned(),
            _ => return None,
        })
    };
    let renamed: BTreeMap<_, _> = renamed.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let outside = Outside { env: &env, root: Path::new("") };
    let redactor = Redactor::new();
    let vars = Vars::new();
    let selected = Selected { kind: TargetKind::Gmail, scenarios, renamed: &renamed, vars: &vars };
    let resolved = config.resolve(selected, &outside, &redactor).await;
    if resolved.as_ref().is_ok_and(|r| r.target.accounts.contains_key("external")) {
        assert!(redactor.leaks(b"external secret"));
    }
    resolved.map_err(|e| e.to_string())
}

#[tokio::test]
async fn logs_are_files_below_the_project_or_programs() {
    let logs = "    logs: [ { file: mail.log }, { command: [ssh, mx, journalctl, \"@{since}\"] } ]\n";
    let text = ACCOUNTS.replace("    forwards_to: gmail\n", &format!("    forwards_to: gmail\n{logs}"));
    let forward = scenario("{ from: external, to: company }", "delivered: gmail");
    let target = resolve(&config(&text, &[]).unwrap(), &forward, &[]).await.unwrap().target;
    let all: Vec<_> = target.accounts["company"].logs.iter().map(ToString::to_string).collect();
    assert_eq!(all, ["mail.log", "ssh mx journalctl @{since}"]);
    for (wrong, says) in [
        ("{ file: '' }", "`file` is empty"),
        ("{ command: [] }", "`command` is empty"),
        ("{}", "a log needs one of `file` and `command`"),
        ("{ file: a, command: [b] }", "a log needs one of `file` and `command`"),
        ("{ path: a }", "unknown key `path`"),
    ] {
        let text = text.replace("{ file: mail.log }", wrong);
        let error = config(&text, &[]).unwrap_err();
        assert!(error.contains(says) && error.contains("sealcheck.yaml:10:"), "{wrong}: {error}");
    }
}

#[tokio::test]
async fn accounts_are_found_by_their_addresses() {
    let config = config(ACCOUNTS, &[]).unwrap();
    for (send, expect) in [
        ("{ from: external, to: Forward-Me@corp.example }", "delivered: gmail"),
        ("{ from: $external.address, to: $company.address }", "delivered: Probe.Inbox@gmail.com"),
        ("{ from: external, to: '${company.user}@$company.domain' }", "absent: $gmail.address"),
    ] {
        let target = resolve(&config, &scenario(send, expect), &[]).await.unwrap().target;
        assert_eq!(target.accounts.keys().collect::<Vec<_>>(), ["company", "external", "gmail"], "{send} {expect}");
    }
    // The address of an account that stands in for another is that of the other's name.
    let other = scenario("{ from: external, to: company }", "delivered: second@gmail.com");
    let target = resolve(&config, &other, &[("gmail", "gmail-2"), ("gmail-2", "gmail")]).await.unwrap().target;
    assert_eq!(target.accounts["gmail"].address, "second@gmail.com");
    // An address of somebody else needs no account; its variables do.
    let outside = scenario("{ from: external, to: 'x+$token@$company.domain' }", "delivered: gmail");
    let target = resolve(&config, &outside, &[]).await.unwrap().target;
    assert_eq!(target.accounts.keys().collect::<Vec<_>>(), ["company", "external", "gmail"]);
}

#[tokio::test]
async fn accounts_that_are_used_become_a_target() {
    let config = config(ACCOUNTS, &[]).unwrap();
    let forward = scenario("{ from: external, to: company }", "delivered: gmail");
    let target = resolve(&config, &forward, &[]).await.unwrap().target;
    assert_eq!(target.accounts.keys().collect::<Vec<_>>(), ["company", "external", "gmail"]);
    let smtp = target.accounts["external"].smtp.as_ref().unwrap();
    assert_eq!((smtp.port, smtp.tls, smtp.login.as_ref().unwrap().user.as_str()), (587, TlsMode::Starttls, "u"));
    let gmail = &target.accounts["gmail"];
    let imap = gmail.imap.as_ref().unwrap();
    assert_eq!((imap.endpoint.host.as_str(), imap.endpoint.port), ("imap.gmail.com", 993));
    assert_eq!((imap.endpoint.tls, imap.provider), (TlsMode::Implicit, Provider::Gmail));
    let login = imap.endpoint.login.as_ref().unwrap();
    assert_eq!((login.user.as_str(), login.secret.expose()), ("probe.inbox@gmail.com", "abcdefghijklmnop"));
    assert_eq!(
        (gmail.seal_domain.as_deref(), gmail.authserv_id.as_deref()),
        (Some("google.com"), Some("mx.google.com"))
    );
    assert_eq!(gmail.limit.per_minute.as_ref().map(|l| l.value), Some(10));
    let direct = scenario("{ from: external, to: gmail }", "delivered: gmail");
    let other = resolve(&config, &direct, &[("gmail", "gmail-2")]).await.unwrap().target;
    let login = other.accounts["gmail"].imap.as_ref().unwrap().endpoint.login.as_ref().unwrap();
    assert_eq!((login.mechanism, login.secret.expose()), (Mechanism::Xoauth2, "ya29.token"));
}

#[tokio::test]
async fn who_forwards_is_swapped_with_who_receives() {
    let company = "  company-2:\n    address: sales@corp.example\n    forwards_to: gmail-2\n  gmail:\n";
    let text = ACCOUNTS.replace("  gmail:\n", company);
    let sound = config(&text, &[]).unwrap();
    let forward = scenario("{ from: external, to: company }", "delivered: gmail");
    let alone = resolve(&sound, &forward, &[("gmail", "gmail-2")]).await.unwrap_err();
    assert!(alone.contains("account `company` forwards to `gmail`, and --account gmail=gmail-2 reads"), "{alone}");
    assert!(alone.contains("add --account company=company-2, which forwards to `gmail-2`"), "{alone}");
    let none = resolve(&config(ACCOUNTS, &[]).unwrap(), &forward, &[("gmail", "gmail-2")]).await.unwrap_err();
    assert!(none.contains("an account whose mail is forwarded to `gmail-2` must stand in for `company`"), "{none}");
    let both = [("gmail", "gmail-2"), ("company", "company-2")];
    let target = resolve(&sound, &forward, &both).await.unwrap().target;
    assert_eq!(target.accounts["company"].address, "sales@corp.example");
    assert_eq!(target.accounts["company"].forwards_to.as_deref(), Some("gmail"), "roles, not accounts");
    assert_eq!(target.accounts["gmail"].address, "second@gmail.com");
    assert_eq!(target.route("company").last().unwrap().name, "gmail");
    // Who sends to both must swap both.
    let two = scenario("{ from: external, to: [company, company-2] }", "delivered: gmail");
    let twice = resolve(&sound, &two, &both).await.unwrap_err();
    assert!(twice.contains("accounts `company` and `company-2` would both be `company-2`"), "{twice}");
    let back = [&both[..], &[("gmail-2", "gmail"), ("company-2", "company")]].concat();
    let target = resolve(&sound, &two, &back).await.unwrap().target;
    assert_eq!(target.accounts["company-2"].forwards_to.as_deref(), Some("gmail-2"));
    assert_eq!(target.accounts["gmail-2"].address, "probe.inbox@gmail.com");
}

#[tokio::test]
async fn what_cannot_be_resolved_is_said_with_its_place() {
    let sound = config(ACCOUNTS, &[]).unwrap();
    for (send, expect, wanted) in [
        ("{ from: external, to: compny }", "delivered: gmail", "no account `compny`\n --> a.yaml:3:29"),
        ("{ from: external, to: company }", "delivered: company", "no `imap`\n --> a.yaml:4:21"),
        ("{ from: company, to: gmail }", "delivered: gmail", "cannot send, it has no `smtp`\n --> a.yaml:3:15"),
    ] {
        let error = resolve(&sound, &scenario(send, expect), &[]).await.unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    let forward = scenario("{ from: external, to: company }", "delivered: gmail");
    let unset = config(&ACCOUNTS.replace("env: GMAIL", "env: NOT_SET"), &[]).unwrap();
    let error = resolve(&unset, &forward, &[]).await.unwrap_err();
    let wanted = "no secret for `accounts.gmail.imap.password`: the environment variable `NOT_SET` is not set\n  --> sealcheck.yaml:12:";
    assert!(error.contains(wanted), "{error}");
    // An account that no scenario uses is not looked into.
    let direct = scenario("{ from: external, to: x@other.example }", "smtp: 250");
    assert_eq!(resolve(&unset, &direct, &[]).await.unwrap().target.accounts.len(), 1);
    let own = config(&ACCOUNTS.replace("probe@ext.example", "Probe.In.Box+x@gmail.com"), &[]).unwrap();
    let error = resolve(&own, &forward, &[]).await.unwrap_err();
    assert!(error.contains("E01: ") && error.contains("sealcheck.yaml:4:14"), "{error}");
}

#[test]
fn the_command_line_sets_values() {
    let config = |set: &[&str]| config(ACCOUNTS, set);
    let mx = config(&["accounts.company.mx=127.0.0.1:2525"]).unwrap().accounts["company"].mx.clone().unwrap();
    let mx = mx.endpoint();
    assert_eq!((mx.host, mx.port, mx.tls), ("127.0.0.1", 2525, TlsMode::None));
    assert_eq!(config(&["dns=127.0.0.1:5353"]).unwrap().dns, "127.0.0.1:5353".parse().ok());
    let error = config(&["accounts.gmail.imap.password=hunter2"]).unwrap_err();
    assert!(error.contains("W01") && !error.contains("hunter2"), "{error}");
    for text in ["password hunter2", "password: hunter2", "pasword=hunter2", "password..x=hunter2", "password=[hunter2"]
    {
        let error = config(&[&format!("accounts.gmail.imap.{text}")]).unwrap_err();
        assert!(error.contains("--set accounts.gmail.imap.pas") && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn what_is_wrong_with_a_value_from_the_command_line_is_underlined() {
    for (text, message, column, line, carets, help) in [
        (
            "accounts.company.mxx=a",
            "unknown key `mxx` in `accounts.company`",
            18,
            "accounts.company.mxx=…",
            3,
            "did you mean `mx`?",
        ),
        ("acounts.company.mx=a", "unknown key `acounts`", 1, "acounts.company.mx=…", 7, "did you mean `accounts`?"),
        (
            "accounts.compny.mx=a:25",
            "key `address` is missing in `accounts.compny`",
            10,
            "accounts.compny.mx=…",
            6,
            "did you mean `company`?",
        ),
        (
            "accounts.company.mx=h:x",
            "`h:x` is no `host:port`",
            21,
            "accounts.company.mx=h:x",
            3,
            "for example mx.corp.example:25",
        ),
        (
            " accounts.company.mx =  { hots: h }",
            "unknown key `hots` in `accounts.company.mx`",
            26,
            "accounts.company.mx =  { hots: h }",
            4,
            "did you mean `host`?",
        ),
        ("run.jobs=0", "0 jobs run nothing", 10, "run.jobs=0", 1, "write at least 1"),
        ("target=gmial", "unknown value `gmial`", 8, "target=gmial", 5, "did you mean `gmail`?"),
        (
            "accounts.company.mx",
            "a `=` is missing",
            20,
            "accounts.company.mx",
            1,
            "write it as `--set accounts.company.mx=host:25`",
        ),
        (
            "accounts..mx=a",
            "a key is missing",
            10,
            "accounts..mx=…",
            1,
            "write it as `--set accounts.company.mx=host:25`",
        ),
        ("dns=[a", "bad YAML: unclosed bracket '['", 5, "dns=[a", 1, ""),
        ("dns=", "a value is missing", 5, "dns=", 1, ""),
        (
            "sealcheck=2",
            "the format version cannot be set",
            1,
            "sealcheck=…",
            9,
            "write it as `--set accounts.company.mx=host:25`",
        ),
    ] {
        let error = config(ACCOUNTS, &[text]).unwrap_err();
        let key = text.split('=').next().unwrap().trim();
        let place = format!("{message}\n --> --set {key}:1:{column}\n");
        assert!(error.contains(&place), "{place}\n{error}");
        let excerpt = format!("1 | {line}\n  | {}{}", " ".repeat(column - 1), "^".repeat(carets));
        assert!(error.contains(&excerpt) && error.contains(help), "{excerpt}\n{error}");
    }
}

#[test]
fn what_is_wrong_with_a_project_file_is_said_and_no_secret_is() {
    let account = |rest: &str| format!("sealcheck: 1\naccounts:\n  a:\n    address: a@b.example\n    {rest}\n");
    for (text, wanted) in [
        (
            account("smtp: { host: h, password: hunter2 }"),
            "W01: `accounts.a.smtp.password` holds a secret in plain text",
        ),
        (account("smtp: { host: h, password: hunter2, prot: 3 }"), "unknown key `prot` in `accounts.a.smtp`"),
        (account("smtp:\n      host: h\n      password:\n        hunter2: [\n"), "bad YAML"),
        (account("smtp: { host: h, password: { env: A, file: b } }"), "needs one of `env`, `file` and `command`"),
        (account("smtp: { password: { env: A } }"), "`smtp` of account `a` has no `host`"),
        (account("smtp: { host: h, user: u }"), "`user` without `password`"),
        (account("imap: { host: h }"), "`imap` of account `a` has no login"),
        (account("imap: { host: h, auth: xoauth2, password: { env: A } }"), "option without effect: `password`"),
        (
            account("imap: { host: h, password: { env: A }, access_token: { env: B } }"),
            "option without effect: `password`",
        ),
        (account("imap: { host: h, tls: none, ca_file: c, password: { env: A } }"), "option without effect: `ca_file`"),
        (
            account("imap: { provider: gmail, folders: { spam: S }, password: { env: A } }"),
            "option without effect: `folders` at Gmail",
        ),
        (
            account("smtp: { host: h, folders: { spam: S }, password: { env: A } }"),
            "option without effect: `folders` of a server that takes mail",
        ),
        (account("imap: { host: h, refresh_token: { env: A } }"), "`client_id` is missing"),
        (account("mx: host:port"), "`host:port` is no `host:port`"),
        (account("forwards_to: b"), "there is no account `b` to forward to"),
        (account("forwards_to: a"), "mail to `a` is forwarded in a circle"),
        ("sealcheck: 1\naccounts: { a: { address: b } }\n".to_owned(), "`b` is no mail address"),
        ("sealcheck: 1\ndns: somewhere\n".to_owned(), "`somewhere` is no DNS server"),
        ("sealcheck: 1\nlimits: { a: { jobs: 0 } }\n".to_owned(), "there is no account `a` to limit"),
        ("sealcheck: 1\nprofiles: { a: { inherits: b }, b: { inherits: a } }\n".to_owned(), "inherits from itself"),
        ("sealcheck: 1\nprofiles: { a: { inherits: c } }\n".to_owned(), "there is no profile `c` to inherit from"),
        ("accounts: {}\n".to_owned(), "the format version is missing"),
    ] {
        let error = config(&text, &[]).unwrap_err();
        assert!(error.contains(wanted), "{wanted}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("--> sealcheck.yaml:"), "{error}");
    }
}

#[test]
fn profiles_inherit() {
    let text = "sealcheck: 1\ntarget: gmail\nscenarios: s\nprofiles:\n  ci: { update: never, flaky: fail, report: github }\n  \
                nightly: { inherits: ci, flaky: warn, arc: advisory, retries: { max: 1, on: [error, timeout], delay: 60s } }\n";
    let config = config(text, &[]).unwrap();
    let nightly: Vec<_> = config.lineage(&config.profiles["nightly"]).collect();
    assert_eq!(nightly.iter().map(|(parent, _)| *parent).collect::<Vec<_>>(), [None, Some("ci")]);
    let (own, ci) = (nightly[0].1, nightly[1].1);
    assert_eq!((own.flaky.as_ref().map(|f| f.value.as_str()), own.update.as_ref()), (Some("warn"), None));
    assert_eq!(ci.update.as_ref().map(|u| (u.value.as_str(), u.at.line, u.at.column)), Some(("never", 5, 17)));
    let reports: Vec<_> = ci.report.iter().flatten().map(|r| (r.value.as_str(), r.at.line)).collect();
    assert_eq!(reports, [("github", 5)]);
    let retries = own.retries.clone().unwrap();
    assert_eq!((retries.max.value, retries.on.unwrap().value.len(), retries.delay.unwrap().at.line), (1, 2, 6));
    assert_eq!(config.run.target.as_ref().map(|t| (t.value, t.at.line)), Some((TargetKind::Gmail, 2)));
    assert_eq!(config.scenarios.as_deref(), Some(Path::new("s")));
    assert!(yaml::config(None, &[]).unwrap().accounts.is_empty());
}
