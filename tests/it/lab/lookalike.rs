//! The look-alike's MX, spoken to directly in the name of the other parties.

use crate::support::wire::Client;
use sealcheck::{
    lab::embedded::{
        Ports, World,
        authenticate::{Authentication, Authenticator, ChainFailure, Hop},
        hosts::{COMPANY_ADDRESS, EXTERNAL_ADDRESS, GMAIL_ADDRESS},
        keys::Keys,
        signing::{Message, Signer, arc, dkim_signature},
        store::FolderKind,
    },
    target::{
        Knobs,
        knobs::{Deferral, DmarcRecord, DnsAnswer, DnsFault, Placement, SpfRecord},
    },
};
use std::{net::Ipv4Addr, time::Duration};

pub(crate) const ACCOUNT: &str = "probe.inbox@gmail.com";
const TIME: i64 = 1_795_000_000;

pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) keys: Keys,
}

impl Lab {
    pub(crate) async fn new(change: impl FnOnce(&mut Knobs)) -> Self {
        let mut knobs = Knobs::default();
        change(&mut knobs);
        Self { world: World::start(&knobs, &Ports::default()).await.unwrap(), keys: Keys::load().unwrap() }
    }

    async fn client(&self, from: Ipv4Addr, helo: &str) -> Client {
        let at = self.world.net().socket(GMAIL_ADDRESS.into(), 25).unwrap();
        let (mut client, greeting) = Client::proxied(at, from).await;
        assert!(greeting.starts_with("220 mx.google.com ESMTP ") && greeting.ends_with(" - gsmtp"), "{greeting}");
        assert!(client.ask(&format!("EHLO {helo}")).await.starts_with("250-mx.google.com at your service, ["));
        client
    }

    /// Mail straight from the outside sender.
    pub(crate) async fn direct(&self, message: &str) -> String {
        let mut client = self.client(EXTERNAL_ADDRESS, "smtp.ext.example").await;
        client.send("probe@ext.example", &[ACCOUNT], message.trim_end().as_bytes()).await
    }

    /// Mail that the company forwards.
    pub(crate) async fn forwarded(&self, sender: &str, message: &str) -> String {
        let mut client = self.client(COMPANY_ADDRESS, "mx.corp.example").await;
        client.send(sender, &[ACCOUNT], message.trim_end().as_bytes()).await
    }

    pub(crate) fn signed(&self, message: &str) -> String {
        let signer = Signer::new("ext.example", "ext2026", &self.keys.sender);
        format!("{}{message}", dkim_signature(&signer, &Message::new(message.as_bytes()), TIME).unwrap())
    }

    /// With the company's set on top.
    pub(crate) async fn sealed(&self, message: &str, results: &str) -> String {
        let next = self.check(message).await.arc.next_set().unwrap();
        let signer = Signer::new("corp.example", "s2026", &self.keys.company_dkim);
        let results = format!("mx.corp.example; {results}");
        format!(
            "{}{message}",
            arc::set(&signer, &Message::new(message.as_bytes()), next, &results, TIME, arc::SealStyle::default())
                .unwrap()
        )
    }

    async fn check(&self, message: &str) -> Authentication {
        let authenticator = Authenticator::new(self.world.net().resolver(), "judge.example");
        let hop = Hop { client: EXTERNAL_ADDRESS.into(), helo: "smtp.ext.example", sender: "probe@ext.example" };
        authenticator.authenticate(hop, message.as_bytes()).await
    }

    pub(crate) fn folder(&self, kind: &FolderKind) -> Vec<String> {
        let account = self.world.gmail_mailboxes().account(ACCOUNT).unwrap();
        account.messages(kind).into_iter().map(|m| String::from_utf8(m.raw.to_vec()).unwrap()).collect()
    }

    fn inbox(&self) -> String {
        self.folder(&FolderKind::Inbox).pop().unwrap()
    }
}

pub(crate) fn mail(id: &str) -> String {
    format!(
        "From: Probe <probe@ext.example>\r\nTo: info@corp.example\r\nSubject: about {id}\r\n\
         Date: Tue, 24 Nov 2026 02:45:36 +0000\r\nMessage-ID: <{id}@ext.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain\r\n\r\nBody of {id}.\r\n"
    )
}

