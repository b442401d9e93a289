//! Reports from events, without a run.

use crate::support::json::picked;
use sealcheck::{
    core::{Folder, Redactor, RunId, ScenarioId, Secret, Token},
    mail::{authres::AuthenticationResults, received::Hop},
    outcome::{
        Agreement, Artifact, AttemptReport, CheckResult, Claim, Confidence, Connections, Diagnosis, Event, EvidenceRef,
        ExitCode, HarnessError, HarnessErrorKind, Observed, ObservedKind, ObservedSeal, Redactions, RunInfo,
        ScenarioReport, SnapshotOutcome, SnapshotStatus, Status, Totals,
    },
    report::{
        Reporter, ReporterThread,
        console::{Console, Options, Palette, ProgressKind, Verbosity},
        document::{Destination, Document},
        json,
        jsonl::Jsonl,
        junit,
        masked_writer::MaskedWriter,
    },
    run::{Clock, EventSender},
    verify::Verdict,
};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

const SOURCE: &str = "sealcheck: 1\nname: x\nexpect:\n  - delivered:\n      auth:\n        arc: pass\n      arc:\n        seals:\n          - { i: 2, by: $gmail.seal_domain, cv: pass }\n";

/// A stream that a test can read again.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

pub(crate) fn attempt(n: u32, status: Status, summary: &str) -> AttemptReport {
    AttemptReport {
        n,
        status,
        token: Token::new(format!("sc-run-0-{n}")),
        message_id: format!("<sc-run-0-{n}@ext.example>"),
        queue_ids: BTreeMap::new(),
        timings_ms: BTreeMap::new(),
        steps: Vec::new(),
        assertions: Vec::new(),
        checked: Vec::new(),
        notes: Vec::new(),
        diagnosis: Vec::new(),
        error: None,
        observed: Vec::new(),
        artifacts: Vec::new(),
        duration_ms: 200,
        summary: summary.to_owned(),
    }
}

pub(crate) fn scenario(id: &str, status: Status, duration_ms: u64, attempts: Vec<AttemptReport>) -> ScenarioReport {
    ScenarioReport {
        id: ScenarioId::new(id),
        file: format!("scenarios/{id}.yaml"),
        line: 4,
        name: id.to_owned(),
        tags: Vec::new(),
        params: BTreeMap::new(),
        status,
        reason: None,
        flaky: false,
        duration_ms,
        max_attempts: 2,
        attempts,
        snapshot: None,
        source: SOURCE.into(),
    }
}

fn check(path: &str, at: (u32, u32, u32), expected: &str, actual: &str) -> CheckResult {
    CheckResult {
        path: path.into(),
        passed: false,
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        file: "scenarios/forward-arc.yaml".to_owned(),
        line: at.0,
        column: at.1,
        len: at.2,
        timed_out: false,
        inconclusive: false,
        code: None,
    }
}

pub(crate) fn unsealed() -> ScenarioReport {
    let mut last = attempt(1, Status::Failed, "inbox 11.95s  arc absent");
    last.assertions = vec![
        check("expect[0].delivered.auth.arc", (6, 14, 4), "pass", "none"),
        check("expect[0].delivered.arc.seals[0]", (9, 13, 42), "i=2 by google.com cv=pass", "no seal i=2"),
    ];
    let hop = |from: &str, by: &str| Hop { from: Some(from.into()), by: Some(by.into()), ..Hop::default() };
    last.observed = vec![Observed {
        kind: ObservedKind::Copy,
        account: "gmail".into(),
        folder: Folder::Inbox,
        after_ms: 11_950,
        cut_from: None,
        labels: None,
        category: None,
        authentication_results: Some(AuthenticationResults::parse(
            "Authentication-Results",
            b" mx.google.com; spf=softfail smtp.mailfrom=ext.example; dkim=pass header.d=ext.example\r\n",
            3,
        )),
        arc: vec![ObservedSeal { i: 1, by: Some("google.com".into()), cv: Some("none".into()), verifies: true }],
        verification: None,
        claims: Vec::new(),
        survival: Vec::new(),
        received: vec![hop("ext.example", "mx.corp.example"), hop("mx.corp.example", "mx.google.com")],
        dsn: None,
    }];
    let file = |name: &str| Artifact {
        name: name.into(),
        path: format!("artifacts/forward-arc/1/{name}"),
        media_type: "text/plain".into(),
        sha256: "00".into(),
        redacted: true,
    };
    last.artifacts = vec![file("received.eml"), file("smtp.log")];
    scenario("forward-arc", Status::Failed, 12_831, vec![last])
}

