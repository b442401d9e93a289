//! Why did it fail? The catalogue of causes, and the rules that go from what was seen to its rows.
//!
//! Pure functions. Both ways in, an attempt of a run and a mail that somebody has, build the same [`Facts`] and meet the
//! same rules. `X00` of a family says what is certain and that its cause cannot be proved from what is at hand.

mod builder;
mod facts;
mod from_attempt;
mod from_mail;
mod handover;
mod missing_delivery;
mod rules;
mod server_log;
mod server_refusal;
mod service;
mod spf;

use facts::is_unauthentic;
pub use facts::{Attempt, Facts, MailFacts, UnseenBounces};
pub use from_mail::{DiagnoseInput, diagnose_mail};
pub use missing_delivery::{checked, notes};
pub use server_log::ServerLog;
pub use server_refusal::{Refusal, RefusedBy};
pub use spf::{SpfAnswer, SpfQuestion, spf_questions};

use crate::{
    catalogue::{Cause, Family},
    core::Recorded,
    evidence::Evidence,
    outcome::{CheckPart, CheckResult, Confidence, Diagnosis, HarnessError},
    target::Target,
};
use std::cmp::Reverse;

/// Why the checks of an attempt failed, the most certain first; empty when all hold, and when nothing is wrong with the
/// mail that could be their reason.
pub fn diagnose(evidence: &Evidence, checks: &[CheckResult], target: &Target) -> Vec<Diagnosis> {
    let all = Facts::of(evidence, checks, target).map(|facts| diagnose_facts(&facts)).unwrap_or_default();
    let explains = checks.iter().any(|c| !c.passed && cause_of(c, &all).is_some());
    if explains { all } else { Vec::new() }
}

/// Diagnoses an attempt that may have ended in `error`, and notes in every check that failed the code that explains it.
pub fn explain(
    evidence: &Evidence,
    checks: &mut [CheckResult],
    target: &Target,
    error: Option<&HarnessError>,
) -> Vec<Diagnosis> {
    let mut all: Vec<Diagnosis> = error.and_then(of_error).into_iter().collect();
    // When the mailbox could not be seen into, it is no wonder that nothing was seen.
    all.extend(diagnose(evidence, checks, target).into_iter().filter(|d| error.is_none() || d.code != Cause::E00));
    for check in checks.iter_mut().filter(|c| !c.passed) {
        check.code = cause_of(check, &all).map(Recorded::Known);
    }
    all
}

/// What an error of the harness itself says, when the catalogue knows it.
pub fn of_error(error: &HarnessError) -> Option<Diagnosis> {
    let diagnosis = rules::of_error(error)?;
    let explain = format!("sealcheck explain {}", diagnosis.code);
    Some(diagnosis.next([explain]))
}

/// What it means that rspamd or Postfix cannot work with its configuration and says this: no mail that is to be sealed gets that
/// far. `log` is the artifact with what it says, and `check` the command that tells it again.
pub(crate) fn of_configuration(log: &str, check: &str, said: &str) -> Diagnosis {
    let lines = said.lines().zip(1..).map(|(line, n)| builder::quote(log, n, line));
    let next = [check, "sealcheck explain A17"].map(str::to_owned);
    builder::found(Cause::A17, Confidence::Certain).seen(lines).next(next)
}

/// Every diagnosis of these facts, the most certain first, of equals in the order of the families.
pub fn diagnose_facts(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut all = rules::all(facts);
    // Where the copy that was refused shows what is wrong with it, the refusal is what followed. A seal that is missing or
    // broken is certain, also where its cause is not.
    let shown = facts.mail.as_ref().is_some_and(|mail| mail.returned.is_some())
        && all.iter().any(|d| {
            let is_sure = d.confidence > Confidence::Low;
            d.is_of(Family::A) || d.is_of(Family::B) || is_sure && (d.is_of(Family::C) || d.code == Cause::D12)
        });
    // That a bounce shows an address is no reason for the bounce.
    all.sort_by_key(|d| {
        let refused = shown && d.code.known().is_some_and(is_unauthentic);
        // What was never handed over was judged by nobody.
        (d.code == Cause::F01, refused, Reverse(d.confidence), !d.is_of(Family::G))
    });
    for diagnosis in &mut all {
        diagnosis.next.push(format!("sealcheck explain {}", diagnosis.code));
    }
    all
}

/// Mail under another tab.
const TAB: Cause = Cause::E08;

/// The cause that explains a check that failed: the first whose family can.
pub(crate) fn cause_of(check: &CheckResult, diagnoses: &[Diagnosis]) -> Option<Cause> {
    let families: &[Family] = match check.part()? {
        CheckPart::Smtp(_) => &[Family::D],
        CheckPart::Auth(_) | CheckPart::Arc(_) => &[Family::A, Family::B, Family::C, Family::D],
        CheckPart::Body | CheckPart::Header(_) => &[Family::B],
        // A tab is the reason of nothing else, and nothing else is that of a tab.
        CheckPart::Category => return diagnoses.iter().any(|d| d.code == TAB).then_some(TAB),
        CheckPart::Within => &[Family::D, Family::E, Family::G],
        CheckPart::Log => &[Family::A],
        // Whether mail comes, where, and how often.
        _ => &[Family::A, Family::B, Family::C, Family::D, Family::E, Family::F, Family::G],
    };
    let mut causes = diagnoses.iter().filter_map(|d| d.code.known());
    causes.find(|cause| *cause != TAB && families.contains(&cause.family()))
}
