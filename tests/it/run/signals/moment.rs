//! Moments of a run: at a line that it tells, or between two of them.

use super::Scene;
use crate::support::program::{Ran, Signalled};
use std::time::{Duration, Instant};

/// When a whole run told what.
pub(super) struct Course {
    told: Vec<Duration>,
    took: Duration,
}

/// When so many lines were told, and so long after the last of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    lines: usize,
    after: Duration,
}

impl Course {
    /// That of a run that nobody ends.
    pub(super) fn of(scene: &Scene) -> Self {
        let began = Instant::now();
        let mut told = Vec::new();
        let mut run = Signalled::start(scene.project.command(&scene.args()));
        while run.line().is_some() {
            told.push(began.elapsed());
        }
        let ran = run.end();
        assert_eq!(ran.code, 0, "{ran}");
        Self { told, took: began.elapsed() }
    }

    /// So many moments, in turn at lines and in what time passes between them, each spread over the whole run.
    pub(super) fn moments(&self, so_many: usize) -> impl Iterator<Item = Moment> + use<'_> {
        (0..so_many).map(move |n| match n % 2 {
            0 => Moment { lines: 1 + self.told.len() * n / so_many, after: Duration::ZERO },
            _ => {
                let at = self.took.mul_f64(n as f64 / so_many as f64);
                let lines = self.told.partition_point(|told| *told <= at);
                let last = lines.checked_sub(1).map_or(Duration::ZERO, |last| self.told[last]);
                Moment { lines, after: at - last }
            }
        })
    }
}

/// Sends the signal at a moment; one that comes after the last line finds a run that has ended.
pub(super) fn end_at(scene: &Scene, moment: Moment, signal: &str) -> Ran {
    let mut run = Signalled::start(scene.project.command(&scene.args()));
    until(&mut run, moment);
    run.send(signal);
    run.end()
}

/// Waits for a moment of a run.
pub(super) fn until(run: &mut Signalled, Moment { lines, after }: Moment) {
    for _ in 0..lines {
        if run.line().is_none() {
            break;
        }
    }
    pause(after);
}

#[expect(clippy::disallowed_methods, reason = "what happens at this moment is announced by nobody")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
