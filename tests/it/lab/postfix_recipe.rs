//! The administrators' way to ARC with rspamd, as their guides tell it: the DKIM key or one of its own made by
//! `rspamadm dkim_keygen`, in a folder of rspamd's user, with everything logged. On both targets, and through doctor.

use crate::{judge::diagnosis::first, lab::rspamd::open_directory, support::program::Project};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::PathBuf,
    process::Command,
};
use tempfile::TempDir;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lab/embedded/keys/");
const MAIN_CF: &str = "myhostname = mx.corp.example\nsmtpd_milters = inet:127.0.0.1:11332\nmilter_default_action = tempfail\n\
    sender_canonical_maps = tcp:localhost:10001\nsender_canonical_classes = envelope_sender\n";
const SCENARIO: &str = "sealcheck: 1\nname: recipe\ntargets: [rspamd, postfix]\nsend: { from: external, to: company }\n\
    expect:\n  - delivered: { to: gmail, auth: { arc: pass, dkim: pass }, arc: { verify: true } }\nsnapshot: none\n";

/// A server as the guides leave it.
struct Recipe {
    project: Project,
    keys: TempDir,
}

impl Recipe {
    /// `selector` is that of the DKIM key, or another for a key of its own.
    fn new(selector: &str) -> Self {
        let recipe =
            Self { project: Project::new().scenario("recipe", SCENARIO).open_to_all(), keys: open_directory() };
        let key = recipe.key(selector);
        let generated = Command::new("rspamadm")
            .args(["dkim_keygen", "-s", selector, "-b", "2048", "-d", "corp.example", "-k"])
            .arg(&key)
            .output()
            .unwrap();
        let rest = "@ IN TXT \"v=spf1 ip4:198.51.100.20 -all\"\n_dmarc IN TXT \"v=DMARC1; p=none\"\n";
        recipe.write("zone", &(String::from_utf8(generated.stdout).unwrap() + rest));
        fs::create_dir(recipe.project.path("local.d")).unwrap();
        recipe.write("local.d/logging.inc", "level = \"debug\";\n");
        recipe.arc(selector, "");
        recipe.write("main.cf", MAIN_CF);
        let (user, group) = rspamd();
        for (path, mode) in [(key.as_path(), 0o640), (recipe.keys.path(), 0o750)] {
            chown(path, Some(user), Some(group)).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        recipe
    }

    fn key(&self, selector: &str) -> PathBuf {
        self.keys.path().join(format!("corp.example.{selector}.private"))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.project.path(name), text).unwrap();
    }

    fn arc(&self, selector: &str, more: &str) {
        let key = self.key(selector);
        let domain = format!("{{ selector = \"{selector}\"; path = \"{}\"; }}", key.display());
        self.write("local.d/arc.conf", &format!("{more}\ndomain {{ corp.example {domain} }}\n"));
    }

    /// Exit code and the first code of a run, and of doctor.
    fn codes(&self, target: &str) -> [(i32, String); 2] {
        let own = ["--rspamd-local-d", "local.d", "--company", "info@corp.example", "--company-dns", "zone"];
        let main_cf: &[&str] = if target == "postfix" { &["--postfix-main-cf", "main.cf"] } else { &[] };
        let ran = self.project.run(
            &[&["run", "--target", target, "--report", "json=r.json", "--artifacts", "all"][..], &own, main_cf]
                .concat(),
        );
        let result: Value = serde_json::from_str(&self.project.read("r.json")).unwrap();
        let attempt = &result["scenarios"][0]["attempts"][0];
        let told = [first(attempt), attempt["error"]["code"].as_str().unwrap_or_default().to_owned()];
        let run = (ran.code, told.into_iter().find(|code| !code.is_empty()).unwrap_or_default());
        let what = ["doctor", "--rspamd-local-d", "local.d", "--dns", "zone", "--domain", "corp.example"];
        let address = ["--address", "198.51.100.20", "--format", "json"];
        let ran = self.project.run(&[&what[..], &address, main_cf].concat());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e} {ran}"));
        let failed = report["checks"].as_array().unwrap().iter().find(|check| check["status"] == "fail");
        [run, (ran.code, failed.map_or_else(String::new, |check| check["code"].as_str().unwrap().to_owned()))]
    }

    /// The lines of the last run's rspamd.log that have all of these words.
    fn logged(&self, words: &[&str]) -> usize {
        let runs = fs::read_dir(self.project.path(".sealcheck/runs")).unwrap().map(|run| run.unwrap().path());
        let log = runs.max().unwrap().join("artifacts/recipe/1/rspamd.log");
        fs::read_to_string(log).unwrap().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }
}

/// rspamd's user and group.
fn rspamd() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("_rspamd:")).unwrap();
    let mut ids = line.split(':').skip(2).map(|id| id.parse().unwrap());
    (ids.next().unwrap(), ids.next().unwrap())
}

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn the_guides_recipe_seals_and_its_log_tells_how() {
    for selector in ["s1", "arc2026"] {
        let recipe = Recipe::new(selector);
        for target in ["rspamd", "postfix"] {
            let fine = || (0, String::new());
            assert_eq!(recipe.codes(target), [fine(), fine()], "{selector} {target}");
            // What guides tell to look for: `grep arc rspamd.log`.
            assert!(recipe.logged(&["update signature with header: arc-message-signature"]) > 0, "{selector} {target}");
        }
    }
}

type Break = fn(&Recipe);

/// What is broken, on which target, and the code that run and doctor name first.
const BREAKS: [(&str, &str, Break, [&str; 2]); 10] = [
    ("no key file", "rspamd", |r| fs::remove_file(r.key("s1")).unwrap(), ["A04 certain", "A04"]),
    ("a folder of root", "rspamd", |r| chown(r.keys.path(), Some(0), Some(0)).unwrap(), ["A05 high", "A06"]),
    ("a key of root", "postfix", |r| chown(r.key("s1"), Some(0), Some(0)).unwrap(), ["A05 high", "A05"]),
    (
        "a public key",
        "rspamd",
        |r| fs::copy(format!("{KEYS}ed25519.pem"), r.key("s1")).map(drop).unwrap(),
        ["A08 certain", "A08"],
    ),
    (
        "another domain",
        "postfix",
        |r| r.write("local.d/arc.conf", "domain { other.example { path = \"/no\"; } }"),
        ["A04 certain", "A04"],
    ),
    ("use_domain", "rspamd", |r| r.arc("s1", "use_domain = \"header\";"), ["A02 certain", "A02"]),
    ("sign_inbound", "postfix", |r| r.arc("s1", "sign_inbound = false;"), ["A01 high", "A01"]),
    (
        "no record",
        "rspamd",
        |r| r.write("zone", "@ IN TXT \"v=spf1 ip4:198.51.100.20 -all\"\n"),
        ["B01 certain", "B01"],
    ),
    ("syntax", "rspamd", |r| r.arc("s1", "use_domain = \"reci\npient\n{"), ["A17 certain", "A17"]),
    ("no milter", "postfix", |r| r.write("main.cf", "milter_default_action = accept\n"), ["A00 certain", "A17"]),
];

#[test]
#[ignore = "requires root, Postfix, postsrsd and rspamd; .ci/run installs them"]
fn what_breaks_the_recipe_is_named_first() {
    let mut wrong = Vec::new();
    for (what, target, spoil, [run, doctor]) in BREAKS {
        let recipe = Recipe::new("s1");
        spoil(&recipe);
        let seen = recipe.codes(target);
        if seen != [(1, run.to_owned()), (1, doctor.to_owned())] {
            wrong.push(format!("{what}: {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
