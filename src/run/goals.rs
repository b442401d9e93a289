//! What an attempt waits for, and when it has waited enough.

use crate::{
    evidence::{Evidence, Folder, Stage, Submission},
    mail::dsn::Dsn,
    scenario::{
        Scenario, Target,
        model::{ExpectationKind, FolderTest},
    },
};
use std::{collections::BTreeSet, time::Duration};

/// One expectation that time decides.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Goal {
    /// A copy in any folder of this account.
    Copy { account: String, within: Duration },
    /// A bounce in this account.
    Bounce { account: String, action: String, within: Duration },
    /// So many copies, and then no more.
    Count { account: String, folder: FolderTest, is: usize, settle: Duration },
    /// Nothing.
    Absent { account: String, settle: Duration },
}

/// Everything that an attempt waits for.
#[derive(Debug, Clone)]
pub(super) struct Goals {
    goals: Vec<Goal>,
    /// Accounts whose spam folder is named.
    named_spam: BTreeSet<String>,
    timeout: Duration,
}

/// A copy or bounce that has arrived, as far as waiting is concerned.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) account: String,
    pub(super) folder: Folder,
    pub(super) after: Duration,
    /// The report, for a bounce.
    pub(super) dsn: Option<Dsn>,
}

/// Whether to go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing that may still come would change anything.
    Enough,
    /// Until then, from the end of the submission, unless something arrives before.
    WaitUntil(Duration),
}

impl Goals {
    /// The goals of a scenario on this target; `timeout` is for the whole attempt.
    pub(super) fn of(scenario: &Scenario, target: &Target, timeout: Duration) -> Self {
        let goals = scenario
            .expected_on(target.kind)
            .filter_map(|e| match &e.kind {
                ExpectationKind::Delivered(d) => Some(Goal::Copy {
                    account: d.to.value.clone(),
                    within: d.within.as_ref().map_or(timeout, |w| w.value),
                }),
                ExpectationKind::Bounced(b) => Some(Goal::Bounce {
                    account: b.to.value.clone(),
                    action: b.action.value.clone(),
                    within: b.within.as_ref().map_or(timeout, |w| w.value),
                }),
                ExpectationKind::Count(c) => Some(Goal::Count {
                    account: c.to.value.clone(),
                    folder: c.folder,
                    is: usize::try_from(c.is.value).unwrap_or(usize::MAX),
                    settle: c.settle.time(),
                }),
                ExpectationKind::Absent(a) => {
                    Some(Goal::Absent { account: a.from.value.clone(), settle: a.settle.time() })
                }
                ExpectationKind::Smtp(_) | ExpectationKind::Log(_) => None,
            })
            .collect();
        let named_spam = scenario.expected_on(target.kind).filter_map(|e| match &e.kind {
            ExpectationKind::Delivered(d) if d.folder.value == FolderTest::Spam => Some(d.to.value.clone()),
            ExpectationKind::Count(c) if c.folder == FolderTest::Spam => Some(c.to.value.clone()),
            _ => None,
        });
        Self { goals, timeout, named_spam: named_spam.collect() }
    }

    /// The folders to watch.
    pub(super) fn folders(&self) -> BTreeSet<(String, Folder)> {
        let mut folders = BTreeSet::new();
        for goal in &self.goals {
            match goal {
                Goal::Bounce { account, .. } => drop(folders.insert((account.clone(), Folder::Inbox))),
                Goal::Copy { account, .. } | Goal::Count { account, .. } | Goal::Absent { account, .. } => {
                    folders.insert((account.clone(), Folder::Inbox));
                    folders.insert((account.clone(), Folder::Spam));
                }
            }
        }
        folders
    }

    /// Whether a goal names this folder of the account itself.
    pub(super) fn is_named(&self, account: &str, folder: Folder) -> bool {
        folder == Folder::Inbox || self.named_spam.contains(account)
    }

    /// The folders that a copy is wanted in.
    pub(super) fn folders_of_copies(&self) -> BTreeSet<(String, Folder)> {
        let accounts = self.goals.iter().filter_map(|goal| match goal {
            Goal::Copy { account, .. } | Goal::Count { account, is: 1.., .. } => Some(account),
            _ => None,
        });
        accounts.flat_map(|a| [Folder::Inbox, Folder::Spam].map(|folder| (a.clone(), folder))).collect()
    }

