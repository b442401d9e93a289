//! Servers that break SMTP, or stretch it, at every stage of a submission.

use crate::{
    probe::submit::{LONG, endpoint, login, opening, plain, sent, stages, submit, to_data},
    support::scripted::{Conn, Pki, serve},
};
use sealcheck::{
    evidence::{Stage, Submission},
    outcome::{HarnessError, HarnessErrorKind},
    probe::token::Tokens,
    target::{Endpoint, Mechanism, TlsMode},
};
use std::time::Duration;

/// No test ends when something waits so long.
const FOR_EVER: Duration = Duration::from_secs(3600);

const MAIL: &[u8] = b"A: 1\r\n\r\nhello\r\n";
const TO: &[&str] = &["a@corp.example"];

/// A mail handed over, in this time.
async fn submitted(endpoint: &Endpoint, wait: Duration) -> Result<Submission, HarnessError> {
    submit(endpoint, "probe.example", &sent(MAIL, TO), wait, &Tokens::default()).await
}

/// A mail handed to a script.
async fn handed(script: impl FnOnce(&mut Conn) + Send + 'static) -> Result<Submission, HarnessError> {
    let server = serve(script);
    let submission = plain(&server, &sent(MAIL, TO)).await;
    server.done();
    submission
}

#[tokio::test]
async fn quit_decides_nothing_and_is_not_waited_for() {
    for farewell in ["421 4.3.2 closing\r\n", "500 what\r\n", "\0\0\r\n", "250 ok\r\n", ""] {
        let server = serve(move |c| {
            to_data(c);
            c.message();
            c.say("250 2.0.0 Ok: queued as 4XyZ\r\n").hear("QUIT");
            c.say(farewell).until_hangup();
        });
        let endpoint = endpoint(server.port);
        let submission = tokio::time::timeout(LONG, submitted(&endpoint, FOR_EVER))
            .await
            .expect("nobody waits for the answer to QUIT")
            .unwrap();
        server.done();
        let deciding = submission.deciding().unwrap();
        assert_eq!((deciding.stage, deciding.reply.code), (Stage::Message, 250), "{farewell:?}");
        assert!(submission.accepted() && submission.kept_back().is_none(), "{farewell:?}");
        assert_eq!(submission.queue_id.as_deref(), Some("4XyZ"));
    }
}

/// The end of a submission after whichever hello.
fn to_the_end(c: &mut Conn) {
    assert_eq!(c.hear("MAIL"), "MAIL FROM:<probe@ext.example>");
    c.say("250 ok\r\n");
    assert_eq!(c.hear("RCPT"), "RCPT TO:<a@corp.example>");
    c.say("250 ok\r\n").hear("DATA");
    c.say("354 go\r\n").message();
    c.say("250 ok\r\n").hear("QUIT");
    c.say("221 bye\r\n");
}

#[tokio::test]
async fn helo_is_said_where_ehlo_is_refused() {
    let submission = handed(|c| {
        c.say("220 mx.example\r\n").hear("EHLO probe.example");
        c.say("502 5.5.1 not implemented\r\n").hear("HELO probe.example");
        c.say("250 mx.example\r\n");
        to_the_end(c);
    });
    let submission = submission.await.unwrap();
    assert!(submission.accepted() && submission.deciding().unwrap().stage == Stage::Message);
    assert!(stages(&submission).starts_with(&[(Stage::Connect, 220), (Stage::Ehlo, 250), (Stage::Mail, 250)]));
    assert!(submission.transcript.contains("S: 502 5.5.1 not implemented\nC: HELO probe.example\n"));

    let refused = handed(|c| {
        c.say("220 mx.example\r\n").hear("EHLO");
        c.say("550 5.7.1 not you\r\n").hear("HELO");
    });
    assert_eq!(refused.await.unwrap().deciding().unwrap().reply.code, 550, "a server that hangs up has refused");

    let pki = Pki::new();
    let acceptor = pki.acceptor("127.0.0.1", 2999);
    let server = serve(move |c| {
        opening(c, "250-STARTTLS\r\n");
        c.hear("STARTTLS");
        c.say("220 go\r\n");
        assert!(c.tls(&acceptor));
        c.hear("EHLO");
        c.say("500 what\r\n").hear("HELO probe.example");
        c.say("250 mx.example\r\n");
        to_the_end(c);
    });
    let starttls = Endpoint { tls: TlsMode::Starttls, ca_pem: Some(pki.ca_pem.clone()), ..endpoint(server.port) };
    let submission = submitted(&starttls, LONG).await.unwrap();
    server.done();
    assert!(submission.accepted() && submission.tls.is_some());
}

