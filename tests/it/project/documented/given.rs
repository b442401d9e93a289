//! What a page takes for granted: a project with accounts, mails, records of runs, settings of a server.

use super::{
    pages::{self, Shown},
    session::Session,
};
use crate::{judge::diagnosis_captures::fixtures, project::workflows::copy, run::staging::free};
use std::{fs, path::Path};

/// Lines that only the real Gmail and its network can print, with what prints them in a test.
pub(super) const NEEDS_GMAIL: [(&str, &str); 1] = [(
    "company.mx.connect: connect …:25",
    "the lab's MX has an address for documentation; preflight::each_line_turns_red",
)];

/// A mail without any signature, as somebody has it at hand.
const MAIL: &str = "From: a@ext.example\r\nTo: b@corp.example\r\nSubject: x\r\nDate: Tue, 24 Nov 2026 13:00:00 +0000\r\n\
                    Message-ID: <1@ext.example>\r\n\r\nhello\r\n";

/// A first run, whose snapshots are accepted.
const ACCEPT: &str = "sealcheck run --target gmail --update new";

/// The template's account that nobody has replaced yet.
const TEMPLATE: &str = "probe@outside.example";

/// A shell in front of which a page is opened.
pub(super) fn session(page: &str) -> Session {
    match page {
        "docs/staging.md" => return staging(),
        "README.md" | "docs/ja.md" => {
            // In a clone of the repository, as it is.
            let session = Session::begin(&[]);
            for folder in ["scenarios", "snapshots"] {
                copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &session.here.path(folder));
            }
            return session;
        }
        _ => {}
    }
    let session = Session::begin(&[]);
    session.prepare("sealcheck init");
    replace_accounts(&session);
    let path = session.here.path("sealcheck.yaml");
    let config = fs::read_to_string(&path).unwrap();
    match page {
        "docs/configuration.md" => {
            let (before, _) = config.split_once("profiles:").unwrap();
            fs::write(path, before.to_owned() + &yaml(page, "profiles:")).unwrap();
            session.prepare(ACCEPT);
        }
        "docs/ci.md" | "docs/results.md" => session.prepare(ACCEPT),
        // Somebody who has yet to see what is wrong.
        "docs/doctor.md" => {
            fs::write(path, config.replace("limits:\n  gmail: { per_minute: 10 }\n", "")).unwrap();
            session.prepare("export SEALCHECK_GMAIL_APP_PASSWORD='an ordinary password'");
        }
        _ => {}
    }
    session
}

/// The block of a page that has a line which begins so.
fn yaml(page: &str, begins: &str) -> String {
    let text = pages::read(page);
    let blocks = pages::blocks(&text).into_iter().filter(|(language, _)| language == "yaml");
    let mut texts = blocks.map(|(_, lines)| lines.iter().map(|(_, line)| format!("{line}\n")).collect::<String>());
    texts.find(|text| text.lines().any(|line| line.starts_with(begins))).unwrap_or_else(|| panic!("{page}: {begins}"))
}

/// The project file of the page, with a lab as the person's server.
fn staging() -> Session {
    let [smtp, bounces, dns, company] = free();
    let routes = [format!("gmail.com=127.0.0.1:{smtp}"), format!("ext.example=127.0.0.1:{bounces}")];
    let session =
        Session::begin(&["--port-company-mx", &company.to_string(), "--route", &routes[0], "--route", &routes[1]]);
    session.prepare("sealcheck init");
    let mut config = yaml("docs/staging.md", "target: staging");
    for (shown, here) in [
        ("listen: 192.0.2.77", "listen: 127.0.0.1".to_owned()),
        ("smtp: 2526", format!("smtp: {smtp}")),
        ("bounces: 2527", format!("bounces: {bounces}")),
        ("dns: 5300", format!("dns: {dns}")),
        ("forward-me@corp.example", "info@corp.example".to_owned()),
        ("staging.corp.example:25", format!("127.0.0.1:{company}")),
    ] {
        assert!(config.contains(shown), "{shown}");
        config = config.replace(shown, &here);
    }
    // What our DNS does not know, the company's key among it, is asked of the server's.
    config += &format!("dns: {}\n", session.lab.ready["dns"].as_str().unwrap());
    fs::write(session.here.path("sealcheck.yaml"), config).unwrap();
    session
}

