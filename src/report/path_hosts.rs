//! The way a message took: every host that has a name, and what is known of it.

use super::plain;
use crate::{
    core::domain::{is_at_or_below, organization},
    outcome::Observed,
    verify::Verdict,
};
use std::collections::HashSet;

/// A host on the way and what is known about it.
pub(super) struct PathHost {
    pub(super) name: String,
    /// What it did, in words; may be empty.
    pub(super) said: String,
    /// Whether that is as it should be, where it can be told.
    pub(super) good: Option<bool>,
}

/// The hosts in the order of the way; none when the message has no hops.
pub(super) fn path_hosts(seen: &Observed) -> Vec<PathHost> {
    let mut hosts: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for hop in &seen.received {
        for host in [&hop.from, &hop.by].into_iter().flatten() {
            let host = plain(host).to_ascii_lowercase();
            // Addresses are hops inside a provider, not parties.
            let named = host.contains('.') && host.chars().any(|c| c.is_ascii_alphabetic());
            if named && known.insert(host.clone()) {
                hosts.push(host);
            }
        }
    }
    let last = hosts.len().saturating_sub(1);
    let first = hosts.first().cloned().unwrap_or_default();
    let mut out = Vec::with_capacity(hosts.len());
    for (n, name) in hosts.into_iter().enumerate() {
        let (said, good) = match n {
            0 => origin(seen),
            n if n == last => results(seen),
            // The sender's own servers forward nothing.
            _ if organization(&name) == organization(&first) => (String::new(), None),
            _ => sealing(seen, &name),
        };
        out.push(PathHost { name, said, good });
    }
    out
}

fn origin(seen: &Observed) -> (String, Option<bool>) {
    let (said, good) = match seen.verification.as_ref().map(|v| &v.dkim) {
        Some(all) if all.iter().any(|d| d.result == Verdict::Pass) => ("DKIM verifies", Some(true)),
        Some(all) if all.is_empty() => ("no DKIM", None),
        Some(_) => ("DKIM does not verify", Some(false)),
        None => ("", None),
    };
    (said.to_owned(), good)
}

fn sealing(seen: &Observed, host: &str) -> (String, Option<bool>) {
    match seen.arc.iter().find(|seal| seal.by.as_deref().is_some_and(|domain| is_at_or_below(host, domain))) {
        Some(seal) => {
            let cv = seal.cv.as_deref().map(|cv| format!(" cv={}", plain(cv))).unwrap_or_default();
            let wrong = if seal.verifies { "" } else { ", does not verify" };
            (format!("sealed i={}{cv}{wrong}", seal.i), Some(seal.verifies))
        }
        // A service seals in another name than its hosts have: whose such a set is, is not told here.
        None if seen.arc.iter().any(|seal| !is_on_path(seen, seal.by.as_deref())) => (String::new(), None),
        None => ("forwarded, NOT sealed".into(), Some(false)),
    }
}

/// Whether a host on the way is of this domain.
fn is_on_path(seen: &Observed, domain: Option<&str>) -> bool {
    let mut hosts = seen.received.iter().flat_map(|hop| [&hop.from, &hop.by]).flatten();
    domain.is_some_and(|domain| hosts.any(|host| is_at_or_below(host, domain)))
}

fn results(seen: &Observed) -> (String, Option<bool>) {
    let Some(auth) = &seen.authentication_results else { return (String::new(), None) };
    let results: Vec<_> = auth.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
    (plain(&results.join(" ")), auth.method("arc").next().map(|arc| arc.result == "pass"))
}
