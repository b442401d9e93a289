//! A mail that an earlier run sent is looked for again: everything up to the arrival is taken from the record, and from there
//! on an attempt is as any other. Nothing here can send.

use super::{
    Environment, Item,
    attempt::{Told, UnderWay, ended, unplanned},
    goals::Goals,
    log::Log,
    recorded,
    resume::Taken,
    route::route,
    wait,
    worlds::World,
};
use crate::{
    core::{digest::sha256, duration},
    evidence::{Arrival, Evidence, Submission},
    judge,
    mail::{Message, received},
    outcome::{CheckResult, StageError, Status},
    probe::{
        compose::{Occasion, compose},
        logs::Logs,
        mailbox::Wanted,
    },
    scenario::{Target, Vars, YamlError},
};
use jiff::Timestamp;
use serde_json::json;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// How long the mailboxes may take to open when the attempt's own time is over.
const OPENING: Duration = Duration::from_secs(60);

/// The longest time of an attempt that is believed.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// The mail as it was sent, what is there of it, and the folders watched for what may still come in the attempt's time.
pub(super) async fn take_up(
    environment: &Environment,
    (item, past): (&Item, &Taken),
    world: &World,
    log: &mut Log,
    told: &mut Told,
) -> Result<UnderWay, StageError> {
    let (scenario, mail) = (&item.scenario, &past.mail);
    let route = route(&scenario.send, &world.target).map_err(|e| unplanned(&e.at, &e.value))?;
    let vars = item.vars(&world.target, &environment.vars, &mail.run, &mail.token);
    let occasion = occasion(item, past, &world.target, &vars);
    let mut sent = compose(&scenario.send, &occasion).map_err(|e| unplanned(&e.at, &e.message))?;
    if let Some(signature) = &mail.signature {
        sent.raw = [signature.as_bytes(), &sent.raw].concat();
    }
    let goals = Goals::of(scenario, &world.target, past.timeout());
    told.composed(&sent, &goals, &scenario.send.from.value);
    let submission = past.submission();
    told.submission(&submission, &route.server);

    let now = environment.emitter.clock().now();
    let deadline = Instant::now() + past.left(now);
    let opening = deadline.max(Instant::now() + OPENING);
    let wanted = Wanted { message_id: sent.message_id.clone(), token: told.token.clone() };
    let sender = &scenario.send.from.value;
    let begun = log.begin("watch");
    let watches = wait::watch(world, &goals, sender, &wanted, opening).await;
    let watches = ended(log, &begun, watches, |_| serde_json::Value::Null)?;
    let begun = log.begin("search");
    let there = wait::there(world, &goals, sender, &wanted, mail.date).await;
    let there = ended(log, &begun, there, |found| json!({ "found": found.len() }))?;

    // Mail of attempts before this one may have come since, too; that is asked at the end.
    for earlier in past.earlier.iter().filter(|a| a.status == Status::TimedOut) {
        let wanted = Wanted { message_id: earlier.message_id.clone(), token: earlier.token.clone() };
        let accounts: BTreeSet<String> = goals.folders_of_copies().into_iter().map(|(account, _)| account).collect();
        world.deliveries.sent(item, earlier.n, &wanted, accounts);
        world.deliveries.give_up(&earlier.token);
    }

    let submitted = past.submitted_at();
    let ago = between(submitted, environment.emitter.clock().now());
    let mut there: Vec<_> = there
        .into_iter()
        .map(|arrival| {
            let after = came(&arrival, submitted, ago);
            (arrival, after)
        })
        .collect();
    there.sort_by_key(|(_, after)| *after);
    let since = Logs::mark_past(mail.date);
    Ok(UnderWay {
        sent,
        submission,
        route,
        vars,
        goals,
        watches,
        there,
        since,
        ago,
        submitted: Some(submitted),
        slow_at: None,
        deadline,
    })
}

