//! `sealcheck lab up` in a process of its own.

use crate::{
    cli::commands::{DIRECT, WRONG},
    report::output_files::{fifo, is_fifo, is_link},
    support::program::{Lab, Project, forward, secrets_in},
};
use sealcheck::{
    core::{Secret, Token},
    evidence::Folder,
    probe::mailbox::{MailIdentity, Mailboxes},
    target::{Account, Endpoint, ImapAccess, Login, Mechanism, Provider, TlsMode},
};
use serde_json::Value;
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    time::Duration,
};

#[test]
fn a_lab_in_another_process_is_a_users_gmail_and_no_secret_gets_out() {
    let project = Project::new()
        .scenario("forward", &forward("gmail"))
        .scenario("direct", &DIRECT.replace("name:", "targets: [gmail]\nname:"))
        .scenario("wrong", &WRONG.replace("name:", "targets: [gmail]\nname:"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let secrets = lab.secrets();
    assert!(secrets.len() >= 2, "{}", lab.ready);
    assert!(!project.read("sealcheck.yaml").contains(&secrets[0]));
    let args = [
        "run",
        "--target",
        "gmail",
        "--artifacts",
        "all",
        "-vv",
        "--report",
        "json=out/r.json",
        "--report",
        "jsonl=out/e.jsonl",
        "--report",
        "junit=out/j.xml",
    ];
    let run = project.run(&[&args[..], &["forward", "direct"][..]].concat());
    assert_eq!(run.code, 5, "the snapshot of target gmail is new: {run}");
    assert!(run.stdout.contains("2 run: 2 passed"), "{run}");
    let failed = project.run(&[&args[..], &["wrong"][..]].concat());
    assert_eq!(failed.code, 1, "{failed}");
    for text in [&run.stdout, &run.stderr, &failed.stdout, &failed.stderr] {
        assert_eq!(secrets_in(text.as_bytes(), &secrets), None);
    }
    let mut files = 0;
    for dir in [".sealcheck", "out", "snapshots"] {
        project.each_file(dir, &mut |path, bytes| {
            files += 1;
            assert_eq!(secrets_in(bytes, &secrets), None, "{}", path.display());
        });
    }
    assert!(files > 10, "only {files} files were looked at");
    let result: Value = serde_json::from_str(&project.read("out/r.json")).unwrap();
    assert!(result["redactions"]["secrets"].as_u64().unwrap() >= 2);
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_lab_takes_knobs_and_says_when_a_port_is_taken() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--knob", "company.arc=false"]);
    let run = project.run(&["run", "--target", "gmail"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("error[A00]: no hop before the receiver sealed"), "{run}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let second = project.run(&["lab", "up", "--port-submission", &port]);
    assert_eq!(second.code, 3, "{second}");
    assert!(second.stderr.contains(&port), "{second}");
    let wrong = project.run(&["lab", "up", "--knob", "company.ark=false"]);
    assert_eq!(wrong.code, 2, "{wrong}");
    let elsewhere = ["lab", "up", "--deliver-to", "127.0.0.1:24", "--knob", "gmail.delay=1s"];
    let wrong = project.run(&elsewhere);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert!(wrong.stderr.contains("--deliver-to: leave out gmail.delay"), "{wrong}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_lab_takes_faults_by_their_codes() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml", "--fault", "C02", "--fault", "e2"]);
    let run = project.run(&["run", "--target", "gmail", "--report", "json=r.json"]);
    assert_eq!(run.code, 1, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let all = result["scenarios"][0]["attempts"][0]["diagnosis"].as_array().unwrap().clone();
    let codes: Vec<_> = all.iter().map(|d| d["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"C02") && codes.contains(&"E02"), "{codes:?}");
    let place = all.iter().find(|d| d["code"] == "E02").unwrap()["evidence"][0]["text"].clone();
    assert_eq!(place, "found in the folder with \\Junk, `[Gmail]/迷惑メール`");
    assert_eq!(lab.end(), 0);
    for (codes, wrong) in [
        (["C01", "C03"], "C01 and C03 need the same knob"),
        (["B04", "A05"], "target embedded cannot have `fault: A05`"),
    ] {
        let refused = project.run(&["lab", "up", "--fault", codes[0], "--fault", codes[1]]);
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains(wrong), "{refused}");
    }
}

/// The lab's Gmail account, as this process sees it.
fn gmail(lab: &Lab) -> Account {
    let text = |list: &str, name: &str, field: &str| {
        let all = lab.ready[list].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()[field].as_str().unwrap().to_owned()
    };
    let address = text("servers", "gmail-imap", "address");
    let (host, port) = address.rsplit_once(':').unwrap();
    let user = text("accounts", "gmail", "address");
    let endpoint = Endpoint {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        tls: TlsMode::Implicit,
        tls_name: Some("imap.gmail.com".to_owned()),
        ca_pem: Some(lab.ready["ca_pem"].as_str().unwrap().to_owned()),
        login: Some(Login {
            user: user.clone(),
            secret: Secret::new(text("accounts", "gmail", "password")),
            mechanism: Mechanism::Password,
            oauth: None,
        }),
    };
    Account {
        imap: Some(ImapAccess { endpoint, provider: Provider::Gmail, folders: Default::default() }),
        ..Account::new("gmail", user)
    }
}

/// Whether the mail of an attempt is in a folder.
async fn is_in(mailboxes: &Mailboxes, account: &Account, folder: Folder, attempt: &Value) -> bool {
    let text = |name: &str| attempt[name].as_str().unwrap().to_owned();
    let wanted = MailIdentity { message_id: text("message_id"), token: Token::new(text("token")) };
    let searched = mailboxes.search(account, &[folder], &wanted, 0).await.unwrap();
    !searched[0].arrivals.is_empty()
}

#[test]
fn what_a_scenario_deletes_is_gone_and_what_it_keeps_is_not() {
    let direct = DIRECT.replace("name:", "targets: [gmail]\nname:");
    let project = Project::new().scenario("kept", &direct).scenario("deleted", &format!("{direct}cleanup: delete\n"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let ran = project.run(&["run", "--target", "gmail", "--report", "json=r.json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let account = gmail(&lab);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mailboxes = Mailboxes::new(Duration::from_secs(5));
    for scenario in result["scenarios"].as_array().unwrap() {
        for folder in [Folder::Inbox, Folder::All] {
            let there = runtime.block_on(is_in(&mailboxes, &account, folder, &scenario["attempts"][0]));
            assert_eq!(there, scenario["id"] == "kept", "{} in {folder}", scenario["id"]);
        }
    }
    runtime.block_on(mailboxes.close());
    assert_eq!(lab.end(), 0);
}

#[test]
fn two_runs_at_once_on_one_mailbox_leave_each_other_s_mail_alone() {
    let direct = DIRECT.replace("name:", "targets: [gmail]\nname:");
    let counted = direct.replace("snapshot:", "  - count: { to: gmail, is: 1, settle: 1s }\nsnapshot:");
    let project = Project::new()
        .scenario("kept", &direct)
        .scenario("one", &format!("{counted}cleanup: delete\n"))
        .scenario("two", &format!("{counted}cleanup: delete\n"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let run = |report: &str, ids: &[&str]| {
        let report = format!("json={report}");
        project.run(&[&["run", "--target", "gmail", "--report", report.as_str()], ids].concat())
    };
    let before = run("kept.json", &["kept"]);
    assert_eq!(before.code, 0, "{before}");
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| run("1.json", &["one", "two"]));
        let second = scope.spawn(|| run("2.json", &["one", "two", "kept"]));
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!((first.code, second.code), (0, 0), "{first}\n{second}");
    let account = gmail(&lab);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mailboxes = Mailboxes::new(Duration::from_secs(5));
    let mut seen = 0;
    for report in ["kept.json", "1.json", "2.json"] {
        let result: Value = serde_json::from_str(&project.read(report)).unwrap();
        for scenario in result["scenarios"].as_array().unwrap() {
            let there = runtime.block_on(is_in(&mailboxes, &account, Folder::Inbox, &scenario["attempts"][0]));
            assert_eq!(there, scenario["id"] == "kept", "{} of {report}", scenario["id"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 6);
    runtime.block_on(mailboxes.close());
    assert_eq!(lab.end(), 0);
}

#[test]
fn the_project_file_of_a_lab_goes_where_its_name_leads_and_secrets_stay_beside_it() {
    let project = Project::new();
    let folder = project.path("a.yaml.d");
    fs::create_dir(&folder).unwrap();
    // A secret of before that everybody may read, and one whose name leads elsewhere.
    for name in ["external.secret", "other"] {
        fs::write(folder.join(name), "old").unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    symlink("other", folder.join("gmail.secret")).unwrap();
    symlink("there.yaml", project.path("a.yaml")).unwrap();
    let lab = project.lab(&["--config-out", "a.yaml"]);
    assert!(is_link(&project.path("a.yaml")) && project.read("there.yaml").contains("a.yaml.d/gmail.secret"));
    for name in ["external.secret", "gmail.secret"] {
        let there = fs::symlink_metadata(folder.join(name)).unwrap();
        assert!(there.is_file() && there.mode() & 0o777 == 0o600, "{name}: {there:?}");
    }
    assert_eq!(fs::read_to_string(folder.join("other")).unwrap(), "old");
    assert_eq!(lab.end(), 0);

    let reader = fifo(&project.path("fifo"));
    let lab = project.lab(&["--config-out", "fifo"]);
    let text = reader.join().unwrap();
    let secret = project.path("lab.d").canonicalize().unwrap().join("gmail.secret");
    assert!(is_fifo(&project.path("fifo")) && text.contains(secret.to_str().unwrap()), "{text}");
    assert!(secret.is_file() && !project.path("fifo.d").exists());
    assert_eq!(lab.end(), 0);

    let refused = project.run(&["lab", "up", "--config-out", "a.yaml.d"]);
    assert!(refused.code == 6 && !project.path("a.yaml.d.d").exists(), "{refused}");
    let null = project.lab(&["--config-out", "/dev/null"]);
    assert!(!std::path::Path::new("/dev/null.d").exists());
    assert_eq!(null.end(), 0);
}
