//! The embedded world: DNS, an outside sender, a company server that forwards, and a Gmail look-alike, in this process.

pub mod authenticate;
mod description;
pub(in crate::lab) mod dns;
pub(in crate::lab) mod forwarder;
mod gmail;
mod google;
pub mod hosts;
pub mod imap_server;
pub mod keys;
pub(crate) mod mta;
pub(in crate::lab) mod net;
pub mod pki;
mod ports;
mod sender;
pub mod signing;
pub mod smtp_client;
pub mod smtp_server;
pub mod store;
pub mod tasks;
mod world;
mod world_accounts;

pub use description::{AccountDescription, Description, GoogleDescription, ServerDescription};
pub use google::{Google, GoogleSettings, TokenFault};
pub use ports::{MailboxServer, Ports, Route};
pub use world::World;
pub(crate) use world::{CompanyServer, Parts, ProgramSockets};
