//! What is going on right now: lines that are redrawn on a terminal, or a word every half minute elsewhere.

use super::{
    line,
    style::{Palette, Tone},
};
use crate::{core::ScenarioId, report::plain};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// How many running scenarios have a line of their own.
const LINES: usize = 8;
/// The columns of the bar.
const BAR: usize = 20;

/// A scenario that is running.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) id: ScenarioId,
    pub(super) since: Instant,
    pub(super) attempt: u32,
    pub(super) attempt_since: Instant,
    pub(super) stage: String,
}

/// What is going on.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    pub(super) started: Instant,
    pub(super) selected: usize,
    pub(super) done: usize,
    pub(super) running: Vec<Running>,
}

impl Activity {
    pub(super) fn running(&mut self, id: &ScenarioId) -> Option<&mut Running> {
        self.running.iter_mut().find(|r| r.id == *id)
    }

    /// The lines of a terminal at this moment.
    fn lines(&self, palette: Palette, now: Instant) -> Vec<String> {
        let shown = self.running.iter().take(LINES).map(|r| {
            let stage = match r.attempt {
                0 | 1 => r.stage.clone(),
                n => format!("{}, attempt {n}", r.stage),
            };
            line::timed(palette, Tone::Faint, "", millis(now - r.since), r.id.as_str(), &stage)
        });
        let mut lines: Vec<_> = shown.collect();
        if let Some(more) = self.running.len().checked_sub(LINES).filter(|m| *m > 0) {
            lines.push(format!("{:w$} {more} more", "", w = line::WORD));
        }
        lines.push(self.bar(palette, now));
        lines
    }

    fn bar(&self, palette: Palette, now: Instant) -> String {
        let elapsed = now - self.started;
        let left = self.selected.saturating_sub(self.done + self.running.len());
        let full = (BAR * self.done).checked_div(self.selected).unwrap_or(BAR);
        let eta = match (u32::try_from(self.done), u32::try_from(self.selected - self.done)) {
            (Ok(done), Ok(rest)) if done > 0 => format!(", eta {}s", (elapsed / done * rest).as_secs()),
            _ => String::new(),
        };
        format!(
            "{} [{:>6.2}s] {}{} {} done, {} running, {left} left{eta}",
            line::pad(palette, Tone::Good, "Running"),
            line::seconds(millis(elapsed)),
            "█".repeat(full),
            "░".repeat(BAR - full),
            self.done,
            self.running.len(),
        )
    }

    /// `still waiting: forward-arc (wait 31s), direct (send 30s)`; `None` when nothing runs.
    fn waiting(&self, now: Instant) -> Option<String> {
        let names: Vec<_> = self
            .running
            .iter()
            .map(|r| format!("{} ({} {}s)", plain(r.id.as_str()), r.stage, (now - r.since).as_secs()))
            .collect();
        (!names.is_empty()).then(|| format!("still waiting: {}", names.join(", ")))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How progress is shown.
pub(super) enum Progress {
    /// Redrawn lines.
    Bar(ProgressBar),
    /// A line when nothing else was printed for so long.
    Lines { every: Duration, last: Instant },
    /// Not at all.
    None,
}

impl Progress {
    /// Lines that are redrawn on this terminal.
    pub(super) fn bar(stderr: bool) -> Self {
        let target = if stderr { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::stdout() };
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::Bar(ProgressBar::with_draw_target(None, target).with_style(style))
    }

    /// A line whenever nothing was printed for this long.
    pub(super) fn lines(every: Duration) -> Self {
        Self::Lines { every, last: Instant::now() }
    }

    /// Shows what is going on; the line to print, if there is one.
    pub(super) fn show(&mut self, palette: Palette, activity: &Activity) -> Option<String> {
        let now = Instant::now();
        match self {
            Self::Bar(bar) => {
                bar.set_message(activity.lines(palette, now).join("\n"));
                bar.tick();
                None
            }
            Self::Lines { every, last } if now - *last >= *every => {
                *last = now;
                activity.waiting(now)
            }
            Self::Lines { .. } | Self::None => None,
        }
    }

    /// Runs `print` while the redrawn lines are out of the way.
    pub(super) fn aside<T>(&mut self, print: impl FnOnce() -> T) -> T {
        match self {
            Self::Bar(bar) => bar.suspend(print),
            Self::Lines { last, .. } => {
                *last = Instant::now();
                print()
            }
            Self::None => print(),
        }
    }

    /// Takes the redrawn lines away for good.
    pub(super) fn clear(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
        *self = Self::None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_lines_and_a_bar() {
        let started = Instant::now();
        let now = started + Duration::from_secs(40);
        let running = (0..10)
            .map(|n| Running {
                id: ScenarioId::new(format!("s{n}")),
                since: started,
                attempt: 1 + n % 2,
                attempt_since: started,
                stage: "wait".into(),
            })
            .collect();
        let activity = Activity { started, selected: 40, done: 20, running };
        let lines = activity.lines(Palette { color: false }, now);
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[1], "             [ 40.00s] s1                            wait, attempt 2");
        assert_eq!(lines[8], "             2 more");
        assert_eq!(lines[9], "     Running [ 40.00s] ██████████░░░░░░░░░░ 20 done, 10 running, 10 left, eta 40s");
        assert!(activity.waiting(now).unwrap().starts_with("still waiting: s0 (wait 40s), s1 (wait 40s)"));
    }
}
