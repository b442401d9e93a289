//! A real rspamd, with a configuration of its own, beside any that the machine runs.

mod admin;
mod arc_section;
mod client;
mod filter;
mod instance;
mod local_d;
mod rspamd_conf;
mod rspamd_error;
mod rspamd_faults;
mod sealing;
mod world;

pub use admin::keygen;
pub use arc_section::ArcKey;
pub use client::{Client, ClientError, ScanRequest, ScanResult};
pub use filter::RspamdFilter;
pub use instance::Rspamd;
pub use local_d::read_local_d;
pub use rspamd_conf::{RspamdConf, Rules};
pub use rspamd_error::{PACKAGE, RspamdError};
pub use rspamd_faults::RspamdFaults;
pub use sealing::Sealing;
pub use world::world;
