//! Facts from an attempt of a run.

use super::{
    builder::quote,
    facts::{Attempt, Facts, MailFacts, was_at},
    missing_delivery::{self, Bounces},
    server_log::ServerLog,
    server_refusal::{Refusal, RefusedBy},
};
use crate::{
    evidence::{Evidence, FirstServer, NextHop, ReturnedMail},
    judge::{survival, survival_of_returned},
    outcome::{CheckPart, CheckResult},
    target::{Account, Target},
};

impl<'a> Facts<'a> {
    /// The facts of an attempt, or `None` when nothing failed.
    pub fn of(evidence: &'a Evidence, checks: &[CheckResult], target: &'a Target) -> Option<Self> {
        let failed: Vec<&CheckResult> = checks.iter().filter(|c| !c.passed).collect();
        if failed.is_empty() {
            return None;
        }
        let copy = evidence.copies.first();
        let forwarder = forwarder(evidence, target);
        let returned = match (copy, forwarder.as_deref()) {
            (None, Some(forwarder)) => returned(evidence, forwarder),
            _ => None,
        };
        let sent = &evidence.sent.message;
        let (mail, survival) = match (copy, returned) {
            (Some(copy), _) => {
                let account = target.accounts.get(&copy.arrival.account);
                let is_missing = failed.iter().any(|c| c.part() == Some(&CheckPart::Delivered));
                let misplaced = is_missing.then_some(copy.arrival.folder);
                let survival = survival(sent, &copy.arrival.message, Some(&copy.verification));
                (Some(MailFacts::of(copy, account, misplaced)), survival)
            }
            (None, Some((artifact, returned))) => {
                let survival = survival_of_returned(sent, returned);
                (Some(MailFacts::of_returned(&artifact, returned)), survival)
            }
            (None, None) => (None, Vec::new()),
        };
        Some(Self {
            mail,
            not_forwarded: None,
            spf: &[],
            sent: Some(sent),
            sent_name: None,
            survival,
            recipients: &evidence.sent.rcpt_to,
            refused: refused(evidence),
            bounces: evidence.bounces.iter().enumerate().map(|(n, b)| (artifact(n), &*b.dsn)).collect(),
            log: ServerLog::of_lines(&evidence.logs),
            unread_logs: evidence.unread_logs.iter().map(|l| format!("{}: {}", l.problem, l.next)).collect(),
            forwarder,
            mailboxes: Some(&evidence.mailboxes),
            attempt: Some(attempt(evidence, &failed, target)),
        })
    }
}

fn attempt(evidence: &Evidence, failed: &[&CheckResult], target: &Target) -> Attempt {
    let is_late = failed.iter().any(|c| c.is_about_time());
    let tab = failed.iter().find(|c| c.part() == Some(&CheckPart::Category) && !c.inconclusive);
    Attempt {
        first: evidence.submission.server,
        accepted: evidence.submission.may_be_accepted(),
        to_itself: to_itself(evidence, target),
        late: if is_late { evidence.copies.first().map(|copy| copy.after) } else { None },
        silent: failed.iter().any(|c| c.timed_out),
        unseen_bounces: match missing_delivery::bounces(evidence, target) {
            Bounces::Unseen(unseen) => Some(unseen),
            Bounces::Came(_) | Bounces::None(_) => None,
        },
        tab: tab.map(|c| (c.expected.clone(), c.actual.clone())),
    }
}

/// The accounts that the mail was sent to.
fn recipients<'t>(evidence: &Evidence, target: &'t Target) -> impl Iterator<Item = &'t Account> {
    target.accounts.values().filter(|a| evidence.sent.rcpt_to.iter().any(|r| r.eq_ignore_ascii_case(&a.address)))
}

/// The domain of the server that forwards, unless the copy is at the account that it was sent to.
fn forwarder(evidence: &Evidence, target: &Target) -> Option<String> {
    let at = evidence.copies.first().map(|copy| copy.arrival.account.as_str());
    if recipients(evidence, target).any(|account| at == Some(account.name.as_str())) {
        return None;
    }
    let mut recipients = recipients(evidence, target);
    let forwards = recipients.find(|a| a.forwards_to.as_deref().is_some_and(|to| at.is_none_or(|at| at == to)));
    forwards.map(Account::domain)
}

/// The address of the account that sent, where the mail ends there too.
fn to_itself(evidence: &Evidence, target: &Target) -> Option<String> {
    let mut way = recipients(evidence, target).flat_map(|account| target.route(&account.name));
    way.find(|a| a.forwards_to.is_none() && a.address.eq_ignore_ascii_case(&evidence.sent.mail_from))
        .map(|a| a.address.clone())
}

/// The mail that a bounce gives back, with the name of the bounce, where the server that forwards had had it.
fn returned<'e>(evidence: &'e Evidence, forwarder: &str) -> Option<(String, &'e ReturnedMail)> {
    evidence.bounces.iter().enumerate().find_map(|(n, bounce)| {
        let returned = bounce.returned.as_ref().filter(|returned| was_at(forwarder, &bounce.dsn, returned))?;
        Some((artifact(n), returned))
    })
}

/// `bounce.eml`, `bounce-2.eml`, …
fn artifact(n: usize) -> String {
    if n == 0 { "bounce.eml".to_owned() } else { format!("bounce-{}.eml", n + 1) }
}

/// The refusal of the first server that is tested: ours by the mail's first server, or what our own outside sender heard.
fn refused(evidence: &Evidence) -> Option<Refusal> {
    let server = evidence.submission.server;
    let first = evidence.submission.deciding().filter(|r| !r.reply.is_positive() && server != FirstServer::Sender);
    let (reply, by) = match first {
        Some(first) => (&first.reply, RefusedBy::First(server)),
        None => (evidence.next_hop.iter().rev().find_map(NextHop::rejection)?, RefusedBy::Forwarder),
    };
    Some(Refusal { reply: reply.clone(), at: quote("smtp.log", 0, &reply.to_string()), by, host: None })
}
