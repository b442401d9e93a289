//! Which world do we carry? Servers for every party, started together and gone when the [`Lab`] is dropped.
//!
//! Nothing here uses the readers of `mail` or the judges of `verify`: one shared parser would let one bug hide on both
//! sides.

pub mod embedded;

use crate::scenario::{Knobs, Target, TargetKind, target::LogSource};

/// A running world.
pub struct Lab {
    target: Target,
    world: embedded::World,
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
    /// This kind of world is not one that we build.
    #[error("target {0} is no lab")]
    NoLab(TargetKind),
    /// Anything else, with what to do.
    #[error("{0}")]
    Other(String),
}

impl Lab {
    /// Starts a world and returns when every server in it listens.
    ///
    /// # Errors
    /// When a port is taken, or the kind is no lab.
    pub async fn start(kind: TargetKind, knobs: &Knobs) -> Result<Self, LabError> {
        if kind != TargetKind::Embedded {
            return Err(LabError::NoLab(kind));
        }
        let world = embedded::World::start(knobs, &embedded::Ports::default()).await?;
        Ok(Self { target: world.target(), world })
    }

    /// The accounts that a world of this kind will have, before it is started: their servers have no ports and no logins
    /// yet, and their logs no folder. `None` when the kind is no lab.
    pub fn outline(kind: TargetKind) -> Option<Target> {
        let mut target = kind.is_lab().then(|| Target { kind, ..embedded::World::outline() })?;
        for account in target.accounts.values_mut().filter(|a| a.forwards_to.is_some()) {
            account.logs = match kind {
                TargetKind::Rspamd => vec![LogSource::File("rspamd.log".into())],
                TargetKind::Postfix => ["rspamd.log", "mail.log"].map(|name| LogSource::File(name.into())).to_vec(),
                _ => Vec::new(),
            };
        }
        Some(target)
    }

    /// How to reach it.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The embedded servers.
    pub fn world(&self) -> &embedded::World {
        &self.world
    }
}
