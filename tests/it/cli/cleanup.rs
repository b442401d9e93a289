//! `sealcheck cleanup` puts away old mail of ours, and leaves everything else.

use crate::support::program::Project;
use sealcheck::{
    core::{Redactor, Secret},
    lab::embedded::{Ports, World, store::FolderKind},
    probe::mailbox::Mailboxes,
    target::{Account, Knobs, Target},
};
use std::fs;

const DAY: i64 = 86_400;

fn mail(head: &str, body: &str) -> String {
    let id = head.lines().next().unwrap().replace(": ", "-");
    format!("From: a@ext.example\r\nMessage-ID: <{id}@x.example>\r\n{head}\r\n{body}\r\n")
}

fn probe(subject: &str) -> String {
    mail(&format!("Subject: {subject}\r\nX-Sealcheck-Run: sc-{subject}; run=01JD\r\n"), "text")
}

fn bounce(subject: &str, returned: &str) -> String {
    let head =
        format!("Subject: {subject}\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n");
    mail(&head, &format!("--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}--b--"))
}

/// Puts mail into the mailbox, each so many days old.
fn fill(world: &World, mails: &[(FolderKind, String, i64)]) {
    let account = world.gmail_mailboxes().account("probe.inbox@gmail.com").unwrap();
    for (folder, text, days) in mails {
        let received = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(days * DAY);
        account.deliver(folder, text.as_bytes().into(), received);
    }
}

/// The subjects that are left, sorted.
fn left(world: &World) -> Vec<String> {
    let account = world.gmail_mailboxes().account("probe.inbox@gmail.com").unwrap();
    let mut all: Vec<String> = [FolderKind::All, FolderKind::Junk]
        .iter()
        .flat_map(|folder| account.messages(folder))
        .map(|m| {
            let text = String::from_utf8_lossy(&m.raw).into_owned();
            text.split("Subject: ").nth(1).unwrap().lines().next().unwrap().to_owned()
        })
        .collect();
    all.sort();
    all
}

async fn subjects(mailboxes: &Mailboxes, gmail: &Account, before: i64, remove: bool) -> Vec<String> {
    let mut found: Vec<_> =
        mailboxes.test_mail(gmail, before, remove).await.unwrap().into_iter().map(|l| l.subject).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn only_old_mail_of_ours_goes() {
    let world = World::start(&Knobs::default(), &Ports::default()).await.unwrap();
    let returned = "Subject: ours\r\nX-Sealcheck-Run: sc-1; run=01JD\r\n";
    let in_text = mail("Subject: in-a-text\r\n", "X-Sealcheck-Run: sc-1; run=01JD");
    fill(
        &world,
        &[
            (FolderKind::Inbox, probe("old"), 8),
            (FolderKind::Inbox, probe("young"), 6),
            (FolderKind::Junk, probe("old-spam"), 30),
            (FolderKind::All, probe("archived"), 9),
            (FolderKind::Inbox, bounce("a-bounce-of-ours", returned), 8),
            (FolderKind::Inbox, bounce("a-bounce", "Subject: theirs\r\n"), 8),
            (FolderKind::Inbox, mail("Subject: theirs\r\n", "text"), 400),
            // Who quotes our header has written a mail of his own.
            (FolderKind::Inbox, in_text, 8),
        ],
    );
    let target: Target = world.target();
    let gmail = &target.accounts["gmail"];
    let mailboxes = Mailboxes::default();
    let week_ago = jiff::Timestamp::now().as_second() - 7 * DAY;
    let ours = ["a-bounce-of-ours", "archived", "old", "old-spam"];
    assert_eq!(subjects(&mailboxes, gmail, week_ago, false).await, ours);
    assert_eq!(left(&world).len(), 8);
    assert_eq!(subjects(&mailboxes, gmail, week_ago, true).await, ours);
    assert_eq!(left(&world), ["a-bounce", "in-a-text", "theirs", "young"]);
    assert_eq!(subjects(&mailboxes, gmail, week_ago, true).await, [""; 0]);
    mailboxes.close().await;
}

const KEPT: &str = "sealcheck: 1
name: kept
targets: [gmail]
send: { from: external, to: company, subject: left behind }
wait: { timeout: 20s }
expect: [{ delivered: gmail }]
snapshot: none
cleanup: keep
";

#[test]
fn the_command_says_what_goes_and_asks_accounts_one_by_one() {
    let project = Project::new().scenario("kept", KEPT);
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let ran = project.run(&["run", "--target", "gmail"]);
    assert_eq!(ran.code, 0, "{ran}");
    let young = project.run(&["cleanup", "--older-than", "1d"]);
    let names = ["external", "external-2", "gmail", "gmail-2"];
    let none: String = names.iter().map(|name| format!("{name}: removed 0 mails older than 1d\n")).collect();
    assert_eq!((young.code, young.stdout), (0, none), "{}", young.stderr);
    let dry = project.run(&["cleanup", "--account", "gmail", "--older-than", "0s", "--dry-run", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    assert_eq!(document["removed"], false);
    assert_eq!(document["accounts"][0]["mails"][0]["subject"], "left behind", "{dry}");

    for (args, says) in [
        (&["cleanup", "--older-than", "0s", "--account", "gmial"][..], "did you mean `gmail`?"),
        (&["cleanup", "--older-than", "0s", "--account", "company"], "account `company` has no mailbox"),
        (&["cleanup", "--older-than", "soon"], "`soon` is no duration"),
        (&["cleanup"], "--older-than"),
    ] {
        let refused = project.run(args);
        assert!(refused.code == 2 && refused.stderr.contains(says), "{args:?}: {refused}");
    }

    // A wrong password of one account keeps no other from being swept, and is shown nowhere.
    let config = project.read("sealcheck.yaml");
    let (_, external) = config.split_once("\n  external:").unwrap();
    let file = external.split("password: { file: \"").nth(1).unwrap().split('"').next().unwrap();
    fs::write(project.path(file), "not-the-word").unwrap();
    let ran = project.run(&["cleanup", "--older-than", "0s"]);
    let redactor = Redactor::new();
    redactor.learn("x", &Secret::new("not-the-word"));
    assert!(ran.code == 3 && ran.stderr.contains("H01: external"), "{ran}");
    assert!(!redactor.leaks(ran.stderr.as_bytes()), "{ran}");
    assert!(ran.stdout.contains("gmail: removed 1 mail older than 0s\n  all"), "{ran}");
    assert_eq!(lab.end(), 0);
}
