//! What the first server says of its own accord: the sender's proves nothing, and one that is tested is tried again while it
//! puts the mail off.

use crate::support::{
    program::{Lab, Project, Ran},
    scripted::{Conn, Server, serve_each},
};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A project with a scenario that expects this, and a lab whose sender submits at a server that is to be named.
pub(crate) fn project(expect: &str) -> (Project, Lab) {
    project_that_sends("to: company", expect)
}

/// The same with a mail that is sent so.
pub(crate) fn project_that_sends(send: &str, expect: &str) -> (Project, Lab) {
    let text = format!(
        "sealcheck: 1\nname: first\ntargets: [gmail]\nsend: {{ from: external, {send} }}\nwait: {{ timeout: 15s }}\n\
         expect:\n{expect}snapshot: none\n"
    );
    let project = Project::new().scenario("first", &text);
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    (project, lab)
}

/// A run with this server in place of one of the lab's.
pub(crate) fn run(project: &Project, server: &str, port: u16, more: &[&str]) -> (Ran, Value) {
    let set = format!("accounts.{server}={{ host: 127.0.0.1, port: {port}, tls: none }}");
    let args = ["run", "--target", "gmail", "--artifacts", "all", "--report", "json=r.json", "--set", &set];
    let ran = project.run(&[&args[..], more].concat());
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap_or_else(|e| panic!("{e}: {ran}"));
    (ran, result["scenarios"][0]["attempts"][0].clone())
}

/// Plays a submission in which the server says this at this stage, and good things before it.
pub(crate) fn says(c: &mut Conn, stage: &str, reply: &str) {
    let good = [
        ("connect", "220 mx.example ESMTP"),
        ("ehlo", "250 mx.example"),
        ("mail", "250 2.1.0 ok"),
        ("rcpt", "250 2.1.5 ok"),
        ("data", "354 go"),
        ("message", "250 2.0.0 ok"),
    ];
    for (n, (now, good)) in good.iter().enumerate() {
        match *now {
            "message" => drop(c.message()),
            _ if n > 0 => drop(c.line()),
            _ => {}
        }
        let is_last = *now == stage;
        c.say(format!("{}\r\n", if is_last { reply } else { good }));
        if is_last {
            break;
        }
    }
    while let Some(line) = c.line() {
        c.say(if line.starts_with("HELO") { reply } else { "221 bye" }).say("\r\n");
    }
}

pub(crate) fn one(stage: &'static str, reply: &'static str) -> Server {
    serve_each(1, move |_, c| says(c, stage, reply))
}

pub(crate) fn error(attempt: &Value) -> [String; 3] {
    ["code", "message", "next"].map(|key| attempt["error"][key].as_str().unwrap_or_default().to_owned())
}

/// The dialogue with the first server that an attempt has kept.
pub(crate) fn smtp_log(project: &Project, attempt: &Value) -> Option<String> {
    let path = attempt["artifacts"].as_array()?.iter().find(|a| a["name"] == "smtp.log")?["path"].as_str()?;
    let mut log = None;
    project.each_file(".sealcheck/runs", &mut |file, bytes| {
        // Every run has a directory of its own; the last one is that of the attempt.
        if file.ends_with(path) {
            log = log.take().max(Some((file.to_owned(), String::from_utf8_lossy(bytes).into_owned())));
        }
    });
    log.map(|(_, text)| text)
}

