//! What was seen, for the result JSON.

use crate::{
    evidence::{Bounce, CategoryLookup, Evidence, ReceivedCopy},
    judge::{
        claims::{VerifiedMail, claims},
        survival,
    },
    mail::{Message, arc::ArcSet, dsn::Dsn, received},
    outcome::{Observed, ObservedKind, report::ObservedSeal},
    target::Target,
    verify::{SetVerification, Verification},
};

/// Every copy and every bounce, in order of arrival.
pub fn observed(evidence: &Evidence, target: &Target) -> Vec<Observed> {
    let mut all: Vec<Observed> = evidence
        .copies
        .iter()
        .map(|c| copy(c, &evidence.sent.message, target))
        .chain(evidence.bounces.iter().map(bounce))
        .collect();
    all.sort_by_key(|o| o.after_ms);
    all
}

fn copy(copy: &ReceivedCopy, sent: &Message, target: &Target) -> Observed {
    let account = target.accounts.get(&copy.arrival.account);
    Observed {
        kind: ObservedKind::Copy,
        account: copy.arrival.account.clone(),
        folder: copy.arrival.folder,
        after_ms: millis(copy.after),
        cut_from: copy.arrival.cut_from,
        labels: copy.arrival.labels.clone(),
        category: match copy.category {
            CategoryLookup::In(category) => Some(category),
            CategoryLookup::Unknown | CategoryLookup::NoCategory => None,
        },
        authentication_results: copy.auth.trusted.clone(),
        arc: copy.arc.sets.iter().map(|set| seal(set, &copy.verification)).collect(),
        verification: Some(copy.verification.clone()),
        claims: claims(VerifiedMail {
            message: &copy.arrival.message,
            trusted: copy.auth.trusted.as_ref(),
            arc: &copy.arc,
            verification: &copy.verification,
            seal_domain: account.and_then(|a| a.seal_domain.as_deref()),
        }),
        survival: match copy.arrival.cut_from {
            Some(_) => Vec::new(),
            None => survival(sent, &copy.arrival.message, Some(&copy.verification)),
        },
        received: copy.hops.clone(),
        dsn: None,
    }
}

fn bounce(bounce: &Bounce) -> Observed {
    Observed {
        kind: ObservedKind::Bounce,
        account: bounce.arrival.account.clone(),
        folder: bounce.arrival.folder,
        after_ms: millis(bounce.after),
        cut_from: bounce.arrival.cut_from,
        labels: bounce.arrival.labels.clone(),
        category: None,
        authentication_results: None,
        arc: Vec::new(),
        verification: None,
        claims: Vec::new(),
        survival: Vec::new(),
        received: received::hops(&bounce.arrival.message),
        dsn: Some(Dsn::clone(&bounce.dsn)),
    }
}

fn seal(set: &ArcSet, verification: &Verification) -> ObservedSeal {
    ObservedSeal {
        i: set.instance,
        by: set.sealer().map(str::to_owned),
        cv: set.seal.as_ref().and_then(|s| s.cv.as_ref()).map(ToString::to_string),
        verifies: verification.set(set.instance).is_some_and(SetVerification::holds),
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