#[tokio::test]
async fn helo_offers_neither_starttls_nor_a_login() {
    for (tls, code, says) in [
        (TlsMode::Starttls, HarnessErrorKind::Tls, "offers no STARTTLS"),
        (TlsMode::None, HarnessErrorKind::Login, "offers no login"),
    ] {
        let server = serve(|c| {
            c.say("220 mx.example\r\n").hear("EHLO");
            c.say("502 what\r\n").hear("HELO");
            assert_eq!(c.say("250 mx.example\r\n").until_hangup(), Vec::<String>::new());
        });
        let account = Endpoint { tls, login: login(Mechanism::Password), ..endpoint(server.port) };
        let error = submitted(&account, LONG).await.unwrap_err();
        server.done();
        assert!(error.kind == code && error.message.contains(says), "{error:?}");
    }
}

/// What a client hears of a server that says these replies, one after each line; and what it says after the last one.
async fn after(replies: &'static [&'static str]) -> (Result<Submission, HarnessError>, Vec<String>) {
    let (to, from) = std::sync::mpsc::channel();
    let ended = handed(move |c| {
        for (n, reply) in replies.iter().enumerate() {
            if n > 0 {
                c.line();
            }
            c.say(reply);
        }
        to.send(c.until_hangup()).unwrap();
    });
    (ended.await, from.recv().unwrap())
}

#[tokio::test]
async fn a_reply_that_comes_twice_or_unasked_answers_nothing_else() {
    let cases: [&[&str]; 6] = [
        &["220 hi\r\n220 hi\r\n"],
        &["220 hi\r\n", "250 mx\r\n250 mx\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n250 ok\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n250 ok\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n550 no\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n354 go\r\n"],
    ];
    for replies in cases {
        let (ended, said) = after(replies).await;
        let error = ended.unwrap_err();
        assert!(
            error.kind == HarnessErrorKind::Protocol && error.message.contains("nobody had asked"),
            "{replies:?} {error:?}"
        );
        assert_eq!(said, Vec::<String>::new(), "{replies:?}: nothing is said to a server that cannot be understood");
    }
}

