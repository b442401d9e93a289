//! `delivered.arc:`: what the chain carries, its seals, and our own verification (RFC 8617).

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text,
};
use crate::{
    core::domain,
    evidence::ReceivedCopy,
    judge::phrases,
    mail::{
        arc::{ArcChain, ArcSet},
        authres::ArcComment,
    },
    outcome::CheckPart,
    scenario::{
        Vars,
        model::{ArcExpectation, ArcPolicy, CarriesTest, SealIndex, SealTest},
    },
    target::Account,
    verify::{Verdict, Verification},
};

pub(super) fn check(
    wanted: &ArcExpectation,
    account: &str,
    copy: &ReceivedCopy,
    context: Context<'_>,
    results: &mut Results,
) {
    if let Some(carries) = &wanted.carries {
        let (part, comparison) = (CheckPart::Arc("carries".to_owned()), check_carries(&carries.value, copy));
        match context.arc {
            ArcPolicy::Required => results.add(part, &carries.at, comparison),
            ArcPolicy::Advisory | ArcPolicy::Off => results.waive(part, context.arc, &comparison),
        }
    }
    let receiver = context.target.accounts.get(account).map(Account::sealing_domain);
    for (n, seal) in wanted.seals.iter().enumerate() {
        let (part, set) = (CheckPart::Arc(format!("seals[{n}]")), find(seal.value.i, &copy.arc));
        let (comparison, by_receiver) = match Filled::of(&seal.value, context.vars) {
            Ok(test) => (check_seal(&test, set, &copy.arc), receiver.as_deref().is_some_and(|r| is_by(&test, set, r))),
            Err(comparison) => (comparison, false),
        };
        match context.arc {
            ArcPolicy::Off => results.waive(part, context.arc, &comparison),
            ArcPolicy::Advisory if by_receiver => results.waive(part, context.arc, &comparison),
            ArcPolicy::Advisory | ArcPolicy::Required => results.add(part, &seal.at, comparison),
        }
    }
    if let Some(verify) = &wanted.verify {
        let is = copy.verification.arc.to_string();
        let comparison =
            Comparison::new(is.eq_ignore_ascii_case(&verify.value), &verify.value, verdict(&copy.verification));
        let unknown = copy.verification.arc == Verdict::TempError;
        let part = CheckPart::Arc("verify".to_owned());
        match context.arc {
            ArcPolicy::Off => results.waive(part, context.arc, &comparison),
            ArcPolicy::Advisory | ArcPolicy::Required => {
                results.add(part, &verify.at, comparison.inconclusive_if(unknown));
            }
        }
    }
}

/// `pass`, or `fail: ` with the reason.
fn verdict(verification: &Verification) -> String {
    let reason = verification.arc_reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
    format!("{}{reason}", verification.arc)
}

fn check_carries(test: &CarriesTest, copy: &ReceivedCopy) -> Comparison {
    let wanted = [("spf", &test.spf), ("dkim", &test.dkim), ("dmarc", &test.dmarc)];
    let parts = wanted.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?.value)));
    let i = test.i.as_ref().map(|i| format!("i={}", i.value));
    let expected = phrases::list(i.into_iter().chain(parts), " ", "arc=pass with a comment");
    let Some(trusted) = &copy.auth.trusted else {
        return Comparison::failed(expected, "no trusted Authentication-Results");
    };
    let Some(arc) = trusted.method("arc").next() else {
        return Comparison::failed(expected, "the receiver wrote no arc=");
    };
    let Some(comment) = arc.arc_comment() else {
        let remark = arc.comment.as_ref().map_or_else(String::new, |c| format!(" ({c})"));
        return Comparison::failed(expected, format!("nothing: arc={}{remark}", arc.result));
    };
    let found = [comment.spf.as_slice(), &comment.dkim, comment.dmarc.as_slice()];
    let passed = test.i.as_ref().is_none_or(|i| i.value == comment.i)
        && wanted.iter().zip(found).all(|((_, test), found)| test.as_ref().is_none_or(|t| all_are(&t.value, found)));
    Comparison::new(passed, expected, carried(&comment))
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

