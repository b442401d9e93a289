//! Runs the program itself, in a directory and an environment of its own.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{BufRead, BufReader, Lines, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio},
    sync::{Arc, OnceLock},
    thread::JoinHandle,
};
use tokio::signal::unix::{SignalKind, signal};

/// A directory with a project in it.
pub(crate) struct Project {
    dir: Arc<tempfile::TempDir>,
    env: Vec<(String, String)>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended with {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Project {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("scenarios")).unwrap();
        Self { dir: Arc::new(dir), env: Vec::new() }
    }

    pub(crate) fn scenario(self, name: &str, text: &str) -> Self {
        fs::write(self.path(&format!("scenarios/{name}.yaml")), text).unwrap();
        self
    }

    pub(crate) fn config(self, text: &str) -> Self {
        fs::write(self.path("sealcheck.yaml"), text).unwrap();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same project with one more variable in the environment.
    pub(crate) fn with_env(&self, name: &str, value: &str) -> Self {
        let mut env = self.env.clone();
        env.push((name.to_owned(), value.to_owned()));
        Self { dir: Arc::clone(&self.dir), env }
    }

    /// Lets every user of the machine in.
    pub(crate) fn open_to_all(self) -> Self {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|e| panic!("{below}: {e}"))
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        default_dispositions();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealcheck"));
        command.args(args).current_dir(self.dir.path()).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Another program that runs it, whose name and arguments come first.
    fn command_by(&self, by: &[&str], args: &[&str]) -> Command {
        default_dispositions();
        let mut command = Command::new(by[0]);
        command.args(&by[1..]).arg(env!("CARGO_BIN_EXE_sealcheck")).args(args).current_dir(self.dir.path());
        command.env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lets another program run it, whose name and arguments come first.
    pub(crate) fn run_by(&self, by: &[&str], args: &[&str]) -> Ran {
        Ran::of(self.command_by(by, args).output().unwrap())
    }

    /// Runs the program and sends it a signal as soon as a line of its standard output is the one.
    pub(crate) fn run_until(&self, args: &[&str], is_it: impl Fn(&str) -> bool, signal: &str) -> Ran {
        signalled(self.command(args), is_it, signal)
    }

    /// The same, run by another program that becomes it.
    pub(crate) fn run_by_until(&self, by: &[&str], args: &[&str], is_it: impl Fn(&str) -> bool, signal: &str) -> Ran {
        signalled(self.command_by(by, args), is_it, signal)
    }

    /// Starts `lab up` and waits until it is ready.
    pub(crate) fn lab(&self, args: &[&str]) -> Lab {
        Lab::start(self.command(&[&["lab", "up"], args].concat()))
    }

    /// A lab's project file with its secrets as people keep them, in the environment; and these.
    pub(crate) fn with_secrets_in_environment(&self, file: &str) -> (String, BTreeMap<&'static str, String>) {
        let secrets = [
            ("external.secret", "SEALCHECK_EXTERNAL_PASSWORD"),
            ("gmail.secret", "SEALCHECK_GMAIL_APP_PASSWORD"),
            ("ext.example.pem", "SEALCHECK_DKIM_KEY"),
        ];
        let mut config = self.read(file);
        let taken = secrets.map(|(name, variable)| {
            let secret = format!("{file}.d/{name}");
            config = config.replace(&format!("{{ file: \"{secret}\" }}"), &format!("{{ env: {variable} }}"));
            let value = self.read(&secret);
            fs::remove_file(self.path(&secret)).unwrap();
            (variable, value)
        });
        (config, taken.into())
    }

    /// Starts `auth` and lets it wait.
    pub(crate) fn ask(&self, args: &[&str]) -> Asking {
        let mut child = self.command(args).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Asking { child, stderr, said: String::new() }
    }

    /// Every file below a directory.
    pub(crate) fn each_file(&self, below: &str, see: &mut dyn FnMut(&Path, &[u8])) {
        fn walk(dir: &Path, see: &mut dyn FnMut(&Path, &[u8])) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, see) } else { see(&path, &fs::read(&path).unwrap()) }
            }
        }
        walk(&self.path(below), see);
    }
}

/// Lets children begin with the default dispositions of the signals that tests send. Those that were ignored when the tests were
/// started, by nohup or by a shell in the background, would be ignored in them too; a signal that is caught is the default one
/// after execve(2), and nothing that catches it here does anything.
fn default_dispositions() {
    static CAUGHT: OnceLock<()> = OnceLock::new();
    let catch = || {
        // Nobody says on other systems.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
        let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
        let is_ignored = |kind: &SignalKind| (mask >> (kind.as_raw_value() - 1)) & 1 == 1;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _entered = runtime.enter();
        kinds.into_iter().filter(is_ignored).for_each(|kind| drop(signal(kind).unwrap()));
    };
    // Some callers are in a runtime already, where no other one can end.
    CAUGHT.get_or_init(|| std::thread::spawn(catch).join().unwrap());
}