/// The lines of the topmost field of this name, without its name.
fn field<'m>(message: &'m str, name: &str) -> Vec<&'m str> {
    let start = if message.starts_with(name) { 0 } else { message.find(&format!("\r\n{name}: ")).unwrap() + 2 };
    let mut lines = message[start + name.len() + 2..].split("\r\n");
    lines.next().into_iter().chain(lines.take_while(|l| l.starts_with([' ', '\t']))).collect()
}

fn names(message: &str) -> Vec<&str> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.split("\r\n")
        .filter(|l| !l.is_empty() && !l.starts_with([' ', '\t']))
        .filter_map(|l| l.split(':').next())
        .collect()
}

pub(crate) const RESULTS: &str =
    "spf=pass smtp.mailfrom=probe@ext.example; dkim=pass header.d=ext.example; dmarc=pass header.from=ext.example";

#[tokio::test]
async fn a_direct_mail_is_stamped_in_googles_order() {
    let lab = Lab::new(|_| {}).await;
    let message = lab.signed(&mail("one"));
    let reply = lab.direct(&message).await;
    assert!(reply.starts_with("250 2.0.0 OK  ") && reply.ends_with(" - gsmtp"), "{reply}");
    let copy = lab.inbox();
    assert!(copy.ends_with(&message), "what came is kept as it came");
    let stamped = &copy[..copy.len() - message.len()];
    assert_eq!(
        names(stamped),
        [
            "Delivered-To",
            "Received",
            "X-Received",
            "ARC-Seal",
            "ARC-Message-Signature",
            "ARC-Authentication-Results",
            "Return-Path",
            "Received",
            "Received-SPF",
            "Authentication-Results"
        ]
    );
    let b = message.split("\tb=").nth(1).unwrap()[..8].to_owned();
    let quote = if b.contains('/') { "\"" } else { "" };
    assert_eq!(
        field(stamped, "Authentication-Results"),
        [
            "mx.google.com;",
            &format!("       dkim=pass header.i=@ext.example header.s=ext2026 header.b={quote}{b}{quote};"),
            "       spf=pass (google.com: domain of probe@ext.example designates 192.0.2.10 as permitted sender) smtp.mailfrom=probe@ext.example;",
            "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=ext.example",
        ]
    );
    let aar = field(stamped, "ARC-Authentication-Results");
    assert_eq!(aar[0], "i=1; mx.google.com;");
    assert_eq!(aar[1..], field(stamped, "Authentication-Results")[1..]);
    assert!(field(stamped, "ARC-Seal")[0].contains("cv=none;"));
    let arc = lab.check(&copy).await.arc;
    assert!(arc.passes() && arc.newest == 1, "{arc:?}");
}

#[tokio::test]
async fn a_sealed_mail_is_sealed_again_and_both_sets_hold() {
    let lab = Lab::new(|_| {}).await;
    let message = lab.sealed(&lab.signed(&mail("one")), RESULTS).await;
    assert!(lab.forwarded("SRS0=ab=cd=ext.example=Probe@corp.example", &message).await.starts_with("250"));
    let copy = lab.inbox();
    let results = field(&copy, "Authentication-Results");
    assert_eq!(
        results[2],
        "       arc=pass (i=1 spf=pass spfdomain=ext.example dkim=pass dkdomain=ext.example dmarc=pass fromdomain=ext.example);"
    );
    assert_eq!(
        results[3],
        "       spf=pass (google.com: domain of srs0=ab=cd=ext.example=probe@corp.example designates 198.51.100.20 as \
         permitted sender) smtp.mailfrom=\"SRS0=ab=cd=ext.example=Probe@corp.example\";"
    );
    assert!(field(&copy, "ARC-Seal")[0].starts_with("i=2; a=rsa-sha256; t="));
    let arc = lab.check(&copy).await.arc;
    assert_eq!((arc.newest, arc.passes(), arc.sealer.as_deref()), (2, true, Some("google.com")), "{arc:?}");
    // Whatever is changed in a sealed place breaks it.
    for (old, new) in [
        ("Subject: about one", "Subject: about two"),
        ("dis=NONE", "dis=QUARANTINE"),
        ("mx.corp.example; spf=pass", "mx.corp.example; spf=fail"),
        ("Body of one", "Body of two"),
    ] {
        assert!(copy.contains(old));
        assert!(!lab.check(&copy.replace(old, new)).await.arc.passes(), "{old}");
    }
}

