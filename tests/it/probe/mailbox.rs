//! Mailboxes against IMAP servers that follow a script: folders, arrivals, deletion, TLS.

use crate::support::mailbox_script::{
    PATIENT, account, answer, arrival, body, enter, enter_inbox, header, idle, look, patient, probe, signal, soon,
    wanted, watch, with_endpoint,
};
use crate::support::scripted::{Conn, Pki, serve, serve_each};
use sealcheck::evidence::Folder;
use sealcheck::outcome::{HarnessError, HarnessErrorKind};
use sealcheck::probe::mailbox::Mailboxes;
use sealcheck::target::{Provider, TlsMode};
use std::time::{Duration, Instant};

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
        answer(c, "UID FETCH 4 (UID INTERNALDATE X-GM-MSGID X-GM-LABELS BODY.PEEK[])", fetch);
        c.until_hangup();
    });
    let mailboxes = patient();
    let mut watch = watch(&mailboxes, &server, 1).await;
    let arrival = arrival(&mut watch).await;
    assert_eq!((arrival.account.as_str(), arrival.folder, arrival.uid), ("gmail", Folder::Inbox, 4));
    assert_eq!(arrival.gm_msgid, Some(1_278_455_344_230_334_865));
    assert_eq!(arrival.labels, Some(vec!["\\Inbox".to_owned(), "\\Important".to_owned()]));
    assert!(arrival.raw().ends_with(b"\r\n\r\ntext\r\n"));
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
    let mailboxes = Mailboxes::with_limits(Duration::from_millis(30), PATIENT);
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
    let mailboxes = patient();
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
        let line = c.hear("UID FETCH 4 (UID INTERNALDATE BODY.PEEK[])");
        drip(c, &body(4, &(probe(1) + "{5}\r\na11 OK done\r\n")));
        drip(c, &format!("{} OK done\r\n", line.split(' ').next().unwrap()));
        c.until_hangup();
    });
    let mailboxes = patient();
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert!(arrival.raw().ends_with(b"{5}\r\na11 OK done\r\n"));
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
    let mailboxes = patient();
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
        answer(c, "UID FETCH 5 (UID INTERNALDATE BODY.PEEK[])", body(5, bare));
        while let Some(line) = c.line() {
            assert!(!line.contains("BODY.PEEK[])"), "{line}");
            c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
        }
    });
    let mailboxes = Mailboxes::with_limits(Duration::from_millis(20), PATIENT);
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
        answer(c, "UID FETCH 4 (UID INTERNALDATE BODY.PEEK[])", body(4, &format!("{head}{report}")));
        c.until_hangup();
    });
    let mailboxes = patient();
    let mut watch = watch(&mailboxes, &server, 1).await;
    assert_eq!(arrival(&mut watch).await.uid, 4);
    mailboxes.close().await;
    server.done();
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
    let mailboxes = patient();
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
    let mailboxes = patient();
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
    let mailboxes = patient();
    assert!(mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap().is_some());
    has_looked.await;
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_folder_can_be_named_and_must_then_be_there() {
    let list = "* LIST () \"/\" \"INBOX\"\r\n* LIST () \"/\" \"Unerw&APw-nscht\"\r\n";
    let with_spam = |port, name: &str| {
        let mut account = account(port);
        let imap = account.imap.as_mut().unwrap();
        (imap.provider, imap.folders.spam) = (Provider::Generic, Some(name.to_owned()));
        account
    };
    let server = serve(move |c| {
        enter(c, "IDLE");
        answer(c, "LIST", list);
        answer(c, "EXAMINE \"Unerw&APw-nscht\"", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        c.until_hangup();
    });
    let mailboxes = patient();
    let opened = mailboxes.watch(&with_spam(server.port, "Unerwünscht"), Folder::Spam, wanted(1)).await.unwrap();
    assert!(opened.is_some());
    mailboxes.close().await;
    server.done();

    let server = serve(move |c| {
        enter(c, "IDLE");
        answer(c, "LIST", list);
        c.until_hangup();
    });
    let mailboxes = patient();
    let error = mailboxes.watch(&with_spam(server.port, "Junk"), Folder::Spam, wanted(1)).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::File);
    assert_eq!(error.message, "there is no folder `Junk`; LIST shows `INBOX`, `Unerwünscht`");
    mailboxes.close().await;
    server.done();
}

fn bin(c: &mut Conn) {
    answer(c, "LIST", "* LIST (\\Trash) \"/\" \"[Gmail]/Bin\"\r\n");
}

/// Deletes an arrival; the second connection of the account follows this script.
async fn deleted(capabilities: &'static str, script: fn(&mut Conn)) -> Result<(), HarnessError> {
    let server = serve_each(2, move |number, c| {
        if number == 0 {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.until_hangup();
            return;
        }
        enter(c, capabilities);
        answer(c, "SELECT \"INBOX\"", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 5]\r\n");
        script(c);
    });
    let mailboxes = patient();
    let arrival = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    let result = mailboxes.delete(&arrival, soon()).await;
    mailboxes.close().await;
    server.done();
    result
}

#[tokio::test]
async fn deleting_moves_exactly_this_message_to_the_bin() {
    let moved = deleted("MOVE UIDPLUS", |c| {
        answer(c, "UID FETCH 4 (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])", header(4, &probe(1)));
        bin(c);
        answer(c, "UID MOVE 4 \"[Gmail]/Bin\"", "* OK [COPYUID 1 4 9]\r\n* 4 EXPUNGE\r\n");
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    moved.await.unwrap();
    let copied = deleted("UIDPLUS", |c| {
        answer(c, "UID FETCH 4", header(4, &probe(1)));
        bin(c);
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
        let mailboxes = patient();
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
    let error = patient().watch(&account, Folder::Inbox, wanted(1)).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Tls);
    server.done();
}

#[tokio::test]
async fn a_certificate_behind_starttls_is_told_and_nothing_follows_it() {
    let pki = Pki::new();
    let acceptor = pki.acceptor("imap.gmail.com", 2001);
    // The second connection looks at the certificate alone.
    let server = serve_each(2, move |_, c| {
        c.say("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n").hear("s1 STARTTLS");
        c.say("* news\r\ns1 OK go\r\n");
        c.tls(&acceptor);
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let account = with_endpoint(server.port, |e| {
        e.tls = TlsMode::Starttls;
        e.tls_name = Some("imap.gmail.com".into());
        e.ca_pem = Some(pki.ca_pem.clone());
    });
    let error = patient().watch(&account, Folder::Inbox, wanted(1)).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Tls);
    let says = "has expired: it is for imap.gmail.com, from CN=test CA, from 2000-01-01 to 2001-01-01, and ended ";
    assert!(error.message.contains(says) && error.message.contains("`imap.gmail.com` is wanted"), "{error}");
    server.done();
}
