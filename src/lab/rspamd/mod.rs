//! A real rspamd, with a configuration of its own, beside any that the machine runs.

mod admin;
mod client;
mod filter;
mod instance;
mod local_d;
mod rspamd_conf;
mod rspamd_faults;
mod world;

pub use admin::keygen;
pub use client::{Client, ClientError, ScanRequest, ScanResult};
pub use filter::RspamdFilter;
pub use instance::{PACKAGE, Rspamd, RspamdError};
pub use local_d::read_local_d;
pub use rspamd_conf::{ArcKey, RspamdConf, Rules};
pub use rspamd_faults::RspamdFaults;
pub use world::{Sealing, world};
