//! What was looked at when something did not come in time: what the silence means.

use super::{ServerLog, UnseenBounces, server_refusal::Refusal};
use crate::{
    evidence::{Evidence, Folder, OtherDeliveries, SearchedFolder, WatchedFolder},
    judge::phrases,
    outcome::CheckResult,
    target::Target,
};
use std::collections::BTreeMap;

/// What was looked at, a line each; nothing when nothing was missed.
pub fn checked(evidence: &Evidence, checks: &[CheckResult], target: &Target) -> Vec<String> {
    let is_missed = checks.iter().any(|c| !c.passed && c.timed_out && !c.is_about_time());
    if !evidence.submission.may_be_accepted() || !is_missed {
        return Vec::new();
    }
    let mut lines = vec![taken(evidence)];
    lines.extend(next_hop(evidence));
    lines.extend(searched(evidence));
    lines.extend(watched(evidence, target));
    lines.push(match bounces(evidence, target) {
        Bounces::Came(n) => format!("{n} of the bounces to the sender came"),
        Bounces::None(account) => format!("the inbox of {account} was watched for a bounce: none came"),
        Bounces::Unseen(UnseenBounces { why, next: None }) => format!("no bounce could be seen: {why}"),
        Bounces::Unseen(UnseenBounces { why, next: Some(next) }) => format!("no bounce could be seen: {why}; {next}"),
    });
    lines.extend(logs(evidence));
    lines.extend(evidence.mailboxes.others.iter().map(others));
    lines
}

/// What was seen of mailboxes beside what the checks are about: nothing is wrong with the mail for it.
pub fn notes(evidence: &Evidence) -> Vec<String> {
    let found = evidence.mailboxes.searched.iter().filter(|searched| searched.found);
    found
        .map(|SearchedFolder { folder, account, .. }| {
            let folder = phrases::folder(*folder);
            format!(
                "E03: a search on another connection found mail in {folder} of {account} that the session which watched was not shown"
            )
        })
        .collect()
}

/// What is known of bounces.
pub(super) enum Bounces {
    /// So many came.
    Came(usize),
    /// None came to this account, which was watched.
    None(String),
    /// Nobody could have seen one.
    Unseen(UnseenBounces),
}

/// Whether a bounce would have been seen. It goes to the envelope's sender (RFC 5321 §6.1).
pub(super) fn bounces(evidence: &Evidence, target: &Target) -> Bounces {
    if !evidence.bounces.is_empty() {
        return Bounces::Came(evidence.bounces.len());
    }
    let sender = &evidence.sent.mail_from;
    if sender.is_empty() {
        return Bounces::unseen("the mail has no sender in its envelope that one could go to".to_owned(), None);
    }
    let Some(account) = target.account_of(sender) else {
        let next = "send with the address of an account that has `imap`".to_owned();
        return Bounces::unseen(format!("it would go to {sender}, which is no account's address"), Some(next));
    };
    let name = &account.name;
    if account.imap.is_none() {
        let next = format!("write `imap` below `accounts.{name}` in sealcheck.yaml");
        return Bounces::unseen(format!("it would go to {name}, an account without `imap`"), Some(next));
    }
    match evidence.mailboxes.watched.iter().find(|w| w.account == *name && w.folder == Folder::Inbox) {
        Some(WatchedFolder { problem: None, .. }) => Bounces::None(name.clone()),
        Some(WatchedFolder { problem: Some(problem), .. }) => {
            let next = format!("see that the login of {name} works: `sealcheck doctor --target …`");
            Bounces::unseen(format!("the inbox of {name} was not open: {problem}"), Some(next))
        }
        None => Bounces::unseen(format!("nobody watched the inbox of {name}"), None),
    }
}

impl Bounces {
    fn unseen(why: String, next: Option<String>) -> Self {
        Self::Unseen(UnseenBounces { why, next })
    }
}