/// A scenario of every status, in the order of their events.
pub(crate) fn every_status() -> Vec<ScenarioReport> {
    let mut flaky = scenario(
        "flaky",
        Status::Passed,
        900,
        vec![attempt(1, Status::TimedOut, ""), attempt(2, Status::Passed, "inbox  0.19s  dmarc=pass")],
    );
    flaky.flaky = true;
    let mut down = attempt(1, Status::Errored, "H04 connect 127.0.0.1:9: connection refused");
    let next = "start the server, or correct the port";
    down.error =
        Some(HarnessError::new(HarnessErrorKind::Connection, "connect 127.0.0.1:9", "connection refused", next));
    let mut skipped = scenario("skipped", Status::Skipped, 0, Vec::new());
    skipped.reason = Some("needs a second account".into());
    let mut known = scenario("known", Status::ExpectedFailure, 300, vec![attempt(1, Status::Failed, "spam")]);
    known.reason = Some("lands in spam (#7)".into());
    let mut unexpected = scenario("unexpected", Status::UnexpectedPass, 300, vec![attempt(1, Status::Passed, "inbox")]);
    unexpected.reason = Some("lands in spam".into());
    let mut not_run = scenario("not-run", Status::NotRun, 0, Vec::new());
    not_run.reason = Some("interrupted".into());
    let mut changed = scenario("changed", Status::Failed, 300, vec![attempt(1, Status::Passed, "inbox")]);
    changed.snapshot = Some(SnapshotOutcome {
        file: "snapshots/embedded/changed.snap".into(),
        status: SnapshotStatus::Changed,
        wrote: Some("snapshots/embedded/changed.snap.new".into()),
        changes: vec!["arc i=2 cv: pass -> fail".into()],
        diff: String::new(),
    });
    let mut direct =
        scenario("direct", Status::Passed, 210, vec![attempt(1, Status::Passed, "inbox  0.19s  dmarc=pass")]);
    direct.snapshot = Some(SnapshotOutcome {
        file: "snapshots/embedded/direct.snap".into(),
        status: SnapshotStatus::Matched,
        wrote: None,
        changes: Vec::new(),
        diff: String::new(),
    });
    let late = scenario("late", Status::TimedOut, 300, vec![attempt(1, Status::TimedOut, "absent in gmail")]);
    vec![
        flaky,
        direct,
        unsealed(),
        scenario("down", Status::Errored, 5, vec![down]),
        late,
        skipped,
        known,
        unexpected,
        changed,
        not_run,
    ]
}

/// The events of a run of these scenarios.
pub(crate) fn tell(emitter: &EventSender, reports: Vec<ScenarioReport>) {
    let run = RunId::new("01JD8Q6V3K5W7Y9ZB2C4D6E8F0");
    let mut order: Vec<ScenarioId> = reports.iter().map(|r| r.id.clone()).collect();
    order.sort();
    emitter.emit(Event::RunStarted {
        run: run.clone(),
        target: "embedded".into(),
        selected: reports.len(),
        jobs: 2,
        tool: "sealcheck 0.1.0".into(),
        info: RunInfo { host: Some("runner-17".into()), ..RunInfo::default() },
        scenarios: order.clone(),
        selection: order,
        resumes: None,
    });
    let totals = Totals::of(&reports);
    for report in reports {
        let scenario = report.id.clone();
        if report.status != Status::Skipped && report.status != Status::NotRun {
            emitter.emit(Event::ScenarioStarted { scenario: scenario.clone(), name: report.name.clone() });
        }
        if report.flaky {
            let status = Status::TimedOut;
            emitter.emit(Event::Slow { scenario: scenario.clone(), attempt: 1, ms: 45_000 });
            let (scenario, duration_ms) = (scenario.clone(), 60_000);
            emitter.emit(Event::AttemptFinished { scenario, attempt: 1, status, duration_ms });
        }
        emitter.emit(Event::ScenarioFinished {
            scenario,
            status: report.status,
            source: report.source.to_string(),
            report: Box::new(report),
        });
    }
    emitter.emit(Event::RunFinished {
        run,
        complete: totals.not_run == 0,
        exit_code: ExitCode::Interrupted,
        totals,
        duration_ms: 13_310,
        stopped: (totals.not_run > 0).then(|| "interrupted".to_owned()),
        obsolete_snapshots: vec!["snapshots/embedded/gone.snap".into()],
        redactions: Redactions::default(),
        imap: Connections::default(),
    });
}

