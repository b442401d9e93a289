//! Which world do we carry? Servers for every party, started together and gone when the [`Lab`] is dropped.
//!
//! Nothing here uses the readers of `mail` or the judges of `verify`: one shared parser would let one bug hide on both
//! sides.

pub mod embedded;
#[cfg(target_os = "linux")]
mod postfix;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod process;
#[cfg(target_os = "linux")]
mod rspamd;
mod settings;
mod staging;
mod user_config;

pub use settings::Settings;
pub use user_config::UserConfig;

use embedded::hosts::Company;

use crate::{
    core::{Version, open_files},
    target::{Knobs, LogSource, Target, TargetKind, support::unsupported_knob},
};
use std::{any::Any, fmt, io::ErrorKind, path::PathBuf};

/// A running world.
pub struct Lab {
    target: Target,
    world: embedded::World,
    notes: Vec<String>,
    /// Programs beside us, which end when they are dropped.
    _programs: Vec<Box<dyn Any + Send + Sync>>,
}

/// A program that may run with a person's own configuration of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerProgram {
    /// rspamd, with their `local.d`.
    Rspamd,
    /// Postfix, with their `main.cf`.
    Postfix,
}

impl ServerProgram {
    /// The log that it writes to.
    pub(crate) fn log(self) -> &'static str {
        match self {
            Self::Rspamd => "rspamd.log",
            Self::Postfix => "mail.log",
        }
    }

    /// The command that reads its configuration and says what is wrong with it.
    pub(crate) fn check(self) -> &'static str {
        match self {
            Self::Rspamd => "rspamadm configtest",
            Self::Postfix => "postfix check",
        }
    }
}

impl fmt::Display for ServerProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rspamd => "rspamd",
            Self::Postfix => "Postfix",
        })
    }
}

