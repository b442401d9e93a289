//! Every command on the pages is run as it is written, or stands in a table with the reason.
//!
//! `cargo test --test it documented`. A page is followed from its top in one shell: what a command leaves is there for the next.

mod given;
mod pages;
mod session;

use crate::project::workflows::WITH_COMMANDS;
use pages::{Shown, commands, pages};
use std::process::Command;

/// Commands that are not run here, by how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (".ci/setup && cargo", ".ci/run runs both as the README has them"),
    ("cargo install --locked --path .", "builds the whole again; `.ci/run` builds it from a clone"),
    ("cargo install cargo-fuzz", "installs a program"),
    ("cd tests/fuzz && mkdir -p corpus", "is of use to the next one alone"),
    (
        "READER=authres RUSTC_BOOTSTRAP=1 cargo fuzz run",
        "needs cargo-fuzz; mail::fuzz_readers runs the same readers on the seeds",
    ),
    ("cargo check", "is part of the build of these tests"),
    ("cargo test --lib mail::", "is part of `cargo test`"),
    ("cargo insta review", "needs cargo-insta and a person; cli::snapshots::cargo_insta_* runs it"),
    ("sudo apt-get install", "installs packages; `.ci/run` installs the same"),
    ("sealcheck auth gmail --account gmail", "waits for consent in a browser; cli::auth consents against a lab"),
    ("ssh -L PORT:127.0.0.1:PORT", "goes to another machine"),
    ("# gate.sh HOST:PORT", "run::predeploy runs it against candidates"),
    ("swaks --server 127.0.0.1:PORT", "has a mail left out; interop::lab_up and lab::postfix run swaks"),
    (
        "systemctl enable --now sealcheck.timer",
        "needs a running systemd; project::workflows::page has systemd verify the units",
    ),
    ("journalctl", "needs a running systemd"),
    ("docker run", "needs Docker; project::dockerfile runs what the image holds"),
];

/// Commands that end with another code than 0: the page, the command, the code, and where that is said.
const ENDINGS: &[(&str, &str, i32, &str)] = &[
    ("README.md", "sealcheck doctor", 1, NO_MILTER),
    ("README.md", "sealcheck run --target rspamd", 5, FIRST_RUN),
    ("README.md", "sudo sealcheck run --target postfix", 5, FIRST_RUN),
    ("README.md", "sealcheck run --target gmail -t smoke", 5, FIRST_RUN),
    ("docs/doctor.md", "sealcheck doctor", 1, "the page shows a FAIL"),
    ("docs/doctor.md", "sealcheck doctor --target gmail", 1, "the page shows a FAIL"),
    ("docs/gmail.md", "sealcheck run --target gmail -t smoke", 5, "the page: the first run ends with exit code 5"),
    ("docs/gmail.md", "sealcheck run --target gmail", 5, "the page: the first run ends with exit code 5"),
    ("docs/ja.md", "sealcheck doctor", 1, NO_MILTER),
    ("docs/ja.md", "sealcheck run --target gmail -t smoke", 5, "the page's exit codes: 初回は必ずこうなる"),
    ("docs/ja.md", "sealcheck run --target gmail", 5, "the page's exit codes: 初回は必ずこうなる"),
    ("docs/lab.md", "sealcheck run --target rspamd", 5, FIRST_RUN),
    ("docs/lab.md", "sudo sealcheck run --target postfix", 5, FIRST_RUN),
    ("docs/lab.md", OWN_ON_RSPAMD, 5, FIRST_RUN),
    ("docs/lab.md", OWN_ON_POSTFIX, 5, FIRST_RUN),
    ("docs/snapshots.md", "sealcheck snapshots status", 5, "the remark behind the command"),
    ("docs/staging.md", "sealcheck run --target staging", 5, FIRST_RUN),
    ("docs/staging.md", "sealcheck run --target staging --listen 192.0.2.77", 5, FIRST_RUN),
];

const OWN_ON_RSPAMD: &str =
    "sealcheck run --target rspamd --rspamd-local-d /etc/rspamd/local.d --company-dns company.zone";
const OWN_ON_POSTFIX: &str = "sudo sealcheck run --target postfix --rspamd-local-d /etc/rspamd/local.d \
                              --postfix-main-cf /etc/postfix/main.cf";
const NO_MILTER: &str = "docs/doctor.md: no rspamd runs for the milter that Postfix is to ask, which is a FAIL";
const FIRST_RUN: &str = "the exit codes of README.md: no snapshot is accepted yet, as in a first run";

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    /// It makes what the others on its page stand on, and needs nothing.
    First,
    Nothing,
    /// rspamd, Postfix or openssl.
    Programs,
    /// Root too, for Postfix or for settings in `/etc`.
    Root,
}

fn needs(shown: &Shown) -> Needs {
    let command = shown.command();
    let has = |part: &str| command.contains(part);
    match () {
        () if command.starts_with("sealcheck init") || command.starts_with("cd ") => Needs::First,
        () if command.starts_with("sudo ") || given::is_of_machine(shown) => Needs::Root,
        () if has("--target rspamd") || has("--rspamd-local-d") => Needs::Programs,
        () if has("openssl ") || command.starts_with("rspamadm ") => Needs::Programs,
        () => Needs::Nothing,
    }
}

