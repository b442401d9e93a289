//! What checking costs: 200 scenarios, 32 at a time, against the same mails sent the same way and merely awaited in the
//! receiver's mailbox. The checks may take four times as long at most; one IMAP connection serves each folder.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking, and prints its figures")]

use sealcheck::{
    core::{Redactor, RunId, Token},
    judge::snapshot::{Store, Update},
    lab::embedded::{Ports, World},
    outcome::{Event, ExitCode, RunInfo},
    probe::{
        compose::{ComposeContext, compose},
        submit::submit,
        token::Tokens,
    },
    run::{ArtifactPolicy, Clock, EventSender, FlakyPolicy, Options, Plan, RunDir, Selection, Stop, WorldSource, run},
    scenario::{Scenario, Vars, yaml},
    target::{Knobs, TargetKind},
};
use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

const MAILS: usize = 200;
const AT_A_TIME: usize = 32;
const SCENARIO: &str = "sealcheck: 1
name: a forwarded mail is sealed
send: { from: external, to: company, subject: bench $token }
expect:
  - smtp: { code: 250 }
  - delivered:
      to: gmail
      auth: { arc: pass, dmarc: pass }
      arc: { seals: [ { i: 1, by: $company.domain, cv: none }, { i: last, by: $gmail.seal_domain, cv: pass } ], verify: true }
      body: unchanged
snapshot: none
";

fn scenario() -> Scenario {
    let source = yaml::Source::new("bench.yaml", SCENARIO.as_bytes()).unwrap();
    yaml::scenarios(&source, "bench", &|_| Err(String::new())).unwrap().remove(0)
}

async fn world() -> World {
    World::start(&Knobs::default(), &Ports::default()).await.unwrap()
}

/// Sends every mail and waits until all of them are in the receiver's mailbox.
async fn without_checks() -> Duration {
    let (world, scenario) = (world().await, Arc::new(scenario()));
    let (target, run) = (Arc::new(world.target()), RunId::new("01JD8Q6V3K5W7Y9ZB2C4D6E8F0"));
    let inbox = world.gmail_mailboxes().account("probe.inbox@gmail.com").unwrap();
    let mut news = inbox.news();
    let slots = Arc::new(Semaphore::new(AT_A_TIME));
    let started = Instant::now();
    let mut sending = JoinSet::new();
    for index in 0..MAILS {
        let (slots, scenario, target, run) = (slots.clone(), scenario.clone(), target.clone(), run.clone());
        sending.spawn(async move {
            let _slot = slots.acquire().await.unwrap();
            let token = Token::of(&run, index, 1);
            let mut vars = target.vars();
            vars.set("token", token.as_str());
            let occasion = ComposeContext {
                target: &target,
                vars: &vars,
                token: &token,
                run: &run,
                now: jiff::Timestamp::now().as_second(),
                base: Path::new("."),
            };
            let sent = compose(&scenario.send, &occasion).unwrap();
            let endpoint = target.accounts["external"].smtp.as_ref().unwrap();
            let submission =
                submit(endpoint, "ext.example", &sent, Duration::from_secs(60), &Tokens::default()).await.unwrap();
            assert!(submission.accepted());
            sent.message_id
        });
    }
    let ids = sending.join_all().await;
    while !ids.iter().all(|id| inbox.read(|mail| mail.by_message_id(id).is_some())) {
        news.changed().await.unwrap();
    }
    let took = started.elapsed();
    world.stop().await;
    took
}

/// Runs the scenario as often; how long it took, and how many IMAP connections there were.
async fn with_checks() -> (Duration, usize) {
    let world = world().await;
    let selection = Selection { target: Some(TargetKind::Embedded), tags: None, shard: None, repeat: MAILS };
    let plan = Plan::select([scenario()], &selection);
    let redactor = Redactor::new();
    let nowhere = std::env::temp_dir().join("sealcheck-bench");
    let options = Options {
        run: RunId::new("01JD8Q6V3K5W7Y9ZB2C4D6E8F1"),
        tool: "sealcheck bench".into(),
        info: RunInfo::default(),
        worlds: WorldSource::Target(Box::new(world.target())),
        vars: Vars::new(),
        jobs: AT_A_TIME,
        global_timeout: None,
        max_fail: None,
        flaky: FlakyPolicy::Fail,
        artifacts: ArtifactPolicy::None,
        diagnosis_text: sealcheck::report::console::diagnosis_text,
        snapshots: Store::new(&nowhere, Update::Never, redactor.clone()),
        obsolete_is_unclean: false,
        all_skipped: ExitCode::Success,
        run_dir: RunDir::new(nowhere, redactor.clone()),
        sent: None,
        redactor,
    };
    let (to, events) = mpsc::channel();
    let emitter = EventSender::new(to, Clock::new(jiff::Timestamp::now));
    let started = Instant::now();
    let (_, exit) = run(plan, options, emitter, Stop::new()).await.map_err(|r| r.0).unwrap();
    let took = started.elapsed();
    assert_eq!(exit, ExitCode::Success);
    world.stop().await;
    let opened = events.iter().find_map(|e| match e.event {
        Event::RunFinished { imap, .. } => Some(imap.opened),
        _ => None,
    });
    (took, opened.unwrap())
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Once for nothing, so that both start warm.
    runtime.block_on(without_checks());
    let plain = runtime.block_on(without_checks());
    let (checked, connections) = runtime.block_on(with_checks());
    let ratio = checked.as_secs_f64() / plain.as_secs_f64();
    println!(
        "{MAILS} mails, {AT_A_TIME} at a time: {plain:.2?} sent and awaited, {checked:.2?} checked, ratio {ratio:.2}"
    );
    println!("{connections} IMAP connections for 3 folders");
    assert_eq!(connections, 3);
    assert!(ratio < 4.0, "the checks take {ratio:.2} times as long");
}