#[tokio::test]
async fn of_several_sets_the_newest_is_repeated() {
    let lab = Lab::new(|_| {}).await;
    let first = lab.sealed(&lab.signed(&mail("one")), RESULTS).await;
    let second = lab.sealed(&first, "spf=fail smtp.mailfrom=probe@ext.example; dkim=pass header.d=ext.example").await;
    assert!(lab.forwarded("probe@corp.example", &second).await.starts_with("250"));
    let results = field(&lab.inbox(), "Authentication-Results")[2].to_owned();
    assert_eq!(results, "       arc=pass (i=2 dkim=pass dkdomain=ext.example);");
}

#[tokio::test]
async fn a_broken_chain_is_marked_once() {
    let lab = Lab::new(|_| {}).await;
    let message = lab.sealed(&lab.signed(&mail("one")), RESULTS).await.replace("Body of one", "Body of two");
    assert!(
        lab.forwarded("probe@corp.example", &message).await.starts_with("550"),
        "nothing is left that DMARC holds on to"
    );
    let lab = Lab::new(|k| k.external.dmarc = DmarcRecord::None).await;
    assert!(lab.forwarded("probe@corp.example", &message).await.starts_with("250"));
    let copy = lab.inbox();
    let results = field(&copy, "Authentication-Results");
    assert!(
        results[1].starts_with("       dkim=neutral (body hash did not verify) header.i=@ext.example"),
        "{results:?}"
    );
    assert_eq!(results[2], "       arc=fail (body hash mismatch);");
    assert_eq!(results[4], "       dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=ext.example");
    assert!(field(&copy, "ARC-Seal")[0].contains("i=2; ") && field(&copy, "ARC-Seal")[0].contains("cv=fail;"));
    let arc = lab.check(&copy).await.arc;
    assert!(arc.marked && arc.failure == Some(ChainFailure::Cv), "{arc:?}");
    // The next hop at Google says so and seals no more.
    let again = copy.replace("<one@", "<again@");
    assert!(lab.forwarded("probe@corp.example", &again).await.starts_with("250"));
    let copy = lab.inbox();
    assert_eq!(copy.matches("\r\nARC-Seal: ").count(), 2);
    assert_eq!(field(&copy, "Authentication-Results")[2], "       arc=fail (signature failed);");
}

#[tokio::test]
async fn a_set_that_is_not_whole_is_no_chain() {
    let lab = Lab::new(|_| {}).await;
    let message = lab.sealed(&lab.signed(&mail("one")), RESULTS).await;
    let seal = message.find("ARC-Message-Signature").unwrap();
    let without_seal = &message[seal..];
    assert!(lab.forwarded("probe@corp.example", without_seal).await.starts_with("250"));
    let copy = lab.inbox();
    assert_eq!(field(&copy, "Authentication-Results")[2], "       arc=fail (signature failed);");
    assert!(field(&copy, "ARC-Seal")[0].starts_with("i=2; ") && field(&copy, "ARC-Seal")[0].contains("cv=fail;"));
}

