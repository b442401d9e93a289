//! Mailboxes against what RFC 3501, RFC 9051 and RFC 2180 let a server answer.

use crate::support::mailbox_script::{
    NEVER, PATIENT, account, answer, arrival, body, enter, enter_inbox, header, look, patient, probe, signal, wanted,
    watch,
};
use crate::support::scripted::{Conn, Server, serve, serve_each};
use sealcheck::{
    evidence::{Arrival, Folder},
    outcome::{HarnessError, HarnessErrorKind},
    probe::mailbox::{Limits, Mailboxes},
};
use std::time::Duration;

/// What a search of the inbox finds for an attempt.
async fn search(mailboxes: &Mailboxes, server: &Server, n: u32) -> Result<Vec<Arrival>, HarnessError> {
    let all = mailboxes.search(&account(server.port), &[Folder::Inbox], &wanted(n), 1_795_000_000).await?;
    Ok(all.into_iter().flat_map(|folder| folder.arrivals).collect())
}

/// The same for attempt 1, of a server that is asked nothing else.
async fn searched(server: Server) -> Result<Vec<Arrival>, HarnessError> {
    let mailboxes = patient();
    let found = search(&mailboxes, &server, 1).await;
    mailboxes.close().await;
    server.done();
    found
}

fn examine(c: &mut Conn, untagged: &str) {
    answer(c, "EXAMINE \"INBOX\"", format!("* 3 EXISTS\r\n{untagged}* OK [UIDNEXT 9]\r\n"));
}

fn examined(c: &mut Conn, found: &str) {
    examine(c, "* OK [UIDVALIDITY 9]\r\n");
    answer(c, "UID SEARCH SINCE", format!("{found}\r\n"));
}

/// The mail of attempt 1 that a search has found.
fn fetched(c: &mut Conn, uid: u32) {
    answer(c, &format!("UID FETCH {uid} (UID RFC822.SIZE"), header(uid, &probe(1)));
    answer(c, &format!("UID FETCH {uid} (UID INTERNALDATE"), body(uid, &probe(1)));
}

#[tokio::test]
async fn searches_are_answered_in_more_than_one_way() {
    for found in
        ["* SEARCH 4 ", "* search 4", "* ESEARCH (TAG \"a4\") UID MIN 4 ALL 4:4 COUNT 1", "* ESEARCH UID ALL 4"]
    {
        let server = serve(move |c| {
            enter(c, "IDLE");
            examined(c, found);
            fetched(c, 4);
            c.until_hangup();
        });
        let uids: Vec<u32> = searched(server).await.unwrap().iter().map(|a| a.uid).collect();
        assert_eq!(uids, [4], "{found}");
    }
}

#[tokio::test]
async fn an_answer_to_search_that_cannot_be_read_does_not_say_that_nothing_is_there() {
    for found in [
        "* SEARCH 4 (MODSEQ 7)",
        "* SEARCH four",
        "* ESEARCH (TAG \"a4\") UID COUNT 1",
        "* ESEARCH UID ALL 4,x",
        "* ESEARCH UID ALL 1:4294967295",
    ] {
        let server = serve_each(2, move |_, c| {
            enter(c, "IDLE");
            examined(c, found);
            c.until_hangup();
        });
        let error = searched(server).await.unwrap_err();
        assert_eq!((error.kind, error.message.contains(found)), (HarnessErrorKind::Protocol, true), "{error:?}");
    }
}

