//! `--send`: one mail through the forwarding rule, by the machinery of `run`.

use crate::{
    catalogue::{Cause, Family},
    cli::{CliError, Context, Project, WorldRequest},
    core::{Folder, Redactor, UnixTime},
    doctor::{Report, Status},
    judge::snapshot::{Store, Update},
    lab::Settings,
    outcome::{AttemptReport, Event, Observed, RunEvent, RunInfo, ScenarioReport, Status as Ended},
    report,
    run::{self, EventSender, Plan, RunDir, Selection, Stop},
    scenario::{
        Scenario, Vars,
        yaml::{self, Source},
    },
    target::TargetKind,
    verify::Verdict,
};
use std::{collections::BTreeMap, time::Duration};

/// The accounts have the names that all our texts give them.
const SCENARIO: &str = "\
sealcheck: 1
name: the forwarding rule
targets: [staging, gmail]
send: { from: external, to: company, subject: Forwarding check $token, text: Sent by sealcheck doctor to see where it arrives. }
expect:
  - smtp: { code: 250 }
  - delivered: { to: gmail, folder: any }
arc: off
cleanup: delete
";

/// How far clocks may be apart, in seconds.
const APART: i64 = 300;

/// The scenario that is sent.
///
/// # Errors
/// Never: the text is ours.
pub(super) fn scenario() -> Result<Scenario, CliError> {
    let source = Source::new("doctor --send", SCENARIO.as_bytes()).map_err(|e| CliError::Internal(e.to_string()))?;
    let scenarios = yaml::scenarios(&source, "doctor-send", &|name| Err(format!("`{name}` is not there")))
        .map_err(|e| CliError::mistakes(&e.0))?;
    scenarios.into_iter().next().ok_or_else(|| CliError::Internal("there is no scenario to send".to_owned()))
}

/// Sends a mail to the company, and adds what became of it.
pub(super) async fn send(
    context: &Context,
    project: &Project,
    kind: TargetKind,
    renamed: &BTreeMap<String, String>,
    probe: Scenario,
    redactor: &Redactor,
    report: &mut Report,
) {
    const CHECK: &str = "send";
    if report.worst() == Status::Fail {
        let why = "nothing was sent, because something failed above";
        return report.add(CHECK, Status::Skip, None, why, "");
    }
    match run(context, project, kind, renamed, probe, redactor).await {
        Ok((ended, receiver)) => match ended {
            Some(scenario) => tell(&scenario, receiver.as_deref(), context.clock.now().as_second(), report),
            None => report.add(CHECK, Status::Unknown, None, "nothing was sent", "report this as a bug"),
        },
        Err(failure) => report.add(CHECK, Status::Fail, None, failure.to_string(), ""),
    }
}

/// Runs the scenario; its report, and the domain of the receiver's seals.
async fn run(
    context: &Context,
    project: &Project,
    kind: TargetKind,
    renamed: &BTreeMap<String, String>,
    probe: Scenario,
    redactor: &Redactor,
) -> Result<(Option<ScenarioReport>, Option<String>), CliError> {
    let selection = Selection { target: Some(kind), tags: None, shard: None, repeat: 1 };
    let plan = Plan::select([probe], &selection);
    let wanted = WorldRequest { kind, settings: Settings::default(), renamed, vars: &Vars::new() };
    let given = project.world_source(context, wanted, &plan, redactor).await?;
    let receiver = given.outline().and_then(|target| target.accounts.get("gmail")?.seal_domain.clone());
    let run = context.new_run();
    let directory = project.run_dir(&run);
    let snapshots = Store::new(&project.snapshots, Update::Never, redactor.clone());
    let run_dir = RunDir::new(directory, redactor.clone());
    let diagnosis_text = report::console::diagnosis_text;
    let options = run::Options {
        info: RunInfo { host: context.host.clone(), ..RunInfo::default() },
        sent: Some(project.sent()),
        ..run::Options::new(run, given, snapshots, run_dir, diagnosis_text, redactor.clone())
    };
    project.make_private();
    let (events, told) = std::sync::mpsc::channel();
    let emitter = EventSender::new(events, context.clock.clone());
    match run::run(plan, options, emitter, Stop::new()).await {
        Ok(_) => Ok((told.try_iter().filter_map(ended).last(), receiver)),
        Err(run::PlanErrors(problems)) => Err(CliError::mistakes(&problems)),
    }
}

fn ended(event: RunEvent) -> Option<ScenarioReport> {
    match event.event {
        Event::ScenarioFinished { report, .. } | Event::ScenarioAmended { report, .. } => Some(*report),
        _ => None,
    }
}

