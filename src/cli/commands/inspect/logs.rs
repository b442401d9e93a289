//! The logs beside the mails, read for each of them; one can be larger than memory.

use super::open_whole;
use crate::{
    cli::cli_error::CliError,
    judge::diagnose::ServerLog,
    mail::{
        Message,
        log::{Ids, Lines, about_ids},
        received,
    },
};
use serde::Serialize;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::NamedTempFile;

/// How many bytes of a log are kept in memory; a longer one is read anew for every mail.
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

    /// The lines about these messages, and what was looked for.
    pub(super) fn about(&self, messages: &[&Message]) -> io::Result<(ServerLog, Searched)> {
        let mut log = ServerLog::default();
        let mut searched =
            Searched { file: self.name.clone(), lines: 0, message_ids: Vec::new(), queue_ids: Vec::new() };
        for message in messages {
            let id = message.message_id().unwrap_or_default();
            let hops = received::hops(message);
            let mut ids = Ids::of(&id).or_queue_ids(hops.into_iter().filter_map(|hop| hop.id));
            self.each(|_, line| {
                ids.learn(line);
                true
            })?;
            let mut lines: Vec<(u32, String)> = Vec::new();
            self.each(|n, line| {
                if ids.is_about(line) {
                    lines.push((n, line.to_owned()));
                }
                lines.len() < MOST
            })?;
            let texts: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
            let own = about_ids(&texts, &ids).into_iter().map(|at| (lines[at].0, texts[at]));
            log.append(ServerLog::of_numbered(own, &self.name));
            searched.message_ids.extend((!id.is_empty()).then(|| id.clone()));
            searched.queue_ids.extend(ids.queue_ids().iter().cloned());
        }
        self.gave.fetch_or(log.knows_message(), Ordering::Relaxed);
        searched.lines = if log.knows_message() { log.len() } else { 0 };
        Ok((log, searched))
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
