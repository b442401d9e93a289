//! Mailboxes against IMAP servers that follow a script.

use crate::scripted::{Conn, Pki, Server, serve, serve_each};
use sealcheck::{
    core::{Secret, Token},
    evidence::{Arrival, Folder},
    outcome::{HarnessCode, StageError},
    probe::mailbox::{Limits, Mailboxes, Wanted, Watch},
    scenario::target::{Account, Endpoint, ImapAccess, Login, Mechanism, Provider, TlsMode},
};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// A poll that no test waits for.
const NEVER: Duration = Duration::from_secs(600);

fn account(port: u16) -> Account {
    Account {
        imap: Some(ImapAccess {
            endpoint: Endpoint {
                host: "127.0.0.1".into(),
                port,
                tls: TlsMode::None,
                tls_name: None,
                ca_pem: None,
                login: Some(Login {
                    user: "probe.inbox@gmail.com".into(),
                    secret: Secret::new("hunter2-secret"),
                    mechanism: Mechanism::Password,
                }),
            },
            provider: Provider::Gmail,
        }),
        ..Account::new("gmail", "probe.inbox@gmail.com")
    }
}

fn with_endpoint(port: u16, change: impl FnOnce(&mut Endpoint)) -> Account {
    let mut account = account(port);
    change(&mut account.imap.as_mut().unwrap().endpoint);
    account
}

fn wanted(n: u32) -> Wanted {
    Wanted { message_id: format!("<t-{n}@ext.example>"), token: Token::new(format!("t-{n}")) }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(15)
}

async fn watch(mailboxes: &Mailboxes, server: &Server, n: u32) -> Watch {
    mailboxes.watch(&account(server.port), Folder::Inbox, wanted(n)).await.unwrap().unwrap()
}

async fn arrival(watch: &mut Watch) -> Arrival {
    watch.next(soon()).await.unwrap().expect("an arrival in time")
}

/// The error that a broken connection ends in; the watch is asked until it has noticed.
async fn broken(watch: &mut Watch) -> StageError {
    let patience = soon();
    while Instant::now() < patience {
        match watch.next(Instant::now() + Duration::from_millis(20)).await {
            Ok(arrival) => assert!(arrival.is_none()),
            Err(error) => return error,
        }
    }
    panic!("the break was not noticed");
}

/// A server's word that it has come to some point, and the test's wait for it.
fn signal() -> (impl Fn() + Send + Sync + Clone, impl Future<Output = ()>) {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tell = move || told.send(()).unwrap();
    (tell, async move { heard.recv().await.unwrap() })
}

/// Hears a command and answers it with OK.
#[track_caller]
fn answer(c: &mut Conn, command: &str, untagged: impl AsRef<str>) -> String {
    let line = c.hear(command);
    let tag = line.split(' ').next().unwrap();
    c.say(format!("{}{tag} OK done\r\n", untagged.as_ref()));
    line
}

/// Greeting, login and capabilities.
fn enter(c: &mut Conn, capabilities: &str) {
    c.say("* OK Gimap ready\r\n");
    answer(c, "LOGIN \"probe.inbox@gmail.com\" \"hunter2-secret\"", "");
    answer(c, "CAPABILITY", format!("* CAPABILITY IMAP4rev1 {capabilities}\r\n"));
}

/// And the inbox, whose next UID this is.
fn enter_inbox(c: &mut Conn, capabilities: &str, uid_next: u32) {
    enter(c, capabilities);
    answer(c, "EXAMINE \"INBOX\"", format!("* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT {uid_next}]\r\n"));
}

fn idle(c: &mut Conn, before_plus: &str, after_plus: &str) {
    let line = c.hear("IDLE");
    c.say(format!("{before_plus}+ idling\r\n{after_plus}")).hear("DONE");
    c.say(format!("{} OK done\r\n", line.split(' ').next().unwrap()));
}

fn header(uid: u32, header: &str) -> String {
    format!("* {uid} FETCH (UID {uid} RFC822.SIZE 100 BODY[HEADER] {{{}}}\r\n{header})\r\n", header.len())
}

