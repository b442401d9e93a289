//! Evidence of attempts that never ran: mails written by hand and read by the product's own readers.

use sealcheck::{
    core::{ScenarioId, Span, Spanned},
    evidence::{
        Arrival, Bounce, CategoryLookup, Evidence, FirstServer, Folder, MailboxFacts, ReceivedCopy, Sent, Stage,
        StageReply, Submission,
    },
    mail::{arc::ArcChain, authres, received, reply::Reply},
    scenario::{
        Expectation, Scenario, Vars,
        model::{ArcPolicy, Cleanup, ExpectationKind, FileOptions, Retries, SendSpec, SnapshotPreset, Wait},
    },
    target::{Account, Knobs, Target, TargetKind},
    verify::{SetVerification, Verdict, Verification},
};
use std::time::Duration;

/// The outside sender, the company and the receiver.
pub(crate) fn target() -> Target {
    let account = Account::new;
    let company = Account { forwards_to: Some("gmail".to_owned()), ..account("company", "forward-me@corp.example") };
    let gmail = Account {
        seal_domain: Some("google.com".to_owned()),
        authserv_id: Some("mx.google.com".to_owned()),
        ..account("gmail", "probe.inbox@gmail.com")
    };
    let accounts = [account("external", "probe@ext.example"), company, gmail];
    Target {
        kind: TargetKind::Embedded,
        accounts: accounts.map(|a| (a.name.clone(), a)).into(),
        dns: None,
        rspamd: None,
    }
}

/// What a template may name.
pub(crate) fn vars() -> Vars {
    let mut vars = Vars::new();
    for account in target().accounts.values() {
        vars.set(format!("{}.domain", account.name), account.domain());
        vars.set(format!("{}.address", account.name), account.address.clone());
    }
    vars.set("gmail.seal_domain", "google.com");
    vars.set("token", token(1));
    vars
}

/// A place in the scenario file.
pub(crate) fn place(line: u32) -> Span {
    Span { len: 4, ..Span::new("scenarios/forward-arc.yaml", line, 15) }
}

/// A value at a place.
pub(crate) fn at<T>(value: T) -> Spanned<T> {
    Spanned::new(value, place(7))
}

/// From external to company, with these expectations.
pub(crate) fn scenario(id: &str, kinds: Vec<ExpectationKind>) -> Scenario {
    let expect = kinds.into_iter().enumerate();
    Scenario {
        id: ScenarioId::new(id),
        file: "scenarios/forward-arc.yaml".into(),
        name: "forwarded copy: carries a valid \"ARC\" chain".to_owned(),
        description: None,
        tags: Vec::new(),
        targets: vec![TargetKind::Embedded, TargetKind::Gmail],
        params: Vec::new(),
        vars: Vars::new(),
        arc: ArcPolicy::default(),
        skip: None,
        known_issue: None,
        knobs: Knobs::default(),
        send: SendSpec {
            from: at("external".to_owned()),
            to: vec![at("company".to_owned())],
            envelope_from: None,
            subject: None,
            text: None,
            html: None,
            headers: Vec::new(),
            encoding: None,
            attach: Vec::new(),
            eml: None,
        },
        wait: Wait::default(),
        expect: expect.map(|(index, kind)| Expectation { index, at: place(5), targets: Vec::new(), kind }).collect(),
        snapshot: SnapshotPreset::Full,
        retries: Retries::default(),
        cleanup: Cleanup::Keep,
        written: FileOptions::default(),
        source: "".into(),
        base: None,
    }
}

/// The token of the `n`th run.
pub(crate) fn token(n: u32) -> String {
    format!("sc-01jd8q6v3k5w7y9zb2c4d6e8{n:02}-0-1")
}

/// The mail as the outside sender gave it away in the `n`th run.
fn sent(n: u32) -> Sent {
    let token = token(n);
    let raw = format!(
        "From: Probe <probe@ext.example>\r\nTo: forward-me@corp.example\r\nSubject: ARC check {token}\r\nDate: Tue, 24 Nov 2026 02:3{n}:56 +0000\r\nMessage-ID: <{token}@ext.example>\r\nX-Sealcheck-Run: {token}; run=01JD8Q6V3K5W7Y9ZB2C4D6E8{n:02}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b{n}b{n}\"\r\n\r\n{BODY}"
    );
    let message_id = format!("<{token}@ext.example>");
    Sent::new(raw, message_id, "probe@ext.example".to_owned(), vec!["forward-me@corp.example".to_owned()])
}

const BODY: &str = "Body of the ARC check.\r\nNothing here may change.\r\n";

