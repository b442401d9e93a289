//! The program against a lab in this process, whose mailboxes and token server can be looked into: two runs at once on one
//! mailbox, and tokens that end by the clock while mail is waited for.

use crate::support::program::{Project, Ran};
use sealcheck::{
    lab::{
        Lab, Settings,
        embedded::{GoogleSettings, store::FolderKind},
    },
    target::{Endpoint, Knobs, TargetKind, TlsMode},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs, time::Duration};
use tokio::runtime::Runtime;

const RECEIVER: &str = "probe.inbox@gmail.com";

struct Beside {
    project: Project,
    lab: Lab,
    runtime: Runtime,
}

impl Beside {
    /// A lab whose receiver shows mail after this time, and a project that knows its accounts.
    fn new(delay: Duration, google: Option<GoogleSettings>) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut knobs = Knobs::default();
        knobs.gmail.delay = delay;
        let settings = Settings { google, ..Settings::default() };
        let lab = runtime.block_on(Lab::start(TargetKind::Embedded, &knobs, &settings)).unwrap();
        let project = Project::new();
        let target = lab.target();
        let server = |endpoint: &Endpoint| server(&project, endpoint);
        let text = format!(
            "sealcheck: 1\ntarget: gmail\ndns: {}\naccounts:\n  external:\n    address: probe@ext.example\n    smtp: {}\n  \
             company: {{ address: info@corp.example, forwards_to: gmail, seal_domain: corp.example }}\n  gmail:\n    \
             address: {RECEIVER}\n    imap: {}\n",
            target.dns.unwrap(),
            server(target.accounts["external"].smtp.as_ref().unwrap()),
            server(&target.accounts["gmail"].imap.as_ref().unwrap().endpoint),
        );
        Self { project: project.config(&text), lab, runtime }
    }

    fn scenario(mut self, name: &str, more: &str) -> Self {
        let text = format!(
            "sealcheck: 1\nname: {name}\ntargets: [gmail]\nsend: {{ from: external, to: company, subject: \"{name} $token\" }}\n\
             wait: {{ timeout: 40s }}\nexpect:\n  - delivered: gmail\n  - count: {{ to: gmail, is: 1, settle: 300ms }}\n\
             snapshot: none\n{more}"
        );
        self.project = self.project.scenario(name, &text);
        self
    }

    /// The subjects in one of the receiver's folders, each up to its token.
    fn subjects(&self, folder: &FolderKind) -> Vec<String> {
        let account = self.lab.world().gmail_mailboxes().account(RECEIVER).unwrap();
        let subjects = account.messages(folder).into_iter().map(|m| m.field("Subject").unwrap_or_default());
        let mut names: Vec<String> =
            subjects.map(|s| s.split_whitespace().next().unwrap_or_default().to_owned()).collect();
        names.sort();
        names
    }

    fn stop(self) {
        self.runtime.block_on(self.lab.stop());
    }
}

/// A server as a project file names it, with its secrets in files.
fn server(project: &Project, endpoint: &Endpoint) -> String {
    let file = |name: &str, text: &str| {
        fs::write(project.path(name), text).unwrap();
        format!("{{ file: {name} }}")
    };
    let login = endpoint.login.as_ref().unwrap();
    let ca = endpoint.ca_pem.as_ref().unwrap();
    fs::write(project.path("ca.pem"), ca).unwrap();
    let tls = if endpoint.tls == TlsMode::Implicit { "implicit" } else { "starttls" };
    let secret = file(&format!("secret-{}", endpoint.port), login.secret.expose());
    let auth = match &login.oauth {
        None => format!("password: {secret}"),
        Some(client) => format!(
            "auth: xoauth2, client_id: {}, client_secret: {}, refresh_token: {secret}, token_endpoint: \"{}\", \
             token_ca_file: ca.pem",
            file("id", client.id.expose()),
            file("client", client.secret.expose()),
            client.token_endpoint
        ),
    };
    format!(
        "{{ provider: {}, host: {}, port: {}, tls: {tls}, tls_name: {}, ca_file: ca.pem, user: {}, {auth} }}",
        if endpoint.tls == TlsMode::Implicit { "gmail" } else { "generic" },
        endpoint.host,
        endpoint.port,
        endpoint.tls_name.as_ref().unwrap(),
        login.user,
    )
}

/// How many attempts a run had; all of them passed, and each mail was sent once.
fn sound(ran: &Ran, result: &Value) -> usize {
    assert_eq!(ran.code, 0, "{ran}");
    let scenarios = result["scenarios"].as_array().unwrap();
    let mut queue_ids = BTreeSet::new();
    for scenario in scenarios {
        let attempts = scenario["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{scenario}");
        queue_ids.extend(attempts[0]["queue_ids"].as_object().unwrap().values().map(Value::to_string));
    }
    assert_eq!(queue_ids.len(), scenarios.len(), "{result}");
    scenarios.len()
}

#[test]
fn two_runs_at_once_on_one_mailbox_leave_each_other_s_mail_alone() {
    // While the mail of one is waited for, that of the other comes and is deleted.
    let beside =
        Beside::new(Duration::from_millis(700), None).scenario("keeps", "").scenario("deletes", "cleanup: delete\n");
    let run = |name: &str| {
        let report = format!("json={name}.json");
        let ran = beside.project.run(&["run", name, "--repeat", "4", "--jobs", "2", "--report", &report]);
        let result = serde_json::from_str(&beside.project.read(&format!("{name}.json"))).unwrap();
        sound(&ran, &result)
    };
    let both = std::thread::scope(|s| {
        let keeps = s.spawn(|| run("keeps"));
        let deletes = run("deletes");
        [keeps.join().unwrap(), deletes]
    });
    assert_eq!(both, [4, 4]);
    assert_eq!(beside.subjects(&FolderKind::Inbox), ["keeps"; 4]);
    assert_eq!(beside.subjects(&FolderKind::Trash), ["deletes"; 4]);
    beside.stop();
}

#[test]
fn tokens_that_end_by_the_clock_are_renewed_while_mail_is_waited_for() {
    let google = GoogleSettings { life: Duration::from_secs(1), ..GoogleSettings::default() };
    let beside = Beside::new(Duration::from_secs(3), Some(google)).scenario("one", "").scenario("two", "");
    let ran = beside.project.run(&["run", "--report", "json=r.json"]);
    let result: Value = serde_json::from_str(&beside.project.read("r.json")).unwrap();
    assert_eq!(sound(&ran, &result), 2);
    assert_eq!(beside.subjects(&FolderKind::Inbox), ["one", "two"]);
    // The mail shows three lives of a token after it was sent: sessions were ended with theirs, and made again by new ones.
    let (_, granted) = beside.lab.world().google().unwrap().counts();
    let reopened = result["imap"]["reopened"].as_u64().unwrap();
    assert!(granted >= 4 && reopened >= 2, "{granted} tokens, {}", result["imap"]);
    // One token at a time serves every session of an account: no more than its lives, with some for a busy machine.
    assert!(granted < 60, "{granted} tokens");
    beside.stop();
}
