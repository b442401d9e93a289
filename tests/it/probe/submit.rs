//! Submission against servers that follow a script.

use crate::support::scripted::{Conn, Pki, Server, serve};
use sealcheck::{
    core::Secret,
    evidence::{Sent, Stage, Submission},
    outcome::{HarnessError, HarnessErrorKind},
    probe::{submit, token::Tokens},
    target::{Endpoint, Login, Mechanism, TlsMode},
};
use std::time::Duration;

pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn sent(raw: &[u8], to: &[&str]) -> Sent {
    let rcpt_to = to.iter().map(|t| (*t).to_owned()).collect();
    Sent::new(raw, "<t@ext.example>".into(), "probe@ext.example".into(), rcpt_to)
}

pub(crate) fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "127.0.0.1".into(), port, tls: TlsMode::None, tls_name: None, ca_pem: None, login: None }
}

pub(crate) fn login(mechanism: Mechanism) -> Option<Login> {
    Some(Login { user: "probe".into(), secret: Secret::new("hunter2-secret"), mechanism, oauth: None })
}

/// A mail handed over; why not, where nobody asks what was said.
pub(crate) async fn submit(
    endpoint: &Endpoint,
    helo: &str,
    sent: &Sent,
    wait: Duration,
    tokens: &Tokens,
) -> Result<Submission, HarnessError> {
    submit::submit(endpoint, helo, sent, wait, tokens).await.map_err(|unsubmitted| unsubmitted.error)
}

pub(crate) async fn plain(server: &Server, sent: &Sent) -> Result<Submission, HarnessError> {
    submit(&endpoint(server.port), "probe.example", sent, LONG, &Tokens::default()).await
}

pub(crate) fn stages(submission: &Submission) -> Vec<(Stage, u16)> {
    submission.replies.iter().map(|r| (r.stage, r.reply.code)).collect()
}

/// Greeting, EHLO and MAIL of a server that offers these extensions.
pub(crate) fn opening(conn: &mut Conn, extensions: &str) {
    conn.say("220 mx.example ESMTP\r\n").hear("EHLO probe.example");
    conn.say(format!("250-mx.example\r\n{extensions}250 HELP\r\n"));
}

#[tokio::test]
async fn every_command_and_recipient_has_its_reply() {
    let server = serve(|c| {
        opening(c, "250-SIZE 1000000\r\n250-8BITMIME\r\n250-DSN\r\n");
        let mail = c.hear("MAIL FROM:<probe@ext.example> SIZE=");
        assert!(mail.ends_with(" BODY=8BITMIME RET=FULL ENVID=t@ext.example"), "{mail}");
        c.say("250 2.1.0 ok\r\n");
        c.hear("RCPT TO:<a@corp.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@corp.example");
        c.say("250 2.1.5 ok\r\n").hear("RCPT TO:<b@corp.example>");
        c.say("550-5.1.1 no such\r\n550 5.1.1 user\r\n").hear("RCPT TO:<c@corp.example>");
        c.say("450 4.2.1 later\r\n").hear("DATA");
        c.say("354 go ahead\r\n");
        assert_eq!(c.message(), "A: é\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n".as_bytes());
        c.say("250 2.0.0 Ok: queued as 4XyZ\r\n").hear("QUIT");
        c.say("221 2.0.0 bye\r\n");
    });
    let sent =
        sent("A: é\r\n\r\n.dot\r\n..\r\nend\r\n".as_bytes(), &["a@corp.example", "b@corp.example", "c@corp.example"]);
    let submission = plain(&server, &sent).await.unwrap();
    server.done();
    let want = [
        (Stage::Connect, 220),
        (Stage::Ehlo, 250),
        (Stage::Mail, 250),
        (Stage::Rcpt, 250),
        (Stage::Rcpt, 550),
        (Stage::Rcpt, 450),
        (Stage::Data, 354),
        (Stage::Message, 250),
        (Stage::Quit, 221),
    ];
    assert_eq!(stages(&submission), want);
    assert_eq!(submission.replies[4].recipient.as_deref(), Some("b@corp.example"));
    assert_eq!(submission.queue_id.as_deref(), Some("4XyZ"));
    assert!(submission.accepted());
    assert_eq!(submission.deciding().unwrap().reply.code, 550);
    assert!(submission.replies.is_sorted_by_key(|r| r.at));
    assert!(submission.replies.iter().all(|r| r.took <= r.at));
    assert!(submission.transcript.contains("S: 550-5.1.1 no such\nS: 550 5.1.1 user\n"), "{}", submission.transcript);
    assert!(!submission.transcript.contains("..dot"));
}