/// The mail as it lies in the mailbox of the receiver in the `n`th run: everything that may differ from run to run
/// does, the order of two signatures and of some fields included.
pub(crate) fn received(n: u32) -> String {
    let sent = String::from_utf8_lossy(sent(n).raw()).into_owned();
    let token = token(n);
    let own = format!("dkim=pass header.i=@ext.example header.s=ext{n} header.b=\"Ab/{n}cdef\"");
    let forwarders = format!("dkim=pass header.i=@corp.example header.s=2026{n} header.b=Zy{n}xwvut");
    let (first, second) = if n.is_multiple_of(2) { (&own, &forwarders) } else { (&forwarders, &own) };
    let comment = match n.is_multiple_of(2) {
        true => "dkim=pass dkdomain=ext.example dkim=pass dkdomain=corp.example",
        false => "dkim=pass dkdomain=corp.example dkim=pass dkdomain=ext.example",
    };
    let srs = format!("SRS0=h{n}sh=t{n}=ext.example=probe@corp.example");
    let results = format!(
        "mx.google.com;\r\n       {first};\r\n       {second};\r\n       arc=pass (i=1 spf=pass spfdomain=ext.example {comment} dmarc=pass fromdomain=ext.example);\r\n       spf=pass (google.com: domain of {srs} designates 198.51.100.{n} as permitted sender) smtp.mailfrom=\"{srs}\";\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=ext.example"
    );
    let (x_one, x_two) = if n.is_multiple_of(2) { ("X-A: a\r\n", "X-B: b\r\n") } else { ("X-B: b\r\n", "X-A: a\r\n") };
    format!(
        "Delivered-To: probe.inbox@gmail.com\r\n\
Received: by 2002:a05:6512:{n}:b0:1:2:3 with SMTP id x{n}csp;\r\n        Mon, 23 Nov 2026 18:4{n}:01 -0800 (PST)\r\n\
X-Received: by 2002:a05:6512:{n}:: with SMTP id z{n};\r\n        Mon, 23 Nov 2026 18:4{n}:01 -0800 (PST)\r\n\
X-Gm-Features: AS18{n}\r\n\
ARC-Seal: i=2; a=rsa-sha256; t=179548793{n}; cv=pass;\r\n        d=google.com; s=arc-2024060{n};\r\n        b=Seal{n}Two==\r\n\
ARC-Message-Signature: i=2; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-2024060{n};\r\n        h=date:subject:from:dkim-signature{};\r\n        bh=Body{n}Hash=; fh=f{n}=;\r\n        b=Ams{n}Two==; dara=google.com\r\n\
ARC-Authentication-Results: i=2; {results}\r\n\
Return-Path: <{srs}>\r\n\
Received: from mx.corp.example (mx.corp.example. [198.51.100.{n}])\r\n        by mx.google.com with ESMTPS id q{n}si1.2026;\r\n        Mon, 23 Nov 2026 18:4{n}:00 -0800 (PST)\r\n\
Received-SPF: pass (google.com: domain of {srs} designates 198.51.100.{n} as permitted sender) client-ip=198.51.100.{n};\r\n\
Authentication-Results: {results}\r\n\
ARC-Seal: i=1; a=rsa-sha256; cv=none; d=corp.example; s=2026{n}; t=179548792{n};\r\n\tb=Seal{n}One==\r\n\
ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=corp.example; s=2026{n}; t=179548792{n};\r\n\th=from:to:subject:date:message-id; bh=Body{n}Hash=; b=Ams{n}One==\r\n\
ARC-Authentication-Results: i=1; mx.corp.example; dmarc=pass header.from=ext.example; dkim=pass header.d=ext.example header.s=ext{n};\r\n\tspf=pass (203.0.113.{n}) smtp.mailfrom=probe@ext.example\r\n\
Received: from out.ext.example (out.ext.example [203.0.113.{n}])\r\n\tby mx.corp.example (Postfix) with ESMTPS id 4F2A1B3C5D{n}\r\n\tfor <forward-me@corp.example>; Tue, 24 Nov 2026 02:3{n}:57 +0000 (UTC)\r\n\
Received: from runner-{n}.ci.test (localhost [127.0.0.{n}])\r\n\tby out.ext.example with ESMTPSA id {token};\r\n\tTue, 24 Nov 2026 02:3{n}:56 +0000\r\n\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=ext.example; s=ext{n}; t=179548792{n}; x=179648792{n};\r\n\th=from:to:subject; bh=Body{n}Hash=; b=Dkim{n}==\r\n\
{x_one}{x_two}{sent}",
        if n.is_multiple_of(2) { "" } else { ":x-more" },
    )
}

