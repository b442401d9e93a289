//! From a scenario's `send` to its arrival: compose, submit and watch in the embedded world.

use sealcheck::{
    core::{RunId, Span, Spanned, Token},
    evidence::{Arrival, Folder, Sent, Stage, Submission},
    lab::embedded::{Ports, World},
    probe::{
        compose::{ComposeContext, compose},
        mailbox::{MailIdentity, Mailboxes, Watch},
        submit::submit,
        token::Tokens,
    },
    scenario::{Vars, model::SendSpec, vars::Template},
    target::{
        Knobs, Target,
        knobs::{ImapFault, Locale},
    },
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);

async fn world(change: impl FnOnce(&mut Knobs)) -> World {
    let mut knobs = Knobs::default();
    change(&mut knobs);
    World::start(&knobs, &Ports::default()).await.unwrap()
}

fn place() -> Span {
    Span::new("scenarios/a.yaml", 1, 1)
}

fn composed(target: &Target, n: u32, text: &str) -> (Sent, MailIdentity) {
    let send = SendSpec {
        from: Spanned::new("external".into(), place()),
        to: vec![Spanned::new("company".into(), place())],
        envelope_from: None,
        subject: Some(Template::new("Prüfung $token", place())),
        text: Some(Template::new(text, place())),
        html: None,
        headers: Vec::new(),
        encoding: None,
        attach: Vec::new(),
        eml: None,
    };
    let (run, token) = (RunId::new("01JDTESTRUN"), Token::of(&RunId::new("01JDTESTRUN"), n as usize, 1));
    let mut vars = Vars::new();
    vars.set("token", token.as_str());
    let occasion =
        ComposeContext { target, vars: &vars, token: &token, run: &run, now: 1_790_000_000, base: Path::new(".") };
    let sent = compose(&send, &occasion).unwrap();
    let wanted = MailIdentity { message_id: sent.message_id.clone(), token };
    (sent, wanted)
}

async fn submitted(target: &Target, sent: &Sent) -> Submission {
    let endpoint = target.accounts["external"].smtp.as_ref().unwrap();
    submit(endpoint, "probe.example", sent, PATIENCE, &Tokens::default()).await.unwrap()
}

async fn watch(mailboxes: &Mailboxes, target: &Target, account: &str, folder: Folder, wanted: &MailIdentity) -> Watch {
    mailboxes.watch(&target.accounts[account], folder, wanted.clone()).await.unwrap().expect("the folder")
}

async fn arrival(watch: &mut Watch) -> Arrival {
    watch.next(Instant::now() + PATIENCE).await.unwrap().expect("an arrival in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_copy_arrives_in_the_gmail_look_alike() {
    let world = world(|_| {}).await;
    let target = world.target();
    let mailboxes = Mailboxes::default();
    let (sent, wanted) = composed(&target, 0, "Grüße $token\n");
    let mut inbox = watch(&mailboxes, &target, "gmail", Folder::Inbox, &wanted).await;
    let mut spam = watch(&mailboxes, &target, "gmail", Folder::Spam, &wanted).await;
    let submission = submitted(&target, &sent).await;
    assert!(submission.accepted(), "{}", submission.transcript);
    assert!(submission.queue_id.is_some(), "{}", submission.transcript);
    assert!(submission.tls.is_some());
    assert_eq!(submission.deciding().unwrap().stage, Stage::Message);
    let copy = arrival(&mut inbox).await;
    assert!(copy.gm_msgid.is_some(), "{copy:?}");
    let message = &copy.message;
    assert_eq!(message.message_id().as_deref(), Some(sent.message_id.as_str()));
    assert!(message.first("ARC-Seal").is_some());
    assert!(spam.next(Instant::now()).await.unwrap().is_none());
    let gmail = &target.accounts["gmail"];
    let folders = [Folder::All, Folder::Inbox, Folder::Spam];
    let there = async || {
        let searched = mailboxes.search(gmail, &folders, &wanted, 0).await.unwrap();
        searched.into_iter().map(|search| search.arrivals.len()).collect::<Vec<_>>()
    };
    assert_eq!(there().await, [1, 1, 0]);
    mailboxes.delete(&copy, Instant::now() + PATIENCE).await.unwrap();
    assert_eq!(there().await, [0, 0, 0]);
    assert_eq!(mailboxes.connections(), (3, 0));
    let secret = gmail.imap.as_ref().unwrap().endpoint.login.as_ref().unwrap().secret.expose();
    assert!(!mailboxes.transcript("gmail").contains(secret));
    assert!(!submission.transcript.contains(secret));
    mailboxes.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_sessions_are_not_shown() {
    for fault in [ImapFault::Stale, ImapFault::Late] {
        let world = world(|k| k.gmail.imap = fault).await;
        let target = world.target();
        let mailboxes = Mailboxes::new(Duration::from_secs(600));
        let (sent, wanted) = composed(&target, 0, "text\n");
        let gmail = &target.accounts["gmail"];
        let folders = [Folder::Inbox, Folder::Spam];
        let before = mailboxes.search(gmail, &folders, &wanted, 0).await.unwrap();
        assert!(before.iter().all(|search| search.name.is_some() && search.arrivals.is_empty()), "{before:?}");
        assert!(submitted(&target, &sent).await.accepted());
        let until = Instant::now() + PATIENCE;
        let copy = loop {
            assert!(Instant::now() < until, "{fault:?}: {}", mailboxes.transcript("gmail"));
            let mut found = mailboxes.search(gmail, &folders, &wanted, 0).await.unwrap();
            if let Some(copy) = found[0].arrivals.pop() {
                break copy;
            }
        };
        assert_eq!(copy.folder, Folder::Inbox);
        assert!(copy.gm_msgid.is_some() && copy.labels.is_some() && copy.internal_date.is_some(), "{copy:?}");
        mailboxes.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_comes_back_to_the_sender_s_mailbox() {
    let world = world(|k| k.company.reject = Some("550 5.1.1 no such user".into())).await;
    let target = world.target();
    let mailboxes = Mailboxes::default();
    let (sent, wanted) = composed(&target, 0, "text\n");
    let mut back = watch(&mailboxes, &target, "external", Folder::Inbox, &wanted).await;
    assert!(submitted(&target, &sent).await.accepted());
    let bounce = arrival(&mut back).await;
    let dsn = bounce.dsn.expect("a report");
    assert_eq!(dsn.original_message_id.as_deref(), Some(sent.message_id.as_str()));
    mailboxes.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_attempts_share_two_connections_and_each_gets_its_own() {
    let world = world(|k| k.gmail.locale = Locale::Ja).await;
    let target = world.target();
    let mailboxes = Mailboxes::default();
    let attempts = (0..50).map(|n| {
        let (mailboxes, target) = (mailboxes.clone(), target.clone());
        tokio::spawn(async move {
            let (sent, wanted) = composed(&target, n, &format!("attempt {n}\n"));
            let mut inbox = watch(&mailboxes, &target, "gmail", Folder::Inbox, &wanted).await;
            let mut spam = watch(&mailboxes, &target, "gmail", Folder::Spam, &wanted).await;
            assert!(submitted(&target, &sent).await.accepted());
            let copy = arrival(&mut inbox).await;
            assert!(String::from_utf8_lossy(copy.raw()).contains(&format!("attempt {n}\r\n")));
            assert!(spam.next(Instant::now()).await.unwrap().is_none());
            assert!(inbox.next(Instant::now()).await.unwrap().is_none());
        })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        attempt.await.unwrap();
    }
    assert_eq!(mailboxes.connections(), (2, 0));
    mailboxes.close().await;
}