#[tokio::test]
async fn a_message_without_a_last_line_end_gets_one() {
    for (raw, arrives) in [
        (&b"A: 1\r\n\r\nbody"[..], &b"A: 1\r\n\r\nbody\r\n.\r\n"[..]),
        (b"A: 1\r\n\r\nbody\r\n\r\n", b"A: 1\r\n\r\nbody\r\n\r\n.\r\n"),
        // No server may find an end here, whatever it takes for a line end.
        (b"A: 1\r\n\r\nx\n.\ny\r.\rz\n.\r\n", b"A: 1\r\n\r\nx\r\n..\r\ny\r\n..\r\nz\r\n..\r\n.\r\n"),
        (b"A: 1\r\n\r\nx\r\n.\nMAIL\n.\n", b"A: 1\r\n\r\nx\r\n..\r\nMAIL\r\n..\r\n.\r\n"),
    ] {
        let server = serve(move |c| {
            opening(c, "");
            assert_eq!(c.hear("MAIL"), "MAIL FROM:<probe@ext.example>");
            c.say("250 ok\r\n");
            assert_eq!(c.hear("RCPT"), "RCPT TO:<a@corp.example>");
            c.say("250 ok\r\n").hear("DATA");
            c.say("354 go\r\n");
            assert_eq!(c.message(), arrives);
            c.say("250 ok\r\n").hear("QUIT");
        });
        let submission = plain(&server, &sent(raw, &["a@corp.example"])).await.unwrap();
        server.done();
        assert!(submission.accepted());
    }
}

