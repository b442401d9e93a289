//! Text from servers, mail and file names: no character of it steers the terminal, the editor or the program that shows it.

use crate::support::{
    mail_script::{INBOX, Script},
    program::{Project, Ran},
};
use std::{fs, path::Path};

/// Escape sequences, other C0 and C1 controls, DEL, bidi controls, separators of lines, and what XML forbids.
const HOSTILE: &str = "a\u{1b}[31mb\u{1b}]0;c\u{7}d\u{7f}\u{9b}2J\u{85}e\u{202e}f\u{202c}\u{2066}g\u{2069}\u{200e}\u{200f}\u{61c}\u{2028}\u{fffe}h";
/// The same for the name of a file, which may hold a line break and a workflow command, too.
const FILE: &str = "ev\u{1b}[31mil\n::error title=x::y\u{9b}\u{202e}";

/// The reply to a message, with everything in it.
const ACCEPTED: &str = "250 2.0.0 Ok: queued as 4ABC a\u{1b}[31mb\u{7}d\u{7f}\u{9b}2J\u{202e}e\u{200f}\r250 more";

/// Whether a character must not stand in what is shown; line feeds and tabs are structure.
fn steers(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Every place where such a character stands in a text.
fn steering(name: &str, text: &str) -> Vec<String> {
    let lines = text.split('\n').filter(|line| line.contains(steers));
    lines.map(|line| format!("{}: {}", name.escape_debug(), line.escape_debug())).collect()
}

#[track_caller]
fn assert_safe(ran: &Ran) {
    let found = [steering("stdout", &ran.stdout), steering("stderr", &ran.stderr)].concat();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A text in double quotes of YAML, with every character escaped that is not ASCII or is a control.
fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        ' '..='~' => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    };
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").chars().map(escaped).collect::<String>())
}

/// A mail whose every field is hostile.
fn hostile_mail(rest: &str) -> String {
    format!(
        "Received: from {HOSTILE} by {HOSTILE} with ESMTPS id {HOSTILE}\r\nX-Evil: {HOSTILE}\r\n\
         Authentication-Results: mx.google.com; arc=fail ({HOSTILE}) header.d={HOSTILE}; spf=pass smtp.mailfrom={HOSTILE}\r\n\
         ARC-Seal: i=1; a=rsa-sha256; cv={HOSTILE}; d={HOSTILE}; s={HOSTILE}; b=AA==\r\n{rest}"
    )
}

fn project() -> Project {
    let script = Script {
        accepted: ACCEPTED,
        ..Script::new(|mailboxes, mail| {
            mailboxes.put(&hostile_mail(&mail.raw), &[INBOX]);
        })
    };
    let script = script.imap(|session, tag, command| {
        if command.starts_with("NOOP") || command.starts_with("EXAMINE") {
            session.say(format!("* OK {HOSTILE}\r* OK more"));
        }
        if command.starts_with("LOGOUT") {
            session.say(format!("{tag} OK {HOSTILE}"));
            return true;
        }
        false
    });
    let project = script.project();
    let scenario = format!(
        "sealcheck: 1\nname: {name}\ntags: [evil]\nsend: {{ from: external, to: gmail, subject: x, text: y }}\n\
         wait: {{ timeout: 30s }}\nexpect:\n  - delivered:\n      to: gmail\n      \
         headers: {{ X-Evil: none }}\n      auth: {{ arc: pass }}\n",
        name = quoted(HOSTILE)
    );
    fs::write(project.path(&format!("scenarios/{FILE}.yaml")), scenario).unwrap();
    let known = "sealcheck: 1\nname: known\nskip: ".to_owned()
        + &quoted(HOSTILE)
        + "\nsend: { from: external, to: gmail }\nexpect: [ { delivered: gmail } ]\n";
    fs::write(project.path("scenarios/skipped.yaml"), known).unwrap();
    project
}

const REPORTS: [(&str, &str); 9] = [
    ("console", "console.txt"),
    ("github", "annotations.txt"),
    ("html", "report.html"),
    ("json", "result.json"),
    ("jsonl", "events.jsonl"),
    ("junit", "junit.xml"),
    ("markdown", "report.md"),
    ("openmetrics", "metrics.prom"),
    ("tap", "report.tap"),
];

