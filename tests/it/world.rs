//! The embedded world from end to end: mail in at one end, mailboxes at the other.

use crate::wire::{Client, within};
use sealcheck::{
    lab::embedded::{
        Ports, World,
        store::{FolderKind, Store},
    },
    scenario::Knobs,
};

const GMAIL: &str = "probe.inbox@gmail.com";

async fn world(change: impl FnOnce(&mut Knobs)) -> World {
    let mut knobs = Knobs::default();
    change(&mut knobs);
    World::start(&knobs, &Ports::default()).await.unwrap()
}

fn mail(id: &str) -> String {
    format!(
        "From: Probe <probe@ext.example>\r\nTo: info@corp.example\r\nSubject: about {id}\r\nDate: Tue, 24 Nov 2026 \
         02:45:36 +0000\r\nMessage-ID: <{id}@ext.example>\r\n\r\nBody of {id}.\r\n"
    )
}

async fn submit(world: &World, to: &[&str], message: &str) {
    let target = world.target();
    let mut client = Client::login(target.accounts["external"].smtp.as_ref().unwrap()).await;
    let reply = client.send("probe@ext.example", to, message.as_bytes()).await;
    assert!(reply.starts_with("250 2.0.0 Ok: queued as"), "{reply}");
}

/// The message with this text, as soon as it is in the folder.
async fn arrival(store: &Store, address: &str, folder: FolderKind, text: &str) -> String {
    let account = store.account(address).unwrap();
    let mut news = account.news();
    within(&format!("the arrival of {text}"), async {
        loop {
            news.mark_unchanged();
            let found = account
                .messages(&folder)
                .into_iter()
                .map(|m| String::from_utf8_lossy(&m.raw).into_owned())
                .find(|m| m.contains(text));
            match found {
                Some(message) => return message,
                None => news.changed().await.unwrap(),
            }
        }
    })
    .await
}

async fn in_gmail(world: &World, text: &str) -> String {
    arrival(world.gmail_mailboxes(), GMAIL, FolderKind::Inbox, text).await
}

async fn bounce(world: &World, text: &str) -> String {
    arrival(world.external_mailboxes(), "probe@ext.example", FolderKind::Inbox, text).await
}

fn header<'m>(message: &'m str, name: &str) -> Vec<&'m str> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.split("\r\n").filter(|l| l.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase())).collect()
}

#[tokio::test]
async fn a_forwarded_mail_is_signed_and_sealed() {
    let world = world(|_| {}).await;
    submit(&world, &["info@corp.example"], &mail("one")).await;
    let copy = in_gmail(&world, "Body of one.").await;
    for part in [
        "ARC-Seal: i=1; s=s2026; d=corp.example;",
        "\tcv=none;",
        "dkim=pass header.d=ext.example header.s=ext2026",
        "spf=pass (mx.corp.example: domain of probe@ext.example designates 192.0.2.10 as permitted sender)",
        "dmarc=pass (policy=reject) header.from=ext.example",
        "Received: from mx.corp.example (mx.corp.example. [198.51.100.20])",
        "Received: from smtp.ext.example (smtp.ext.example [192.0.2.10])",
        "\tfor <info@corp.example>;",
    ] {
        assert!(copy.contains(part), "{part} is not in\n{copy}");
    }
    assert!(copy.contains("with ESMTPS id"), "mail between servers goes over TLS\n{copy}");
    assert!(copy.contains("with ESMTPSA id"), "{copy}");
}
