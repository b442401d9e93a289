//! A room uses `crate::` only from the rooms that `src/lib.rs` allows it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms it may use.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("core", &[]),
    ("catalogue", &["core"]),
    ("mail", &["core"]),
    ("verify", &["core", "mail"]),
    ("target", &["core", "catalogue"]),
    ("scenario", &["core", "catalogue", "target"]),
    ("evidence", &["core", "mail", "verify"]),
    ("outcome", &["core", "catalogue", "mail", "verify"]),
    ("probe", &["core", "mail", "target", "scenario", "evidence", "outcome"]),
    ("lab", &["core", "target"]),
    ("judge", &["core", "catalogue", "mail", "verify", "target", "scenario", "evidence", "outcome"]),
    (
        "run",
        &["core", "catalogue", "mail", "verify", "target", "scenario", "evidence", "outcome", "probe", "lab", "judge"],
    ),
    ("report", &["core", "catalogue", "mail", "verify", "outcome"]),
    ("doctor", &["core", "catalogue", "mail", "verify", "target", "scenario", "outcome", "probe"]),
    (
        "cli",
        &[
            "core",
            "catalogue",
            "mail",
            "verify",
            "target",
            "scenario",
            "evidence",
            "outcome",
            "probe",
            "lab",
            "judge",
            "run",
            "report",
            "doctor",
        ],
    ),
];

/// Libraries that may be named in one room (or file) only.
const HOMES: [(&str, &[&str]); 21] = [
    ("lettre", &["probe"]),
    ("imap", &["probe/mailbox"]),
    ("imap_proto", &["probe/mailbox"]),
    ("smtp_proto", &["lab"]),
    ("hickory_server", &["lab"]),
    ("serde_yaml", &["scenario/yaml"]),
    ("insta", &["judge/snapshot"]),
    ("mail_auth", &["verify", "lab", "probe/sign.rs"]),
    ("idna", &["core"]),
    ("openssl", &["core/tls_client/openssl.rs"]),
    ("openssl_probe", &["core/tls_client/openssl.rs"]),
    ("tokio_openssl", &["core/tls_client/openssl.rs"]),
    ("rustix", &["lab/process", "core/open_files.rs"]),
    ("ureq", &["lab/rspamd", "probe/token"]),
    ("clap_mangen", &["cli/commands/man.rs"]),
    ("httparse", &["lab/embedded/google", "probe/token"]),
    ("x509_parser", &["probe/certificate.rs"]),
    ("encoding_rs_io", &["mail/log/source.rs"]),
    ("flate2", &["mail/log/source.rs"]),
    ("lzma_rust2", &["mail/log/source.rs"]),
    ("ruzstd", &["mail/log/source.rs"]),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Every room named after `crate::` in a source text, in `crate::a` and in `crate::{a, b::c}`.
fn rooms_used(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(|l| l.split("//").next().unwrap_or(l)).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let first =
            |s: &str| s.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned();
        match rest.strip_prefix('{') {
            None => drop(rooms.insert(first(rest))),
            Some(group) => {
                let (mut depth, mut item) = (0, String::new());
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => drop(rooms.insert(first(&std::mem::take(&mut item)))),
                        _ if depth == 0 => item.push(c),
                        _ => {}
                    }
                }
                rooms.insert(first(&item));
            }
        }
    }
    rooms.remove("");
    rooms
}

/// Every file of `src`, by its path there, and its text.
pub(crate) fn tree() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files
        .into_iter()
        .map(|f| (f.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"), fs::read_to_string(f).unwrap()))
        .collect()
}

#[test]
fn rooms_use_only_lower_rooms() {
    let mut wrong = Vec::new();
    for (file, text) in tree() {
        let Some((room, _)) = file.split_once('/') else { continue };
        let (_, allowed) = ALLOWED.iter().find(|(r, _)| *r == room).unwrap_or_else(|| panic!("{room} is in no layer"));
        for used in rooms_used(&text) {
            let is_room = ALLOWED.iter().any(|(r, _)| *r == used);
            if is_room && used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{file} uses crate::{used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn libraries_stay_at_home() {
    let mut wrong = Vec::new();
    for (file, text) in tree() {
        for (library, homes) in HOMES {
            let named = text.lines().filter(|l| !l.trim_start().starts_with("//")).any(|l| {
                l.match_indices(&format!("{library}::"))
                    .any(|(at, _)| !l[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
            });
            if named && !homes.iter().any(|h| file.starts_with(h)) {
                wrong.push(format!("{file} names {library}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    let mut files = Vec::new();
    for dir in ["src", "tests", "benches"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut files);
    }
    files.retain(|f| fs::read_to_string(f).unwrap().lines().count() > 600);
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn the_reader_of_edges_sees_them() {
    let text = "use crate::{\n    core::{A, B},\n    mail::Message,\n};\nlet x = crate::lab::Lab; // crate::report\n";
    assert_eq!(rooms_used(text).into_iter().collect::<Vec<_>>(), ["core", "lab", "mail"]);
}
