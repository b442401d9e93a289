//! What scripted IMAP servers say, and the accounts and watches that look at them.

use crate::support::scripted::{Conn, Server};
use sealcheck::{
    core::{Secret, Token},
    evidence::{Arrival, Folder},
    outcome::HarnessError,
    probe::mailbox::{Limits, MailIdentity, Mailboxes, Watch},
    target::{Account, Endpoint, ImapAccess, Login, Mechanism, Provider, TlsMode},
};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// A poll that no test waits for.
pub(crate) const NEVER: Duration = Duration::from_secs(600);

/// Mailboxes that are never asked unless there is news, whatever the machine's speed.
pub(crate) fn patient() -> Mailboxes {
    Mailboxes::with_limits(NEVER, PATIENT)
}

/// Limits that no test reaches.
pub(crate) const PATIENT: Limits = Limits {
    connect: NEVER,
    idle: NEVER,
    silence: NEVER,
    answer: NEVER,
    busy: Duration::from_secs(8),
    check: NEVER,
    errand: NEVER,
};

pub(crate) fn account(port: u16) -> Account {
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
                    oauth: None,
                }),
            },
            provider: Provider::Gmail,
            folders: Default::default(),
        }),
        ..Account::new("gmail", "probe.inbox@gmail.com")
    }
}

pub(crate) fn with_endpoint(port: u16, change: impl FnOnce(&mut Endpoint)) -> Account {
    let mut account = account(port);
    change(&mut account.imap.as_mut().unwrap().endpoint);
    account
}

pub(crate) fn wanted(n: u32) -> MailIdentity {
    MailIdentity { message_id: format!("<t-{n}@ext.example>"), token: Token::new(format!("t-{n}")) }
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(15)
}

pub(crate) async fn watch(mailboxes: &Mailboxes, server: &Server, n: u32) -> Watch {
    mailboxes.watch(&account(server.port), Folder::Inbox, wanted(n)).await.unwrap().unwrap()
}

pub(crate) async fn arrival(watch: &mut Watch) -> Arrival {
    watch.next(soon()).await.unwrap().expect("an arrival in time")
}

/// The error that a broken connection ends in; the watch is asked until it has noticed.
pub(crate) async fn broken(watch: &mut Watch) -> HarnessError {
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
pub(crate) fn signal() -> (impl Fn() + Send + Sync + Clone, impl Future<Output = ()>) {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tell = move || told.send(()).unwrap();
    (tell, async move { heard.recv().await.unwrap() })
}

/// Hears a command and answers it with OK.
#[track_caller]
pub(crate) fn answer(c: &mut Conn, command: &str, untagged: impl AsRef<str>) -> String {
    let line = c.hear(command);
    let tag = line.split(' ').next().unwrap();
    c.say(format!("{}{tag} OK done\r\n", untagged.as_ref()));
    line
}

/// Greeting, login and capabilities.
pub(crate) fn enter(c: &mut Conn, capabilities: &str) {
    c.say("* OK Gimap ready\r\n");
    answer(c, "LOGIN \"probe.inbox@gmail.com\" \"hunter2-secret\"", "");
    answer(c, "CAPABILITY", format!("* CAPABILITY IMAP4rev1 {capabilities}\r\n"));
}

/// And the inbox, whose next UID this is.
pub(crate) fn enter_inbox(c: &mut Conn, capabilities: &str, uid_next: u32) {
    enter(c, capabilities);
    answer(c, "EXAMINE \"INBOX\"", format!("* 3 EXISTS\r\n* OK [UIDVALIDITY 9]\r\n* OK [UIDNEXT {uid_next}]\r\n"));
}

pub(crate) fn idle(c: &mut Conn, before_plus: &str, after_plus: &str) {
    let line = c.hear("IDLE");
    c.say(format!("{before_plus}+ idling\r\n{after_plus}")).hear("DONE");
    c.say(format!("{} OK done\r\n", line.split(' ').next().unwrap()));
}

pub(crate) fn header(uid: u32, header: &str) -> String {
    format!("* {uid} FETCH (UID {uid} RFC822.SIZE 100 BODY[HEADER] {{{}}}\r\n{header})\r\n", header.len())
}

pub(crate) fn body(uid: u32, raw: &str) -> String {
    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{raw})\r\n", raw.len())
}

pub(crate) fn probe(n: u32) -> String {
    format!("Message-ID: <t-{n}@ext.example>\r\nX-Sealcheck-Run: t-{n}; run=r\r\n\r\n")
}

/// One look at the folder that finds these, all of them read whole.
pub(crate) fn look(c: &mut Conn, from: u32, found: &[(u32, u32)]) {
    let headers: String = found.iter().map(|(uid, n)| header(*uid, &probe(*n))).collect();
    answer(c, &format!("UID FETCH {from}:* (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])"), headers);
    if !found.is_empty() {
        let uids: Vec<_> = found.iter().map(|(uid, _)| uid.to_string()).collect();
        let bodies: String = found.iter().map(|(uid, n)| body(*uid, &(probe(*n) + "text\r\n"))).collect();
        answer(c, &format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", uids.join(",")), bodies);
    }
}
