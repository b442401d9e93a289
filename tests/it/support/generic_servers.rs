//! Servers of other people around the lab, as somebody has them who is not at Gmail: Dovecot with the mailboxes, Postfix as
//! the outside account's submission and MX. Each has a state directory of its own, and loopback only.

use crate::run::staging::free;
use sealcheck::lab::{
    embedded::pki::Pki,
    process::{Process, StateDir, User, tail, until},
};
use serde_json::Value;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::Command,
};

/// The outside account.
pub(crate) const OUTSIDE: &str = "probe@ext.example";
/// The receiver's account.
pub(crate) const RECEIVER: &str = "probe.inbox@gmail.com";
/// The password of both.
pub(crate) const PASSWORD: &str = "correct-horse-battery";
/// The name in both certificates.
pub(crate) const NAME: &str = "mail.ext.example";

const PATIENCE: Duration = Duration::from_secs(30);

/// A running Dovecot: IMAP over TLS, LMTP, and who may log in.
pub(crate) struct Dovecot {
    _process: Process,
    state: Arc<StateDir>,
    /// Where it takes mail by LMTP.
    pub(crate) lmtp: SocketAddr,
    /// The port of IMAP with TLS from the first byte.
    pub(crate) imaps: u16,
}

impl Dovecot {
    /// Starts it with these folders beside INBOX, each with its special use (RFC 6154), if it has one; `settings` are more
    /// lines for its configuration, and `receiver` more fields of the receiver's entry.
    pub(crate) async fn start(folders: &[(&str, Option<&str>)], settings: &str, receiver: &str) -> Self {
        let state = StateDir::create().unwrap();
        let [lmtp, imaps] = free();
        identity(&state);
        let mail = User::first_of(&["nobody"]).unwrap();
        state.directory("mail", Some(&mail)).unwrap();
        let users = [(OUTSIDE, ""), (RECEIVER, receiver)];
        let users = users.map(|(user, more)| format!("{user}:{{PLAIN}}{PASSWORD}::::::{more}\n")).concat();
        state.write_private("users", users, User::first_of(&["dovecot"]).as_ref()).unwrap();
        let folders: String = folders
            .iter()
            .map(|(name, special_use)| {
                let special_use = special_use.map(|s| format!("    special_use = {s}\n")).unwrap_or_default();
                format!("  mailbox {name} {{\n    auto = subscribe\n{special_use}  }}\n")
            })
            .collect();
        let config = dovecot_conf(state.path(), (lmtp, imaps), &folders, &mail) + settings;
        let config = state.write("dovecot.conf", config).unwrap();
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(config);
        let mut process = Process::start("dovecot", "dovecot-imapd dovecot-lmtpd", command, &state).unwrap();
        let (lmtp, log) = (at(lmtp), state.path().join("dovecot.log"));
        let ready = process.ready(PATIENCE, until(async || greets(lmtp).await)).await;
        ready.unwrap_or_else(|e| panic!("{e}\n{}", tail(&log)));
        Self { _process: process, state, lmtp, imaps }
    }

    /// The authority behind its certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.state.path().join("ca.pem")
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.state.path().join("dovecot.log")).unwrap_or_default()
    }
}

/// Every setting on a line of its own: Dovecot wants it so.
fn dovecot_conf(state: &Path, (lmtp, imaps): (u16, u16), folders: &str, mail: &User) -> String {
    let (state, User { uid, gid, .. }) = (state.display(), mail);
    format!(
        "base_dir = {state}/run
log_path = {state}/dovecot.log
auth_verbose = yes
listen = 127.0.0.1
protocols = imap lmtp
ssl = required
ssl_cert = <{state}/identity.pem
ssl_key = <{state}/identity.pem
mail_location = maildir:{state}/mail/%u
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {state}/users
}}
userdb {{
  driver = passwd-file
  args = {state}/users
  default_fields = uid={uid} gid={gid} home={state}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
{folders}}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  unix_listener login-for-postfix {{
    mode = 0666
  }}
}}
"
    )
}

/// A running Postfix: submission with STARTTLS, where Dovecot says who may log in, and the MX of the account's domain, which
/// hands mail to Dovecot. What it sends goes through the lab's outside sender as its smarthost, which signs it and has the
/// address that DNS knows.
pub(crate) struct Postfix {
    _process: Process,
    state: Arc<StateDir>,
    /// The port of submission.
    pub(crate) submission: u16,
}

