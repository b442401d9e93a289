//! A mail inspection to people: first what is wrong, then the way, then what it rests on.

mod bounce_text;
mod diagnosis_text;
mod path_text;
mod proof_text;

use super::{
    inspection::{Inspection, MessageContents, Statement},
    inspector::Inspector,
};
use crate::{
    catalogue::Lang,
    core::visible::plain,
    mail::{Message, arc::ArcSet, authres::ResInfo, dsn::Returned},
    outcome::{Agreement, Claim},
    report::{
        claim_lines,
        console::{Palette, Tone, wrap},
        survival_lines,
    },
    verify::{Verdict, Verification},
};

/// Everything about one mail, a block per question.
pub(super) fn text(inspector: &Inspector, place: &str, message: &Message, inspection: &Inspection) -> String {
    let style = TextStyle { palette: inspector.palette, lang: inspector.lang };
    let id = inspection.mail.message_id.as_ref().map_or_else(|| "without a Message-ID".into(), |id| plain(id));
    let mut out = vec![Line::from(format!("{} {id}", style.heading(&plain(place))))];
    out.extend(about(message).map(Line::from));
    let diagnosis = match inspection.diagnosis.as_slice() {
        [] => proof_text::lines(style, &inspection.proof).into_iter().map(Line::from).collect(),
        all => all.iter().flat_map(|d| diagnosis_text::lines(style, d)).collect(),
    };
    block(style, &mut out, "diagnosis", diagnosis, "");
    if let Some(dsn) = &inspection.dsn {
        let by = dsn.reporting_mta.as_ref().map(|by| format!(" from {}", plain(by))).unwrap_or_default();
        let lines: Vec<String> = inspection.refusals.iter().flat_map(|r| bounce_text::lines(style, r)).collect();
        block(style, &mut out, &format!("bounce{by}"), lines, "about nobody who got nothing");
    }
    contents(style, message, &inspection.mail, &mut out);
    if let Some(returned) = &inspection.returned {
        let mut inside = Vec::new();
        inside.extend(returned.mail.message_id.as_ref().map(|id| Line::from(plain(id))));
        contents(style, &returned.message, &returned.mail, &mut inside);
        let title = match returned.extent {
            Returned::Headers => "returned message: only its header, so that no body hash could be verified",
            _ => "returned message, whole",
        };
        block(style, &mut out, title, inside, "");
    }
    if inspector.many {
        out.push(Line::from(String::new()));
    }
    let wrapped = out.into_iter().map(|Line { text, is_command }| match inspector.width {
        Some(width) if !is_command => wrap(text.trim_end(), width),
        _ => text.trim_end().to_owned(),
    });
    wrapped.collect::<Vec<_>>().join("\n")
}

/// A line of the text.
struct Line {
    text: String,
    /// It says what to do: commands are kept whole, for copying.
    is_command: bool,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self { text, is_command: false }
    }
}

/// How it looks.
#[derive(Clone, Copy)]
struct TextStyle {
    palette: Palette,
    lang: Lang,
}

impl TextStyle {
    fn heading(self, text: &str) -> String {
        self.palette.paint(Tone::Name, text)
    }

    fn verdict(self, verdict: Verdict) -> String {
        let tone = match verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Fail => Tone::Bad,
            Verdict::None | Verdict::TempError => Tone::Doubtful,
        };
        self.palette.paint(tone, &verdict.to_string())
    }
}

/// Who wrote to whom.
fn about(message: &Message) -> Option<String> {
    let value = |name: &str| message.first(name).map(|f| plain(&f.value()));
    let parts = [("from", value("From")), ("to", value("To")), ("subject", value("Subject"))];
    let told: Vec<String> = parts.into_iter().filter_map(|(name, v)| Some(format!("{name} {}", v?))).collect();
    (!told.is_empty()).then(|| format!("  {}", told.join(", ")))
}

/// A heading, and what is under it.
fn block<L: Into<Line>>(style: TextStyle, out: &mut Vec<Line>, title: &str, lines: Vec<L>, nothing: &str) {
    out.push(Line::from(style.heading(title)));
    if lines.is_empty() {
        out.push(Line::from(format!("  {nothing}")));
    }
    out.extend(lines.into_iter().map(Into::into).map(|line| Line { text: format!("  {}", line.text), ..line }));
}

