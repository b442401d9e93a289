//! For people: a line per scenario, a block per failure, a summary; and what is going on meanwhile.

mod excerpt;
mod failure_block;
mod line;
mod path_drawing;
mod progress;
mod style;
mod summary_lines;
mod wrap;

pub use failure_block::diagnosis_text;
pub(super) use line::seconds;
pub use style::{Palette, Tone};
pub use wrap::{columns, wrap};

use super::{MaskedWriter, Reporter, RunSummary, claim_lines};
use crate::{
    core::{RunId, ScenarioId},
    outcome::{Event, RunEvent, ScenarioReport, Status, StepStatus},
    report::plain,
};
use progress::{Activity, Progress, Running};
use std::{
    io,
    time::{Duration, Instant},
};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressKind {
    /// Lines that are redrawn; for terminals.
    Bar,
    /// One line when nothing else was printed for a while.
    Lines,
    /// Not at all.
    None,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and the summary.
    Quiet,
    /// A line per scenario too.
    Normal,
    /// Every check too.
    Verbose,
    /// Every step too.
    Everything,
}

/// How the console looks.
#[derive(Debug, Clone)]
pub struct Options {
    /// Colours.
    pub palette: Palette,
    /// Progress.
    pub progress: ProgressKind,
    /// How much is told.
    pub verbosity: Verbosity,
    /// Whether the sink is standard error, where progress then goes too.
    pub stderr: bool,
    /// The run's directory as shown to people.
    pub run_dir: String,
    /// The columns of the terminal; none elsewhere, where lines are as long as they are.
    pub columns: Option<usize>,
    /// Without a terminal: how long nothing may be printed.
    pub patience: Duration,
}

/// The console.
pub struct Console {
    out: MaskedWriter,
    options: Options,
    activity: Activity,
    progress: Progress,
    slow: usize,
}

impl Console {
    /// Prints to this sink.
    pub fn new(out: MaskedWriter, options: Options) -> Self {
        let progress = match options.progress {
            ProgressKind::Bar => Progress::bar(options.stderr),
            ProgressKind::Lines => Progress::lines(options.patience),
            ProgressKind::None => Progress::None,
        };
        let activity = Activity { started: Instant::now(), selected: 0, done: 0, running: Vec::new() };
        Self { out, options, activity, progress, slow: 0 }
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        let (out, color) = (&mut self.out, self.options.palette.color);
        self.progress.aside(|| if color { out.coloured_line(text) } else { out.line(text) })
    }

    /// Prints unless it was told to be brief.
    fn tell(&mut self, least: Verbosity, text: &str) -> io::Result<()> {
        if self.options.verbosity >= least { self.print(text) } else { Ok(()) }
    }

    fn started(&mut self, run: &RunId, jobs: usize, summary: &RunSummary) -> io::Result<()> {
        let selected = summary.totals.selected;
        self.activity.selected = selected;
        self.activity.started = Instant::now();
        let scenarios = if selected == 1 { "scenario" } else { "scenarios" };
        let jobs = format!("{jobs} {}", if jobs == 1 { "job" } else { "jobs" });
        let (tool, target, run) = (&summary.tool, plain(&summary.target), run.short());
        let mut line = format!("{tool} · target {target} · {selected} {scenarios} · {jobs} · run {run}");
        if let Some(earlier) = &summary.resumes {
            line.push_str(&format!(" · looks again for the mail of {}", earlier.short()));
        }
        self.tell(Verbosity::Normal, &line)
    }