    /// Whether what was seen until `now` is enough. Times count from the end of the submission; `lost` are the accounts
    /// that the mail can no longer reach.
    pub(super) fn decide(&self, seen: &[Sighting], lost: &[String], now: Duration) -> Decision {
        // What must come: when each was decided, or until when it may still come.
        let mut decided_at = Duration::ZERO;
        let mut open: Option<Duration> = None;
        let mut settle_ends: Vec<Duration> = Vec::new();
        for goal in &self.goals {
            let (account, within, at) = match goal {
                Goal::Copy { account, within } => (account, *within, first_copy(seen, account)),
                Goal::Bounce { account, action, within } => (account, *within, final_bounce(seen, account, action)),
                Goal::Count { account, folder, is, settle } => {
                    let at = nth_copy(seen, account, *folder, *is);
                    if let Some(at) = at.filter(|_| nth_copy(seen, account, *folder, is + 1).is_none()) {
                        settle_ends.push(at + *settle);
                    }
                    (account, self.timeout, at)
                }
                Goal::Absent { .. } => continue,
            };
            let bounced = || lost.contains(account).then(|| last_bounce(seen));
            match at.or_else(|| if matches!(goal, Goal::Bounce { .. }) { None } else { bounced() }) {
                Some(at) => decided_at = decided_at.max(at),
                None if within <= now => decided_at = decided_at.max(within),
                None => open = Some(open.map_or(within, |o| o.min(within))),
            }
        }
        let end = match open {
            Some(end) => end,
            None => {
                settle_ends.extend(self.goals.iter().filter_map(|goal| match goal {
                    Goal::Absent { account, settle } if !seen.iter().any(|s| s.account == *account) => {
                        Some(decided_at + *settle)
                    }
                    _ => None,
                }));
                settle_ends.into_iter().max().unwrap_or_default()
            }
        };
        let end = end.min(self.timeout);
        if end <= now { Decision::Enough } else { Decision::WaitUntil(end) }
    }
}

fn copies<'a>(seen: &'a [Sighting], account: &'a str) -> impl Iterator<Item = &'a Sighting> {
    seen.iter().filter(move |s| s.dsn.is_none() && s.account == account)
}

fn first_copy(seen: &[Sighting], account: &str) -> Option<Duration> {
    copies(seen, account).map(|s| s.after).next()
}

/// When the `n`th copy came to the folder; a wanted count of none is reached at once.
fn nth_copy(seen: &[Sighting], account: &str, folder: FolderTest, n: usize) -> Option<Duration> {
    let fits = |f: Folder| match folder {
        FolderTest::Inbox => f == Folder::Inbox,
        FolderTest::Spam => f == Folder::Spam,
        FolderTest::Any => true,
    };
    match n.checked_sub(1) {
        None => Some(Duration::ZERO),
        Some(n) => copies(seen, account).filter(|s| fits(s.folder)).map(|s| s.after).nth(n),
    }
}

/// When the bounce came that no other can follow: a warning of a delay is followed by the end of the story.
fn final_bounce(seen: &[Sighting], account: &str, wanted: &str) -> Option<Duration> {
    let decides = |dsn: &Dsn| {
        let actions: Vec<_> = dsn.recipients.iter().filter_map(|r| r.action.as_deref()).collect();
        actions.is_empty() || actions.iter().any(|a| *a != "delayed" || wanted.eq_ignore_ascii_case(a))
    };
    seen.iter().find(|s| s.account == account && s.dsn.as_ref().is_some_and(decides)).map(|s| s.after)
}

fn last_bounce(seen: &[Sighting]) -> Duration {
    seen.iter().filter(|s| s.dsn.is_some()).map(|s| s.after).max().unwrap_or_default()
}

