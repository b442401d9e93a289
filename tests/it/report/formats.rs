//! Reports for other programs: what each says, that nothing in a mail can steer its reader, and how programs of others read it.

use crate::{
    report::events::{attempt, every_status, report, scenario, tell, unsealed},
    support::json::picked,
};
use sealcheck::{
    core::{Redactor, Secret, file::Access},
    outcome::{ScenarioReport, Status},
    report::{
        Reporter,
        document::{Destination, Document, Render},
        github::{Github, Step},
        html, junit, markdown,
        masked_writer::{LazyFile, MaskedWriter},
        openmetrics, tap,
    },
};
use std::{fs, path::Path, process::Command};

/// Text that means something to somebody.
const NASTY: &str =
    "`|` @someone #7 ::error::%0A, \"x\" \\ <img src=x onerror=alert(1)> </details>\n::set-output name=a::b\u{1b}[2J";

fn nasty() -> ScenarioReport {
    let mut report = unsealed();
    report.name = NASTY.into();
    report.attempts[0].summary = NASTY.into();
    report.attempts[0].assertions[0].actual = NASTY.into();
    report.attempts[0].assertions[0].expected = "```\n# heading".into();
    report.id = sealcheck::core::ScenarioId::new("forward-arc[to=a|b #1 \"q\"]");
    report
}

fn document(render: Render, reports: Vec<ScenarioReport>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("document");
    let reporter = Document::new(Destination::File(path.clone()), Redactor::new(), render);
    let reporters: Vec<(String, Box<dyn Reporter>)> = vec![("x".into(), Box::new(reporter))];
    assert!(report(reporters, |emitter| tell(emitter, reports)).is_empty());
    fs::read_to_string(path).unwrap()
}

/// Annotations, summary and outputs.
fn github(directory: &str, reports: Vec<ScenarioReport>) -> [String; 3] {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    fs::write(file("summary"), "before\n").unwrap();
    let redactor = Redactor::new();
    redactor.learn("me", &Secret::new("softfail"));
    let step = Step { directory: directory.into(), summary: Some(file("summary")), outputs: Some(file("outputs")) };
    let lines = MaskedWriter::new(LazyFile::new(file("lines"), Access::Usual), redactor.clone());
    let reporters: Vec<(String, Box<dyn Reporter>)> =
        vec![("github".into(), Box::new(Github::new(lines, step, redactor)))];
    assert!(report(reporters, |emitter| tell(emitter, reports)).is_empty());
    ["lines", "summary", "outputs"].map(|name| fs::read_to_string(file(name)).unwrap_or_default())
}