/// Runs a command and sends it a signal as soon as a line of its standard output is the one.
fn signalled(command: Command, is_it: impl Fn(&str) -> bool, signal: &str) -> Ran {
    let mut run = Signalled::start(command);
    while let Some(line) = run.line() {
        if is_it(line) {
            run.send(signal);
            return run.end();
        }
    }
    panic!("the line never came: {}", run.end());
}

/// A program that is to be sent signals, and what it has said so far.
pub(crate) struct Signalled {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stdout: String,
    stderr: JoinHandle<String>,
}

impl Signalled {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, lines, stdout: String::new(), stderr }
    }

    /// The next line of its standard output.
    pub(crate) fn line(&mut self) -> Option<&str> {
        let line = self.lines.next()?.unwrap();
        let begins = self.stdout.len();
        self.stdout.push_str(&line);
        self.stdout.push('\n');
        Some(&self.stdout[begins..begins + line.len()])
    }

    /// Sends it a signal; one that has ended hears nothing.
    pub(crate) fn send(&self, signal: &str) {
        send(&self.child, signal);
    }

    /// Sends the whole group that it leads a signal.
    pub(crate) fn send_to_group(&self, signal: &str) {
        kill_process_group(Pid::from_child(&self.child), named(signal)).unwrap();
    }

    /// Waits until it ends.
    pub(crate) fn end(mut self) -> Ran {
        while self.line().is_some() {}
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, stdout: self.stdout, stderr: self.stderr.join().unwrap() }
    }
}

/// Sends a child a signal that was not waited for yet.
pub(crate) fn send(child: &Child, signal: &str) {
    kill_process(Pid::from_child(child), named(signal)).unwrap();
}

fn named(signal: &str) -> Signal {
    match signal {
        "INT" => Signal::INT,
        "TERM" => Signal::TERM,
        "HUP" => Signal::HUP,
        "KILL" => Signal::KILL,
        other => panic!("{other}"),
    }
}

/// An `auth` that waits for consent.
pub(crate) struct Asking {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Asking {
    /// The address that it wants to have opened.
    pub(crate) fn url(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "no address came: {}", self.said);
            self.said.push_str(&line);
            if line.trim().starts_with("http") {
                return line.trim().to_owned();
            }
        }
    }

    /// Waits until it ends.
    pub(crate) fn end(mut self) -> Ran {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, stdout, stderr: std::mem::take(&mut self.said) }
    }

    /// Ends it.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A running `lab up`.
pub(crate) struct Lab {
    child: Child,
    pub(crate) ready: Value,
}

impl Lab {
    /// Starts a `lab up` and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")) }
    }

    /// Where the company's server takes mail.
    pub(crate) fn company_mx(&self) -> &str {
        let servers = self.ready["servers"].as_array().unwrap();
        servers.iter().find(|server| server["name"] == "company-mx").unwrap()["address"].as_str().unwrap()
    }

    /// Every password and token of its accounts.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let accounts = self.ready["accounts"].as_array().unwrap();
        let values = accounts.iter().flat_map(|a| [&a["password"], &a["access_token"]]);
        values.filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in good order; its exit code.
    pub(crate) fn end(mut self) -> i32 {
        send(&self.child, "TERM");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The first secret that stands in these bytes, raw or in base64.
pub(crate) fn secrets_in(bytes: &[u8], secrets: &[String]) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    let finds = |needle: &str| memchr::memmem::find(bytes, needle.as_bytes()).is_some();
    secrets.iter().find(|s| finds(s) || finds(&STANDARD_NO_PAD.encode(s))).cloned()
}

/// The forwarding scenario, for one target.
pub(crate) fn forward(target: &str) -> String {
    format!(
        "sealcheck: 1
name: forwarded copy carries a valid ARC chain
targets: [{target}]
send: {{ from: external, to: company, subject: ARC check $token }}
wait: {{ timeout: 30s }}
expect:
  - smtp: {{ code: 250 }}
  - delivered:
      to: gmail
      folder: inbox
      auth: {{ arc: pass, dmarc: pass, dkim: {{ result: pass, d: $external.domain }} }}
      arc:
        carries: {{ i: 1, spf: pass, dkim: pass, dmarc: pass }}
        seals:
          - {{ i: 1, by: $company.domain, cv: none }}
          - {{ i: 2, by: $gmail.seal_domain, cv: pass }}
        verify: true
      body: unchanged
"
    )
}