#[test]
fn what_the_sender_s_own_server_refuses_proves_nothing() {
    let (project, lab) =
        project("  - smtp: { code: 250 }\n  - delivered: gmail\n  - count: { to: gmail, is: 1, settle: 300ms }\n");
    for (stage, reply, code) in [
        ("connect", "554 5.3.2 no service", "H07"),
        ("connect", "421 4.7.0 too many connections", "H06"),
        ("ehlo", "550 5.7.1 not you", "H07"),
        ("ehlo", "421 4.3.2 closing", "H06"),
        ("mail", "451 4.3.0 later", "H06"),
        ("mail", "530 5.7.0 authentication required", "H07"),
        ("rcpt", "450 4.2.1 busy", "H06"),
        ("rcpt", "452 4.5.3 too many recipients", "H06"),
        (
            "rcpt",
            "550-5.4.5 Daily user sending limit exceeded. For more\r\n550 5.4.5 information see the page - gsmtp",
            "H06",
        ),
        ("data", "451 4.3.0 later", "H06"),
        ("message", "550 5.4.5 Daily SMTP relay sending limit exceeded", "H06"),
        ("message", "552 5.3.4 too big", "H07"),
        ("message", "421 4.3.2 closing", "H06"),
    ] {
        let server = one(stage, reply);
        let (ran, attempt) = run(&project, "external.smtp", server.port, &[]);
        server.done();
        let [found, message, next] = error(&attempt);
        assert!(ran.code == 3 && found == code, "{stage} {reply}: {ran}");
        let text = &reply[..3];
        assert!(
            message.starts_with("the sender's own server ") && message.contains(text),
            "{stage} {reply}: {message}"
        );
        assert!(message.contains(&format!(" at {stage}: ")), "{message}");
        assert!(next.contains("no bounce was sent") && next.contains("nobody tries again"), "{next}");
        assert_eq!(attempt["diagnosis"], Value::Array(Vec::new()), "{stage} {reply}: the receiver has not seen it");
    }
    assert_eq!(lab.end(), 0);
}

