//! One attempt at one scenario: the only place where its steps are put in order.

use super::{
    Environment, again,
    artifacts::File,
    evidence, filed,
    goals::{Goals, unanswered},
    log::{Log, millis},
    logs::Asked,
    plan::Item,
    recorded,
    route::{Route, route},
    wait::{self, Waited, Watches},
    worlds::World,
};
use crate::{
    core::Token,
    evidence::{Arrival, Evidence, MailboxNotes, Sent, Submission},
    judge,
    outcome::{AttemptReport, CheckResult, Diagnosis, Event, HarnessCode, StageError, Status},
    probe::{
        compose::{Occasion, compose},
        logs::Mark,
        mailbox::Wanted,
        sign::sign,
        submit::submit,
    },
    scenario::{Vars, model::Cleanup},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// An attempt and all that it saw.
pub(super) struct Attempted {
    pub(super) report: AttemptReport,
    pub(super) evidence: Option<Evidence>,
    pub(super) files: Vec<File>,
}

/// Sends one mail and sees what becomes of it.
pub(super) async fn attempt(environment: &Environment, item: &Item, world: &World, n: u32) -> Attempted {
    let token = item.token(&environment.run, n);
    let mut log = Log::new(environment.emitter.clone(), item.id.clone(), n);
    log.emit(|scenario, attempt| Event::AttemptStarted { scenario, attempt, token: token.clone() });
    let mut told = Told::of(token);
    let sent = match &item.past {
        None => send(environment, item, world, (&mut log, n), &mut told).await,
        Some(past) => again::take_up(environment, (item, past), world, &mut log, &mut told).await,
    };
    let outcome = match sent {
        Ok(under_way) => follow(environment, item, (world, under_way), &mut log, &mut told).await,
        Err(error) => Err(error),
    };
    let (evidence, error) = match outcome {
        Ok((evidence, error)) => (Some(evidence), error),
        Err(error) => {
            told.diagnosis.extend(judge::diagnose::of_error(&error));
            (None, Some(error))
        }
    };
    for check in &told.checks {
        log.emit(|scenario, attempt| Event::Assertion { scenario, attempt, check: check.clone() });
    }
    let status = match status(&told.checks, error.as_ref(), evidence.as_ref()) {
        Status::TimedOut if item.past.is_some() && again::is_late(&told.checks) => Status::Late,
        status => status,
    };
    if status == Status::TimedOut {
        world.deliveries.give_up(&told.token);
    }
    let error = match (status, error) {
        (Status::Errored, None) => evidence
            .as_ref()
            .and_then(unanswered)
            .map(|reason| {
                let next = "ask DNS for the name by hand, and run again when it answers";
                StageError::new(HarnessCode::H03, "verify the copy", reason, next)
            })
            .or_else(|| {
                let unread = evidence.as_ref()?.unread_logs.first()?;
                let stage = format!("read the log of {}", unread.account);
                Some(StageError::new(HarnessCode::H09, stage, unread.problem.clone(), unread.next.clone()))
            }),
        (_, error) => error,
    };
    let files = files(world, &told, evidence.as_ref());
    let report = AttemptReport {
        n,
        status,
        token: told.token,
        message_id: told.message_id,
        queue_ids: told.queue_ids,
        timings_ms: told.timings_ms,
        steps: std::mem::take(&mut log.steps),
        checked: evidence.as_ref().map(|e| judge::checked(e, &told.checks, &world.target)).unwrap_or_default(),
        diagnosis: told.diagnosis,
        assertions: told.checks,
        summary: match (&evidence, &error) {
            (Some(evidence), None) if item.past.is_some() => again::summary(status, evidence, &world.target),
            (Some(evidence), None) => judge::summary(evidence, &world.target),
            (_, Some(error)) => format!("{} {}: {}", error.code, error.stage, error.message),
            (None, None) => String::new(),
        },
        error,
        observed: evidence.as_ref().map(|e| judge::observed(e, &world.target)).unwrap_or_default(),
        artifacts: Vec::new(),
        duration_ms: log.elapsed_ms(),
    };
    Attempted { report, evidence, files }
}

/// What an attempt has to tell, also when it breaks off.
pub(super) struct Told {
    pub(super) token: Token,
    message_id: String,
    queue_ids: BTreeMap<String, String>,
    timings_ms: BTreeMap<String, u64>,
    checks: Vec<CheckResult>,
    diagnosis: Vec<Diagnosis>,
    watched: Vec<String>,
    sent: Option<Sent>,
}

/// A mail that its first server has taken, refused or may have taken, and what it takes to see what becomes of it.
pub(super) struct UnderWay {
    pub(super) sent: Sent,
    pub(super) submission: Submission,
    pub(super) route: Route,
    pub(super) vars: Vars,
    pub(super) goals: Goals,
    pub(super) watches: Watches,
    /// What was there before anybody watched, and how long after the submission it came.
    pub(super) there: Vec<(Arrival, Duration)>,
    /// Where the logs stood before it was sent.
    pub(super) since: Mark,
    /// How long ago the submission ended.
    pub(super) ago: Duration,
    /// When that was, where the receiver's clock says what came in time.
    pub(super) submitted: Option<Timestamp>,
    /// The moment to say that it is slow.
    pub(super) slow_at: Option<Instant>,
    /// The attempt's end.
    pub(super) deadline: Instant,
}

/// Composes the mail and hands it to its first server, with every mailbox watched from before.
async fn send(
    environment: &Environment,
    item: &Item,
    world: &World,
    (log, n): (&mut Log, u32),
    told: &mut Told,
) -> Result<UnderWay, StageError> {
    if let Some(wrong) = world.clocks.wrong() {
        return Err(wrong);
    }
    let scenario = &item.scenario;
    let vars = item.vars(&world.target, &environment.vars, &environment.run, &told.token);
    let timeout = scenario.wait.timeout;
    let deadline = log.started() + timeout;

    let route = route(&scenario.send, &world.target).map_err(|e| unplanned(&e.at, &e.value))?;
    let date = environment.emitter.clock().now().as_second();
    let occasion = Occasion {
        target: &world.target,
        vars: &vars,
        token: &told.token,
        run: &environment.run,
        now: date,
        base: &item.base,
    };
    let composed = compose(&scenario.send, &occasion).map_err(|e| unplanned(&e.at, &e.message))?;
    let mut sent = composed.clone();
    if let Some(signer) = &route.signer {
        sign(&mut sent, signer)?;
    }
    let signature = sent.raw.strip_suffix(composed.raw.as_slice()).filter(|signature| !signature.is_empty());
    let signature = signature.map(|signature| String::from_utf8_lossy(signature).into_owned());

    let goals = Goals::of(scenario, &world.target, timeout);
    told.composed(&sent, &goals, &scenario.send.from.value);
    let wanted = Wanted { message_id: sent.message_id.clone(), token: told.token.clone() };
    let since = world.logs.mark(environment.emitter.clock().now().as_second());
    let begun = log.begin("watch");
    let watches = wait::watch(world, &goals, &scenario.send.from.value, &wanted, deadline).await;
    let watches = ended(log, &begun, watches, |_| Value::Null)?;

    let mail = recorded::composed(
        environment,
        (item, &world.target, &told.token),
        (&composed, signature, date),
        (log.started().elapsed(), timeout),
        &told.watched,
    );
    log.emit(|scenario, attempt| Event::MailComposed { scenario, attempt, mail });
    let begun = log.begin("send");
    let left = deadline.saturating_duration_since(Instant::now());
    let submission = submit(&route.endpoint, &route.helo, &sent, left, &world.tokens).await;
    let submission = ended(
        log,
        &begun,
        submission,
        |s| json!({ "reply": s.deciding().map(|r| r.reply.to_string()), "tls": s.tls }),
    )?;
    told.submission(&submission, &route.server);
    let at = environment.emitter.clock().text();
    let answer = recorded::submitted(&submission, &route.server, at);
    log.emit(|scenario, attempt| Event::MailSubmitted { scenario, attempt, submission: answer });
    if submission.may_be_accepted() {
        let accounts: BTreeSet<String> = goals.folders_of_copies().into_iter().map(|(account, _)| account).collect();
        world.deliveries.sent(item, n, &wanted, accounts);
    }
    let slow_at = scenario.wait.slow_after.map(|after| log.started() + after);
    let (there, ago, submitted) = (Vec::new(), Duration::ZERO, None);
    Ok(UnderWay { sent, submission, route, vars, goals, watches, there, since, ago, submitted, slow_at, deadline })
}

/// Sees what becomes of a mail, and judges it.
async fn follow(
    environment: &Environment,
    item: &Item,
    (world, under_way): (&World, UnderWay),
    log: &mut Log,
    told: &mut Told,
) -> Result<(Evidence, Option<StageError>), StageError> {
    let UnderWay { sent, submission, route, vars, goals, watches, there, since, ago, submitted, slow_at, deadline } =
        under_way;
    let began = Instant::now();
    let scenario = &item.scenario;
    let begun = log.begin("wait");
    let token = &told.token;
    let waiting = wait::Waiting {
        world,
        goals: &goals,
        token,
        sent: &sent,
        submission: &submission,
        ago,
        submitted,
        slow_at,
        deadline,
    };
    let Waited { found, waited, mut error } = match submission.may_be_accepted() {
        true => wait::wait(watches, there, &waiting, log).await,
        false => Waited { found: Vec::new(), waited: Duration::ZERO, error: None },
    };
    if submitted.is_none() {
        let now = environment.emitter.clock().now().as_second();
        let sent = now.saturating_sub_unsigned(log.started().elapsed().as_secs());
        error = error.or(world.clocks.compare(&found, (sent, now)));
    }
    let watched = wait::standings(world, &told.watched);
    let seen: Vec<Value> = found
        .iter()
        .map(|f| json!({ "account": f.arrival.account, "folder": f.arrival.folder, "uid": f.arrival.uid }))
        .collect();
    log.end(&begun, if error.is_some() { "error" } else { "ok" }, Value::Array(seen));
    if let Some(first) = found.iter().map(|f| f.after).min() {
        told.timings_ms.insert("first_seen".into(), millis(first));
    }

    let asked = Asked {
        scenario,
        vars: &vars,
        reaches: &route.reaches,
        message_id: &sent.message_id,
        since: &since,
        submitted: began,
        deadline,
    };
    let logs = asked.gather(world, log).await;

    let begun = log.begin("verify");
    // Signatures are judged as of the moment when the last copy came.
    let since_then = found.iter().map(|f| f.after).max().map_or(Duration::ZERO, |last| waited.saturating_sub(last));
    let now = environment.emitter.clock().now().as_second().saturating_sub_unsigned(since_then.as_secs());
    let (searched, unseen) = wait::search_again(world, &goals, &sent, &submission, &found).await;
    error = error.or(unseen);
    let mailboxes = MailboxNotes {
        watched,
        searched,
        others: world.deliveries.others(&told.token),
        goodbyes: told.watched.iter().flat_map(|a| world.mailboxes.goodbyes(a, log.started())).collect(),
    };
    let asked = filed::Asked { scenario, deadline };
    let (found, unread) = asked.look_up(world, found).await;
    error = error.or(unread);
    let evidence = evidence::build(world, sent, submission, found, (logs, mailboxes), waited, now).await;
    log.end(&begun, "ok", Value::Null);

    let begun = log.begin("assert");
    told.checks = judge::check(scenario, &world.target, &vars, &evidence);
    if let Some(doubt) =
        told.checks.iter().any(|c| !c.passed).then(|| in_doubt(&evidence.submission, &route.server)).flatten()
    {
        error.get_or_insert(doubt);
    }
    told.diagnosis = judge::diagnose::explain(&evidence, &mut told.checks, &world.target, error.as_ref());
    let holds = told.checks.iter().all(|c| c.passed);
    log.end(&begun, if holds { "ok" } else { "failed" }, Value::Null);

    if scenario.cleanup == Cleanup::Delete {
        cleanup(world, &evidence, log).await;
    }
    Ok((evidence, error))
}

impl Told {
    fn of(token: Token) -> Self {
        Self {
            token,
            message_id: String::new(),
            queue_ids: BTreeMap::new(),
            timings_ms: BTreeMap::new(),
            checks: Vec::new(),
            diagnosis: Vec::new(),
            watched: Vec::new(),
            sent: None,
        }
    }

    /// The mail that is looked for, and the accounts whose mailboxes are looked at.
    pub(super) fn composed(&mut self, sent: &Sent, goals: &Goals, sender: &str) {
        self.message_id.clone_from(&sent.message_id);
        self.sent = Some(sent.clone());
        let folders = goals.folders().into_iter().map(|(account, _)| account);
        self.watched = folders.chain([sender.to_owned()]).collect();
        self.watched.sort();
        self.watched.dedup();
    }

    pub(super) fn submission(&mut self, submission: &Submission, server: &str) {
        if let Some(id) = &submission.queue_id {
            self.queue_ids.insert(server.to_owned(), id.clone());
        }
        if let Some(first) = submission.replies.first() {
            self.timings_ms.insert("connect".into(), millis(first.at));
        }
        if let Some(last) = submission.replies.last() {
            self.timings_ms.insert("smtp".into(), millis(last.at));
        }
    }
}

/// What arrived is no longer needed. That it cannot be deleted changes nothing about what was found out.
async fn cleanup(world: &World, evidence: &Evidence, log: &mut Log) {
    let begun = log.begin("cleanup");
    let arrivals = evidence.copies.iter().map(|c| &c.arrival).chain(evidence.bounces.iter().map(|b| &b.arrival));
    let mut problems = Vec::new();
    for arrival in arrivals {
        if let Err(error) = world.mailboxes.delete(arrival).await {
            problems.push(error.to_string());
        }
    }
    let status = if problems.is_empty() { "ok" } else { "error" };
    log.end(&begun, status, if problems.is_empty() { Value::Null } else { json!(problems) });
}

pub(super) fn ended<T>(
    log: &mut Log,
    begun: &super::log::Begun,
    result: Result<T, StageError>,
    detail: impl FnOnce(&T) -> Value,
) -> Result<T, StageError> {
    match &result {
        Ok(value) => log.end(begun, "ok", detail(value)),
        Err(error) => log.end(begun, "error", Value::String(error.to_string())),
    }
    result
}

/// A failure counts before an error, a wrong answer before a missing one.
fn status(checks: &[CheckResult], error: Option<&StageError>, evidence: Option<&Evidence>) -> Status {
    let mut failed = checks.iter().filter(|c| !c.passed).peekable();
    if failed.peek().is_none() {
        return if error.is_some() || evidence.is_none() { Status::Errored } else { Status::Passed };
    }
    let failed: Vec<_> = failed.filter(|c| !c.inconclusive).collect();
    if failed.iter().any(|c| !c.timed_out) {
        Status::Failed
    } else if error.is_some() || failed.is_empty() {
        Status::Errored
    } else {
        Status::TimedOut
    }
}

/// Why the first server's part leaves open what became of the mail.
fn in_doubt(submission: &Submission, server: &str) -> Option<StageError> {
    let stage = format!("submit to {server}");
    if let Some(why) = &submission.unanswered {
        let message = format!("{why}; nobody knows whether the server took the mail, so it was not sent again");
        let next = "look for the Message-ID in the server's log; smtp.log has what was said";
        return Some(StageError::new(HarnessCode::H04, stage, message, next));
    }
    let reply = submission.deciding().filter(|_| submission.is_put_off())?;
    let message = format!("the server answered {} to {}, and closed the connection", reply.reply, reply.stage);
    let next = "wait and run again; run fewer scenarios at once (`--jobs`) when it is about a rate";
    Some(StageError::new(HarnessCode::H06, stage, message, next))
}

/// What the plan had found good and is not.
pub(super) fn unplanned(at: &crate::core::Position, message: &str) -> StageError {
    StageError::new(HarnessCode::H09, format!("compose the mail at {at}"), message, "correct the scenario")
}

fn files(world: &World, told: &Told, evidence: Option<&Evidence>) -> Vec<File> {
    let mut files: Vec<File> = told.sent.iter().map(|s| File::mail("sent.eml".into(), &s.raw)).collect();
    if let Some(evidence) = evidence {
        let numbered = |name: &str, n: usize| match n {
            0 => format!("{name}.eml"),
            n => format!("{name}-{}.eml", n + 1),
        };
        let copies = evidence.copies.iter().enumerate();
        files.extend(copies.map(|(n, c)| File::mail(numbered("received", n), &c.arrival.raw)));
        let bounces = evidence.bounces.iter().enumerate();
        files.extend(bounces.map(|(n, b)| File::mail(numbered("bounce", n), &b.arrival.raw)));
        files.push(File::text("smtp.log", evidence.submission.transcript.clone()));
        files.extend(evidence::logs(evidence).into_iter().map(|(name, text)| File::text(name, text)));
    }
    let imap: Vec<String> =
        told.watched.iter().map(|a| world.mailboxes.transcript(a)).filter(|t| !t.is_empty()).collect();
    if !imap.is_empty() {
        files.push(File::text("imap.log", imap.concat()));
    }
    if let Some(zone) = evidence.and_then(evidence::zone) {
        files.push(File::text("dns.zone", zone));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, passed: bool, timed_out: bool, inconclusive: bool) -> CheckResult {
        CheckResult {
            path: format!("expect[0].{path}"),
            passed,
            expected: "pass".into(),
            actual: "something else".into(),
            file: "a.yaml".into(),
            line: 1,
            column: 1,
            len: 0,
            timed_out,
            inconclusive,
            code: None,
        }
    }

    fn evidence() -> Evidence {
        let raw = Vec::new();
        let sent = Sent { raw, message_id: "<a@b>".into(), mail_from: String::new(), rcpt_to: Vec::new() };
        Evidence {
            sent,
            submission: Submission::default(),
            copies: Vec::new(),
            bounces: Vec::new(),
            logs: Vec::new(),
            unread_logs: Vec::new(),
            mailboxes: MailboxNotes::default(),
            waited: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn a_failure_hides_behind_nothing() {
        let error = StageError::new(HarnessCode::H04, "wait", "connection lost", "try again");
        let good = || check("delivered", true, false, false);
        let wrong = || check("delivered.auth.arc", false, false, false);
        let late = || check("delivered", false, true, false);
        let unanswered = || check("delivered.arc.verify", false, false, true);
        for (checks, failed, wanted) in [
            (vec![good()], false, Status::Passed),
            (vec![good()], true, Status::Errored),
            (vec![good(), wrong()], false, Status::Failed),
            (vec![good(), wrong()], true, Status::Failed),
            (vec![late()], false, Status::TimedOut),
            (vec![late()], true, Status::Errored),
            (vec![late(), wrong()], true, Status::Failed),
            (vec![unanswered()], false, Status::Errored),
            (vec![unanswered(), wrong()], false, Status::Failed),
            (vec![unanswered(), late()], false, Status::TimedOut),
        ] {
            let error = failed.then_some(&error);
            assert_eq!(status(&checks, error, Some(&evidence())), wanted, "{checks:?} {error:?}");
        }
        assert_eq!(status(&[], None, None), Status::Errored);
    }
}
