//! Which commands the pages show, and where.

use clap::CommandFactory;
use sealcheck::cli::Args;
use std::{fmt, fs, path::Path};

/// A command as a page shows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub(super) page: String,
    pub(super) line: usize,
    /// One command, or a whole script.
    pub(super) text: String,
    /// What the page shows below it.
    pub(super) output: Vec<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}`", self.page, self.line, self.text)
    }
}

impl Shown {
    /// The command without the remark behind it.
    pub(super) fn command(&self) -> &str {
        self.text.split(" #").next().unwrap().trim_end()
    }
}

/// Programs whose commands stand within sentences too.
const PROGRAMS: [&str; 10] =
    ["mkdir", "sealcheck", "cargo", "openssl", "rspamadm", "swaks", "ssh", "systemctl", "journalctl", "sudo"];

/// Where pages are.
const FOLDERS: [&str; 4] = ["", "docs", ".github", "tests/it"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"))
}

/// Every page, by its path.
pub(super) fn pages() -> Vec<String> {
    let files = FOLDERS.iter().flat_map(|folder| {
        let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|e| e == "md"))
    });
    let mut pages: Vec<_> = files.map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()).collect();
    // What changed is no instruction.
    pages.retain(|page| page != "CHANGELOG.md");
    pages.sort();
    pages
}

/// The fenced blocks of a page: the line and language of the fence, and the lines inside with their numbers.
pub(super) fn blocks(text: &str) -> Vec<(String, Vec<(usize, &str)>)> {
    let mut blocks: Vec<(String, Vec<(usize, &str)>)> = Vec::new();
    let mut is_inside = false;
    for (at, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(language) => {
                is_inside = !is_inside;
                if is_inside {
                    blocks.push((language.to_owned(), Vec::new()));
                }
            }
            None if is_inside => blocks.last_mut().unwrap().1.push((at + 1, line)),
            None => {}
        }
    }
    blocks
}

/// Every command of a page, in its order.
pub(super) fn commands(page: &str) -> Vec<Shown> {
    let text = read(page);
    let mut all = Vec::new();
    for (language, lines) in blocks(&text) {
        if matches!(language.as_str(), "sh" | "bash") {
            let script: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
            all.push(Shown { line: lines[0].0, text: script.join("\n"), ..Shown::default() });
            continue;
        }
        let mut is_session = false;
        for (line, text) in lines {
            if let Some(command) = text.strip_prefix("$ ") {
                is_session = true;
                all.push(Shown { line, text: command.to_owned(), ..Shown::default() });
            } else if is_session && !text.is_empty() {
                all.last_mut().unwrap().output.push(text.to_owned());
            }
        }
    }
    all.extend(within_sentences(&text));
    all.sort_by_key(|shown| shown.line);
    all.iter_mut().for_each(|shown| page.clone_into(&mut shown.page));
    all
}

/// The commands between backquotes outside the blocks. The name of a subcommand alone is none.
fn within_sentences(text: &str) -> Vec<Shown> {
    let inside: Vec<usize> = blocks(text).iter().flat_map(|(_, lines)| lines.iter().map(|(at, _)| *at)).collect();
    let mut found = Vec::new();
    let (mut paragraph, mut begins) = (String::new(), 1);
    for (at, line) in text.lines().chain([""]).enumerate() {
        let is_text = !inside.contains(&(at + 1)) && !line.trim_start().starts_with("```") && !line.is_empty();
        if is_text {
            paragraph += line;
            paragraph.push('\n');
            continue;
        }
        let mut line = begins;
        for (number, part) in paragraph.split('`').enumerate() {
            if number % 2 == 1 && is_command(&part.replace('\n', " ")) {
                found.push(Shown { line, text: part.replace('\n', " "), ..Shown::default() });
            }
            line += part.matches('\n').count();
        }
        paragraph.clear();
        begins = at + 2;
    }
    found
}

fn is_command(span: &str) -> bool {
    let mut words = span.split_whitespace().skip_while(|word| word.contains('='));
    let Some(program) = words.next().filter(|word| PROGRAMS.contains(word)) else { return false };
    let words: Vec<&str> = words.collect();
    if program != "sealcheck" {
        return !words.is_empty();
    }
    let root = Args::command();
    let named = words.iter().try_fold(&root, |command, word| command.find_subcommand(word));
    named.is_none()
}

#[test]
fn commands_are_found_with_their_lines() {
    let text = "Say `sealcheck explain\nA05`, see `sealcheck run`.\n\n```console\n$ sealcheck list   # all\nout\n```\n\n1. `cargo check`\n";
    let found: Vec<_> = within_sentences(text).into_iter().map(|c| (c.line, c.text)).collect();
    assert_eq!(found, [(1, "sealcheck explain A05".to_owned()), (9, "cargo check".to_owned())]);
    assert_eq!(blocks(text)[0].1[0], (5, "$ sealcheck list   # all"));
}
