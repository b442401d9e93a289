//! A mail explained to people.

use super::explained::Explained;
use crate::{
    mail::{Message, arc::ArcSet, authres::ResInfo, dsn::Dsn, received::Hop},
    outcome::{Agreement, Claim, Confidence, Diagnosis},
    report::{
        claims,
        console::{Palette, Tone},
        sink::plain,
        survival,
    },
    verify::{Verdict, Verification},
};

/// Everything about one mail, a block per question.
pub(super) fn text(palette: Palette, file: &str, message: &Message, explained: &Explained) -> String {
    let heading = |text: &str| palette.paint(Tone::Name, text);
    let id = message.message_id().map_or_else(|| "without a Message-ID".into(), |id| plain(&id));
    let mut out = vec![format!("{} {id}", heading(&plain(file)))];
    let mut block = |title: &str, lines: Vec<String>, nothing: &str| {
        out.push(heading(title));
        if lines.is_empty() {
            out.push(format!("  {nothing}"));
        }
        out.extend(lines.into_iter().map(|l| format!("  {}", l.trim_end())));
    };
    block("path", explained.hops.iter().map(hop).collect(), "no Received field");
    let statements = explained.authentication_results.iter().map(|s| {
        let (word, tone) = match (s.trusted, s.forged) {
            (true, _) => ("trusted", Tone::Good),
            (_, true) => ("forged", Tone::Bad),
            _ => ("ignored", Tone::Doubtful),
        };
        let by = s.authserv_id.as_deref().unwrap_or("nobody");
        let results: Vec<_> = s.results.iter().map(result).collect();
        let said = plain(&format!("by {by} (line {}): {}", s.line, results.join("; ")));
        format!("{} {said}", palette.paint(tone, word))
    });
    block("authentication results", statements.collect(), "no Authentication-Results field");
    let sets = explained.arc.sets.iter().map(|s| set(palette, s, explained.verification.as_ref()));
    let defects = explained.arc.defects.iter().map(|d| palette.paint(Tone::Bad, &plain(d)));
    block("arc", sets.chain(defects).collect(), "no ARC Set: no hop sealed this mail");
    if let Some(verification) = &explained.verification {
        block("verified", verified(palette, verification), "nothing to verify");
    }
    if let Some(all) = explained.claims.as_ref().filter(|all| !all.is_empty()) {
        block("claims", claims(palette, all), "");
    }
    if let Some(survival) = &explained.survival {
        block("beside what was sent", survival::lines(survival), "no signature covers anything");
    }
    if let Some(dsn) = &explained.dsn {
        block("bounce", bounce(dsn), "about nobody");
    }
    let diagnosis = explained.diagnosis.iter().flat_map(|d| diagnosis(palette, d));
    block("diagnosis", diagnosis.collect(), "nothing is wrong, as far as this mail tells");
    out.join("\n")
}

fn hop(hop: &Hop) -> String {
    let name = |o: &Option<String>| o.clone().unwrap_or_else(|| "?".into());
    let ip = hop.from_ip.as_ref().map(|ip| format!(" [{ip}]")).unwrap_or_default();
    let with = hop.with.as_ref().map(|w| format!("  {w}")).unwrap_or_default();
    let delay = hop.delay.map(|d| format!("  {d:+}s")).unwrap_or_default();
    plain(&format!("{}{ip} -> {}{with}{delay}", name(&hop.from), name(&hop.by)))
}

fn result(result: &ResInfo) -> String {
    let about = result.domain().map(|d| format!(" {d}")).unwrap_or_default();
    let comment = result.comment.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
    format!("{}={}{about}{comment}", result.method, result.result)
}

fn verdict(palette: Palette, verdict: Verdict) -> String {
    let tone = match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Fail => Tone::Bad,
        Verdict::None | Verdict::TempError => Tone::Doubtful,
    };
    palette.paint(tone, &verdict.to_string())
}