/// A copy with this text.
pub(crate) fn copy(account: &str, folder: Folder, text: &str, after: Duration) -> ReceivedCopy {
    let arrival = arrival(account, folder, text);
    let message = &arrival.message;
    let arc = ArcChain::of(message);
    let holds = |instance| SetVerification { instance, ams: Verdict::Pass, seal: Verdict::Pass, ..Default::default() };
    let verification = Verification {
        arc: if arc.sets.is_empty() { Verdict::None } else { Verdict::Pass },
        sets: arc.sets.iter().map(|s| holds(s.instance)).collect(),
        ..Verification::default()
    };
    ReceivedCopy {
        after,
        auth: authres::trusted(message, "mx.google.com"),
        hops: received::hops(message),
        arc,
        verification,
        category: CategoryLookup::default(),
        arrival,
    }
}

fn arrival(account: &str, folder: Folder, text: &str) -> Arrival {
    Arrival { folder_name: format!("[Gmail]/{folder}"), ..Arrival::new(account, folder, 7, text.as_bytes().to_vec()) }
}

/// The server took the mail, and nothing has arrived yet.
pub(crate) fn accepted(n: u32) -> Evidence {
    let reply = Reply::parse(&format!("250 2.0.0 Ok: queued as 4F2A1B3C5D{n}")).unwrap();
    Evidence {
        sent: sent(n),
        submission: Submission { replies: vec![stage(Stage::Message, reply)], ..Submission::default() },
        next_hop: Vec::new(),
        copies: Vec::new(),
        bounces: Vec::new(),
        logs: Vec::new(),
        unread_logs: Vec::new(),
        mailboxes: MailboxFacts::default(),
        waited: Duration::from_secs(120),
    }
}

/// The server refused the mail.
pub(crate) fn refused(server: FirstServer, reply: &str) -> Evidence {
    let reply = Reply::parse(reply).unwrap();
    let submission = Submission { server, replies: vec![stage(Stage::Rcpt, reply)], ..Submission::default() };
    Evidence { submission, ..accepted(1) }
}

fn stage(stage: Stage, reply: Reply) -> StageReply {
    StageReply { stage, recipient: None, reply, at: Duration::ZERO, took: Duration::ZERO }
}

/// A copy in the inbox of the receiver in the `n`th run, its text changed by `edit`.
pub(crate) fn forwarded(n: u32, edit: impl Fn(String) -> String) -> Evidence {
    let after = Duration::from_millis(580 + u64::from(n));
    Evidence { copies: vec![copy("gmail", Folder::Inbox, &edit(received(n)), after)], ..accepted(n) }
}

/// A bounce to the outside sender in the `n`th run, and no copy.
pub(crate) fn bounced(n: u32) -> Evidence {
    let token = token(n);
    let text = format!(
        "Received: by mx.corp.example (Postfix) id 15DFE99650A{n}; Tue, 24 Nov 2026 02:4{n}:37 +0000 (UTC)\r\nDate: Tue, 24 Nov 2026 02:4{n}:37 +0000 (UTC)\r\nFrom: MAILER-DAEMON@corp.example (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\nTo: probe@ext.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"0287599650{n}\"\r\nMessage-Id: <2026{n}@corp.example>\r\n\r\n--0287599650{n}\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\r\n--0287599650{n}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.corp.example\r\nArrival-Date: Tue, 24 Nov 2026 02:4{n}:37 +0000 (UTC)\r\n\r\nFinal-Recipient: rfc822; probe.inbox@gmail.com\r\nOriginal-Recipient: rfc822;forward-me@corp.example\r\nAction: failed\r\nStatus: 5.7.26\r\nRemote-MTA: dns; 127.8.8.{n}\r\nDiagnostic-Code: smtp; 550-5.7.26 This mail has been blocked because the sender\r\n    is unauthenticated. 550-5.7.26 SPF [ext.example] with ip: [198.51.100.{n}] = did not\r\n    pass 550 5.7.26 d2e1a72fcca58-{n}.1 - gsmtp\r\n\r\n--0287599650{n}\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{token}@ext.example>\r\nSubject: ARC check {token}\r\n\r\n--0287599650{n}--\r\n"
    );
    let arrival = arrival("external", Folder::Inbox, &text);
    let dsn = arrival.dsn.clone().unwrap();
    let bounce = Bounce { arrival, after: Duration::from_millis(970), dsn, returned: None };
    Evidence { bounces: vec![bounce], ..accepted(n) }
}
