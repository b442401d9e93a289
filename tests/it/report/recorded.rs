//! Recorded runs: read again, told again, and shards put together.

use crate::report::events::{Paper, clock, every_status, report, scenario, tell};
use sealcheck::{
    core::{Redactor, RunId, ScenarioId},
    outcome::{Connections, Event, ExitCode, GitInfo, RunEvent, RunInfo, ShardInfo, Status, Totals, event::VERSION},
    report::{
        Reporter,
        console::{Console, Options, Palette, ProgressKind, Verbosity},
        document::{Destination, Document},
        json,
        jsonl::Jsonl,
        junit,
        masked_writer::MaskedWriter,
        record_file::{Record, RecordError},
        run_summary::RunSummary,
        shard_merge::merge,
    },
    run::EventSender,
};
use std::{fs, path::Path, sync::mpsc, time::Duration};

/// What every reporter says of these events.
fn told(events: impl IntoIterator<Item = RunEvent>) -> [String; 4] {
    let dir = tempfile::tempdir().unwrap();
    let (json, junit) = (dir.path().join("json"), dir.path().join("junit"));
    let (paper, stream) = (Paper::default(), Paper::default());
    let options = Options {
        palette: Palette { color: true },
        progress: ProgressKind::None,
        verbosity: Verbosity::Everything,
        stderr: false,
        run_dir: "run".into(),
        columns: None,
        patience: Duration::from_secs(30),
    };
    let sink = |paper: &Paper| MaskedWriter::new(paper.clone(), Redactor::new());
    let document = |path: &Path| Destination::File(path.to_owned());
    let mut reporters: Vec<Box<dyn Reporter>> = vec![
        Box::new(Document::new(document(&json), Redactor::new(), json::render)),
        Box::new(Document::new(document(&junit), Redactor::new(), junit::render)),
        Box::new(Console::new(sink(&paper), options)),
        Box::new(Jsonl::new(sink(&stream))),
    ];
    let mut tally = RunSummary::default();
    for event in events {
        tally.event(&event);
        reporters.iter_mut().for_each(|r| r.event(&event, &tally).unwrap());
    }
    tally.close();
    reporters.iter_mut().for_each(|r| r.finish(&tally).unwrap());
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    [read(&json), read(&junit), paper.text(), stream.text()]
}

/// The events of a run, as reporters see them.
fn events(tell: impl FnOnce(&EventSender)) -> Vec<RunEvent> {
    let (to, events) = mpsc::channel();
    tell(&EventSender::new(to, clock()));
    events.iter().collect()
}

fn parse(text: &str) -> Result<Record, String> {
    Record::parse("a.jsonl", text.as_bytes()).map_err(|e| e.to_string())
}

#[test]
fn what_was_recorded_is_told_again_word_for_word() {
    let original = told(events(|emitter| tell(emitter, every_status())));
    let record = parse(&original[3]).unwrap();
    assert!(record.is_complete());
    let again = told(record.events);
    for (again, original) in again.iter().zip(&original) {
        assert_eq!(again, original);
    }
    assert!(original[2].contains("        arc: pass\n"), "no excerpt: {}", original[2]);
}

#[test]
fn a_record_that_breaks_off_is_a_run_as_far_as_it_came() {
    let [_, _, _, text] = told(events(|emitter| tell(emitter, every_status())));
    let whole = text.lines().count();
    // Wherever the file ends.
    for end in (0..text.len()).filter(|n| text.is_char_boundary(*n)).step_by(97) {
        let lines = text[..end].matches('\n').count();
        match Record::parse("a.jsonl", &text.as_bytes()[..end]) {
            Ok(record) => {
                assert!(record.events.len() >= lines && record.events.len() < whole, "at {end}");
                assert!(!record.is_complete(), "at {end}");
            }
            Err(error) => assert!(lines == 0, "at {end}: {error}"),
        }
    }
    let at = text.match_indices("\"scenario_finished\"").nth(3).unwrap().0;
    let [json, junit, console, _] = told(parse(&text[..at + 40]).unwrap().events);
    let result: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&result["run"]["complete"], &result["run"]["exit_code"]), (&false.into(), &serde_json::Value::Null));
    assert_eq!((&result["totals"]["selected"], &result["totals"]["not_run"]), (&10.into(), &7.into()));
    assert_eq!(junit.matches("not run: the run broke off").count(), 7, "{junit}");
    assert!(console.contains("the run broke off") && console.contains("7 not run"), "{console}");
}

