//! The embedded world: DNS, an outside sender, a company server that forwards, and a Gmail look-alike, in this process.

#[doc(hidden)]
pub mod authenticate;
mod description;
pub(in crate::lab) mod dns;
pub(in crate::lab) mod forwarder;
mod gmail;
mod google;
pub mod hosts;
#[doc(hidden)]
pub mod imap_server;
#[doc(hidden)]
pub mod keys;
pub(crate) mod mta;
pub(in crate::lab) mod net;
#[doc(hidden)]
pub mod pki;
mod ports;
mod sender;
#[doc(hidden)]
pub mod signing;
#[doc(hidden)]
pub mod smtp_client;
#[doc(hidden)]
pub mod smtp_server;
pub mod store;
#[doc(hidden)]
pub mod tasks;
mod world;
mod world_accounts;

pub use description::{AccountDescription, Description, GoogleDescription, ServerDescription};
pub use google::{Google, GoogleSettings, TokenFault};
pub use ports::{MailboxServer, Ports, Reach, Route};
pub use world::World;
pub(crate) use world::{CompanyServer, Parts, ProgramSockets};