/// A world could not be built.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A port could not be bound.
    #[error("no port could be bound for {what}: {source}")]
    Port {
        /// Which server.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The company of this world is a real program, which does not do what the knob says.
    #[error("target {kind} cannot have `{knob}`: {why}")]
    Knob {
        /// The knob.
        knob: String,
        /// Why not.
        why: &'static str,
        /// The kind of world.
        kind: TargetKind,
    },
    /// This kind of world is not one that we build.
    #[error("target {0} is no lab")]
    NoLab(TargetKind),
    /// The company's server would not start with the person's own configuration of it. Nothing is wrong with the lab.
    #[error("{program} cannot work with its configuration: {said}")]
    Configuration {
        /// Whose configuration.
        program: ServerProgram,
        /// What the program says, with file and line.
        said: String,
    },
    /// A server of the person's takes no connection.
    #[error("cannot connect to {server}: {source}")]
    Unreachable {
        /// `host:port`.
        server: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program beside us cannot be used.
    #[error("{what}")]
    Program {
        /// What is wrong.
        what: String,
        /// What to do next.
        next: String,
    },
    /// Anything else, with what to do.
    #[error("{0}")]
    Other(String),
}

impl LabError {
    /// An error that says everything itself.
    fn other(error: impl fmt::Display) -> Self {
        Self::Other(error.to_string())
    }

    /// What to do next.
    pub fn next(&self) -> &str {
        match self {
            Self::Port { source, .. } if open_files::is_exhaustion(source) => open_files::NEXT,
            Self::Port { source, .. } => match source.kind() {
                ErrorKind::AddrNotAvailable => "listen at an address of this machine, or at 0.0.0.0 for all of them",
                ErrorKind::PermissionDenied => "take a port above 1023, which everybody may",
                _ => "free the port, or let us take any free one",
            },
            Self::Knob { .. } => "choose another target, or leave the knob out",
            Self::NoLab(_) => "run a target that is there",
            Self::Unreachable { .. } => "start the server, or correct `mx` of its account in sealcheck.yaml",
            Self::Configuration { program: ServerProgram::Rspamd, .. } => {
                "correct the file; until then nothing is sealed, or every mail is deferred"
            }
            Self::Configuration { program: ServerProgram::Postfix, .. } => {
                "correct the file; until then no mail is taken"
            }
            Self::Program { next, .. } => next,
            Self::Other(_) => "see what the message says",
        }
    }
}

impl Lab {
    /// Starts a world and returns when every server in it listens.
    ///
    /// # Errors
    /// When a port is taken, a program is missing or does not start, or the kind is no lab.
    pub async fn start(kind: TargetKind, knobs: &Knobs, settings: &Settings) -> Result<Self, LabError> {
        if let Some((knob, why)) = unsupported_knob(knobs, kind) {
            return Err(LabError::Knob { knob, why, kind });
        }
        match kind {
            TargetKind::Embedded => {
                let company = settings.company.clone().unwrap_or_default();
                let world =
                    embedded::World::start_for(knobs, company, &settings.ports, settings.google.clone()).await?;
                Ok(Self::of(kind, world, Vec::new(), Vec::new()))
            }
            #[cfg(target_os = "linux")]
            TargetKind::Rspamd => rspamd::world(knobs, settings).await,
            #[cfg(target_os = "linux")]
            TargetKind::Postfix => postfix::world(knobs, settings).await,
            TargetKind::Staging => match &settings.staging {
                Some(described) => staging::world(described, settings).await,
                None => Err(LabError::NoLab(kind)),
            },
            kind => Err(LabError::NoLab(kind)),
        }
    }

    /// A world with the logs of its company's server, and the programs that end with it.
    fn of(
        kind: TargetKind,
        world: embedded::World,
        logs: Vec<PathBuf>,
        programs: Vec<Box<dyn Any + Send + Sync>>,
    ) -> Self {
        let target = with_logs(Target { kind, ..world.target() }, logs);
        Self { target, world, notes: Vec::new(), _programs: programs }
    }

    /// The same, sealed for by an rspamd of this version.
    #[cfg(target_os = "linux")]
    fn with_rspamd(mut self, version: Option<Version>) -> Self {
        self.target.rspamd = version;
        self
    }

    /// The same with these words about it.
    #[cfg(target_os = "linux")]
    fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// The accounts that a world of this kind will have, before it is started: their servers have no ports and no logins
    /// yet, and their logs no folder. `None` when the kind is no lab.
    pub(crate) fn outline(kind: TargetKind, settings: &Settings) -> Option<Target> {
        if let (TargetKind::Staging, Some(described)) = (kind, &settings.staging) {
            return Some(staging::outline(described, embedded::World::outline(&Company::default())));
        }
        let company = settings.company.clone().unwrap_or_default();
        let logs: &[&str] = match kind {
            TargetKind::Rspamd => &["rspamd.log"],
            TargetKind::Postfix => &["rspamd.log", "mail.log"],
            _ => &[],
        };
        let logs = logs.iter().map(PathBuf::from).collect();
        kind.is_lab().then(|| with_logs(Target { kind, ..embedded::World::outline(&company) }, logs))
    }

    /// How to reach it.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What it does otherwise than the person's own configuration says, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The embedded servers.
    pub fn world(&self) -> &embedded::World {
        &self.world
    }

    /// Ends everything and waits until it is gone.
    pub async fn stop(self) {
        let Self { world, _programs: programs, .. } = self;
        world.stop().await;
        drop(programs);
    }
}

/// The target, with these logs at the accounts whose mail is forwarded.
fn with_logs(mut target: Target, logs: Vec<PathBuf>) -> Target {
    for account in target.accounts.values_mut().filter(|account| account.forwards_to.is_some()) {
        account.logs = logs.iter().cloned().map(LogSource::File).collect();
    }
    target
}

/// Ends every program that labs of this process started and that still runs, for when the process is about to end without
/// having dropped everything.
pub(crate) fn end_programs() {
    #[cfg(target_os = "linux")]
    process::end_all();
}