/// Puts the lab's accounts in place of those that `init` writes.
fn replace_accounts(session: &Session) {
    let path = session.directory().join("sealcheck.yaml");
    let Some(config) = fs::read_to_string(&path).ok().filter(|config| config.contains(TEMPLATE)) else { return };
    let (before, rest) = config.split_once("accounts:\n").unwrap();
    let (_, after) = rest.split_once("limits:\n").unwrap();
    let (_, accounts) = session.world.split_once("accounts:\n").unwrap();
    let (accounts, _) = accounts.split_once("profiles:\n").unwrap();
    let dns = session.lab.ready["dns"].as_str().unwrap();
    fs::write(path, format!("{before}dns: {dns}\naccounts:\n{accounts}limits:\n{after}")).unwrap();
}

/// Puts there what a command names.
pub(super) fn lay_out(session: &Session, shown: &Shown) {
    replace_accounts(session);
    let (text, folder) = (shown.command(), session.directory());
    let has = |part: &str| text.contains(part);
    if has("--log ") {
        // A mail of a real server's, with its log.
        fs::copy(fixtures().join("05-key-unreadable.eml"), folder.join("received.eml")).unwrap();
        fs::copy(fixtures().join("dns.zone"), folder.join("dns.zone")).unwrap();
        for log in ["rspamd.log", "mail.log"] {
            fs::copy(fixtures().join("05-key-unreadable.log"), folder.join(log)).unwrap();
        }
    } else if has("received.eml") {
        session.prepare("sealcheck run forward-arc --target gmail --artifacts all");
        copy(&session.newest_run().unwrap().join("artifacts/forward-arc/1"), &folder);
    } else if has("mail.eml") {
        ["mail.eml", "some-mail.eml"].iter().for_each(|name| fs::write(folder.join(name), MAIL).unwrap());
    }
    if (has("--resume") || has(" report ")) && session.newest_run().is_none() {
        session.prepare("sealcheck run --target gmail -t smoke");
    }
    if has("nightly/events.jsonl") {
        copy(&session.newest_run().unwrap(), &folder.join("nightly"));
    }
    if let Some(records) = text.split_once("sealcheck merge ").and_then(|(_, rest)| rest.split(' ').next()) {
        for shard in (1..=3).filter(|shard| !folder.join(records).join(format!("{shard}.jsonl")).exists()) {
            session.prepare(&format!("sealcheck run --shard {shard}/3 --record {records}/{shard}.jsonl"));
        }
    }
    if has("sealcheck snapshots ") && !is_pending(&folder.join("snapshots/gmail")) {
        drop(fs::remove_dir_all(folder.join("snapshots/gmail")));
        session.prepare("sealcheck run --target gmail");
    }
    if has("local.d") || is_of_machine(shown) {
        settings(session, shown);
    }
}

/// Whether a snapshot waits for a decision.
fn is_pending(folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).into_iter().flatten();
    files.any(|entry| entry.unwrap().path().extension().is_some_and(|e| e == "new"))
}

/// A command with what is meant in place of what stands for it.
pub(super) fn filled_in(session: &Session, text: &str) -> String {
    let run = session.newest_run();
    let run = run.as_ref().map_or("", |path| path.file_name().unwrap().to_str().unwrap());
    let secret = |name: &str| (format!("{name}=…"), format!("{name}='{}'", session.secrets[name]));
    let secrets = ["SEALCHECK_EXTERNAL_PASSWORD", "SEALCHECK_GMAIL_APP_PASSWORD"].map(secret);
    let filled = secrets.iter().fold(text.to_owned(), |text, (shown, here)| text.replace(shown, here));
    let shown = [("01JD8Q6V", run), ("report RUN", &format!("report {run}")), ("[ID]", ""), ("コード", "A05")];
    let filled = shown.iter().fold(filled, |text, (shown, here)| text.replace(shown, here));
    // Addresses of this machine, in place of examples.
    filled.replace("HOST:PORT", session.lab.company_mx()).replace("192.0.2.77", "127.0.0.1")
}