#[test]
fn what_is_no_record_is_refused_with_its_place() {
    let [_, _, _, text] = told(events(|emitter| tell(emitter, every_status())));
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
    let without_third: Vec<_> = [&lines[..2], &lines[3..]].concat();
    let newer = text.replacen("{\"v\":1,", "{\"v\":2,", 1);
    let unknown = text.replacen("\"scenario_started\"", "\"scenario_dreamt\"", 1);
    for (text, says) in [
        ("garbage\n".to_owned(), "a.jsonl:1: no event of a run"),
        ("{}\n".to_owned(), "a.jsonl:1: no event of a run"),
        (newer, "a.jsonl:1: version 2 of the event format, this sealcheck reads 1"),
        (unknown, "a.jsonl:2: no event that this version knows: unknown variant `scenario_dreamt`"),
        (joined(&lines[1..]), "a.jsonl:1: the first event must be run_started"),
        (joined(&without_third), "a.jsonl:3: event 3 follows event 1; lines are missing"),
        (joined(&[&lines[..3], &["{\"v\":1,"], &lines[3..]].concat()), "a.jsonl:4: the line ends in the middle"),
        (text.repeat(2), ": a second run begins here"),
        (text.replacen("\"status\":\"failed\"", "\"status\":\"fallen\"", 1), "unknown variant `fallen`"),
        ("{\"v\":1,\"t\":\"".to_owned(), "a.jsonl:1: the line ends in the middle"),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(says), "{says}: {error}");
    }
    let end = lines.last().unwrap();
    let after = end.replacen("\"run_finished\"", "\"note\",\"text\":\"x\"", 1);
    assert!(parse(&format!("{text}{after}\n")).unwrap_err().contains("an event after the end of the run"));
    assert!(matches!(Record::parse("a", b""), Err(RecordError::Empty { .. })));
    assert!(matches!(Record::read(Path::new("no/such/file")), Err(RecordError::Io { .. })));
    assert!(parse("{\"v\":1,\"t\":\"\u{0}\n").is_err());
}

const ALL: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A shard of a run of a to e, of which these ended so.
fn shard(index: usize, ended: &[(&str, Status)]) -> Vec<RunEvent> {
    let id = |id: &&str| ScenarioId::new(*id);
    let reports: Vec<_> = ended.iter().map(|(id, status)| scenario(id, *status, 10, Vec::new())).collect();
    let totals = Totals::of(&reports);
    let exit_code = if totals.failed > 0 { ExitCode::Failed } else { ExitCode::Success };
    let run = RunId::new(format!("RUN{index}"));
    events(|emitter| {
        emitter.emit(Event::RunStarted {
            run: run.clone(),
            target: "gmail".into(),
            selected: ended.len(),
            jobs: 2,
            tool: "sealcheck 0.1.0".into(),
            info: RunInfo { shard: Some(ShardInfo { index, total: 3 }), ..RunInfo::default() },
            scenarios: ended.iter().map(|(name, _)| id(name)).collect(),
            selection: ALL.iter().map(id).collect(),
            resumes: None,
        });
        emitter.emit(Event::Note { text: "the same everywhere".into() });
        for report in reports {
            let (scenario, source) = (report.id.clone(), report.source.to_string());
            emitter.emit(Event::ScenarioFinished { scenario, status: report.status, report: Box::new(report), source });
        }
        emitter.emit(Event::RunFinished {
            run,
            complete: true,
            exit_code,
            totals,
            duration_ms: 10,
            stopped: None,
            obsolete_snapshots: vec!["gone.snap".into()],
            redactions: Default::default(),
            imap: Connections { opened: 2, reopened: 1 },
        });
    })
}

