//! The logs beside the mails, read for each of them; one can be larger than memory.

use super::open_whole;
use crate::{
    cli::cli_error::CliError,
    judge::diagnose::ServerLog,
    mail::{
        Message,
        log::{Ids, Lines, Position, Stamp, about_ids, in_order, queued_by},
        received,
    },
};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::NamedTempFile;

/// How many bytes of a log are kept in memory; a longer one is read anew for every mail. So many of the lines about a mail are
/// looked at, too.
const KEPT: usize = 64 << 20;
/// How many lines about one mail are looked at.
const MOST: usize = 50_000;

/// A log.
pub(super) struct Log {
    pub(super) name: String,
    /// Whether a line of it was about a mail.
    pub(super) gave: AtomicBool,
    text: Text,
}

enum Text {
    Kept(String),
    File(PathBuf),
    /// What came from standard input or a pipe, which can be read once only.
    Spooled(NamedTempFile),
}

/// What a log was asked for.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct Searched {
    /// The file.
    pub(super) file: String,
    /// How many of its lines are about the mail.
    pub(super) lines: usize,
    /// The Message-IDs that were looked for: those of the mail, and of what a bounce gives back.
    pub(super) message_ids: Vec<String>,
    /// The queue ids of the mail's `Received` fields, which are looked for where no line has the Message-ID.
    pub(super) queue_ids: Vec<String>,
}

impl Log {
    /// Reads as much of a log as is kept.
    pub(super) fn open(name: &str) -> Result<Self, CliError> {
        Self::read(name).map_err(|e| CliError::Usage(format!("cannot read {name}: {e}")))
    }

    fn read(name: &str) -> io::Result<Self> {
        let text = if name != "-" && Path::new(name).is_file() {
            Text::File(PathBuf::from(name))
        } else {
            let mut spooled = NamedTempFile::new()?;
            io::copy(&mut open_whole(name)?, &mut spooled)?;
            Text::Spooled(spooled)
        };
        let log = Self { name: name.to_owned(), gave: AtomicBool::new(false), text };
        let mut kept = String::new();
        log.each(|_, line| {
            kept.push_str(line);
            kept.push('\n');
            kept.len() < KEPT
        })?;
        Ok(if kept.len() < KEPT { Self { text: Text::Kept(kept), ..log } } else { log })
    }

    /// Every line with its number, until somebody has enough.
    fn each(&self, mut told: impl FnMut(u32, &str) -> bool) -> io::Result<()> {
        let mut lines = match &self.text {
            Text::Kept(text) => {
                text.lines().zip(1..).all(|(line, n)| told(n, line));
                return Ok(());
            }
            Text::File(path) => Lines::open(File::open(path)?)?,
            Text::Spooled(file) => Lines::open(file.reopen()?)?,
        };
        let mut n: u32 = 0;
        while let Some(line) = lines.next_line()? {
            n = n.saturating_add(1);
            if !told(n, &line) {
                break;
            }
        }
        Ok(())
    }
}

/// What logs have about one mail.
#[derive(Default)]
pub(super) struct Found {
    pub(super) lines: ServerLog,
    pub(super) searched: Vec<Searched>,
    /// What could not be read.
    pub(super) unread: Vec<String>,
}

/// A line about a message.
struct Line<'l> {
    log: &'l Log,
    number: u32,
    text: String,
}

/// The lines of all logs about these messages, and what was looked for. The logs are read as one: a file that was rotated goes on
/// in the next one.
pub(super) fn search(logs: &[Log], messages: &[&Message]) -> Found {
    let mut found = Found::default();
    let (mut message_ids, mut queue_ids) = (Vec::new(), Vec::new());
    let mut by_log: Vec<ServerLog> = logs.iter().map(|_| ServerLog::default()).collect();
    for message in messages {
        let id = message.message_id().unwrap_or_default();
        let hops = received::hops(message);
        let by_qmail = message.all("Received").filter_map(|field| queued_by(&field.value()));
        let mut ids = Ids::of(&id).or_queue_ids(hops.into_iter().filter_map(|hop| hop.id).chain(by_qmail));
        learn(logs, &mut ids, &mut found.unread);
        let lines = about(logs, &ids, &mut found.unread);
        for (log, own) in logs.iter().zip(&mut by_log) {
            let of_log = lines.iter().filter(|line| std::ptr::eq(line.log, log));
            own.append(ServerLog::of_numbered(of_log.map(|line| (line.number, line.text.as_str())), &log.name));
        }
        message_ids.extend((!id.is_empty()).then(|| id.clone()));
        queue_ids.extend(ids.queue_ids().iter().cloned());
    }
    for (log, own) in logs.iter().zip(by_log) {
        let lines = if own.knows_message() { own.len() } else { 0 };
        log.gave.fetch_or(own.knows_message(), Ordering::Relaxed);
        let (message_ids, queue_ids) = (message_ids.clone(), queue_ids.clone());
        found.searched.push(Searched { file: log.name.clone(), lines, message_ids, queue_ids });
        found.lines.append(own);
    }
    found
}

/// Learns what every log says of the ids: again as long as one teaches what an earlier one may need.
fn learn(logs: &[Log], ids: &mut Ids<'_>, unread: &mut Vec<String>) {
    let mut is_new = true;
    while std::mem::take(&mut is_new) {
        for (n, log) in logs.iter().enumerate() {
            let known = ids.known();
            let read = log.each(|_, line| {
                ids.learn(line);
                true
            });
            note(log, unread, read);
            is_new |= n > 0 && ids.known() > known;
        }
    }
}

fn about<'l>(logs: &'l [Log], ids: &Ids<'_>, unread: &mut Vec<String>) -> Vec<Line<'l>> {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for log in logs {
        let read = log.each(|number, line| {
            if ids.is_about(line) {
                bytes += line.len();
                lines.push(Line { log, number, text: line.to_owned() });
            }
            lines.len() < MOST && bytes < KEPT
        });
        note(log, unread, read);
    }
    let positions: Vec<Position<'_>> =
        lines.iter().map(|line| Position { file: &line.log.name, stamp: Stamp::of(&line.text) }).collect();
    let order = in_order(&positions);
    let texts: Vec<&str> = order.iter().map(|&n| lines[n].text.as_str()).collect();
    let own: BTreeSet<usize> = about_ids(&texts, ids).into_iter().map(|at| order[at]).collect();
    let mut n = 0..;
    lines.retain(|_| n.next().is_some_and(|n| own.contains(&n)));
    lines
}

/// Says once of a log that it cannot be read.
fn note(log: &Log, unread: &mut Vec<String>, read: io::Result<()>) {
    if let Err(error) = read {
        let text = format!("cannot read {}: {error}", log.name);
        if !unread.contains(&text) {
            unread.push(text);
        }
    }
}

impl Searched {
    /// What was looked for in vain, for people.
    pub(super) fn in_vain(&self) -> String {
        let mut wanted: Vec<String> = self.message_ids.iter().map(|id| format!("the Message-ID {id}")).collect();
        wanted.extend(self.queue_ids.iter().map(|id| format!("the queue id {id}")));
        let wanted =
            if wanted.is_empty() { "nothing: the mail has no Message-ID".to_owned() } else { wanted.join(", ") };
        format!("{}: no line is about the mail; looked for {wanted}", self.file)
    }
}
