//! Which Authentication-Results speaks for the receiver (RFC 8601 §5): anyone can write any name into a field, so the
//! place of the field decides.

use super::{AuthenticationResults, AuthservId, all};
use crate::{
    core::domain::is_at_or_below,
    mail::{Message, received::Hop},
};
use std::{net::IpAddr, ops::Range};

/// How many names are tried to find the receiver.
const NAMES_TRIED: usize = 16;

/// The domain of Google's own hosts.
const GOOGLE_DOMAIN: &str = "google.com";

/// Which Authentication-Results speaks for the receiver, and what pretends to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// The topmost field of the receiver's own authserv-id inside the receiver's own block.
    pub trusted: Option<AuthenticationResults>,
    /// Every other field with the receiver's authserv-id, top to bottom: below the block, or above it and outside.
    pub forged: Vec<AuthenticationResults>,
}

/// Picks the field to believe: the topmost one of `authserv_id` in the receiver's own block.
///
/// The receiver's own Received fields are those at the top whose `by` is `authserv_id` or a host below it; the first
/// one that takes the message from a stranger is the border. The block reaches from the top to the border and over the
/// Received-SPF and Authentication-Results fields directly below it, which is where Google, Exim and Exchange put
/// theirs. Google's hosts hand mail on in fields of their own (`by 2002:… with SMTP id`), and Google writes its results
/// below the border only: for `…google.com`, what stands above the border is outside of the block. LMTP (RFC 2033) is
/// spoken inside of one site only, so a mailbox server of another name that took the message by LMTP is the receiver's.
///
/// A header without any Received was cut; there the topmost field of `authserv_id` is taken.
pub fn trusted(message: &Message, authserv_id: &str) -> Trust {
    let block = block(message, authserv_id);
    let mut trust = Trust::default();
    for read in all(message).into_iter().filter(is_plain) {
        if !read.authserv_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(authserv_id)) {
            continue;
        }
        if trust.trusted.is_none() && block.contains(&read.line) {
            trust.trusted = Some(read);
        } else {
            trust.forged.push(read);
        }
    }
    trust
}

/// The name under which the receiver of a message speaks, where nobody says it: of the names in the results, topmost
/// first, the one whose own block holds a field of its own. `None` when there is none among the first few names.
pub fn receiver(message: &Message) -> Option<AuthservId> {
    let mut names: Vec<AuthservId> = Vec::new();
    for read in all(message).into_iter().filter(is_plain) {
        if let Some(name) = read.authserv_id
            && !names.contains(&name)
            && names.len() < NAMES_TRIED
        {
            names.push(name);
        }
    }
    names.into_iter().find(|name| trusted(message, name).trusted.is_some())
}

fn is_plain(read: &AuthenticationResults) -> bool {
    read.field.eq_ignore_ascii_case("Authentication-Results")
}

/// The lines of the header where the receiver's results can stand.
fn block(message: &Message, authserv_id: &str) -> Range<u32> {
    let fields = message.fields();
    let is_google = is_at_or_below(authserv_id, GOOGLE_DOMAIN);
    let mut border = None;
    let mut received = fields.iter().enumerate().filter(|(_, f)| f.is("Received")).peekable();
    if received.peek().is_none() {
        return 0..u32::MAX;
    }
    for (at, field) in received {
        let hop = Hop::of(field);
        let by = hop.by.as_deref().unwrap_or_default();
        if is_at_or_below(by, authserv_id) {
            border = Some(at);
            // The name that a client gives itself is no proof, so for Google the first one is the border.
            if is_google || hop.from.as_deref().is_some_and(|from| !is_at_or_below(from, authserv_id)) {
                break;
            }
        } else if !(is_google && hop.from.is_none() && is_google_s(by) || border.is_none() && is_by_lmtp(&hop)) {
            break;
        }
    }
    let Some(border) = border else { return 0..0 };
    let below = fields.iter().skip(border + 1).find(|f| !is_written_below(&f.name));
    let start = if is_google { fields[border].line } else { 0 };
    start..below.map_or(u32::MAX, |f| f.line)
}

/// Google's hosts call themselves by a name or by an address of their own net.
fn is_google_s(by: &str) -> bool {
    by.parse::<IpAddr>().is_ok() || is_at_or_below(by, GOOGLE_DOMAIN)
}

/// LMTP, LMTPS, LMTPA, LMTPSA (RFC 3848).
fn is_by_lmtp(hop: &Hop) -> bool {
    hop.with.as_deref().and_then(|with| with.get(..4)).is_some_and(|with| with.eq_ignore_ascii_case("LMTP"))
}