pub(crate) fn clock() -> Clock {
    Clock::new(|| "2026-11-24T02:10:00.114Z".parse().unwrap())
}

/// Hands events to reporters and waits until they have told everything.
pub(crate) fn report(reporters: Vec<(String, Box<dyn Reporter>)>, tell: impl FnOnce(&EventSender)) -> Vec<String> {
    let (to, events) = mpsc::channel();
    let reporting = ReporterThread::start(events, reporters).unwrap();
    let emitter = EventSender::new(to, clock());
    tell(&emitter);
    drop(emitter);
    reporting.join().iter().map(ToString::to_string).collect()
}

pub(crate) fn console(verbosity: Verbosity, color: bool, tell: impl FnOnce(&EventSender)) -> String {
    console_of(None, verbosity, color, tell)
}

fn console_of(columns: Option<usize>, verbosity: Verbosity, color: bool, tell: impl FnOnce(&EventSender)) -> String {
    let paper = Paper::default();
    let options = Options {
        palette: Palette { color },
        progress: ProgressKind::None,
        verbosity,
        stderr: false,
        run_dir: ".sealcheck/runs/01JD8Q6V3K5W7Y9ZB2C4D6E8F0".into(),
        columns,
        patience: Duration::from_secs(30),
    };
    let console = Console::new(MaskedWriter::new(paper.clone(), Redactor::new()), options);
    assert!(report(vec![("console".into(), Box::new(console))], tell).is_empty());
    paper.text()
}