/// What became of the mail. `receiver` is the domain of the receiver's seals, `now` in seconds since 1970.
fn tell(scenario: &ScenarioReport, receiver: Option<&str>, now: UnixTime, report: &mut Report) {
    let Some(attempt) = scenario.attempts.last() else {
        let text = scenario.reason.clone().unwrap_or_else(|| "nothing was sent".to_owned());
        return report.add("send", Status::Unknown, None, text, "");
    };
    if let Some(error) = &attempt.error {
        let text = format!("{}: {}", error.stage, error.message);
        return report.add("send", Status::Fail, error.kind.cause(), text, error.next.clone());
    }
    match attempt.observed.first() {
        Some(seen) if scenario.status == Ended::Passed => {
            arrived(seen, report);
            seals(seen, receiver, report);
            clock(seen, attempt.duration_ms, now, report);
        }
        _ => not_arrived(attempt, report),
    }
}

fn not_arrived(attempt: &AttemptReport, report: &mut Report) {
    let cause = attempt.diagnosis.first();
    let code = cause.and_then(|d| d.code.known());
    let text = format!("the mail to the company did not arrive: {}", attempt.summary);
    // A server that refuses the mail never comes to its forwarding rule.
    let next = cause.filter(|d| d.is_of(Family::D)).map_or_else(
        || "see that the forwarding rule of the company's address is on and leads to the receiver".to_owned(),
        |cause| cause.next.join("; "),
    );
    report.add("send", Status::Fail, code, text, next);
}

fn arrived(seen: &Observed, report: &mut Report) {
    let after = Duration::from_millis(seen.after_ms);
    let text = format!(
        "the mail to the company arrived in `{}` of {} after {:.1} s",
        seen.folder,
        seen.account,
        after.as_secs_f32()
    );
    if seen.folder == Folder::Spam {
        let next = "see what the receiver says against it with `sealcheck inspect`";
        report.add("send", Status::Warn, None, text, next);
    } else {
        report.add("send", Status::Ok, None, text, "");
    }
}

/// Who sealed it, and whether that holds.
fn seals(seen: &Observed, receiver: Option<&str>, report: &mut Report) {
    const CHECK: &str = "send.arc";
    let verdict = seen.verification.as_ref().map(|v| v.arc).unwrap_or_default();
    let ours = seen.arc.iter().filter(|s| s.by.as_deref().is_some_and(|by| Some(by) != receiver)).count();
    let seals = seen.arc.iter().map(|s| {
        let (by, cv) = (s.by.as_deref().unwrap_or("nobody"), s.cv.as_deref().unwrap_or("?"));
        format!("i={} by {by} cv={cv}", s.i)
    });
    let chain = seals.collect::<Vec<_>>().join(", ");
    match verdict {
        _ if ours == 0 => {
            let next = "see `sealcheck explain A00`, and run `sealcheck doctor` on the company's server";
            report.add(CHECK, Status::Fail, Cause::A00, "nobody before the receiver sealed the mail", next);
        }
        Verdict::Fail => {
            let why = seen.verification.as_ref().and_then(|v| v.arc_reason.clone()).unwrap_or_default();
            let text = format!("the chain {chain} is broken: {why}");
            report.add(CHECK, Status::Fail, Cause::B00, text, "run `sealcheck run`, which says why");
        }
        Verdict::Pass => report.add(CHECK, Status::Ok, None, format!("the chain {chain} holds"), ""),
        Verdict::None | Verdict::TempError => {
            let next = "ask again when it answers";
            report.add(CHECK, Status::Unknown, Cause::H03, "DNS gave no answer for a key of the chain", next);
        }
    }
}

/// Whether the receiver's clock is ours.
fn clock(seen: &Observed, duration_ms: u64, now: UnixTime, report: &mut Report) {
    let Some(there) = seen.received.iter().rev().find_map(|hop| hop.time) else { return };
    // It arrived at some time between the beginning of the attempt and now.
    let took = i64::try_from(duration_ms / 1000).unwrap_or(i64::MAX);
    let apart = if there > now { there - now } else { (now - took - there).max(0) };
    if apart > APART {
        let text = format!("the receiver's clock and this machine's are {apart} seconds apart");
        report.add("send.clock", Status::Fail, None, text, "set this machine's clock right, with NTP for example");
    } else {
        report.add("send.clock", Status::Ok, None, "the receiver's clock is ours", "");
    }
}
