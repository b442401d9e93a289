//! The world's DNS: records that can change while it runs, and faults.

mod dns_faults;
mod dns_server;
mod records;
mod world_records;
pub mod zone_file;

pub use dns_faults::{DnsFaultError, DnsFaults};
pub use dns_server::{Dns, Resolver, Upstream};
pub use records::Records;
pub use world_records::{without_company, world_records};
