//! Logs of servers: read from where they ended when the attempt began, until they have told what became of a message.

mod feed;
mod follow;
mod program;
mod tail;

use crate::{
    core::{UnixTime, duration},
    evidence::{LogLine, UnreadLog},
    mail::log::{self, Progress},
    target::{Account, LogSource, Target},
};
use feed::{Feed, LogError, NewLines};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a log may say nothing of a message before it is taken to know nothing of it.
const UNKNOWN: Duration = Duration::from_secs(2);
/// How long the end of a message that a log knows is waited for.
const END: Duration = Duration::from_secs(5);
/// How long a program may take.
const PROGRAM: Duration = Duration::from_secs(10);
/// How long a file may take that is read from its beginning.
const WHOLE: Duration = Duration::from_secs(60);
/// How long lines after the end of a message are waited for when somebody wants more.
const MORE: Duration = Duration::from_secs(1);
/// How far the clock of another machine may be behind, in seconds.
const CLOCKS: i64 = 60;

/// The logs of a world. When this is dropped nobody reads them any more.
pub struct Logs {
    files: BTreeMap<LogSource, Arc<Feed>>,
    new_lines: NewLines,
    _stop: DropGuard,
}

/// Where the logs stood at a moment.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The lines that were there; none when it is a moment before this process.
    ends: Option<BTreeMap<LogSource, u64>>,
    /// In seconds since 1970.
    now: UnixTime,
}

/// What is wanted of the logs.
pub struct LogRequest<'a> {
    /// The accounts whose servers wrote them.
    pub accounts: &'a [&'a Account],
    /// The message.
    pub message_id: &'a str,
    /// From where on.
    pub since: &'a Mark,
    /// Until when lines that are wanted are waited for, when that is longer than usual.
    pub until: Option<Instant>,
    /// Whether these lines are all that is wanted.
    pub enough: &'a (dyn Fn(&[LogLine]) -> bool + Sync),
}

/// What the logs said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogResult {
    /// The lines about the message.
    pub lines: Vec<LogLine>,
    /// Logs that could not be read.
    pub unread: Vec<UnreadLog>,
}

impl Logs {
    /// Starts to follow every log file of a target at its end as it stands now.
    pub fn open(target: &Target) -> Self {
        let stop = CancellationToken::new();
        let new_lines = NewLines::default();
        let mut files = BTreeMap::new();
        for source in target.accounts.values().flat_map(|a| &a.logs) {
            if let LogSource::File(path) = source {
                files.entry(source.clone()).or_insert_with(|| follow::start(path, &new_lines, stop.clone()));
            }
        }
        Self { files, new_lines, _stop: stop.drop_guard() }
    }

    /// Where the logs stand; `now` is in seconds since 1970.
    pub fn mark(&self, now: UnixTime) -> Mark {
        Mark { ends: Some(self.files.iter().map(|(source, feed)| (source.clone(), feed.end())).collect()), now }
    }

    /// A moment before anybody followed these logs: files are read from their beginning. `then` is in seconds since 1970.
    pub(crate) fn mark_past(then: UnixTime) -> Mark {
        Mark { ends: None, now: then }
    }

    /// The lines about a message, once they are complete or have been waited for long enough.
    pub async fn gather(&self, request: &LogRequest<'_>) -> LogResult {
        let started = Instant::now();
        let mut readers = JoinSet::new();
        let mut sources: Vec<Source<'_>> = Vec::new();
        for (account, log) in request.accounts.iter().flat_map(|a| a.logs.iter().map(|l| (a.name.as_str(), l))) {
            match sources.iter_mut().find(|s| s.log == log) {
                Some(known) => known.accounts.push(account),
                None => sources.push(self.source(account, log, request, &mut readers)),
            }
        }
        let mut new_lines = self.new_lines.listen();
        loop {
            new_lines.mark_unchanged();
            let seen: Vec<SeenLines<'_>> = sources.iter().map(|s| s.look(request.message_id)).collect();
            let lines = numbered(&seen);
            let enough = (request.enough)(&lines);
            let until = seen.iter().filter_map(|seen| seen.until(started, enough, request.until)).max();
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            match left.filter(|left| !left.is_zero()) {
                None => return LogResult { lines, unread: seen.iter().flat_map(SeenLines::unread).collect() },
                // Whatever ends the waiting, the logs are looked at once more.
                Some(left) => drop(tokio::time::timeout(left, new_lines.changed()).await),
            }
        }
    }

