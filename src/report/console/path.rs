//! The way a message took, one hop beside the other, with what each did to it.

use crate::{
    outcome::Observed,
    report::stations::{Station, stations},
};

/// Two lines: the hosts with arrows between them, and a note under each; or, where that does not fit the columns, a line
/// for each host. Empty when the message has no hops.
pub(super) fn path(seen: &Observed, columns: Option<usize>) -> Vec<String> {
    let stations = stations(seen);
    let drawn = draw(&stations);
    match columns {
        Some(columns) if drawn.iter().any(|line| line.chars().count() > columns) => list(&stations),
        _ => drawn,
    }
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