#[test]
fn nothing_that_a_run_writes_steers_what_shows_it() {
    let project = project();
    let summary = project.path("out/summary.md");
    let outputs = project.path("out/outputs");
    fs::create_dir(project.path("out")).unwrap();
    let project = project.with_env("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    let project = project.with_env("GITHUB_OUTPUT", outputs.to_str().unwrap()).with_env("GITHUB_ACTIONS", "true");
    let reports: Vec<String> = REPORTS.iter().map(|(format, file)| format!("{format}=out/{file}")).collect();
    let mut args = vec!["run", "--artifacts", "all", "-vv", "--color", "never"];
    args.extend(reports.iter().flat_map(|report| ["--report", report.as_str()]));
    let ran = project.run(&args);
    assert_eq!(ran.code, 1, "{ran}");
    let mut found = [steering("stdout", &ran.stdout), steering("stderr", &ran.stderr)].concat();
    let mut names = Vec::new();
    let mut look = |path: &Path, bytes: &[u8]| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // A mail is kept as it came.
        if !name.ends_with(".eml") {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            found.extend(steering(&name, &text));
            if !name.ends_with(".yaml") && !text.is_empty() {
                names.push(name);
            }
        }
    };
    project.each_file("out", &mut look);
    project.each_file(".sealcheck", &mut look);
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (_, file) in REPORTS {
        assert!(names.iter().any(|name| name == file), "{file}: {names:?}");
    }
    for file in ["smtp.log", "imap.log", "diagnosis.txt", "summary.md", "outputs"] {
        assert!(names.iter().any(|name| name == file), "{file}: {names:?}");
    }
    // What stood there can still be told.
    let result: serde_json::Value = serde_json::from_str(&project.read("out/result.json")).unwrap();
    let names: Vec<&str> =
        result["scenarios"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert!(names.contains(&HOSTILE), "{names:?}");
    let junit = project.read("out/junit.xml");
    assert!(junit.contains("\u{241b}[31mb\u{241b}]0;c\u{2407}d"), "{junit}");
    for file in ["annotations.txt", "report.tap", "metrics.prom", "outputs", "console.txt"] {
        let text = project.read(&format!("out/{file}"));
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::error title=x")), "{file}: {text}");
    }
    let metrics = project.read("out/metrics.prom");
    let labelled = metrics.lines().filter(|line| line.contains("ev\u{241b}[31mil")).count();
    assert!(
        labelled > 0 && metrics.lines().all(|line| line.starts_with("sealcheck_") || line.starts_with('#')),
        "{metrics}"
    );
}

#[test]
fn no_report_on_standard_output_holds_a_workflow_command_of_a_scenario() {
    let name = quoted("evil\n::error title=x::y");
    let text = format!(
        "sealcheck: 1\nname: {name}\nsend: {{ from: external, to: gmail, text: y }}\nexpect: [ {{ delivered: gmail }} ]\n\
         snapshot: none\n"
    );
    let project = Project::new().scenario("evil", &text);
    for (format, _) in REPORTS {
        let ran = project.run(&["run", "--report", format]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.stdout.lines().any(|line| line.trim_start().starts_with("::error title=x")), "{format}: {ran}");
    }
}

#[test]
fn a_run_in_colour_has_the_colours_of_the_program_alone() {
    let ran = project().run(&["run", "-vv", "--color", "always"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("\u{1b}[1m"), "{ran}");
    let mut text = ran.stdout.clone();
    for own in ["0", "1", "2", "31", "32", "33"] {
        text = text.replace(&format!("\u{1b}[{own}m"), "");
    }
    let found = steering("stdout", &text);
    assert!(found.is_empty(), "{}", found.join("\n"));
    // That of the mail is shown, not obeyed.
    assert!(text.contains("\u{241b}[31mb"), "{text}");
}

#[test]
fn nothing_that_a_command_prints_steers_the_terminal() {
    let project = project();
    let mail = format!("{FILE}.eml");
    fs::write(project.path(&mail), hostile_mail("From: a@b.example\r\nMessage-ID: <a@b.example>\r\n\r\nbody\r\n"))
        .unwrap();
    fs::write(project.path("mx.log"), format!("{HOSTILE}\n")).unwrap();
    fs::create_dir(project.path("broken")).unwrap();
    fs::write(project.path(&format!("broken/{FILE}.yaml")), format!("sealcheck: 1\nname: {HOSTILE}\n{HOSTILE}: 1\n"))
        .unwrap();
    let broken = format!("broken/{FILE}.yaml");
    let odd = format!("--{FILE}");
    let mut told = String::new();
    for args in [
        &["list"][..],
        &["list", "--format", "json"],
        &["check"],
        &["check", "--format", "json"],
        &["check", "--show-config", "--set", "accounts.gmail.address=a\u{202e}@b.example"],
        &["check", &broken],
        &["run", &broken],
        &["inspect", "--dns", "none", "--log", "mx.log", &mail],
        &["inspect", "--dns", "none", "--format", "json", &mail],
        &["inspect", "--dns", "none", &format!("missing{FILE}")],
        &["run", &odd],
        &["run", "--report", &format!("json={FILE}/x.json"), "no-such-scenario\u{1b}[31m\u{202e}"],
        &["explain", "\u{1b}[31m\u{202e}"],
        &["doctor", "--target", "gmail", "--set", "accounts.gmail.imap.host=\u{202e}host.test"],
        &["snapshots", "status"],
    ] {
        let ran = project.run(args);
        assert_safe(&ran);
        let mut lines = ran.stdout.lines().chain(ran.stderr.lines());
        // What was typed is told as it was typed.
        let is_typed =
            args.iter().any(|arg| arg.starts_with("missing") || arg.starts_with("--ev") || arg.starts_with("json="));
        assert!(is_typed || !lines.any(|line| line.trim_start().starts_with("::error title=x")), "{ran}");
        told.push_str(&ran.stdout);
        told.push_str(&ran.stderr);
    }
    assert!(told.matches("[31mil").count() > 5, "{told}");
}
