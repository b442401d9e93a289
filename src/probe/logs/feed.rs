//! Lines of one log as they come, kept for everybody who waits for some of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How much of a log is kept, in bytes; of a busier server's log the oldest lines go.
const KEPT: usize = 64 << 20;

/// Tells that something is new in any log.
#[derive(Debug, Clone, Default)]
pub(super) struct NewLines(watch::Sender<()>);

impl NewLines {
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// A log could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogError {
    /// What went wrong.
    pub(super) problem: String,
    /// What the person can do.
    pub(super) next: String,
}

impl LogError {
    pub(super) fn new(problem: impl Into<String>, next: impl Into<String>) -> Self {
        Self { problem: problem.into(), next: next.into() }
    }
}

/// The lines of a log.
#[derive(Debug)]
pub(super) struct Feed {
    state: Mutex<State>,
    new_lines: NewLines,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the first line that is kept.
    first: u64,
    lines: VecDeque<Arc<str>>,
    bytes: usize,
    error: Option<LogError>,
    is_running: bool,
}

impl Feed {
    pub(super) fn new(new_lines: &NewLines) -> Self {
        Self { state: Mutex::default(), new_lines: new_lines.clone() }
    }

    /// The number that the next line will have.
    pub(super) fn end(&self) -> u64 {
        let state = self.state();
        state.first + state.lines.len() as u64
    }

    /// The lines from a number on, what keeps more from being read, and whether a first reading is not yet over.
    pub(super) fn since(&self, from: u64) -> (Vec<Arc<str>>, Option<LogError>, bool) {
        let state = self.state();
        let skip = usize::try_from(from.saturating_sub(state.first)).unwrap_or(usize::MAX);
        (state.lines.iter().skip(skip).cloned().collect(), state.error.clone(), state.is_running)
    }

    /// Adds lines; the log can be read, then.
    pub(super) fn add(&self, lines: Vec<String>) {
        let mut state = self.state();
        if lines.is_empty() && state.error.is_none() {
            return;
        }
        state.error = None;
        for line in lines {
            state.bytes += line.len();
            state.lines.push_back(line.into());
        }
        while state.bytes > KEPT {
            let Some(oldest) = state.lines.pop_front() else { break };
            state.bytes -= oldest.len();
            state.first += 1;
        }
        self.tell(state);
    }

    /// Puts lines in the place of those that were there.
    pub(super) fn replace(&self, lines: Vec<String>) {
        let mut state = self.state();
        *state = State { is_running: state.is_running, ..State::default() };
        drop(state);
        self.add(lines);
    }

    /// Notes why the log cannot be read.
    pub(super) fn fail(&self, error: LogError) {
        let mut state = self.state();
        if state.error.as_ref() != Some(&error) {
            state.error = Some(error);
            self.tell(state);
        }
    }

    /// Notes whether a first reading is under way.
    pub(super) fn run(&self, is_running: bool) {
        let mut state = self.state();
        state.is_running = is_running;
        self.tell(state);
    }

    fn tell(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.new_lines.0.send_replace(());
    }

    /// The lines are whole at any moment, so that a panic elsewhere does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_when_the_oldest_go() {
        let feed = Feed::new(&NewLines::default());
        let line = "x".repeat(KEPT / 4);
        for n in 0..6 {
            assert_eq!(feed.end(), n);
            feed.add(vec![format!("{n}{line}")]);
        }
        let numbers = |from| -> Vec<String> { feed.since(from).0.iter().map(|line| line[..1].to_owned()).collect() };
        assert_eq!((numbers(0).concat(), numbers(4).concat(), numbers(6).len()), ("345".into(), "45".into(), 0));
    }
}
