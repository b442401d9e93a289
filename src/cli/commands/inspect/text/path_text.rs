//! The way that a mail took, from its first server to its last: when, how, who signed, who sealed, and what broke where.

use super::{super::inspection::MessageContents, TextStyle};
use crate::{
    core::{
        domain::{is_at_or_below, organization},
        visible::plain,
    },
    mail::{Message, dkim, received::Hop},
    report::console::Tone,
    verify::{Verdict, Verification},
};

/// From here on a delay is worth a look, in seconds.
const LONG: i64 = 60;

/// A server on the way.
struct HostLines {
    host: String,
    /// How and when the mail came to it.
    line: String,
    notes: Vec<String>,
    has_sealed: bool,
}

/// The servers, and what others did that are not among them.
struct Path {
    hosts: Vec<HostLines>,
    elsewhere: Vec<String>,
}

impl Path {
    /// Adds what the server at a place did.
    fn note(&mut self, at: Option<usize>, text: Vec<String>) {
        match at.and_then(|at| self.hosts.get_mut(at)) {
            Some(host) => host.notes.extend(text),
            None => self.elsewhere.extend(text),
        }
    }
}

/// A line for each server, with what it did to the mail below.
pub(super) fn lines(style: TextStyle, message: &Message, mail: &MessageContents) -> Vec<String> {
    let mut path = Path { hosts: hosts(style, &mail.hops), elsewhere: Vec::new() };
    let names: Vec<String> = host_names(&mail.hops);
    let place = |domain: &str| names.iter().position(|host| is_at_or_below(host, domain));
    let verification = mail.verification.as_ref();
    for (n, signature) in dkim::all(message).iter().enumerate() {
        let domain = signature.domain.clone().unwrap_or_default();
        let first = (!names.is_empty()).then_some(0);
        path.note(place(&domain).or(first), signed(style, n, &domain, signature.selector.as_deref(), verification));
    }
    for set in &mail.arc.sets {
        let id = set.aar.as_ref().and_then(|a| a.authserv_id.as_deref()).unwrap_or_default();
        let domain = set.seal.as_ref().and_then(|s| s.domain.as_deref()).unwrap_or_default();
        let by_name = names.iter().rposition(|host| host.eq_ignore_ascii_case(id)).or_else(|| place(domain));
        // A service has other names than its hosts: it wrote its set above the line with which it took the mail.
        let line =
            set.seal.as_ref().and_then(|seal| message.fields().get(seal.field)).map_or(u32::MAX, |field| field.line);
        let taken = || mail.hops.iter().rposition(|hop| hop.line > line).map(|at| at + names.len() - mail.hops.len());
        let at = by_name.or_else(taken).or_else(|| if domain == "microsoft.com" { place("outlook.com") } else { None });
        let cv = set.seal.as_ref().and_then(|s| s.cv.as_ref()).map_or_else(|| "?".into(), ToString::to_string);
        path.note(at, sealed(style, set.instance, &plain(&cv), &plain(domain), verification));
        if let Some(host) = at.and_then(|at| path.hosts.get_mut(at)) {
            host.has_sealed = true;
        }
    }
    if let Some(trusted) = mail.authentication_results.iter().find(|s| s.trusted) {
        let id = trusted.authserv_id.as_deref().unwrap_or_default();
        let results: Vec<_> = trusted.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
        let at = names.iter().rposition(|host| host.eq_ignore_ascii_case(id));
        path.note(at, vec![plain(&format!("says {}", results.join(" ")))]);
    }
    not_sealed(style, &mut path.hosts);
    let mut out = Vec::new();
    for host in path.hosts {
        out.push(host.line);
        out.extend(host.notes.iter().map(|note| format!("     {note}")));
    }
    if !path.elsewhere.is_empty() {
        out.push("by servers that are not on this path:".to_owned());
        out.extend(path.elsewhere.iter().map(|note| format!("     {note}")));
    }
    out.extend(total(&mail.hops));
    out
}

/// The names of the servers.
fn host_names(hops: &[Hop]) -> Vec<String> {
    let first = hops.first().and_then(|hop| hop.from.clone());
    let by = hops.iter().map(|hop| hop.by.clone().unwrap_or_default());
    first.into_iter().chain(by).collect()
}

