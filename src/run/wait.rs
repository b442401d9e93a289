//! Waiting for mail: every folder that matters is watched from before the mail is sent, and searched anew before it is said that
//! something is not there.

use super::{
    arrival::{self, Found},
    moment::{Moment, SubmissionEnd},
    next_hop,
    search::Search,
    step_log::millis,
    steps::{AttemptContext, Composed, Watching},
    unreachable_accounts::UnreachableAccounts,
    wait_policy::Decision,
    watches::ArrivalStream,
};
use crate::{
    evidence::{Arrival, Folder, SearchedFolder, Submission},
    outcome::{Event, HarnessError, StepKind, StepStatus},
};
use serde_json::{Value, json};
use std::{
    pin::pin,
    time::{Duration, Instant},
};

/// How long before the end of a time something that is missing is searched for, or the last third where that is less: a
/// connection that died is noticed then.
const BEFORE_END: Duration = Duration::from_secs(10);

/// What came of waiting.
pub(super) struct WaitResult {
    /// In order of arrival.
    pub(super) found: Vec<Found>,
    /// The folders that were searched before it was said that something is not there.
    pub(super) searched: Vec<SearchedFolder>,
    /// A folder that matters could not be searched.
    pub(super) error: Option<HarnessError>,
}

/// Waits until everything is decided, or time is up.
pub(super) async fn wait(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    submission: &Submission,
    watching: Watching,
) -> WaitResult {
    let Watching { end, watches, deadline, slow_at, already_arrived } = watching;
    let mut waiting = Waiting {
        cx,
        composed,
        submission,
        end,
        is_resumed: already_arrived.is_some(),
        limit: end.until(deadline),
        found: Vec::new(),
        searched: Vec::new(),
    };
    for arrival in already_arrived.into_iter().flatten() {
        waiting.take(arrival);
    }
    let mut stream = watches.listen();
    let error = waiting.until_decided(&mut stream, slow_at).await;
    waiting.take_seen(&mut stream);
    let Waiting { mut found, searched, .. } = waiting;
    found.sort_by_key(|f| f.after);
    WaitResult { found, searched, error }
}

struct Waiting<'a> {
    cx: &'a AttemptContext<'a>,
    composed: &'a Composed,
    submission: &'a Submission,
    end: SubmissionEnd,
    /// The mail was sent by an earlier run.
    is_resumed: bool,
    /// Until when what is missing may come, from the end of the submission.
    limit: Duration,
    found: Vec<Found>,
    searched: Vec<SearchedFolder>,
}

