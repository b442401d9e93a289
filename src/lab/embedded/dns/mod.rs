//! The world's DNS: records that can change while it runs, and faults.

mod fault;
mod records;
mod server;
mod zone;
pub mod zone_file;

pub use fault::{FaultError, Faults};
pub use records::Records;
pub use server::{Dns, Resolver, Upstream};
pub use zone::{others, zone};