/// Who gave the mail to the first server, and every server that took it.
fn hosts(style: TextStyle, hops: &[Hop]) -> Vec<HostLines> {
    let named = |o: &Option<String>| o.as_ref().map_or_else(|| "?".to_owned(), |t| plain(t));
    let ip = |hop: &Hop| hop.from_ip.as_ref().map(|ip| format!(" [{}]", plain(ip))).unwrap_or_default();
    let mut out = Vec::new();
    // A server that wrote the mail itself took it from nobody.
    if let Some(first) = hops.first().filter(|hop| hop.from.is_some()) {
        let line = format!("{}{}", named(&first.from), ip(first));
        out.push(HostLines { host: named(&first.from), line, notes: Vec::new(), has_sealed: false });
    }
    let mut before: Option<&str> = hops.first().and_then(|h| h.from.as_deref());
    for hop in hops {
        let mut words = vec![format!("-> {}", named(&hop.by))];
        // Servers go by several names; the address tells more than the name that a client gives itself.
        if hop.from.is_some() && hop.from.as_deref() != before {
            words.push(format!("from {}{}", named(&hop.from), ip(hop)));
        }
        words.extend(hop.with.as_ref().map(|with| plain(with)));
        words.extend((!hop.tls && hop.from_ip.is_some()).then(|| "in clear".to_owned()));
        words.extend(hop.delay.map(|seconds| {
            let text = delay(seconds);
            if seconds.abs() < LONG { text } else { style.palette.paint(Tone::Doubtful, &text) }
        }));
        let line = words.join("  ");
        out.push(HostLines { host: named(&hop.by), line, notes: Vec::new(), has_sealed: false });
        before = hop.by.as_deref();
    }
    out
}

/// `+1s`, `+2m 5s`, `+3h 0m`; clocks that differ make it negative.
fn delay(seconds: i64) -> String {
    let (sign, s) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let text = match s {
        0..60 => format!("{sign}{s}s"),
        60..3600 => format!("{sign}{}m {}s", s / 60, s % 60),
        3600..86_400 => format!("{sign}{}h {}m", s / 3600, s % 3600 / 60),
        _ => format!("{sign}{}d {}h", s / 86_400, s % 86_400 / 3600),
    };
    if seconds < 0 { format!("{text} (the clocks differ)") } else { text }
}

fn total(hops: &[Hop]) -> Option<String> {
    let times: Vec<i64> = hops.iter().filter_map(|h| h.time).collect();
    let all = times.last()?.saturating_sub(*times.first()?);
    (times.len() > 1).then(|| format!("in all {}", delay(all).trim_start_matches('+')))
}

/// What became of a signature of the author's.
fn signed(style: TextStyle, n: usize, d: &str, s: Option<&str>, verification: Option<&Verification>) -> Vec<String> {
    let name = plain(&format!("signed DKIM d={d} s={}", s.unwrap_or("?")));
    let Some(found) = verification.and_then(|v| v.dkim.get(n)) else { return vec![name] };
    verdict(style, &name, found.result, found.reason.as_deref())
}

/// What became of a set.
fn sealed(style: TextStyle, i: u32, cv: &str, d: &str, verification: Option<&Verification>) -> Vec<String> {
    let name = format!("sealed ARC i={i} cv={cv} d={d}");
    let Some(found) = verification.and_then(|v| v.set(i)) else { return vec![name] };
    let both = match (found.ams, found.seal) {
        (Verdict::Pass, Verdict::Pass) => Verdict::Pass,
        (Verdict::Fail | Verdict::None, _) | (_, Verdict::Fail | Verdict::None) => Verdict::Fail,
        _ => Verdict::TempError,
    };
    verdict(style, &name, both, found.reason.as_deref())
}

fn verdict(style: TextStyle, name: &str, verdict: Verdict, reason: Option<&str>) -> Vec<String> {
    let (word, tone) = match verdict {
        Verdict::Pass => ("verifies", Tone::Good),
        Verdict::Fail => ("does not verify", Tone::Bad),
        Verdict::TempError => ("cannot be verified now", Tone::Doubtful),
        Verdict::None => ("not verified", Tone::Doubtful),
    };
    let head = format!("{name}: {}", style.palette.paint(tone, word));
    std::iter::once(head).chain(reason.map(|r| format!("  {}", plain(r)))).collect()
}

/// A server in the middle that did not seal is what breaks most forwards. The sender's own servers forward nothing.
fn not_sealed(style: TextStyle, hosts: &mut [HostLines]) {
    let (Some(first), Some(last)) = (hosts.first(), hosts.last()) else { return };
    let ends = [organization(&first.host), organization(&last.host)];
    // Whether one of the hosts since the mail came to this organization sealed it.
    let mut sealed = false;
    for at in 1..hosts.len().saturating_sub(1) {
        let own = organization(&hosts[at].host);
        sealed |= hosts[at].has_sealed;
        // Output once, where the mail leaves it.
        if organization(&hosts[at + 1].host) == own {
            continue;
        }
        if !sealed && own.contains('.') && !ends.contains(&own) {
            hosts[at].notes.push(style.palette.paint(Tone::Doubtful, "forwarded, and did not seal"));
        }
        sealed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_readable() {
        let told = [0, 59, 125, 3600, 90_061, -3].map(delay);
        assert_eq!(told, ["+0s", "+59s", "+2m 5s", "+1h 0m", "+1d 1h", "-3s (the clocks differ)"]);
    }
}
