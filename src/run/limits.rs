//! How many mails a minute and a day an account may have.

use super::{
    EventSender, Plan, PlanErrors, PlannedScenario,
    ledger::{Counted, DAY, Ledger},
    route::route,
};
use crate::{
    core::{Spanned, UnixTime, duration},
    outcome::{Event, HarnessError, HarnessErrorKind},
    scenario::YamlError,
    target::{Account, Target},
};
use std::{collections::BTreeMap, path::PathBuf, sync::Mutex, time::Duration};

/// In milliseconds.
const MINUTE: i64 = 60_000;

/// Keeps to the limits of the accounts.
#[derive(Debug)]
pub(super) struct Limits {
    ledger: Ledger,
    events: EventSender,
    said: Mutex<Option<String>>,
}

/// The accounts that a mail counts for: the one that sends it, and all that it is to reach or to pass through. None when it
/// cannot be sent at all.
pub(super) fn accounts<'t>(item: &PlannedScenario, target: &'t Target) -> Vec<&'t Account> {
    let send = &item.scenario.send;
    let Ok(route) = route(send, target) else { return Vec::new() };
    let mut names = route.reaches;
    if !names.contains(&send.from.value) {
        names.push(send.from.value.clone());
    }
    names.iter().filter_map(|name| target.accounts.get(name)).collect()
}

impl Limits {
    /// Counts in this file what all runs send; without one for this run alone.
    pub(super) fn new(file: Option<PathBuf>, events: EventSender) -> Self {
        Self { ledger: Ledger::new(file), events, said: Mutex::default() }
    }

    /// Whether the first mails of a plan can all be sent; what is wrong with the file where they are counted.
    ///
    /// # Errors
    /// Why they cannot, one reason an account: with the arithmetic, at the limit's place.
    pub(super) async fn check(
        &self,
        plan: &Plan,
        target: &Target,
        within: Option<Duration>,
    ) -> Result<Option<String>, PlanErrors> {
        let mut planned: BTreeMap<&str, (&Account, usize)> = BTreeMap::new();
        for item in plan.items.iter().filter(|i| i.scenario.skip.is_none()) {
            for account in accounts(item, target) {
                planned.entry(&account.name).or_insert((account, 0)).1 += 1;
            }
        }
        let (mut problems, mut problem) = (Vec::new(), None);
        for (account, planned) in planned.into_values() {
            if let Some(most) = &account.limit.per_day {
                let now = self.events.clock().now().as_millisecond();
                let (sent, wrong) = self.ledger.update(now, |counted| (times(counted, account), Vec::new())).await;
                problems.extend(too_many(account, most, planned, &sent));
                problem = problem.or(wrong);
            }
            let slow = within.zip(account.limit.per_minute.as_ref());
            problems.extend(slow.and_then(|(within, most)| too_slow(account, most, planned, within)));
        }
        if problems.is_empty() { Ok(problem) } else { Err(PlanErrors(problems)) }
    }

    /// Tells what is wrong with the file, but not again and again.
    pub(super) fn say(&self, problem: Option<String>) {
        let (Some(text), Ok(mut said)) = (problem, self.said.lock()) else { return };
        if said.as_ref() != Some(&text) {
            *said = Some(text.clone());
            self.events.emit(Event::Note { text });
        }
    }

    /// Waits until one more mail may be sent, and counts it. `waits` is told once why, when it has to wait.
    ///
    /// # Errors
    /// When an account has had all mails of its day: nobody waits for hours.
    pub(super) async fn admit(
        &self,
        accounts: &[&Account],
        waits: impl FnOnce(String),
    ) -> Result<Duration, HarnessError> {
        let limited: Vec<Account> = accounts
            .iter()
            .filter(|a| a.limit.per_minute.is_some() || a.limit.per_day.is_some())
            .map(|a| (*a).clone())
            .collect();
        if limited.is_empty() {
            return Ok(Duration::ZERO);
        }
        let mut waits = Some(waits);
        let started = tokio::time::Instant::now();
        loop {
            let now = self.events.clock().now().as_millisecond();
            let (answer, problem) = self.ledger.update(now, |counted| decide(&limited, counted, now)).await;
            self.say(problem);
            match answer {
                Admission::Send => return Ok(started.elapsed()),
                Admission::Wait { until, why } => {
                    if let Some(waits) = waits.take() {
                        waits(why);
                    }
                    let left = u64::try_from(until - now).unwrap_or(0).max(1);
                    tokio::time::sleep(Duration::from_millis(left)).await;
                }
                Admission::Never(error) => return Err(error),
            }
        }
    }
}