/// The accounts that the mail cannot reach any more: their address was refused or bounced, or that of every account
/// that forwards to them.
pub(super) fn lost(target: &Target, rcpt_to: &[String], submission: &Submission, seen: &[Sighting]) -> Vec<String> {
    let refused = |address: &str| {
        submission.replies.iter().any(|r| {
            r.stage == Stage::Rcpt
                && !r.reply.is_positive()
                && r.recipient.as_deref().is_some_and(|a| a.eq_ignore_ascii_case(address))
        })
    };
    let failed: Vec<_> = seen
        .iter()
        .filter_map(|s| s.dsn.as_ref())
        .flat_map(|d| &d.recipients)
        .filter(|r| r.action.as_deref() == Some("failed"))
        .collect();
    let bounced = |address: &str| {
        failed.iter().any(|r| {
            [&r.original_recipient, &r.final_recipient].into_iter().flatten().any(|a| a.eq_ignore_ascii_case(address))
        })
    };
    // With one recipient a bounce is about it, whatever name it has there.
    let only_one = rcpt_to.len() == 1 && !failed.is_empty();
    let is_lost = |address: &str| only_one || refused(address) || bounced(address);
    let mut lost = Vec::new();
    for account in target.accounts.values() {
        let mut ways = rcpt_to.iter().filter(|to| leads_to(target, to, &account.name)).peekable();
        if ways.peek().is_some() && (bounced(&account.address) || ways.all(|to| is_lost(to))) {
            lost.push(account.name.clone());
        }
    }
    lost
}

/// Whether mail to this address ends up in, or passes through, this account.
fn leads_to(target: &Target, address: &str, account: &str) -> bool {
    let mut next = target.account_of(address);
    for _ in 0..=target.accounts.len() {
        match next {
            Some(a) if a.name == account => return true,
            Some(a) => next = a.forwards_to.as_ref().and_then(|name| target.accounts.get(name)),
            None => return false,
        }
    }
    false
}

