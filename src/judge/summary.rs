//! One line about an attempt, for the console.

use super::phrases;
use crate::{
    evidence::{Evidence, Folder, ReceivedCopy},
    target::Target,
};

/// What was seen in short: `inbox  0.58s  arc=pass  i=2 cv=pass`, `bounced 0.97s 5.7.26, absent in gmail`.
pub fn summary(evidence: &Evidence, target: &Target) -> String {
    if let Some(refusal) = phrases::refusal(&evidence.submission) {
        return phrases::cut(&refusal, 60);
    }
    let recipients = recipients(evidence, target);
    let mut parts: Vec<String> = evidence
        .bounces
        .iter()
        .map(|b| {
            let status = phrases::status(b).map_or_else(String::new, |s| format!(" {s}"));
            format!("bounced {}{status}", phrases::seconds(b.after))
        })
        .collect();
    for recipient in &recipients {
        let mut found = evidence.copies.iter().filter(|c| c.arrival.account == recipient.account);
        let named = recipients.len() > 1;
        match found.clone().find(|c| c.arrival.folder != Folder::All).or_else(|| found.next()) {
            Some(copy) if named => parts.push(format!("{} {}", recipient.account, describe(copy, recipient.forwarded))),
            Some(copy) => parts.push(describe(copy, recipient.forwarded)),
            None => parts.push(format!("absent in {}", recipient.account)),
        }
    }
    parts.join(", ")
}

/// An account that a recipient's mail ends up in.
struct Recipient {
    account: String,
    forwarded: bool,
}

/// Where the mail should end up: each recipient's account, or the account at the end of its forwarding.
fn recipients(evidence: &Evidence, target: &Target) -> Vec<Recipient> {
    let mut all: Vec<Recipient> = Vec::new();
    for address in &evidence.sent.rcpt_to {
        let Some(first) = target.account_of(address) else { continue };
        let mut last = first;
        // As many steps as there are accounts, so that a circle ends.
        for _ in 0..target.accounts.len() {
            match last.forwards_to.as_ref().and_then(|name| target.accounts.get(name)) {
                Some(next) => last = next,
                None => break,
            }
        }
        if !all.iter().any(|r| r.account == last.name) {
            all.push(Recipient { account: last.name.clone(), forwarded: last.name != first.name });
        }
    }
    all
}

fn describe(copy: &ReceivedCopy, forwarded: bool) -> String {
    let place = format!("{} {:>6}", phrases::folder(copy.arrival.folder), phrases::seconds(copy.after));
    let method = if forwarded { "arc" } else { "dmarc" };
    let Some(said) = copy.auth.trusted.as_ref().and_then(|trusted| trusted.method(method).next()) else {
        // A chain that the receiver does not speak of is its own first seal: no news.
        return format!("{place}  {method} absent");
    };
    let said = format!("{place}  {method}={}", said.result);
    if !forwarded {
        return said;
    }
    let newest = copy.arc.sets.iter().rev().find_map(|s| s.seal.as_ref().map(|seal| (s.instance, seal)));
    let seal = newest.and_then(|(i, seal)| seal.cv.as_ref().map(|cv| format!("  i={i} cv={cv}")));
    said + &seal.unwrap_or_default()
}
