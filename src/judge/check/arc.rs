//! `delivered.arc:`: what the chain carries, its seals, and our own verification (RFC 8617).

use super::{
    part::{Finding, Results},
    scenario::Context,
    text,
};
use crate::{
    evidence::ReceivedCopy,
    judge::words,
    mail::{
        arc::{ArcChain, ArcSet},
        authres::ArcComment,
    },
    scenario::{
        Vars,
        model::{ArcExpectation, CarriesTest, SealIndex, SealTest},
    },
    verify::{Verdict, Verification},
};

pub(super) fn check(wanted: &ArcExpectation, copy: &ReceivedCopy, context: Context<'_>, results: &mut Results) {
    if let Some(carries) = &wanted.carries {
        results.add("delivered.arc.carries", &carries.at, check_carries(&carries.value, copy));
    }
    for (n, seal) in wanted.seals.iter().enumerate() {
        let finding = check_seal(&seal.value, &copy.arc, context.vars).unwrap_or_else(|finding| finding);
        results.add(&format!("delivered.arc.seals[{n}]"), &seal.at, finding);
    }
    if let Some(verify) = &wanted.verify {
        let is = copy.verification.arc.to_string();
        let finding = Finding::new(is.eq_ignore_ascii_case(&verify.value), &verify.value, verdict(&copy.verification));
        let unknown = copy.verification.arc == Verdict::TempError;
        results.add("delivered.arc.verify", &verify.at, finding.inconclusive_if(unknown));
    }
}

/// `pass`, or `fail: ` with the reason.
fn verdict(verification: &Verification) -> String {
    let reason = verification.arc_reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
    format!("{}{reason}", verification.arc)
}

fn check_carries(test: &CarriesTest, copy: &ReceivedCopy) -> Finding {
    let one = |name: &str, value: &Option<String>| value.as_ref().map(|v| format!("{name}={v}"));
    let i = test.i.map(|i| format!("i={i}"));
    let parts = [i, one("spf", &test.spf), one("dkim", &test.dkim), one("dmarc", &test.dmarc)];
    let expected = words::list(parts.into_iter().flatten(), " ", "arc=pass with a comment");
    let Some(trusted) = &copy.auth.trusted else {
        return Finding::failed(expected, "no trusted Authentication-Results");
    };
    let Some(arc) = trusted.method("arc").next() else {
        return Finding::failed(expected, "the receiver wrote no arc=");
    };
    let Some(comment) = arc.arc_comment() else {
        let remark = arc.comment.as_ref().map_or_else(String::new, |c| format!(" ({c})"));
        return Finding::failed(expected, format!("nothing: arc={}{remark}", arc.result));
    };
    let is = |wanted: &Option<String>, found: &[String]| wanted.as_ref().is_none_or(|w| all_are(w, found));
    let passed = test.i.is_none_or(|i| i == comment.i)
        && is(&test.spf, comment.spf.as_slice())
        && is(&test.dkim, &comment.dkim)
        && is(&test.dmarc, comment.dmarc.as_slice());
    Finding::new(passed, expected, carried(&comment))
}

/// Whether there is a value and every one is as wanted; `absent` wants none, `any` takes everything.
fn all_are(wanted: &str, found: &[String]) -> bool {
    match wanted {
        "any" => true,
        "absent" => found.is_empty(),
        _ => !found.is_empty() && found.iter().all(|f| f.eq_ignore_ascii_case(wanted)),
    }
}

/// `i=1 spf=pass dkim=pass dmarc=pass`, without what is not there.
fn carried(comment: &ArcComment) -> String {
    let mut parts = vec![format!("i={}", comment.i)];
    parts.extend(comment.spf.iter().map(|r| format!("spf={r}")));
    parts.extend(comment.dkim.iter().map(|r| format!("dkim={r}")));
    parts.extend(comment.dmarc.iter().map(|r| format!("dmarc={r}")));
    parts.join(" ")
}

fn check_seal(test: &SealTest, chain: &ArcChain, vars: &Vars) -> Result<Finding, Finding> {
    let by = test.by.as_ref().map(|t| text::fill(t, vars)).transpose()?;
    let selector = test.selector.as_ref().map(|t| text::fill(t, vars)).transpose()?;
    let name = match test.i {
        SealIndex::Number(i) => format!("i={i}"),
        SealIndex::Last(0) => "i=last".to_owned(),
        SealIndex::Last(back) => format!("i=last-{back}"),
    };
    let parts = [
        test.absent.then(|| "no".to_owned()),
        Some(name),
        by.as_ref().map(|b| format!("by {b}")),
        test.cv.as_ref().map(|cv| format!("cv={cv}")),
        selector.as_ref().map(|s| format!("s={s}")),
    ];
    let expected = words::list(parts.into_iter().flatten(), " ", "");
    let Some(set) = find(test.i, chain) else {
        return Ok(Finding::new(test.absent, expected, format!("no such seal; the chain has {}", seals(chain))));
    };
    let same = |wanted: &Option<String>, is: Option<&str>| {
        wanted.as_ref().is_none_or(|w| is.is_some_and(|is| is.eq_ignore_ascii_case(w)))
    };
    let fits = set.seal.as_ref().is_some_and(|seal| {
        let cv = seal.cv.as_ref().map(ToString::to_string);
        same(&by, seal.domain.as_deref()) && same(&test.cv, cv.as_deref()) && same(&selector, seal.selector.as_deref())
    });
    Ok(Finding::new(fits != test.absent, expected, describe(set, selector.is_some())))
}

fn find(index: SealIndex, chain: &ArcChain) -> Option<&ArcSet> {
    match index {
        SealIndex::Number(i) => chain.set(i),
        SealIndex::Last(back) => chain.sets.iter().rev().nth(usize::try_from(back).ok()?),
    }
}

/// Every seal in short: `i=1 by google.com cv=none`.
fn seals(chain: &ArcChain) -> String {
    words::list(chain.sets.iter().map(|s| describe(s, false)), ", ", "no ARC Set at all")
}

fn describe(set: &ArcSet, with_selector: bool) -> String {
    let Some(seal) = &set.seal else { return format!("i={} without an ARC-Seal", set.instance) };
    let by = seal.domain.as_deref().unwrap_or("nobody (no d=)");
    let cv = seal.cv.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string);
    let selector = seal.selector.as_ref().filter(|_| with_selector).map_or_else(String::new, |s| format!(" s={s}"));
    format!("i={} by {by} cv={cv}{selector}", set.instance)
}