/// Whether some check can only have failed because DNS gave no answer.
pub(super) fn unanswered(evidence: &Evidence) -> Option<String> {
    evidence.copies.iter().find_map(|copy| {
        let verification = &copy.verification;
        let mut sets = verification.sets.iter().rev().filter_map(|s| s.reason.clone());
        (verification.arc == crate::verify::Verdict::TempError)
            .then(|| verification.arc_reason.clone().or_else(|| sets.next()).unwrap_or_else(|| "no answer".into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::StageReply,
        mail::{
            dsn::{RecipientStatus, Returned},
            reply::Reply,
        },
        scenario::{Account, TargetKind, yaml},
    };

    const MINUTE: Duration = Duration::from_secs(60);

    fn target() -> Target {
        let account = |name: &str, address: &str, forwards_to: Option<&str>| Account {
            forwards_to: forwards_to.map(str::to_owned),
            ..Account::new(name, address)
        };
        let accounts = [
            account("external", "probe@ext.example", None),
            account("company", "info@corp.example", Some("gmail")),
            account("gmail", "probe.inbox@gmail.com", None),
        ];
        let accounts = accounts.into_iter().map(|a| (a.name.clone(), a)).collect();
        Target { kind: TargetKind::Embedded, accounts, dns: None, rspamd: None }
    }

    fn goals(expect: &str) -> Goals {
        let text = format!("sealcheck: 1\nname: x\nsend: {{ from: external, to: company }}\nexpect: [ {expect} ]\n");
        let source = yaml::Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario = yaml::scenarios(&source, "a", &|_| Err(String::new())).unwrap().remove(0);
        Goals::of(&scenario, &target(), MINUTE)
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn copy(account: &str, folder: Folder, after: u64) -> Sighting {
        Sighting { account: account.into(), folder, after: seconds(after), dsn: None }
    }

    fn bounce(action: &str, after: u64) -> Sighting {
        let recipient = RecipientStatus {
            final_recipient: Some("probe.inbox@gmail.com".into()),
            action: Some(action.into()),
            ..RecipientStatus::default()
        };
        let dsn = Dsn {
            reporting_mta: None,
            arrival_date: None,
            original_envelope_id: None,
            recipients: vec![recipient],
            returned: Returned::None,
            original_message_id: None,
            notification: String::new(),
        };
        Sighting { account: "external".into(), folder: Folder::Inbox, after: seconds(after), dsn: Some(dsn) }
    }

    #[test]
    fn a_copy_in_any_folder_is_an_answer() {
        let goals = goals("delivered: { to: gmail, folder: inbox, within: 20s }");
        assert_eq!(goals.decide(&[], &[], seconds(1)), Decision::WaitUntil(seconds(20)));
        assert_eq!(goals.decide(&[copy("gmail", Folder::Spam, 1)], &[], seconds(1)), Decision::Enough);
        assert_eq!(goals.decide(&[copy("other", Folder::Inbox, 1)], &[], seconds(1)), Decision::WaitUntil(seconds(20)));
        assert_eq!(goals.decide(&[], &[], seconds(20)), Decision::Enough);
    }

    #[test]
    fn a_reply_alone_needs_no_waiting() {
        assert_eq!(goals("smtp: { code: 250 }").decide(&[], &[], Duration::ZERO), Decision::Enough);
    }

    #[test]
    fn silence_is_waited_for_after_everything_else() {
        let goals = goals("bounced: { to: external, within: 30s }, absent: { from: gmail, settle: 5s }");
        assert_eq!(goals.decide(&[], &[], seconds(2)), Decision::WaitUntil(seconds(30)));
        let bounced = [bounce("failed", 3)];
        assert_eq!(goals.decide(&bounced, &[], seconds(4)), Decision::WaitUntil(seconds(8)));
        assert_eq!(goals.decide(&bounced, &[], seconds(8)), Decision::Enough);
        let both = [bounce("failed", 3), copy("gmail", Folder::Spam, 4)];
        assert_eq!(goals.decide(&both, &[], seconds(4)), Decision::Enough, "nothing can make it absent again");
        assert_eq!(
            goals.decide(&[], &[], seconds(31)),
            Decision::WaitUntil(seconds(35)),
            "after the bounce is given up"
        );
    }

    #[test]
    fn a_count_waits_for_one_too_many() {
        let goals = goals("count: { to: gmail, is: 2, settle: 4s }");
        let one = copy("gmail", Folder::Inbox, 1);
        assert_eq!(goals.decide(std::slice::from_ref(&one), &[], seconds(1)), Decision::WaitUntil(MINUTE));
        let two = [one.clone(), copy("gmail", Folder::Inbox, 3)];
        assert_eq!(goals.decide(&two, &[], seconds(3)), Decision::WaitUntil(seconds(7)));
        let three = [two.to_vec(), vec![copy("gmail", Folder::Inbox, 4)]].concat();
        assert_eq!(goals.decide(&three, &[], seconds(4)), Decision::Enough);
    }

    #[test]
    fn a_warning_is_not_the_end_of_the_story() {
        let goals = goals("bounced: { to: external, within: 30s, action: failed }");
        assert_eq!(goals.decide(&[bounce("delayed", 1)], &[], seconds(1)), Decision::WaitUntil(seconds(30)));
        assert_eq!(goals.decide(&[bounce("delayed", 1), bounce("failed", 2)], &[], seconds(2)), Decision::Enough);
        let goals = self::goals("bounced: { to: external, within: 30s, action: delayed }");
        assert_eq!(goals.decide(&[bounce("delayed", 1)], &[], seconds(1)), Decision::Enough);
    }

    #[test]
    fn mail_that_is_lost_is_not_waited_for() {
        let (target, to) = (target(), ["info@corp.example".to_owned()]);
        let submission = Submission::default();
        assert_eq!(lost(&target, &to, &submission, &[]), Vec::<String>::new());
        assert_eq!(lost(&target, &to, &submission, &[bounce("delayed", 1)]), Vec::<String>::new());
        let gone = lost(&target, &to, &submission, &[bounce("failed", 1)]);
        assert_eq!(gone, ["company", "gmail"]);
        let goals = goals("delivered: { to: gmail, within: 20s }");
        assert_eq!(goals.decide(&[bounce("failed", 1)], &gone, seconds(1)), Decision::Enough);

        let both = ["info@corp.example".to_owned(), "probe@ext.example".to_owned()];
        let refused = Submission {
            replies: vec![StageReply {
                stage: Stage::Rcpt,
                recipient: Some("Info@corp.example".into()),
                reply: Reply { code: 550, enhanced_status: None, text: "no".into() },
                at: Duration::ZERO,
                took: Duration::ZERO,
            }],
            ..Submission::default()
        };
        assert_eq!(lost(&target, &both, &refused, &[]), ["company", "gmail"]);
    }
}
