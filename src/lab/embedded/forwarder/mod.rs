//! The company's mail server: it checks, seals, may change and rewrite, and forwards to the receiver.

mod builtin_filter;
mod company_mx;
mod forward;
mod message_filter;
mod modify;
mod results;
mod seal;
mod srs;

pub use builtin_filter::BuiltinFilter;
pub use company_mx::CompanyMx;
pub use forward::Forwarder;
pub use message_filter::{FilterResult, Incoming, MessageFilter};
pub use srs::{Srs, SrsError};