/// How long after its submission a mail came: by the receiver's clock, to the second; where the receiver does not say, it was
/// there when it was found.
pub(super) fn came(arrival: &Arrival, submitted: Timestamp, ago: Duration) -> Duration {
    let stamped = || received::hops(&Message::parse(arrival.raw.clone())).last().and_then(|hop| hop.time);
    let at = arrival.internal_date.or_else(stamped).and_then(|at| Timestamp::from_second(at).ok());
    at.map_or(ago, |at| between(submitted, at).min(ago))
}

/// The time from one moment to a later one.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

fn occasion<'a>(item: &'a Item, past: &'a Taken, target: &'a Target, vars: &'a Vars) -> Occasion<'a> {
    let mail = &past.mail;
    Occasion { target, vars, token: &mail.token, run: &mail.run, now: mail.date, base: &item.base }
}

/// Why a mail cannot be looked for: it would be another one now, or the mailboxes are others.
pub(super) fn check(item: &Item, past: &Taken, target: &Target, given: &Vars) -> Vec<YamlError> {
    let (scenario, mail) = (&item.scenario, &past.mail);
    let at = &scenario.send.from.at;
    let mut found = Vec::new();
    for (name, address) in &mail.watched {
        let now = target.accounts.get(name).map(|account| account.address.as_str());
        if now != Some(address) {
            let now = now.unwrap_or("not there");
            let message = format!("account {name} was {address} in run {}, and is {now}", mail.run);
            let help = "give the accounts and values that the run was given (--account, --set, --shard)";
            found.push(scenario.wrong(at, message).with_help(help));
        }
    }
    let vars = item.vars(target, given, &mail.run, &mail.token);
    // What cannot be composed at all is told elsewhere.
    let composed = compose(&scenario.send, &occasion(item, past, target, &vars));
    if composed.is_ok_and(|sent| sha256(&sent.raw) != mail.sha256) {
        let message = format!("the mail of {} is not the one that was sent in run {}", item.id, mail.run);
        let help = "the scenario, a file that it names, a variable or an address has changed since; look again with what was \
                    there then, or send anew";
        found.push(scenario.wrong(at, message).with_help(help));
    }
    found
}

/// Whether everything came, and all that is wrong is when.
pub(super) fn is_late(checks: &[CheckResult]) -> bool {
    checks.iter().filter(|c| !c.passed).all(|c| c.path.ends_with(".within"))
}

/// One line about a mail that was looked for again.
pub(super) fn summary(status: Status, evidence: &Evidence, target: &Target) -> String {
    let summary = judge::summary(evidence, target);
    match status {
        Status::Late => format!("came late: {summary}"),
        Status::TimedOut => {
            let ago = duration::human(Duration::from_secs(evidence.waited.as_secs()));
            format!("{summary}, sent {ago} ago")
        }
        _ => summary,
    }
}

impl Taken {
    /// How long the attempt might take.
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.mail.timeout_ms).min(LONGEST)
    }

    /// What is left of that.
    fn left(&self, now: Timestamp) -> Duration {
        let started = self.mail.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        self.timeout().saturating_sub(between(started, now))
    }

    /// When the submission ended; the mail's Date where nobody knows.
    fn submitted_at(&self) -> Timestamp {
        let at = self.submitted.as_ref().and_then(|s| s.at.parse().ok());
        at.unwrap_or_else(|| Timestamp::from_second(self.mail.date).unwrap_or_default())
    }

    fn submission(&self) -> Submission {
        match &self.submitted {
            Some(told) => recorded::submission(told),
            None => Submission {
                unanswered: Some("the run broke off while the mail was handed over".to_owned()),
                ..Submission::default()
            },
        }
    }

    /// How long a mail may take from the end of its submission on.
    pub(super) fn allowed(&self) -> Duration {
        let started = self.mail.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        self.timeout().saturating_sub(between(started, self.submitted_at()))
    }
}