#[tokio::test]
async fn a_reply_of_another_class_is_none() {
    let cases: [&[&str]; 5] = [
        &["354 hi\r\n"],
        &["220 hi\r\n", "354 mx\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "354 go\r\n"],
        // A reply late by one: this one is that to RCPT, and no message may follow it.
        &["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n"],
        &["220 hi\r\n", "250 mx\r\n", "999 ok\r\n"],
    ];
    for replies in cases {
        let (ended, said) = after(replies).await;
        assert_eq!(ended.unwrap_err().kind, HarnessErrorKind::Protocol, "{replies:?}");
        assert_eq!(said, Vec::<String>::new(), "{replies:?}");
    }
}

#[tokio::test]
async fn replies_without_an_end_are_left_at_every_stage() {
    for stage in 0..5 {
        for filler in [&b"A"[..], b"250-line\r\n"] {
            let ended = handed(move |c| {
                for (n, reply) in ["220 hi\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"].iter().enumerate() {
                    if n == stage {
                        break;
                    }
                    c.say(reply);
                    c.line();
                }
                c.say("250-");
                let filler = filler.repeat(20_000);
                while c.goes_on(&filler) {}
            });
            let error = ended.await.unwrap_err();
            assert!(error.kind == HarnessErrorKind::Protocol && error.message.len() < 400, "{stage}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_final_reply_that_is_none_leaves_the_mail_in_doubt() {
    let endless = "250-".to_owned() + &"A".repeat(200_000);
    for reply in ["\u{1}\u{2}\u{3}\r\n", "\x00\x00\x00250 ok\r\n", "25", "999 ok\r\n", "354 go\r\n", &endless, ""] {
        let reply = reply.to_owned();
        let shown = reply[..reply.len().min(20)].to_owned();
        let submission = handed(move |c| {
            to_data(c);
            c.message();
            c.say(reply);
        });
        let submission = submission.await.unwrap();
        assert!(submission.unanswered.is_some() && !submission.accepted(), "{shown:?} {submission:?}");
        assert!(submission.may_be_accepted(), "{shown:?}");
    }
    // What a server says on top of its answer changes nothing.
    for more in ["250 ok\r\n250 ok\r\n", "250 ok\r\n451 no\r\n", "250 ok\r\n\0\0"] {
        let submission = handed(move |c| {
            to_data(c);
            c.message();
            c.say(more).until_hangup();
        });
        let submission = submission.await.unwrap();
        assert!(submission.accepted() && submission.unanswered.is_none(), "{more:?}");
    }
}

/// More than the network takes before somebody reads it.
fn large() -> Vec<u8> {
    [&b"A: 1\r\n\r\n"[..], &b"0123456789\r\n".repeat(4_000_000)].concat()
}

/// What comes of a server that answers in the middle of the message, and neither reads on nor closes.
async fn answered_early(reply: &'static str) -> Result<Submission, HarnessError> {
    let (over, until) = std::sync::mpsc::channel::<()>();
    let server = serve(move |c| {
        to_data(c);
        c.hear("A: 1");
        c.say(reply);
        until.recv().ok();
    });
    let ended = plain(&server, &sent(&large(), TO)).await;
    drop(over);
    server.done();
    ended
}

#[tokio::test]
async fn what_comes_before_the_message_is_out_ends_it() {
    for reply in ["451 4.3.0 later\r\n", "552 5.3.4 too big\r\n"] {
        let submission = answered_early(reply).await.unwrap();
        assert_eq!(submission.deciding().unwrap().stage, Stage::Message, "{reply}");
        assert!(!submission.may_be_accepted(), "{reply}");
    }
    let error = answered_early("354 go\r\n").await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Protocol, "{error:?}");
    // Nobody can tell what a server has that takes a part for the whole.
    let submission = answered_early("250 ok\r\n").await.unwrap();
    assert!(submission.unanswered.is_some() && !submission.accepted(), "{submission:?}");
}

#[tokio::test]
async fn an_address_that_says_nothing_is_no_missing_greeting() {
    // As many wait there already as may.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
    let waiting: Vec<_> = std::iter::from_fn(|| connect().ok()).collect();
    let wait = Duration::from_millis(500);
    let error = submitted(&endpoint(address.port()), wait).await.unwrap_err();
    assert!(error.kind == HarnessErrorKind::Connection && !waiting.is_empty(), "{error:?}");
    assert!(error.message.starts_with(&format!("could not connect: {address}: no answer within ")), "{error:?}");

    let mute = serve(|c| drop(c.until_hangup()));
    let implicit = Endpoint { tls: TlsMode::Implicit, ..endpoint(mute.port) };
    let silent = submitted(&implicit, wait).await.unwrap_err();
    mute.done();
    assert!(silent.kind == HarnessErrorKind::Connection && silent.message.contains("tls handshake"), "{silent:?}");
}

#[tokio::test]
async fn an_address_that_needs_smtputf8_is_not_sent_without_it() {
    let jörg = &["jörg@corp.example"];
    let server = serve(|c| {
        opening(c, "250-8BITMIME\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let error = plain(&server, &sent(MAIL, jörg)).await.unwrap_err();
    server.done();
    assert!(
        error.kind == HarnessErrorKind::Protocol && error.message.contains("`jörg@corp.example` needs SMTPUTF8"),
        "{error:?}"
    );
    let server = serve(|c| {
        opening(c, "250-SMTPUTF8\r\n");
        c.hear("MAIL FROM:<probe@ext.example> SMTPUTF8");
        c.say("250 ok\r\n").hear("RCPT TO:<jörg@corp.example>");
        c.say("550 no\r\n");
    });
    assert_eq!(plain(&server, &sent(MAIL, jörg)).await.unwrap().deciding().unwrap().reply.code, 550);
    server.done();
}
