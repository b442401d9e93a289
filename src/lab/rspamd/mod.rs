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

pub(super) use admin::keygen;
pub(crate) use arc_section::ArcKey;
pub(super) use client::Client;
pub(crate) use client::{ScanRequest, ScanResult};
pub(super) use instance::Rspamd;
pub(crate) use local_d::read_local_d;
pub(crate) use rspamd_conf::{RspamdConf, Rules};
pub(crate) use rspamd_error::{PACKAGE, RspamdError};
pub(crate) use rspamd_faults::RspamdFaults;
pub(crate) use sealing::Sealing;
pub(super) use world::world;
