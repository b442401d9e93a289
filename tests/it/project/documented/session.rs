//! A person at a shell who follows a page: what is there when they begin, and the commands one after the other.

use super::{given, pages::Shown};
use crate::support::program::{Lab, Project};
use rustix::{
    fs::{Mode, OFlags},
    pty::{self, OpenptFlags},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a command came to.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) said: String,
}

/// A shell in a folder of its own, where `sealcheck` is on the PATH and a lab stands for Gmail.
pub(super) struct Session {
    /// Where the page is followed.
    pub(super) here: Project,
    /// What is beside it: programs, the lab's files, and what the shell keeps from one command to the next.
    pub(super) home: Project,
    pub(super) lab: Lab,
    /// The lab's project file, with its secrets in the environment.
    pub(super) world: String,
    pub(super) secrets: BTreeMap<&'static str, String>,
    /// What the page starts and leaves running.
    running: Vec<Lab>,
}

/// Commands of a machine that have nothing to do here: `sudo` of somebody who is root, and `ssh` to a server without logs.
const STAND_INS: [(&str, &str); 2] = [("sudo", "exec \"$@\""), ("ssh", ":")];

/// Keys for every question of `snapshots review`.
const YES: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

impl Session {
    /// With more arguments for the lab.
    pub(super) fn begin(lab: &[&str]) -> Self {
        let (here, home) = (Project::new().open_to_all(), Project::new().open_to_all());
        fs::remove_dir(here.path("scenarios")).unwrap();
        fs::create_dir(home.path("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_sealcheck"), home.path("bin/sealcheck")).unwrap();
        for (name, script) in STAND_INS {
            let path = home.path("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(home.path("directory"), here.path("").to_str().unwrap()).unwrap();
        fs::write(home.path("environment"), "").unwrap();
        let lab = home.lab(&[&["--config-out", "world.yaml"], lab].concat());
        let (world, secrets) = home.with_secrets_in_environment("world.yaml");
        let world = world.replace("\"world.yaml.d", &format!("\"{}/world.yaml.d", home.path("").display()));
        Self { here, home, lab, world, secrets, running: Vec::new() }
    }

    /// Where the shell is.
    pub(super) fn directory(&self) -> PathBuf {
        PathBuf::from(self.home.read("directory").trim_end())
    }

    fn shell(&self, script: &str, wrapped: &[&str]) -> Command {
        let home = self.home.path("");
        let (home, bin) = (home.display(), self.home.path("bin"));
        let script = format!(". {home}/environment; cd \"$(cat {home}/directory)\"\n{script}");
        let all = [wrapped, &["sh", "-c", &script]].concat();
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).current_dir(self.here.path("")).env_clear();
        command.env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display())).env("HOME", self.home.path(""));
        // A node of three, where a page takes the part from it.
        command.env("CI_NODE_INDEX", "1").envs(&self.secrets);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs a command; where the shell is then, and what it exports, count for the next.
    pub(super) fn run(&self, text: &str, wrapped: &[&str]) -> Ended {
        let home = self.home.path("");
        let home = home.display();
        let script = format!("{text}\nended=$?\npwd > {home}/directory\nexport -p > {home}/environment\nexit $ended");
        let mut command = self.shell(&script, wrapped);
        if text.contains("snapshots review") {
            return at_terminal(command, YES);
        }
        let ran = command.output().unwrap();
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ended { code: ran.status.code().unwrap_or(-1), said }
    }

    /// Runs what a page takes for granted; it ends with 0, or with 5 where no snapshot is accepted yet.
    pub(super) fn prepare(&self, text: &str) {
        let Ended { code, said } = self.run(text, &[]);
        assert!(matches!(code, 0 | 5), "to prepare, {text} ended with {code}\n{said}");
    }

    /// Does what a page shows: ends with this code, and prints what is shown.
    pub(super) fn follow(&mut self, shown: &Shown, code: i32) {
        given::lay_out(self, shown);
        let text = given::filled_in(self, &shown.text);
        if shown.command().starts_with("sealcheck lab up") {
            self.running.push(Lab::start(self.shell(&format!("exec {text}"), &[])));
            return;
        }
        let mounted = given::machine(self, shown);
        let mounted: Vec<&str> = mounted.iter().map(String::as_str).collect();
        let ended = self.run(&text, &mounted);
        assert_eq!(ended.code, code, "{shown}, run as `{text}`, said\n{}", ended.said);
        if let Some(line) = missing(&shown.output, &ended.said) {
            panic!("{shown} shows a line that was not printed:\n{line}\n\nbut\n{}", ended.said);
        }
    }

    /// Ends what the page has left running.
    pub(super) fn end(self) {
        for lab in self.running.into_iter().chain([self.lab]) {
            assert_eq!(lab.end(), 0);
        }
    }

    /// The newest run below a project.
    pub(super) fn newest_run(&self) -> Option<PathBuf> {
        newest(&self.directory().join(".sealcheck/runs"))
    }
}

/// Runs a command at a terminal, where somebody presses keys.
fn at_terminal(mut command: Command, keys: &str) -> Ended {
    let terminal = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    pty::grantpt(&terminal).unwrap();
    pty::unlockpt(&terminal).unwrap();
    let name = pty::ptsname(&terminal, Vec::new()).unwrap();
    let inside = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut terminal = File::from(terminal);
    terminal.write_all(keys.as_bytes()).unwrap();
    let mut child = command.stdin(inside.try_clone().unwrap()).stdout(inside).spawn().unwrap();
    // What the parent has of the other end would keep it open.
    drop(command);
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    // It ends with an error when nobody is left inside.
    while let Some(size) = terminal.read(&mut part).ok().filter(|size| *size > 0) {
        said.extend_from_slice(&part[..size]);
    }
    Ended { code: child.wait().unwrap().code().unwrap_or(-1), said: String::from_utf8_lossy(&said).into_owned() }
}

fn newest(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).max()
}

/// The first of the shown lines that does not stand in what was printed, in this order. `…` is anything, a number any number.
fn missing<'s>(shown: &'s [String], printed: &str) -> Option<&'s String> {
    let mut printed = printed.lines();
    shown.iter().filter(|line| !given::NEEDS_GMAIL.iter().any(|(part, _)| line.contains(part))).find(|line| {
        let parts: Vec<String> = line.split('…').map(without_numbers).collect();
        !printed.any(|line| is_like(&parts, &without_numbers(line)))
    })
}

/// Whether a line consists of these parts, with anything between two of them.
fn is_like(parts: &[String], line: &str) -> bool {
    let Some(mut rest) = line.strip_prefix(parts[0].as_str()) else { return false };
    let (last, between) = parts[1..].split_last().map_or((None, &[][..]), |(last, between)| (Some(last), between));
    for part in between {
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last.as_str()))
}

/// A line in which every number is the same, and the lab is Gmail.
fn without_numbers(line: &str) -> String {
    let line = line.replace("login 127.0.0.1 ", "login imap.gmail.com ");
    let words = line
        .split(' ')
        .map(|word| if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_line_that_is_not_printed_is_missing() {
    let printed = "ok  a: 3 logins\nFAIL b: no key at x; make one\nwarn c\n";
    let first = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        missing(&lines, printed).cloned()
    };
    assert_eq!(first(&["ok  a: 7 logins", "FAIL b: no key at …; make …", "warn …"]), None);
    assert_eq!(first(&["warn c", "ok  a: 3 logins"]).as_deref(), Some("ok  a: 3 logins"));
    for line in ["ok  a: 3", "FAIL b: no key … x", "warn c …", "FAIL A05"] {
        assert_eq!(first(&[line]).as_deref(), Some(line));
    }
}
