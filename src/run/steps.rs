//! What the steps of an attempt hand to each other.

use super::{
    RunContext,
    arrival::Found,
    moment::{Moment, SubmissionEnd},
    plan::PlannedScenario,
    route::{Route, route},
    step_log::StepLog,
    wait_policy::WaitPolicy,
    watches::Watches,
    world::World,
};
use crate::{
    core::{RunId, Span, Token, UnixTime, open_files::Watch},
    evidence::{Arrival, Evidence, MailboxFacts, Sent, Submission},
    outcome::{Checks, Diagnosis, HarnessError, HarnessErrorKind},
    probe::{
        compose::{ComposeContext, compose},
        logs::Mark,
        mailbox::MailIdentity,
    },
    scenario::Vars,
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// What every step of an attempt needs and none changes.
pub(super) struct AttemptContext<'a> {
    pub(super) context: &'a RunContext,
    pub(super) item: &'a PlannedScenario,
    pub(super) world: &'a World,
    /// From 1.
    pub(super) number: u32,
    pub(super) began: Moment,
    /// Whether the process had too many files open meanwhile.
    pub(super) files: Watch,
    pub(super) token: Token,
    pub(super) log: StepLog,
}

/// A mail that is ready to be sent, or was sent by an earlier run.
pub(super) struct Composed {
    pub(super) sent: Sent,
    /// The DKIM signature that `sent` begins with, where we wrote one.
    pub(super) signature: Option<String>,
    /// The mail's Date, in seconds since 1970.
    pub(super) date: UnixTime,
    pub(super) route: Route,
    pub(super) vars: Vars,
    pub(super) policy: WaitPolicy,
    /// The accounts whose mailboxes are looked at.
    pub(super) watched: Vec<String>,
    pub(super) wanted: MailIdentity,
}

/// A mail that its first server has taken, refused or may have taken, with the folders watched.
pub(super) struct Submitted {
    pub(super) submission: Submission,
    /// Where the logs stood before it was sent.
    pub(super) since: Mark,
    pub(super) watching: Watching,
}

/// What is watched, and for how long.
pub(super) struct Watching {
    pub(super) end: SubmissionEnd,
    pub(super) watches: Watches,
    /// The attempt's end: until when what is missing may come.
    pub(super) deadline: Instant,
    /// The moment to say that it is slow.
    pub(super) slow_at: Option<Instant>,
    /// Of a mail of an earlier run: what was there before anybody watched.
    pub(super) already_arrived: Option<Vec<Arrival>>,
}

/// What came while somebody waited.
pub(super) struct Waited {
    pub(super) submission: Submission,
    pub(super) end: SubmissionEnd,
    pub(super) since: Mark,
    pub(super) deadline: Instant,
    pub(super) found: Vec<Found>,
    /// How long, from the end of the submission.
    pub(super) waited: Duration,
    pub(super) notes: MailboxFacts,
    pub(super) error: Option<HarnessError>,
}

/// Everything that was seen, and what kept some of it from being seen.
pub(super) struct Collected {
    pub(super) evidence: Evidence,
    /// What kept something from being seen: that it was not there is not known.
    pub(super) error: Option<HarnessError>,
    /// What kept something that was seen from being verified.
    pub(super) unverified: Option<HarnessError>,
}

/// What it means.
pub(super) struct Judged {
    /// `None` where no expectation applies: nothing can be said to hold then.
    pub(super) checks: Option<Checks>,
    pub(super) diagnosis: Vec<Diagnosis>,
    pub(super) error: Option<HarnessError>,
}

impl Composed {
    /// The mail of a scenario; `sign` writes its signature in front and says what it wrote.
    pub(super) fn of(
        cx: &AttemptContext<'_>,
        vars: Vars,
        run: &RunId,
        date: UnixTime,
        sign: impl FnOnce(&mut Sent, &Route) -> Result<Option<String>, HarnessError>,
    ) -> Result<Self, HarnessError> {
        let (scenario, target) = (&cx.item.scenario, &cx.world.target);
        let route = route(&scenario.send, target).map_err(|e| unplanned(&e.at, &e.value))?;
        let occasion = ComposeContext { target, vars: &vars, token: &cx.token, run, now: date, base: &cx.item.base };
        let mut sent = compose(&scenario.send, &occasion).map_err(|e| unplanned(&e.at, &e.message))?;
        let signature = sign(&mut sent, &route)?;
        let policy = WaitPolicy::of(scenario, target, &vars);
        let sender = scenario.send.from.value.clone();
        let watched: BTreeSet<String> =
            policy.folders().into_iter().map(|(account, _)| account).chain([sender]).collect();
        let wanted = MailIdentity { message_id: sent.message_id.clone(), token: cx.token.clone() };
        Ok(Self { sent, signature, date, route, vars, policy, watched: watched.into_iter().collect(), wanted })
    }

    /// The accounts that are to get copies.
    pub(super) fn receivers(&self) -> BTreeSet<String> {
        self.policy.receivers()
    }
}

/// What the plan had found good and is not.
pub(super) fn unplanned(at: &Span, message: &str) -> HarnessError {
    HarnessError::new(HarnessErrorKind::File, format!("compose the mail at {at}"), message, "correct the scenario")
}
