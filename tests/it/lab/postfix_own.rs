//! A person's own `local.d` and `main.cf` on target `postfix`: what is wrong with them is found before production finds it.

use crate::{
    judge::diagnosis::first,
    support::program::{Project, Ran},
};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// A company's configuration, and the mail that meets it.
struct Own {
    name: &'static str,
    /// Lines of arc.conf beside the domain.
    arc: &'static str,
    /// The domain that arc.conf has a key for.
    domain: &'static str,
    /// The mode of the key file; none for no file.
    key: Option<u32>,
    /// Whether DNS has another key.
    other_key_in_dns: bool,
    /// main.cf.
    main_cf: &'static str,
    /// What `send` says beside the subject.
    send: &'static str,
    /// `lab:` of the scenario.
    lab: &'static str,
    /// The first code; nothing where nothing is wrong.
    code: &'static str,
}

const GOOD: Own = Own {
    name: "good",
    arc: "",
    domain: "firm.example",
    key: Some(0o644),
    other_key_in_dns: false,
    main_cf: MILTER,
    send: "",
    lab: "",
    code: "",
};

const MILTER: &str = "smtpd_milters = inet:127.0.0.1:11332\nmilter_default_action = accept\n";
/// Senders are rewritten, so that what breaks the seal does not get the mail refused before anybody sees the seal.
const TAG: &str = "smtpd_milters = inet:127.0.0.1:11332\n\
    sender_canonical_maps = tcp:localhost:10001\nsender_canonical_classes = envelope_sender\n\
    smtp_header_checks = regexp:{ { /^Subject: (.*)/ REPLACE Subject: [EXTERNAL] $1 } }\n";
const DROP: &str = "smtpd_milters = inet:127.0.0.1:11332\n\
    sender_canonical_maps = tcp:localhost:10001\nsender_canonical_classes = envelope_sender\n\
    smtp_header_checks = regexp:{ { /^X-Mailer/ IGNORE } { /^Reply-To/ IGNORE } }\n";
const SRS: &str = "smtpd_milters = inet:127.0.0.1:11332\n\
    sender_canonical_maps = tcp:localhost:10001\nsender_canonical_classes = envelope_sender\n";
const NO_POLICY: &str = "{ external: { dmarc: none } }";
const BAD_ARC: &str = "use_domain = \"reci\npient\n{";

const TABLE: [Own; 14] = [
    GOOD,
    Own { name: "no-key-file", key: None, code: "A04", ..GOOD },
    Own { name: "unreadable-key", key: Some(0o600), code: "A05", ..GOOD },
    Own { name: "unlisted-domain", domain: "other.example", code: "A04", ..GOOD },
    Own { name: "use-domain-header", arc: "use_domain = \"header\";", code: "A02", ..GOOD },
    Own { name: "no-sign-inbound", arc: "sign_inbound = false;", code: "A01", ..GOOD },
    Own { name: "other-key-in-dns", other_key_in_dns: true, code: "B02", ..GOOD },
    Own { name: "check-pubkey", arc: "check_pubkey = true;", other_key_in_dns: true, code: "A14", ..GOOD },
    Own { name: "syntax-error", arc: BAD_ARC, code: "A17", ..GOOD },
    Own { name: "no-milter", main_cf: "milter_default_action = accept\n", code: "A00", ..GOOD },
    Own { name: "subject-tag", main_cf: TAG, lab: NO_POLICY, code: "B06", ..GOOD },
    Own { name: "long-line", main_cf: SRS, send: "text: $long, encoding: 8bit", lab: NO_POLICY, code: "B17", ..GOOD },
    Own {
        name: "dropped-signed-by-both",
        main_cf: DROP,
        send: "headers: { Reply-To: other@ext.example }",
        lab: NO_POLICY,
        code: "B06",
        ..GOOD
    },
    Own {
        name: "dropped-signed-by-the-sender",
        main_cf: DROP,
        send: "headers: { X-Mailer: mine }",
        lab: "{ external: { dkim: mailer, dmarc: none } }",
        code: "C05",
        ..GOOD
    },
];

impl Own {
    fn scenario(&self) -> String {
        let comma = if self.send.is_empty() { "" } else { ", " };
        let lab = if self.lab.is_empty() { String::new() } else { format!("lab: {}\n", self.lab) };
        format!(
            "sealcheck: 1\nname: {}\ntargets: [postfix]\nvars: {{ long: {} }}\n{lab}\
             send: {{ from: external, to: company{comma}{} }}\nwait: {{ timeout: 60s }}\nexpect:\n  - delivered:\n      \
             to: gmail\n      auth: {{ arc: pass, dmarc: pass, dkim: pass }}\n      arc: {{ verify: true }}\nsnapshot: none\n",
            self.name,
            "x".repeat(1200),
            self.send,
        )
    }

