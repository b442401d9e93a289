//! Snapshots of mails that really went through the embedded world, with keys, ports and ids of their own in every world.

use crate::support::{
    seen::{accepted, copy, scenario},
    wire::{Client, within},
};
use sealcheck::{
    evidence::{Bounce, Evidence, Folder, Sent},
    judge::snapshot::{changes, normalise},
    lab::embedded::{
        Ports, World,
        store::{FolderKind, Store},
    },
    scenario::model::SnapshotPreset,
    target::{
        Knobs,
        knobs::{ArcSealing, DmarcRecord, Modification, Placement, SenderDkim},
    },
    verify::{Dns, verify},
};
use std::time::Duration;

/// The first message in a folder, as soon as it is there.
async fn first(store: &Store, address: &str, folder: FolderKind) -> String {
    let account = store.account(address).unwrap();
    let mut news = account.news();
    within(&format!("mail for {address}"), async {
        loop {
            news.mark_unchanged();
            match account.messages(&folder).first() {
                Some(message) => return String::from_utf8_lossy(&message.raw).into_owned(),
                None => news.changed().await.unwrap(),
            }
        }
    })
    .await
}

/// What the `n`th run sees in a world with these knobs, as a snapshot with everything in it. `folder` is where the copy
/// goes; without one the mail bounces.
async fn snapshot(n: u32, folder: Option<Folder>, change: impl FnOnce(&mut Knobs)) -> String {
    let mut knobs = Knobs::default();
    change(&mut knobs);
    let world = World::start(&knobs, &Ports::default()).await.unwrap();
    let target = world.target();
    let (from, to) = (&target.accounts["external"].address, &target.accounts["company"].address);
    let token = crate::support::seen::token(n);
    let raw = format!(
        "From: Probe <{from}>\r\nTo: {to}\r\nSubject: ARC check {token}\r\nDate: Tue, 24 Nov 2026 02:45:3{n} +0000\r\nMessage-ID: <{token}@ext.example>\r\nX-Sealcheck-Run: {token}; run=x\r\n\r\nNothing here may change.\r\n"
    );
    let mut client = Client::login(target.accounts["external"].smtp.as_ref().unwrap()).await;
    assert!(client.send(from, &[to], raw.as_bytes()).await.starts_with("250"));
    let message_id = format!("<{token}@ext.example>");
    let sent = Sent::new(raw, message_id, from.clone(), vec![to.clone()]);
    let mut evidence = Evidence { sent, ..accepted(n) };
    let after = Duration::from_millis(n.into());
    match folder {
        Some(folder) => {
            let kind = if folder == Folder::Spam { FolderKind::Junk } else { FolderKind::Inbox };
            let text = first(world.gmail_mailboxes(), &target.accounts["gmail"].address, kind).await;
            let mut copy = copy("gmail", folder, &text, after);
            let now = jiff::Timestamp::now().as_second();
            copy.verification = verify(&copy.arrival.message, &Dns::server(target.dns.unwrap()).unwrap(), now).await;
            evidence.copies.push(copy);
        }
        None => {
            let text = first(world.external_mailboxes(), from, FolderKind::Inbox).await;
            let arrival = copy("external", Folder::Inbox, &text, after).arrival;
            let dsn = arrival.dsn.clone().unwrap();
            evidence.bounces.push(Bounce { arrival, after, dsn, returned: None });
        }
    }
    normalise(&evidence, &scenario("forward-arc", Vec::new()), &target, SnapshotPreset::Full).unwrap()
}

#[tokio::test]
async fn two_worlds_give_the_same_snapshot() {
    let (one, two) = tokio::join!(snapshot(1, Some(Folder::Inbox), |_| {}), snapshot(2, Some(Folder::Inbox), |_| {}));
    assert_eq!(one, two);
    for line in ["127.0.0.1", "2026", "localhost"] {
        assert!(!one.contains(line), "{line} in\n{one}");
    }
    assert!(one.contains("- external -> company ESMTPS\n  - company -> gmail ESMTPS\nbody: unchanged"), "{one}");
    assert_eq!(one.matches("verifies: true").count(), 2, "{one}");
}

#[tokio::test]
async fn a_key_of_its_own_changes_nothing_and_other_knobs_are_told() {
    let inbox = Some(Folder::Inbox);
    let sound = snapshot(1, inbox, |_| {}).await;
    let key = snapshot(2, inbox, |k| k.company.arc = ArcSealing::DedicatedKey).await;
    assert_eq!(changes(&sound, &key), [""; 0], "only the selector is another");

    let unsealed = changes(&sound, &snapshot(3, inbox, |k| k.company.arc = ArcSealing::Off).await);
    for words in ["signer of i=1: $company → $gmail.seal_domain", "arc[i=2]: i=2 by=$gmail.seal_domain"] {
        assert!(unsealed.iter().any(|w| w.starts_with(words)), "{words} in {unsealed:#?}");
    }
    let spam = changes(&sound, &snapshot(4, Some(Folder::Spam), |k| k.gmail.folder = Placement::Spam).await);
    assert_eq!(spam, ["folder: inbox → spam"]);
}

#[tokio::test]
async fn a_body_that_changes_after_the_seal_is_told() {
    let inbox = Some(Folder::Inbox);
    // Otherwise the receiver refuses what lost its signature.
    let knobs = |k: &mut Knobs| {
        k.external.dmarc = DmarcRecord::None;
        k.company.srs = true;
    };
    let sound = snapshot(1, inbox, knobs).await;
    let footer = snapshot(2, inbox, |k| {
        knobs(k);
        k.company.modify = Modification::Body;
    });
    let said = changes(&sound, &footer.await);
    for words in ["body: unchanged → changed", "arc[i=2].cv: pass → fail", "arc: pass → fail"] {
        assert!(said.iter().any(|w| w == words), "{words} in {said:#?}");
    }
}

#[tokio::test]
async fn two_bounces_give_the_same_snapshot() {
    let bounces = |k: &mut Knobs| {
        k.company.arc = ArcSealing::Off;
        k.external.dkim = SenderDkim::None;
    };
    let (one, two) = tokio::join!(snapshot(1, None, bounces), snapshot(2, None, bounces));
    assert_eq!(one, two);
    assert!(one.contains("status: 5.7.26") && one.contains("final_recipient: $gmail.address"), "{one}");
}