/// What is in one message, a block per question.
fn contents(style: TextStyle, message: &Message, mail: &MessageContents, out: &mut Vec<Line>) {
    let mut block = |title, lines: Vec<String>, nothing| block(style, out, title, lines, nothing);
    block("path", path_text::lines(style, message, mail), "no Received field");
    let statements = mail.authentication_results.iter().map(|s| statement(style, s));
    block("authentication results", statements.collect(), "no Authentication-Results field");
    block("arc", chain(style, mail), "no ARC Set: no hop sealed this mail");
    if let Some(all) = mail.claims.as_ref().filter(|all| !all.is_empty()) {
        block("claims", claims(style, all), "");
    }
    if let Some(survival) = &mail.survival {
        block("beside what was sent", survival_lines::lines(survival), "no signature covers anything");
    }
}

fn statement(style: TextStyle, s: &Statement) -> String {
    let (word, tone) = match (s.trusted, s.forged) {
        (true, _) => ("trusted", Tone::Good),
        (_, true) => ("forged", Tone::Bad),
        _ => ("ignored", Tone::Doubtful),
    };
    let by = s.authserv_id.as_deref().unwrap_or("nobody");
    let results: Vec<_> = s.results.iter().map(result).collect();
    let said = plain(&format!("by {by} (line {}): {}", s.line, results.join("; ")));
    format!("{} {said}", style.palette.paint(tone, word))
}

fn result(result: &ResInfo) -> String {
    let about = result.domain().map(|d| format!(" {d}")).unwrap_or_default();
    let comment = result.comment.as_ref().map(|c| format!(" ({c})")).unwrap_or_default();
    format!("{}={}{about}{comment}", result.method, result.result)
}

/// The verdict on the chain, and each set with what it says it saw.
fn chain(style: TextStyle, mail: &MessageContents) -> Vec<String> {
    let arc = &mail.arc;
    let verification = mail.verification.as_ref();
    let whole = verification.filter(|v| v.arc != Verdict::None).map(|v| {
        // What is wrong with one set stands in the path, where it happened.
        let of_sets: Vec<&String> = v.sets.iter().filter_map(|set| set.reason.as_ref()).collect();
        let reason = v.arc_reason.as_ref().filter(|reason| !of_sets.iter().any(|of_set| of_set.contains(*reason)));
        let reason = reason.map(|r| format!(": {}", plain(r))).unwrap_or_default();
        format!("chain {}{reason}", style.verdict(v.arc))
    });
    let sets = arc.sets.iter().map(|s| set(style, s, verification));
    let defects = arc.defects.iter().map(|d| style.palette.paint(Tone::Bad, &plain(&d.to_string())));
    whole.into_iter().chain(sets).chain(defects).collect()
}

fn set(style: TextStyle, set: &ArcSet, verification: Option<&Verification>) -> String {
    let text = |o: Option<&String>| o.map_or_else(|| "?".to_owned(), |t| plain(t));
    let seal = set.seal.as_ref();
    let cv = seal.and_then(|s| s.cv.as_ref()).map_or_else(|| "?".into(), |cv| plain(&cv.to_string()));
    let mut line = format!(
        "i={} by {} cv={cv} s={}",
        set.instance,
        text(seal.and_then(|s| s.domain.as_ref())),
        text(seal.and_then(|s| s.selector.as_ref()))
    );
    let found = verification.and_then(|v| v.set(set.instance));
    if let Some(found) = found {
        let (ams, seal) = (style.verdict(found.ams), style.verdict(found.seal));
        line.push_str(&format!(": message signature {ams}, seal {seal}"));
    }
    if let Some(aar) = &set.aar {
        let results: Vec<_> = aar.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
        let saw = if results.is_empty() { "nothing".to_owned() } else { results.join(" ") };
        line.push_str(&plain(&format!("; it saw {saw}")));
    }
    line
}

/// A line for each claim that does not go with what we find, and how many there are of the others.
fn claims(style: TextStyle, all: &[Claim]) -> Vec<String> {
    let of = |agreement: Agreement| all.iter().filter(move |c| c.agreement == agreement);
    let line = |tone, word: &str, c: &Claim| format!("{} {}", style.palette.paint(tone, word), claim_lines::line(c));
    let mut out: Vec<String> = of(Agreement::Disagrees).map(|c| line(Tone::Bad, "not so:", c)).collect();
    // What the receiver says counts more than what the servers before it saw.
    let (receiver, before): (Vec<_>, Vec<_>) = of(Agreement::Open).partition(|c| c.i.is_none());
    out.extend(receiver.into_iter().map(|c| line(Tone::Doubtful, "open:", c)));
    let left = if before.is_empty() { String::new() } else { format!(", {} cannot be told now", before.len()) };
    out.push(format!("{} of {} hold{left}", of(Agreement::Agrees).count(), all.len()));
    out
}
