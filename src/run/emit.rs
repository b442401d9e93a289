//! The sending end of the event stream.

use crate::outcome::{Event, RunEvent, event::VERSION};
use std::{
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
        self.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Numbers events, stamps them with the time, and sends them. Clones share one stream.
#[derive(Debug, Clone)]
pub struct Emitter {
    stream: Arc<Mutex<(u64, Sender<RunEvent>)>>,
    clock: Clock,
}

impl Emitter {
    /// A stream that starts at event 0.
    pub fn new(to: Sender<RunEvent>, clock: Clock) -> Self {
        Self { stream: Arc::new(Mutex::new((0, to))), clock }
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
            let event = RunEvent { v: VERSION, t: self.clock.text(), seq: *seq, event };
            *seq += 1;
            drop(to.send(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ScenarioId;

    #[test]
    fn events_are_numbered_without_gaps() {
        let (to, from) = std::sync::mpsc::channel();
        let clock = Clock::new(|| jiff::Timestamp::from_millisecond(1_795_486_200_007).unwrap());
        let emitter = Emitter::new(to, clock);
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let emitter = emitter.clone();
                std::thread::spawn(move || {
                    for ms in 0..50 {
                        emitter.emit(Event::Slow { scenario: ScenarioId::new(n.to_string()), attempt: 1, ms });
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        drop(emitter);
        let events: Vec<_> = from.iter().collect();
        assert!(events.iter().map(|e| e.seq).eq(0..200));
        assert_eq!(events[0].t, "2026-11-24T02:10:00.007Z");
    }
}
