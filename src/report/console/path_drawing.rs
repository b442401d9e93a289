//! The way a message took, one hop beside the other, with what each did to it.

use crate::{
    outcome::Observed,
    report::path_hosts::{PathHost, path_hosts},
};

/// Two lines: the hosts with arrows between them, and a note under each; or, where that does not fit the columns, a line
/// for each host. Empty when the message has no hops.
pub(super) fn path_drawing(seen: &Observed, columns: Option<usize>) -> Vec<String> {
    let hosts = path_hosts(seen);
    let drawn = draw(&hosts);
    match columns {
        Some(columns) if drawn.iter().any(|line| line.chars().count() > columns) => list(&hosts),
        _ => drawn,
    }
}

fn list(hosts: &[PathHost]) -> Vec<String> {
    let mut lines = Vec::new();
    for host in hosts {
        let arrow = if lines.is_empty() { "" } else { "-> " };
        let said = if host.said.is_empty() { String::new() } else { format!(": {}", host.said) };
        lines.push(format!("{arrow}{}{said}", host.name));
    }
    lines
}

fn draw(hosts: &[PathHost]) -> Vec<String> {
    let (mut names, mut said) = (String::new(), String::new());
    for (n, host) in hosts.iter().enumerate() {
        let wide = host.name.chars().count();
        if n + 1 == hosts.len() {
            names.push_str(&host.name);
            said.push_str(&host.said);
        } else {
            let column = (wide + 5).max(host.said.chars().count() + 2);
            names.push_str(&format!("{} {}> ", host.name, "-".repeat(column - wide - 3)));
            said.push_str(&format!("{:<column$}", host.said));
        }
    }
    match (names.is_empty(), said.trim().is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec![names],
        (false, false) => vec![names, said.trim_end().to_owned()],
    }
}