/// A test of a seal with its variables filled in.
struct Filled<'a> {
    test: &'a SealTest,
    by: Option<String>,
    selector: Option<String>,
}

impl<'a> Filled<'a> {
    fn of(test: &'a SealTest, vars: &Vars) -> Result<Self, Comparison> {
        let by = test.by.as_ref().map(|by| text::fill(by, vars)).transpose()?;
        let selector = test.selector.as_ref().map(|selector| text::fill(selector, vars)).transpose()?;
        Ok(Self { test, by, selector })
    }

    /// `i=2 by google.com cv=pass`.
    fn words(&self) -> String {
        let name = match self.test.i {
            SealIndex::Number(i) => format!("i={i}"),
            SealIndex::Last(0) => "i=last".to_owned(),
            SealIndex::Last(back) => format!("i=last-{back}"),
        };
        let parts = [
            self.test.absent.then(|| "no".to_owned()),
            Some(name),
            self.by.as_ref().map(|b| format!("by {b}")),
            self.test.cv.as_ref().map(|cv| format!("cv={cv}")),
            self.selector.as_ref().map(|s| format!("s={s}")),
        ];
        phrases::list(parts.into_iter().flatten(), " ", "")
    }
}

/// Whether a test is about a seal that the receiver made: the one that is found decides, and where there is none at that
/// number, the name in the test.
fn is_by(test: &Filled<'_>, set: Option<&ArcSet>, receiver: &str) -> bool {
    let found = set.and_then(ArcSet::sealer).map(|d| domain::is_same(d, receiver));
    match (&test.by, found, test.test.i) {
        (None, found, _) => found == Some(true),
        (Some(by), _, _) if !domain::is_same(by, receiver) => false,
        // It is said of whichever seal is the newest.
        (Some(_), _, SealIndex::Last(_)) => true,
        (Some(_), found, SealIndex::Number(_)) => found != Some(false),
    }
}

fn check_seal(wanted: &Filled<'_>, set: Option<&ArcSet>, chain: &ArcChain) -> Comparison {
    let (Filled { test, by, selector }, expected) = (wanted, wanted.words());
    let Some(set) = set else {
        return Comparison::new(test.absent, expected, format!("no such seal; the chain has {}", seals(chain)));
    };
    let fits = set.seal.as_ref().is_some_and(|seal| {
        let cv = seal.cv.as_ref().map(ToString::to_string);
        let by = by.as_ref().is_none_or(|by| seal.domain.as_deref().is_some_and(|d| domain::is_same(d, by)));
        by && fits_tag(test.cv.as_ref(), cv.as_deref()) && fits_tag(selector.as_ref(), seal.selector.as_deref())
    });
    Comparison::new(fits != test.absent, expected, describe(set, selector.is_some()))
}

/// Whether a tag of a seal is as wanted, where something is.
fn fits_tag(wanted: Option<&String>, is: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| is.is_some_and(|is| is.eq_ignore_ascii_case(wanted)))
}

fn find(index: SealIndex, chain: &ArcChain) -> Option<&ArcSet> {
    match index {
        SealIndex::Number(i) => chain.set(i),
        SealIndex::Last(back) => chain.sets.iter().rev().nth(usize::try_from(back).ok()?),
    }
}

/// Every seal in short: `i=1 by google.com cv=none`.
fn seals(chain: &ArcChain) -> String {
    phrases::list(chain.sets.iter().map(|s| describe(s, false)), ", ", "no ARC Set at all")
}

fn describe(set: &ArcSet, with_selector: bool) -> String {
    let Some(seal) = &set.seal else { return format!("i={} without an ARC-Seal", set.instance) };
    let by = seal.domain.as_deref().unwrap_or("nobody (no d=)");
    let cv = seal.cv.as_ref().map_or_else(|| "absent".to_owned(), ToString::to_string);
    let selector = match &seal.selector {
        Some(selector) if with_selector => format!(" s={selector}"),
        _ => String::new(),
    };
    format!("i={} by {by} cv={cv}{selector}", set.instance)
}
