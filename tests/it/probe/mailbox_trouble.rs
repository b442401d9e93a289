//! Mailboxes against IMAP servers that break off, refuse, misbehave or are told to stop.

use crate::support::mailbox_script::{
    NEVER, PATIENT, account, answer, arrival, body, broken, enter, enter_inbox, header, idle, look, patient, probe,
    signal, soon, wanted, watch, with_endpoint,
};
use crate::support::scripted::{Conn, serve, serve_each};
use sealcheck::evidence::Folder;
use sealcheck::outcome::HarnessErrorKind;
use sealcheck::probe::mailbox::{Limits, Mailboxes};
use sealcheck::target::Mechanism;
use std::time::{Duration, Instant};

#[tokio::test]
async fn broken_connections_are_made_again_and_nothing_is_lost_or_doubled() {
    let server = serve_each(4, |number, c| match number {
        0 => {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.hear("IDLE");
            c.say("+ idling\r\n* BYE Session expired, please login again.\r\n").until_hangup();
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
    let mailboxes = patient();
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
        answer(c, "UID FETCH 2 (UID INTERNALDATE BODY.PEEK[])", body(2, &probe(2)));
        c.until_hangup();
    });
    let mailboxes = patient();
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
    let mailboxes = patient();
    let mut watch = watch(&mailboxes, &server, 1).await;
    server.done();
    assert_eq!(broken(&mut watch).await.kind, HarnessErrorKind::Connection);
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
        let mailboxes = Mailboxes::with_limits(Duration::from_millis(10), PATIENT);
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
    let mailboxes = Mailboxes::with_limits(Duration::from_millis(10), PATIENT);
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
            let whole = format!("* 4 FETCH (X-GM-MSGID 77 {}", body(4, &probe(1)).strip_prefix("* 4 FETCH (").unwrap());
            answer(c, "UID FETCH 4 (UID INTERNALDATE X-GM-MSGID BODY.PEEK[])", whole);
            c.until_hangup();
        }
    });
    let mailboxes = patient();
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert_eq!((arrival.labels, arrival.gm_msgid), (None, Some(77)));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn refused_logins_are_not_tried_again_and_say_what_to_do() {
    let alert = "NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)";
    let browser = "NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)";
    for (text, code, next) in [
        (alert, HarnessErrorKind::Login, "apppasswords"),
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", HarnessErrorKind::Login, "apppasswords"),
        (browser, HarnessErrorKind::Login, "web browser"),
    ] {
        let server = serve(move |c| {
            c.say("* OK hi\r\n").hear("LOGIN");
            c.say(format!("a1 {text}\r\n")).until_hangup();
        });
        let mailboxes = patient();
        for _ in 0..2 {
            // The server takes one connection only: the second error comes from memory.
            let error = mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
            assert_eq!(error.kind, code, "{error:?}");
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
    let mailboxes = patient();
    let error = mailboxes.watch(&xoauth2(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Grant);
    assert!(error.message.contains("\"status\":\"400\""), "{error:?}");
    assert!(!mailboxes.transcript("gmail").contains("dXNlcj"), "{}", mailboxes.transcript("gmail"));
}

#[tokio::test]
async fn servers_that_misbehave_give_errors_with_codes() {
    type Script = fn(&mut Conn);
    let cases: [(Script, HarnessErrorKind, &str); 9] = [
        (
            |c| {
                c.say("* BYE Too many connections from this address\r\n");
            },
            HarnessErrorKind::ProviderLimit,
            "Too many connections",
        ),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                c.say("a1 NO [ALERT] Too many simultaneous connections. (Failure)\r\n").until_hangup();
            },
            HarnessErrorKind::ProviderLimit,
            "Too many simultaneous",
        ),
        (
            |c| {
                c.say("220 mx.example ESMTP\r\n").until_hangup();
            },
            HarnessErrorKind::Protocol,
            "220 mx.example ESMTP",
        ),
        (
            |c| {
                c.until_hangup();
            },
            HarnessErrorKind::Connection,
            "did not answer in time",
        ),
        (|_| (), HarnessErrorKind::Connection, "closed the connection"),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                for _ in 0..100 {
                    c.say([b'x'; 1_000_000]);
                }
                c.until_hangup();
            },
            HarnessErrorKind::Protocol,
            "sends more",
        ),
        (
            |c| {
                c.say("* OK hi\r\n").hear("LOGIN");
                c.say([0xff, 0, b'{', b'\r', b'\n', b'*', b'\r', b'\n']).until_hangup();
            },
            HarnessErrorKind::Protocol,
            "no IMAP answer",
        ),
        (
            |c| {
                enter(c, "IDLE");
                c.hear("EXAMINE");
                c.say("a3 NO [THROTTLED] slow down\r\n").until_hangup();
            },
            HarnessErrorKind::ProviderLimit,
            "slow down",
        ),
        (
            |c| {
                enter(c, "IDLE");
                c.hear("EXAMINE");
                c.say("* 99999999999999999999 EXISTS\r\na77 OK\r\n").until_hangup();
            },
            HarnessErrorKind::Protocol,
            "no IMAP answer",
        ),
    ];
    for (script, code, text) in cases {
        let server = serve(script);
        let connect = Duration::from_millis(if text.contains("in time") { 100 } else { 20_000 });
        let mailboxes = Mailboxes::with_limits(NEVER, Limits { connect, busy: Duration::ZERO, ..PATIENT });
        let error = mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.unwrap_err();
        assert_eq!(error.kind, code, "{error:?}");
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
        answer(c, "UID FETCH 4:*", "");
        idle(c, "* OK still here\r\n", "* OK still here\r\n* XYZZY what\r\n");
        answer(c, "UID FETCH 4:*", "* 2 EXISTS\r\n");
        answer(c, "UID FETCH 4:*", "* 2 EXISTS\r\n");
        answer(c, "UID FETCH 4:*", "");
        idle(c, "", "* 3 EXISTS\r\n");
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = patient();
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
        let mailboxes = patient();
        let error = match mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await {
            Err(error) => error,
            Ok(watch) => {
                assert!(steps > 3, "{steps}");
                broken(&mut watch.unwrap()).await
            }
        };
        assert_eq!(error.kind, HarnessErrorKind::Connection, "{steps}: {error:?}");
        server.done();
        mailboxes.close().await;
    }
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
    let mailboxes = patient();
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
    let mailboxes = patient();
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
    let mailboxes = patient();
    assert!(mailboxes.watch(&account(server.port), Folder::Inbox, wanted(1)).await.is_err());
    watch(&mailboxes, &server, 1).await;
    mailboxes.close().await;
    server.done();
}