fn is_run(shown: &Shown) -> bool {
    !NOT_RUN.iter().any(|(begins, _)| shown.text.starts_with(begins)) && !is_of_these_tests(shown)
}

/// A command that runs some of these tests.
fn is_of_these_tests(shown: &Shown) -> bool {
    shown.text.contains("cargo test --test it") || shown.command() == "cargo test"
}

fn ending(shown: &Shown) -> i32 {
    let found = ENDINGS.iter().find(|(page, command, ..)| shown.page == *page && shown.command() == *command);
    found.map_or(0, |(_, _, code, _)| *code)
}

/// Runs what a page shows and what needs this.
fn follow(page: &str, needed: Needs) {
    let all: Vec<Shown> = commands(page).into_iter().filter(is_run).collect();
    let wanted = |shown: &&Shown| needs(shown) == needed || needs(shown) == Needs::First;
    if !all.iter().any(|shown| needs(shown) == needed) {
        return;
    }
    let mut session = given::session(page);
    for shown in all.iter().filter(wanted) {
        session.follow(shown, ending(shown));
    }
    session.end();
}

/// A test for each page, so that they are followed beside each other.
macro_rules! followed {
    ($($test:ident: $page:literal,)*) => {
        $(#[test]
        fn $test() {
            follow($page, Needs::Nothing);
        })*

        const FOLLOWED: &[&str] = &[$($page),*];
    };
}

followed! {
    readme: "README.md",
    ci: "docs/ci.md",
    configuration: "docs/configuration.md",
    diagnosis: "docs/diagnosis.md",
    doctor: "docs/doctor.md",
    gmail: "docs/gmail.md",
    japanese: "docs/ja.md",
    lab: "docs/lab.md",
    results: "docs/results.md",
    scenarios: "docs/scenarios.md",
    snapshots: "docs/snapshots.md",
    staging: "docs/staging.md",
    verification: "docs/verification.md",
}

#[test]
#[ignore = "requires rspamd, Postfix and openssl; .ci/run has them"]
fn what_needs_other_programs() {
    FOLLOWED.iter().for_each(|page| follow(page, Needs::Programs));
}

#[test]
#[ignore = "requires root, rspamd and Postfix; .ci/run has them"]
fn as_root_what_needs_root() {
    FOLLOWED.iter().for_each(|page| follow(page, Needs::Root));
}

#[test]
fn no_command_is_forgotten() {
    let all: Vec<Shown> = pages().iter().flat_map(|page| commands(page)).collect();
    for shown in all.iter().filter(|shown| is_run(shown)) {
        assert!(FOLLOWED.contains(&shown.page.as_str()), "{shown}: no test follows this page");
    }
    for page in FOLLOWED {
        assert!(all.iter().any(|shown| shown.page == *page && is_run(shown)), "{page} shows no command");
    }
    for (begins, _) in NOT_RUN {
        assert!(all.iter().any(|shown| shown.text.starts_with(begins)), "no page shows `{begins}`");
    }
    for (page, command, ..) in ENDINGS {
        let is_it = |shown: &Shown| shown.page == *page && shown.command() == *command;
        assert!(all.iter().any(is_it), "{page} does not show `{command}`");
    }
}

/// `cargo test --test it NAME` on a page has tests to run.
#[test]
fn tests_that_pages_name_are_there() {
    let all: Vec<Shown> = pages().iter().flat_map(|page| commands(page)).filter(is_of_these_tests).collect();
    assert!(all.len() > 4, "{all:?}");
    for shown in all {
        let (_, rest) = shown.command().split_once("cargo test").unwrap();
        let words = rest.split_whitespace().filter(|word| !matches!(*word, "--test" | "it" | "--" | "--nocapture"));
        let listed = Command::new(std::env::current_exe().unwrap()).arg("--list").args(words).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(listed.lines().any(|line| line.ends_with(": test")), "{shown} runs no test");
    }
}

/// Workflows, jobs and units on the pages hold commands too.
#[test]
fn files_with_commands_are_run_with_their_workflow() {
    let keys = ["run:", "script:", "before_script:", "args:", "ExecStart="];
    let mut seen = 0;
    for page in pages() {
        for (_, lines) in pages::blocks(&pages::read(&page)).iter().filter(|(name, _)| name == "yaml" || name == "ini")
        {
            let holds = |line: &str| keys.iter().any(|key| line.trim_start_matches([' ', '-']).starts_with(key));
            let Some((at, line)) = lines.iter().find(|(_, line)| holds(line)) else { continue };
            let name = lines[0].1.trim_start_matches("# ");
            assert!(WITH_COMMANDS.contains(&name), "{page}:{at}: `{line}` of {name} is run by no test");
            seen += 1;
        }
    }
    assert_eq!(seen, WITH_COMMANDS.len());
}
