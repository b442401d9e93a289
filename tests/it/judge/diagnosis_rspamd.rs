//! Causes that only a real rspamd has, brought about by its settings.
//!
//! `apt-get install rspamd`, then `cargo test --test it diagnosis_rspamd -- --ignored`.

use crate::support::program::{Project, forward};
use sealcheck::lab::embedded::keys::Keys;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// The first code and its confidence, the company's domain, and the arc.conf; `DIR` stands for where the keys are.
pub(crate) type Setting = (&'static str, &'static str, &'static str);

pub(crate) const SETTINGS: [Setting; 2] = [
    // A file that is no PEM at all is read as a raw key.
    ("A07 certain", "company.example", "domain { company.example { selector = s1; path = \"DIR/text\"; } }"),
    // Names below .example have no public suffix that rspamd knows.
    ("A09 certain", "mail.corp.co.jp", "domain { mail.corp.co.jp { selector = s1; path = \"DIR/rsa\"; } }"),
];

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
#[ignore = "requires rspamd"]
fn every_setting_of_rspamd_gets_its_code_first() {
    let home = tempfile::tempdir_in("/tmp").unwrap();
    let dir = home.path();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    let local_d = dir.join("local.d");
    fs::create_dir(&local_d).unwrap();
    write(&dir.join("rsa"), Keys::load().unwrap().company_dkim.pem());
    write(&dir.join("text"), "no key\n");
    let project = Project::new().scenario("forward", &forward("rspamd"));
    let mut wrong = Vec::new();
    for (wanted, domain, settings) in SETTINGS {
        write(&local_d.join("arc.conf"), &settings.replace("DIR", dir.to_str().unwrap()));
        let company = format!("info@{domain}");
        let own = ["--rspamd-local-d", local_d.to_str().unwrap(), "--company", &company];
        let args = ["run", "--target", "rspamd", "--update", "all", "--report", "json=r.json"];
        let ran = project.run(&[&args[..], &own].concat());
        let result: serde_json::Value = serde_json::from_str(&project.read("r.json")).unwrap();
        let first = &result["scenarios"][0]["attempts"][0]["diagnosis"][0];
        let text = |key: &str| first[key].as_str().unwrap_or_default();
        let said = format!("{} {}", text("code"), text("confidence"));
        if said != wanted {
            wrong.push(format!("wanted {wanted}, found {said}: {ran}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