/// Refuses a login as Gmail does when an account has fifteen connections.
fn crowded(c: &mut Conn) {
    c.say("* OK hi\r\n").hear("LOGIN");
    c.say("a1 NO [ALERT] Too many simultaneous connections. (Failure)\r\n").until_hangup();
}

#[tokio::test]
async fn a_crowded_account_is_waited_for() {
    let server = serve_each(2, |number, c| {
        if number == 0 {
            return crowded(c);
        }
        enter_inbox(c, "IDLE", 4);
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = patient();
    arrival(&mut watch(&mailboxes, &server, 1).await).await;
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn errands_of_a_crowded_account_wait_and_keep_no_connection() {
    let server = serve_each(3, |number, c| {
        if number == 0 {
            return crowded(c);
        }
        enter(c, "");
        answer(c, "EXAMINE \"INBOX\"", "* 0 EXISTS\r\n");
        answer(c, "UID SEARCH SINCE", "* SEARCH\r\n");
        c.until_hangup();
    });
    let mailboxes = patient();
    let account = account(server.port);
    for n in 1..=2 {
        let searched = mailboxes.search(&account, &[Folder::Inbox], &wanted(n), 0).await.unwrap();
        assert!(searched[0].arrivals.is_empty());
    }
    server.done();
    assert_eq!(mailboxes.connections(), (2, 1));
    mailboxes.close().await;
}
