//! The company's mail server: it checks, seals, may change and rewrite, and forwards to the receiver.

mod builtin_filter;
mod company_mx;
mod forward;
mod message_filter;
mod modify;
mod results;
mod seal;
mod srs;

pub(crate) use builtin_filter::BuiltinFilter;
pub(crate) use company_mx::CompanyMx;
pub(crate) use forward::Forwarder;
pub(crate) use message_filter::{FilterResult, Incoming, MessageFilter};
pub(crate) use srs::{Srs, SrsError};
