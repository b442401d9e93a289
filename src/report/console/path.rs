//! The way a message took, one hop beside the other, with what each did to it.

use crate::{
    outcome::{Observed, ObservedSeal},
    report::sink::plain,
    verify::Verdict,
};

/// A host on the way and what is known about it.
struct Station {
    host: String,
    said: String,
}

/// Two lines: the hosts with arrows between them, and a note under each. Empty when the message has no hops.
pub(super) fn path(seen: &Observed) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for hop in &seen.received {
        for host in [&hop.from, &hop.by].into_iter().flatten() {
            let host = plain(host).to_ascii_lowercase();
            // Addresses are hops inside a provider, not parties.
            let named = host.contains('.') && host.chars().any(|c| c.is_ascii_alphabetic());
            if named && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    let last = hosts.len().saturating_sub(1);
    let first = hosts.first().cloned().unwrap_or_default();
    let stations: Vec<_> = hosts
        .into_iter()
        .enumerate()
        .map(|(n, host)| {
            let said = match n {
                0 => origin(seen),
                n if n == last => results(seen),
                // The sender's own servers forward nothing.
                _ if domain(&host) == domain(&first) => String::new(),
                _ => sealing(seen, &host),
            };
            Station { host, said }
        })
        .collect();
    draw(&stations)
}

/// The last two labels of a host name.
fn domain(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
    dots.nth(1).map_or(host, |at| &host[at..])
}

fn origin(seen: &Observed) -> String {
    match seen.verification.as_ref().map(|v| &v.dkim) {
        Some(all) if all.iter().any(|d| d.result == Verdict::Pass) => "DKIM verifies".into(),
        Some(all) if all.is_empty() => "no DKIM".into(),
        Some(_) => "DKIM does not verify".into(),
        None => String::new(),
    }
}

fn sealing(seen: &Observed, host: &str) -> String {
    let of_host = |seal: &&ObservedSeal| {
        seal.by.as_deref().is_some_and(|d| host == d || host.strip_suffix(d).is_some_and(|h| h.ends_with('.')))
    };
    match seen.arc.iter().find(of_host) {
        Some(seal) => {
            let cv = seal.cv.as_deref().map(|cv| format!(" cv={}", plain(cv))).unwrap_or_default();
            format!("sealed i={}{cv}{}", seal.i, if seal.verifies { "" } else { ", does not verify" })
        }
        None => "forwarded, NOT sealed".into(),
    }
}

fn results(seen: &Observed) -> String {
    let Some(auth) = &seen.authentication_results else { return String::new() };
    let results: Vec<_> = auth.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
    plain(&results.join(" "))
}

fn draw(stations: &[Station]) -> Vec<String> {
    let (mut hosts, mut said) = (String::new(), String::new());
    for (n, station) in stations.iter().enumerate() {
        let wide = station.host.chars().count();
        if n + 1 == stations.len() {
            hosts.push_str(&station.host);
            said.push_str(&station.said);
        } else {
            let column = (wide + 5).max(station.said.chars().count() + 2);
            hosts.push_str(&format!("{} {}> ", station.host, "-".repeat(column - wide - 3)));
            said.push_str(&format!("{:<column$}", station.said));
        }
    }
    match (hosts.is_empty(), said.trim().is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec![hosts],
        (false, false) => vec![hosts, said.trim_end().to_owned()],
    }
}
