//! A mail that an earlier run sent is looked for again: everything up to the arrival is taken from the record, and from there
//! on an attempt is as any other. Nothing here can send.

use super::recorded_mail::RecordedMail;
use crate::{
    core::{digest::sha256, duration},
    evidence::{Evidence, Submission},
    judge,
    outcome::{CheckResult, HarnessError, Status, StepKind},
    probe::{
        compose::{ComposeContext, compose},
        logs::Logs,
        mailbox::MailIdentity,
    },
    run::{
        arrival::between,
        moment::SubmissionEnd,
        plan::PlannedScenario,
        search::Search,
        steps::{AttemptContext, Composed, Submitted, Watching},
        watches,
    },
    scenario::{Vars, YamlError},
    target::Target,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long the mailboxes may take to open when the attempt's own time is over.
const OPENING: Duration = Duration::from_secs(60);

/// The mail as it was sent.
pub(in crate::run) fn compose_anew(cx: &AttemptContext<'_>, recorded: &RecordedMail) -> Result<Composed, HarnessError> {
    let mail = &recorded.mail;
    let vars = cx.item.vars(&cx.world.target, &cx.context.options.vars, &mail.run, &mail.token);
    Composed::of(cx, vars, &mail.run, mail.date, |sent, _| {
        if let Some(signature) = &mail.signature {
            sent.put_before(signature.as_bytes());
        }
        Ok(mail.signature.clone())
    })
}

/// What is there of the mail, and the folders watched for what may still come in the attempt's time.
pub(in crate::run) async fn resume(
    cx: &AttemptContext<'_>,
    composed: &Composed,
    recorded: &RecordedMail,
) -> Result<Submitted, HarnessError> {
    let (world, policy, wanted) = (cx.world, &composed.policy, &composed.wanted);
    let clock = cx.context.events.clock();
    let deadline = Instant::now() + recorded.left(clock.now());
    let opening = deadline.max(Instant::now() + OPENING);
    let sender = &cx.item.scenario.send.from.value;
    let watches = watches::watch(world, policy, sender, wanted, opening);
    let watches = cx.log.step(StepKind::Watch, watches, |_| serde_json::Value::Null).await?;
    let accounts = policy.folders().into_iter().map(|(account, _)| account).collect();
    let mail_from = &composed.sent.mail_from;
    let search = Search { wanted, since: recorded.mail.date, accounts, sender: Some(sender), mail_from };
    let already_arrived = async { search.run(world).await.complete() };
    let already_arrived =
        cx.log.step(StepKind::Search, already_arrived, |found| json!({ "found": found.len() })).await?;

    // Mail of attempts before this one may have come since, too; that is asked at the end.
    for earlier in recorded.earlier.iter().filter(|a| a.status == Status::TimedOut) {
        let wanted = MailIdentity { message_id: earlier.message_id.clone(), token: earlier.token.clone() };
        world.deliveries.sent(cx.item.index, earlier.n, &wanted, recorded.mail.date, composed.receivers());
        world.deliveries.give_up(&earlier.token);
    }

    let submitted = recorded.submitted_at();
    let end = SubmissionEnd::earlier(submitted, between(submitted, clock.now()));
    let submission = Submission { server: composed.route.first, ..recorded.submission() };
    let since = Logs::mark_past(recorded.mail.date);
    let watching = Watching { end, watches, deadline, slow_at: None, already_arrived: Some(already_arrived) };
    Ok(Submitted { submission, since, watching })
}

fn compose_context<'a>(
    item: &'a PlannedScenario,
    recorded: &'a RecordedMail,
    target: &'a Target,
    vars: &'a Vars,
) -> ComposeContext<'a> {
    let mail = &recorded.mail;
    ComposeContext { target, vars, token: &mail.token, run: &mail.run, now: mail.date, base: &item.base }
}

/// Why a mail cannot be looked for: it would be another one now, or the mailboxes are others.
pub(in crate::run) fn check(
    item: &PlannedScenario,
    recorded: &RecordedMail,
    target: &Target,
    given: &Vars,
) -> Vec<YamlError> {
    let (scenario, mail) = (&item.scenario, &recorded.mail);
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
    let composed = compose(&scenario.send, &compose_context(item, recorded, target, &vars));
    if composed.is_ok_and(|sent| sha256(sent.raw()) != mail.sha256) {
        let message = format!("the mail of {} is not the one that was sent in run {}", item.id, mail.run);
        let help = "the scenario, a file that it names, a variable or an address has changed since; look again with what was \
                    there then, or send anew";
        found.push(scenario.wrong(at, message).with_help(help));
    }
    found
}

/// Whether everything came, and all that is wrong is when.
pub(in crate::run) fn is_late(checks: &[CheckResult]) -> bool {
    checks.iter().filter(|c| !c.passed).all(|c| c.is_about_time())
}

/// One line about a mail that was looked for again.
pub(in crate::run) fn summary(status: Status, evidence: &Evidence, target: &Target) -> String {
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