/// What the limits say of one more mail.
enum Admission {
    Send,
    /// In milliseconds since 1970.
    Wait {
        until: i64,
        why: String,
    },
    Never(HarnessError),
}

fn decide(accounts: &[Account], counted: &[Counted], now: UnixTime) -> (Admission, Vec<Counted>) {
    let mut wait: Option<(i64, String)> = None;
    for account in accounts {
        let times = times(counted, account);
        if let Some(most) = &account.limit.per_day
            && let Some(at) = free_at(&times, most.value, DAY, now)
        {
            let (name, sent, most) = (&account.name, times.len(), mails(most.value));
            let message = format!("account {name} has had {sent} of its {most} in 24 hours");
            let next = format!("run again after {}, or write another `per_day` in `limits`", clock_text(at));
            return (
                Admission::Never(HarnessError::new(
                    HarnessErrorKind::ProviderLimit,
                    "keep to the limits",
                    message,
                    next,
                )),
                Vec::new(),
            );
        }
        let Some(most) = &account.limit.per_minute else { continue };
        if let Some(at) = free_at(&times, most.value, MINUTE, now)
            && wait.as_ref().is_none_or(|(until, _)| *until < at)
        {
            wait = Some((at, format!("{} may have {} a minute", account.name, mails(most.value))));
        }
    }
    match wait {
        Some((until, why)) => (Admission::Wait { until, why }, Vec::new()),
        None => (Admission::Send, accounts.iter().map(|a| Counted { at: now, address: address(a) }).collect()),
    }
}

fn address(account: &Account) -> String {
    account.address.to_lowercase()
}

/// When mails counted for an account, the oldest first.
fn times(counted: &[Counted], account: &Account) -> Vec<i64> {
    let address = address(account);
    let mut times: Vec<i64> = counted.iter().filter(|c| c.address == address).map(|c| c.at).collect();
    times.sort_unstable();
    times
}

/// When one more mail makes no more than `most` within the span; `None` for now.
fn free_at(times: &[i64], most: u32, span: i64, now: UnixTime) -> Option<i64> {
    let inside = &times[times.partition_point(|at| at + span <= now)..];
    let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
    inside.len().checked_sub(most).and_then(|n| inside.get(n)).map(|at| at + span)
}

/// `sent` is when mails of the last day counted, the oldest first.
fn too_many(account: &Account, most: &Spanned<u32>, planned: usize, sent: &[i64]) -> Option<YamlError> {
    let room = usize::try_from(most.value).unwrap_or(usize::MAX);
    let over = (sent.len() + planned).checked_sub(room).filter(|over| *over > 0)?;
    let message = format!(
        "account `{}` may have {} in 24 hours: {planned} of this plan and {} sent before are {over} too many",
        account.name,
        mails(most.value),
        sent.len()
    );
    let help = match sent.get(over - 1) {
        Some(at) if planned <= room => format!("select fewer scenarios, or run again after {}", clock_text(at + DAY)),
        _ => "select fewer scenarios, or write another `per_day` in `limits`, where the provider allows it".into(),
    };
    Some(YamlError::new(message, most.at.clone()).with_help(help))
}

