//! The embedded world from end to end: mail in at one end, mailboxes at the other.

use crate::support::wire::{Client, within};
use sealcheck::{
    lab::embedded::{
        Ports, World,
        hosts::{COMPANY_ADDRESS, EXTERNAL_ADDRESS},
        store::{FolderKind, Store},
    },
    target::{
        Knobs, Provider, TlsMode,
        knobs::{
            ArcSealing, CompanyKnobs, Deferral, DmarcRecord, DnsAnswer, DnsFault, Modification, PublishedKey,
            SenderArc, SenderDkim,
        },
    },
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

fn unfolded(message: &str) -> String {
    message.replace("\r\n\t", " ").replace("\r\n   ", "")
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

#[tokio::test]
async fn without_any_signature_the_receiver_refuses_and_the_sender_hears_of_it() {
    for srs in [false, true] {
        let world = world(|knobs| {
            knobs.external.dkim = SenderDkim::None;
            knobs.company.arc = ArcSealing::Off;
            knobs.company.srs = srs;
        })
        .await;
        submit(&world, &["info@corp.example"], &mail("bare")).await;
        let report = unfolded(&bounce(&world, "<bare@ext.example>").await);
        for part in [
            "From: Mail Delivery System <MAILER-DAEMON@corp.example>",
            "\r\nTo: probe@ext.example\r\n",
            "<probe.inbox@gmail.com> (expanded from <info@corp.example>)",
            "Final-Recipient: rfc822; probe.inbox@gmail.com",
            "Original-Recipient: rfc822;info@corp.example",
            "Status: 5.7.26",
            "Diagnostic-Code: smtp; 550-5.7.26 ",
            "(in reply to end of DATA command)",
            "dkim=none",
        ] {
            assert!(report.contains(part), "{part} is not in\n{report}");
        }
        assert_eq!(report.contains("X-Postfix-Sender: rfc822; SRS0="), srs);
        for name in ["DKIM-Signature:", "ARC-Seal:", "ARC-Message-Signature:", "ARC-Authentication-Results:"] {
            assert!(!report.contains(name), "{name} is in\n{report}");
        }
        let gmail = world.gmail_mailboxes().account(GMAIL).unwrap();
        assert!(gmail.messages(&FolderKind::All).is_empty() && gmail.messages(&FolderKind::Junk).is_empty());
    }
}

#[tokio::test]
async fn a_deferred_mail_is_tried_again_with_the_same_seal() {
    let world = world(|knobs| {
        knobs.gmail.defer = Some(Deferral { reply: "421 4.7.28".into(), times: 3 });
    })
    .await;
    submit(&world, &["info@corp.example"], &mail("later")).await;
    let copy = in_gmail(&world, "Body of later.").await;
    assert!(copy.contains("arc=pass (i=1 spf=pass spfdomain=ext.example"), "{copy}");
    let account = world.gmail_mailboxes().account(GMAIL).unwrap();
    assert_eq!(account.messages(&FolderKind::All).len(), 1);
}

#[tokio::test]
async fn mail_can_go_past_the_company_and_come_from_the_account_itself() {
    let world = world(|_| {}).await;
    submit(&world, &[GMAIL], &mail("direct")).await;
    let copy = in_gmail(&world, "Body of direct.").await;
    assert!(
        !copy.contains("corp.example id") && copy.contains("spf=pass (google.com: domain of probe@ext.example"),
        "{copy}"
    );
    let target = world.target();
    let mut client = Client::login(target.accounts["self"].smtp.as_ref().unwrap()).await;
    let own = mail("own").replace("Probe <probe@ext.example>", GMAIL);
    assert!(client.send(GMAIL, &["info@corp.example"], own.as_bytes()).await.starts_with("250"));
    arrival(world.gmail_mailboxes(), GMAIL, FolderKind::Sent, "Body of own.").await;
    let inbox = world.gmail_mailboxes().account(GMAIL).unwrap().messages(&FolderKind::Inbox);
    assert_eq!(inbox.len(), 1, "mail from the account itself stays out of the inbox");
}

#[tokio::test]
async fn the_dedicated_key_has_its_own_selector() {
    let world = world(|knobs| {
        knobs.company.arc = ArcSealing::DedicatedKey;
        knobs.company.arc_key = PublishedKey::Missing;
    })
    .await;
    submit(&world, &["sales@corp.example"], &mail("dedicated")).await;
    let second = world.target().accounts["gmail-2"].address.clone();
    let copy = arrival(world.gmail_mailboxes(), &second, FolderKind::Inbox, "Body of dedicated.").await;
    assert!(copy.contains("ARC-Seal: i=1; s=arc2026; d=corp.example;"), "{copy}");
}

#[tokio::test]
async fn a_sender_that_seals_comes_first() {
    let world = world(|knobs| knobs.external.arc = SenderArc::Seal).await;
    submit(&world, &["info@corp.example"], &mail("sealed")).await;
    let copy = unfolded(&in_gmail(&world, "Body of sealed.").await);
    assert!(copy.contains("ARC-Seal: i=2; s=s2026; d=corp.example;") && copy.contains("cv=pass;"), "{copy}");
    assert!(copy.contains("ARC-Seal: i=1; s=ext2026; d=ext.example;") && copy.contains("cv=none;"), "{copy}");
    assert!(copy.contains("i=1; smtp.ext.example; arc=none"), "{copy}");
    assert!(copy.contains("arc=pass (\"ext.example:i=1\")"), "{copy}");
}

#[tokio::test]
async fn the_company_changes_what_it_sealed() {
    for (modify, changed, why) in [
        (Modification::Body, "Body of changed.\r\n\r\n-- \r\nForwarded", "arc=fail (body hash mismatch)"),
        (Modification::Subject, "Subject: [corp] about", "arc=fail (signature failed)"),
    ] {
        let world = world(|knobs| {
            knobs.company.modify = modify;
            knobs.company.srs = true;
            knobs.external.dmarc = DmarcRecord::None;
        })
        .await;
        submit(&world, &["info@corp.example"], &mail("changed")).await;
        let copy = unfolded(&in_gmail(&world, "Body of changed.").await);
        for part in [changed, why, "i=2; a=rsa-sha256;", "cv=fail;", "ARC-Seal: i=1; s=s2026; d=corp.example;"] {
            assert!(copy.contains(part), "{part} is not in\n{copy}");
        }
    }
}

#[tokio::test]
async fn an_unknown_user_comes_back_as_a_report() {
    let world = world(|_| {}).await;
    submit(&world, &["Nobody@corp.example"], &mail("unknown")).await;
    let report = bounce(&world, "<unknown@ext.example>").await;
    let text = unfolded(&report);
    for part in [
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@ext.example>",
        "Final-Recipient: rfc822; Nobody@corp.example",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: dns; mx.corp.example",
        "Diagnostic-Code: smtp; 550 5.1.1 <Nobody@corp.example>: Recipient address rejected: User unknown",
        "(in reply to RCPT TO command)",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_domain_that_is_not_there_is_told_at_once() {
    let world = world(|_| {}).await;
    submit(&world, &["x@nowhere.example"], &mail("nowhere")).await;
    let text = unfolded(&bounce(&world, "<nowhere@ext.example>").await);
    assert!(text.contains("Status: 5.4.4"), "{text}");
    assert!(text.contains("Diagnostic-Code: X-Postfix; Host or domain name not found."), "{text}");
}

#[tokio::test]
async fn the_company_refuses_when_told_to() {
    let world = world(|knobs| knobs.company.reject = Some("550 5.7.1 not today".into())).await;
    submit(&world, &["info@corp.example"], &mail("refused")).await;
    let text = unfolded(&bounce(&world, "<refused@ext.example>").await);
    assert!(text.contains("Diagnostic-Code: smtp; 550 5.7.1 not today"), "{text}");
    for wrong in ["no", "250 2.0.0 fine"] {
        let company = CompanyKnobs { reject: Some(wrong.into()), ..CompanyKnobs::default() };
        let knobs = Knobs { company, ..Knobs::default() };
        let error = World::start(&knobs, &Ports::default()).await.err().unwrap();
        assert!(error.to_string().contains(&format!("`{wrong}` is no SMTP")), "{error}");
    }
}

#[tokio::test]
async fn a_greylisted_mail_arrives_once() {
    let world = world(|knobs| knobs.company.greylist = true).await;
    for id in ["grey1", "grey2"] {
        submit(&world, &["info@corp.example"], &mail(id)).await;
        in_gmail(&world, &format!("Body of {id}.")).await;
    }
    let inbox = world.gmail_mailboxes().account(GMAIL).unwrap().messages(&FolderKind::Inbox);
    assert_eq!(inbox.len(), 2);
}

#[tokio::test]
async fn greylisting_wants_to_see_a_message_twice() {
    let world = world(|knobs| knobs.company.greylist = true).await;
    let at = world.net().socket(COMPANY_ADDRESS.into(), 25).unwrap();
    let (mut client, _) = Client::proxied(at, EXTERNAL_ADDRESS).await;
    client.ask("EHLO smtp.ext.example").await;
    for (message, reply) in [("first", "451 4.7.1 "), ("second", "451 4.7.1 "), ("first", "250 2.0.0 ")] {
        let said = client.send("probe@ext.example", &["info@corp.example"], mail(message).trim_end().as_bytes()).await;
        assert!(said.starts_with(reply), "{message}: {said}");
    }
}

#[tokio::test]
async fn results_that_claim_to_be_the_companys_do_not_pass_it() {
    let world = world(|_| {}).await;
    let forged = "Authentication-Results: mx.corp.example; dmarc=pass header.from=bank.example\r\n\
                  Authentication-Results: mx.other.example; dmarc=pass header.from=bank.example\r\n";
    submit(&world, &["info@corp.example"], &format!("{forged}{}", mail("forged"))).await;
    let copy = in_gmail(&world, "Body of forged.").await;
    assert_eq!(copy.matches("\r\nAuthentication-Results: mx.corp.example;").count(), 1, "{copy}");
    assert!(!copy.contains("mx.corp.example; dmarc=pass") && copy.contains("mx.other.example; dmarc=pass"), "{copy}");
}

#[tokio::test]
async fn a_rewritten_sender_leads_back() {
    let world = world(|knobs| knobs.company.srs = true).await;
    submit(&world, &["info@corp.example"], &mail("srs")).await;
    let copy = in_gmail(&world, "Body of srs.").await;
    let sender = copy.split("Return-Path: <").nth(1).unwrap().split('>').next().unwrap().to_owned();
    assert!(sender.starts_with("SRS0=") && sender.ends_with("=ext.example=probe@corp.example"), "{sender}");
    assert!(copy.contains("smtp.mailfrom=probe@ext.example"), "the results are about the true sender\n{copy}");
    submit(&world, &[&sender], &mail("back")).await;
    let back = bounce(&world, "Body of back.").await;
    assert!(back.contains("Delivered-To: probe@ext.example"), "{back}");
    let forged = sender.replace("=probe@", "=second@");
    submit(&world, &[&forged], &mail("forged")).await;
    let report = unfolded(&bounce(&world, "<forged@ext.example>").await);
    assert!(report.contains("SRS hash does not match"), "{report}");
}

#[tokio::test]
async fn a_dns_fault_shows_in_the_results() {
    let fault = DnsFault { name: "ext.example".into(), rtype: "TXT".into(), answer: DnsAnswer::ServFail };
    let world = world(|knobs| knobs.dns = vec![fault]).await;
    submit(&world, &["info@corp.example"], &mail("dns")).await;
    let copy = in_gmail(&world, "Body of dns.").await;
    assert!(copy.contains("spf=temperror") && copy.contains("dkim=pass"), "{copy}");
}

#[tokio::test]
async fn both_recipients_get_one_copy_each() {
    let world = world(|_| {}).await;
    submit(&world, &["info@corp.example", "Sales@Corp.example"], &mail("both")).await;
    let one = in_gmail(&world, "Body of both.").await;
    let second = world.target().accounts["gmail-2"].address.clone();
    let two = arrival(world.gmail_mailboxes(), &second, FolderKind::Inbox, "Body of both.").await;
    let seal = |copy: &str| copy.split("ARC-Seal: i=1;").nth(1).unwrap().split("\r\nARC-").next().unwrap().to_owned();
    assert_eq!(seal(&one), seal(&two), "the company sealed once for both");
}

#[tokio::test]
async fn eight_bit_and_long_lines_pass_unchanged() {
    let world = world(|_| {}).await;
    let target = world.target();
    let mut client = Client::login(target.accounts["external"].smtp.as_ref().unwrap()).await;
    let body = [&b"caf\xe9 Body of bytes. \t \r\n"[..], &[b'x'; 5000], b"\r\n \r\n\r\n"].concat();
    let message = [mail("x").split("Body").next().unwrap().as_bytes(), &body].concat();
    client.ask("MAIL FROM:<probe@ext.example> BODY=8BITMIME").await;
    client.ask("RCPT TO:<info@corp.example>").await;
    client.ask("DATA").await;
    client.write(&message).await;
    assert!(client.ask(".").await.starts_with("250"));
    in_gmail(&world, "Body of bytes.").await;
    let stored = world.gmail_mailboxes().account(GMAIL).unwrap().messages(&FolderKind::Inbox);
    assert!(stored[0].raw.ends_with(&body));
    assert!(String::from_utf8_lossy(&stored[0].raw).contains("dkim=pass"));
}

#[tokio::test]
async fn submission_wants_a_login() {
    let world = world(|_| {}).await;
    let target = world.target();
    let endpoint = target.accounts["external"].smtp.clone().unwrap();
    let (mut client, greeting) = Client::connect(format!("127.0.0.1:{}", endpoint.port).parse().unwrap()).await;
    assert_eq!(greeting, "220 smtp.ext.example ESMTP Postfix");
    assert!(!client.ask("EHLO a.example").await.contains("AUTH"));
    assert_eq!(client.ask("MAIL FROM:<probe@ext.example>").await, "530 5.7.0 Must issue a STARTTLS command first");
    let submissions = world.describe().servers.iter().find(|s| s.name == "submissions").unwrap().address;
    let (name, ca) = (endpoint.tls_name.as_deref().unwrap(), endpoint.ca_pem.as_deref().unwrap());
    let mut client = Client::over_tls(submissions, name, ca).await;
    client.ask("EHLO a.example").await;
    assert_eq!(client.ask("MAIL FROM:<probe@ext.example>").await, "530 5.7.0 Authentication required");
    assert_eq!(
        client.ask("AUTH PLAIN AHByb2JlQGV4dC5leGFtcGxlAHdyb25n").await,
        "535 5.7.8 Error: authentication failed"
    );
}

#[tokio::test]
async fn the_target_is_complete_and_every_world_has_its_own_secrets() {
    let (one, two) = (world(|_| {}).await, world(|_| {}).await);
    let target = one.target();
    let names: Vec<_> = target.accounts.keys().map(String::as_str).collect();
    assert_eq!(names, ["company", "company-2", "external", "external-2", "gmail", "gmail-2", "self"]);
    assert_eq!(target.accounts["company"].forwards_to.as_deref(), Some("gmail"));
    assert_eq!(target.accounts["gmail"].seal_domain.as_deref(), Some("google.com"));
    assert_eq!(target.accounts["self"].address, target.accounts["gmail"].address);
    let imap = target.accounts["gmail"].imap.clone().unwrap();
    assert_eq!((imap.provider, imap.endpoint.tls), (Provider::Gmail, TlsMode::Implicit));
    let secret = |world: &World| {
        let login = world.target().accounts["external"].smtp.clone().unwrap().login.unwrap();
        login.secret.expose().to_owned()
    };
    assert_ne!(secret(&one), secret(&two));
    assert_eq!(secret(&one).len(), 32);
    let json = serde_json::to_value(one.describe()).unwrap();
    assert_eq!(json["servers"].as_array().unwrap().len(), 7);
    assert!(
        json["accounts"].as_array().unwrap().iter().any(|a| a["name"] == "external" && a["password"] == secret(&one))
    );
    assert!(json["ca_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(json["dns"], target.dns.unwrap().to_string());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let number = taken.local_addr().unwrap().port();
    let all = |ports: Ports| async move { World::start(&Knobs::default(), &ports).await.err().unwrap().to_string() };
    let error = all(Ports { company_mx: number, ..Ports::default() }).await;
    assert!(error.contains(&format!("the company's MX on port {number}")), "{error}");
    let error = all(Ports { dns: number, ..Ports::default() }).await;
    assert!(error.contains(&format!("DNS on port {number}")), "{error}");
}

#[tokio::test]
async fn fixed_ports_are_used_and_free_again_at_the_end() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let ports = Ports { submission: free.port(), ..Ports::default() };
    for _ in 0..2 {
        let world = World::start(&Knobs::default(), &ports).await.unwrap();
        assert_eq!(world.target().accounts["external"].smtp.as_ref().unwrap().port, free.port());
        within("the end of the world", world.stop()).await;
    }
    assert!(tokio::net::TcpStream::connect(free).await.is_err());
}

#[tokio::test]
async fn a_mail_that_went_in_circles_is_refused_by_the_company() {
    let world = world(|_| {}).await;
    let hop = "Received: from a.example by b.example; Tue, 24 Nov 2026 02:45:36 +0000\r\n";
    submit(&world, &["info@corp.example"], &format!("{}{}", hop.repeat(60), mail("circles"))).await;
    let report = unfolded(&bounce(&world, "<circles@ext.example>").await);
    assert!(report.contains("Status: 5.4.0") && report.contains("too many hops"), "{report}");
    submit(&world, &["info@corp.example"], &format!("{}{}", hop.repeat(40), mail("long way"))).await;
    in_gmail(&world, "Body of long way.").await;
}