    fn source<'a>(
        &self,
        account: &'a str,
        log: &'a LogSource,
        request: &LogRequest<'_>,
        readers: &mut JoinSet<()>,
    ) -> Source<'a> {
        let (accounts, since) = (vec![account], request.since);
        match (log, self.files.get(log)) {
            (LogSource::Program { words, folder }, _) => {
                let since = since.now.saturating_sub(CLOCKS).to_string();
                let words: Vec<String> = words.iter().map(|w| w.replace("{since}", &since)).collect();
                let feed = Arc::new(Feed::new(&self.new_lines));
                feed.run(true);
                readers.spawn(program::run(words, folder.clone(), Arc::clone(&feed), PROGRAM));
                Source { log, accounts, feed, from: 0, is_past: false }
            }
            (LogSource::File(path), _) if since.ends.is_none() => {
                let feed = Arc::new(Feed::new(&self.new_lines));
                feed.run(true);
                readers.spawn(follow::whole(path.clone(), request.message_id.to_owned(), Arc::clone(&feed)));
                Source { log, accounts, feed, from: 0, is_past: true }
            }
            (LogSource::File(_), Some(feed)) => {
                let from = since.ends.iter().find_map(|ends| ends.get(log)).copied().unwrap_or_default();
                Source { log, accounts, feed: Arc::clone(feed), from, is_past: false }
            }
            (LogSource::File(path), None) => {
                let feed = Arc::new(Feed::new(&self.new_lines));
                feed.fail(LogError::new(format!("{} is not followed", path.display()), "report this as a bug"));
                Source { log, accounts, feed, from: 0, is_past: false }
            }
        }
    }
}

/// One log and the accounts whose server writes it.
struct Source<'a> {
    log: &'a LogSource,
    accounts: Vec<&'a str>,
    feed: Arc<Feed>,
    from: u64,
    /// It is a file that was written before anybody followed it; it may have been put away since.
    is_past: bool,
}

/// What a log says of the message at a moment.
struct SeenLines<'a> {
    source: &'a Source<'a>,
    about: Vec<Arc<str>>,
    progress: Progress,
    error: Option<LogError>,
    /// A program that has not yet come to its end once.
    is_running: bool,
}

impl Source<'_> {
    fn look(&self, message_id: &str) -> SeenLines<'_> {
        let (lines, error, is_running) = self.feed.since(self.from);
        let about: Vec<Arc<str>> = log::about(&lines, message_id).into_iter().map(|n| Arc::clone(&lines[n])).collect();
        SeenLines { source: self, progress: log::progress(&about), about, error, is_running }
    }
}

impl SeenLines<'_> {
    /// Until when more is waited for; `None` when nothing more is.
    fn until(&self, started: Instant, enough: bool, wanted: Option<Instant>) -> Option<Instant> {
        if self.error.is_some() {
            return None;
        }
        let patience = match (self.is_running, self.progress) {
            (true, _) if self.source.is_past => WHOLE,
            (_, Progress::Ended) if enough => return None,
            (_, Progress::Ended) => MORE,
            (true, _) => PROGRAM,
            (false, Progress::Begun) => END,
            (false, Progress::Nothing) => UNKNOWN,
        };
        let end = started + patience;
        Some(if enough { end } else { wanted.map_or(end, |wanted| end.max(wanted)) })
    }

    fn unread(&self) -> Vec<UnreadLog> {
        let Some(LogError { problem, next }) = self.problem() else { return Vec::new() };
        let unread = self.source.accounts.iter().map(|account| UnreadLog {
            account: (*account).to_owned(),
            source: self.source.log.to_string(),
            problem: problem.clone(),
            next: next.clone(),
        });
        unread.collect()
    }

    /// Why the log cannot tell what it should.
    fn problem(&self) -> Option<LogError> {
        let Source { log, is_past, .. } = self.source;
        if self.error.is_some() || !is_past {
            return self.error.clone();
        }
        if self.is_running {
            let problem = format!("{log} was not read to its end within {}", duration::human(WHOLE));
            let next = "name a program that prints less of it, as `journalctl --since @{since}` does";
            return Some(LogError::new(problem, next));
        }
        let next = "read the log by hand, or name a program that reads far enough back, as journalctl does";
        self.about.is_empty().then(|| LogError::new(format!("{log} says nothing of the mail any more"), next))
    }
}

/// The lines by the artifacts that they are kept in, each with its number there.
fn numbered(seen: &[SeenLines<'_>]) -> Vec<LogLine> {
    let mut lines = Vec::new();
    let (mut rspamd, mut mail) = (0_u32, 0_u32);
    for (source, text) in seen.iter().flat_map(|s| s.about.iter().map(|text| (s.source, text))) {
        let (artifact, count) = match log::program(text) {
            log::Program::Rspamd => ("rspamd.log", &mut rspamd),
            log::Program::Mail => ("mail.log", &mut mail),
        };
        *count += 1;
        lines.extend(source.accounts.iter().map(|account| LogLine {
            account: (*account).to_owned(),
            artifact: artifact.to_owned(),
            line: *count,
            text: text.to_string(),
        }));
    }
    lines
}

#[cfg(test)]
mod tests;
