//! The embedded world: DNS, an outside sender, a company server that forwards, and a Gmail look-alike, in this process.

pub mod authenticate;
pub mod dns;
pub mod forwarder;
pub mod imap_server;
pub mod keys;
pub mod mta;
pub mod net;
pub mod parties;
pub mod pki;
pub mod sender;
pub mod signing;
pub mod smtp_client;
pub mod smtp_server;
pub mod store;
pub mod tasks;

use super::LabError;
use crate::scenario::{Knobs, Target};

/// Every server of the embedded world.
pub struct World {}

/// Fixed ports, for worlds that other processes must find; 0 for any free one.
#[derive(Debug, Clone, Default)]
pub struct Ports {}

impl World {
    /// Starts every server.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn start(knobs: &Knobs, ports: &Ports) -> Result<Self, LabError> {
        let _ = (knobs, ports);
        unimplemented!()
    }

    /// How to reach it.
    pub fn target(&self) -> Target {
        unimplemented!()
    }
}