#[tokio::test]
async fn what_cannot_be_authenticated_is_refused_in_gmails_words() {
    let refused = |knobs: fn(&mut Knobs), sender: &'static str| async move {
        Lab::new(knobs).await.forwarded(sender, &mail("one")).await
    };
    let dmarc = refused(|_| {}, "probe@corp.example").await;
    assert!(dmarc.starts_with("550-5.7.26 Unauthenticated email from ext.example is not accepted due to\n"), "{dmarc}");
    assert!(
        dmarc.contains("\n550 5.7.26  https://support.google.com/mail/?p=DmarcRejection ")
            && dmarc.ends_with(" - gsmtp")
    );
    let none = refused(|k| k.external.dmarc = DmarcRecord::None, "probe@ext.example").await;
    assert!(
        none.starts_with("550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n"),
        "{none}"
    );
    assert!(none.contains("\n550-5.7.26  SPF [ext.example] with ip: [198.51.100.20] = did not pass\n"), "{none}");
    let hard = |k: &mut Knobs| {
        k.external.dmarc = DmarcRecord::Absent;
        k.external.spf = SpfRecord::Fail;
    };
    let hard = refused(hard, "probe@ext.example").await;
    assert!(
        hard.starts_with("550-5.7.26 The MAIL FROM domain [ext.example] has an SPF record with a hard\n"),
        "{hard}"
    );
    let servfail = |k: &mut Knobs| {
        k.dns.push(DnsFault { name: "ext.example".into(), rtype: "TXT".into(), answer: DnsAnswer::ServFail });
    };
    let dns = refused(servfail, "probe@ext.example").await;
    assert!(dns.starts_with("451-4.7.26 Unauthenticated email from ext.example is not accepted due to\n"), "{dns}");
    assert!(dns.contains("temporary DNS"), "{dns}");
}

#[tokio::test]
async fn policy_and_knobs_choose_the_folder() {
    let lab = Lab::new(|k| k.external.dmarc = DmarcRecord::Quarantine).await;
    assert!(lab.forwarded("probe@corp.example", &mail("one")).await.starts_with("250"));
    let spam = lab.folder(&FolderKind::Junk).pop().unwrap();
    assert!(spam.contains("dmarc=fail (p=QUARANTINE sp=QUARANTINE dis=QUARANTINE) header.from=ext.example"), "{spam}");
    assert!(lab.folder(&FolderKind::Inbox).is_empty() && lab.folder(&FolderKind::All).is_empty());

    let lab = Lab::new(|k| k.gmail.folder = Placement::Spam).await;
    assert!(lab.direct(&lab.signed(&mail("one"))).await.starts_with("250"));
    assert!(lab.folder(&FolderKind::Junk)[0].contains("dis=NONE"));

    let lab = Lab::new(|k| k.gmail.trust_arc = true).await;
    let sealed = lab.sealed(&mail("one"), RESULTS).await;
    assert!(lab.forwarded("probe@corp.example", &sealed).await.starts_with("250"));
    assert!(lab.inbox().contains("dmarc=fail (p=REJECT sp=REJECT dis=NONE arc=pass) header.from=ext.example"));
    let lab = Lab::new(|_| {}).await;
    assert!(lab.forwarded("probe@corp.example", &sealed).await.starts_with("550-5.7.26"));
}

#[tokio::test]
async fn knobs_defer_and_reject() {
    let lab = Lab::new(|k| k.gmail.defer = Some(Deferral { reply: "421 4.7.28".into(), times: 2 })).await;
    let message = lab.signed(&mail("one"));
    for _ in 0..2 {
        let reply = lab.direct(&message).await;
        assert!(reply.starts_with("421-4.7.28 Gmail has detected an unusual rate of unsolicited mail"), "{reply}");
    }
    assert!(lab.direct(&lab.signed(&mail("two"))).await.starts_with("421-4.7.28"), "each message is counted alone");
    assert!(lab.direct(&message).await.starts_with("250"));

    let lab = Lab::new(|k| k.gmail.reject = Some("550 5.7.1".into())).await;
    let reply = lab.direct(&message).await;
    assert!(reply.starts_with("550-5.7.1 [192.0.2.10      12] Gmail has detected"), "{reply}");
    let lab = Lab::new(|k| k.gmail.reject = Some("552 5.2.2".into())).await;
    let mut client = lab.client(EXTERNAL_ADDRESS, "smtp.ext.example").await;
    client.ask("MAIL FROM:<probe@ext.example>").await;
    let reply = client.ask(&format!("RCPT TO:<{ACCOUNT}>")).await;
    assert!(reply.starts_with("552-5.2.2 The recipient's inbox is out of storage"), "{reply}");
    let knobs = |text: &str| {
        let mut knobs = Knobs::default();
        knobs.gmail.reject = Some(text.into());
        knobs
    };
    for wrong in ["250 2.0.0 fine", "no"] {
        let error = World::start(&knobs(wrong), &Ports::default()).await.err().unwrap().to_string();
        assert!(error.contains(wrong) && error.contains("550 5.1.1 no such user"), "{error}");
    }
}