#[tokio::test]
async fn refusals_are_values_wherever_they_come() {
    let cases: [(&[&str], Stage, u16); 7] = [
        (&["554 5.7.1 go away\r\n"], Stage::Connect, 554),
        (&["421 4.7.0 too many connections\r\n"], Stage::Connect, 421),
        (&["220 hi\r\n", "450 4.7.1 who are you\r\n"], Stage::Ehlo, 450),
        (&["220 hi\r\n", "550 5.7.1 your name is bad\r\n", "550 5.7.1 still bad\r\n"], Stage::Ehlo, 550),
        (&["220 hi\r\n", "250 mx\r\n", "451 4.7.1 greylisted\r\n"], Stage::Mail, 451),
        (&["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "550 5.1.1 unknown\r\n"], Stage::Rcpt, 550),
        (&["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "421 4.7.0 try again later\r\n"], Stage::Data, 421),
    ];
    for (replies, stage, code) in cases {
        let server = serve(move |c| {
            for (n, reply) in replies.iter().enumerate() {
                if n > 0 {
                    c.line();
                }
                c.say(reply);
            }
            c.say("221 bye\r\n").until_hangup();
        });
        let submission = plain(&server, &sent(b"A: 1\r\n\r\n", &["a@corp.example"])).await.unwrap();
        server.done();
        let deciding = submission.deciding().unwrap();
        assert_eq!((deciding.stage, deciding.reply.code), (stage, code));
        assert!(!submission.accepted());
        assert_eq!(submission.queue_id, None);
    }
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_the_message_is_seen() {
    let server = serve(|c| {
        opening(c, "");
        for reply in ["250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            c.line();
            c.say(reply);
        }
        c.hear("A: 1");
        c.say("552 5.3.4 too big\r\n");
    });
    let mut raw = b"A: 1\r\n\r\n".to_vec();
    raw.extend(b"0123456789\r\n".repeat(1_000_000));
    let submission = plain(&server, &sent(&raw, &["a@corp.example"])).await.unwrap();
    server.done();
    assert_eq!(submission.deciding().unwrap().reply.code, 552);
    assert_eq!(submission.deciding().unwrap().stage, Stage::Message);
}

#[tokio::test]
async fn harness_errors_say_what_to_do() {
    type Script = fn(&mut Conn);
    let cases: [(Script, HarnessErrorKind, &str); 6] = [
        (|_| (), HarnessErrorKind::Connection, "the greeting"),
        (|c| drop(c.say("220 hi\r\n").hear("EHLO")), HarnessErrorKind::Connection, "the answer to EHLO"),
        (|c| drop(c.say("* OK Gimap ready\r\n").until_hangup()), HarnessErrorKind::Protocol, "* OK Gimap ready"),
        (|c| drop(c.say([0xff, 0xfe, b'\r', b'\n']).until_hangup()), HarnessErrorKind::Protocol, "the greeting"),
        (|c| drop(c.say([b'2'; 200_000]).until_hangup()), HarnessErrorKind::Protocol, "longer than"),
        (
            |c| drop(c.say("220 hi\r\n".to_owned() + &"x\r\n".repeat(9)).until_hangup()),
            HarnessErrorKind::Protocol,
            "`x`",
        ),
    ];
    for (script, code, text) in cases {
        let server = serve(script);
        let error = plain(&server, &sent(b"A: 1\r\n\r\n", &["a@corp.example"])).await.unwrap_err();
        server.done();
        assert_eq!(error.kind, code, "{error:?}");
        assert!(error.message.contains(text), "{error:?}");
        assert!(!error.next.is_empty());
    }
}

/// To where the message may come.
pub(crate) fn to_data(c: &mut Conn) {
    opening(c, "");
    c.hear("MAIL");
    c.say("250 ok\r\n").hear("RCPT");
    c.say("250 ok\r\n").hear("DATA");
    c.say("354 go\r\n");
}

#[tokio::test]
async fn a_whole_message_without_an_answer_is_in_doubt_and_a_part_of_one_is_not() {
    let server = serve(|c| {
        to_data(c);
        c.message();
    });
    let doubtful = plain(&server, &sent(b"A: 1\r\n\r\n", &["a@corp.example"])).await.unwrap();
    server.done();
    assert!(doubtful.unanswered.as_ref().unwrap().contains("the answer to the message"), "{doubtful:?}");
    assert!(!doubtful.accepted() && doubtful.may_be_accepted());

    // More than the network takes before somebody reads it.
    let large = [&b"A: 1\r\n\r\n"[..], &b"0123456789\r\n".repeat(4_000_000)].concat();
    let server = serve(to_data);
    let error = plain(&server, &sent(&large, &["a@corp.example"])).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Connection, "{error:?}");

    let server = serve(|c| {
        to_data(c);
        c.message();
        c.until_hangup();
    });
    let sent = sent(b"A: 1\r\n\r\n", &["a@corp.example"]);
    let wait = Duration::from_millis(300);
    let silent = submit(&endpoint(server.port), "probe.example", &sent, wait, &Tokens::default()).await.unwrap();
    server.done();
    assert!(silent.unanswered.as_ref().unwrap().contains("did not come within"), "{silent:?}");
}

#[tokio::test]
async fn a_silent_server_is_left_at_the_deadline() {
    let server = serve(|c| drop(c.say("220 hi\r\n").until_hangup()));
    let sent = sent(b"A: 1\r\n\r\n", &["a@corp.example"]);
    let short = Duration::from_millis(50);
    let error = submit(&endpoint(server.port), "probe.example", &sent, short, &Tokens::default()).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Connection);
    assert_eq!(error.message, "the answer to EHLO did not come within 50ms");
}

#[tokio::test]
async fn an_accepted_message_stays_accepted_when_quit_is_not_answered() {
    let server = serve(|c| {
        opening(c, "");
        for reply in ["250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            c.line();
            c.say(reply);
        }
        c.message();
        c.say("250 ok\r\n").until_hangup();
    });
    let sent = sent(b"A: 1\r\n\r\n", &["a@corp.example"]);
    let submission =
        submit(&endpoint(server.port), "probe.example", &sent, Duration::from_millis(500), &Tokens::default())
            .await
            .unwrap();
    server.done();
    assert!(submission.accepted());
}

#[tokio::test]
async fn unreachable_servers_are_told_apart() {
    let sent = sent(b"A: 1\r\n\r\n", &["a@corp.example"]);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = submit(&endpoint(unused), "probe.example", &sent, LONG, &Tokens::default()).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Connection, "{error:?}");
    assert!(error.next.contains("nothing listens"), "{error:?}");
    let nowhere = Endpoint { host: "no-such-host.invalid".into(), ..endpoint(25) };
    let error = submit(&nowhere, "probe.example", &sent, LONG, &Tokens::default()).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Dns, "{error:?}");
}

#[tokio::test]
async fn words_cannot_smuggle_commands() {
    let mut bad = sent(b"A: 1\r\n\r\n", &["a@corp.example>\r\nRSET"]);
    let error = submit(&endpoint(1), "probe.example", &bad, LONG, &Tokens::default()).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Protocol);
    bad.rcpt_to.clear();
    assert!(
        submit(&endpoint(1), "probe\r\nQUIT", &bad, LONG, &Tokens::default())
            .await
            .unwrap_err()
            .message
            .contains("SMTP command")
    );
}

