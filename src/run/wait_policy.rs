//! What an attempt waits for, and when it has waited enough.

use super::{arrival::Found, unreachable_accounts::UnreachableAccounts};
use crate::{
    evidence::{Arrival, Folder},
    judge::check::{Notification, copies, notification_fits},
    scenario::{
        Scenario, Vars,
        model::{BouncedExpectation, ExpectationKind, FolderTest},
    },
    target::Target,
};
use std::{cmp::Ordering, collections::BTreeSet, time::Duration};

/// One expectation that time decides.
#[derive(Debug, Clone, PartialEq)]
enum WaitCondition {
    /// A copy in any folder of this account.
    Copy { account: String, within: Option<Duration> },
    /// A bounce that fits.
    Bounce(Box<BouncedExpectation>),
    /// So many copies, and then no more.
    Count { account: String, folder: FolderTest, is: usize, settle: Duration },
    /// Nothing.
    Absent { account: String, settle: Duration },
}

/// Everything that an attempt waits for.
#[derive(Debug, Clone)]
pub(super) struct WaitPolicy {
    conditions: Vec<WaitCondition>,
    /// What templates of expectations may name.
    vars: Vars,
    /// Accounts whose spam folder is named.
    named_spam: BTreeSet<String>,
}

/// Whether to go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing that may still come would change anything.
    Enough,
    /// Something is missing, and may come until then, from the end of the submission.
    Missing(Duration),
    /// What was wanted is there; until then nothing more may come.
    Settling(Duration),
}

impl WaitPolicy {
    /// The conditions of a scenario on this target.
    pub(super) fn of(scenario: &Scenario, target: &Target, vars: &Vars) -> Self {
        let expected = || scenario.expected_on(target.kind).map(|e| &e.kind);
        let conditions = expected().filter_map(|kind| match kind {
            ExpectationKind::Bounced(b) => Some(WaitCondition::Bounce(Box::new(b.clone()))),
            ExpectationKind::Count(c) => Some(WaitCondition::Count {
                account: c.to.value.clone(),
                folder: c.folder,
                is: usize::try_from(c.is.value).unwrap_or(usize::MAX),
                settle: c.settle.time(),
            }),
            ExpectationKind::Absent(a) => {
                Some(WaitCondition::Absent { account: a.from.value.clone(), settle: a.settle.time() })
            }
            kind => {
                let within = kind.within().map(|within| within.value);
                kind.copy_in().map(|account| WaitCondition::Copy { account: account.value.clone(), within })
            }
        });
        let named_spam = expected().filter_map(|kind| match kind {
            ExpectationKind::Delivered(d) if d.folder == FolderTest::Spam => Some(d.to.value.clone()),
            ExpectationKind::Count(c) if c.folder == FolderTest::Spam => Some(c.to.value.clone()),
            _ => None,
        });
        Self { conditions: conditions.collect(), vars: vars.clone(), named_spam: named_spam.collect() }
    }

    /// The folders to watch.
    pub(super) fn folders(&self) -> BTreeSet<(String, Folder)> {
        let mut folders = BTreeSet::new();
        for condition in &self.conditions {
            let account = condition.account().to_owned();
            if !matches!(condition, WaitCondition::Bounce(_)) {
                folders.insert((account.clone(), Folder::Spam));
            }
            folders.insert((account, Folder::Inbox));
        }
        folders
    }

    /// Whether a condition names this folder of the account itself.
    pub(super) fn is_named(&self, account: &str, folder: Folder) -> bool {
        folder == Folder::Inbox || self.named_spam.contains(account)
    }

    /// The accounts that a copy is wanted in.
    pub(super) fn receivers(&self) -> BTreeSet<String> {
        let accounts = self.conditions.iter().filter_map(|condition| match condition {
            WaitCondition::Copy { account, .. } | WaitCondition::Count { account, is: 1.., .. } => {
                Some(account.clone())
            }
            _ => None,
        });
        accounts.collect()
    }

