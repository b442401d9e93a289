//! One run of the program against the lab, with one fault between them.

use super::{
    fault::Fault,
    proxy::{Hidden, Plan, Proxy, Tls},
    stage::{Protocol, Stage},
};
use crate::support::program::Project;
use sealcheck::{
    core::duration::human,
    lab::embedded::{Ports, World, hosts::GMAIL_USERS, store::FolderKind},
    target::{Endpoint, Knobs, Target},
};
use serde_json::Value;
use std::{
    fmt, fs,
    net::SocketAddr,
    process::Output,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How often a fault is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    Always,
}

/// What the scenario wants of the mail, which arrives in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// One copy.
    Copy,
    /// One copy, which is put away afterwards.
    Cleanup,
    /// No copy: the verdict is red, or there is none.
    Absence,
}

/// A place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) protocol: Protocol,
    pub(crate) stage: Stage,
    pub(crate) fault: Fault,
    pub(crate) times: Times,
    pub(crate) wants: Wants,
}

/// The part of real time in which everything happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale(pub(crate) f64);

/// What came of a cell.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the program ended with; `None` when it did not end in time.
    pub(crate) exit: Option<i32>,
    /// The status of the scenario, as the console writes it.
    pub(crate) status: String,
    /// The code of the error, or of the first diagnosis.
    pub(crate) code: Option<String>,
    /// Whether checks were made, all of them held, and they were made of a copy.
    pub(crate) is_verified: bool,
    /// How often the fault was met.
    pub(crate) met: usize,
    /// Messages that were sent to the first server.
    pub(crate) messages: usize,
    /// Copies that the receiver got.
    pub(crate) copies: usize,
    pub(crate) took: Duration,
    /// What the program said, for people.
    pub(crate) said: String,
}

impl Scale {
    pub(crate) const REAL: Self = Self(1.0);

    fn of(self, real: Duration) -> Duration {
        Duration::from_millis(u64::try_from(real.mul_f64(self.0).as_millis()).unwrap())
    }
}

/// `--timeout`, at real deadlines.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest that a run may take, at real deadlines: the timeout, and what is asked after it.
const BOUND: Duration = Duration::from_secs(150);

/// What a busy machine may add.
const MARGIN: Duration = Duration::from_secs(90);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.times == Times::Always { "always" } else { "once" };
        write!(f, "{:?} {}: {} {times}", self.protocol, self.stage.name(), self.fault.name())?;
        write!(f, ", wants {:?}", self.wants)
    }
}

impl Cell {
    /// Runs it in a world of its own.
    pub(crate) async fn run(self, scale: Scale, tls: &Tls) -> Outcome {
        let world = World::start(&Knobs::default(), &Ports::default()).await.unwrap();
        let plan = Plan {
            stage: self.stage,
            fault: self.fault,
            always: self.times == Times::Always,
            seed: self.seed(),
            pace: scale.of(Duration::from_millis(100)),
        };
        let of = |protocol| (self.protocol == protocol).then_some(plan);
        let (submission, imap) = (server(&world, "submissions"), server(&world, "gmail-imap"));
        let hidden = match self.stage {
            Stage::Copy => Some(Hidden { stage: Stage::Capability, text: " MOVE" }),
            Stage::Store | Stage::Expunge => Some(Hidden { stage: Stage::List, text: "\\Trash" }),
            _ => None,
        };
        let smtp = Proxy::start(Protocol::Smtp, submission, of(Protocol::Smtp), None, tls).await;
        let imap = Proxy::start(Protocol::Imap, imap, of(Protocol::Imap), hidden, tls).await;
        let target = world.target();
        let project = project(&target, &smtp, &imap).scenario("cell", &self.scenario(scale));
        let project = project.env("SEALCHECK_TEST_TIME_SCALE", &scale.0.to_string());
        let began = Instant::now();
        let mut command = tokio::process::Command::from(project.command(&["run", "--report", "json=r.json"]));
        let bound = scale.of(BOUND) + MARGIN;
        let output = tokio::time::timeout(bound, command.kill_on_drop(true).output()).await.ok().map(Result::unwrap);
        let took = began.elapsed();
        let seen = if self.protocol == Protocol::Smtp { &smtp.seen } else { &imap.seen };
        let met = seen.met.load(Ordering::Relaxed);
        let messages = smtp.seen.messages.load(Ordering::Relaxed);
        let copies = world.gmail_mailboxes().account(GMAIL_USERS[0]).unwrap();
        let copies = [FolderKind::All, FolderKind::Junk, FolderKind::Trash].map(|f| copies.messages(&f).len());
        let copies = copies.iter().sum();
        world.stop().await;
        let result = fs::read(project.path("r.json")).ok().and_then(|json| serde_json::from_slice(&json).ok());
        Outcome { met, messages, copies, took, ..Outcome::told(output.as_ref(), &result.unwrap_or_default()) }
    }

    fn scenario(self, scale: Scale) -> String {
        let seconds = |real| human(scale.of(Duration::from_secs(real)));
        let timeout = human(scale.of(TIMEOUT));
        // Whoever waits longer than a poll says NOOP.
        let settle = if self.stage.is_waiting() { 20 } else { 2 };
        // Long enough for the copy to come on a busy machine.
        let (poll, settle, settle_absent) = (seconds(15), seconds(settle), seconds(30));
        let copy = format!(
            "  - delivered: {{ to: gmail, folder: inbox }}\n  - count: {{ to: gmail, is: 1, settle: {settle} }}\n"
        );
        let expect = match self.wants {
            Wants::Copy => copy,
            Wants::Cleanup => copy + "cleanup: delete\n",
            Wants::Absence => format!("  - absent: {{ from: gmail, settle: {settle_absent} }}\n"),
        };
        format!(
            "sealcheck: 1
name: what becomes of a mail
send: {{ from: external, to: company }}
wait: {{ timeout: {timeout}, poll: {{ max: {poll} }} }}
snapshot: none
expect:
{expect}"
        )
    }