fn body(uid: u32, raw: &str) -> String {
    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{raw})\r\n", raw.len())
}

fn probe(n: u32) -> String {
    format!("Message-ID: <t-{n}@ext.example>\r\nX-Sealcheck-Run: t-{n}; run=r\r\n\r\n")
}

/// One look at the folder that finds these, all of them read whole.
fn look(c: &mut Conn, from: u32, found: &[(u32, u32)]) {
    let headers: String = found.iter().map(|(uid, n)| header(*uid, &probe(*n))).collect();
    answer(c, &format!("UID FETCH {from}:* (UID RFC822.SIZE BODY.PEEK[HEADER])"), headers);
    if !found.is_empty() {
        let uids: Vec<_> = found.iter().map(|(uid, _)| uid.to_string()).collect();
        let bodies: String = found.iter().map(|(uid, n)| body(*uid, &(probe(*n) + "text\r\n"))).collect();
        answer(c, &format!("UID FETCH {} (UID BODY.PEEK[])", uids.join(",")), bodies);
    }
}

#[tokio::test]
async fn an_arrival_is_read_whole_with_gmail_s_attributes() {
    let server = serve(|c| {
        enter(c, "IDLE ID X-GM-EXT-1");
        answer(c, "ID (\"name\" \"sealcheck\"", "* ID (\"name\" \"GImap\")\r\n");
        answer(c, "EXAMINE \"INBOX\"", "* 0 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        answer(c, "UID FETCH 4:*", "");
        // News before the plus sign.
        idle(c, "* 1 EXISTS\r\n", "");
        answer(c, "UID FETCH 4:*", header(4, &probe(1)));
        let raw = probe(1) + "text\r\n";
        let fetch = format!(
            "* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"\\\\Important\") UID 4 BODY[] {{{}}}\r\n{raw})\r\n",
            raw.len()
        );
        answer(c, "UID FETCH 4 (UID X-GM-MSGID X-GM-LABELS BODY.PEEK[])", fetch);
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let mut watch = watch(&mailboxes, &server, 1).await;
    let arrival = arrival(&mut watch).await;
    assert_eq!((arrival.account.as_str(), arrival.folder, arrival.uid), ("gmail", Folder::Inbox, 4));
    assert_eq!(arrival.gm_msgid, Some(1_278_455_344_230_334_865));
    assert_eq!(arrival.labels, ["\\Inbox", "\\Important"]);
    assert!(arrival.raw.ends_with(b"\r\n\r\ntext\r\n"));
    let transcript = mailboxes.transcript("gmail");
    assert!(transcript.contains("inbox C: a1 LOGIN [REDACTED]\n"), "{transcript}");
    assert!(!transcript.contains("hunter2"), "{transcript}");
    mailboxes.close().await;
    server.done();
    assert_eq!(mailboxes.connections(), (1, 0));
}

#[tokio::test]
async fn news_that_get_lost_around_done_are_found_by_looking() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "");
        let line = c.hear("IDLE");
        c.say("+ idling\r\n").hear("DONE");
        c.say(format!("* 4 EXISTS\r\n{} OK done\r\n", line.split(' ').next().unwrap()));
        answer(c, "NOOP", "");
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(Duration::from_millis(30));
    arrival(&mut watch(&mailboxes, &server, 1).await).await;
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn news_inside_another_answer_are_looked_at_without_waiting() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "* 4 EXISTS\r\n");
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    arrival(&mut watch(&mailboxes, &server, 1).await).await;
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn answers_may_come_in_pieces_of_any_size() {
    fn drip(c: &mut Conn, text: &str) {
        for byte in text.as_bytes() {
            c.say([*byte]);
        }
    }
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "");
        for _ in 0..2 {
            let line = c.hear("IDLE");
            drip(c, "* 4 EXISTS\r\n* OK still here\r\n+ idling\r\n* 4 EXISTS\r\n");
            c.hear("DONE");
            drip(c, &format!("* 1 RECENT\r\n{} OK done\r\n", line.split(' ').next().unwrap()));
            let line = c.hear("UID FETCH 4:*");
            let tag = line.split(' ').next().unwrap();
            drip(c, &format!("* 1 FETCH (FLAGS ())\r\n{tag} OK done\r\n"));
        }
        let tag = c.hear("IDLE").split(' ').next().unwrap().to_owned();
        c.say("+\r\n* 5 EXISTS\r\n").hear("DONE");
        drip(c, &format!("{tag} OK done\r\n"));
        let line = c.hear("UID FETCH 4:*");
        drip(c, &header(4, &probe(1)));
        drip(c, &format!("{} OK done\r\n", line.split(' ').next().unwrap()));
        let line = c.hear("UID FETCH 4 (UID BODY.PEEK[])");
        drip(c, &body(4, &(probe(1) + "{5}\r\na11 OK done\r\n")));
        drip(c, &format!("{} OK done\r\n", line.split(' ').next().unwrap()));
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert!(arrival.raw.ends_with(b"{5}\r\na11 OK done\r\n"));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn many_watches_share_one_connection_and_late_ones_miss_nothing() {
    let (in_idle, waiting) = signal();
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "");
        idle(c, "", "* 6 EXISTS\r\n");
        look(c, 4, &[(4, 2), (5, 1), (6, 3)]);
        c.hear("IDLE");
        c.say("+ idling\r\n");
        in_idle();
        // Whoever comes now is served without a word on the wire.
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let mailboxes = Mailboxes::new(NEVER);
    let (mut one, mut two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    assert_eq!(arrival(&mut one).await.uid, 5);
    assert_eq!(arrival(&mut two).await.uid, 4);
    waiting.await;
    let mut three = watch(&mailboxes, &server, 3).await;
    assert_eq!(arrival(&mut three).await.uid, 6);
    assert!(one.next(Instant::now()).await.unwrap().is_none());
    assert_eq!(mailboxes.connections(), (1, 0));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn foreign_mail_is_passed_over_by_its_header_and_read_when_somebody_comes_for_it() {
    let server = serve(|c| {
        enter_inbox(c, "", 4);
        let bare = "Message-ID: <t-2@ext.example>\r\nSubject: probe header lost\r\n\r\n";
        answer(c, "UID FETCH 4:*", header(4, "Message-ID: <foreign@x>\r\n\r\n") + &header(5, bare));
        loop {
            let line = c.line().unwrap();
            let tag = line.split(' ').next().unwrap();
            if line.contains("UID FETCH 5 (UID RFC822.SIZE") {
                c.say(header(5, bare) + tag + " OK\r\n");
                break;
            }
            assert!(line.contains("NOOP") || line.contains("UID FETCH 6:*"), "{line}");
            c.say(format!("{tag} OK\r\n"));
        }
        answer(c, "UID FETCH 5 (UID BODY.PEEK[])", body(5, bare));
        while let Some(line) = c.line() {
            assert!(!line.contains("BODY.PEEK[])"), "{line}");
            c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
        }
    });
    let mailboxes = Mailboxes::new(Duration::from_millis(20));
    let mut first = watch(&mailboxes, &server, 1).await;
    assert!(first.next(Instant::now() + Duration::from_millis(100)).await.unwrap().is_none());
    let mut second = watch(&mailboxes, &server, 2).await;
    assert_eq!(arrival(&mut second).await.uid, 5);
    assert!(second.next(Instant::now() + Duration::from_millis(100)).await.unwrap().is_none());
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn bounces_find_the_attempt_that_they_report_on() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        let head = "Return-Path: <>\r\nMessage-ID: <bounce@mx>\r\n\
                    Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n";
        let report = "--b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
                      Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.7.26\r\n\r\n--b\r\n\
                      Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <t-1@ext.example>\r\n\r\n--b--\r\n";
        answer(c, "UID FETCH 4:*", header(4, head));
        answer(c, "UID FETCH 4 (UID BODY.PEEK[])", body(4, &format!("{head}{report}")));
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let mut watch = watch(&mailboxes, &server, 1).await;
    assert_eq!(arrival(&mut watch).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn broken_connections_are_made_again_and_nothing_is_lost_or_doubled() {
    let server = serve_each(4, |number, c| match number {
        0 => {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.hear("IDLE");
            c.say("+ idling\r\n* BYE Session expired, please login again.\r\n").hear("DONE");
        }
        1 => {
            // Two came; the connection ends in the middle of the second one's body.
            enter_inbox(c, "IDLE", 6);
            answer(c, "UID FETCH 5:*", header(5, &probe(2)) + &header(6, &probe(1)));
            c.hear("UID FETCH 5,6");
            c.say(body(5, &probe(2)) + "* 6 FETCH (UID 6 BODY[] {100}\r\nMess");
        }
        2 => {
            // A server whose login is down for the moment.
            c.say("* BYE try later\r\n");
        }
        _ => {
            enter_inbox(c, "IDLE", 7);
            look(c, 5, &[(5, 2), (6, 1)]);
            c.until_hangup();
        }
    });
    let mailboxes = Mailboxes::new(NEVER);
    let (mut one, mut two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    assert_eq!(arrival(&mut one).await.uid, 4);
    assert_eq!(arrival(&mut two).await.uid, 5);
    assert_eq!(arrival(&mut one).await.uid, 6);
    assert!(one.next(Instant::now()).await.unwrap().is_none());
    assert!(two.next(Instant::now()).await.unwrap().is_none());
    mailboxes.close().await;
    server.done();
    assert_eq!(mailboxes.connections(), (3, 2));
}

#[tokio::test]
async fn new_uids_after_a_break_do_not_double_old_mail() {
    let server = serve_each(2, |number, c| {
        if number == 0 {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            return;
        }
        enter(c, "IDLE");
        answer(c, "EXAMINE", "* 2 EXISTS\r\n* OK [UIDVALIDITY 10]\r\n* OK [UIDNEXT 3]\r\n");
        answer(c, "UID SEARCH SINCE ", "* SEARCH 1 2\r\n");
        answer(c, "UID FETCH 1,2", header(1, &probe(1)) + &header(2, &probe(2)));
        answer(c, "UID FETCH 2 (UID BODY.PEEK[])", body(2, &probe(2)));
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let (mut one, mut two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    assert_eq!(arrival(&mut one).await.uid, 4);
    assert_eq!(arrival(&mut two).await.uid, 2);
    assert!(one.next(Instant::now()).await.unwrap().is_none());
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_broken_connection_is_an_error_only_at_the_deadline() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
    });
    let mailboxes = Mailboxes::new(NEVER);
    let mut watch = watch(&mailboxes, &server, 1).await;
    server.done();
    assert_eq!(broken(&mut watch).await.code, HarnessCode::H04);
    mailboxes.close().await;
}

#[tokio::test]
async fn servers_without_a_working_idle_are_polled() {
    let refusals: [fn(&mut Conn); 3] = [
        |_| (),
        |c| {
            let line = c.hear("IDLE");
            c.say(format!("{} NO [THROTTLED] not now\r\n", line.split(' ').next().unwrap()));
        },
        |c| {
            let line = c.hear("IDLE");
            c.say(format!("{} OK what for\r\n", line.split(' ').next().unwrap()));
        },
    ];
    for (number, refuse) in refusals.into_iter().enumerate() {
        let server = serve(move |c| {
            enter_inbox(c, if number == 0 { "" } else { "IDLE" }, 4);
            answer(c, "UID FETCH 4:*", "");
            refuse(c);
            for _ in 0..3 {
                answer(c, "NOOP", "");
                answer(c, "UID FETCH 4:*", "");
            }
            answer(c, "NOOP", "* 4 EXISTS\r\n");
            look(c, 4, &[(4, 1)]);
            while let Some(line) = c.line() {
                c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
            }
        });
        let mailboxes = Mailboxes::new(Duration::from_millis(10));
        arrival(&mut watch(&mailboxes, &server, 1).await).await;
        assert_eq!(mailboxes.connections(), (1, 0));
        mailboxes.close().await;
        server.done();
    }
}

#[tokio::test]
async fn the_newest_message_is_no_news_when_it_is_old() {
    let server = serve(|c| {
        enter_inbox(c, "", 4);
        answer(c, "UID FETCH 4:*", header(3, &probe(1)));
        answer(c, "NOOP", "* 4 EXISTS\r\n");
        look(c, 4, &[(4, 1)]);
        answer(c, "NOOP", "");
        answer(c, "UID FETCH 5:*", header(4, &probe(1)));
        answer(c, "NOOP", "* 5 EXISTS\r\n");
        look(c, 5, &[(5, 1)]);
        while let Some(line) = c.line() {
            c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
        }
    });
    let mailboxes = Mailboxes::new(Duration::from_millis(10));
    let mut watch = watch(&mailboxes, &server, 1).await;
    assert_eq!([arrival(&mut watch).await.uid, arrival(&mut watch).await.uid], [4, 5]);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn labels_that_cannot_be_read_are_left_out() {
    let server = serve_each(2, |number, c| {
        enter_inbox(c, "X-GM-EXT-1 IDLE", 4);
        answer(c, "UID FETCH 4:*", header(4, &probe(1)));
        if number == 0 {
            answer(c, "X-GM-LABELS", "* 4 FETCH (X-GM-LABELS ({4}\r\nabcd) UID 4 BODY[] {1}\r\na)\r\n");
        } else {
            answer(c, "UID FETCH 4 (UID BODY.PEEK[])", body(4, &probe(1)));
            c.until_hangup();
        }
    });
    let mailboxes = Mailboxes::new(NEVER);
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert!(arrival.labels.is_empty() && arrival.gm_msgid.is_none());
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn refused_logins_are_not_tried_again_and_say_what_to_do() {
    let alert = "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)";
    let browser = "NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)";
    for (text, code, next) in [
        (alert, HarnessCode::H01, "apppasswords"),
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", HarnessCode::H01, "apppasswords"),
        (browser, HarnessCode::H01, "web browser"),
    ] {
        let server = serve(move |c| {
            c.say("* OK hi\r\n").hear("LOGIN");
            c.say(format!("a1 {text}\r\n")).until_hangup();
        });
        let mailboxes = Mailboxes::new(NEVER);
        for _ in 0..2 {
            // The server takes one connection only: the second error comes from memory.
            let error = mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
            assert_eq!(error.code, code, "{error:?}");
            assert!(error.next.contains(next), "{error:?}");
            assert!(error.stage.contains("probe.inbox@gmail.com"), "{error:?}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        server.done();
    }
}

#[tokio::test]
async fn xoauth2_is_spoken_and_its_refusal_explained() {
    let xoauth2 = |port| with_endpoint(port, |e| e.login.as_mut().unwrap().mechanism = Mechanism::Xoauth2);
    let blob = "dXNlcj1wcm9iZS5pbmJveEBnbWFpbC5jb20BYXV0aD1CZWFyZXIgaHVudGVyMi1zZWNyZXQBAQ==";
    let server = serve(move |c| {
        c.say("* OK hi\r\n").hear("AUTHENTICATE XOAUTH2");
        c.say("+ \r\n").hear(blob);
        c.say("+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=\r\n");
        assert_eq!(c.line().as_deref(), Some(""));
        c.say("a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n").until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let error = mailboxes.watch(&xoauth2(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
    server.done();
    assert_eq!(error.code, HarnessCode::H02);
    assert!(error.message.contains("\"status\":\"400\""), "{error:?}");
    assert!(!mailboxes.transcript("gmail").contains("dXNlcj"), "{}", mailboxes.transcript("gmail"));
}

#[tokio::test]
async fn servers_that_misbehave_give_errors_with_codes() {
    type Script = fn(&mut Conn);
    let cases: [(Script, HarnessCode, &str); 9] = [
        (
            |c| {
                c.say("* BYE Too many connections from this address\r\n");
            },
            HarnessCode::H06,
            "Too many connections",
        ),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                c.say("a1 NO [ALERT] Too many simultaneous connections. (Failure)\r\n").until_hangup();
            },
            HarnessCode::H06,
            "Too many simultaneous",
        ),
        (
            |c| {
                c.say("220 mx.example ESMTP\r\n").until_hangup();
            },
            HarnessCode::H07,
            "220 mx.example ESMTP",
        ),
        (
            |c| {
                c.until_hangup();
            },
            HarnessCode::H04,
            "did not answer in time",
        ),
        (|_| (), HarnessCode::H04, "closed the connection"),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                for _ in 0..100 {
                    c.say([b'x'; 1_000_000]);
                }
                c.until_hangup();
            },
            HarnessCode::H07,
            "sends more",
        ),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                c.say([0xff, 0, b'{', b'\r', b'\n', b'*', b'\r', b'\n']).until_hangup();
            },
            HarnessCode::H07,
            "no IMAP answer",
        ),
        (
            |c| {
                enter(c, "IDLE");
                c.hear("EXAMINE");
                c.say("a3 NO [THROTTLED] slow down\r\n").until_hangup();
            },
            HarnessCode::H06,
            "slow down",
        ),
        (
            |c| {
                enter(c, "IDLE");
                c.hear("EXAMINE");
                c.say("* 99999999999999999999 EXISTS\r\na77 OK\r\n").until_hangup();
            },
            HarnessCode::H07,
            "no IMAP answer",
        ),
    ];
    for (script, code, text) in cases {
        let server = serve(script);
        let silence = Duration::from_millis(if text.contains("in time") { 100 } else { 20_000 });
        let mailboxes = Mailboxes::with_limits(NEVER, Limits { silence, ..Limits::default() });
        let error = mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(text), "{error:?}");
        assert!(!error.next.is_empty());
        mailboxes.close().await;
        server.done();
    }
}

#[tokio::test]
async fn odd_lines_in_answers_and_in_idle_do_no_harm() {
    let server = serve(|c| {
        enter(c, "IDLE");
        answer(c, "EXAMINE", "* NO odd\r\n* BAD odder\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        answer(c, "UID FETCH 4:*", "* 2 EXPUNGE\r\n* 1 FETCH (FLAGS (\\Seen))\r\n");
        idle(c, "* OK still here\r\n", "* OK still here\r\n* XYZZY what\r\n");
        answer(c, "UID FETCH 4:*", "* 2 EXISTS\r\n");
        answer(c, "UID FETCH 4:*", "* 2 EXISTS\r\n");
        idle(c, "", "* 3 EXISTS\r\n");
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert_eq!(mailboxes.connections(), (1, 0));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn hanging_up_at_any_point_is_never_a_hang_or_a_panic() {
    for steps in 0..7 {
        let server = serve(move |c| {
            c.say("* OK hi\r\n");
            let answers = [
                "",
                "* CAPABILITY IMAP4rev1 IDLE X-GM-EXT-1\r\n",
                "* LIST (\\Junk) \"/\" \"Spam\"\r\n",
                "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n",
                "",
            ];
            for untagged in answers.iter().take(steps) {
                let Some(line) = c.line() else { return };
                c.say(format!("{untagged}{} OK\r\n", line.split(' ').next().unwrap()));
            }
            if steps == 6 {
                c.hear("IDLE");
                c.say("+ id");
            }
        });
        let mailboxes = Mailboxes::new(NEVER);
        let error = match mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await {
            Err(error) => error,
            Ok(watch) => {
                assert!(steps > 3, "{steps}");
                broken(&mut watch.unwrap()).await
            }
        };
        assert_eq!(error.code, HarnessCode::H04, "{steps}: {error:?}");
        server.done();
        mailboxes.close().await;
    }
}

#[tokio::test]
async fn folders_are_found_by_their_use_whatever_their_name() {
    let server = serve(|c| {
        enter(c, "IDLE SPECIAL-USE");
        answer(
            c,
            "LIST \"\" \"*\"",
            "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n* LIST (\\HasNoChildren \\Junk) \"/\" \"[Gmail]/&j,dg0TDhMPww6w-\"\r\n",
        );
        answer(c, "EXAMINE \"[Gmail]/&j,dg0TDhMPww6w-\"", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let watch = mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap();
    assert!(watch.is_some());
    mailboxes.close().await;
    server.done();

    let server = serve(|c| {
        enter(c, "IDLE SPECIAL-USE");
        answer(c, "LIST \"\" \"*\"", "* LIST () \".\" \"INBOX\"\r\n* LIST () \".\" \"INBOX.Other\"\r\n");
        answer(c, "LIST \"\" \"*\" RETURN (SPECIAL-USE)", "* LIST () \".\" \"INBOX\"\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let mailboxes = Mailboxes::new(NEVER);
    for _ in 0..2 {
        assert!(mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap().is_none());
    }
    server.done();

    let (looked, has_looked) = signal();
    let server = serve(move |c| {
        enter(c, "");
        answer(c, "LIST", "* LIST () \".\" \"INBOX\"\r\n* LIST () \".\" \"INBOX.Junk\"\r\n");
        answer(c, "EXAMINE \"INBOX.Junk\"", "* 2 EXISTS\r\n");
        // A server that gives no UIDNEXT.
        answer(c, "FETCH 2 (UID)", "* 2 FETCH (UID 41)\r\n");
        answer(c, "UID FETCH 42:*", "");
        looked();
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    assert!(mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap().is_some());
    has_looked.await;
    mailboxes.close().await;
    server.done();
}

/// Deletes an arrival; the second connection of the account follows this script.
async fn deleted(capabilities: &'static str, script: fn(&mut Conn)) -> Result<(), StageError> {
    let server = serve_each(2, move |number, c| {
        if number == 0 {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.until_hangup();
            return;
        }
        enter(c, capabilities);
        answer(c, "LIST", "* LIST (\\Trash) \"/\" \"[Gmail]/Bin\"\r\n");
        answer(c, "SELECT \"INBOX\"", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 5]\r\n");
        script(c);
    });
    let mailboxes = Mailboxes::new(NEVER);
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    let result = mailboxes.delete(&arrival).await;
    mailboxes.close().await;
    server.done();
    result
}

#[tokio::test]
async fn deleting_moves_exactly_this_message_to_the_bin() {
    let moved = deleted("MOVE UIDPLUS", |c| {
        answer(c, "UID FETCH 4 (UID RFC822.SIZE BODY.PEEK[HEADER])", header(4, &probe(1)));
        answer(c, "UID MOVE 4 \"[Gmail]/Bin\"", "* OK [COPYUID 1 4 9]\r\n* 4 EXPUNGE\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    moved.await.unwrap();
    let copied = deleted("UIDPLUS", |c| {
        answer(c, "UID FETCH 4", header(4, &probe(1)));
        answer(c, "UID COPY 4 \"[Gmail]/Bin\"", "");
        answer(c, "UID STORE 4 +FLAGS.SILENT (\\Deleted)", "");
        answer(c, "UID EXPUNGE 4", "* 4 EXPUNGE\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    copied.await.unwrap();
    let another = deleted("MOVE", |c| {
        answer(c, "UID FETCH 4", header(4, &probe(2)));
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    assert!(another.await.unwrap_err().message.contains("not in this folder any more"));
}

#[tokio::test]
async fn looking_up_a_message_id_uses_one_connection_and_makes_it_again() {
    let server = serve_each(2, |number, c| {
        enter(c, "X-GM-EXT-1");
        answer(c, "LIST", "* LIST (\\All) \"/\" \"[Gmail]/All Mail\"\r\n");
        if number == 0 {
            answer(c, "LIST", "* LIST (\\All) \"/\" \"[Gmail]/All Mail\"\r\n");
            answer(c, "EXAMINE \"[Gmail]/All Mail\"", "* 1 EXISTS\r\n* OK [UIDNEXT 9]\r\n");
            answer(c, "NOOP", "");
            answer(c, "UID SEARCH X-GM-RAW \"rfc822msgid:t-1@ext.example\"", "* SEARCH 7\r\n");
            answer(c, "NOOP", "");
            answer(c, "X-GM-RAW \"rfc822msgid:t-2@ext.example\"", "* SEARCH\r\n");
            answer(c, "UID SEARCH HEADER Message-ID \"t-2@ext.example\"", "* SEARCH\r\n");
            return;
        }
        answer(c, "EXAMINE \"INBOX\"", "* 0 EXISTS\r\n* OK [UIDNEXT 1]\r\n");
        answer(c, "NOOP", "");
        answer(c, "X-GM-RAW", "* SEARCH\r\n");
        answer(c, "HEADER Message-ID", "* SEARCH 3\r\n");
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let account = account(server.port);
    assert!(mailboxes.contains(&account, Folder::All, "<t-1@ext.example>").await.unwrap());
    assert!(!mailboxes.contains(&account, Folder::All, "<t-2@ext.example>").await.unwrap());
    assert!(mailboxes.contains(&account, Folder::Inbox, "<t-3@ext.example>").await.unwrap());
    assert!(mailboxes.contains(&account, Folder::Inbox, "<a\r\nb>").await.is_err());
    assert_eq!(mailboxes.connections(), (2, 1));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn tls_from_the_start_and_by_starttls() {
    let pki = Pki::new();
    for mode in [TlsMode::Implicit, TlsMode::Starttls] {
        let acceptor = pki.acceptor("imap.gmail.com", 2999);
        let server = serve(move |c| {
            if mode == TlsMode::Starttls {
                c.say("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n").hear("s1 STARTTLS");
                c.say("s1 OK go\r\n");
            }
            assert!(c.tls(&acceptor));
            if mode == TlsMode::Implicit {
                c.say("* OK hi\r\n");
            }
            answer(c, "LOGIN", "");
            answer(c, "CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\n");
            answer(c, "EXAMINE", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
            answer(c, "UID FETCH 4:*", "");
            idle(c, "", "* 1 EXISTS\r\n");
            look(c, 4, &[(4, 1)]);
            c.until_hangup();
        });
        let account = with_endpoint(server.port, |e| {
            e.tls = mode;
            e.tls_name = Some("imap.gmail.com".into());
            e.ca_pem = Some(pki.ca_pem.clone());
        });
        let mailboxes = Mailboxes::new(NEVER);
        let mut watch = mailboxes.watch(&account, Folder::Inbox, wanted(1)).await.unwrap().unwrap();
        arrival(&mut watch).await;
        mailboxes.close().await;
        server.done();
    }
    let server = serve(|c| {
        c.say("* OK hi\r\n").hear("s1 STARTTLS");
        c.say("s1 BAD what\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let account = with_endpoint(server.port, |e| e.tls = TlsMode::Starttls);
    let error = Mailboxes::new(NEVER).watch(&account, Folder::Inbox, wanted(1)).await.unwrap_err();
    assert_eq!(error.code, HarnessCode::H05);
    server.done();
}

#[tokio::test]
async fn closing_ends_an_idle_at_once_and_for_good() {
    let (in_idle, waiting) = signal();
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
        c.say("+ idling\r\n");
        in_idle();
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let mut watch = watch(&mailboxes, &server, 1).await;
    waiting.await;
    mailboxes.clone().close().await;
    server.done();
    assert!(watch.next(soon()).await.is_err());
    assert!(mailboxes.watch(&account(1), Folder::Inbox, wanted(1)).await.is_err());
}

#[tokio::test]
async fn dropping_the_last_clone_ends_connections_too() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        c.until_hangup();
    });
    let mailboxes = Mailboxes::new(NEVER);
    let watch = watch(&mailboxes, &server, 1).await;
    drop(mailboxes);
    server.done();
    drop(watch);
}

#[tokio::test]
async fn a_folder_that_could_not_be_opened_is_tried_again_by_the_next_watch() {
    let server = serve_each(2, |number, c| {
        if number == 1 {
            enter_inbox(c, "IDLE", 4);
            c.until_hangup();
        }
    });
    let mailboxes = Mailboxes::new(NEVER);
    assert!(mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.is_err());
    watch(&mailboxes, &server, 1).await;
    mailboxes.close().await;
    server.done();
}