fn three() -> Vec<Vec<RunEvent>> {
    vec![
        shard(1, &[("a", Status::Passed), ("d", Status::Passed)]),
        shard(2, &[("e", Status::Passed), ("b", Status::Failed)]),
        shard(3, &[("c", Status::Skipped)]),
    ]
}

/// The problems, the exit code, and what the whole adds up to.
fn merged(shards: Vec<Vec<RunEvent>>) -> (Vec<String>, u8, RunSummary) {
    let records = shards.into_iter().zip(1..).map(|(events, n)| Record { name: format!("{n}.jsonl"), events });
    let merged = merge(records.collect(), 3, RunId::new("WHOLE"));
    let mut tally = RunSummary::default();
    assert!(merged.events.iter().zip(0..).all(|(event, seq)| event.seq == seq && event.v == VERSION));
    merged.events.iter().for_each(|event| tally.event(event));
    (merged.problems, merged.exit.number(), tally)
}

/// The start of a shard, to be changed.
fn started(events: &mut [RunEvent]) -> (&mut String, &mut String, &mut RunInfo, &mut Vec<ScenarioId>) {
    match &mut events[0].event {
        Event::RunStarted { target, tool, info, selection, .. } => (target, tool, info, selection),
        other => panic!("{other:?}"),
    }
}

#[test]
fn shards_come_to_one_run_in_the_order_of_selection() {
    let mut shards = three();
    shards.reverse();
    let (problems, exit, tally) = merged(shards);
    assert_eq!((problems, exit, tally.exit_code), (Vec::new(), 1, Some(1)));
    let ids: Vec<_> = tally.scenarios.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ALL);
    assert!(tally.complete);
    assert_eq!((tally.totals.selected, tally.totals.passed, tally.totals.failed), (5, 3, 1));
    assert_eq!((tally.imap.opened, tally.imap.reopened), (6, 3));
    assert_eq!(tally.obsolete_snapshots, ["gone.snap"]);
    assert_eq!((tally.info.shard, tally.stopped.as_deref()), (None, None));
    let records = three().into_iter().map(|events| Record { name: "x".into(), events }).collect();
    let notes = merge(records, 3, RunId::new("WHOLE")).events;
    assert_eq!(notes.iter().filter(|e| matches!(e.event, Event::Note { .. })).count(), 1);
}

#[test]
fn a_missing_shard_is_7_and_hides_no_failure() {
    let mut shards = three();
    shards.remove(0);
    let (problems, exit, tally) = merged(shards);
    assert_eq!((problems.as_slice(), exit), (&["shard 1/3 is missing".to_owned()][..], 1));
    assert!(!tally.complete);
    assert_eq!(tally.totals.not_run, 2);
    assert_eq!(tally.unknown().map(ScenarioId::as_str).collect::<Vec<_>>(), ["a", "d"]);
    let mut shards = three();
    shards.remove(1);
    let (problems, exit, tally) = merged(shards);
    assert_eq!((problems.len(), exit, tally.stopped.as_deref()), (1, 7, Some("shard 2/3 is missing")));
    let (problems, exit, tally) = merged(Vec::new());
    assert_eq!((problems.len(), exit, tally.run), (3, 7, None));
}

#[test]
fn a_shard_that_broke_off_is_7_and_what_is_known_of_it_counts() {
    let mut shards = three();
    shards[0].truncate(3);
    shards[1].truncate(4);
    let (problems, exit, tally) = merged(shards);
    assert_eq!(
        problems,
        ["shard 1/3 broke off after 1 of 2 scenarios: 1.jsonl", "shard 2/3 broke off after 2 of 2 scenarios: 2.jsonl"]
    );
    // What failed before it broke off has failed.
    assert_eq!((exit, tally.totals.passed, tally.totals.failed, tally.totals.not_run), (1, 2, 1, 1));
    let mut shards = three();
    shards[0].truncate(3);
    shards.remove(1);
    assert_eq!(merged(shards).1, 7);
}

