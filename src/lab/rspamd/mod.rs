//! A real rspamd, with a configuration of its own, beside any that the machine runs.

mod admin;
mod client;
mod config;
mod flaws;
mod instance;
mod local_d;
mod screen;
mod world;

pub use admin::keygen;
pub use client::{Answer, Client, ClientError, Question};
pub use config::{ArcKey, Config, Rules};
pub use flaws::Flaws;
pub use instance::{PACKAGE, Rspamd, RspamdError};
pub use local_d::read_local_d;
pub use screen::RspamdScreen;
pub use world::{Sealing, world};