    fn run(&self) -> (Ran, Project) {
        let project = Project::new().scenario(self.name, &self.scenario()).open_to_all();
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/embedded/keys");
        let key = project.path("private");
        if let Some(mode) = self.key {
            fs::copy(keys.join("company-dkim.pem"), &key).unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        }
        let local_d = project.path("local.d");
        fs::create_dir(&local_d).unwrap();
        let Self { arc, domain, .. } = self;
        let path = key.display();
        let text = format!("{arc}\ndomain {{ {domain} {{ selector = \"s1\"; path = \"{path}\"; }} }}\n");
        fs::write(local_d.join("arc.conf"), text).unwrap();
        fs::write(project.path("main.cf"), self.main_cf).unwrap();
        let mut args =
            vec!["run", "--target", "postfix", "--report", "json=result.json", "--company", "info@firm.example"];
        args.extend(["--rspamd-local-d", "local.d", "--postfix-main-cf", "main.cf"]);
        if self.other_key_in_dns {
            let record = sealcheck::lab::embedded::keys::Keys::load().unwrap().other.record();
            let (one, two) = record.split_at(200);
            let zone = format!("s1._domainkey IN TXT ( \"{one}\" \"{two}\" )\n");
            fs::write(project.path("zone"), zone).unwrap();
            args.extend(["--company-dns", "zone"]);
        }
        (project.run(&args), project)
    }
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn what_is_wrong_with_an_own_configuration_is_told_first() {
    let mut wrong = Vec::new();
    for own in &TABLE {
        let (ran, project) = own.run();
        let exit = i32::from(!own.code.is_empty());
        if ran.code != exit {
            wrong.push(format!("{}: wanted {exit}, {ran}", own.name));
            continue;
        }
        let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
        let found = first(&result["scenarios"][0]["attempts"][0]);
        if !found.starts_with(own.code) {
            wrong.push(format!("{}: wanted {}, {found:?}\n{ran}", own.name, own.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "requires root, Postfix and rspamd; .ci/run installs them"]
fn a_configuration_that_cannot_work_sends_nothing() {
    // Without `accept`, Postfix would defer every mail for as long as rspamd is down.
    let tempfail = "smtpd_milters = inet:127.0.0.1:11332\nmilter_default_action = tempfail\n";
    let cases = [
        (Own { arc: BAD_ARC, main_cf: tempfail, ..GOOD }, 1, vec!["error[A17]", "local.d/arc.conf"]),
        (
            Own { main_cf: "smtpd_milters = x\nno value here\n", ..GOOD },
            1,
            vec!["error[A17]", "main.cf, line 2: missing '='", "postfix check"],
        ),
        (
            Own { main_cf: "# a comment\n  smtpd_milters = x\n", ..GOOD },
            1,
            vec!["error[A17]", "main.cf, line 2: whitespace before the first setting: smtpd_milters = x"],
        ),
        (
            Own { main_cf: "header_checks = regexp:{ { /(/ IGNORE } }\nhopcount_limit = many\n", ..GOOD },
            1,
            vec!["error[A17]", "main.cf, line 2: hopcount_limit = many", "bad numerical", "mail.log:1"],
        ),
        (
            Own { main_cf: "smtpd_milters = x\nmilter_default_action = accept\nstrict_smtputf8 = maybe\n", ..GOOD },
            1,
            vec!["error[A17]", "main.cf, line 3: strict_smtputf8 = maybe", "bad boolean"],
        ),
    ];
    for (own, code, words) in cases {
        let (ran, project) = own.run();
        assert_eq!(ran.code, code, "{ran}");
        let result: Value = serde_json::from_str(&project.read("result.json")).unwrap();
        assert_eq!(result["scenarios"][0]["attempts"][0]["message_id"], "", "{ran}");
        for word in words {
            assert!(ran.stdout.contains(word), "{word} {ran}");
        }
    }
}

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn a_good_configuration_passes_the_shipped_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new().open_to_all();
    let key = project.path("private");
    fs::copy(root.join("src/lab/embedded/keys/company-dkim.pem"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(project.path("local.d")).unwrap();
    let text = format!("domain {{ corp.example {{ selector = \"s1\"; path = \"{}\"; }} }}\n", key.display());
    fs::write(project.path("local.d/arc.conf"), text).unwrap();
    let main_cf = format!("{SRS}myhostname = mail.corp.example\nrelayhost = [smart.corp.example]\n");
    fs::write(project.path("main.cf"), &main_cf).unwrap();
    let scenarios = root.join("scenarios");
    let mut args = vec!["run", "--target", "postfix", "--update", "all", scenarios.to_str().unwrap()];
    args.extend(["--rspamd-local-d", "local.d", "--postfix-main-cf", "main.cf"]);
    let ran = project.run(&args);
    assert_eq!(ran.code, 0, "{ran}");
    for told in ["depends on it: relayhost", "NOTE main.cf: myhostname is replaced", "forwards, not `lab:`"] {
        assert!(ran.stdout.contains(told), "{told} {ran}");
    }
    assert_eq!(project.read("main.cf"), main_cf);
}