/// Mails leave in groups of `most`, a minute apart.
fn too_slow(account: &Account, most: &Spanned<u32>, planned: usize, within: Duration) -> Option<YamlError> {
    let most_at_once = usize::try_from(most.value).unwrap_or(usize::MAX).max(1);
    let minutes = u32::try_from(planned.saturating_sub(1) / most_at_once).unwrap_or(u32::MAX);
    let least = Duration::from_secs(60).saturating_mul(minutes);
    (least >= within).then(|| {
        let message = format!(
            "{} to account `{}` at {} a minute take {} at least, and the global timeout is {}",
            mails(u32::try_from(planned).unwrap_or(u32::MAX)),
            account.name,
            most.value,
            duration::human(least),
            duration::human(within)
        );
        let help = "select fewer scenarios, or give the run more time with --global-timeout";
        YamlError::new(message, most.at.clone()).with_help(help)
    })
}

fn mails(n: u32) -> String {
    if n == 1 { "1 mail".to_owned() } else { format!("{n} mails") }
}

fn clock_text(at: UnixTime) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "a day".into(), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{core::Span, run::Clock, target::Limit};

    fn account(per_minute: Option<u32>, per_day: Option<u32>) -> Account {
        let at = |n| Spanned::new(n, Span::new("sealcheck.yaml", 9, 5));
        let limit = Limit { jobs: None, per_minute: per_minute.map(at), per_day: per_day.map(at) };
        Account { limit, ..Account::new("gmail", "Probe.Inbox@gmail.com") }
    }

    /// Limits whose time of day goes with that of tokio.
    fn limits(file: Option<PathBuf>) -> Limits {
        let (to, _) = std::sync::mpsc::channel();
        let began = tokio::time::Instant::now();
        let clock = Clock::new(move || {
            let ms = i64::try_from(began.elapsed().as_millis()).unwrap();
            jiff::Timestamp::from_millisecond(1_795_486_200_000 + ms).unwrap()
        });
        Limits::new(file, EventSender::new(to, clock))
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_mail_of_two_a_minute_waits_and_says_why() {
        let (limits, account) = (limits(None), account(Some(2), None));
        let started = tokio::time::Instant::now();
        let mut said = Vec::new();
        let first = limits.admit(&[&account], |why| said.push(why)).await;
        assert_eq!(first, Ok(Duration::ZERO));
        tokio::time::advance(Duration::from_secs(20)).await;
        limits.admit(&[&account], |why| said.push(why)).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(21) && said.is_empty(), "{said:?}");
        limits.admit(&[&account], |why| said.push(why)).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(60) && started.elapsed() < Duration::from_secs(61));
        assert_eq!(said, ["gmail may have 2 mails a minute"]);
        let waited = limits.admit(&[&account], drop).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(80), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn runs_share_a_day_and_nobody_waits_for_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sent.txt");
        let account = account(None, Some(2));
        for _ in 0..2 {
            limits(Some(file.clone())).admit(&[&account], drop).await.unwrap();
        }
        let error = limits(Some(file)).admit(&[&account], drop).await.unwrap_err();
        assert_eq!(error.kind, HarnessErrorKind::ProviderLimit);
        assert_eq!(error.message, "account gmail has had 2 of its 2 mails in 24 hours");
        assert!(error.next.starts_with("run again after 2026-11-25 02:10:00Z"), "{}", error.next);
    }

    #[test]
    fn a_minute_begins_with_any_mail() {
        assert_eq!(free_at(&[], 1, MINUTE, 0), None);
        assert_eq!(free_at(&[0, 10], 2, MINUTE, 20), Some(MINUTE));
        assert_eq!(free_at(&[0, 10], 2, MINUTE, MINUTE), None);
        assert_eq!(free_at(&[0, 10, 20], 2, MINUTE, 30), Some(MINUTE + 10));
    }

    #[test]
    fn pacing_must_fit_into_the_time() {
        let account = account(Some(10), None);
        let most = account.limit.per_minute.clone().unwrap();
        assert_eq!(too_slow(&account, &most, 10, Duration::from_secs(1)), None);
        assert_eq!(too_slow(&account, &most, 41, Duration::from_secs(300)), None);
        let error = too_slow(&account, &most, 41, Duration::from_secs(240)).unwrap();
        assert_eq!(
            error.message,
            "41 mails to account `gmail` at 10 a minute take 4m at least, and the global timeout is 4m"
        );
    }
}