impl Postfix {
    /// Starts it; `mx` is the port of its MX, and `lab` what `lab up` printed.
    pub(crate) async fn start(mx: u16, lab: &Value, dovecot: &Dovecot) -> Self {
        let state = StateDir::create().unwrap();
        let [submission] = free();
        identity(&state);
        let owner = User::first_of(&["postfix"]).unwrap();
        for name in
            ["active", "bounce", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private", "trace"]
        {
            let made = state.directory(&format!("queue/{name}"), Some(&owner)).unwrap();
            fs::set_permissions(made, fs::Permissions::from_mode(0o700)).unwrap();
        }
        state.directory("queue/public", Some(&owner)).unwrap();
        state.directory("queue/pid", None).unwrap();
        state.directory("data", Some(&owner)).unwrap();
        state.directory("etc", None).unwrap();
        let main_cf = main_cf(state.path(), lab, dovecot);
        state.write_private("etc/main.cf", main_cf, None).unwrap();
        let services =
            MASTER_CF.replace("MX_PORT", &mx.to_string()).replace("SUBMISSION_PORT", &submission.to_string());
        state.write("etc/master.cf", services).unwrap();
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        command.arg("-d").arg("-c").arg(state.path().join("etc"));
        let mut process = Process::start("postfix", "postfix", command, &state).unwrap();
        let ready = process.ready(PATIENCE, until(async || greets(at(submission)).await)).await;
        ready.unwrap_or_else(|e| panic!("{e}\n{}", tail(&state.path().join("maillog"))));
        Self { _process: process, state, submission }
    }

    /// The authority behind its certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.state.path().join("ca.pem")
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.state.path().join("maillog")).unwrap_or_default()
    }
}

fn main_cf(state: &Path, lab: &Value, dovecot: &Dovecot) -> String {
    let of = |list: &str, name: &str, field: &str| {
        let all = lab[list].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()[field].as_str().unwrap().to_owned()
    };
    let smarthost: SocketAddr = of("servers", "submission", "address").parse().unwrap();
    let smarthost = format!("[{}]:{}", smarthost.ip(), smarthost.port());
    let password = of("accounts", "external", "password");
    let (auth, state) = (dovecot.state.path().join("run/login-for-postfix"), state.display());
    format!(
        "compatibility_level = 3.6
queue_directory = {state}/queue
data_directory = {state}/data
maillog_file = {state}/maillog
maillog_file_prefixes = {state}
myhostname = {NAME}
mydomain = ext.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
mynetworks =
alias_maps =
virtual_mailbox_domains = ext.example
virtual_transport = lmtp:inet:{}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = {}
smtpd_tls_chain_files = {state}/identity.pem
smtpd_tls_security_level = may
relayhost = {smarthost}
smtp_tls_security_level = encrypt
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = inline:{{ {{ {smarthost} = {OUTSIDE}:{password} }} }}
",
        dovecot.lmtp,
        auth.display(),
    )
}

const MASTER_CF: &str = "\
127.0.0.1:MX_PORT inet n - n - - smtpd
127.0.0.1:SUBMISSION_PORT inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
cleanup   unix       n - n -    0 cleanup
qmgr      unix       n - n 300  1 qmgr
tlsmgr    unix       - - n 1000 1 tlsmgr
rewrite   unix       - - n -    - trivial-rewrite
bounce    unix       - - n -    0 bounce
defer     unix       - - n -    0 bounce
trace     unix       - - n -    0 bounce
flush     unix       n - n 1000 0 flush
proxymap  unix       - - n -    - proxymap
smtp      unix       - - n -    - smtp
lmtp      unix       - - n -    - lmtp
error     unix       - - n -    - error
retry     unix       - - n -    - error
anvil     unix       - - n -    1 anvil
scache    unix       - - n -    1 scache
postlog   unix-dgram n - n -    1 postlogd
";

/// Writes a certificate and its key, and the authority behind it.
fn identity(state: &StateDir) {
    let pki = Pki::new(&[NAME]).unwrap();
    state.write("ca.pem", pki.ca_pem()).unwrap();
    state.write_private("identity.pem", pki.identity_pem(), None).unwrap();
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Whether a server there says that it takes mail.
async fn greets(at: SocketAddr) -> Option<()> {
    let mut line = String::new();
    BufReader::new(TcpStream::connect(at).await.ok()?).read_line(&mut line).await.ok()?;
    line.starts_with("220").then_some(())
}