fn document(path: &Path, reporter: impl Reporter + 'static, tell: impl FnOnce(&EventSender)) -> String {
    assert!(report(vec![("x".into(), Box::new(reporter))], tell).is_empty());
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_console_of_a_good_run() {
    let mut bounce = scenario(
        "forward-no-arc-bounces",
        Status::Passed,
        1220,
        vec![attempt(1, Status::Passed, "bounced 0.97s 5.7.26, absent in gmail")],
    );
    bounce.line = 1;
    let reports = vec![every_status().remove(1), bounce];
    let text = console(Verbosity::Normal, false, |emitter| tell(emitter, reports));
    assert_eq!(
        text,
        "sealcheck 0.1.0 · target embedded · 2 scenarios · 2 jobs · run 01JD8Q6V\n\
        \x20       PASS [  0.21s] direct                        inbox  0.19s  dmarc=pass\n\
        \x20       PASS [  1.22s] forward-no-arc-bounces        bounced 0.97s 5.7.26, absent in gmail\n\
        ------------\n\
        \x20    Summary [ 13.31s] 2 run: 2 passed · snapshots 1 ok, 1 obsolete\n\
        \x20       note obsolete snapshot snapshots/embedded/gone.snap\n"
    );
}

#[test]
fn a_failure_points_into_the_scenario() {
    let text = console(Verbosity::Normal, false, |emitter| tell(emitter, vec![unsealed()]));
    let block = "        FAIL [ 12.83s] forward-arc                   inbox 11.95s  arc absent

error[expect[0].delivered.auth.arc]: wanted pass, saw none, and 1 more
 --> scenarios/forward-arc.yaml:6:14
  |
6 |         arc: pass
  |              ^^^^ wanted pass, saw none
...
9 |           - { i: 2, by: $gmail.seal_domain, cv: pass }
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ wanted i=2 by google.com cv=pass, saw no seal i=2
  |
  = seen:  copy in inbox of gmail after 11.95s spf=softfail dkim=pass [i=1 google.com cv=none]
  = path:  ext.example --> mx.corp.example -----> mx.google.com
                           forwarded, NOT sealed  spf=softfail dkim=pass
  = files: .sealcheck/runs/01JD8Q6V3K5W7Y9ZB2C4D6E8F0/artifacts/forward-arc/1/{received.eml,smtp.log}
";
    assert!(text.contains(block), "{text}");
}

#[test]
fn every_status_has_its_word_and_every_trouble_its_block() {
    let text = console(Verbosity::Normal, false, |emitter| tell(emitter, every_status()));
    for line in [
        "        SLOW [ 45.00s] flaky                         still waiting",
        "  TRY 1 TMOT [ 60.00s] flaky                         trying again",
        "    FLKY 2/2 [  0.90s] flaky                         inbox  0.19s  dmarc=pass",
        "         ERR [  0.01s] down                          H04 connect 127.0.0.1:9: connection refused",
        "error[H04]: connect 127.0.0.1:9: connection refused",
        "= next:  start the server, or correct the port",
        "        TMOT [  0.30s] late                          absent in gmail",
        "        SKIP [  0.00s] skipped                       needs a second account",
        "       XFAIL [  0.30s] known                         lands in spam (#7)",
        "       XPASS [  0.30s] unexpected                    inbox",
        "error[known_issue]: passed, although a failure is known: lands in spam",
        "error[snapshot]: what was seen differs from snapshots/embedded/changed.snap",
        "= changed: arc i=2 cv: pass -> fail",
        "     Summary [ 13.31s] 8 run: 2 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 errored, \
         1 passed unexpectedly, 1 failed as known, 1 skipped, 1 not run · snapshots 1 ok, 1 changed, 1 obsolete",
        "        note 1 to review: sealcheck snapshots review",
        "        note interrupted: 1 not run",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let tail = text.split("Summary").nth(1).unwrap();
    for broken in ["forward-arc", "down", "late", "unexpected", "changed"] {
        assert!(tail.contains(broken), "{broken} is not repeated after the summary: {tail}");
    }
}

#[test]
fn a_failure_fits_a_narrow_terminal() {
    let mut report = unsealed();
    let Observed { received, .. } = &mut report.attempts[0].observed[0];
    received[0].from = Some("a-rather-long-name-of-a-server.ext.example".into());
    report.attempts[0].diagnosis = vec![Diagnosis {
        code: "A00".into(),
        title: "no hop before the receiver sealed the message".into(),
        confidence: Confidence::Certain,
        evidence: vec![EvidenceRef { artifact: "received.eml".into(), line: 3, text: "a text of ".repeat(20) }],
        ruled_out: vec!["B01: the key at s2026._domainkey.corp.example exists and can be read".into()],
        next: vec![
            "a command that is longer than the terminal is wide, and must be kept whole for whoever copies it".into(),
        ],
    }];
    let text = console_of(Some(80), Verbosity::Normal, false, |emitter| tell(emitter, vec![report.clone()]));
    let block = text.split("error[A00]").nth(1).unwrap().split("----").next().unwrap();
    let notes = block.rsplit("\n  |\n").next().unwrap();
    let long: Vec<&str> = notes.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.len() == 2 && long[0].contains("= next:  a command") && long[1].contains("= files:"), "{notes}");
    assert!(block.contains("  = path:  a-rather-long-name-of-a-server.ext.example\n           -> mx.corp.example: forwarded, NOT sealed\n"), "{block}");
    assert!(
        block.contains("a text of\n             a text of") || block.contains("a text\n             of a text"),
        "{block}"
    );
    // In a file, where lines may be long, the drawing is one.
    let text = console(Verbosity::Normal, false, |emitter| tell(emitter, vec![report]));
    assert!(
        text.contains("a-rather-long-name-of-a-server.ext.example -") && text.contains("-> mx.corp.example"),
        "{text}"
    );
}

#[test]
fn a_claim_that_is_not_so_is_told_whether_or_not_anything_failed() {
    let claim = Claim {
        by: Some("mx.google.com".into()),
        i: None,
        line: 12,
        method: "dkim".into(),
        about: Some("d=ext.example".into()),
        claims: "pass".into(),
        found: Verdict::Fail,
        agreement: Agreement::Disagrees,
        reason: Some("body hash does not match".into()),
    };
    let mut failed = unsealed();
    failed.attempts[0].observed[0].claims =
        vec![claim.clone(), Claim { agreement: Agreement::Open, method: "arc".into(), ..claim }];
    let mut passed = scenario("passed", Status::Passed, 630, vec![attempt(1, Status::Passed, "inbox")]);
    passed.attempts[0].observed.clone_from(&failed.attempts[0].observed);
    let said = "mx.google.com claims dkim=pass d=ext.example (line 12), we find fail: body hash does not match\n";
    for (report, before) in [(failed, "  = trust: "), (passed, "        NOTE [  0.63s] passed                        ")]
    {
        let text = console(Verbosity::Normal, false, |emitter| tell(emitter, vec![report]));
        assert!(text.contains(&format!("{before}{said}")), "{text}");
        assert!(!text.contains("claims arc"), "{text}");
    }
}

#[test]
fn quiet_tells_failures_and_the_summary_only() {
    let text = console(Verbosity::Quiet, false, |emitter| tell(emitter, every_status()));
    assert!(!text.contains("direct") && !text.contains("· target"), "{text}");
    assert!(text.contains("FAIL [ 12.83s] forward-arc") && text.contains("Summary"), "{text}");
}

#[test]
fn colours_only_repeat_words() {
    let plain = console(Verbosity::Verbose, false, |emitter| tell(emitter, every_status()));
    let coloured = console(Verbosity::Verbose, true, |emitter| tell(emitter, every_status()));
    assert!(coloured.contains("\u{1b}["));
    let times = |text: &str| regex::Regex::new(r"TRY 1 TMOT.*\n").unwrap().replace_all(text, "").into_owned();
    assert_eq!(times(&console_free(&coloured)), times(&plain));
}

fn console_free(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

#[test]
fn the_event_stream_is_one_object_a_line_and_holds_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    let redactor = Redactor::new();
    redactor.learn("probe", &Secret::new("hunter\"2"));
    let jsonl = Jsonl::new(MaskedWriter::new(fs::File::create(&path).unwrap(), redactor));
    let mut leaky = unsealed();
    leaky.attempts[0].assertions[0].actual = "hunter\"2".into();
    let text = document(&path, jsonl, |emitter| tell(emitter, vec![leaky]));
    let events: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["run_started", "scenario_started", "scenario_finished", "run_finished"]);
    for (seq, event) in events.iter().enumerate() {
        assert_eq!((event["v"].as_u64(), event["seq"].as_u64()), (Some(1), Some(seq as u64)));
        assert_eq!(event["t"], "2026-11-24T02:10:00.114Z");
    }
    assert!(text.contains("[REDACTED]") && !text.contains("hunter"));
    assert_eq!(events[2]["report"]["attempts"][0]["observed"][0]["arc"][0]["by"], "google.com");
}

