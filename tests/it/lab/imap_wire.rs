//! The look-alike's IMAP by raw transcripts.

use crate::support::imap_script::{ADDRESS, Client, World};
use sealcheck::lab::embedded::imap_server::Limits;
use sealcheck::lab::embedded::store::FolderKind;
use sealcheck::target::Provider;
use sealcheck::target::knobs::Locale;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn greeting_capabilities_and_logins() {
    let world = World::gmail().await;
    let stream = TcpStream::connect(world.at).await.unwrap();
    let mut client = Client { stream: BufReader::new(stream) };
    client
        .talk(
            "S: * OK Gimap ready for requests from 127.0.0.1 …
             C: a CAPABILITY
             S: * CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN
             S: a OK Thats all she wrote! …
             C: b SELECT INBOX
             S: b BAD Unknown command …
             C: c LOGIN probe.inbox@gmail.com wrongwrongwrongx
             S: c NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)
             C: d LOGIN probe.inbox@gmail.com \"my own password\"
             S: d NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)
             C: e ID (\"name\" \"sealcheck\")
             S: * ID (\"name\" \"GImap\" …)
             S: e OK Success …
             C: f LOGIN \"probe.inbox@gmail.com\" \"abcd efgh ijkl mnop\"
             S: * CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE …
             S: f OK probe.inbox@gmail.com authenticated (Success)
             C: g LOGIN a b
             S: g BAD LOGIN not allowed now.
             C: h LOGOUT
             S: * BYE LOGOUT Requested
             S: h OK 73 good day (Success)",
        )
        .await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn sasl_with_and_without_an_initial_response() {
    let world = World::gmail().await;
    // PLAIN
    let good = "AHByb2JlLmluYm94QGdtYWlsLmNvbQBhYmNkZWZnaGlqa2xtbm9w";
    world.client().await.talk(&format!("C: a AUTHENTICATE PLAIN {good}\nS: * CAPABILITY …\nS: a OK …")).await;
    world
        .client()
        .await
        .talk(&format!("C: a AUTHENTICATE PLAIN\nS: + \nC: {good}\nS: * CAPABILITY …\nS: a OK …"))
        .await;
    world.client().await.talk("C: a AUTHENTICATE PLAIN\nS: + \nC: *\nS: a BAD …\nC: b NOOP\nS: b OK …").await;
    // user=probe.inbox@gmail.com ^A auth=Bearer ya29.lab ^A^A, and one with another token
    let token = "dXNlcj1wcm9iZS5pbmJveEBnbWFpbC5jb20BYXV0aD1CZWFyZXIgeWEyOS5sYWIBAQ==";
    let old = "dXNlcj1wcm9iZS5pbmJveEBnbWFpbC5jb20BYXV0aD1CZWFyZXIgeWEyOS5vbGQBAQ==";
    world.client().await.talk(&format!("C: a AUTHENTICATE XOAUTH2 {token}\nS: * CAPABILITY …\nS: a OK …")).await;
    world
        .client()
        .await
        .talk(&format!("C: a AUTHENTICATE XOAUTH2\nS: + \nC: {token}\nS: * CAPABILITY …\nS: a OK …"))
        .await;
    let refused =
        "S: + eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==";
    let mut client = world.client().await;
    client.talk(&format!("C: a AUTHENTICATE XOAUTH2 {old}\n{refused}")).await;
    client.send("").await;
    client.talk("S: a NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)").await;
    client.talk(&format!("C: b AUTHENTICATE XOAUTH2\nS: + \nC: {old}\n{refused}")).await;
    client.send("").await;
    client.talk("S: b NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)").await;
    client.talk("C: c AUTHENTICATE CRAM-MD5\nS: c BAD …").await;
}

#[tokio::test]
async fn folders_are_listed_with_their_use_and_in_the_locale() {
    let world = World::gmail().await;
    world
        .logged_in()
        .await
        .talk(
            r#"C: a LIST "" "*"
               S: * LIST (\HasNoChildren) "/" "INBOX"
               S: * LIST (\HasChildren \Noselect) "/" "[Gmail]"
               S: * LIST (\All \HasNoChildren) "/" "[Gmail]/All Mail"
               S: * LIST (\Drafts \HasNoChildren) "/" "[Gmail]/Drafts"
               S: * LIST (\HasNoChildren \Important) "/" "[Gmail]/Important"
               S: * LIST (\HasNoChildren \Sent) "/" "[Gmail]/Sent Mail"
               S: * LIST (\HasNoChildren \Junk) "/" "[Gmail]/Spam"
               S: * LIST (\Flagged \HasNoChildren) "/" "[Gmail]/Starred"
               S: * LIST (\HasNoChildren \Trash) "/" "[Gmail]/Trash"
               S: a OK Success
               C: b LIST "" "*" RETURN (SPECIAL-USE)
               S: b BAD Could not parse command
               C: b2 LIST (SPECIAL-USE) "" "*"
               S: b2 BAD Could not parse command
               C: c LIST "" ""
               S: * LIST (\Noselect) "/" ""
               S: c OK Success
               C: d XLIST "" "%"
               S: * XLIST (\HasNoChildren \Inbox) "/" "INBOX"
               S: * XLIST (\HasChildren \Noselect) "/" "[Gmail]"
               S: d OK Success
               C: e CREATE "Lab/one"
               S: e OK Success
               C: f CREATE "Lab/one"
               S: f NO [ALREADYEXISTS] …
               C: g UNSUBSCRIBE "Lab/one"
               S: g OK Success
               C: h LSUB "" "Lab/*"
               S: h OK Success
               C: i RENAME "Lab/one" Two
               S: i OK Success
               C: j LIST "" "T%"
               S: * LIST (\HasNoChildren) "/" "Two"
               S: j OK Success
               C: k DELETE Two
               S: k OK Success
               C: l DELETE INBOX
               S: l NO …
               C: m CREATE "[Gmail]/Mine"
               S: m NO [CANNOT] …
               C: n NAMESPACE
               S: * NAMESPACE (("" "/")) NIL NIL
               S: n OK Success
               C: o GETQUOTAROOT INBOX
               S: * QUOTAROOT "INBOX" ""
               S: * QUOTA "" (STORAGE 0 15728640)
               S: o OK Success"#,
        )
        .await;
    let world = World::start(Provider::Gmail, Locale::Ja, Limits::default()).await;
    world
        .logged_in()
        .await
        .talk(
            r#"C: a LIST "[Gmail]/" "*w-"
               S: * LIST (\HasNoChildren \Junk) "/" "[Gmail]/&j,dg0TDhMPww6w-"
               S: a OK Success
               C: b EXAMINE "[Gmail]/&j,dg0TDhMPww6w-"
               S: * FLAGS …
               S: * OK [PERMANENTFLAGS ()] Flags permitted.
               S: * OK [UIDVALIDITY 6] UIDs valid.
               S: * 0 EXISTS
               S: * 0 RECENT
               S: * OK [UIDNEXT 1] Predicted next UID.
               S: * OK [HIGHESTMODSEQ …]
               S: b OK [READ-ONLY] [Gmail]/&j,dg0TDhMPww6w- selected. (Success)
               C: c ENABLE UTF8=ACCEPT
               S: * ENABLED UTF8=ACCEPT
               S: c OK Success
               C: d STATUS "[Gmail]/迷惑メール" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)
               S: * STATUS "[Gmail]/迷惑メール" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 6 UNSEEN 0 RECENT 0)
               S: d OK Success"#,
        )
        .await;
}

