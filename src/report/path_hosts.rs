//! The way a message took: every host that has a name, and what is known of it.

use crate::{
    core::visible::plain,
    outcome::{Observed, ObservedSeal},
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
    let known = |(n, name): (usize, String)| {
        let (said, good) = match n {
            0 => origin(seen),
            n if n == last => results(seen),
            // The sender's own servers forward nothing.
            _ if organization(&name) == organization(&first) => (String::new(), None),
            _ => sealing(seen, &name),
        };
        PathHost { name, said, good }
    };
    hosts.into_iter().enumerate().map(known).collect()
}

/// Who runs a host, as far as its name tells: the last two labels, or an address as it is.
pub fn organization(host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let start = host.rmatch_indices('.').map(|(at, _)| at + 1).nth(1).unwrap_or(0);
    host[start..].to_owned()
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
    let of_host = |seal: &&ObservedSeal| {
        seal.by.as_deref().is_some_and(|d| host == d || host.strip_suffix(d).is_some_and(|h| h.ends_with('.')))
    };
    match seen.arc.iter().find(of_host) {
        Some(seal) => {
            let cv = seal.cv.as_deref().map(|cv| format!(" cv={}", plain(cv))).unwrap_or_default();
            let wrong = if seal.verifies { "" } else { ", does not verify" };
            (format!("sealed i={}{cv}{wrong}", seal.i), Some(seal.verifies))
        }
        None => ("forwarded, NOT sealed".into(), Some(false)),
    }
}

fn results(seen: &Observed) -> (String, Option<bool>) {
    let Some(auth) = &seen.authentication_results else { return (String::new(), None) };
    let results: Vec<_> = auth.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
    (plain(&results.join(" ")), auth.method("arc").next().map(|arc| arc.result == "pass"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_the_last_two_labels() {
        assert_eq!(organization("MX.Corp.example."), "corp.example");
        assert_eq!(organization("2002:a05::1"), "2002:a05::1");
        assert_eq!(organization("localhost"), "localhost");
    }
}