#[test]
fn the_result_file_has_every_scenario_in_the_order_of_selection() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/result.json");
    let json = Document::new(Destination::File(path.clone()), Redactor::new(), json::render);
    let text = document(&path, json, |emitter| tell(emitter, every_status()));
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    insta::assert_snapshot!(picked(&result, &["/version", "/tool/name", "/run", "/totals", "/snapshots"]), @r#"
    /version: 1
    /tool/name: "sealcheck"
    /run: {"id":"01JD8Q6V3K5W7Y9ZB2C4D6E8F0","resumes":null,"started_at":"2026-11-24T02:10:00.114Z","finished_at":"2026-11-24T02:10:00.114Z","duration_ms":13310,"target":"embedded","profile":null,"shard":null,"host":"runner-17","git":null,"ci":null,"config_sha256":null,"complete":false,"stopped":"interrupted","exit_code":130}
    /totals: {"selected":10,"passed":2,"failed":2,"timed_out":1,"late":0,"errored":1,"skipped":1,"flaky":1,"expected_failures":1,"unexpected_passes":1,"not_run":1}
    /snapshots: {"matched":1,"changed":1,"missing":0,"written":0,"obsolete":["snapshots/embedded/gone.snap"],"pending":["snapshots/embedded/changed.snap.new"]}
    "#);
    assert_eq!(result["tool"]["version"], env!("CARGO_PKG_VERSION"));
    let ids: Vec<_> = result["scenarios"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.len() == 10, "{ids:?}");
}

