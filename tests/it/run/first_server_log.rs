//! What was said to the first server is kept, masked, however the submission ends.

use crate::{
    run::first_server::{error, one, project, project_that_sends, run, says, smtp_log},
    support::scripted::{Conn, Server, serve_each},
};
use base64::{Engine, engine::general_purpose::STANDARD};

const EXPECT: &str = "  - smtp: { code: 250 }\n";

/// A server that gives good replies until after this line of the client, and then does something else.
fn until(line: &'static str, end: impl Fn(&mut Conn) + Send + Sync + 'static) -> Server {
    serve_each(1, move |_, c| {
        c.say("220 mx.example ESMTP\r\n");
        while let Some(heard) = c.line() {
            if heard.starts_with(line) {
                return end(c);
            }
            c.say(if heard == "DATA" { "354 go\r\n" } else { "250 ok\r\n" });
        }
    })
}

/// What ends a submission, the code that a run tells, the last lines of its `smtp.log`, and what else must stand there.
struct End {
    name: &'static str,
    server: Server,
    code: &'static str,
    last: &'static str,
}

fn ends() -> Vec<End> {
    let end = |name, server, code, last| End { name, server, code, last };
    vec![
        end("refused at rcpt", one("rcpt", "550 5.7.1 not you"), "H07", "S: 550 5.7.1 not you\nC: QUIT\nS: 221 bye\n"),
        end(
            "closed at mail",
            until("MAIL", |_| {}),
            "H04",
            "\n-- the server closed the connection instead of giving the answer to MAIL\n",
        ),
        end(
            "half a reply",
            until("MAIL", |c| {
                c.say("250-2.1.0 ok\r\n250 2.1");
            }),
            "H04",
            "\nS: 250-2.1.0 ok\nS: 250 2.1\n-- the server closed the connection instead of giving the answer to MAIL\n",
        ),
        end(
            "silence",
            until("RCPT", |c| drop(c.until_hangup())),
            "H04",
            "\n-- the answer to RCPT for info@corp.example did not come within ",
        ),
        end(
            "no reply",
            until("EHLO", |c| drop(c.say("HTTP/1.1 400 Bad Request\r\n").until_hangup())),
            "H07",
            "\nS: HTTP/1.1 400 Bad Request\n-- the server did not give the answer to EHLO as SMTP wants it: it sent \
             `HTTP/1.1 400 Bad Request`\n",
        ),
        end(
            "unasked",
            until("MAIL", |c| drop(c.say("250 ok\r\n250 unasked\r\n").until_hangup())),
            "H07",
            "\nS: 250 ok\nS: 250 unasked\n-- after the answer to MAIL the server sent `250 unasked`, which nobody had asked \
             for\n",
        ),
        end(
            "taken or not",
            serve_each(1, |_, c| says(c, "message", "999 what")),
            "H04",
            "\nC: .\nS: 999 what\n-- the server did not give the answer to the message as SMTP wants it: it sent `999 what`\n",
        ),
    ]
}

#[test]
fn the_dialogue_is_kept_up_to_the_break() {
    let (project, lab) = project(EXPECT);
    for End { name, server, code, last } in ends() {
        let (ran, attempt) = run(&project, "external.smtp", server.port, &["--timeout", "4s"]);
        server.done();
        let [found, message, next] = error(&attempt);
        assert!(ran.code == 3 && found == code, "{name}: {ran}");
        assert!(next.contains("smtp.log has what was said"), "{name}: {message}: {next}");
        let log = smtp_log(&project, &attempt).unwrap_or_else(|| panic!("{name}: no smtp.log: {attempt:#}"));
        assert!(log.starts_with("S: 220 mx.example ESMTP\nC: EHLO ") && log.contains(last), "{name}: {log}");
        assert!(ran.stdout.contains("smtp.log"), "{name}: the console names the file: {ran}");
    }
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_message_that_is_cut_off_is_told_in_the_log() {
    // More than the network takes before somebody reads it.
    let (project, lab) = project_that_sends("to: company, attach: [{ name: a.bin, size: 30MB }]", EXPECT);
    let server = until("DATA", |c| drop(c.say("354 go\r\n").line()));
    let (ran, attempt) = run(&project, "external.smtp", server.port, &[]);
    server.done();
    assert!(ran.code == 3 && error(&attempt)[0] == "H04", "{ran}");
    let log = smtp_log(&project, &attempt).unwrap();
    let (_, end) = log.split_once("S: 354 go\nC: [").unwrap();
    assert!(end.contains(" bytes of message]\n-- ") && end.contains("waiting for the answer to the message"), "{log}");
    assert!(!end.contains("\nC: .\n"), "{log}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn every_try_is_kept_when_the_last_one_breaks() {
    let (project, lab) = project(EXPECT);
    let server = serve_each(2, |n, c| match n {
        0 => says(c, "rcpt", "450 4.2.0 greylisted"),
        _ => drop(c.say("220 mx.example again\r\n").line()),
    });
    let (ran, attempt) = run(&project, "company.mx", server.port, &[]);
    server.done();
    assert!(ran.code == 3 && error(&attempt)[0] == "H04", "{ran}");
    let log = smtp_log(&project, &attempt).unwrap();
    assert!(
        log.contains("S: 450 4.2.0 greylisted\n") && log.contains("-- another try\nS: 220 mx.example again\n"),
        "{log}"
    );
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_server_that_nobody_reached_is_told_without_a_log_to_read() {
    let (project, lab) = project(EXPECT);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (ran, attempt) = run(&project, "external.smtp", unused, &[]);
    let [code, _, next] = error(&attempt);
    assert!(ran.code == 3 && code == "H04" && !next.contains("smtp.log"), "{ran}");
    assert_eq!(smtp_log(&project, &attempt), None);
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_login_is_masked_in_the_log_of_a_submission_that_breaks() {
    let (project, lab) = project(EXPECT);
    let secret = project.read("sealcheck.yaml.d/external.secret").trim().to_owned();
    let blob = STANDARD.encode(format!("\0probe@ext.example\0{secret}"));
    let server = serve_each(1, |_, c| {
        c.say("220 mx.example ESMTP\r\n").hear("EHLO");
        c.say("250-mx.example\r\n250 AUTH PLAIN\r\n");
        let login = c.hear("AUTH PLAIN ");
        // It gives back what it was told.
        c.say(format!("235 2.7.0 {login}\r\n")).hear("MAIL");
    });
    let password = "accounts.external.smtp.password={ file: sealcheck.yaml.d/external.secret }";
    let (ran, attempt) = run(
        &project,
        "external.smtp",
        server.port,
        &["--set", password, "--set", "accounts.external.smtp.user=probe@ext.example"],
    );
    server.done();
    assert_eq!(ran.code, 3, "{ran}");
    let log = smtp_log(&project, &attempt).unwrap();
    assert!(log.contains("C: AUTH PLAIN [REDACTED]\nS: 235 2.7.0 AUTH PLAIN [REDACTED]\n"), "{log}");
    assert!(!log.contains(&secret) && !log.contains(&blob), "{log}");
    assert_eq!(lab.end(), 0);
}