    fn finished(&mut self, report: &ScenarioReport) -> io::Result<()> {
        let palette = self.options.palette;
        self.activity.running.retain(|r| r.id != report.id);
        self.activity.done += 1;
        let broken = report.status.is_broken();
        let line = line::finished(palette, report);
        // What was never begun is counted in the summary; a line for each would bury the rest.
        let least = match (broken, report.status) {
            (true, _) => Verbosity::Quiet,
            (_, Status::NotRun) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        self.tell(least, &line)?;
        if self.options.verbosity >= Verbosity::Verbose {
            for check in report.attempts.last().iter().flat_map(|a| &a.assertions) {
                let (word, tone) = if check.passed { ("ok", Tone::Good) } else { ("no", Tone::Bad) };
                let text = plain(&format!("{}: {}", check.path, check.actual));
                self.print(&format!("{} {text}", line::pad(palette, tone, word)))?;
            }
        }
        if broken {
            let block = failure_block::block(palette, self.options.columns, &self.options.run_dir, report);
            self.print(&block)?;
        } else {
            // Who is right, and what was not asserted, is worth a word also where nothing failed.
            let last = report.attempts.last();
            let claims = last.iter().flat_map(|a| &a.observed).flat_map(|o| claim_lines::disagreements(&o.claims));
            let notes = last.iter().flat_map(|a| &a.notes).map(|note| plain(note));
            for said in claims.chain(notes) {
                let line = line::timed(palette, Tone::Doubtful, "NOTE", report.duration_ms, report.id.as_str(), &said);
                self.tell(Verbosity::Normal, &line)?;
            }
        }
        Ok(())
    }

    fn running(&mut self, scenario: &ScenarioId, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.activity.running(scenario) {
            change(running);
        }
    }
}

impl Reporter for Console {
    fn event(&mut self, event: &RunEvent, so_far: &RunSummary) -> io::Result<()> {
        let palette = self.options.palette;
        match &event.event {
            Event::RunStarted { run, jobs, .. } => self.started(run, *jobs, so_far)?,
            Event::Note { text } => {
                let text = plain(text);
                self.tell(Verbosity::Normal, &format!("{} {text}", line::pad(palette, Tone::Faint, "NOTE")))?;
            }
            Event::ScenarioStarted { scenario, .. } => {
                let now = Instant::now();
                let stage = "starts".to_owned();
                let id = scenario.clone();
                self.activity.running.push(Running { id, since: now, attempt: 1, attempt_since: now, stage });
            }
            Event::AttemptStarted { scenario, attempt, .. } => self.running(scenario, |r| {
                r.attempt = *attempt;
                r.attempt_since = Instant::now();
            }),
            Event::Step { scenario, kind, status, ms, detail, .. } => {
                self.running(scenario, |r| r.stage = line::stage(kind, *status == StepStatus::Begun, detail));
                let text = plain(&format!("{scenario}: {kind} {status} {ms} ms {detail}"));
                self.tell(Verbosity::Everything, &format!("{} {text}", line::pad(palette, Tone::Faint, "step")))?;
            }
            Event::MailComposed { .. } | Event::MailSubmitted { .. } | Event::Poll { .. } | Event::Assertion { .. } => {
            }
            Event::Slow { scenario, ms, .. } => {
                self.slow += 1;
                let line = line::timed(palette, Tone::Doubtful, "SLOW", *ms, scenario.as_str(), "still waiting");
                self.tell(Verbosity::Normal, &line)?;
            }
            Event::AttemptFinished { scenario, attempt, status, duration_ms } => {
                self.running(scenario, |r| "pause".clone_into(&mut r.stage));
                let (id, word) = (scenario.as_str(), format!("TRY {attempt} {}", status.word()));
                let line = line::timed(palette, Tone::Doubtful, &word, *duration_ms, id, "trying again");
                self.tell(Verbosity::Normal, &line)?;
            }
            Event::ScenarioFinished { report, .. } => self.finished(report)?,
            Event::ScenarioAmended { report, .. } => {
                let least = if report.status.is_broken() { Verbosity::Quiet } else { Verbosity::Normal };
                self.tell(least, &line::finished(palette, report))?;
            }
            Event::RunFinished { .. } => {
                self.progress.clear();
                for line in summary_lines::lines(palette, so_far, self.slow)? {
                    self.print(&line)?;
                }
            }
        }
        Ok(())
    }

    fn tick(&mut self) -> io::Result<()> {
        match self.progress.show(self.options.palette, &self.activity) {
            Some(line) => self.tell(Verbosity::Normal, &line),
            None => Ok(()),
        }
    }

    fn finish(&mut self, whole: &RunSummary) -> io::Result<()> {
        self.progress.clear();
        // A run that was refused has nothing to tell.
        if whole.run.is_some() && whole.exit_code.is_none() {
            self.print("the run broke off")?;
            for line in summary_lines::lines(self.options.palette, whole, self.slow)? {
                self.print(&line)?;
            }
        }
        Ok(())
    }
}
