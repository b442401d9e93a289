//! Mailboxes against IMAP servers that may do what they do (RFC 3501), and against connections that die.

use crate::support::mailbox_script::{
    NEVER, PATIENT, account, answer, arrival, body, enter, enter_inbox, header, idle, look, patient, probe, soon,
    wanted, watch,
};
use crate::support::scripted::{Conn, Server, serve, serve_all, serve_each};
use sealcheck::evidence::Folder;
use sealcheck::outcome::HarnessErrorKind;
use sealcheck::probe::mailbox::{Limits, Mailboxes};
use std::time::Duration;

/// Two attempts get mail 4 and 5.
async fn both_come(server: Server) {
    let mailboxes = patient();
    let (mut one, mut two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    assert_eq!((arrival(&mut one).await.uid, arrival(&mut two).await.uid), (4, 5));
    assert_eq!(mailboxes.connections(), (1, 0));
    mailboxes.close().await;
    server.done();
}

fn numbered(number: u32, fetch: &str) -> String {
    format!("* {number} {}", fetch.split_once(" FETCH ").map(|(_, rest)| format!("FETCH {rest}")).unwrap())
}

#[tokio::test]
async fn an_expunge_inside_a_fetch_hides_no_mail() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        let headers = header(4, &probe(1)) + "* 1 EXPUNGE\r\n" + &numbered(4, &header(5, &probe(2)));
        answer(c, "UID FETCH 4:*", headers);
        let bodies = numbered(3, &body(4, &probe(1))) + "* 2 EXPUNGE\r\n" + &numbered(3, &body(5, &probe(2)));
        answer(c, "UID FETCH 4,5 (", bodies);
        c.until_hangup();
    });
    both_come(server).await;
}

#[tokio::test]
async fn flags_that_are_told_unasked_are_no_mail() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "* 5 EXISTS\r\n* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n* 5 FETCH (FLAGS (\\Seen))\r\n");
        answer(c, "UID FETCH 4:*", header(4, &probe(1)) + &header(5, &probe(2)) + "* 4 FETCH (UID 4 FLAGS ())\r\n");
        answer(c, "UID FETCH 4,5 (", body(5, &probe(2)) + "* 4 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (77))\r\n");
        // The body that did not come is asked for again.
        answer(c, "UID FETCH 4 (UID RFC822.SIZE", header(4, &probe(1)));
        answer(c, "UID FETCH 4 (UID INTERNALDATE", body(4, &probe(1)));
        c.until_hangup();
    });
    both_come(server).await;
}

#[tokio::test]
async fn a_mail_that_comes_as_another_goes_is_seen_at_once() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", "* 1 EXPUNGE\r\n* 3 EXISTS\r\n");
        look(c, 4, &[(4, 1)]);
        // In IDLE the server tells of the one that went alone.
        idle(c, "", "* 2 EXPUNGE\r\n");
        look(c, 5, &[(5, 2)]);
        c.until_hangup();
    });
    both_come(server).await;
}

#[tokio::test]
async fn lines_that_nobody_knows_are_passed_over() {
    const ODD: &str = "* ESEARCH (TAG \"a5\") UID COUNT 5\r\n* X-FOO {3}\r\nabc (\r\n* OK [X-CODE ((] see {9}\r\n*\r\n";
    let server = serve(|c| {
        let odd = |text: &str| format!("{ODD}{text}{ODD}");
        enter(c, "IDLE");
        let mut examine = odd("* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n").into_bytes();
        examine.extend_from_slice(b"* FLAGS (\xe9t\xe9)\r\n");
        let line = c.hear("EXAMINE");
        c.say(examine).say(format!("{} OK [X-DONE (]] done\r\n", line.split(' ').next().unwrap()));
        answer(c, "UID FETCH 4:*", odd(&header(4, &probe(1))));
        answer(c, "UID FETCH 4 (", odd(&body(4, &probe(1))));
        idle(c, "", ODD);
        // A FETCH response that cannot be read may be about anything: the UIDs are asked for.
        answer(c, "UID FETCH 5:*", format!("* 1 FETCH (X-NEW (a b) UID 1)\r\n{}", header(5, &probe(2))));
        answer(c, "UID SEARCH UID 5:*", "* SEARCH 5\r\n");
        answer(c, "UID FETCH 5 (", odd(&body(5, &probe(2))));
        c.until_hangup();
    });
    both_come(server).await;
}