    /// Whether what was seen until `at` is enough. Times count from the end of the submission; what is missing may come until
    /// `limit`.
    pub(super) fn decide(
        &self,
        found: &[Found],
        unreachable: &UnreachableAccounts,
        at: Duration,
        limit: Duration,
    ) -> Decision {
        // What must come: when each was decided, or until when it may still come.
        let mut decided_at = Duration::ZERO;
        let mut open: Option<Duration> = None;
        let mut settle_ends: Vec<Duration> = Vec::new();
        for condition in &self.conditions {
            let within = condition.within().unwrap_or(limit).min(limit);
            match condition {
                WaitCondition::Absent { .. } => continue,
                WaitCondition::Count { account, folder, is, settle } => {
                    let times = times_of_copies(found, account, *folder);
                    if times.len() == *is {
                        settle_ends.extend(times.last().map(|last| *last + *settle));
                    }
                }
                WaitCondition::Copy { .. } | WaitCondition::Bounce(_) => {}
            }
            let came = self.came(condition, found);
            match came.or_else(|| self.is_hopeless(condition, unreachable).then(|| last_bounce(found))) {
                Some(when) => decided_at = decided_at.max(when),
                None if within <= at => decided_at = decided_at.max(within),
                None => open = Some(open.map_or(within, |o| o.min(within))),
            }
        }
        if let Some(end) = open {
            return Decision::Missing(end);
        }
        settle_ends.extend(self.conditions.iter().filter_map(|condition| match condition {
            WaitCondition::Absent { account, settle } if !is_anything_in(found, account) => Some(decided_at + *settle),
            _ => None,
        }));
        match settle_ends.into_iter().max() {
            Some(end) if end > at => Decision::Settling(end),
            _ => Decision::Enough,
        }
    }

    /// The accounts that are to be searched before anything is said: those where something is missing, or where no more than
    /// what was seen may be.
    pub(super) fn to_search(&self, found: &[Found], unreachable: &UnreachableAccounts) -> BTreeSet<String> {
        let missing = self.conditions.iter().filter(|condition| self.rests_on_absence(condition, found, unreachable));
        missing.map(|condition| condition.account().to_owned()).collect()
    }

    /// Whether what is to be said of a condition rests on something that is not there.
    fn rests_on_absence(&self, condition: &WaitCondition, found: &[Found], unreachable: &UnreachableAccounts) -> bool {
        match condition {
            WaitCondition::Copy { .. } | WaitCondition::Bounce(_) => {
                self.came(condition, found).is_none() && !self.is_hopeless(condition, unreachable)
            }
            WaitCondition::Count { account, folder, is, .. } => {
                match times_of_copies(found, account, *folder).len().cmp(is) {
                    Ordering::Less => !self.is_hopeless(condition, unreachable),
                    Ordering::Equal => true,
                    Ordering::Greater => false,
                }
            }
            WaitCondition::Absent { account, .. } => !is_anything_in(found, account),
        }
    }

    /// Whether what a condition wants cannot come any more.
    fn is_hopeless(&self, condition: &WaitCondition, unreachable: &UnreachableAccounts) -> bool {
        match condition {
            WaitCondition::Copy { account, .. } | WaitCondition::Count { account, .. } => {
                unreachable.is_unreachable(account)
            }
            // Nobody reports on a mail that no server has taken.
            WaitCondition::Bounce(_) => unreachable.is_untaken(),
            WaitCondition::Absent { .. } => false,
        }
    }

    /// When what a condition wants was there, as far as it can come: of a count, the last copy of so many.
    fn came(&self, condition: &WaitCondition, found: &[Found]) -> Option<Duration> {
        match condition {
            WaitCondition::Copy { account, .. } => found.iter().find(|f| is_copy_in(f, account)).map(|f| f.after),
            WaitCondition::Bounce(wanted) => {
                let mut there = found.iter().filter(|f| f.arrival.account == wanted.to.value);
                let fitting = there.find(|Found { arrival, after }| {
                    arrival.dsn.as_ref().is_some_and(|dsn| {
                        let notification = Notification { message: &arrival.message, dsn, after: *after };
                        notification_fits(wanted, &self.vars, notification)
                    })
                });
                fitting.map(|f| f.after)
            }
            WaitCondition::Count { account, folder, is, .. } => match is.checked_sub(1) {
                None => Some(Duration::ZERO),
                Some(last) => times_of_copies(found, account, *folder).get(last).copied(),
            },
            WaitCondition::Absent { .. } => None,
        }
    }
}