/// A script that gives the name, then plays STARTTLS and a submission of one mail.
fn starttls(c: &mut Conn, acceptor: &native_tls::TlsAcceptor) {
    opening(c, "250-STARTTLS\r\n");
    c.hear("STARTTLS");
    c.say("220 2.0.0 go\r\n");
    if !c.tls(acceptor) {
        return;
    }
    c.hear("EHLO probe.example");
    c.say("250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n");
    c.hear("AUTH PLAIN AHByb2JlAGh1bnRlcjItc2VjcmV0");
    c.say("235 2.7.0 ok\r\n");
    for reply in ["250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
        c.line();
        c.say(reply);
    }
    c.message();
    c.say("250 ok\r\n").hear("QUIT");
    c.say("221 bye\r\n");
}

#[tokio::test]
async fn starttls_then_login_and_no_secret_in_the_transcript() {
    let pki = Pki::new();
    let acceptor = pki.acceptor("mx.corp.example", 2999);
    let server = serve(move |c| starttls(c, &acceptor));
    let endpoint = Endpoint {
        tls: TlsMode::Starttls,
        tls_name: Some("mx.corp.example".into()),
        ca_pem: Some(pki.ca_pem.clone()),
        login: login(Mechanism::Password),
        ..endpoint(server.port)
    };
    let submission =
        submit(&endpoint, "probe.example", &sent(b"A: 1\r\n\r\n", &["a@b.example"]), LONG, &Tokens::default())
            .await
            .unwrap();
    server.done();
    assert!(submission.accepted());
    assert!(matches!(submission.tls.as_deref(), Some("TLSv1.2" | "TLSv1.3")), "{:?}", submission.tls);
    let stages = stages(&submission);
    assert_eq!(
        stages[..5],
        [(Stage::Connect, 220), (Stage::Ehlo, 250), (Stage::Starttls, 220), (Stage::Ehlo, 250), (Stage::Auth, 235),]
    );
    assert!(submission.transcript.contains("C: AUTH PLAIN [REDACTED]\n"), "{}", submission.transcript);
    assert!(!submission.transcript.contains("AHByb2Jl"));
}

#[tokio::test]
async fn implicit_tls_works_too() {
    let pki = Pki::new();
    let acceptor = pki.acceptor("127.0.0.1", 2999);
    let server = serve(move |c| {
        assert!(c.tls(&acceptor));
        opening(c, "");
        c.hear("MAIL");
        c.say("550 no\r\n").hear("QUIT");
    });
    let endpoint = Endpoint { tls: TlsMode::Implicit, ca_pem: Some(pki.ca_pem.clone()), ..endpoint(server.port) };
    let submission =
        submit(&endpoint, "probe.example", &sent(b"A: 1\r\n\r\n", &["a@b.example"]), LONG, &Tokens::default())
            .await
            .unwrap();
    server.done();
    assert_eq!(submission.deciding().unwrap().reply.code, 550);
    assert!(submission.tls.is_some());
}

#[tokio::test]
async fn tls_failures_say_which() {
    let pki = Pki::new();
    let cases = [
        ("mx.corp.example", 2999, Some("other.example"), true, "is not for `other.example`"),
        ("mx.corp.example", 2001, Some("mx.corp.example"), true, "has expired"),
        ("mx.corp.example", 2999, Some("mx.corp.example"), false, "not trusted"),
    ];
    for (name, until, asked, with_ca, text) in cases {
        let acceptor = pki.acceptor(name, until);
        let server = serve(move |c| starttls(c, &acceptor));
        let endpoint = Endpoint {
            tls: TlsMode::Starttls,
            tls_name: asked.map(str::to_owned),
            ca_pem: with_ca.then(|| pki.ca_pem.clone()),
            ..endpoint(server.port)
        };
        let sent = sent(b"A: 1\r\n\r\n", &["a@b.example"]);
        let error = submit(&endpoint, "probe.example", &sent, LONG, &Tokens::default()).await.unwrap_err();
        server.done();
        assert_eq!(error.kind, HarnessErrorKind::Tls);
        assert!(error.message.contains(text), "{error:?}");
    }
    let server = serve(|c| drop(c.say("220 hi\r\n").until_hangup()));
    let endpoint = Endpoint { tls: TlsMode::Implicit, ..endpoint(server.port) };
    let error =
        submit(&endpoint, "probe.example", &sent(b"A: 1\r\n\r\n", &[]), LONG, &Tokens::default()).await.unwrap_err();
    server.done();
    assert!(error.kind == HarnessErrorKind::Tls && error.message.contains("does not speak tls"), "{error:?}");
}