#[test]
fn shards_of_something_else_are_left_out_and_named() {
    type Change = fn(&mut Vec<RunEvent>);
    let cases: [(Change, &str); 8] = [
        (|s| *started(s).0 = "embedded".into(), "3.jsonl is a shard of another run: its target is embedded, that of"),
        (
            |s| *started(s).1 = "sealcheck 0.2.0".into(),
            "its version is sealcheck 0.2.0, that of 1.jsonl is sealcheck 0",
        ),
        (|s| started(s).2.profile = Some("smoke".into()), "its profile is smoke, that of 1.jsonl is none"),
        (
            |s| started(s).2.git = Some(GitInfo { commit: "9f2c1e7".into(), branch: None, dirty: false }),
            "its commit is 9f2c1e7, that of 1.jsonl is none",
        ),
        (|s| started(s).2.shard = None, "3.jsonl is no shard: it was run without --shard"),
        (|s| started(s).2.shard = Some(ShardInfo { index: 3, total: 4 }), "3.jsonl is shard 3/4, not one of 3"),
        (|s| drop(started(s).3.pop()), "3.jsonl is a shard of other scenarios than 1.jsonl: it has not selected e"),
        (|s| started(s).3.reverse(), "they are in another order"),
    ];
    for (change, says) in cases {
        let mut shards = three();
        change(&mut shards[2]);
        let (problems, exit, tally) = merged(shards);
        assert!(problems[0].contains(says), "{says}: {problems:?}");
        assert_eq!((problems[1].as_str(), exit), ("shard 3/3 is missing", 1), "a failure weighs more");
        assert_eq!(tally.unknown().map(ScenarioId::as_str).collect::<Vec<_>>(), ["c"]);
    }
    let mut shards = three();
    shards[1] = shards[0].clone();
    let (problems, exit, _) = merged(shards);
    assert_eq!(problems[0], "shard 1/3 is there twice: 1.jsonl and 2.jsonl; the first one counts");
    assert_eq!((problems[1].as_str(), exit), ("shard 2/3 is missing", 7));
}

#[test]
fn shards_that_were_divided_in_different_ways_are_found_out() {
    let mut shards = three();
    shards[0] = shard(1, &[("a", Status::Passed), ("c", Status::Passed)]);
    let (problems, exit, _) = merged(shards);
    assert_eq!(problems, ["2 shards tell of c, where one should: they were not divided in the same way"]);
    assert_eq!(exit, 1);
    let mut shards = three();
    shards[0] = shard(1, &[("a", Status::Passed)]);
    shards[1] = shard(2, &[("b", Status::Passed), ("e", Status::Passed)]);
    let (problems, exit, tally) = merged(shards);
    assert_eq!(problems, ["0 shards tell of d, where one should: they were not divided in the same way"]);
    assert_eq!((exit, tally.complete), (7, false));
}

#[test]
fn a_clock_that_is_set_back_turns_no_events_around() {
    let mut shards = three();
    for (n, event) in shards[0].iter_mut().enumerate() {
        event.t = format!("2026-11-24T02:0{}:00.000Z", 9 - n);
    }
    let records = shards.into_iter().map(|events| Record { name: "x".into(), events }).collect();
    let merged = merge(records, 3, RunId::new("WHOLE"));
    let ids: Vec<_> = merged
        .events
        .iter()
        .filter_map(|e| {
            if let Event::ScenarioFinished { scenario, .. } = &e.event { Some(scenario.as_str()) } else { None }
        })
        .filter(|id| ["a", "d"].contains(id))
        .collect();
    assert_eq!(ids, ["a", "d"]);
}

#[test]
fn a_whole_run_is_the_only_shard_of_one() {
    let record = Record { name: "x".into(), events: events(|emitter| tell(emitter, every_status())) };
    let merged = merge(vec![record], 1, RunId::new("WHOLE"));
    assert_eq!((merged.problems, merged.exit), (Vec::new(), ExitCode::Interrupted));
    let errors = report(Vec::new(), |_| {});
    assert!(errors.is_empty());
}
