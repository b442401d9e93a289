//! What was told is not kept: a run may have more evidence than memory should hold.

use crate::report::events::{attempt, clock, scenario};
use sealcheck::{
    core::{Redactor, RunId, ScenarioId, file::Access},
    outcome::{Event, ExitCode, Redactions, RunInfo, Status, Totals},
    report::{
        Reporter, ReporterThread,
        document::{Destination, Document, Render},
        github::{Github, Step},
        html, json,
        jsonl::Jsonl,
        junit, markdown,
        masked_writer::{LazyFile, MaskedWriter},
        openmetrics, tap,
    },
    run::EventSender,
};
use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::Command,
    sync::mpsc,
};

/// This process tells of the run and does nothing else: other tests have memory of their own.
const ALONE: &str = "SEALCHECK_TEST_ALONE";
const SCENARIOS: usize = 300;
/// How much was seen in each, in lines of a thousand bytes.
const LINES: usize = 200;

/// The most memory that this process has had, in kilobytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Says when an event was told.
struct Told(mpsc::Sender<()>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.send(()).map_err(io::Error::other)
    }
}

fn reporters(folder: &Path, told: Told) -> Vec<(String, Box<dyn Reporter>)> {
    let documents: [(&str, Render); 6] = [
        ("html", html::render),
        ("json", json::render),
        ("junit", junit::render),
        ("markdown", markdown::render),
        ("openmetrics", openmetrics::render),
        ("tap", tap::render),
    ];
    let document = |(name, render): (&str, Render)| -> (String, Box<dyn Reporter>) {
        let to = Destination::File(folder.join(name));
        (name.to_owned(), Box::new(Document::new(to, Redactor::new(), render)))
    };
    let annotations = MaskedWriter::new(LazyFile::new(folder.join("github"), Access::Usual), Redactor::new());
    let mut all: Vec<_> = documents.into_iter().map(document).collect();
    all.push(("github".into(), Box::new(Github::new(annotations, Step::default(), Redactor::new()))));
    all.push(("jsonl".into(), Box::new(Jsonl::new(MaskedWriter::new(told, Redactor::new())))));
    all
}

/// A run of many scenarios, each told before the next ends.
fn tell(emitter: &EventSender, told: &mpsc::Receiver<()>) {
    let emit = |event| {
        emitter.emit(event);
        told.recv().unwrap();
    };
    let run = RunId::new("01JD8Q6V3K5W7Y9ZB2C4D6E8F0");
    let ids: Vec<ScenarioId> = (0..SCENARIOS).map(|n| ScenarioId::new(format!("s{n}"))).collect();
    emit(Event::RunStarted {
        run: run.clone(),
        target: "embedded".into(),
        selected: SCENARIOS,
        jobs: 1,
        tool: "sealcheck test".into(),
        info: RunInfo::default(),
        scenarios: ids.clone(),
        selection: ids.clone(),
        resumes: None,
    });
    for (n, id) in ids.into_iter().enumerate() {
        let status = if n % 50 == 0 { Status::Failed } else { Status::Passed };
        let mut seen = attempt(1, status, "inbox");
        seen.notes = vec![format!("{n} ").repeat(1000 / (n.to_string().len() + 1)); LINES];
        let report = Box::new(scenario(id.as_str(), status, 100, vec![seen]));
        emit(Event::ScenarioFinished { scenario: id, status, source: report.source.to_string(), report });
    }
    emit(Event::RunFinished {
        run,
        complete: true,
        exit_code: ExitCode::Failed,
        totals: Totals::default(),
        duration_ms: 1,
        stopped: None,
        obsolete_snapshots: Vec::new(),
        redactions: Redactions::default(),
        imap: Default::default(),
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test asks itself whether it is alone")]
fn reports_of_many_scenarios_are_not_all_in_memory() {
    if env::var_os(ALONE).is_none() {
        let this = ["--exact", "memory::reports_of_many_scenarios_are_not_all_in_memory", "--nocapture"];
        let run = Command::new(env::current_exe().unwrap()).args(this).env(ALONE, "1").output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let before = peak();
    let (to, events) = mpsc::channel();
    let (tell_told, told) = mpsc::channel();
    let reporting = ReporterThread::start(events, reporters(folder.path(), Told(tell_told))).unwrap();
    let emitter = EventSender::new(to, clock());
    tell(&emitter, &told);
    drop(emitter);
    assert_eq!(reporting.join().iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let (grown, evidence) = (peak() - before, SCENARIOS * LINES);
    assert!(grown < evidence, "{grown} kB for {evidence} kB of evidence");
    let json = fs::File::open(folder.path().join("json")).unwrap();
    let json: serde_json::Value = serde_json::from_reader(io::BufReader::new(json)).unwrap();
    let ids = json["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned());
    assert!(ids.eq((0..SCENARIOS).map(|n| format!("s{n}"))));
}
