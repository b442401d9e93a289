//! What do other programs make of the look-alike? imaplib and mbsync read its mailboxes, dkimpy and mailauth its seals.
//!
//! `.ci/interop-setup` installs the verifiers; isync is a package of every system. Then
//! `cargo test --test it interop -- --ignored`.

use crate::lab::lookalike::{ACCOUNT, Lab, RESULTS, mail};
use sealcheck::{
    lab::embedded::store::FolderKind,
    target::{Endpoint, Target},
};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

fn imap(target: &Target) -> Endpoint {
    target.accounts["gmail"].imap.clone().unwrap().endpoint
}

/// Runs a program to its end with this standard input, beside the servers.
async fn run(mut command: Command, input: String) -> Output {
    let work = move || {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(work).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "requires python3"]
async fn interop_imaplib_waits_reads_and_moves() {
    let lab = Lab::new(|_| {}).await;
    let endpoint = imap(&lab.world.target());
    let login = endpoint.login.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    fs::write(&ca, endpoint.ca_pem.unwrap()).unwrap();
    let mut command = Command::new("python3");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/imap_read.py"))
        .args([&endpoint.host, &endpoint.port.to_string(), ca.to_str().unwrap(), &endpoint.tls_name.unwrap()])
        .args([&login.user, "INBOX", "about one"]);
    let reader = tokio::spawn(run(command, format!("{}\n", login.secret.expose())));
    assert!(lab.direct(&lab.signed(&mail("one"))).await.starts_with("250"));
    let output = reader.await.unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |key: &str| seen[key].as_str().unwrap().to_owned();
    assert!(seen["capabilities"].as_array().unwrap().contains(&"X-GM-EXT-1".into()), "{seen}");
    assert!(text("refusal").contains("Application-specific password required"), "{seen}");
    assert!(seen["folders"].to_string().contains(r#"(\\HasNoChildren \\Junk) \"/\" \"[Gmail]/Spam\""#), "{seen}");
    assert_eq!(text("message_id"), "<one@ext.example>");
    assert_eq!(text("raw_search"), text("uid"));
    assert_eq!(text("header"), "Subject: about one\r\n\r\n");
    assert!(text("structure").contains("\"TEXT\" \"PLAIN\""), "{seen}");
    assert!(text("stored").contains("FLAGS (\\Seen)"), "{seen}");
    assert_eq!((text("left"), text("bin"), text("bye")), (String::new(), "1".into(), "BYE".into()));
    assert_eq!(lab.folder(&FolderKind::Trash).len(), 1);
    assert_eq!(lab.folder(&FolderKind::Drafts).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "requires isync"]
async fn interop_mbsync_copies_the_mailbox() {
    let lab = Lab::new(|_| {}).await;
    for id in ["one", "two"] {
        assert!(lab.direct(&lab.signed(&mail(id))).await.starts_with("250"));
    }
    let endpoint = imap(&lab.world.target());
    let login = endpoint.login.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ca.pem"), endpoint.ca_pem.unwrap()).unwrap();
    fs::write(path("password"), login.secret.expose()).unwrap();
    fs::create_dir(path("mail")).unwrap();
    // mbsync takes the name that it connects to for the certificate's, and no address.
    let config = format!(
        "IMAPAccount lookalike\nHost localhost\nPort {}\nUser {}\nPassCmd \"cat {}\"\nSSLType IMAPS\nSystemCertificates no\n\
         CertificateFile {}\n\nIMAPStore far\nAccount lookalike\n\nMaildirStore near\nPath {}/\nInbox {}\n\
         SubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX \"[Gmail]/All Mail\"\n\
         Create Near\nSync All\nSyncState *\n",
        endpoint.port,
        login.user,
        path("password"),
        path("ca.pem"),
        path("mail"),
        path("mail/INBOX")
    );
    fs::write(path("mbsyncrc"), config).unwrap();
    let sync = || {
        let mut command = Command::new("mbsync");
        command.args(["-c", &path("mbsyncrc"), "all"]);
        run(command, String::new())
    };
    sync().await;
    let messages = |folder: &str| -> Vec<_> {
        ["new", "cur"]
            .iter()
            .flat_map(|d| fs::read_dir(format!("{}/{folder}/{d}", path("mail"))).unwrap())
            .map(|e| e.unwrap().path())
            .collect()
    };
    for folder in ["INBOX", "[Gmail]/All Mail"] {
        let texts: Vec<_> = messages(folder).iter().map(|f| fs::read_to_string(f).unwrap()).collect();
        assert_eq!(texts.len(), 2, "{folder}");
        assert!(["one", "two"].iter().all(|id| texts.iter().any(|t| t.contains(&format!("<{id}@ext.example>")))));
    }
    // What is read here is read there, and what comes later is copied too.
    let read = messages("INBOX").into_iter().next().unwrap();
    let name = read.file_name().unwrap().to_str().unwrap();
    let name = name.split(":2,").next().unwrap();
    fs::rename(&read, format!("{}/INBOX/cur/{name}:2,S", path("mail"))).unwrap();
    assert!(lab.direct(&lab.signed(&mail("three"))).await.starts_with("250"));
    sync().await;
    assert_eq!(messages("INBOX").len(), 3);
    let account = lab.world.gmail_mailboxes().account(ACCOUNT).unwrap();
    let seen = account.messages(&FolderKind::Inbox).iter().filter(|m| m.flags.contains("\\Seen")).count();
    assert_eq!(seen, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "requires python3 with dkimpy, node with mailauth, perl with Mail::DKIM and rspamd; .ci/run installs them"]
async fn interop_seals_of_the_lookalike_hold_everywhere() {
    let lab = Lab::new(|_| {}).await;
    let signed = lab.signed(&mail("direct"));
    assert!(lab.direct(&signed).await.starts_with("250"));
    let long = mail("sealed").replace("Body of", &format!("{}\r\n \t\r\n\r\nBody  of", "word ".repeat(60)));
    let sealed = lab.sealed(&lab.signed(&long), RESULTS).await;
    assert!(lab.forwarded("SRS0=ab=cd=ext.example=probe@corp.example", &sealed).await.starts_with("250"));
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = lab
        .folder(&FolderKind::Inbox)
        .into_iter()
        .zip(1..)
        .map(|(copy, n)| {
            let file = dir.path().join(format!("{n}.eml"));
            fs::write(&file, copy).unwrap();
            file
        })
        .collect();
    let zone: String = [
        ("ext2026._domainkey.ext.example", &lab.keys.sender),
        ("s2026._domainkey.corp.example", &lab.keys.company_dkim),
        ("arc-20260327._domainkey.google.com", &lab.keys.google_arc),
    ]
    .map(|(name, key)| {
        let record = key.record();
        let (first, rest) = record.split_at(200);
        format!("{name}. 300 IN TXT \"{first}\" \"{rest}\"\n")
    })
    .concat();
    let zone_file = dir.path().join("dns.zone");
    fs::write(&zone_file, zone).unwrap();
    let judge = move || crate::interop::verifiers::assert_everybody_passes(&zone_file, &files);
    tokio::task::spawn_blocking(judge).await.unwrap();
}
