//! A second signal ends the process at once.

use super::{
    Scene,
    left::{events, nothing_is_left, record, snapshots},
    moment::{Course, pause, until},
};
use crate::support::program::{Project, Signalled, forward, send};
use std::{
    fs,
    io::{Read, pipe},
    os::unix::process::CommandExt,
    time::{Duration, Instant},
};

/// So long after the first comes the second, in milliseconds.
const GAPS: [u64; 5] = [0, 1, 5, 20, 50];

/// Sends two signals to the process, or to its whole group as a terminal does.
fn ends_at_once(target: &'static str, moments: usize) {
    let scene = Scene::new(target);
    let course = Course::of(&scene);
    let all = snapshots(&scene.project);
    std::thread::scope(|scope| {
        for (signal, code, is_to_group) in [("INT", 130, true), ("INT", 130, false), ("TERM", 143, false)] {
            let (course, all) = (&course, &all);
            scope.spawn(move || {
                let scene = Scene::new(target);
                for (moment, gap) in course.moments(moments).zip(GAPS.into_iter().cycle()) {
                    scene.forget();
                    let mut command = scene.project.command(&scene.args());
                    command.process_group(0);
                    let mut run = Signalled::start(command);
                    until(&mut run, moment);
                    let both = |run: &Signalled| if is_to_group { run.send_to_group(signal) } else { run.send(signal) };
                    both(&run);
                    pause(Duration::from_millis(gap));
                    both(&run);
                    let ran = run.end();
                    let is_unheard = ran.code == -1 && ran.stdout.is_empty();
                    assert!([code, 0].contains(&ran.code) || is_unheard, "{signal} {moment:?} {gap}: {ran}");
                    // As after SIGKILL, a shell ends what was made at the last moment.
                    nothing_is_left(scene.dir.path(), "KILL");
                    events(&ran.stdout, true);
                    if let Some(record) = record(&scene.project) {
                        let again = scene.project.run(&["report", record.to_str().unwrap(), "--report", "tap"]);
                        assert_eq!(again.code, 0, "{ran}{again}");
                    }
                    let is_whole =
                        |(name, text): (String, _)| name.starts_with(".sealcheck-") || all.get(&name) == Some(&text);
                    assert!(snapshots(&scene.project).into_iter().all(is_whole));
                }
            });
        }
    });
}

#[test]
fn a_second_signal_ends_an_embedded_run_at_once() {
    ends_at_once("embedded", 10);
}

#[test]
#[ignore = "requires rspamd"]
fn a_second_signal_ends_a_run_on_rspamd_at_once() {
    ends_at_once("rspamd", 20);
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_second_signal_ends_a_run_on_postfix_at_once() {
    ends_at_once("postfix", 20);
}

/// So many tell more than a pipe holds that nobody reads (pipe(7)).
const SCENARIOS: usize = 30;

/// The run is over by then, and its reports are not, as with a pager that nobody leafs through.
#[test]
fn a_second_signal_ends_a_run_that_nobody_reads() {
    for is_stderr_read in [true, false] {
        let text = forward("embedded");
        let project = (0..SCENARIOS).fold(Project::new(), |project, n| project.scenario(&format!("s{n}"), &text));
        let (reader, writer) = pipe().unwrap();
        let mut command = project.command(&["run", "--update", "all", "--report", "jsonl"]);
        if !is_stderr_read {
            command.stderr(writer.try_clone().unwrap());
        }
        command.stdout(writer);
        let mut child = command.spawn().unwrap();
        drop(command);
        let files = |below: &str| fs::read_dir(project.path(below)).into_iter().flatten().flatten();
        let deadline = Instant::now() + Duration::from_secs(120);
        let wait = |is_it: &mut dyn FnMut() -> bool| {
            while !is_it() && Instant::now() < deadline {
                std::thread::yield_now();
            }
        };
        wait(&mut || files("snapshots/embedded").count() >= SCENARIOS);
        wait(&mut || {
            send(&child, "INT");
            pause(Duration::from_millis(100));
            child.try_wait().unwrap().is_some()
        });
        let has_ended = child.try_wait().unwrap().is_some();
        child.kill().ok();
        let (code, mut said) = (child.wait().unwrap().code(), String::new());
        drop(reader);
        child.stderr.map(|mut stderr| stderr.read_to_string(&mut said).unwrap());
        assert!(has_ended && code == Some(130), "{code:?} {said}");
    }
}
