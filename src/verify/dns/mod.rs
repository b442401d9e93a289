//! DNS for verification: live and recorded, or replayed from a zone file.

mod master_file;
mod resolver;
mod zone;

pub use resolver::{Dns, DnsError};
pub use zone::{DnsFailure, TxtAnswer, ZoneError, ZoneFile};