#[test]
fn nothing_is_absent_where_nothing_was_sent() {
    let (project, lab) = project("  - absent: { from: gmail, settle: 300ms }\n");
    let server = one("rcpt", "451 4.3.0 later");
    let (ran, attempt) = run(&project, "external.smtp", server.port, &[]);
    server.done();
    assert!(ran.code == 3 && error(&attempt)[0] == "H06", "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_refusal_that_is_asked_for_is_seen() {
    let (project, lab) = project("  - smtp: { code: 550, stage: rcpt }\n  - absent: { from: gmail, settle: 300ms }\n");
    for (stage, reply, code) in [
        ("rcpt", "550 5.4.5 Daily user sending limit exceeded", 0),
        ("rcpt", "550 5.1.1 no such user", 0),
        ("rcpt", "553 5.1.3 bad address", 1),
        ("mail", "550 5.1.0 no such sender", 1),
        ("message", "250 2.0.0 ok", 1),
        // The server had no time to answer.
        ("rcpt", "451 4.3.0 later", 3),
    ] {
        let server = one(stage, reply);
        let (ran, attempt) = run(&project, "external.smtp", server.port, &[]);
        server.done();
        assert_eq!(ran.code, code, "{stage} {reply}: {ran}");
        assert_eq!(attempt["diagnosis"], Value::Array(Vec::new()), "{stage} {reply}");
    }
    assert_eq!(lab.end(), 0);
}

/// A server that is tested: what it says at each try, and the messages that it was given.
fn tries(replies: &'static [(&'static str, &'static str)]) -> (Server, Arc<Mutex<Vec<Vec<u8>>>>) {
    let messages: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let given = Arc::clone(&messages);
    let server = serve_each(replies.len(), move |n, c| {
        let (stage, reply) = replies[n];
        if stage != "message" {
            return says(c, stage, reply);
        }
        for (n, good) in ["220 mx ESMTP", "250 mx", "250 ok", "250 ok", "354 go"].iter().enumerate() {
            if n > 0 {
                c.line();
            }
            c.say(format!("{good}\r\n"));
        }
        given.lock().unwrap().push(c.message());
        c.say(reply).say(if reply.is_empty() { "" } else { "\r\n" });
        if !reply.is_empty() {
            c.until_hangup();
        }
    });
    (server, messages)
}

#[test]
fn a_server_that_is_tested_is_tried_again_with_the_same_mail() {
    let (project, lab) = project("  - smtp: { code: 250 }\n");
    let (server, messages) = tries(&[
        ("rcpt", "450 4.2.0 greylisted, come back"),
        ("message", "451 4.7.1 greylisted by a milter"),
        ("message", "250 2.0.0 ok"),
    ]);
    let (ran, attempt) = run(&project, "company.mx", server.port, &["--report", "jsonl=events.jsonl"]);
    server.done();
    assert_eq!(ran.code, 0, "{ran}");
    let messages = messages.lock().unwrap();
    assert!(messages.len() == 2 && messages[0] == messages[1], "the same mail, Message-ID and all");
    let steps = attempt["steps"].as_array().unwrap();
    let kinds = steps.iter().map(|s| s["kind"].as_str().unwrap()).filter(|k| ["send", "deferred"].contains(k));
    assert_eq!(kinds.collect::<Vec<_>>(), ["send", "deferred", "send", "deferred", "send"]);
    let events = project.read("events.jsonl");
    let said: Vec<Value> = events.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let begun = said.iter().find(|e| e["kind"] == "deferred" && e["status"] == "begun").unwrap();
    assert_eq!(begun["detail"], "450 4.2.0 greylisted, come back; next try in 2s");
    let told = said.iter().find(|e| e["submission"].is_object()).unwrap();
    assert_eq!(told["submission"]["deferrals"].as_array().unwrap().len(), 2, "{told}");
    let log = smtp_log(&project, &attempt).unwrap();
    assert!(log.contains("S: 450 4.2.0") && log.contains("S: 451 4.7.1") && log.contains("S: 250 2.0.0"), "{log}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_a_server_took_or_may_have_taken_is_not_handed_over_again() {
    let (project, lab) = project("  - smtp: { code: 250 }\n");
    // More connections than one would be refused.
    for reply in [&[("message", "")], &[("message", "999 what")], &[("message", "354 go")]] {
        let (server, messages) = tries(reply);
        let (ran, attempt) = run(&project, "company.mx", server.port, &[]);
        server.done();
        assert!(ran.code == 3 && error(&attempt)[0] == "H04", "{reply:?}: {ran}");
        assert_eq!(messages.lock().unwrap().len(), 1);
    }
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_is_put_off_to_the_end_is_told_so_and_one_that_is_asked_for_is_not_tried_again() {
    let (first, lab) = project("  - smtp: { code: 250 }\n  - delivered: gmail\n");
    let (server, _) = tries(&[("rcpt", "450 4.2.0 greylisted"), ("rcpt", "450 4.2.0 greylisted")]);
    let (ran, attempt) = run(&first, "company.mx", server.port, &["--timeout", "7s"]);
    server.done();
    let [code, message, next] = error(&attempt);
    assert!(ran.code == 3 && code == "H06", "{ran}");
    assert_eq!(
        message,
        "the company's server put the mail off at rcpt: 450 4.2.0 greylisted, after one that was put off as well"
    );
    assert!(next.contains("--timeout") && next.contains("no bounce was sent, and nobody tries again"), "{next}");
    assert_eq!(lab.end(), 0);

    let (asked, lab) = project("  - smtp: { code: 450, stage: rcpt }\n");
    let (server, _) = tries(&[("rcpt", "450 4.2.0 greylisted")]);
    let (ran, _) = run(&asked, "company.mx", server.port, &[]);
    server.done();
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_server_that_is_tested_refuses_in_its_own_name() {
    let (project, lab) = project("  - smtp: { code: 250 }\n  - delivered: gmail\n");
    for (stage, reply) in [
        ("connect", "554 5.7.1 no"),
        ("rcpt", "554 5.7.1 relay access denied"),
        ("rcpt", "550 5.1.1 does not exist"),
        ("message", "550 5.7.1 likely unsolicited mail"),
    ] {
        let server = one(stage, reply);
        let (ran, attempt) = run(&project, "company.mx", server.port, &[]);
        server.done();
        assert_eq!((ran.code, attempt["status"].as_str()), (1, Some("failed")), "{reply}: {ran}");
        let diagnosis = &attempt["diagnosis"][0];
        assert_eq!(
            (diagnosis["code"].as_str(), attempt["diagnosis"].as_array().unwrap().len()),
            (Some("D13"), 1),
            "{ran}"
        );
        assert!(ran.stdout.contains("the company's server does not take the mail"), "{ran}");
        assert!(!ran.stdout.contains("the receiver refused") && !ran.stdout.contains("look for the bounce"), "{ran}");
        assert!(ran.stdout.contains("no bounce was sent, and nobody tries again"), "{ran}");
        assert!(attempt["assertions"].as_array().unwrap().iter().all(|a| a["code"] == "D13"), "{attempt:#}");
    }
    assert_eq!(lab.end(), 0);
}