impl Waiting<'_> {
    /// Waits; why it could not be decided.
    async fn until_decided(
        &mut self,
        stream: &mut ArrivalStream,
        mut slow_at: Option<Instant>,
    ) -> Option<HarnessError> {
        let began = self.end.elapsed();
        let mut searched_before: Option<Duration> = None;
        let mut unwatched: Option<(HarnessError, Instant)> = None;
        let (cx, message_id) = (self.cx, &self.composed.sent.message_id);
        let mut unreachable = pin!(next_hop::unreachable(cx.world, message_id, &cx.log));
        loop {
            if let Some(error) = self.take_seen(stream) {
                unwatched.get_or_insert((error, Instant::now()));
            }
            let now = self.end.elapsed();
            let (until, search_at) = match self.decide(now) {
                Decision::Enough => {
                    let error = self.search().await;
                    // Of what was found meanwhile, too, it may have to be seen that no more comes.
                    if error.is_some() || self.decide(now) == Decision::Enough {
                        return error;
                    }
                    continue;
                }
                Decision::Missing(until) => {
                    let before = until.saturating_sub(BEFORE_END.min(until / 3));
                    (until, (searched_before != Some(until) && before > began).then_some(before))
                }
                Decision::Settling(until) => (until, None),
            };
            let search_at = search_at.map(|at| self.end.plus(at)).into_iter();
            let search_at = search_at.chain(unwatched.as_ref().map(|(_, at)| *at)).min();
            let wake = [Some(self.end.plus(until)), search_at, slow_at].into_iter().flatten().min();
            tokio::select! {
                next = stream.next() => match next {
                    Ok(arrival) => self.take(arrival),
                    Err(error) => {
                        unwatched.get_or_insert((error, Instant::now()));
                    }
                },
                error = &mut unreachable => return Some(error),
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now).into()) => {}
            }
            if slow_at.is_some_and(|slow| slow <= Instant::now()) {
                slow_at = None;
                let ms = millis(self.cx.log.started().elapsed());
                self.cx.log.emit(|scenario, attempt| Event::Slow { scenario, attempt, ms });
            }
            if search_at.is_some_and(|at| at <= Instant::now()) {
                searched_before = Some(until);
                let error = self.search().await;
                if let Some((_, next)) = &mut unwatched {
                    if error.is_some() {
                        return error;
                    }
                    *next = Instant::now() + self.cx.item.scenario.wait.poll();
                }
            }
        }
    }

    fn unreachable(&self) -> UnreachableAccounts {
        UnreachableAccounts::of(&self.cx.world.target, &self.composed.sent.rcpt_to, self.submission, &self.found)
    }

    fn decide(&self, at: Duration) -> Decision {
        self.composed.policy.decide(&self.found, &self.unreachable(), at, self.limit)
    }

    /// Searches the mailboxes where something may be that nobody was told of; why one could not be searched.
    async fn search(&mut self) -> Option<HarnessError> {
        let accounts = self.composed.policy.to_search(&self.found, &self.unreachable());
        // What a search alone has shown stays worth telling.
        self.searched.retain(|searched| searched.found);
        if accounts.is_empty() {
            return None;
        }
        let begun = self.cx.log.begin(StepKind::Search);
        let sender = Some(self.cx.item.scenario.send.from.value.as_str());
        let Composed { wanted, date: since, sent, .. } = self.composed;
        let search = Search { wanted, since: *since, accounts, sender, mail_from: &sent.mail_from };
        let done = search.run(self.cx.world).await;
        let mut new: Vec<(String, Folder)> = Vec::new();
        for arrival in done.arrivals {
            let (account, folder) = (arrival.account.clone(), arrival.folder);
            let after = self.after_search(&arrival);
            if self.note(arrival, after) {
                new.push((account, folder));
            }
        }
        for (account, folder) in done.folders {
            let found = new.contains(&(account.clone(), folder));
            match self.searched.iter_mut().find(|s| s.account == account && s.folder == folder) {
                Some(known) => known.found |= found,
                None => self.searched.push(SearchedFolder { account, folder, found }),
            }
        }
        self.searched.sort_by_key(|searched| (searched.account.clone(), searched.folder));
        match &done.error {
            None => self.cx.log.end(&begun, StepStatus::Ok, json!({ "found": new.len() })),
            Some(error) => self.cx.log.end(&begun, StepStatus::Error, Value::String(error.to_string())),
        }
        done.error
    }

    /// Takes what the watches have seen by now; why one of them sees nothing more.
    fn take_seen(&mut self, stream: &mut ArrivalStream) -> Option<HarnessError> {
        let mut error = None;
        while let Some(next) = stream.already_there() {
            match next {
                Ok(arrival) => self.take(arrival),
                Err(e) => error = Some(e),
            }
        }
        error
    }

    /// Takes what a watch saw, or what was there before.
    fn take(&mut self, arrival: Arrival) {
        let after = if self.is_resumed { arrival::came(&arrival, &self.end) } else { self.end.until(arrival.seen) };
        let (account, folder) = (arrival.account.clone(), arrival.folder);
        if !self.note(arrival, after) {
            // The search was no more than the faster one.
            for searched in self.searched.iter_mut().filter(|s| s.account == account && s.folder == folder) {
                searched.found = false;
            }
        }
    }

    /// When a mail came that only a search showed: by the receiver's clock, unless ours was stepped and cannot be compared.
    fn after_search(&self, arrival: &Arrival) -> Duration {
        let now = Moment::now(self.cx.context.events.clock());
        if !self.is_resumed && self.cx.began.is_stepped_by(now) {
            self.end.until(arrival.seen)
        } else {
            arrival::came(arrival, &self.end)
        }
    }

    /// Notes an arrival; whether it was not known.
    fn note(&mut self, arrival: Arrival, after: Duration) -> bool {
        if self.found.iter().any(|f| f.is_shown_by(&arrival)) {
            return false;
        }
        let one = Found { arrival, after };
        if one.arrival.dsn.is_none() {
            // The other attempts want to know.
            self.cx.world.deliveries.came(&self.cx.token, &one.arrival.account, one.arrival.seen);
        }
        self.found.push(one);
        let n = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        self.cx.log.emit(|scenario, attempt| Event::Poll { scenario, attempt, n, found: true });
        true
    }
}