#[tokio::test]
async fn folders_with_names_that_cannot_be_read_harm_no_other() {
    let server = serve(|c| {
        enter(c, "IDLE");
        let line = c.hear("LIST");
        c.say(b"* LIST (\\HasNoChildren) \"/\" \"Entw\xfcrfe\"\r\n* LIST (\\Junk) \"/\" \"Spam\"\r\n");
        c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
        answer(c, "EXAMINE \"Spam\"", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        look(c, 4, &[(4, 1)]);
        c.until_hangup();
    });
    let mailboxes = patient();
    let watch = mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap();
    assert_eq!(arrival(&mut watch.unwrap()).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn answers_that_come_twice_are_one() {
    let server = serve(|c| {
        c.say("* OK hi\r\n* OK hi\r\n");
        let twice = |c: &mut Conn, command: &str, untagged: &str| {
            let line = c.hear(command);
            let all = format!("{untagged}{} OK done\r\n", line.split(' ').next().unwrap());
            c.say(all.repeat(2));
        };
        twice(c, "LOGIN", "");
        twice(c, "CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\n");
        twice(c, "EXAMINE", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 4]\r\n");
        twice(c, "UID FETCH 4:*", &header(4, &probe(1)));
        twice(c, "UID FETCH 4 (", &body(4, &probe(1)));
        // The second EXISTS of EXAMINE came with the answer to FETCH.
        twice(c, "UID FETCH 5:*", "");
        let line = c.hear("IDLE");
        c.say("+ idling\r\n+ idling\r\n* 4 EXISTS\r\n* 4 EXISTS\r\n").hear("DONE");
        c.say(format!("{} OK done\r\n", line.split(' ').next().unwrap()).repeat(2));
        twice(c, "UID FETCH 5:*", &header(5, &probe(2)));
        twice(c, "UID FETCH 5 (", &body(5, &probe(2)));
        c.until_hangup();
    });
    both_come(server).await;
}

#[tokio::test]
async fn a_server_that_always_has_news_is_left_in_idle_and_looked_at_all_the_same() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        let (mut looks, mut idles) = (0, 0);
        while let Some(line) = c.line() {
            if line.contains("IDLE") {
                idles += 1;
                c.say("* 3 EXISTS\r\n+ idling\r\n* 1 EXPUNGE\r\n").hear("DONE");
            }
            looks += u32::from(line.contains("UID FETCH 4:*"));
            // The mail comes after many looks in vain.
            let found = match line.split_once(" UID FETCH ") {
                Some((_, rest)) if rest.starts_with("4:*") && looks > 11 => header(4, &probe(1)),
                Some((_, rest)) if rest.starts_with("4 (") => body(4, &probe(1)),
                _ => String::new(),
            };
            c.say(format!("* 3 EXISTS\r\n{found}{} OK\r\n", line.split(' ').next().unwrap()));
        }
        assert!(idles > 1, "{idles}");
    });
    let mailboxes = patient();
    let mut watch = watch(&mailboxes, &server, 1).await;
    assert_eq!(arrival(&mut watch).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

/// What a server does in the middle of a connection, instead of going on.
type Fault = fn(&mut Conn);

/// The faults of a connection that dies or goes mad once a folder is open.
const FAULTS: [(&str, Fault); 14] = [
    ("silent at the first look", |c| drop(c.hear("UID FETCH 4:*"))),
    ("half a line", |c| {
        c.hear("UID FETCH 4:*");
        c.say("* 4 FET");
    }),
    ("half a literal of a header", |c| {
        c.hear("UID FETCH 4:*");
        c.say("* 4 FETCH (UID 4 BODY[HEADER] {200}\r\nMessage-ID: <t");
    }),
    ("half a literal of a message", |c| {
        answer(c, "UID FETCH 4:*", header(4, &probe(1)));
        c.hear("UID FETCH 4 (");
        c.say("* 4 FETCH (UID 4 BODY[] {200}\r\nMessage-ID: <t");
    }),
    ("silent before IDLE", |c| {
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
    }),
    ("silent in IDLE", |c| {
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
        c.say("+ idling\r\n");
    }),
    ("half a line in IDLE", |c| {
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
        c.say("+ idling\r\n* 4 EXI");
    }),
    ("half a literal in IDLE", |c| {
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
        c.say("+ idling\r\n* 1 FETCH (BODY[] {100}\r\nabc");
    }),
    ("silent at NOOP", |c| {
        answer(c, "UID FETCH 4:*", "");
        idle(c, "", "");
        c.hear("NOOP");
    }),
    ("slow for ever", |c| {
        c.hear("UID FETCH 4:*");
        c.drip_until_hangup("* OK patience\r\n");
    }),
    ("slow in a literal", |c| {
        c.hear("UID FETCH 4:*");
        c.say("* 4 FETCH (UID 4 BODY[HEADER] {20000}\r\n");
        c.drip_until_hangup("x");
    }),
    ("a literal of 4 GB", |c| {
        c.hear("UID FETCH 4:*");
        c.say("* 1 FETCH (UID 1 BODY[] {4294967000}\r\nxxx");
    }),
    ("a line without an end", |c| {
        c.hear("UID FETCH 4:*");
        c.say("* OK ").say_until_hangup(&"A".repeat(100_000));
    }),
    ("an endless storm", |c| {
        answer(c, "UID FETCH 4:*", "");
        c.hear("IDLE");
        c.say("+ idling\r\n").say_until_hangup(&"* 77 EXISTS\r\n".repeat(1_000));
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_dies_is_made_again_before_long_and_the_mail_is_found() {
    let limits = Limits {
        idle: Duration::from_secs(1),
        silence: Duration::from_secs(4),
        answer: Duration::from_secs(6),
        ..PATIENT
    };
    let mut all = tokio::task::JoinSet::new();
    for (name, fault) in FAULTS {
        all.spawn(async move {
            let port = serve_all(move |number, c| {
                if number == 0 {
                    enter_inbox(c, "IDLE", 4);
                    fault(c);
                } else {
                    enter_inbox(c, "IDLE", 5);
                    look(c, 4, &[(4, 1)]);
                }
                c.until_hangup();
            });
            let mailboxes = Mailboxes::with_limits(NEVER, limits);
            let mut watch = mailboxes.watch(&account(port), Folder::Inbox, wanted(1)).await.unwrap().unwrap();
            let found = watch.next(soon() + Duration::from_secs(60)).await;
            assert_eq!(found.map(|arrival| arrival.map(|a| a.uid)).ok(), Some(Some(4)), "{name}");
            mailboxes.close().await;
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[test]
fn a_dead_connection_is_noticed_within_twenty_seconds() {
    let limits = Limits::default();
    let most = Duration::from_secs(20);
    // In IDLE, or between two polls; in an answer; and in an answer that never ends.
    assert!(limits.idle + limits.silence <= most && limits.silence <= most && limits.answer <= most, "{limits:?}");
    assert!(limits.check < limits.errand && limits.errand <= most);
}

#[tokio::test]
async fn a_server_that_says_goodbye_and_stays_is_left() {
    let server = serve_each(2, |number, c| {
        enter_inbox(c, "IDLE", 4);
        if number == 0 {
            c.hear("UID FETCH 4:*");
            c.say("* BYE shutting down\r\n");
        } else {
            look(c, 4, &[(4, 1)]);
        }
        c.until_hangup();
    });
    let mailboxes = patient();
    assert_eq!(arrival(&mut watch(&mailboxes, &server, 1).await).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn of_a_large_bounce_the_beginning_is_read_after_everything_else() {
    let head = "From: <>\r\nReturn-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n";
    let raw = format!("{head}--b\r\nContent-Type: message/rfc822\r\n\r\n{}text", probe(1));
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        let bounce = header(4, head).replace("RFC822.SIZE 100", "RFC822.SIZE 172000000");
        answer(c, "UID FETCH 4:*", bounce + &header(5, &probe(2)));
        answer(c, "UID FETCH 5 (", body(5, &probe(2)));
        let part = body(4, &(raw.clone() + &"x".repeat(1_000_000 - raw.len()))).replace("BODY[]", "BODY[]<0>");
        answer(c, "UID FETCH 4 (UID INTERNALDATE BODY.PEEK[]<0.1000000>)", part);
        c.until_hangup();
    });
    let mailboxes = patient();
    let (mut one, mut two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    let (bounce, copy) = (arrival(&mut one).await, arrival(&mut two).await);
    assert_eq!((bounce.uid, bounce.cut_from, copy.uid, copy.cut_from), (4, Some(172_000_000), 5, None));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_probe_that_looks_like_a_report_is_read_whole() {
    let null_sender = || "Return-Path: <>\r\n".to_owned() + &probe(1);
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", header(4, &null_sender()).replace("RFC822.SIZE 100", "RFC822.SIZE 1200000"));
        answer(c, "UID FETCH 4 (UID INTERNALDATE BODY.PEEK[])", body(4, &(null_sender() + &"x".repeat(1_200_000))));
        c.until_hangup();
    });
    let mailboxes = patient();
    let copy = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    assert_eq!(
        (copy.uid, copy.cut_from, copy.raw().len()),
        (4, None, 1_200_000 + "Return-Path: <>\r\n".len() + probe(1).len())
    );
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_report_that_is_smaller_than_its_server_says_is_whole() {
    let head = "From: <>\r\nReturn-Path: <>\r\n\r\n";
    let raw = format!("{head}sorry\r\n{}", probe(1));
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        answer(c, "UID FETCH 4:*", header(4, head).replace("RFC822.SIZE 100", "RFC822.SIZE 1000001"));
        answer(c, "BODY.PEEK[]<0.1000000>)", body(4, &raw).replace("BODY[]", "BODY[]<0>"));
        c.until_hangup();
    });
    let mailboxes = patient();
    assert_eq!(arrival(&mut watch(&mailboxes, &server, 1).await).await.cut_from, None);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_wrong_name_of_the_bin_matters_only_to_who_deletes() {
    let server = serve_each(2, |number, c| {
        if number == 0 {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.until_hangup();
            return;
        }
        enter(c, "IDLE");
        answer(c, "EXAMINE \"INBOX\"", "* 4 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 5]\r\n");
        answer(c, "UID SEARCH", "* SEARCH\r\n");
        answer(c, "NOOP", "");
        answer(c, "SELECT \"INBOX\"", "* 4 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 5]\r\n");
        answer(c, "UID FETCH 4", header(4, &probe(1)));
        answer(c, "LIST", "* LIST (\\Trash) \"/\" \"Deleted\"\r\n");
        c.until_hangup();
    });
    let mut account = account(server.port);
    account.imap.as_mut().unwrap().folders.trash = Some("Papierkorb".into());
    let mailboxes = patient();
    let mut watch = mailboxes.watch(&account, Folder::Inbox, wanted(1)).await.unwrap().unwrap();
    let copy = arrival(&mut watch).await;
    let searched = mailboxes.search(&account, &[Folder::Inbox], &wanted(1), 0).await.unwrap();
    assert!(searched[0].arrivals.is_empty());
    let error = mailboxes.delete(&copy, soon()).await.unwrap_err();
    assert_eq!((error.kind, error.message.contains("there is no folder `Papierkorb`")), (HarnessErrorKind::File, true));
    mailboxes.close().await;
    server.done();
}