impl WaitCondition {
    fn account(&self) -> &str {
        match self {
            Self::Copy { account, .. } | Self::Count { account, .. } | Self::Absent { account, .. } => account,
            Self::Bounce(wanted) => &wanted.to.value,
        }
    }

    fn within(&self) -> Option<Duration> {
        match self {
            Self::Copy { within, .. } => *within,
            Self::Bounce(wanted) => wanted.within.as_ref().map(|w| w.value),
            Self::Count { .. } | Self::Absent { .. } => None,
        }
    }
}

fn is_copy_in(found: &Found, account: &str) -> bool {
    found.arrival.dsn.is_none() && found.arrival.account == account
}

fn is_anything_in(found: &[Found], account: &str) -> bool {
    found.iter().any(|f| f.arrival.account == account)
}

/// When each of the copies came that a count counts.
fn times_of_copies(found: &[Found], account: &str, folder: FolderTest) -> Vec<Duration> {
    let of_account: Vec<&Found> = found.iter().filter(|f| is_copy_in(f, account)).collect();
    let arrivals: Vec<&Arrival> = of_account.iter().map(|f| &f.arrival).collect();
    let mut times: Vec<Duration> = copies(&arrivals, folder).into_iter().map(|n| of_account[n].after).collect();
    times.sort();
    times
}

