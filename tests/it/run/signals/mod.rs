//! A run that is ended at any moment leaves whole files and nothing that runs, and looking again sends nothing twice.

mod again;
mod left;
mod moment;
mod twice;

use crate::{
    lab::rspamd::open_directory,
    support::program::{Lab, Project, forward},
};
use again::Sent;
use left::{is_whole, nothing_is_left, snapshots};
use moment::{Course, end_at};
use std::{collections::BTreeMap, fs};
use tempfile::TempDir;

/// Every signal, and what a run ends with that it ends.
const SIGNALS: [(&str, i32); 4] = [("INT", 130), ("TERM", 143), ("HUP", 143), ("KILL", -1)];

/// The names of the scenarios and of their files.
const NAMES: [&str; 3] = ["one", "three", "two"];

/// What a run writes beside its snapshots.
const ARGS: &str = "run -j 2 --update all --report jsonl --report json=out/r.json --report junit=out/r.xml --report \
                    tap=out/r.tap --report markdown=out/r.md --report html=out/r.html --report openmetrics=out/r.prom";

/// A project with three scenarios whose snapshots are written, and the world in another process where the target is one.
struct Scene {
    project: Project,
    /// The state of programs is below it.
    dir: TempDir,
    target: &'static str,
    lab: Option<Lab>,
}

impl Scene {
    fn new(target: &'static str) -> Self {
        let dir = open_directory();
        let mut project = Project::new().env("TMPDIR", dir.path().to_str().unwrap());
        for name in NAMES {
            let text = forward(target).replace("name: forwarded copy", &format!("name: {name}"));
            // The count sees a mail that is sent twice.
            project = project.scenario(name, &(text + "  - count: { to: gmail, is: 1, settle: 100ms }\n"));
        }
        let lab = (target == "gmail").then(|| project.lab(&["--config-out", "sealcheck.yaml"]));
        if lab.is_some() {
            let limited = project.read("sealcheck.yaml") + "limits: { external: { per_day: 10000 } }\n";
            fs::write(project.path("sealcheck.yaml"), limited).unwrap();
        }
        Self { project, dir, target, lab }
    }

    fn args(&self) -> Vec<&str> {
        ARGS.split(' ').chain(["--target", self.target]).collect()
    }

    /// As if nothing had been run.
    fn forget(&self) {
        for written in [".sealcheck", "snapshots", "out"] {
            fs::remove_dir_all(self.project.path(written)).ok();
        }
    }
}

/// Ends runs on a target by every signal at so many moments, spread over what a run does.
fn ends_in_good_order(target: &'static str, moments: usize) {
    let scene = Scene::new(target);
    let course = Course::of(&scene);
    let all = snapshots(&scene.project);
    assert_eq!(all.len(), 3);
    std::thread::scope(|scope| {
        for (signal, code) in SIGNALS {
            let (course, all) = (&course, &all);
            scope.spawn(move || ends_by(signal, code, &Scene::new(target), (course, all, moments)));
        }
    });
}

fn ends_by(
    signal: &str,
    code: i32,
    scene: &Scene,
    (course, all, moments): (&Course, &BTreeMap<String, Vec<u8>>, usize),
) {
    let mut sent = Sent::default();
    for moment in course.moments(moments) {
        scene.forget();
        let ran = end_at(scene, moment, signal);
        // Who is not yet listening is ended by the signal itself, and has told nothing.
        let is_unheard = ran.code == -1 && ran.stdout.is_empty();
        assert!([code, 0].contains(&ran.code) || is_unheard, "{signal} {moment:?}: {ran}");
        let signal = if is_unheard { "KILL" } else { signal };
        nothing_is_left(scene.dir.path(), signal);
        is_whole(scene, signal, &ran, all);
        if let Some(lab) = &scene.lab {
            sent.look_again(scene, lab, &ran);
        }
    }
    if scene.lab.is_some() {
        sent.came_once(&scene.project);
    }
}

#[test]
fn an_embedded_run_ends_in_good_order_at_any_moment() {
    ends_in_good_order("embedded", 8);
}

#[test]
fn a_run_against_servers_ends_in_good_order_at_any_moment() {
    ends_in_good_order("gmail", 6);
}

#[test]
#[ignore = "requires rspamd"]
fn a_run_on_rspamd_ends_in_good_order_at_any_moment() {
    ends_in_good_order("rspamd", 6);
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_run_on_postfix_ends_in_good_order_at_any_moment() {
    ends_in_good_order("postfix", 6);
}

/// At sixty moments for each signal, or as many as `SEALCHECK_MOMENTS` says, on the targets that `SEALCHECK_TARGETS` names
/// (between commas).
#[test]
#[ignore = "takes ten minutes; by hand"]
#[expect(clippy::disallowed_methods, reason = "the person who runs it by hand says how many")]
fn by_hand() {
    let targets = std::env::var("SEALCHECK_TARGETS").unwrap_or_else(|_| "embedded,gmail,rspamd,postfix".to_owned());
    let moments = std::env::var("SEALCHECK_MOMENTS").map_or(60, |n| n.parse().unwrap());
    for target in ["embedded", "gmail", "rspamd", "postfix"] {
        if targets.split(',').any(|named| named == target) {
            let began = std::time::Instant::now();
            ends_in_good_order(target, moments);
            println!("{target}: {} runs in {:?}", moments * SIGNALS.len(), began.elapsed());
        }
    }
}
