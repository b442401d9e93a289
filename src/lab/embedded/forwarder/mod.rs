//! The company's mail server: it checks, seals, may change and rewrite, and forwards to the receiver.

mod forward;
mod modify;
mod mx;
mod results;
mod srs;

pub use forward::Forwarder;
pub use mx::CompanyMx;
pub use srs::{Srs, SrsError};