#[tokio::test]
async fn a_message_that_a_search_finds_and_a_fetch_does_not_bring_leaves_it_open() {
    let answers: [fn(&str) -> String; 3] = [
        |_| String::new(),
        |item| format!("* 4 FETCH (UID 4 {item} NIL)\r\n"),
        |item| format!("* 4 FETCH (UID 4 RFC822.SIZE 100 {item} {{0}}\r\n)\r\n"),
    ];
    for (n, nothing) in answers.into_iter().enumerate() {
        for item in ["BODY[HEADER]", "BODY[]"] {
            let server = serve_each(2, move |number, c| {
                enter(c, "IDLE");
                examined(c, "* SEARCH 4");
                if item == "BODY[]" {
                    if number == 0 {
                        answer(c, "BODY.PEEK[HEADER]", header(4, &probe(1)));
                    }
                    answer(c, "BODY.PEEK[]", nothing(item));
                } else {
                    answer(c, "BODY.PEEK[HEADER]", nothing(item));
                    answer(c, "UID SEARCH UID 4", "* SEARCH 4\r\n");
                }
                c.until_hangup();
            });
            let error = searched(server).await.unwrap_err();
            let says = "SEARCH finds message 4, and FETCH does not bring it";
            assert_eq!((error.kind, error.message.as_str()), (HarnessErrorKind::Protocol, says), "{n} {item}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_deleted_between_search_and_fetch_harms_no_other() {
    let server = serve(|c| {
        enter(c, "IDLE");
        examined(c, "* SEARCH 4 5");
        answer(c, "UID FETCH 4,5 (UID RFC822.SIZE", header(5, &probe(1)));
        answer(c, "UID SEARCH UID 4", "* SEARCH\r\n");
        answer(c, "UID FETCH 5 (UID INTERNALDATE", body(5, &probe(1)));
        c.until_hangup();
    });
    assert_eq!(searched(server).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_fetch_that_misses_what_another_deleted_brings_the_rest() {
    let server = serve(|c| {
        enter(c, "IDLE");
        examined(c, "* SEARCH 4 5");
        let line = c.hear("UID FETCH 4,5 (UID RFC822.SIZE");
        let tag = line.split(' ').next().unwrap();
        c.say(header(5, &probe(1)) + tag + " NO [EXPUNGEISSUED] Some of the messages no longer exist\r\n");
        answer(c, "UID SEARCH UID 4", "* SEARCH\r\n");
        answer(c, "UID FETCH 5 (UID INTERNALDATE", body(5, &probe(1)));
        c.until_hangup();
    });
    assert_eq!(searched(server).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_whose_text_did_not_come_is_asked_for_again() {
    let head = "Return-Path: <>\r\nMessage-ID: <b@x>\r\n\r\n";
    let server = serve_each(2, move |number, c| {
        enter(c, "IDLE");
        examined(c, "* SEARCH 4");
        answer(c, "UID FETCH 4 (UID RFC822.SIZE", header(4, head));
        if number == 0 {
            answer(c, "UID FETCH 4 (UID INTERNALDATE", "* 4 FETCH (UID 4 BODY[] NIL)\r\n");
            answer(c, "UID SEARCH UID 4", "* SEARCH 4\r\n");
        } else {
            for _ in 0..2 {
                answer(c, "UID FETCH 4 (UID INTERNALDATE", body(4, &format!("{head}sorry\r\n{}", probe(1))));
            }
        }
        c.until_hangup();
    });
    assert_eq!(searched(server).await.unwrap().len(), 1);
}

#[tokio::test]
async fn uids_without_uidvalidity_hold_for_one_opening_of_the_folder() {
    let server = serve(|c| {
        enter(c, "IDLE");
        examine(c, "");
        answer(c, "UID SEARCH SINCE", "* SEARCH 4\r\n");
        answer(c, "UID FETCH 4 (UID RFC822.SIZE", header(4, &probe(2)));
        answer(c, "NOOP", "");
        // The same UID is another message by now.
        examine(c, "");
        answer(c, "UID SEARCH SINCE", "* SEARCH 4\r\n");
        fetched(c, 4);
        c.until_hangup();
    });
    let mailboxes = patient();
    assert!(search(&mailboxes, &server, 1).await.unwrap().is_empty());
    assert_eq!(search(&mailboxes, &server, 1).await.unwrap().len(), 1);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_watch_without_uidvalidity_looks_again_at_all_when_the_folder_is_opened_again() {
    let server = serve_each(2, |number, c| {
        enter(c, "IDLE");
        examine(c, "");
        if number == 0 {
            look(c, 9, &[]);
            return;
        }
        answer(c, "UID SEARCH SINCE ", "* SEARCH 4\r\n");
        fetched(c, 4);
        c.until_hangup();
    });
    let mailboxes = patient();
    assert_eq!(arrival(&mut watch(&mailboxes, &server, 1).await).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn new_mail_of_which_only_the_flags_came_is_asked_for_again() {
    let server = serve(|c| {
        enter_inbox(c, "IDLE", 4);
        let flags = "* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n";
        answer(c, "UID FETCH 4:*", flags.to_owned() + &header(5, &probe(2)));
        answer(c, "UID FETCH 5 (", body(5, &probe(2)));
        answer(c, "UID FETCH 4 (UID RFC822.SIZE", header(4, &probe(1)));
        answer(c, "UID FETCH 4 (UID INTERNALDATE", body(4, &probe(1)));
        c.until_hangup();
    });
    let mailboxes = patient();
    let (mut one, _two) = tokio::join!(watch(&mailboxes, &server, 1), watch(&mailboxes, &server, 2));
    assert_eq!(arrival(&mut one).await.uid, 4);
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn keywords_have_no_case_and_a_folder_that_does_not_exist_is_not_opened() {
    let server = serve(|c| {
        c.say("* ok hi\r\n");
        answer(c, "LOGIN", "");
        answer(c, "CAPABILITY", "* capability imap4rev1 idle\r\n");
        answer(c, "LIST", "* list (\\NonExistent \\Junk) \"/\" \"Old\"\r\n* list (\\JUNK) nil &j,dg0TDhMPww6w-\r\n");
        answer(c, "EXAMINE \"&j,dg0TDhMPww6w-\"", "* 3 exists\r\n* ok [uidvalidity 9]\r\n* ok [uidnext 4]\r\n");
        let lower = |text: String| text.replace("FETCH", "fetch").replace("UID", "uid").replace("BODY[", "body[");
        answer(c, "UID FETCH 4:*", lower(header(4, &probe(1)).replace("HEADER", "header")));
        answer(c, "UID FETCH 4 (", lower(body(4, &probe(1))));
        c.until_hangup();
    });
    let mailboxes = patient();
    let watch = mailboxes.watch(&account(server.port), Folder::Spam, wanted(1)).await.unwrap();
    let copy = arrival(&mut watch.unwrap()).await;
    assert_eq!((copy.uid, copy.folder_name.as_str()), (4, "迷惑メール"));
    mailboxes.close().await;
    server.done();
}

/// A server that says nothing in IDLE, but ends it when it is told to.
#[tokio::test]
async fn a_server_that_ends_idle_when_it_is_told_to_keeps_its_connection() {
    let (come, came) = signal();
    let server = serve(move |c| {
        enter_inbox(c, "IDLE", 4);
        for _ in 0..3 {
            answer(c, "UID FETCH 4:*", "");
            let line = c.hear("IDLE");
            c.say("+\r\n").hear("DONE");
            c.say(format!("{} OK\r\n", line.split(' ').next().unwrap()));
            answer(c, "NOOP", "");
        }
        look(c, 4, &[(4, 1)]);
        come();
        c.until_hangup();
    });
    let mailboxes = Mailboxes::with_limits(NEVER, Limits { idle: Duration::from_millis(50), ..PATIENT });
    arrival(&mut watch(&mailboxes, &server, 1).await).await;
    came.await;
    assert_eq!(mailboxes.connections(), (1, 0));
    mailboxes.close().await;
    server.done();
}
