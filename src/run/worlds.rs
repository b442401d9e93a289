//! The worlds of a run: one for every setting of the knobs, or the one that the person described.

use super::{
    EventSender, Stop,
    clock_check::ClockCheck,
    deliveries::Deliveries,
    late_arrivals::{self, LateArrival},
    world::World,
};
use crate::{
    core::Redactor,
    lab::{Lab, LabError, ServerProgram, Settings},
    outcome::{Connections, Event, HarnessError, HarnessErrorKind},
    probe::{
        logs::Logs,
        mailbox::{self, Mailboxes},
        token::Tokens,
    },
    target::{Knobs, Target, TargetKind},
    verify::Dns,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::OnceCell;

/// A world and how many scenarios still need it.
struct WorldSlot {
    cell: Arc<OnceCell<Arc<World>>>,
    needed: usize,
}

/// There is no world, and why.
#[derive(Debug)]
pub(super) enum Unbuilt {
    /// The harness could not build it.
    Harness(HarnessError),
    /// The company's server does not start with the person's own configuration, as its program says: what a run is there to
    /// find out.
    Configuration {
        /// Which program.
        program: ServerProgram,
        /// What it says.
        said: String,
    },
}

/// Every world of a run. Each is built when the first scenario needs it and closed after the last.
pub(super) struct Worlds {
    source: WorldSource,
    poll: Duration,
    redactor: Redactor,
    events: EventSender,
    stop: Stop,
    said: Mutex<BTreeSet<String>>,
    slots: Mutex<HashMap<Knobs, WorldSlot>>,
    connections: Mutex<Connections>,
}

/// Where worlds come from.
#[derive(Debug, Clone)]
pub enum WorldSource {
    /// We build them.
    Lab(TargetKind, Box<Settings>),
    /// The person described one.
    Target(Box<Target>),
}

impl WorldSource {
    /// The kind of world.
    pub fn kind(&self) -> TargetKind {
        match self {
            Self::Lab(kind, _) => *kind,
            Self::Target(target) => target.kind,
        }
    }

    /// Who is there, as far as that is known before a world is built; `None` when it is one that nobody can build.
    pub(crate) fn outline(&self) -> Option<Target> {
        match self {
            Self::Lab(kind, settings) => Lab::outline(*kind, settings),
            Self::Target(target) => Some((**target).clone()),
        }
    }
}

impl Worlds {
    /// Worlds for scenarios with these knobs; `poll` is the longest that a mailbox is left unasked.
    pub(super) fn new(
        source: WorldSource,
        poll: Duration,
        redactor: Redactor,
        events: EventSender,
        stop: Stop,
        needs: &[Knobs],
    ) -> Self {
        let mut slots: HashMap<Knobs, WorldSlot> = HashMap::new();
        for knobs in needs {
            let key = key(&source, knobs);
            slots.entry(key).or_insert_with(|| WorldSlot { cell: Arc::default(), needed: 0 }).needed += 1;
        }
        if let WorldSource::Target(target) = &source {
            // Before the first event tells of anything.
            learn(target, &redactor);
        }
        let slots = Mutex::new(slots);
        Self { source, poll, redactor, events, stop, said: Mutex::default(), slots, connections: Mutex::default() }
    }

    /// The world for these knobs.
    pub(super) async fn world(&self, knobs: &Knobs) -> Result<Arc<World>, Unbuilt> {
        let cell = {
            let mut slots = self.slots.lock().map_err(|_| Unbuilt::Harness(poisoned()))?;
            let slot =
                slots.entry(key(&self.source, knobs)).or_insert_with(|| WorldSlot { cell: Arc::default(), needed: 1 });
            Arc::clone(&slot.cell)
        };
        cell.get_or_try_init(|| self.build(knobs)).await.map(Arc::clone)
    }

    async fn build(&self, knobs: &Knobs) -> Result<Arc<World>, Unbuilt> {
        let (target, lab) = match &self.source {
            WorldSource::Target(target) => ((**target).clone(), None),
            WorldSource::Lab(kind, settings) => {
                let lab = Lab::start(*kind, knobs, settings).await.map_err(|e| match e {
                    LabError::Configuration { program, said } => Unbuilt::Configuration { program, said },
                    e => {
                        let (code, stage) = match &e {
                            LabError::Unreachable { .. } => {
                                (HarnessErrorKind::Connection, "reach the company's server".to_owned())
                            }
                            _ => (HarnessErrorKind::Lab, format!("start target {kind}")),
                        };
                        Unbuilt::Harness(HarnessError::new(code, stage, e.to_string(), e.next()))
                    }
                })?;
                self.say(lab.notes());
                (lab.target().clone(), Some(lab))
            }
        };
        learn(&target, &self.redactor);
        let dns = target.dns.map_or_else(Dns::system, Dns::server).map_err(|e| {
            let next = "check /etc/resolv.conf, or name a server with `dns:` in sealcheck.yaml";
            Unbuilt::Harness(HarnessError::new(HarnessErrorKind::Dns, "set up DNS", e.to_string(), next))
        })?;
        let tokens = Tokens::new(self.redactor.clone());
        let mailboxes = Mailboxes::with_tokens(self.poll, mailbox::Limits::default(), tokens.clone());
        let logs = Logs::open(&target);
        let (deliveries, clock_check) = (Deliveries::default(), ClockCheck::default());
        Ok(Arc::new(World { target, mailboxes, tokens, logs, dns, deliveries, clock_check, lab }))
    }

    /// Tells what no world of this run has told yet.
    fn say(&self, notes: &[String]) {
        let Ok(mut said) = self.said.lock() else { return };
        for text in notes.iter().filter(|note| said.insert(note.to_string())) {
            self.events.emit(Event::Note { text: text.clone() });
        }
    }

    /// One scenario less needs the world for these knobs; after the last it is closed. What came late is told then.
    pub(super) async fn release(&self, knobs: &Knobs) -> Vec<LateArrival> {
        let last = self.slots.lock().ok().and_then(|mut slots| {
            let key = key(&self.source, knobs);
            let slot = slots.get_mut(&key)?;
            slot.needed = slot.needed.saturating_sub(1);
            if slot.needed == 0 { slots.remove(&key) } else { None }
        });
        match last.as_ref().and_then(|slot| slot.cell.get()) {
            Some(world) => self.end(world).await,
            None => Vec::new(),
        }
    }

    async fn end(&self, world: &World) -> Vec<LateArrival> {
        let late = tokio::select! {
            biased;
            () = self.stop.cut_off() => Vec::new(),
            late = late_arrivals::look(world) => late,
        };
        world.tokens.close();
        world.mailboxes.close().await;
        let (opened, reopened) = world.mailboxes.connections();
        if let Ok(mut connections) = self.connections.lock() {
            connections.opened += opened;
            connections.reopened += reopened;
        }
        late
    }

    /// The IMAP connections of every world that was closed.
    pub(super) fn connections(&self) -> Connections {
        self.connections.lock().map(|c| *c).unwrap_or_default()
    }

    /// Closes what is left: after a run that was cut short. What came late is told then.
    pub(super) async fn close(&self) -> Vec<LateArrival> {
        let left: Vec<WorldSlot> =
            self.slots.lock().map(|mut slots| slots.drain().map(|(_, s)| s).collect()).unwrap_or_default();
        let mut late = Vec::new();
        for world in left.iter().filter_map(|slot| slot.cell.get()) {
            late.extend(self.end(world).await);
        }
        late
    }
}

/// Tells the redactor every secret of a target.
fn learn(target: &Target, redactor: &Redactor) {
    for account in target.accounts.values() {
        let endpoints = [account.smtp.as_ref(), account.mx.as_ref(), account.imap.as_ref().map(|i| &i.endpoint)];
        for login in endpoints.into_iter().flatten().filter_map(|e| e.login.as_ref()) {
            let client = login.oauth.iter().flat_map(|client| [&client.id, &client.secret]);
            [&login.secret].into_iter().chain(client).for_each(|secret| redactor.learn(&login.user, secret));
        }
    }
}

/// A world whose company is not ours has no knobs.
fn key(source: &WorldSource, knobs: &Knobs) -> Knobs {
    match source {
        WorldSource::Lab(TargetKind::Staging, _) | WorldSource::Target(_) => Knobs::default(),
        WorldSource::Lab(..) => knobs.clone(),
    }
}

fn poisoned() -> HarnessError {
    HarnessError::new(HarnessErrorKind::Lab, "start a world", "another scenario panicked", "report this as a bug")
}