#[tokio::test]
async fn nothing_goes_in_clear_when_starttls_is_missing_refused_or_tampered_with() {
    type Script = fn(&mut Conn) -> Vec<String>;
    let cases: [(Script, &str); 3] = [
        (
            |c| {
                opening(c, "");
                c.until_hangup()
            },
            "offers no STARTTLS",
        ),
        (
            |c| {
                opening(c, "250-STARTTLS\r\n");
                c.hear("STARTTLS");
                c.say("454 4.7.0 not now\r\n").until_hangup()
            },
            "454",
        ),
        (
            |c| {
                opening(c, "250-STARTTLS\r\n");
                c.hear("STARTTLS");
                c.say("220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n").until_hangup()
            },
            "RFC 3207",
        ),
    ];
    for (script, text) in cases {
        let server = serve(move |c| assert_eq!(script(c), Vec::<String>::new()));
        let endpoint = Endpoint { tls: TlsMode::Starttls, login: login(Mechanism::Password), ..endpoint(server.port) };
        let error = submit(&endpoint, "probe.example", &sent(b"A: 1\r\n\r\n", &[]), LONG, &Tokens::default())
            .await
            .unwrap_err();
        server.done();
        assert_eq!(error.kind, HarnessErrorKind::Tls);
        assert!(error.message.contains(text), "{error:?}");
    }
}

#[tokio::test]
async fn refused_logins_carry_the_server_s_words() {
    let gmail = "534-5.7.9 Application-specific password required. For more information, go to\r\n\
                 534 5.7.9 https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp\r\n";
    let server = serve(move |c| {
        opening(c, "250-AUTH LOGIN\r\n");
        c.hear("AUTH LOGIN");
        c.say("334 VXNlcm5hbWU6\r\n").hear("cHJvYmU=");
        c.say("334 UGFzc3dvcmQ6\r\n").hear("aHVudGVyMi1zZWNyZXQ=");
        c.say(gmail).until_hangup();
    });
    let account = Endpoint { login: login(Mechanism::Password), ..endpoint(server.port) };
    let error =
        submit(&account, "probe.example", &sent(b"A: 1\r\n\r\n", &[]), LONG, &Tokens::default()).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Login);
    assert!(error.message.contains("Application-specific password required"), "{error:?}");
    assert!(error.next.contains("apppasswords"), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"));

    let server = serve(|c| {
        opening(c, "250-AUTH XOAUTH2 PLAIN\r\n");
        c.hear("AUTH XOAUTH2 ");
        c.say("334 eyJzdGF0dXMiOiI0MDAifQ==\r\n");
        assert_eq!(c.line().as_deref(), Some(""));
        c.say("535 5.7.8 Username and Password not accepted\r\n").until_hangup();
    });
    let account = Endpoint { login: login(Mechanism::Xoauth2), ..endpoint(server.port) };
    let error =
        submit(&account, "probe.example", &sent(b"A: 1\r\n\r\n", &[]), LONG, &Tokens::default()).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Grant);
    assert!(error.message.contains("{\"status\":\"400\"}") && error.message.contains("535"), "{error:?}");

    let server = serve(|c| {
        opening(c, "");
        c.until_hangup();
    });
    let account = Endpoint { login: login(Mechanism::Password), ..endpoint(server.port) };
    let error =
        submit(&account, "probe.example", &sent(b"A: 1\r\n\r\n", &[]), LONG, &Tokens::default()).await.unwrap_err();
    server.done();
    assert!(error.kind == HarnessErrorKind::Login && error.message.contains("offers no login"), "{error:?}");
}
