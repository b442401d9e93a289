//! Searches of folders: every folder anew, on a connection that answers, for many at once, within a time.

use crate::support::mailbox_script::{
    NEVER, PATIENT, account, answer, arrival, body, enter, enter_inbox, header, look, patient, probe, signal, wanted,
    watch,
};
use crate::support::scripted::{Conn, serve, serve_each};
use sealcheck::{
    evidence::Folder,
    outcome::{HarnessError, HarnessErrorKind},
    probe::mailbox::{FolderSearch, Limits, Mailboxes},
    target::Account,
};
use std::time::{Duration, Instant};

/// A moment in seconds since 1970, and the day before it.
const SINCE: (i64, &str) = (1_795_000_000, "UID SEARCH SINCE 17-Nov-2026");

/// One search of the inbox that finds these UIDs.
fn searched(c: &mut Conn, uid_validity: u32, found: &str) {
    answer(c, "EXAMINE \"INBOX\"", format!("* 3 EXISTS\r\n* OK [UIDVALIDITY {uid_validity}]\r\n* OK [UIDNEXT 9]\r\n"));
    answer(c, SINCE.1, format!("* SEARCH {found}\r\n"));
}

async fn search(mailboxes: &Mailboxes, account: &Account, n: u32) -> Result<FolderSearch, HarnessError> {
    let mut all = mailboxes.search(account, &[Folder::Inbox], &wanted(n), SINCE.0).await?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

fn uids(search: &FolderSearch) -> Vec<u32> {
    search.arrivals.iter().map(|arrival| arrival.uid).collect()
}

#[tokio::test]
async fn a_folder_is_opened_anew_and_what_was_read_is_not_read_again() {
    let server = serve(|c| {
        enter(c, "IDLE");
        searched(c, 9, "4 5");
        answer(
            c,
            "UID FETCH 4,5 (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])",
            header(4, &probe(1)) + &header(5, "A: b\r\n\r\n"),
        );
        answer(c, "UID FETCH 4 (UID INTERNALDATE BODY.PEEK[])", body(4, &(probe(1) + "text\r\n")));
        answer(c, "NOOP", "");
        searched(c, 9, "4 5 6");
        answer(c, "UID FETCH 6 (", header(6, &probe(2)));
        answer(c, "UID FETCH 6 (UID INTERNALDATE BODY.PEEK[])", body(6, &probe(2)));
        answer(c, "NOOP", "");
        searched(c, 9, "5");
        answer(c, "NOOP", "");
        // The account has no folder for spam.
        answer(c, "LIST", "* LIST () \"/\" INBOX\r\n");
        c.until_hangup();
    });
    let (mailboxes, account) = (patient(), account(server.port));
    let before = Instant::now();
    let first = search(&mailboxes, &account, 1).await.unwrap();
    assert_eq!((uids(&first), first.folder, first.name.as_deref()), (vec![4], Folder::Inbox, Some("INBOX")));
    assert!(first.asked >= before && first.asked <= first.arrivals[0].seen);
    assert!(first.arrivals[0].raw().ends_with(b"text\r\n"));
    assert_eq!(uids(&search(&mailboxes, &account, 2).await.unwrap()), [6]);
    assert!(search(&mailboxes, &account, 1).await.unwrap().arrivals.is_empty(), "it was deleted");
    let spam = mailboxes.search(&account, &[Folder::Spam], &wanted(1), SINCE.0).await.unwrap();
    assert_eq!((spam.len(), spam[0].name.as_deref(), spam[0].arrivals.len()), (1, None, 0));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_connection_that_says_nothing_more_is_replaced_and_the_cache_stays() {
    let server = serve_each(2, |number, c| {
        enter(c, "IDLE");
        if number == 0 {
            searched(c, 9, "4");
            answer(c, "UID FETCH 4 (", header(4, "A: b\r\n\r\n"));
            c.hear("NOOP");
        } else {
            searched(c, 9, "4 5");
            answer(c, "UID FETCH 5 (", header(5, &probe(1)));
            answer(c, "UID FETCH 5 (", body(5, &probe(1)));
        }
        c.until_hangup();
    });
    let limits = Limits { check: Duration::from_millis(100), ..PATIENT };
    let (mailboxes, account) = (Mailboxes::with_limits(NEVER, limits), account(server.port));
    assert!(search(&mailboxes, &account, 1).await.unwrap().arrivals.is_empty());
    assert_eq!(uids(&search(&mailboxes, &account, 1).await.unwrap()), [5]);
    assert_eq!(mailboxes.connections(), (2, 1));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_search_whose_connection_breaks_is_done_again_on_a_new_one() {
    let server = serve_each(2, |number, c| {
        enter(c, "IDLE");
        answer(c, "LIST", "* LIST (\\Junk) \"/\" \"Junk\"\r\n");
        answer(c, "EXAMINE \"Junk\"", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 9]\r\n");
        answer(c, SINCE.1, "* SEARCH\r\n");
        if number == 0 {
            answer(c, "NOOP", "");
            // The name is known by now.
            answer(c, "EXAMINE \"Junk\"", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 9]\r\n");
            c.hear(SINCE.1);
            c.say("* SEAR");
            return;
        }
        c.until_hangup();
    });
    let (mailboxes, account) = (patient(), account(server.port));
    for _ in 0..2 {
        let spam = mailboxes.search(&account, &[Folder::Spam], &wanted(1), SINCE.0).await.unwrap();
        assert_eq!((spam[0].name.as_deref(), spam[0].arrivals.len()), (Some("Junk"), 0));
    }
    assert_eq!(mailboxes.connections(), (2, 1));
    mailboxes.close().await;
    server.done();
}

#[tokio::test]
async fn a_new_connection_that_breaks_in_a_search_is_replaced_too() {
    let server = serve_each(2, |number, c| {
        enter(c, "IDLE");
        if number == 0 {
            c.hear("EXAMINE");
        } else {
            searched(c, 9, "4");
            answer(c, "UID FETCH 4 (", header(4, &probe(1)));
            answer(c, "UID FETCH 4 (", body(4, &probe(1)));
            c.until_hangup();
        }
    });
    let (mailboxes, account) = (patient(), account(server.port));
    assert_eq!(uids(&search(&mailboxes, &account, 1).await.unwrap()), [4]);
    mailboxes.close().await;
    server.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_at_once_are_searched_for_together_however_slow_the_server_is() {
    let (in_search, searching) = signal();
    let (go_on, gone_on) = std::sync::mpsc::channel();
    let gone_on = std::sync::Mutex::new(gone_on);
    let server = serve(move |c| {
        enter(c, "IDLE");
        answer(c, "EXAMINE", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 9]\r\n");
        let line = c.hear(SINCE.1);
        in_search();
        gone_on.lock().unwrap().recv().unwrap();
        c.say(format!("* SEARCH\r\n{} OK\r\n", line.split(' ').next().unwrap()));
        // All others at once.
        answer(c, "NOOP", "");
        searched(c, 9, "4 5");
        answer(c, "UID FETCH 4,5 (", header(4, &probe(7)) + &header(5, &probe(8)));
        answer(c, "UID FETCH 4,5 (", body(4, &probe(7)) + &body(5, &probe(8)));
        assert_eq!(c.until_hangup(), Vec::<String>::new());
    });
    let (mailboxes, account) = (patient(), account(server.port));
    let one = |n| {
        let (mailboxes, account) = (mailboxes.clone(), account.clone());
        async move { search(&mailboxes, &account, n).await.map(|search| uids(&search)) }
    };
    let first = tokio::spawn(one(0));
    searching.await;
    let mut others: Vec<_> = (1..16).map(|n| Box::pin(one(n))).collect();
    for other in &mut others {
        // In line from now on.
        assert!(now(other.as_mut()).await.is_none());
    }
    go_on.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), [] as [u32; 0]);
    for (n, other) in (1..16).zip(others) {
        let want: &[u32] = match n {
            7 => &[4],
            8 => &[5],
            _ => &[],
        };
        assert_eq!(other.await.unwrap(), want, "{n}");
    }
    mailboxes.close().await;
    server.done();
}

/// What a future has come to without being waited for.
async fn now<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_costs_its_time_once_for_all_who_wait() {
    let (in_search, searching) = signal();
    let server = serve_each(2, move |number, c| {
        enter(c, "IDLE");
        answer(c, "EXAMINE", "* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 9]\r\n");
        c.hear(SINCE.1);
        if number == 0 {
            in_search();
        }
        c.until_hangup();
    });
    let limits = Limits { errand: Duration::from_secs(5), ..PATIENT };
    let (mailboxes, account) = (Mailboxes::with_limits(NEVER, limits), account(server.port));
    let mut all: Vec<_> = (0..16).map(|n| Box::pin(search(&mailboxes, &account, n))).collect();
    assert!(now(all[0].as_mut()).await.is_none());
    searching.await;
    for one in &mut all[1..] {
        // In line from now on.
        assert!(now(one.as_mut()).await.is_none());
    }
    for one in all {
        let error = one.await.unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (HarnessErrorKind::Connection, "the server did not answer in time")
        );
    }
    server.done();
    assert_eq!(mailboxes.connections().0, 2);
    mailboxes.close().await;
}

#[tokio::test]
async fn deleting_ends_in_time_whatever_the_server_does() {
    let server = serve_each(2, |number, c| {
        if number == 0 {
            enter_inbox(c, "IDLE", 4);
            look(c, 4, &[(4, 1)]);
            c.until_hangup();
            return;
        }
        enter(c, "UIDPLUS");
        answer(c, "SELECT \"INBOX\"", "* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT 5]\r\n");
        answer(c, "UID FETCH 4", header(4, &probe(1)));
        answer(c, "LIST", "");
        c.hear("UID STORE 4");
        c.drip_until_hangup("* OK patience\r\n");
    });
    let mailboxes = patient();
    let copy = arrival(&mut watch(&mailboxes, &server, 1).await).await;
    let by = Instant::now() + Duration::from_secs(6);
    let error = mailboxes.delete(&copy, by).await.unwrap_err();
    assert_eq!(error.kind, HarnessErrorKind::Connection, "{error:?}");
    mailboxes.close().await;
    server.done();
}