/// Whether a command looks at settings in `/etc`.
pub(super) fn is_of_machine(shown: &Shown) -> bool {
    shown.text.contains(" /etc/") || shown.command() == "sealcheck doctor"
}

/// Lets a command see settings in `/etc` that are the page's and not the machine's.
pub(super) fn machine(session: &Session, shown: &Shown) -> Vec<String> {
    if !is_of_machine(shown) {
        return Vec::new();
    }
    let home = session.home.path("etc");
    let mount = |name: &str| format!("mount --bind {}/{name} /etc/{name}", home.display());
    let script = format!("{} && {} && exec \"$@\"", mount("rspamd"), mount("postfix"));
    ["unshare", "--mount", "sh", "-c", &script, "sh"].map(str::to_owned).into()
}

const KEY: &str = include_str!("../../../../src/lab/embedded/keys/company-dkim.pem");
const OTHER: &str = include_str!("../../../../src/lab/embedded/keys/other.pem");
const MAIN_CF: &str = "compatibility_level = 3.6\nmyhostname = mx.corp.example\nsmtpd_milters = inet:127.0.0.1:11332
milter_default_action = tempfail\nsmtp_tls_security_level = may\nsender_canonical_maps = tcp:127.0.0.1:10001
sender_canonical_classes = envelope_sender\n";

/// Settings of rspamd and Postfix: those of this machine's packages with a company's own, in the project and for `/etc`.
/// On the page about `doctor` the key is another
/// one than DNS has, rspamd may not read it, and Postfix does without.
fn settings(session: &Session, shown: &Shown) {
    let is_broken = shown.page == "docs/doctor.md" && shown.command() == "sealcheck doctor";
    let (etc, folder) = (session.home.path("etc"), session.directory());
    for name in ["rspamd/keys", "postfix"] {
        fs::create_dir_all(etc.join(name)).unwrap();
    }
    if is_of_machine(shown) {
        ["rspamd", "postfix"].iter().for_each(|name| copy(&Path::new("/etc").join(name), &etc.join(name)));
    }
    let key = etc.join("rspamd/keys/corp.private");
    fs::write(&key, if is_broken { OTHER } else { KEY }).unwrap();
    mode(&key, if is_broken { 0o600 } else { 0o644 });
    let action = if is_broken { "accept" } else { "tempfail" };
    fs::write(etc.join("postfix/main.cf"), MAIN_CF.replace("tempfail", action)).unwrap();
    for (top, key) in
        [(etc.join("rspamd"), "/etc/rspamd/keys/corp.private"), (folder.join("rspamd"), key.to_str().unwrap())]
    {
        drop(fs::remove_dir_all(top.join("local.d")));
        fs::create_dir_all(top.join("local.d")).unwrap();
        let arc = format!("domain {{ corp.example {{ selector = \"s2026\"; path = \"{key}\"; }} }}\n");
        fs::write(top.join("local.d/arc.conf"), arc).unwrap();
    }
    fs::create_dir_all(folder.join("postfix")).unwrap();
    fs::write(folder.join("postfix/main.cf"), MAIN_CF).unwrap();
    // The record as rspamadm prints it.
    let record = sealcheck::core::private_key::record(KEY).unwrap();
    let strings: Vec<String> =
        record.as_bytes().chunks(200).map(|c| format!("\"{}\"", String::from_utf8_lossy(c))).collect();
    let zone = format!("s2026._domainkey IN TXT ( {} ) ;\n", strings.join("\n\t"));
    fs::write(folder.join("company.zone"), zone).unwrap();
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