#[tokio::test]
async fn a_selected_session_hears_of_new_mail_only_when_it_asks() {
    let world = World::gmail().await;
    world.deliver(FolderKind::Inbox, "one");
    let mut client = world.logged_in().await;
    client
        .talk(
            "C: a SELECT inbox
             S: * FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen $NotPhishing $Phishing)
             S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen $NotPhishing $Phishing \\*)] Flags permitted.
             S: * OK [UIDVALIDITY 1] UIDs valid.
             S: * 1 EXISTS
             S: * 0 RECENT
             S: * OK [UIDNEXT 2] Predicted next UID.
             S: * OK [HIGHESTMODSEQ …]
             S: a OK [READ-WRITE] INBOX selected. (Success)",
        )
        .await;
    world.deliver(FolderKind::Inbox, "two");
    client
        .talk(
            "C: b UID SEARCH X-GM-RAW \"rfc822msgid:two@sender.example\"
             S: * SEARCH
             S: b OK SEARCH completed (Success)
             C: c UID FETCH 2:* (UID)
             S: * 1 FETCH (UID 1)
             S: c OK Success
             C: d STATUS INBOX (MESSAGES)
             S: * STATUS \"INBOX\" (MESSAGES 2)
             S: d OK Success
             C: e NOOP
             S: * 2 EXISTS
             S: e OK Success
             C: f UID SEARCH X-GM-RAW \"rfc822msgid:two@sender.example\"
             S: * SEARCH 2
             S: f OK SEARCH completed (Success)",
        )
        .await;
    world.deliver(FolderKind::Inbox, "three");
    client
        .talk(
            "C: g SEARCH SUBJECT three
             S: * SEARCH
             S: g OK SEARCH completed (Success)
             C: h CHECK
             S: * 3 EXISTS
             S: h OK Success",
        )
        .await;
    world.deliver(FolderKind::Inbox, "four");
    client.talk("C: i IDLE\nS: + idling\nS: * 4 EXISTS").await;
    world.deliver(FolderKind::Junk, "spam");
    world.deliver(FolderKind::Inbox, "five");
    client.talk("S: * 5 EXISTS\nC: DONE\nS: i OK IDLE terminated (Success)").await;
    world.deliver(FolderKind::Inbox, "six");
    client
        .talk("C: j SELECT INBOX\nS: * FLAGS …\nS: * OK …\nS: * OK …\nS: * 6 EXISTS\nS: * 0 RECENT\nS: * OK …\nS: * OK …\nS: j OK …")
        .await;
}

