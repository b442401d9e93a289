//! The world's DNS: records that can change while it runs, and faults.

mod dns_faults;
mod dns_server;
mod records;
mod world_records;
pub(crate) mod zone_file;

pub(crate) use dns_faults::DnsFaults;
pub(crate) use dns_server::Upstream;
pub(crate) use dns_server::{Dns, Resolver};
pub(crate) use records::Records;
pub(crate) use world_records::{without_company, world_records};