#[tokio::test]
async fn form_and_recipients_are_looked_at() {
    let lab = Lab::new(|_| {}).await;
    for (message, text) in [
        (mail("one").replace("From: Probe <probe@ext.example>\r\n", ""), "having no From:"),
        (mail("one").replace("Message-ID", "X-Id"), "missing a valid Message-ID:"),
        (mail("one").replace("Subject", "To"), "duplicate"),
        (mail("one").replace("From: Probe", "From: a@ext.example, b"), "multiple addresses"),
    ] {
        let reply = lab.direct(&message).await;
        assert!(reply.starts_with("550-5.7.1 [192.0.2.10] ") && reply.contains(text), "{reply}");
    }
    let reply = lab.direct(&format!("{}{}", "Received: by x.example; today\r\n".repeat(50), mail("one"))).await;
    assert!(reply.starts_with("554-5.4.6 Message exceeded 50 hops"), "{reply}");
    let mut client = lab.client(EXTERNAL_ADDRESS, "smtp.ext.example").await;
    let reply = client.ask("MAIL FROM:<probe@ext.example> SIZE=60000000").await;
    assert!(reply.starts_with("552-5.3.4 Your message exceeded Google's message size limits."), "{reply}");
    client.ask("MAIL FROM:<probe@ext.example>").await;
    let reply = client.ask("RCPT TO:<nobody.here@gmail.com>").await;
    assert!(reply.starts_with("550-5.1.1 The email account that you tried to reach does not exist."), "{reply}");
    assert!(client.ask("RCPT TO:<probeinbox+tag@gmail.com>").await.starts_with("250 2.1.5 OK "));
}

#[tokio::test]
async fn copies_are_dropped_and_own_mail_is_not_new() {
    let lab = Lab::new(|_| {}).await;
    let message = lab.signed(&mail("one"));
    for _ in 0..2 {
        assert!(lab.direct(&message).await.starts_with("250"));
    }
    assert_eq!(lab.folder(&FolderKind::Inbox).len(), 1);
    let own = mail("two").replace("probe@ext.example", "probe.inbox@gmail.com");
    assert!(lab.forwarded("probe@corp.example", &own).await.starts_with("250"));
    assert_eq!(lab.folder(&FolderKind::Inbox).len(), 1);
    assert_eq!(lab.folder(&FolderKind::Sent).len(), 1);
    assert_eq!(lab.folder(&FolderKind::All).len(), 2);
}

#[tokio::test]
async fn each_recipient_has_a_copy_of_its_own() {
    let lab = Lab::new(|_| {}).await;
    let mut client = lab.client(EXTERNAL_ADDRESS, "smtp.ext.example").await;
    let to = [ACCOUNT, "probe.second@gmail.com"];
    assert!(client.send("probe@ext.example", &to, lab.signed(&mail("one")).as_bytes()).await.starts_with("250"));
    for address in to {
        let account = lab.world.gmail_mailboxes().account(address).unwrap();
        let copy = String::from_utf8(account.messages(&FolderKind::Inbox)[0].raw.to_vec()).unwrap();
        assert!(
            copy.starts_with(&format!("Delivered-To: {address}\r\n")) && copy.contains(&format!("for <{address}>"))
        );
    }
}

#[tokio::test]
async fn a_delayed_message_is_accepted_but_not_there_yet() {
    let lab = Lab::new(|k| k.gmail.delay = Duration::from_secs(3600)).await;
    assert!(lab.direct(&lab.signed(&mail("one"))).await.starts_with("250"));
    assert!(lab.folder(&FolderKind::Inbox).is_empty());
    let lab = Lab::new(|k| k.gmail.delay = Duration::from_millis(1)).await;
    let account = lab.world.gmail_mailboxes().account(ACCOUNT).unwrap();
    let mut news = account.news();
    assert!(lab.direct(&lab.signed(&mail("one"))).await.starts_with("250"));
    crate::support::wire::within("the delayed arrival", news.changed()).await.unwrap();
    assert_eq!(lab.folder(&FolderKind::Inbox).len(), 1);
}
