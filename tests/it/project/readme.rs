//! What the README and the pages of `docs/` say is true: their YAML is read and their links are there.
//! `documented` runs their commands.

use clap::CommandFactory;
use sealcheck::{cli::Args, scenario::yaml};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and every page of `docs/`, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md")];
    paths.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let pages: Vec<_> = paths
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .map(|p| (p.clone(), fs::read_to_string(&p).unwrap()))
        .collect();
    assert!(pages.len() > 5, "the pages are gone");
    pages
}

/// The fenced blocks of one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split("\n```").filter_map(|block| block.strip_prefix(&format!("{language}\n"))).collect()
}

fn source(text: &str) -> yaml::Source {
    yaml::Source::new("page.yaml", text.as_bytes()).unwrap()
}

#[test]
fn whole_scenarios_and_project_files_are_read() {
    let (mut scenarios, mut configs) = (0, 0);
    for (path, text) in pages() {
        for block in blocks(&text, "yaml").into_iter().filter(|b| b.contains("sealcheck: 1")) {
            if block.contains("\nexpect:") {
                scenarios += 1;
                let read = yaml::scenarios(&source(block), "page", &|_| Err("no base here".into()));
                assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
            } else {
                configs += 1;
                let read = yaml::config(Some(&source(block)), &[]);
                assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
            }
        }
    }
    assert!(scenarios >= 2 && configs >= 1, "{scenarios} scenarios, {configs} project files");
}

#[test]
fn links_lead_to_files() {
    for (path, text) in pages() {
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split(')').next().unwrap_or("");
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let file = path.parent().unwrap().join(link.split('#').next().unwrap_or(link));
            assert!(file.exists(), "{}: {link}", path.display());
        }
    }
}

#[test]
fn the_two_commands_stand_on_lines_of_their_own() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for command in [".ci/setup && cargo run --locked -- run", ".ci/setup && cargo test --locked"] {
        assert!(blocks(&readme, "sh").iter().any(|b| b.trim() == command), "{command}");
    }
    let gate = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(gate.contains("README.md"), "the gate reads the commands from the README");
}

#[test]
fn every_subcommand_is_in_the_changelog() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    for command in Args::command().get_subcommands() {
        assert!(changelog.contains(&format!("`{}", command.get_name())), "{}", command.get_name());
    }
}