fn set(palette: Palette, set: &ArcSet, verification: Option<&Verification>) -> String {
    let text = |o: Option<&String>| o.map_or_else(|| "?".to_owned(), |t| plain(t));
    let seal = set.seal.as_ref();
    let cv = seal.and_then(|s| s.cv.as_ref()).map_or_else(|| "?".into(), |cv| plain(&cv.to_string()));
    let mut line = format!(
        "i={} by {} cv={cv} s={}",
        set.instance,
        text(seal.and_then(|s| s.domain.as_ref())),
        text(seal.and_then(|s| s.selector.as_ref()))
    );
    let found = verification.and_then(|v| v.sets.iter().find(|s| s.instance == set.instance));
    if let Some(found) = found {
        line.push_str(&format!(
            ": message signature {}, seal {}",
            verdict(palette, found.ams),
            verdict(palette, found.seal)
        ));
        if let Some(reason) = &found.reason {
            line.push_str(&format!(": {}", plain(reason)));
        }
    }
    if let Some(aar) = &set.aar {
        let results: Vec<_> = aar.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
        line.push_str(&plain(&format!("; it saw {}", results.join(" "))));
    }
    line
}

fn verified(palette: Palette, verification: &Verification) -> Vec<String> {
    let reason = |r: &Option<String>| r.as_ref().map(|r| format!(": {}", plain(r))).unwrap_or_default();
    let chain = format!("chain {}{}", verdict(palette, verification.arc), reason(&verification.arc_reason));
    let signatures = verification.dkim.iter().map(|d| {
        let name = plain(&format!("d={} s={}", d.d, d.s));
        format!("DKIM {} {name}{}", verdict(palette, d.result), reason(&d.reason))
    });
    std::iter::once(chain).chain(signatures).collect()
}

/// A line for each claim that does not go with what we find, and how many there are of the others.
fn claims(palette: Palette, all: &[Claim]) -> Vec<String> {
    let of = |agreement: Agreement| all.iter().filter(move |c| c.agreement == agreement);
    let mut out: Vec<String> = of(Agreement::Disagrees)
        .map(|c| format!("{} {}", palette.paint(Tone::Bad, "not so:"), claims::line(c)))
        .collect();
    // What the receiver says counts more than what the servers before it saw.
    let (receiver, before): (Vec<_>, Vec<_>) = of(Agreement::Open).partition(|c| c.i.is_none());
    out.extend(receiver.into_iter().map(|c| format!("{} {}", palette.paint(Tone::Doubtful, "open:"), claims::line(c))));
    let agree = of(Agreement::Agrees).count();
    let left = if before.is_empty() { String::new() } else { format!(", {} cannot be told now", before.len()) };
    out.push(format!("{agree} of {} hold{left}", all.len()));
    out
}

/// A line for the cause, and a line for everything that it rests on.
fn diagnosis(palette: Palette, d: &Diagnosis) -> Vec<String> {
    let (word, tone) = match d.confidence {
        Confidence::Certain => ("certain", Tone::Bad),
        Confidence::High => ("likely", Tone::Bad),
        Confidence::Low => ("perhaps", Tone::Doubtful),
    };
    let seen = d.evidence.iter().map(|e| match e.line {
        0 => format!("  why:  {}", plain(&e.text)),
        line => format!("  why:  {}:{line}: {}", plain(&e.artifact), plain(&e.text)),
    });
    let excluded = d.ruled_out.iter().map(|r| format!("  not:  {}", plain(r)));
    let next = d.next.iter().map(|n| format!("  next: {}", plain(n)));
    let head = format!("{} {} ({word})", palette.paint(tone, &d.code), plain(&d.title));
    std::iter::once(head).chain(seen).chain(excluded).chain(next).collect()
}

fn bounce(dsn: &Dsn) -> Vec<String> {
    let text = |o: &Option<String>| o.clone().unwrap_or_else(|| "?".into());
    dsn.recipients
        .iter()
        .map(|r| {
            plain(&format!(
                "{} {} {}: {}",
                text(&r.final_recipient),
                text(&r.action),
                text(&r.status),
                text(&r.diagnostic_code)
            ))
        })
        .collect()
}
