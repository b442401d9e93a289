//! `doctor --target gmail` against a lab in another process: all is well, and every line turns red in its turn.

use crate::{
    cli::commands::DIRECT,
    support::{
        program::{Project, Ran, forward, secrets_in},
        scripted::{Pki, serve},
    },
};
use serde_json::Value;

/// A project with a scenario for target gmail.
fn project() -> Project {
    Project::new().scenario("forward", &forward("gmail"))
}

/// The check of this name: status, code and text.
fn check(ran: &Ran, name: &str) -> (String, String, String) {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|c| c["check"] == name).unwrap_or_else(|| panic!("no {name}: {ran}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("code"), text("text"))
}

const DOCTOR: [&str; 5] = ["doctor", "--target", "gmail", "--format", "json"];

#[test]
fn a_world_in_order_has_no_red_line_and_the_mail_arrives() {
    let project = project();
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let ran = project.run(&[&DOCTOR[..], &["--send"]].concat());
    assert_eq!(ran.code, 0, "{ran}");
    for (name, says) in [
        ("secrets", "the secrets of"),
        ("sender", "ends in another mailbox"),
        ("external.smtp.connect", "answers"),
        ("external.smtp.tls", "days left"),
        ("external.smtp.hello", "AUTH"),
        ("external.smtp.login", "may log in"),
        ("gmail.imap.tls", "days left"),
        ("gmail.imap.login", "may log in"),
        ("gmail.imap.capability", "X-GM-EXT-1"),
        ("gmail.imap.folders.spam", "by the attribute"),
        ("company.mx.dns", "takes mail for corp.example"),
        ("dns.spf.corp.example", "v=spf1"),
        ("dns.dmarc.ext.example", "v=DMARC1"),
        ("send", "arrived in `inbox` of gmail"),
        ("send.arc", "by corp.example cv=none, i=2 by google.com cv=pass holds"),
        ("send.clock", "the receiver's clock is ours"),
    ] {
        let (status, _, text) = check(&ran, name);
        assert!(status == "ok" && text.contains(says), "{name}: {status} {text}: {ran}");
    }
    for (name, why) in [
        ("company.mx.connect", "the address is for documentation"),
        ("dns.key.corp.example", "selectors stand in signatures alone"),
        ("clock", "no server says"),
    ] {
        let (status, _, text) = check(&ran, name);
        assert!(status == "skip" && text.contains(why), "{name}: {status} {text}");
    }
    let named = project.run(&[&DOCTOR[..], &["--set", "accounts.external.imap.folders.spam=Trash"]].concat());
    assert_eq!(check(&named, "external.imap.folders.spam").2, "`Trash`, as the project file says", "{named}");
    let secrets = lab.secrets();
    assert_eq!(secrets_in(ran.stdout.as_bytes(), &secrets), None);
    let text = project.run(&["doctor", "--target", "gmail"]);
    assert!(text.stdout.contains("ok        gmail.imap.login: ") && text.code == 0, "{text}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn each_line_turns_red() {
    let project = project();
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let password = "wrong-password-4711";
    let wrong_password = project.with_env("WRONG", password);
    let pki = Pki::new();
    std::fs::write(project.path("other-ca.pem"), &pki.ca_pem).unwrap();
    let acceptor = pki.acceptor("smtp.ext.example", 2001);
    let expired = serve(move |c| {
        c.tls(&acceptor);
    });
    let set = format!(
        "accounts.external.smtp={{host: 127.0.0.1, port: {}, tls: implicit, tls_name: smtp.ext.example, ca_file: other-ca.pem}}",
        expired.port
    );
    let ran = project.run(&[&DOCTOR[..], &["--set", &set]].concat());
    expired.done();
    let (status, code, text) = check(&ran, "external.smtp.tls");
    assert!(ran.code == 1 && status == "fail" && code == "H05" && text.contains("has expired"), "{ran}");
    assert_eq!(check(&ran, "external.smtp.hello").0, "skip", "{ran}");
    for (set, name, code, says) in [
        (&["accounts.gmail.imap.password={env: WRONG}"][..], "gmail.imap.login", "H01", "the server answered"),
        (&["accounts.external.smtp.password={env: WRONG}"], "external.smtp.login", "H01", "the server answered"),
        (&["accounts.gmail.imap.password={env: MISSING_ONE}"], "secrets", "", "`MISSING_ONE` is not set"),
        (
            &["accounts.external.imap.folders={spam: Rubbish}"],
            "external.imap.folders.spam",
            "H09",
            "no folder `Rubbish`",
        ),
        (&["accounts.company.mx=127.0.0.1:1"], "company.mx.connect", "H04", "refused"),
        (&["accounts.gmail.imap.port=1"], "gmail.imap.connect", "H04", "refused"),
        (&["accounts.gmail.imap.host=nowhere.invalid"], "gmail.imap.dns", "H03", "no address"),
        (&["accounts.gmail.imap.tls_name=other.example"], "gmail.imap.tls", "H05", "not for `other.example`"),
        (&["accounts.external.smtp.ca_file=other-ca.pem"], "external.smtp.tls", "H05", "not trusted"),
        (&["accounts.external.address=pro.be.inbox+x@googlemail.com"], "sender", "E01", "own mailbox"),
    ] {
        let set: Vec<&str> = set.iter().flat_map(|s| ["--set", s]).collect();
        let ran = wrong_password.run(&[&DOCTOR[..], &set].concat());
        assert_eq!(ran.code, 1, "{set:?}: {ran}");
        let (status, found, text) = check(&ran, name);
        assert!(status == "fail" && found == code && text.contains(says), "{set:?}: {status} {found} {text}: {ran}");
        assert!(!ran.stdout.contains(password), "{ran}");
    }
    // Where there is no password, nobody logs in without one.
    for (server, login) in [("gmail.imap", "gmail.imap.login"), ("external.smtp", "external.smtp.login")] {
        let missing = format!("accounts.{server}.password={{env: MISSING_ONE}}");
        let ran = wrong_password.run(&[&DOCTOR[..], &["--set", &missing]].concat());
        let (status, _, text) = check(&ran, login);
        assert_eq!((status.as_str(), text.as_str()), ("skip", "not looked at, because its secret is missing"), "{ran}");
    }
    assert_eq!(lab.end(), 0);
}

#[test]
fn limits_and_the_candidate_s_own_tls_are_looked_at() {
    let project = project();
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let whole = project.run(&DOCTOR);
    assert!(check(&whole, "secrets").2.contains("the secrets of 3 logins were found"), "{whole}");
    for (most, wanted) in [("60", "ok"), ("61", "warn")] {
        let ran = project.run(&[&DOCTOR[..], &["--set", &format!("limits.gmail.per_minute={most}")]].concat());
        let (status, code, text) = check(&ran, "limits.gmail");
        assert!(status == wanted && code == if wanted == "ok" { "" } else { "D05" }, "{ran}");
        assert!(text.contains(&format!("{most} mails a minute")) && !ran.stdout.contains("limits.external"), "{ran}");
    }
    let candidate = serve(|c| {
        c.say("220 mx.corp.example ESMTP\r\n").hear("EHLO");
        c.say("250-mx.corp.example\r\n250 SIZE\r\n").hear("QUIT");
        c.say("221 2.0.0 bye\r\n").until_hangup();
    });
    let mx = format!("accounts.company.mx=127.0.0.1:{}", candidate.port);
    let ran = project.run(&[&DOCTOR[..], &["--set", &mx]].concat());
    candidate.done();
    let (status, _, text) = check(&ran, "company.mx.starttls");
    assert!(status == "warn" && text.contains("offers no STARTTLS"), "{ran}");
    assert!(!ran.stdout.contains("company.mx.tls"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn records_that_are_missing_turn_red() {
    let project = project();
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let zone = "_dmarc.ext.example. 60 IN TXT \"v=DMARC1; p=reject\"\next.example. 60 IN TXT \"v=spf1 -all\"\n";
    std::fs::write(project.path("zone"), zone).unwrap();
    let ran = project.run(&[&DOCTOR[..], &["--dns", "zone", "--key", "s._domainkey.corp.example"]].concat());
    assert_eq!(ran.code, 1, "{ran}");
    let (status, code, text) = check(&ran, "dns.spf.corp.example");
    assert!(status == "fail" && code == "D01" && text.contains("no SPF record"), "{ran}");
    assert_eq!(check(&ran, "dns.key.s.corp.example").1, "B01");
    assert!(check(&ran, "dns.spf.ext.example").2.contains("without SRS, its mail is refused"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_company_that_does_not_forward_or_seal_is_found_by_sending() {
    let project = project();
    let lab = project.lab(&[
        "--config-out",
        "sealcheck.yaml",
        "--knob",
        "company.arc=false",
        "--knob",
        "external.dmarc=none",
    ]);
    let ran = project.run(&[&DOCTOR[..], &["--send"]].concat());
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(check(&ran, "send").0, "ok", "{ran}");
    assert_eq!(check(&ran, "send.arc").1, "A00", "{ran}");
    let unknown = ["--set", "accounts.company.address=nobody@corp.example"];
    let ran = project.run(&[&DOCTOR[..], &["--send"], &unknown].concat());
    assert_eq!(ran.code, 1, "{ran}");
    let (status, _, text) = check(&ran, "send");
    assert!(status == "fail" && text.contains("did not arrive"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn labs_need_programs_and_arguments_that_mean_nothing_are_refused() {
    let project = Project::new().scenario("direct", DIRECT);
    let embedded = project.run(&["doctor", "--target", "embedded"]);
    assert!(embedded.code == 0 && embedded.stdout.contains("needs no other program"), "{embedded}");
    let nothing = project.run(&["doctor", "--target", "rspamd"]);
    assert!(nothing.stdout.contains("rspamd"), "{nothing}");
    for (args, says) in [
        (&["doctor", "--send"][..], "--target"),
        (&["doctor", "--target", "embedded", "--send"], "--send has no effect on target embedded"),
        (&["doctor", "--target", "gmail", "--key", "corp.example"], "SELECTOR._domainkey.DOMAIN"),
        (&["doctor", "--target", "staging"], "run `sealcheck doctor` on your server"),
    ] {
        let ran = project.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(says), "{ran}");
    }
}
