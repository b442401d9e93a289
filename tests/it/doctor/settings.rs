//! `sealcheck doctor`: on a real rspamd and Postfix with settings that are broken one at a time, and on DNS alone.

use crate::support::program::{Project, Ran};
use sealcheck::{
    catalogue::Cause,
    doctor::{DoctorOptions, Report, Status, examine},
    lab::embedded::{
        Ports, World,
        keys::{ED25519_PEM, Keys},
    },
    target::Knobs,
    verify::Dns,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What is found of the lab's company when it sends from this address, with no rspamd and no Postfix.
async fn examined(world: &World, address: &str) -> Report {
    let subject = DoctorOptions {
        rspamadm: "no-such-rspamadm".into(),
        rspamd_local_d: None,
        postconf: "no-such-postconf".into(),
        postfix_main_cf: None,
        domains: vec!["Corp.example".into()],
        addresses: vec![address.parse().unwrap()],
        dns: Dns::server(world.dns().address()).unwrap(),
    };
    examine(&subject).await
}

#[tokio::test]
async fn dns_of_the_server_is_looked_up() {
    let world = World::start(&Knobs::default(), &Ports::default()).await.unwrap();
    let good = examined(&world, "198.51.100.20").await;
    for check in ["dns.spf.corp.example", "dns.dmarc.corp.example", "dns.ptr.198.51.100.20"] {
        assert_eq!(good.check(check).unwrap().status, Status::Ok, "{good:?}");
    }
    let missing = good.check("server").unwrap();
    assert_eq!((missing.status, good.worst()), (Status::Unknown, Status::Unknown), "{missing}");
    let bad = examined(&world, "203.0.113.99").await;
    let code = |check: &str| bad.check(check).and_then(|c| c.code.map(Cause::as_str));
    assert_eq!((code("dns.spf.corp.example"), code("dns.ptr.203.0.113.99")), (Some("D40"), Some("D07")), "{bad:?}");
    // A name that leads to another address.
    world.dns().records().set_host("mx.corp.example", "198.51.100.21".parse().unwrap()).unwrap();
    assert_eq!(examined(&world, "198.51.100.20").await.check("dns.ptr.198.51.100.20").unwrap().status, Status::Fail);
    // A program that somebody asked for is missing.
    let subject = DoctorOptions {
        rspamadm: "no-such-rspamadm".into(),
        rspamd_local_d: Some(std::env::temp_dir()),
        postconf: "no-such-postconf".into(),
        postfix_main_cf: None,
        domains: Vec::new(),
        addresses: Vec::new(),
        dns: Dns::server(world.dns().address()).unwrap(),
    };
    let report = examine(&subject).await;
    let rspamd = report.check("rspamd").unwrap();
    assert!(rspamd.status == Status::Unknown && rspamd.next.as_ref().unwrap().contains("apt-get install rspamd"));
    assert!(report.check("postfix").is_none(), "nobody asked for it");
}

#[test]
fn mistakes_of_the_person_end_with_2() {
    let project = Project::new();
    for args in [
        &["doctor", "--rspamd-local-d", "none"][..],
        &["doctor", "--postfix-main-cf", "none"],
        &["doctor", "--dns", "none.zone"],
        &["doctor", "--address", "mx.corp.example"],
    ] {
        assert_eq!(project.run(args).code, 2, "{args:?}");
    }
}

/// A server whose settings are sound.
struct Server {
    project: Project,
}

const ARC: &str = "check_pubkey = true;\ndomain { corp.example { selector = \"s2026\"; path = \"KEY\"; } }\n";
const MAIN: &str = "compatibility_level = 3.6\nmyhostname = mx.corp.example\nsmtpd_milters = inet:127.0.0.1:11332
milter_default_action = tempfail\nsmtp_tls_security_level = may\nsender_canonical_maps = tcp:127.0.0.1:10001\n";
const KEY: &str = include_str!("../../../src/lab/embedded/keys/company-dkim.pem");

impl Server {
    fn new() -> Self {
        let server = Self { project: Project::new() };
        fs::create_dir_all(server.path("rspamd/local.d")).unwrap();
        fs::create_dir_all(server.path("keys")).unwrap();
        mode(&server.path(""), 0o755);
        server.write("keys/corp.private", KEY);
        server.arc(ARC);
        server.write("main.cf", MAIN);
        server.zone(&[&Keys::load().unwrap().company_dkim.record()]);
        server
    }

    fn path(&self, below: &str) -> PathBuf {
        self.project.path(below)
    }

    fn write(&self, below: &str, text: &str) {
        fs::write(self.path(below), text).unwrap();
    }

    fn arc(&self, text: &str) {
        let key = self.path("keys/corp.private").display().to_string();
        self.write("rspamd/local.d/arc.conf", &text.replace("KEY", &key));
    }

    fn zone(&self, keys: &[&str]) {
        let strings = |key: &&str| {
            let parts: Vec<_> = key.as_bytes().chunks(200).map(|c| String::from_utf8(c.to_vec()).unwrap()).collect();
            format!("s2026._domainkey.corp.example. TXT \"{}\"\n", parts.join("\" \"").replace("\"\"", ""))
        };
        let keys: String = keys.iter().map(strings).collect();
        let rest =
            "corp.example. TXT \"v=spf1 ip4:198.51.100.20 -all\"\n_dmarc.corp.example. TXT \"v=DMARC1; p=none\"\n";
        self.write("corp.zone", &format!("{rest}{keys}"));
    }

    /// Has a key of so many bits, and its record.
    fn weak(&self, bits: &str) {
        let path = self.path("keys/corp.private");
        let mut keygen = Command::new("rspamadm");
        keygen.args(["dkim_keygen", "-s", "s", "-b", bits, "-d", "x.example", "-k"]).arg(&path);
        let output = keygen.output().unwrap();
        mode(&path, 0o644);
        let printed = String::from_utf8(output.stdout).unwrap();
        self.zone(&[&printed.split('"').skip(1).step_by(2).collect::<String>()]);
    }

    fn rspamd(&self) -> Ran {
        self.doctor(&["--rspamd-local-d", "rspamd/local.d"])
    }

    fn postfix(&self) -> Ran {
        self.doctor(&["--postfix-main-cf", "main.cf"])
    }

    fn doctor(&self, what: &[&str]) -> Ran {
        let more = ["--dns", "corp.zone", "--domain", "corp.example", "--address", "198.51.100.20"];
        self.project.run(&[&["doctor", "--format", "json"], what, &more].concat())
    }
}

#[cfg(unix)]
fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The codes of the checks that failed and begin with `of`.
fn codes(ran: &Ran, of: &str) -> String {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let failed = report["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "fail");
    let failed = failed
        .filter(|c| c["check"].as_str().unwrap().starts_with(of) || c["check"].as_str().unwrap().starts_with("dns"));
    failed.map(|c| c["code"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(unix)]
#[test]
#[ignore = "requires rspamd"]
fn every_broken_setting_of_rspamd_is_found() {
    let sound = Server::new().rspamd();
    assert_eq!((sound.code, codes(&sound, "rspamd").as_str()), (0, ""), "{sound}");

    let short = Server::new();
    short.weak("1024");
    let ran = short.rspamd();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let key = checks.iter().find(|c| c["check"] == "rspamd.key.s2026.corp.example").unwrap();
    assert_eq!((ran.code, &key["status"]), (0, &"warn".into()), "{ran}");
    assert!(key["text"].as_str().unwrap().ends_with("has 1024 bits"), "{key}");

    type Break = fn(&Server);
    let breaks: [(Break, &str); 18] = [
        (|s| s.weak("768"), "B00 B00"),
        (|s| s.write("keys/corp.private", ED25519_PEM), "A08"),
        (|s| s.arc(&format!("{ARC}sign_inbound = false;\n")), "A01"),
        (|s| s.arc(&format!("{ARC}use_domain = \"header\";\n")), "A02"),
        (|s| s.arc(&format!("{ARC}signing_table = [\"*@corp.example corp\"];\n")), "A03"),
        (|s| fs::remove_file(s.path("keys/corp.private")).unwrap(), "A04"),
        (|s| s.arc(""), "A04 B01"),
        (|s| s.arc("try_fallback = false;\n"), "A04"),
        (|s| mode(&s.path("keys/corp.private"), 0o600), "A05"),
        (|s| mode(&s.path("keys"), 0o700), "A06"),
        (|s| s.write("keys/corp.private", &KEY.replace("PRIVATE", "PUBLIC")), "A07"),
        (|s| s.write("keys/corp.private", "-----BEGIN EC PRIVATE KEY-----\n"), "A08"),
        (|s| s.arc("domain {\n"), "A17"),
        (|s| s.zone(&[]), "B01"),
        (|s| s.zone(&["v=DKIM1; k=rsa; p="]), "B01"),
        (|s| s.zone(&[&Keys::load().unwrap().other.record()]), "B02"),
        (|s| s.zone(&[&Keys::load().unwrap().company_dkim.record(), "v=DKIM1; p="]), "B03"),
        (|s| s.write("rspamd/local.d/actions.conf", "rewrite_subject = 8;\n"), "B06"),
    ];
    for (number, (spoil, wanted)) in breaks.into_iter().enumerate() {
        let server = Server::new();
        spoil(&server);
        let ran = server.rspamd();
        assert_eq!((ran.code, codes(&ran, "rspamd").as_str()), (1, wanted), "number {number}: {ran}");
    }
}

#[cfg(unix)]
#[test]
#[ignore = "requires postfix"]
fn every_broken_setting_of_postfix_is_found() {
    let sound = Server::new().postfix();
    assert_eq!((sound.code, codes(&sound, "postfix").as_str()), (0, ""), "{sound}");

    type Break = fn(&Server);
    let breaks: [(Break, &str); 7] = [
        (|s| s.write("main.cf", &MAIN.replace("tempfail", "accept")), "A17"),
        (|s| s.write("main.cf", &format!("{MAIN}smtpd_milters =\n")), "A17"),
        (|s| s.write("master.cf", "smtp inet n - y - - smtpd\n  -o smtpd_milters=\n"), "A17"),
        (
            |s| {
                s.write("checks", "/^\\s*X-Mailer/ IGNORE\n");
                let checks = s.path("checks").display().to_string();
                s.write("main.cf", &format!("{MAIN}checks = {checks}\nsmtp_header_checks = pcre:$checks\n"));
            },
            "C05",
        ),
        (
            |s| {
                s.write("checks", "/^Subject: (.*)/ REPLACE Subject: [EXT] $1\n");
                let checks = s.path("checks").display().to_string();
                s.write("main.cf", &format!("{MAIN}smtp_header_checks = regexp:{checks}\n"));
            },
            "B06",
        ),
        (|s| s.write("main.cf", &format!("{MAIN}junk\n")), "-"),
        (|s| s.write("corp.zone", "corp.example. TXT \"v=spf1 -all\"\n"), "D40"),
    ];
    for (number, (spoil, wanted)) in breaks.into_iter().enumerate() {
        let server = Server::new();
        spoil(&server);
        let ran = server.postfix();
        assert_eq!((ran.code, codes(&ran, "postfix").as_str()), (1, wanted), "number {number}: {ran}");
    }
}

#[test]
#[ignore = "requires rspamd and postfix"]
fn both_are_looked_at_together_and_a_line_says_each() {
    let server = Server::new();
    let more = ["--dns", "corp.zone", "--domain", "corp.example", "--address", "198.51.100.20"];
    let both = ["--rspamd-local-d", "rspamd/local.d", "--postfix-main-cf", "main.cf"];
    let ran = server.project.run(&[&["doctor"][..], &both, &more].concat());
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("warn D12  postfix.spam: "), "{ran}");
    assert!(ran.stdout.lines().all(|line| ["ok   ", "warn "].iter().any(|word| line.starts_with(word))), "{ran}");
    // Nothing was written beside what was looked at.
    let names = |dir: &str| fs::read_dir(server.path(dir)).unwrap().count();
    assert_eq!((names("rspamd"), names("rspamd/local.d")), (1, 1));
}
