//! The company's mail server: it checks, seals, may change and rewrite, and forwards to the receiver.

mod forward;
mod modify;
mod mx;
mod own;
mod results;
mod screen;
mod seal;
mod srs;

pub use forward::Forwarder;
pub use mx::CompanyMx;
pub use own::OwnScreen;
pub use screen::{Incoming, Screen, Screening};
pub use srs::{Srs, SrsError};