fn last_bounce(found: &[Found]) -> Duration {
    found.iter().filter(|f| f.arrival.dsn.is_some()).map(|f| f.after).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scenario::yaml,
        target::{Account, TargetKind},
    };

    const MINUTE: Duration = Duration::from_secs(60);

    fn policy(expect: &str) -> WaitPolicy {
        let text = format!("sealcheck: 1\nname: x\nsend: {{ from: external, to: company }}\nexpect: [ {expect} ]\n");
        let source = yaml::Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario = yaml::scenarios(&source, "a", &|_| Err(String::new())).unwrap().remove(0);
        let accounts = ["external", "gmail"].map(|name| (name.to_owned(), Account::new(name, "a@b.example")));
        let target =
            Target { kind: TargetKind::Embedded, accounts: accounts.into_iter().collect(), dns: None, rspamd: None };
        WaitPolicy::of(&scenario, &target, &Vars::default())
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn found(account: &str, folder: Folder, after: u64, gm_msgid: Option<u64>, raw: String) -> Found {
        let uid = u32::try_from(after).unwrap();
        let arrival = Arrival { gm_msgid, ..Arrival::new(account, folder, uid, raw.into_bytes()) };
        Found { arrival, after: seconds(after) }
    }

    fn copy(account: &str, folder: Folder, after: u64) -> Found {
        found(account, folder, after, None, "Message-ID: <t@x>\r\n\r\n".into())
    }

    fn bounce(recipient: &str, action: &str, after: u64) -> Found {
        let raw = format!(
            "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        );
        found("external", Folder::Inbox, after, None, raw)
    }

    fn decide(policy: &WaitPolicy, found: &[Found], at: u64) -> Decision {
        policy.decide(found, &UnreachableAccounts::default(), seconds(at), MINUTE)
    }

    #[test]
    fn a_copy_in_any_folder_is_an_answer() {
        let policy = policy("delivered: { to: gmail, folder: inbox, within: 20s }");
        assert_eq!(decide(&policy, &[], 1), Decision::Missing(seconds(20)));
        assert_eq!(decide(&policy, &[copy("gmail", Folder::Spam, 1)], 1), Decision::Enough);
        assert_eq!(decide(&policy, &[copy("other", Folder::Inbox, 1)], 1), Decision::Missing(seconds(20)));
        assert_eq!(decide(&policy, &[], 20), Decision::Enough);
        assert!(policy.to_search(&[copy("gmail", Folder::Spam, 1)], &UnreachableAccounts::default()).is_empty());
        assert_eq!(policy.to_search(&[], &UnreachableAccounts::default()), BTreeSet::from(["gmail".to_owned()]));
    }

    #[test]
    fn nothing_is_waited_for_longer_than_the_attempt_has() {
        let policy = policy("delivered: { to: gmail, within: 50s }");
        assert_eq!(
            policy.decide(&[], &UnreachableAccounts::default(), seconds(1), seconds(9)),
            Decision::Missing(seconds(9))
        );
    }

    #[test]
    fn a_reply_alone_needs_no_waiting() {
        let policy = policy("smtp: { code: 250 }");
        assert_eq!(decide(&policy, &[], 0), Decision::Enough);
        assert!(policy.to_search(&[], &UnreachableAccounts::default()).is_empty());
    }

    #[test]
    fn silence_is_waited_for_after_everything_else_and_never_cut() {
        let policy = policy("bounced: { to: external, within: 30s }, absent: { from: gmail, settle: 5s }");
        assert_eq!(decide(&policy, &[], 2), Decision::Missing(seconds(30)));
        let bounced = [bounce("a@b.example", "failed", 3)];
        assert_eq!(decide(&policy, &bounced, 4), Decision::Settling(seconds(8)));
        assert_eq!(decide(&policy, &bounced, 8), Decision::Enough);
        assert_eq!(policy.to_search(&bounced, &UnreachableAccounts::default()), BTreeSet::from(["gmail".to_owned()]));
        let both = [bounce("a@b.example", "failed", 3), copy("gmail", Folder::Spam, 4)];
        assert_eq!(decide(&policy, &both, 4), Decision::Enough, "nothing can make it absent again");
        assert!(policy.to_search(&both, &UnreachableAccounts::default()).is_empty());
        assert_eq!(decide(&policy, &[], 31), Decision::Settling(seconds(35)), "after the bounce is given up");
        assert_eq!(
            policy.decide(&bounced, &UnreachableAccounts::default(), seconds(4), seconds(5)),
            Decision::Settling(seconds(8))
        );
    }

    #[test]
    fn a_count_waits_for_one_too_many() {
        let policy = policy("count: { to: gmail, is: 2, settle: 4s }");
        let one = || copy("gmail", Folder::Inbox, 1);
        let two = || copy("gmail", Folder::Inbox, 3);
        assert_eq!(decide(&policy, &[one()], 1), Decision::Missing(MINUTE));
        assert_eq!(decide(&policy, &[one(), two()], 3), Decision::Settling(seconds(7)));
        assert_eq!(policy.to_search(&[one(), two()], &UnreachableAccounts::default()).len(), 1, "there may be another");
        let three = [one(), two(), copy("gmail", Folder::Inbox, 4)];
        assert_eq!(decide(&policy, &three, 4), Decision::Enough);
        assert!(policy.to_search(&three, &UnreachableAccounts::default()).is_empty());
    }

    #[test]
    fn a_copy_that_is_moved_is_counted_once() {
        let policy = policy("count: { to: gmail, is: 1, settle: 4s }");
        let seen = |folder, after| found("gmail", folder, after, Some(7), String::new());
        let moved = [seen(Folder::Inbox, 1), seen(Folder::Spam, 2)];
        assert_eq!(decide(&policy, &moved, 2), Decision::Settling(seconds(5)));
        let twice = [seen(Folder::Inbox, 1), found("gmail", Folder::Spam, 2, Some(8), String::new())];
        assert_eq!(decide(&policy, &twice, 2), Decision::Enough);
    }

    #[test]
    fn a_bounce_is_waited_for_until_one_fits_in_every_part() {
        let policy = policy("bounced: { to: external, within: 30s, final_recipient: ann@x.example, status: 5.1.1 }");
        let other = || bounce("bob@x.example", "failed", 1);
        assert_eq!(decide(&policy, &[other()], 1), Decision::Missing(seconds(30)));
        assert_eq!(decide(&policy, &[other(), bounce("ann@x.example", "failed", 2)], 2), Decision::Enough);
    }

    #[test]
    fn a_warning_is_not_the_end_of_the_story() {
        for written in ["", ", action: failed"] {
            let policy = policy(&format!("bounced: {{ to: external, within: 30s{written} }}"));
            for other in ["delayed", "delivered", "relayed", "expanded"] {
                assert_eq!(decide(&policy, &[bounce("a@x", other, 1)], 1), Decision::Missing(seconds(30)), "{other}");
            }
            assert_eq!(
                decide(&policy, &[bounce("a@x", "delayed", 1), bounce("a@x", "failed", 2)], 2),
                Decision::Enough
            );
        }
        let policy = policy("bounced: { to: external, within: 30s, action: delayed }");
        assert_eq!(decide(&policy, &[bounce("a@x", "delayed", 1)], 1), Decision::Enough);
    }
}