#[tokio::test]
async fn a_plain_server_tells_at_once() {
    let world = World::start(Provider::Generic, Locale::En, Limits::default()).await;
    world.deliver(FolderKind::Inbox, "one");
    let mut client = world.client().await;
    client
        .talk(
            "C: a LOGIN probe.inbox@gmail.com \"abcd efgh\"
             S: a NO [AUTHENTICATIONFAILED] Authentication failed
             C: b LOGIN probe.inbox@gmail.com abcdefghijklmnop
             S: * CAPABILITY IMAP4rev1 ID LITERAL+ IDLE NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE
             S: b OK …
             C: c LIST \"\" *
             S: * LIST (\\HasNoChildren) \"/\" \"INBOX\"
             S: * LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\"
             S: * LIST (\\HasNoChildren \\Trash) \"/\" \"Trash\"
             S: c OK …
             C: d EXAMINE INBOX
             S: * FLAGS …
             S: * OK …
             S: * OK …
             S: * 1 EXISTS
             S: * 0 RECENT
             S: * OK …
             S: d OK …
             C: e UID SEARCH X-GM-MSGID 1
             S: e BAD Could not parse command
             C: f FETCH 1 X-GM-LABELS
             S: f BAD Could not parse command",
        )
        .await;
    world.deliver(FolderKind::Inbox, "two");
    client.talk("C: g SEARCH ALL\nS: * SEARCH 1\nS: * 2 EXISTS\nS: g OK …").await;
}

#[tokio::test]
async fn searches_find_what_they_should() {
    let world = World::gmail().await;
    for id in ["one", "two", "three"] {
        world.deliver(FolderKind::Inbox, id);
    }
    let ids: Vec<_> = world.account().messages(&FolderKind::Inbox).into_iter().map(|m| m.gm_msgid).collect();
    let mut client = world.logged_in().await;
    client.send("s SELECT INBOX").await;
    while !client.line().await.starts_with("s OK") {}
    let msgid = format!("X-GM-MSGID {}", ids[1]);
    let thrid = format!("X-GM-THRID {}", ids[2]);
    for (query, found) in [
        ("ALL", " 1 2 3"),
        ("2:*", " 2 3"),
        ("UID 1,3", " 1 3"),
        ("NOT SUBJECT two", " 1 3"),
        ("OR SUBJECT one SUBJECT three", " 1 3"),
        ("(SUBJECT mail) (OR BODY \"Hello one\" NOT TEXT three)", " 1 2"),
        ("HEADER Message-ID \"<two@sender.example>\"", " 2"),
        ("HEADER X-Missing \"\"", ""),
        ("HEADER Subject \"\" UNSEEN", " 1 2 3"),
        ("FROM ann@SENDER.example TO company", " 1 2 3"),
        ("SINCE 1-Nov-2026 BEFORE 19-Nov-2026", " 1 2 3"),
        ("ON 17-Nov-2026", ""),
        ("SENTON 24-Nov-2026", " 1 2 3"),
        ("SENTSINCE 25-Nov-2026", ""),
        ("LARGER 10 SMALLER 1000", " 1 2 3"),
        ("SEEN", ""),
        ("KEYWORD $Phishing", ""),
        ("UNKEYWORD $Phishing NEW", ""),
        ("CHARSET UTF-8 SUBJECT {5}\r\nthree", " 3"),
        (msgid.as_str(), " 2"),
        (thrid.as_str(), " 3"),
        ("X-GM-LABELS \"\\\\Inbox\"", " 1 2 3"),
        ("X-GM-RAW \"in:spam\"", ""),
        ("X-GM-RAW \"subject:two in:inbox\" X-GM-LABELS \\Inbox", " 2"),
    ] {
        match query.split_once("\r\n") {
            Some((before, literal)) => {
                client.talk(&format!("C: q SEARCH {before}\nS: + …\nC: {literal}")).await;
            }
            None => client.send(&format!("q SEARCH {query}")).await,
        }
        let line = client.line().await;
        assert_eq!(line, format!("* SEARCH{found}\r\n"), "{query}");
        client.expect("q OK SEARCH completed (Success)").await;
    }
    for query in ["", "SUBJECT", "NONSENSE", "SINCE yesterday", "(ALL", "UID 0", "X-GM-RAW \"(\"", "RETURN (ALL) ALL"] {
        client.send(&format!("q SEARCH {query}")).await;
        client.expect("q BAD Could not parse command").await;
    }
    client.send(&format!("q SEARCH {}ALL", "NOT ".repeat(5000))).await;
    client.expect("q BAD Could not parse command").await;
    client.talk("C: q SEARCH CHARSET KOI8-R ALL\nS: q NO [BADCHARSET (UTF-8 US-ASCII)] …").await;
}

