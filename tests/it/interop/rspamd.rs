//! An rspamd of the tests' own: only its DKIM and ARC modules, in a directory of its own, on a socket in it.

use crate::interop::{
    rules::NO_VERDICT,
    verifiers::{DkimOpinion, Opinion},
};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read as _, Write as _},
    net::SocketAddr,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// A running rspamd; it ends with the value.
pub(crate) struct Rspamd {
    process: Child,
    socket: PathBuf,
    _dir: TempDir,
}

/// Placeholders: the directory and the DNS server.
const CONFIG: &str = r#"
options {
  filters = "dkim"; check_all_filters = true; url_tld = "{dir}/tld.dat"; tempdir = "{dir}"; hs_cache_dir = "{dir}"; cache_file = "{dir}/cache";
  pidfile = "{dir}/pid"; control_socket = "{dir}/control.sock mode=0600";
  dns { nameserver = ["{dns}"]; timeout = 5s; retransmits = 2; }
}
logging { type = "console"; level = "info"; }
worker "normal" { bind_socket = "{dir}/http.sock mode=0666"; count = 1; }
modules { path = "${PLUGINSDIR}/arc.lua"; }
metric { name = "default"; actions { reject = 1000; } }
dkim { }
arc { sign_local = false; sign_authenticated = false; }
"#;

/// Its symbols for the chain, and what they say.
const ARC: [(&str, &str); 5] = [
    ("ARC_REJECT", "fail"),
    ("ARC_INVALID", "fail"),
    ("ARC_DNSFAIL", "temperror"),
    ("ARC_ALLOW", "pass"),
    ("ARC_NA", "none"),
];

/// Its symbols for DKIM-Signatures; their options name them.
const DKIM: [(&str, &str); 4] = [
    ("R_DKIM_ALLOW", "pass"),
    ("R_DKIM_REJECT", "fail"),
    ("R_DKIM_PERMFAIL", "fail"),
    ("R_DKIM_TEMPFAIL", "temperror"),
];

impl Rspamd {
    /// Starts one that asks this server for keys.
    pub(crate) fn start(dns: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        let config = CONFIG.replace("{dir}", path.to_str().unwrap()).replace("{dns}", &dns.to_string());
        fs::write(path.join("rspamd.conf"), config).unwrap();
        fs::write(path.join("tld.dat"), "example\ntest\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = Command::new("rspamd");
        command.arg("-f").arg("-c").arg(path.join("rspamd.conf"));
        for variable in ["DBDIR", "LOGDIR", "RUNDIR", "CONFDIR", "LOCAL_CONFDIR"] {
            command.arg(format!("--var={variable}={}", path.display()));
        }
        // It does not run as root.
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.args(["-u", "_rspamd", "-g", "_rspamd"]);
        }
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let process = command.spawn().unwrap_or_else(|e| panic!("rspamd: {e}; .ci/setup rspamd installs it"));
        let mut started = Self { process, socket: path.join("http.sock"), _dir: dir };
        started.wait();
        started
    }

    /// Until it says that its worker is up.
    fn wait(&mut self) {
        let lines = BufReader::new(self.process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (say, said) = mpsc::channel();
        // It goes on reading to the end, so that rspamd never waits for somebody to read.
        thread::spawn(move || lines.for_each(|line| drop(say.send(line))));
        let mut log = String::new();
        loop {
            match said.recv_timeout(Duration::from_secs(60)) {
                Ok(line) if line.contains("starting normal process") => return,
                Ok(line) => log.push_str(&(line + "\n")),
                Err(e) => panic!("rspamd does not start: {e}\n{log}"),
            }
        }
    }

    /// Lets it judge a message.
    pub(crate) fn judge(&self, message: &[u8]) -> Opinion {
        let reply = self.ask(message).unwrap();
        let symbols = &reply["symbols"];
        // The options of a symbol, where it is there.
        let options = |name: &str| -> Option<Vec<String>> {
            let options = symbols.get(name)?.get("options").and_then(Value::as_array);
            Some(options.into_iter().flatten().filter_map(|o| o.as_str().map(str::to_owned)).collect())
        };
        let (arc, reason) = ARC
            .iter()
            .find_map(|(symbol, verdict)| Some((*verdict, format!("{symbol} {}", options(symbol)?.join("; ")))))
            .unwrap_or((NO_VERDICT, String::new()));
        let mut dkim = Vec::new();
        for (symbol, result) in DKIM {
            for option in options(symbol).unwrap_or_default() {
                let (d, s) = option.split_once(":s=").unwrap_or((&option, ""));
                dkim.push(DkimOpinion {
                    d: d.to_owned(),
                    s: s.to_owned(),
                    result: result.to_owned(),
                    reason: symbol.to_owned(),
                });
            }
        }
        Opinion { arc: arc.to_owned(), reason, sets: Vec::new(), dkim }
    }

    fn ask(&self, message: &[u8]) -> io::Result<Value> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(
            stream,
            "POST /checkv2 HTTP/1.0\r\nIP: 203.0.113.5\r\nFrom: alice@sender.example\r\nRcpt: user@company.example\r\nContent-Length: {}\r\n\r\n",
            message.len()
        )?;
        stream.write_all(message)?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        let body = reply.windows(4).position(|w| w == b"\r\n\r\n").map_or(&[][..], |at| &reply[at + 4..]);
        Ok(serde_json::from_slice(body)?)
    }
}

impl Drop for Rspamd {
    fn drop(&mut self) {
        // Its workers are of its group.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}
