//! The sending end of the event stream.

use crate::{
    core::Redactor,
    outcome::{Event, RunEvent, event::VERSION},
};
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, mpsc::Sender},
};

/// Tells the time of day. Handed down from the top, so that nothing else asks the system for it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks this function.
    pub fn new(now: impl Fn() -> jiff::Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> jiff::Timestamp {
        (self.0)()
    }

    /// The time as RFC 3339, UTC, with milliseconds.
    pub fn text(&self) -> String {
        text(self.now())
    }
}

/// A moment as RFC 3339, UTC, with milliseconds.
pub(super) fn text(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Takes an event.
type Record = Arc<dyn Fn(&RunEvent) + Send + Sync>;

/// Numbers events, stamps them with the time, and sends them. Clones share one stream.
#[derive(Clone)]
pub struct EventSender {
    stream: Arc<Mutex<(u64, Sender<RunEvent>)>>,
    clock: Clock,
    redactor: Redactor,
    record: Option<Record>,
}

impl EventSender {
    /// A stream that starts at event 0.
    pub fn new(to: Sender<RunEvent>, clock: Clock) -> Self {
        Self { stream: Arc::new(Mutex::new((0, to))), clock, redactor: Redactor::new(), record: None }
    }

    /// A stream in whose texts every secret is masked, before anybody wraps, escapes or shortens them.
    pub fn masked_by(self, redactor: Redactor) -> Self {
        Self { redactor, ..self }
    }

    /// A stream of which every event is given to `record` before [`emit`](Self::emit) returns: however the process ends,
    /// nothing was done that the record does not tell of. Those who only read the stream may be behind.
    pub(crate) fn recorded_by(self, record: impl Fn(&RunEvent) + Send + Sync + 'static) -> Self {
        Self { record: Some(Arc::new(record)), ..self }
    }

    /// The clock of the stream.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Sends an event. A stream that nobody reads any more takes it silently: the run goes on.
    pub fn emit(&self, event: Event) {
        // Numbering and sending are one step, so that events arrive in their order.
        if let Ok(mut stream) = self.stream.lock() {
            let (seq, to) = &mut *stream;
            let event = masked(RunEvent { v: VERSION, t: self.clock.text(), seq: *seq, event }, &self.redactor);
            *seq += 1;
            if let Some(record) = &self.record {
                record(&event);
            }
            let _ = to.send(event);
        }
    }
}

impl fmt::Debug for EventSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSender")
    }
}

/// The event with every secret in its texts masked. What masking makes unreadable (a secret that is a word of the format) goes
/// on as it is: reports mask what they write themselves, too.
fn masked(event: RunEvent, redactor: &Redactor) -> RunEvent {
    let Ok(mut value) = serde_json::to_value(&event) else { return event };
    if !mask(&mut value, redactor) {
        return event;
    }
    serde_json::from_value(value).unwrap_or(event)
}

/// Masks every text of a value; whether there was anything to mask.
fn mask(value: &mut Value, redactor: &Redactor) -> bool {
    match value {
        Value::String(text) => match redactor.text(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(masked) => {
                *text = masked;
                true
            }
        },
        Value::Array(all) => all.iter_mut().fold(false, |any, one| mask(one, redactor) | any),
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().filter(|key| redactor.leaks(key.as_bytes())).cloned().collect();
            for key in &keys {
                if let Some(value) = fields.remove(key) {
                    fields.insert(redactor.text(key).into_owned(), value);
                }
            }
            fields.values_mut().fold(!keys.is_empty(), |any, one| mask(one, redactor) | any)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{ScenarioId, Secret};

    #[test]
    fn texts_are_masked_and_words_of_the_format_stay() {
        let (to, from) = std::sync::mpsc::channel();
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("hunter2"));
        redactor.learn("me", &Secret::new("slow"));
        let events = EventSender::new(to, Clock::new(jiff::Timestamp::now)).masked_by(redactor);
        events.emit(Event::Note { text: "the server said hunter2".into() });
        events.emit(Event::Slow { scenario: ScenarioId::new("x"), attempt: 1, ms: 7 });
        drop(events);
        let events: Vec<_> = from.iter().map(|e| e.event).collect();
        assert_eq!(events[0], Event::Note { text: "the server said [REDACTED]".into() });
        assert_eq!(events[1], Event::Slow { scenario: ScenarioId::new("x"), attempt: 1, ms: 7 });
    }

    #[test]
    fn an_event_is_recorded_before_it_is_read() {
        let (to, from) = std::sync::mpsc::channel();
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let (record, from) = (Arc::clone(&recorded), Mutex::new(from));
        let events = EventSender::new(to, Clock::new(jiff::Timestamp::now)).recorded_by(move |event| {
            let is_read = from.lock().unwrap().try_recv().is_ok();
            record.lock().unwrap().push((event.clone(), is_read));
        });
        let [first, second] = [1, 2].map(|ms| Event::Slow { scenario: ScenarioId::new("x"), attempt: 1, ms });
        events.emit(first.clone());
        assert_eq!(recorded.lock().unwrap().len(), 1);
        events.emit(second.clone());
        let recorded = recorded.lock().unwrap();
        let recorded: Vec<_> = recorded.iter().map(|(event, is_read)| (event.event.clone(), *is_read)).collect();
        assert_eq!(recorded, [(first, false), (second, true)]);
    }

    #[test]
    fn events_are_numbered_without_gaps() {
        let (to, from) = std::sync::mpsc::channel();
        let clock = Clock::new(|| jiff::Timestamp::from_millisecond(1_795_486_200_007).unwrap());
        let events = EventSender::new(to, clock);
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let events = events.clone();
                std::thread::spawn(move || {
                    for ms in 0..50 {
                        events.emit(Event::Slow { scenario: ScenarioId::new(n.to_string()), attempt: 1, ms });
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        drop(events);
        let events: Vec<_> = from.iter().collect();
        assert!(events.iter().map(|e| e.seq).eq(0..200));
        assert_eq!(events[0].t, "2026-11-24T02:10:00.007Z");
    }
}
