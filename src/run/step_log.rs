//! The steps of an attempt, told as they happen and kept for its report.

use super::events::EventSender;
use crate::{
    core::{Recorded, ScenarioId},
    outcome::{Event, Step, StepKind, StepStatus},
};
use serde_json::Value;
use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// The steps of one attempt.
pub(super) struct StepLog {
    events: EventSender,
    scenario: ScenarioId,
    attempt: u32,
    started: Instant,
    steps: Mutex<Vec<Step>>,
}

/// A step that has begun.
pub(super) struct OpenStep {
    kind: StepKind,
    at: Instant,
}

impl StepLog {
    pub(super) fn new(events: EventSender, scenario: ScenarioId, attempt: u32) -> Self {
        Self { events, scenario, attempt, started: Instant::now(), steps: Mutex::default() }
    }

    /// When the attempt began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Milliseconds from then on.
    pub(super) fn elapsed_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }

    pub(super) fn emit(&self, event: impl FnOnce(ScenarioId, u32) -> Event) {
        self.events.emit(event(self.scenario.clone(), self.attempt));
    }

    pub(super) fn begin(&self, kind: StepKind) -> OpenStep {
        self.begin_with(kind, String::new())
    }

    /// A step that says at its beginning what it is about.
    pub(super) fn begin_with(&self, kind: StepKind, detail: String) -> OpenStep {
        self.tell(kind, StepStatus::Begun, 0, detail);
        OpenStep { kind, at: Instant::now() }
    }

    pub(super) fn end(&self, begun: &OpenStep, status: StepStatus, detail: Value) {
        let duration_ms = millis(begun.at.elapsed());
        let text = match &detail {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.tell(begun.kind, status, duration_ms, text);
        self.all().push(Step {
            kind: Recorded::Known(begun.kind),
            status: Recorded::Known(status),
            at_ms: millis(begun.at - self.started),
            duration_ms,
            detail,
        });
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every step so far, for the report.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.all().clone()
    }

    /// One step that can fail: it begins, ends and is told of here.
    pub(super) async fn step<T, E: std::fmt::Display>(
        &self,
        kind: StepKind,
        work: impl Future<Output = Result<T, E>>,
        detail: impl FnOnce(&T) -> Value,
    ) -> Result<T, E> {
        let begun = self.begin(kind);
        let result = work.await;
        match &result {
            Ok(value) => self.end(&begun, StepStatus::Ok, detail(value)),
            Err(error) => self.end(&begun, StepStatus::Error, Value::String(error.to_string())),
        }
        result
    }

    fn tell(&self, kind: StepKind, status: StepStatus, ms: u64, detail: String) {
        let (kind, status) = (Recorded::Known(kind), Recorded::Known(status));
        self.emit(|scenario, attempt| Event::Step { scenario, attempt, kind, status, ms, detail });
    }
}

/// A duration as whole milliseconds.
pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