fn taken(evidence: &Evidence) -> String {
    let submission = &evidence.submission;
    match (&submission.unanswered, submission.deciding()) {
        (Some(why), _) => format!("whether the first server took the mail is not known: {why}"),
        (None, Some(reply)) => {
            format!("the first server took the mail: {}", phrases::cut(&reply.reply.to_string(), 120))
        }
        (None, None) => "the first server took the mail".to_owned(),
    }
}

/// What became of the mail behind the first server, where that is ours.
fn next_hop(evidence: &Evidence) -> Option<String> {
    let last = evidence.next_hop.last()?;
    let tries = match evidence.next_hop.len() {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    let said = match (last.deferral(), last.rejection()) {
        (Some(why), _) => format!("put it off, the last time with {why}"),
        (None, Some(reply)) => format!("refused it: {reply}"),
        (None, None) => "took it".to_owned(),
    };
    Some(phrases::cut(&format!("the outside sender handed it to {} {tries}: it {said}", last.server), 240))
}

fn searched(evidence: &Evidence) -> Vec<String> {
    let mut accounts: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for one in &evidence.mailboxes.searched {
        accounts.entry((&one.account, one.found)).or_default().push(phrases::folder(one.folder));
    }
    let mut lines = Vec::new();
    for ((account, found), folders) in accounts {
        let folders = match folders.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => folders.concat(),
        };
        let seen = if found { "the mail is there" } else { "not there" };
        lines.push(format!("{folders} of {account} searched anew, on another connection: {seen}"));
    }
    lines
}

/// How the mailboxes stood where copies were wanted; the sender's is told with the bounces.
fn watched(evidence: &Evidence, target: &Target) -> Vec<String> {
    let told = evidence.mailboxes.watched.iter().filter(|w| {
        let account = target.accounts.get(&w.account);
        account.is_none_or(|a| !a.address.eq_ignore_ascii_case(&evidence.sent.mail_from))
    });
    told.map(|w| {
        let place = format!("{} of {}", phrases::folder(w.folder), w.account);
        match (&w.problem, w.asked) {
            (Some(problem), _) => format!("{place} was not open in the end: {problem}"),
            (None, Some(asked)) => {
                format!("{place} watched to the end; its server last answered {} before", phrases::seconds(asked))
            }
            (None, None) => format!("{place} opened, and its server has not yet said what is in it"),
        }
    })
    .collect()
}

fn logs(evidence: &Evidence) -> Vec<String> {
    let mut lines: Vec<String> = evidence
        .unread_logs
        .iter()
        .map(|l| format!("the log of {} could not be read: {}", l.account, l.problem))
        .collect();
    if evidence.logs.is_empty() {
        return lines;
    }
    let refusals = ServerLog::of_lines(&evidence.logs).refusals();
    if refusals.is_empty() {
        let count = evidence.logs.len();
        lines.push(format!("{count} lines of logs tell of the mail, none of a refusal or a delay"));
    }
    lines.extend(refusals.into_iter().map(|Refusal { reply, at, .. }| {
        let what = if reply.is_transient() { "deferred" } else { "refused" };
        format!("{what} on the way, {}:{}: {}", at.artifact, at.line, phrases::cut(&reply.to_string(), 120))
    }));
    lines
}

/// What became of the run's other mails.
pub(super) fn others(others: &OtherDeliveries) -> String {
    let OtherDeliveries { account, sent, came, meanwhile, slowest } = others;
    match (sent, came, meanwhile) {
        (0, ..) => format!("this run has sent no other mail towards {account}"),
        (_, 0, _) => format!("none of {} that this run sent towards {account} has come either", mails(*sent)),
        (_, _, 0) => format!("{} of this run reached {account}, all before this one was sent", mails(*came)),
        _ => {
            let slowest = slowest.map(|s| format!(", the slowest after {}", phrases::seconds(s))).unwrap_or_default();
            format!("{} of this run reached {account} meanwhile{slowest}", mails(*meanwhile))
        }
    }
}

fn mails(n: usize) -> String {
    if n == 1 { "1 other mail".to_owned() } else { format!("{n} other mails") }
}
