//! What do other verifiers say? dkimpy (Python), mailauth (Node), Mail::DKIM (Perl) and rspamd judge the same bytes with
//! the same DNS.
//!
//! `.ci/interop-setup` installs the first two, Debian has the others; then `cargo test --test it interop -- --ignored`.

use crate::{interop::rspamd::Rspamd, support::verify_signer::*, verify::dns::Server};
use sealcheck::{
    mail::Message,
    verify::{Dns, Verdict, Verification, ZoneFile, verify},
};
use serde::Deserialize;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

/// What another verifier says about one message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Opinion {
    /// `pass`, `fail` or `none`.
    pub(crate) arc: String,
    /// Why, in its words.
    pub(crate) reason: String,
    /// Every set that it looked at; mailauth does not tell.
    #[serde(default)]
    pub(crate) sets: Vec<SetOpinion>,
    /// Every DKIM-Signature, top to bottom.
    pub(crate) dkim: Vec<DkimOpinion>,
}

/// What another verifier says about one ARC Set.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SetOpinion {
    pub(crate) instance: u32,
    pub(crate) ams: bool,
    pub(crate) seal: bool,
}

/// What another verifier says about one DKIM-Signature.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DkimOpinion {
    pub(crate) d: String,
    pub(crate) s: String,
    pub(crate) result: String,
    pub(crate) reason: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command, messages: &[PathBuf]) -> Vec<Opinion> {
    let output = command.args(messages).output().unwrap_or_else(|e| panic!("{command:?}: {e}; run .ci/interop-setup"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let opinions: Vec<Opinion> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(opinions.len(), messages.len(), "{errors}");
    opinions
}

/// Lets dkimpy judge these files.
pub(crate) fn dkimpy(zone: &Path, messages: &[PathBuf]) -> Vec<Opinion> {
    let script = root().join("tests/interop/verify_dkimpy.py");
    run(Command::new(root().join("target/interop/venv/bin/python")).arg(script).arg(zone), messages)
}

/// Lets mailauth judge these files.
pub(crate) fn mailauth(zone: &Path, messages: &[PathBuf]) -> Vec<Opinion> {
    let script = root().join("tests/interop/verify_mailauth.mjs");
    run(Command::new("node").arg(script).arg(root().join("target/interop/node")).arg(zone), messages)
}

/// Lets Mail::DKIM judge these files, with the keys that this server has.
pub(crate) fn mail_dkim(dns: SocketAddr, messages: &[PathBuf]) -> Vec<Opinion> {
    let script = root().join("tests/interop/verify_maildkim.pl");
    run(Command::new("perl").arg(script).arg(dns.port().to_string()), messages)
}

/// Asserts that everybody, this crate included, finds the chain and every DKIM-Signature of these received messages
/// sound. `zone` is the file with the DNS answers of the run.
pub(crate) fn assert_everybody_passes(zone: &Path, received: &[PathBuf]) {
    let answers = ZoneFile::parse(&fs::read_to_string(zone).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let dns = runtime.block_on(Server::of_zone(answers.clone()));
    let rspamd = Rspamd::start(dns.address);
    let others = dkimpy(zone, received).into_iter().zip(mailauth(zone, received)).zip(mail_dkim(dns.address, received));
    for (file, ((dkimpy, mailauth), mail_dkim)) in received.iter().zip(others) {
        let file_name = file.display();
        let message = fs::read(file).unwrap();
        let ours = judge(&message, answers.clone());
        let rspamd = rspamd.judge(&message);
        assert_eq!((ours.arc, &ours.arc_reason), (Verdict::Pass, &None), "{file_name}");
        assert!(ours.dkim.iter().all(|d| d.result == Verdict::Pass), "{file_name}: {:?}", ours.dkim);
        for (name, opinion) in
            [("dkimpy", dkimpy), ("mailauth", mailauth), ("Mail::DKIM", mail_dkim), ("rspamd", rspamd)]
        {
            assert_eq!(opinion.arc, "pass", "{name} about {file_name}: {}", opinion.reason);
            assert_eq!(opinion.dkim.len(), ours.dkim.len(), "{name} about {file_name}");
            for d in &opinion.dkim {
                assert_eq!(d.result, "pass", "{name} about {} of {} in {file_name}: {}", d.s, d.d, d.reason);
            }
        }
    }
}

/// The time of the machine, in seconds since 1970: the others look at its clock too.
pub(crate) fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

/// Our own verdict, offline.
pub(crate) fn judge(message: &[u8], zone: ZoneFile) -> Verification {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(verify(&Message::parse(message), &Dns::zone(zone), now()))
}

#[test]
#[ignore = "requires python3 with dkimpy, node with mailauth, perl with Mail::DKIM and rspamd; .ci/run installs them"]
fn interop_sound_messages_pass_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let zone = dir.path().join("dns.zone");
    fs::write(&zone, crate::support::verify_signer::zone().to_text()).unwrap();
    let mut received = Vec::new();
    for c in [("relaxed", "relaxed"), ("relaxed", "simple"), ("simple", "relaxed"), ("simple", "simple")] {
        for body in ["First.\r\n", "\r\n\r\n", "a \t b \r\n \t\r\n  \r\n\r\n", "gr\u{fc}n\r\n", "a\r\n\r\n\r\nb\r\n"] {
            let plain = [PLAIN.split_once("\r\n\r\n").unwrap().0, "\r\n\r\n", body].concat();
            let signed = dkim(&SENDER, &dkim_recipe(&SENDER, c), plain.as_bytes());
            let first = arc(&LIST, &arc_recipe(&LIST, 1, c), &signed);
            let second = arc(&COMPANY, &arc_recipe(&COMPANY, 2, c), &first);
            let file = dir.path().join(format!("{}.eml", received.len()));
            fs::write(&file, second).unwrap();
            received.push(file);
        }
    }
    assert_everybody_passes(&zone, &received);
}
