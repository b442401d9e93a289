//! `doctor --target gmail`: what servers refuse has the code and the words that it has in a run.

use crate::{
    run::first_server::says,
    support::{
        program::{Project, Ran, forward},
        scripted::{Conn, Pki, serve_all},
    },
};
use serde_json::Value;

/// The check of this name: code, text and next.
fn failed(ran: &Ran, name: &str) -> [String; 3] {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|c| c["check"] == name).unwrap_or_else(|| panic!("no {name}: {ran}"));
    assert!(ran.code == 1 && found["status"] == "fail", "{name}: {ran}");
    ["code", "text", "next"].map(|key| found[key].as_str().unwrap_or_default().to_owned())
}

/// Offers a login, and answers AUTH so.
fn login(c: &mut Conn, reply: &str) {
    c.say("220 mx.example ESMTP\r\n").hear("EHLO");
    c.say("250-mx.example\r\n250 AUTH PLAIN\r\n").hear("AUTH PLAIN");
    c.say(format!("{reply}\r\n")).until_hangup();
}

#[test]
fn what_the_servers_refuse_before_any_mail_is_told_by_its_code() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let user = ", user: probe@ext.example, password: { file: sealcheck.yaml.d/external.secret }";
    for (server, stage, reply, code, check) in [
        ("external.smtp", "ehlo", "550 5.7.1 not you", "H07", "hello"),
        ("external.smtp", "ehlo", "451 4.3.0 later", "H06", "hello"),
        ("external.smtp", "connect", "421 4.7.0 too many connections", "H06", "hello"),
        ("external.smtp", "auth", "535 5.7.8 bad credentials", "H01", "login"),
        ("external.smtp", "auth", "454 4.7.0 too many login attempts", "H06", "hello"),
        ("company.mx", "connect", "554 5.7.1 no", "D13", "hello"),
        ("company.mx", "connect", "450 4.2.0 greylisted", "H06", "hello"),
    ] {
        let port = serve_all(move |_, c| if stage == "auth" { login(c, reply) } else { says(c, stage, reply) });
        let user = if stage == "auth" { user } else { "" };
        let set = format!("accounts.{server}={{ host: 127.0.0.1, port: {port}, tls: none{user} }}");
        let ran = project.run(&["doctor", "--target", "gmail", "--format", "json", "--set", &set]);
        let [found, text, next] = failed(&ran, &format!("{server}.{check}"));
        assert!(found == code && text.contains(reply) && !next.is_empty(), "{server} {stage} {reply}: {ran}");
    }
    let pki = Pki::new();
    std::fs::write(project.path("ca.pem"), &pki.ca_pem).unwrap();
    let acceptor = pki.acceptor("other.example", 2999);
    let port = serve_all(move |_, c| {
        c.tls(&acceptor);
    });
    let set = format!(
        "accounts.external.smtp={{ host: 127.0.0.1, port: {port}, tls: implicit, tls_name: smtp.ext.example, ca_file: ca.pem }}"
    );
    let ran = project.run(&["doctor", "--target", "gmail", "--format", "json", "--set", &set]);
    let [code, text, _] = failed(&ran, "external.smtp.tls");
    assert!(code == "H05" && text.contains("other.example"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_the_servers_refuse_of_the_mail_is_told_by_its_code() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    for (server, stage, reply, code, next) in [
        ("external.smtp", "rcpt", "550 5.4.5 Daily user sending limit exceeded", "H06", "send from another account"),
        ("external.smtp", "mail", "530 5.7.0 authentication required", "H07", "what the account may send"),
        ("company.mx", "rcpt", "554 5.7.1 relay access denied", "D13", "sealcheck explain D13"),
    ] {
        let port = serve_all(move |_, c| says(c, stage, reply));
        let set = format!("accounts.{server}={{ host: 127.0.0.1, port: {port}, tls: none }}");
        let ran = project.run(&["doctor", "--target", "gmail", "--send", "--format", "json", "--set", &set]);
        let [found, text, told] = failed(&ran, "send");
        assert!(found == code && text.contains(reply) && told.contains(next), "{server} {stage} {reply}: {ran}");
    }
    assert_eq!(lab.end(), 0);
}
