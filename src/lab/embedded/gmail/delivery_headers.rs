//! The header fields that a message gets on its way into a mailbox, in Google's order.

use super::{
    authres::{results, spf_comment},
    identifiers::{Identifiers, date, dotted},
    policy::Delivery,
    seal,
};
use crate::lab::embedded::{
    authenticate::Authentication,
    hosts::GMAIL_AUTHSERV_ID,
    keys::KeyError,
    signing::{Message, Signer},
};
use jiff::Timestamp;
use std::net::IpAddr;

/// How a message came in.
pub(super) struct Hop<'h> {
    /// What the client called itself.
    pub(super) helo: String,
    /// The confirmed name of its address.
    pub(super) name: Option<String>,
    /// Its address.
    pub(super) client: IpAddr,
    /// The word of Received.
    pub(super) protocol: &'static str,
    /// Whether it spoke TLS.
    pub(super) tls: bool,
    /// The envelope sender.
    pub(super) sender: String,
    /// The identifiers that it gets.
    pub(super) ids: &'h Identifiers,
    /// When.
    pub(super) now: Timestamp,
}

/// Writes the fields, top to bottom, each with its final CRLF. A chain that may not go on gets no set.
pub(super) fn fields(
    signer: &Signer,
    hop: &Hop<'_>,
    recipient: &str,
    message: &Message<'_>,
    found: &Authentication,
    delivery: &Delivery,
) -> Result<String, KeyError> {
    let Hop { ids, now, .. } = *hop;
    let date = date(now);
    let results = results(found, delivery);
    let set = match found.arc.next_set() {
        Some(next) => seal::set(signer, message, next, &results, now.as_second())?,
        None => String::new(),
    };
    let received_spf =
        format!("Received-SPF: {} {} client-ip={};\r\n", found.spf.verdict, spf_comment(&found.spf), hop.client);
    Ok([
        format!("Delivered-To: {recipient}\r\n"),
        format!("Received: by {} with SMTP id {};\r\n        {date}\r\n", ids.host(0), ids.mailbox()),
        format!("X-Received: by {} with SMTP id {};\r\n        {date}\r\n", ids.host(8), ids.received(now)),
        set,
        format!("Return-Path: <{}>\r\n", hop.sender),
        received(hop, recipient, &format!("{}.{}", ids.smtp(), dotted(now)), &date),
        received_spf,
        format!("Authentication-Results: {results}\r\n"),
    ]
    .concat())
}

fn received(hop: &Hop<'_>, recipient: &str, id: &str, date: &str) -> String {
    let name = hop.name.as_ref().map(|n| format!("{n}. ")).unwrap_or_default();
    let tls = if hop.tls { "\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256)" } else { "" };
    format!(
        "Received: from {} ({name}[{}])\r\n        by {GMAIL_AUTHSERV_ID} with {} id {id}\r\n        for <{recipient}>{tls};\r\n        {date}\r\n",
        hop.helo, hop.client, hop.protocol
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::policy::tests::{found, sealed},
        *,
    };
    use crate::lab::embedded::{
        authenticate::{ChainFailure, Policy, Verdict},
        keys::Keys,
    };

    fn header(found: &Authentication) -> String {
        let signer = Signer::new("google.com", "arc-20260327", &Keys::load().unwrap().google_arc);
        let hop = Hop {
            helo: "mx.corp.example".into(),
            name: Some("mx.corp.example".into()),
            client: [198, 51, 100, 20].into(),
            protocol: "ESMTPS",
            tls: true,
            sender: "SRS0=x=ext.example=Probe@corp.example".into(),
            ids: &Identifiers::new("1"),
            now: Timestamp::constant(1_795_000_000, 0),
        };
        let message = Message::new(b"From: probe@ext.example\r\nMessage-ID: <1@ext.example>\r\n\r\nbody\r\n");
        fields(&signer, &hop, "probe.inbox@gmail.com", &message, found, &Delivery::default()).unwrap()
    }

    #[test]
    fn the_whole_header_of_a_direct_mail() {
        let text = header(&found(Verdict::Pass, None, Some((Verdict::Pass, Policy::Reject))));
        let text: String = text
            .split_inclusive("\r\n")
            .filter(|l| !l.starts_with("         ") && !l.starts_with("        b="))
            .collect();
        let ids = Identifiers::new("1");
        let (a, b, smtp, mailbox, received) =
            (ids.host(0), ids.host(8), ids.smtp(), ids.mailbox(), ids.received(Timestamp::constant(1_795_000_000, 0)));
        let spf = "(google.com: domain of srs0=x=ext.example=probe@corp.example designates 198.51.100.20 as permitted sender)";
        let results = format!(
            "mx.google.com;
       spf=pass {spf} smtp.mailfrom=\"SRS0=x=ext.example=Probe@corp.example\";
       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=ext.example"
        );
        let date = "        Wed, 18 Nov 2026 03:06:40 -0800 (PST)";
        let wanted = format!(
            "Delivered-To: probe.inbox@gmail.com
Received: by {a} with SMTP id {mailbox};
{date}
X-Received: by {b} with SMTP id {received};
{date}
ARC-Seal: i=1; a=rsa-sha256; t=1795000000; cv=none;
        d=google.com; s=arc-20260327;
ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-20260327;
        h=message-id:from;
        bh=Ck5SoRNWUpSR4X0COv7R5ub2pUTtl6xz4dTFz++ji4M=;
        fh=a9hBzj26IJSw36FJzBwC0+GLZ7URbJVDbkyjRmq1n9c=;
        dara=google.com
ARC-Authentication-Results: i=1; {results}
Return-Path: <SRS0=x=ext.example=Probe@corp.example>
Received: from mx.corp.example (mx.corp.example. [198.51.100.20])
        by mx.google.com with ESMTPS id {smtp}.2026.11.18.03.06.40
        for <probe.inbox@gmail.com>
        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
{date}
Received-SPF: pass {spf} client-ip=198.51.100.20;
Authentication-Results: {results}
"
        );
        assert_eq!(text.replace("\r\n", "\n"), wanted);
    }

    #[test]
    fn chains_go_on_break_once_and_end() {
        let mut mail = found(Verdict::Pass, None, None);
        mail.arc = sealed("spf=pass smtp.mailfrom=a@ext.example");
        assert!(header(&mail).contains("\r\nARC-Seal: i=2; a=rsa-sha256; t=1795000000; cv=pass;\r\n"));
        mail.arc.failure = Some(ChainFailure::BodyHash);
        let broken = header(&mail);
        assert!(broken.contains("\r\nARC-Seal: i=2; a=rsa-sha256; t=1795000000; cv=fail;\r\n"));
        assert_eq!(broken.matches("arc=fail (body hash mismatch)").count(), 2);
        mail.arc.marked = true;
        mail.arc.failure = Some(ChainFailure::Cv);
        let ended = header(&mail);
        assert!(!ended.contains("ARC-"));
        assert_eq!(ended.matches("arc=fail (signature failed)").count(), 1);
    }

    #[test]
    fn a_plain_client_without_a_name_is_shown_as_such() {
        let hop = Hop {
            helo: "[192.0.2.1]".into(),
            name: None,
            client: [192, 0, 2, 1].into(),
            protocol: "ESMTP",
            tls: false,
            sender: String::new(),
            ids: &Identifiers::new("1"),
            now: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(
            received(&hop, "a@gmail.com", "x.1", "D"),
            "Received: from [192.0.2.1] ([192.0.2.1])\r\n        by mx.google.com with ESMTP id x.1\r\n        for <a@gmail.com>;\r\n        D\r\n"
        );
    }
}
