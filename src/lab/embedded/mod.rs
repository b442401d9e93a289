//! The embedded world: DNS, an outside sender, a company server that forwards, and a Gmail look-alike, in this process.

pub mod authenticate;
mod description;
pub mod dns;
pub mod forwarder;
pub mod gmail;
pub mod google;
pub mod hosts;
pub mod imap_server;
pub mod keys;
pub mod mta;
pub mod net;
pub mod pki;
mod ports;
pub mod sender;
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
pub use world::{CompanyServer, Parts, ProgramSockets, World};
