//! Target `postfix` beside a mail server that the machine runs: nothing of that is touched, and nobody outside can connect.
//!
//! An rspamadm that another test runs as root at the same time touches them: this one runs beside tests of Postfix alone.
//!
//! `apt-get install postfix postsrsd rspamd`, then `cargo test --test it postfix_beside -- --ignored` as root.

use crate::{
    interop::rspamd,
    lab::rspamd::{assert_nothing_is_left, open_directory, processes_below},
    support::program::{Project, forward},
};
use sealcheck::lab::embedded::keys::Keys;
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Where a Postfix, an rspamd and a postsrsd of the machine have their files.
const THEIRS: [&str; 13] = [
    "/etc/postfix",
    "/etc/rspamd",
    "/etc/default/postsrsd",
    "/etc/postsrsd.secret",
    "/etc/aliases",
    "/var/spool/postfix",
    "/var/lib/postfix",
    "/var/lib/rspamd",
    "/var/lib/postsrsd",
    "/var/log/rspamd",
    "/var/log/mail.log",
    "/run/rspamd",
    "/run/postsrsd.pid",
];

/// Which file it is, and when anything of it was changed last: what it holds, whose it is, who may do what.
type Change = (u64, i64, i64);

fn files(path: &Path, all: &mut BTreeMap<PathBuf, Change>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    all.insert(path.into(), (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()));
    if metadata.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| files(&entry.unwrap().path(), all));
    }
}

fn theirs() -> BTreeMap<PathBuf, Change> {
    let mut all = BTreeMap::new();
    THEIRS.iter().for_each(|path| files(Path::new(path), &mut all));
    all
}

/// A Postfix that the machine runs, started as its administrator does.
struct Other(TempDir);

const MAIN_CF: &str = "compatibility_level = 3.6\nqueue_directory = DIR/queue\ndata_directory = DIR/data
maillog_file_prefixes = /tmp\nmaillog_file = DIR/maillog\ninet_interfaces = 127.0.0.1\nmyhostname = other.example
mydestination =\nalias_maps =\nalias_database =\n";
const MASTER_CF: &str = "pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr
postlog unix-dgram n - n - 1 postlogd\n";

impl Other {
    fn start() -> Self {
        let dir = open_directory();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let main_cf = MAIN_CF.replace("DIR", dir.path().to_str().unwrap());
        fs::write(dir.path().join("etc/main.cf"), main_cf).unwrap();
        fs::write(dir.path().join("etc/master.cf"), MASTER_CF).unwrap();
        let owned = Command::new("chown").arg("postfix").arg(dir.path().join("data")).status().unwrap();
        assert!(owned.success());
        let other = Self(dir);
        other.tell("start");
        other
    }

    fn tell(&self, what: &str) {
        let output = Command::new("/usr/sbin/postfix").arg("-c").arg(self.0.path().join("etc")).arg(what).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Its processes: ids, which change when one is started again.
    fn processes(&self) -> Vec<PathBuf> {
        let mut processes = processes_below(self.0.path());
        processes.sort();
        processes
    }
}

/// Sockets of these processes that listen, as the kernel writes their addresses.
fn listening(processes: &[PathBuf]) -> Vec<String> {
    let descriptors = processes.iter().flat_map(|process| fs::read_dir(process.join("fd")).unwrap());
    let links: HashSet<PathBuf> = descriptors.filter_map(|fd| fs::read_link(fd.unwrap().path()).ok()).collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // A connection is no open door; a socket of UDP always is.
            let open = table.starts_with("udp") || fields[3] == "0A";
            if open && links.contains(Path::new(&format!("socket:[{}]", fields[9]))) {
                found.push(format!("{table} {}", fields[1]));
            }
        }
    }
    found
}

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn no_service_of_the_machine_is_touched() {
    let before = theirs();
    assert!(before.contains_key(Path::new("/etc/postfix")) && before.contains_key(Path::new("/etc/rspamd")));
    let other = Other::start();
    let running = other.processes();
    assert!(!running.is_empty());
    let keys = Keys::load().unwrap();
    let other_rspamd = rspamd::Rspamd::start(([127, 0, 0, 1], 9).into());

    let dir = open_directory();
    let project = Project::new().env("TMPDIR", dir.path().to_str().unwrap()).open_to_all();
    let changed = |lab: &str| forward("postfix").replace("send:", &format!("lab: {{ company: {{ {lab} }} }}\nsend:"));
    let project = project.scenario("srs", &changed("srs: true")).scenario("dedicated", &changed("arc: dedicated"));
    let own = project.path("local.d");
    fs::create_dir(&own).unwrap();
    fs::write(project.path("private"), keys.company_dkim.pem()).unwrap();
    let arc =
        format!("domain {{ corp.example {{ selector = s1; path = \"{}\"; }} }}\n", project.path("private").display());
    fs::write(own.join("arc.conf"), arc).unwrap();
    fs::write(project.path("main.cf"), "smtpd_milters = inet:127.0.0.1:11332\n").unwrap();
    let run = ["run", "--target", "postfix", "--update", "all"];
    let ran = project.run(&run);
    assert_eq!(ran.code, 0, "{ran}");
    let project = project.scenario("own", &forward("postfix"));
    let with_own = ["own", "--rspamd-local-d", "local.d", "--postfix-main-cf", "main.cf"];
    let ran = project.run(&[&run[..], &with_own].concat());
    assert_eq!(ran.code, 0, "{ran}");
    let ran = project.run(&["doctor", "--rspamd-local-d", "local.d"]);
    assert!(ran.stdout.contains("rspamd.key.s1.corp.example"), "{ran}");

    let lab = project.lab(&["--target", "postfix", "--knob", "company.srs=true"]);
    let ours = [processes_below(dir.path()), vec![PathBuf::from(format!("/proc/{}", lab.id()))]].concat();
    let open = listening(&ours);
    assert!(open.len() >= 10, "{open:?}");
    // 127.0.0.1, in the order of this machine's octets.
    let loopback = format!("{:08X}:", u32::from_ne_bytes([127, 0, 0, 1]));
    let outside: Vec<_> =
        open.iter().filter(|socket| !socket.split(' ').nth(1).unwrap().starts_with(&loopback)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    assert_eq!(lab.end(), 0);
    assert_nothing_is_left(dir.path());

    let still = other.processes();
    assert!(running.iter().all(|process| still.contains(process)), "{running:?} {still:?}");
    let opinion = other_rspamd.judge(b"From: a@ext.example\r\n\r\nText.\r\n");
    assert_eq!(opinion.arc, "none");
    other.tell("stop");
    let after = theirs();
    let touched: Vec<_> = after.iter().filter(|(path, change)| before.get(*path) != Some(change)).collect();
    assert!(touched.is_empty() && before.len() == after.len(), "{touched:?}");
}
