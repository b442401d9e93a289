//! Mail of which only the beginning was read: what the rest says nobody knows, so that no verdict can rest on it.

use crate::{
    evidence::{Arrival, Evidence},
    outcome::{HarnessError, HarnessErrorKind},
};

/// Why what arrived cannot be judged: a copy that is not whole, or a bounce that ends before it has told of everybody.
pub(super) fn incomplete(evidence: &Evidence) -> Option<HarnessError> {
    let copies = evidence.copies.iter().map(|copy| ("copy", &copy.arrival));
    // What a bounce returns comes after all that it reports.
    let bounces = evidence.bounces.iter().filter(|bounce| bounce.returned.is_none());
    let mut all = copies.chain(bounces.map(|bounce| ("bounce", &bounce.arrival)));
    all.find_map(|(what, arrival)| Some(cut(what, arrival, arrival.cut_from?)))
}

fn cut(what: &str, arrival: &Arrival, size: u32) -> HarnessError {
    let Arrival { account, folder, .. } = arrival;
    let stage = format!("read the {what} in the {folder} of {account}");
    let message = format!(
        "the message has {size} octets, and the first {} of them were read: it cannot be checked and verified",
        arrival.raw().len()
    );
    let next = "send a smaller mail: of a message 100 MB are read, and 1 MB of one that looks like a bounce";
    HarnessError::new(HarnessErrorKind::Protocol, stage, message, next)
}
