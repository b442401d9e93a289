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

/// Two lines: the hosts with arrows between them, and a note under each; or, where that does not fit the columns, a line
/// for each host. Empty when the message has no hops.
pub(super) fn path(seen: &Observed, columns: Option<usize>) -> Vec<String> {
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
                _ if organization(&host) == organization(&first) => String::new(),
                _ => sealing(seen, &host),
            };
            Station { host, said }
        })
        .collect();
    let drawn = draw(&stations);
    match columns {
        Some(columns) if drawn.iter().any(|line| line.chars().count() > columns) => list(&stations),
        _ => drawn,
    }
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

fn list(stations: &[Station]) -> Vec<String> {
    let line = |(n, station): (usize, &Station)| {
        let arrow = if n == 0 { "" } else { "-> " };
        let said = if station.said.is_empty() { String::new() } else { format!(": {}", station.said) };
        format!("{arrow}{}{said}", station.host)
    };
    stations.iter().enumerate().map(line).collect()
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