/// Fields that receivers write directly below their own Received.
fn is_written_below(name: &str) -> bool {
    ["Received-SPF", "Authentication-Results", "DomainKey-Status"].iter().any(|n| n.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGED: &str =
        "Authentication-Results: mx.google.com; arc=pass (i=1); dmarc=pass header.from=bank.example\r\n";

    /// Google's own block in Google's order, and a foreign part below.
    const GOOGLE: [&str; 13] = [
        "Delivered-To: probe.inbox@gmail.com\r\n",
        "Received: by 2002:a05:9999:1111:b0:1:2:3 with SMTP id x1csp1;\r\n        Wed, 1 Apr 2026 03:00:08 -0700 (PDT)\r\n",
        "X-Received: by 2002:a05:9999:: with SMTP id y2mr2;\r\n        Wed, 1 Apr 2026 03:00:07 -0700 (PDT)\r\n",
        "ARC-Seal: i=1; a=rsa-sha256; t=1775037607; cv=none; d=google.com; s=arc; b=x\r\n",
        "ARC-Authentication-Results: i=1; mx.google.com; spf=pass\r\n",
        "Return-Path: <a@sender.example>\r\n",
        "Received: from mx.company.example (mx.company.example. [192.0.2.1])\r\n        by mx.google.com with ESMTPS id z3;\r\n        Wed, 1 Apr 2026 03:00:07 -0700 (PDT)\r\n",
        "Received-SPF: pass (google.com: fine) client-ip=192.0.2.1;\r\n",
        "Authentication-Results: mx.google.com;\r\n       spf=fail smtp.mailfrom=a@sender.example\r\n",
        "DKIM-Signature: v=1; d=sender.example\r\n",
        "Received: from sender.example by mx.company.example (Postfix) with ESMTP id 1; Wed, 1 Apr 2026 10:00:07 +0000\r\n",
        "Received: from evil.example by mx.google.com with ESMTPS id z; Wed, 1 Apr 2026 10:00:06 +0000\r\n",
        "From: a@sender.example\r\n",
    ];

    #[test]
    fn only_the_field_in_google_s_place_counts_wherever_forged_ones_stand() {
        for place in 0..=GOOGLE.len() {
            let mut fields = GOOGLE.to_vec();
            fields.insert(place, FORGED);
            let trust = trusted(&Message::parse(fields.concat()), "mx.google.com");
            if place == 7 || place == 8 {
                continue; // directly below Google's own Received: nobody but Google can write there
            }
            assert_eq!(trust.trusted.unwrap().results[0].result, "fail", "place {place}");
            assert_eq!(trust.forged.len(), 1, "place {place}");
            assert_eq!(trust.forged[0].results[0].method, "arc", "place {place}");
        }
    }

    #[test]
    fn a_client_that_says_it_is_the_receiver_moves_no_border() {
        let helo = GOOGLE[6].replace("from mx.company.example", "from a.mx.google.com");
        let header = [GOOGLE[1], &helo, GOOGLE[7], GOOGLE[8], GOOGLE[11], FORGED].concat();
        let trust = trusted(&Message::parse(header), "mx.google.com");
        assert_eq!((trust.trusted.unwrap().results[0].result.as_str(), trust.forged.len()), ("fail", 1));
    }

    #[test]
    fn many_forged_ones_are_all_reported() {
        let header = GOOGLE[..9].concat() + &FORGED.repeat(50) + GOOGLE[9] + FORGED;
        let trust = trusted(&Message::parse(header), "MX.Google.com");
        assert_eq!((trust.trusted.unwrap().results.len(), trust.forged.len()), (1, 51));
    }

    #[test]
    fn a_later_foreign_hop_ends_all_trust() {
        let header = FORGED.to_owned()
            + "Received: from mx.google.com by mx.other.example with ESMTP id 1; Wed, 1 Apr 2026 10:01:00 +0000\r\n"
            + &GOOGLE.concat();
        let trust = trusted(&Message::parse(header), "mx.google.com");
        assert_eq!((trust.trusted, trust.forged.len()), (None, 2));
    }

    #[test]
    fn a_mailbox_server_behind_lmtp_is_the_receiver_s() {
        let lmtp = "Received: from mx.google.com ([127.0.0.1])\r\n\tby store with LMTP\r\n\tid 1\r\n\tfor <a@b.example>; Wed, 1 Apr 2026 10:01:00 +0000\r\n";
        let tls = lmtp.replace("LMTP", "lmtps").replace("by store", "by [192.0.2.9]");
        let trust = trusted(&Message::parse(format!("{FORGED}{tls}{lmtp}{}", GOOGLE.concat())), "mx.google.com");
        assert_eq!((trust.trusted.unwrap().results[0].result.as_str(), trust.forged.len()), ("fail", 1));
        // Only at the end of the way, and never instead of the receiver's own field.
        let foreign = "Received: from a by mx.other.example with ESMTP id 1; Wed, 1 Apr 2026 10:01:00 +0000\r\n";
        for above in [format!("{lmtp}{foreign}"), format!("{foreign}{lmtp}")] {
            let trust = trusted(&Message::parse(above + &GOOGLE.concat()), "mx.google.com");
            assert_eq!((trust.trusted, trust.forged.len()), (None, 1));
        }
        assert_eq!(trusted(&Message::parse(format!("{FORGED}{lmtp}{FORGED}")), "mx.google.com").trusted, None);
    }

    #[test]
    fn another_name_is_never_trusted() {
        let trust = trusted(&Message::parse(GOOGLE.concat()), "google.com");
        assert_eq!(trust, Trust::default());
        let original = GOOGLE.concat().replace("\r\nAuthentication-Results", "\r\nX-Original-Authentication-Results");
        assert_eq!(trusted(&Message::parse(original), "mx.google.com"), Trust::default());
    }

    #[test]
    fn the_receiver_is_found_below_what_strangers_wrote() {
        let stranger = "Authentication-Results: bank.example; dmarc=pass\r\n";
        let found = |header: String| receiver(&Message::parse(header));
        assert_eq!(found(stranger.to_owned() + &GOOGLE.concat() + stranger).as_deref(), Some("mx.google.com"));
        assert_eq!(found(GOOGLE.concat().replace("mx.google.com;", "bank.example;")), None);
        assert_eq!(found("From: a@sender.example\r\n".to_owned()), None);
    }

    #[test]
    fn google_s_older_blocks_have_other_fields() {
        let by_name = "Received: by mail-io0-f199.google.com with SMTP id 1; Wed, 1 Apr 2026 10:00:07 +0000\r\n";
        let status = "DomainKey-Status: good\r\n";
        let older = [GOOGLE[0], GOOGLE[5], GOOGLE[6], GOOGLE[7], status, GOOGLE[8], FORGED].concat();
        for header in [older.clone(), by_name.to_owned() + &older] {
            let trust = trusted(&Message::parse(header), "mx.google.com");
            assert_eq!((trust.trusted.unwrap().results[0].result.as_str(), trust.forged.len()), ("fail", 1));
        }
    }

    #[test]
    fn a_header_without_received_has_only_its_order() {
        let trust = trusted(&Message::parse([GOOGLE[8], FORGED].concat()), "mx.google.com");
        assert_eq!((trust.trusted.unwrap().results[0].result.as_str(), trust.forged.len()), ("fail", 1));
    }

    #[test]
    fn milters_write_above_their_servers_own_received() {
        let own = "Authentication-Results: company.example; spf=fail\r\n";
        let forged = "Authentication-Results: company.example; spf=pass\r\n";
        let relay = "Received: from mx.company.example by store.company.example with LMTP id 1; Wed, 1 Apr 2026 10:00:08 +0000\r\n";
        let border = "Received: from sender.example by mx.company.example (Postfix) with ESMTP id 1; Wed, 1 Apr 2026 10:00:07 +0000\r\n";
        let foreign = "Received: from pc by sender.example with ESMTPSA id 1; Wed, 1 Apr 2026 10:00:06 +0000\r\n";
        let (dkim, from) = ("DKIM-Signature: v=1\r\n", "From: a@sender.example\r\n");
        for fields in [
            [own, relay, border, dkim, forged, foreign, from],
            [relay, own, border, forged, dkim, foreign, from],
            [relay, border, own, forged, dkim, foreign, from],
            [relay, border, own, dkim, foreign, forged, from],
        ] {
            let trust = trusted(&Message::parse(fields.concat()), "company.example");
            assert_eq!(trust.trusted.unwrap().results[0].result, "fail");
            assert_eq!(trust.forged.len(), 1);
        }
        let without = [relay, border, dkim, forged, foreign, forged, from].concat();
        let trust = trusted(&Message::parse(without), "company.example");
        assert_eq!((trust.trusted, trust.forged.len()), (None, 2));
    }
}