#[tokio::test]
async fn messages_are_fetched_in_every_shape() {
    let world = World::gmail().await;
    world.deliver(FolderKind::Inbox, "one");
    let message = world.account().messages(&FolderKind::Inbox)[0].clone();
    let (id, size) = (message.gm_msgid, message.raw.len());
    let mut client = world.logged_in().await;
    client.send("s EXAMINE INBOX").await;
    while !client.line().await.starts_with("s OK") {}
    client
        .talk(&format!(
            "C: a FETCH 1 FAST
             S: * 1 FETCH (FLAGS () INTERNALDATE \"18-Nov-2026 11:06:40 +0000\" RFC822.SIZE {size})
             S: a OK Success
             C: b UID FETCH 1 (X-GM-MSGID X-GM-THRID X-GM-LABELS)
             S: * 1 FETCH (UID 1 X-GM-MSGID {id} X-GM-THRID {id} X-GM-LABELS ())
             S: b OK Success
             C: c FETCH 1 (ENVELOPE)
             S: * 1 FETCH (ENVELOPE (\"Tue, 24 Nov 2026 12:00:00 +0900\" \"mail one\" ((\"Ann\" NIL \"ann\" \"sender.example\")) ((\"Ann\" NIL \"ann\" \"sender.example\")) ((\"Ann\" NIL \"ann\" \"sender.example\")) ((NIL NIL \"user\" \"company.example\")) NIL NIL NIL \"<one@sender.example>\"))
             S: c OK Success
             C: d FETCH 1 BODYSTRUCTURE
             S: * 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 12 1 NIL NIL NIL NIL))
             S: d OK Success
             C: e FETCH 1 BODY.PEEK[HEADER.FIELDS (subject Message-Id)]
             S: * 1 FETCH (BODY[HEADER.FIELDS (subject Message-Id)] {{55}}
             S: Message-ID: <one@sender.example>
             S: Subject: mail one
             S:
             S: )
             S: e OK Success
             C: f FETCH 1 BODY[TEXT]<6.3>
             S: * 1 FETCH (BODY[TEXT]<6> {{3}}
             S: one)
             S: f OK Success
             C: g FETCH 1 (BODY[1] BODY[2])
             S: * 1 FETCH (BODY[1] {{12}}
             S: Hello one.
             S:  BODY[2] NIL)
             S: g OK Success
             C: h FETCH 2 FLAGS
             S: h BAD Could not parse command
             C: i UID FETCH 99 FLAGS
             S: i OK Success
             C: j FETCH 1 RFC822.TEXT
             S: * 1 FETCH (RFC822.TEXT {{12}}
             S: Hello one.
             S: )
             S: j OK Success"
        ))
        .await;
    client.send("k UID FETCH 1 BODY[]").await;
    client.expect(&format!("* 1 FETCH (UID 1 BODY[] {{{size}}}")).await;
    let mut raw = vec![0; size];
    client.stream.read_exact(&mut raw).await.unwrap();
    assert_eq!(raw, *message.raw);
    client.talk("S: )\nS: k OK Success").await;
    // EXAMINE leaves \Seen alone, SELECT does not.
    assert!(world.account().messages(&FolderKind::Inbox)[0].flags.is_empty());
    client.send("s SELECT INBOX").await;
    while !client.line().await.starts_with("s OK") {}
    client.talk("C: m FETCH 1 BODY[TEXT]\nS: * 1 FETCH (BODY[TEXT] {12}\nS: Hello one.\nS:  FLAGS (\\Seen))\nS: m OK Success").await;
}

#[tokio::test]
async fn flags_labels_moves_and_expunges() {
    let world = World::gmail().await;
    for id in ["one", "two", "three"] {
        world.deliver(FolderKind::Inbox, id);
    }
    let mut client = world.logged_in().await;
    let mut other = world.logged_in().await;
    for client in [&mut client, &mut other] {
        client.send("s SELECT INBOX").await;
        while !client.line().await.starts_with("s OK") {}
    }
    client
        .talk(
            r#"C: a STORE 1:2 +FLAGS (\seen $Work)
               S: * 1 FETCH (FLAGS ($Work \Seen))
               S: * 2 FETCH (FLAGS ($Work \Seen))
               S: a OK Success
               C: b UID STORE 2 -FLAGS.SILENT (\Seen)
               S: b OK Success
               C: c UID STORE 1 +X-GM-LABELS (Lab "\\Starred")
               S: * 1 FETCH (X-GM-LABELS ("\\Starred" Lab) UID 1)
               S: c OK Success
               C: d UID COPY 1 Nowhere
               S: d NO [TRYCREATE] No folder Nowhere (Failure)
               C: e UID COPY 2:3 Lab
               S: e OK [COPYUID 9 2:3 2:3] (Success)
               C: f UID MOVE 3 "[Gmail]/Trash"
               S: * OK [COPYUID 8 3 1] (Success)
               S: * 3 EXPUNGE
               S: f OK Success
               C: g STORE 1 +FLAGS.SILENT (\Deleted)
               S: g OK Success
               C: h EXPUNGE
               S: * 1 EXPUNGE
               S: h OK Success
               C: i FETCH 1 (UID)
               S: * 1 FETCH (UID 2)
               S: i OK Success"#,
        )
        .await;
    // The other session has not heard of it: numbers stay until it asks, and then go from the old ones down.
    other
        .talk(
            "C: a FETCH 1:3 (UID)
             S: * 2 FETCH (UID 2)
             S: a NO Some messages could not be FETCHed (Failure)
             C: b NOOP
             S: * 1 EXPUNGE
             S: * 2 EXPUNGE
             S: * 1 FETCH (UID 2 FLAGS ($Work))
             S: b OK Success
             C: c UID SEARCH ALL
             S: * SEARCH 2
             S: c OK SEARCH completed (Success)",
        )
        .await;
    // Expunged from INBOX is archived; in the bin is gone from everywhere else.
    let account = world.account();
    assert_eq!(account.messages(&FolderKind::All).len(), 2);
    assert_eq!(account.messages(&FolderKind::Trash).len(), 1);
    other.send("s EXAMINE \"[Gmail]/All Mail\"").await;
    while !other.line().await.starts_with("s OK") {}
    other
        .talk(
            r#"C: a FETCH 1:2 X-GM-LABELS
               S: * 1 FETCH (X-GM-LABELS ("\\Starred" Lab))
               S: * 2 FETCH (X-GM-LABELS ("\\Inbox" Lab))
               S: a OK Success
               C: b STORE 1 FLAGS ()
               S: b NO [READ-ONLY] …
               C: c EXPUNGE
               S: c NO [READ-ONLY] …
               C: d UNSELECT
               S: d OK Returned to authenticated state. (Success)
               C: e FETCH 1 FLAGS
               S: e BAD FETCH not allowed now."#,
        )
        .await;
}

#[tokio::test]
async fn append_takes_a_message_and_knows_it_again() {
    let world = World::gmail().await;
    let mut client = world.logged_in().await;
    client
        .talk(
            "C: a APPEND Lab {12}
             S: + go ahead
             C: Subject: x
             C:
             S: a NO [TRYCREATE] No folder Lab (Failure)
             C: b APPEND \"[Gmail]/Sent Mail\" (\\Seen) \"24-Nov-2026 03:00:00 +0000\" {38}
             S: + go ahead
             C: Message-ID: <a@sender.example>
             C: X: y
             C:
             S: b OK [APPENDUID 5 1] (Success)
             C: c APPEND INBOX {32+}
             C: Message-ID: <a@sender.example>
             C:
             S: c OK [APPENDUID 1 1] (Success)",
        )
        .await;
    let account = world.account();
    assert_eq!(account.messages(&FolderKind::All).len(), 1);
    assert_eq!(account.messages(&FolderKind::Inbox)[0].flags.iter().collect::<Vec<_>>(), ["\\Seen"]);
    world.deliver(FolderKind::Inbox, "a");
    assert_eq!(account.messages(&FolderKind::All).len(), 1);
    client.talk("C: d APPEND INBOX {35651585}\nS: d NO [TOOBIG] …\nC: e NOOP\nS: e OK Success").await;
}

#[tokio::test]
async fn garbage_is_answered_and_does_no_harm() {
    let world = World::gmail().await;
    let mut client = world.client().await;
    client
        .talk(
            "C: a
             S: a BAD Could not parse command
             C:
             S: * BAD Could not parse command
             C: GET / HTTP/1.1
             S: GET BAD Unknown command …
             C: a LOGIN {70000}
             S: a NO [TOOBIG] Literal too large (Failure)
             C: a LOGIN (
             S: a BAD Could not parse command
             C: a LOGIN \"x
             S: a BAD Could not parse command",
        )
        .await;
    client.stream.get_mut().write_all(b"\x00\xff\xfe \x80\r\n\r\n").await.unwrap();
    client.expect("* BAD Could not parse command").await;
    client.expect("* BAD Could not parse command").await;
    client.talk("C: b NOOP\nS: b OK Success\nC: c LOGIN a {70000+}\nS: * BYE Literal too large").await;
    let mut client = world.client().await;
    client.stream.get_mut().write_all(&vec![b'x'; 70_000]).await.unwrap();
    client.expect("* BYE Command line too long").await;
    // Half a command and gone: others go on.
    world.client().await.stream.get_mut().write_all(b"a LOGIN {5}\r\nab").await.unwrap();
    world.logged_in().await.talk("C: a NOOP\nS: a OK Success").await;
}

#[tokio::test]
async fn the_sixteenth_connection_is_refused_until_one_is_free() {
    let world = World::gmail().await;
    let mut open = Vec::new();
    for _ in 0..15 {
        open.push(world.logged_in().await);
    }
    let mut late = world.client().await;
    let login = "C: l LOGIN probe.inbox@gmail.com abcdefghijklmnop";
    late.talk(&format!("{login}\nS: l NO [ALERT] Too many simultaneous connections. (Failure)")).await;
    let mut first = open.remove(0);
    first.talk("C: x LOGOUT\nS: * BYE …\nS: x OK …").await;
    assert!(first.is_closed().await);
    // The place is given back when the session ends, which is just after its last byte.
    tokio::time::timeout(Duration::from_secs(20), async {
        while world.server.connections(ADDRESS) == 15 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    late.talk(&format!("{login}\nS: * CAPABILITY …\nS: l OK …")).await;
}

#[tokio::test]
async fn sessions_expire_with_bye() {
    let world = World::gmail().await;
    let mut idle = world.logged_in().await;
    idle.send("s SELECT INBOX").await;
    while !idle.line().await.starts_with("s OK") {}
    idle.talk("C: a IDLE\nS: + idling").await;
    let mut waiting = world.logged_in().await;
    world.server.expire_sessions();
    for client in [&mut idle, &mut waiting] {
        client.expect("* BYE Session expired, please login again.").await;
        assert!(client.is_closed().await);
    }
    let limits = Limits { session: Some(Duration::from_millis(1)), ..Limits::default() };
    let world = World::start(Provider::Gmail, Locale::En, limits).await;
    let mut client = world.logged_in().await;
    client.expect("* BYE Session expired, please login again.").await;
}

#[tokio::test]
async fn hundreds_wait_at_the_same_time() {
    let world = World::start(Provider::Gmail, Locale::En, Limits { connections: 500, ..Limits::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = world.logged_in().await;
        client.send("s SELECT INBOX").await;
        while !client.line().await.starts_with("s OK") {}
        client.talk("C: i IDLE\nS: + idling").await;
        clients.push(client);
    }
    world.deliver(FolderKind::Inbox, "one");
    for client in &mut clients {
        client.expect("* 1 EXISTS").await;
    }
}