#[test]
fn markdown_tells_what_broke_and_keeps_everything_else_in_code() {
    let text = document(markdown::render, every_status());
    for part in [
        "## sealcheck: stopped\n\n10 scenarios: 2 passed, 2 failed, 1 timed out, 1 errored, 1 passed unexpectedly, ",
        "target `embedded` · run `01JD8Q6V3K5W7Y9ZB2C4D6E8F0` · ",
        "exit `130`",
        "| **FAIL** | `forward-arc` | 12.83 s | `inbox 11.95s  arc absent` |",
        "| **ERR** | `down` | 0.01 s |",
        "| FLKY | `flaky` | 0.90 s |",
        "| NRUN | `not-run` | 0.00 s | `interrupted` |",
        "### `forward-arc`: `expect[0].delivered.auth.arc`\n\n```text\nerror[expect[0].delivered.auth.arc]: wanted pass",
        "  = files: artifacts/forward-arc/1/{received.eml,smtp.log}\n```",
        "<details><summary>5 others</summary>",
        "- it ended early: `interrupted`",
        "- obsolete snapshot `snapshots/embedded/gone.snap`",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = document(markdown::render, vec![nasty()]);
    assert!(text.contains("````text\n"), "a fence that the text cannot close: {text}");
    assert!(text.contains("`'\\|' @someone #7"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn markdown_fits_an_issue_however_much_broke() {
    let mut reports: Vec<_> = (0..400).map(|_| unsealed()).collect();
    for (n, report) in reports.iter_mut().enumerate() {
        report.id = sealcheck::core::ScenarioId::new(format!("forward-arc[n={n}]"));
    }
    let text = document(markdown::render, reports);
    assert!(text.chars().count() < 65_536, "{}", text.len());
    assert!(text.len() > 40_000);
    assert!(text.trim_end().ends_with("more have no room here; every report has them."), "{text}");
    assert_eq!(text.matches("```").count() % 2, 0);
    assert!(text.contains("### `forward-arc[n=0]`") && text.contains("| `forward-arc[n=399]` |"));
    let mut endless = unsealed();
    endless.attempts[0].assertions[0].actual = "x".repeat(100_000);
    assert!(document(markdown::render, vec![endless]).len() < 65_536);
}

#[test]
fn github_has_an_annotation_for_each_failure_on_its_own_line() {
    let [lines, summary, outputs] = github("mail/tests", every_status());
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    let all = lines.join("\n");
    for part in [
        "::error file=mail/tests/scenarios/forward-arc.yaml,line=6,col=14,title=FAIL forward-arc expect[0].delivered.auth.arc::wanted pass, saw none, and 1 more%0Ascenarios/forward-arc.yaml:6:14: ",
        "::warning file=mail/tests/scenarios/down.yaml,line=4,title=ERR down H04::connect 127.0.0.1:9: connection refused%0Anext: start",
        "title=XPASS unexpected known_issue::",
        "title=FAIL changed snapshot::",
    ] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    assert!(summary.starts_with("before\n## sealcheck: stopped\n"), "{summary}");
    assert!(summary.contains("spf=[REDACTED]") && !summary.contains("softfail"));
    assert_eq!(
        outputs,
        "exit-code=130\nrun=01JD8Q6V3K5W7Y9ZB2C4D6E8F0\ncomplete=false\nselected=10\npassed=2\nfailed=4\nerrored=1\n"
    );
}

#[test]
fn github_is_given_no_command_by_a_mail_and_at_most_ten_annotations() {
    let [lines, ..] = github("", vec![nasty()]);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.starts_with("::error file=scenarios/forward-arc.yaml,line=6,col=14,title=FAIL forward-arc[to=a|b"));
    assert!(lines.contains("%250A") && !lines.contains('\u{1b}'), "{lines}");
    let many = (0..30).map(|n| scenario(&format!("s{n}"), Status::TimedOut, 5, vec![attempt(1, Status::TimedOut, "")]));
    let [lines, ..] = github("..", many.collect());
    assert_eq!(lines.lines().count(), 10);
    assert_eq!(
        lines.lines().last().unwrap(),
        "::error title=sealcheck::21 more scenarios broke; the summary of the step names them"
    );
    let [lines, _, outputs] = github("", vec![every_status().remove(1)]);
    assert_eq!(lines, "");
    assert!(outputs.contains("passed=1\nfailed=0\n"));
}

#[test]
fn tap_has_a_point_for_each_scenario() {
    let text = document(tap::render, every_status());
    for part in [
        "TAP version 14\n1..10\n",
        " - direct\n",
        "not ok 3 - down\n  ---\n  status: ERR\n  code: \"H04\"\n  message: \"connect 127.0.0.1:9: connection refused\"\n",
        "not ok 6 - known # TODO lands in spam (\\#7)\n",
        "ok 8 - not-run # SKIP not run: interrupted\n",
        "ok 9 - skipped # SKIP needs a second account\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = document(tap::render, vec![nasty()]);
    assert!(text.contains("not ok 1 - forward-arc[to=a|b \\#1 \"q\"]\n"), "{text}");
}

#[test]
fn metrics_have_one_sample_for_each_set_of_labels() {
    let text = document(openmetrics::render, every_status());
    for part in [
        "# TYPE sealcheck_scenario_success gauge\n",
        "sealcheck_scenario_success{scenario=\"forward-arc\",target=\"embedded\"} 0\n",
        "sealcheck_scenario_success{scenario=\"direct\",target=\"embedded\"} 1\n",
        "sealcheck_scenario_status{scenario=\"forward-arc\",status=\"failed\",target=\"embedded\"} 1\n",
        "sealcheck_scenario_status{scenario=\"skipped\",status=\"skipped\",target=\"embedded\"} 1\n",
        "sealcheck_delivery_seconds{scenario=\"forward-arc\",account=\"gmail\",folder=\"inbox\",target=\"embedded\"} 11.950\n",
        "sealcheck_last_run_timestamp_seconds{target=\"embedded\"} 1795486200.114\n",
        "sealcheck_last_run_exit_code{target=\"embedded\"} 130\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.ends_with("\n# EOF\n"));
    assert!(!text.contains("success{scenario=\"skipped\""));
    let mut series: Vec<&str> =
        text.lines().filter(|l| !l.starts_with('#')).map(|l| l.rsplit_once(' ').unwrap().0).collect();
    let all = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), all);
}

/// What programs of others read in the documents of these scenarios.
fn read_by_others(reports: &[ScenarioReport]) -> serde_json::Value {
    let dir = tempfile::tempdir().unwrap();
    for (name, render) in [
        ("report.md", markdown::render as Render),
        ("report.tap", tap::render),
        ("report.prom", openmetrics::render),
        ("report.xml", junit::render),
        ("report.html", html::render),
    ] {
        fs::write(dir.path().join(name), document(render, reports.to_vec())).unwrap();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/interop/venv/bin/python");
    let output = Command::new(&python).arg(root.join("tests/interop/read_reports.py")).arg(dir.path()).output();
    let output = output.unwrap_or_else(|e| panic!("{}: {e}; run .ci/interop-setup", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "requires .ci/interop-setup"]
fn programs_of_others_read_the_reports() {
    let seen = read_by_others(&every_status());
    insta::assert_snapshot!(picked(&seen, &[
        "/tap/version", "/tap/plan", "/tap/not_ok", "/tap/todo", "/tap/skip", "/tap/unknown", "/tap/yaml/down/code",
        "/junit", "/html", "/markdown/tables", "/markdown/headings",
        "/openmetrics/sealcheck_scenario_success", "/openmetrics/sealcheck_delivery_seconds",
    ]), @r#"
    /tap/version: 14
    /tap/plan: 10
    /tap/not_ok: ["changed","down","forward-arc","known","late","unexpected"]
    /tap/todo: ["known"]
    /tap/skip: ["not-run","skipped"]
    /tap/unknown: 0
    /tap/yaml/down/code: "H04"
    /junit: {"tests":10,"failures":4,"errors":1,"skipped":3}
    /html: {"scenarios":10,"scripts":0,"handlers":[],"drawings":2}
    /markdown/tables: 2
    /markdown/headings: ["","","","","",""]
    /openmetrics/sealcheck_scenario_success: {"changed":0,"direct":1,"down":0,"flaky":1,"forward-arc":0,"known":0,"late":0,"unexpected":0}
    /openmetrics/sealcheck_delivery_seconds: {"forward-arc":11.95}
    "#);
    for series in ["sealcheck_scenario_success", "sealcheck_delivery_seconds"] {
        assert_eq!(seen["prometheus"][series], seen["openmetrics"][series]);
    }
}

#[test]
#[ignore = "requires .ci/interop-setup"]
fn no_mail_breaks_out_of_a_report() {
    let seen = read_by_others(&[nasty()]);
    // tap.py knows no \#.
    insta::assert_snapshot!(picked(&seen, &[
        "/tap/not_ok", "/tap/unknown", "/junit/tests", "/openmetrics/sealcheck_scenario_success",
        "/prometheus/sealcheck_scenario_success", "/html", "/markdown/headings", "/markdown/rows", "/markdown/cells",
        "/markdown/odd_tags",
    ]), @r#"
    /tap/not_ok: ["forward-arc[to=a|b \\"]
    /tap/unknown: 0
    /junit/tests: 1
    /openmetrics/sealcheck_scenario_success: {"forward-arc[to=a|b #1 \"q\"]":0}
    /prometheus/sealcheck_scenario_success: {"forward-arc[to=a|b #1 \"q\"]":0}
    /html: {"scenarios":1,"scripts":0,"handlers":[],"drawings":2}
    /markdown/headings: ["",""]
    /markdown/rows: 2
    /markdown/cells: 8
    /markdown/odd_tags: []
    "#);
    for text in seen["markdown"]["outside_code"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        assert!(!text.contains("@someone") && !text.contains("#7") && !text.contains("onerror"), "{text}");
    }
}

#[test]
fn the_page_needs_nothing_and_escapes_everything() {
    let page = document(html::render, every_status());
    for part in [
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
        "<h1 class=\"bad\">sealcheck: stopped</h1>",
        "<span class=\"bad\">2 failed</span>",
        "<details class=\"scenario\" open><summary><span class=\"word bad\">FAIL</span> <span class=\"id\">forward-arc</span>",
        "<details class=\"scenario\"><summary><span class=\"word good\">PASS</span> <span class=\"id\">direct</span>",
        "<h3>Attempt 2: PASS</h3>",
        "aria-label=\"ext.example , then mx.corp.example forwarded, NOT sealed, then mx.google.com spf=softfail dkim=pass\"",
        "<rect class=\"box bad\"",
        "forward-arc (gmail, inbox)</text>",
        "<li>obsolete snapshot snapshots/embedded/gone.snap</li>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let lower = document(html::render, vec![nasty()]).to_lowercase();
    for part in ["<script", "<img", "javascript:", "http://", "https://", " style=", "src=\"", "url(", "</details>\n::"]
    {
        assert!(!lower.contains(part), "{part}\n{lower}");
    }
    assert!(lower.contains("&lt;img src=x onerror=alert(1)&gt; &lt;/details&gt;"), "{lower}");
    for tag in ["details", "table", "svg", "pre", "ul", "div"] {
        let (open, close) = (lower.matches(&format!("<{tag}")).count(), lower.matches(&format!("</{tag}>")).count());
        assert_eq!(open, close, "{tag}");
    }
}