    /// The same for the same cell.
    fn seed(self) -> u64 {
        // FNV-1a, so that no build of the standard library changes it.
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, fold)
    }
}

fn server(world: &World, name: &str) -> SocketAddr {
    world.describe().servers.iter().find(|server| server.name == name).unwrap().address
}

/// A project whose accounts are those of the world, with proxies in front of two servers.
fn project(target: &Target, smtp: &Proxy, imap: &Proxy) -> Project {
    let [external, company, gmail] = ["external", "company", "gmail"].map(|name| &target.accounts[name]);
    let submission = external.smtp.as_ref().unwrap();
    let [bounces, mailbox] = [external, gmail].map(|account| &account.imap.as_ref().unwrap().endpoint);
    let server = |endpoint: &Endpoint, port: u16, password: &str| {
        let (name, user) = (endpoint.tls_name.as_ref().unwrap(), &endpoint.login.as_ref().unwrap().user);
        format!(
            "host: 127.0.0.1, port: {port}, tls: implicit, tls_name: {name}, ca_file: ca.pem, user: {user}, \
             password: {{ env: {password} }}"
        )
    };
    let config = format!(
        "sealcheck: 1
target: gmail
dns: {dns}
accounts:
  external:
    address: {external}
    smtp: {{ {smtp} }}
    imap: {{ {bounces} }}
  company: {{ address: {company}, forwards_to: gmail, seal_domain: {seals}, authserv_id: {authserv_id} }}
  gmail:
    address: {gmail}
    imap: {{ {imap}, provider: gmail }}
",
        dns = target.dns.unwrap(),
        external = external.address,
        smtp = server(submission, smtp.port, "EXTERNAL"),
        bounces = server(bounces, bounces.port, "EXTERNAL"),
        company = company.address,
        seals = company.seal_domain.as_ref().unwrap(),
        authserv_id = company.authserv_id.as_ref().unwrap(),
        gmail = gmail.address,
        imap = server(mailbox, imap.port, "GMAIL"),
    );
    let project = Project::new().config(&config);
    fs::write(project.path("ca.pem"), mailbox.ca_pem.as_ref().unwrap()).unwrap();
    // Nobody needs the authorities of the system, and reading them takes long.
    fs::write(project.path("no-authorities.pem"), "").unwrap();
    let authorities = project.path("no-authorities.pem");
    let password = |endpoint: &Endpoint| endpoint.login.as_ref().unwrap().secret.expose().to_owned();
    project
        .env("SSL_CERT_FILE", authorities.to_str().unwrap())
        .env("EXTERNAL", &password(submission))
        .env("GMAIL", &password(mailbox))
}

impl Outcome {
    fn told(output: Option<&Output>, result: &Value) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = output.map(|o| text(&o.stdout) + &text(&o.stderr)).unwrap_or_default();
        let attempt = &result["scenarios"][0]["attempts"][0];
        let code = attempt["error"]["code"].as_str().or(attempt["diagnosis"][0]["code"].as_str());
        let checks = attempt["assertions"].as_array().map_or(&[][..], Vec::as_slice);
        let copies = attempt["observed"].as_array().map_or(0, Vec::len);
        Self {
            exit: output.map(|o| o.status.code().unwrap_or(-1)),
            status: result["scenarios"][0]["status"].as_str().unwrap_or("none").to_owned(),
            code: code.map(str::to_owned),
            is_verified: !checks.is_empty() && checks.iter().all(|c| c["passed"] == true) && copies > 0,
            met: 0,
            messages: 0,
            copies: 0,
            took: Duration::ZERO,
            said,
        }
    }

    /// As tables show it.
    pub(crate) fn shown(&self) -> String {
        match (self.exit, self.code.as_deref()) {
            (None, _) => "does not end".to_owned(),
            (Some(0), _) => "PASS".to_owned(),
            (Some(1), _) if self.status == "failed" => "FAIL".to_owned(),
            (Some(3), Some(code)) => code.to_owned(),
            (Some(exit), code) => format!("{} {} exit {exit}", self.status, code.unwrap_or("-")),
        }
    }

    /// What it breaks of what is promised.
    pub(crate) fn broken(&self, wants: Wants) -> Vec<&'static str> {
        let verdicts = if wants == Wants::Absence { [1, 3] } else { [0, 3] };
        let held = [
            ("the fault was never met", self.met > 0),
            ("it did not end within its bound", self.exit.is_some()),
            ("it passed, and nothing was verified", self.exit != Some(0) || (self.is_verified && self.copies == 1)),
            ("it is a wrong verdict", self.exit.is_none_or(|exit| verdicts.contains(&exit))),
            ("it is inconclusive, and does not say why", self.exit != Some(3) || self.is_error()),
            ("more than one mail was sent", self.messages <= 1 && self.copies <= 1),
        ];
        held.into_iter().filter(|(_, holds)| !holds).map(|(what, _)| what).collect()
    }

    fn is_error(&self) -> bool {
        self.status == "errored" && self.code.as_ref().is_some_and(|code| code.starts_with('H'))
    }
}