#[test]
fn a_run_that_breaks_off_leaves_whole_documents() {
    let dir = tempfile::tempdir().unwrap();
    let (json, junit) = (dir.path().join("result.json"), dir.path().join("junit.xml"));
    let reporters: Vec<(String, Box<dyn Reporter>)> = vec![
        ("json".into(), Box::new(Document::new(Destination::File(json.clone()), Redactor::new(), json::render))),
        ("junit".into(), Box::new(Document::new(Destination::File(junit.clone()), Redactor::new(), junit::render))),
    ];
    let errors = report(reporters, |emitter| {
        let report = Box::new(unsealed());
        let (scenario, source) = (report.id.clone(), report.source.to_string());
        emitter.emit(Event::ScenarioFinished { scenario, status: report.status, report, source });
    });
    assert!(errors.is_empty());
    let result: serde_json::Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(result["run"]["exit_code"], serde_json::Value::Null);
    assert_eq!(result["scenarios"][0]["status"], "failed");
    assert!(fs::read_to_string(junit).unwrap().contains("forward-arc"));
}

#[test]
fn junit_has_a_case_for_each_scenario() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("junit.xml");
    let junit = Document::new(Destination::File(path.clone()), Redactor::new(), junit::render);
    let xml = document(&path, junit, |emitter| tell(emitter, every_status()));
    for part in [
        r#"<testsuite name="embedded" tests="10" skipped="3" errors="1" failures="4""#,
        r#"name="forward-arc" classname="embedded" assertions="2" time="12.831" file="scenarios/forward-arc.yaml" line="6">"#,
        r#"type="expect[0].delivered.auth.arc""#,
        r#"<error message="connect 127.0.0.1:9: connection refused" type="H04">"#,
        "<flakyFailure ",
        r#"<skipped message="needs a second account"/>"#,
        r#"<skipped message="known issue: lands in spam (#7)"/>"#,
        r#"<skipped message="not run: interrupted"/>"#,
        r#"type="known_issue""#,
        r#"type="snapshot""#,
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
}

#[test]
fn a_report_that_cannot_be_written_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.json");
    let reporters: Vec<(String, Box<dyn Reporter>)> = vec![
        (
            "junit=taken".into(),
            Box::new(Document::new(Destination::File(dir.path().into()), Redactor::new(), junit::render)),
        ),
        ("json".into(), Box::new(Document::new(Destination::File(good.clone()), Redactor::new(), json::render))),
    ];
    let errors = report(reporters, |emitter| tell(emitter, every_status()));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("cannot write report junit=taken: "), "{errors:?}");
    assert!(good.exists());
}

#[test]
fn mail_cannot_steer_the_terminal_or_break_the_xml() {
    let mut report = unsealed();
    report.attempts[0].summary = "a\u{1b}]0;owned\u{7}\nb".into();
    report.attempts[0].assertions[0].actual = "<![CDATA[\u{1b}[2J]]>\u{0}".into();
    let text = console(Verbosity::Normal, false, |emitter| tell(emitter, vec![report.clone()]));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{0}'), "{text:?}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("junit.xml");
    let junit = Document::new(Destination::File(path.clone()), Redactor::new(), junit::render);
    let xml = document(&path, junit, |emitter| tell(emitter, vec![report]));
    assert!(!xml.contains('\u{1b}') && !xml.contains('\u{0}') && !xml.contains("<![CDATA["), "{xml}");
}
