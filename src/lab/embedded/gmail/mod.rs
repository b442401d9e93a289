//! The Gmail look-alike's MX: it decides, answers and writes header fields as Gmail does. Its mailboxes are the
//! [`super::store`], read over [`super::imap_server`].

mod aar;
mod authres;
mod compliance;
mod identifiers;
mod lmtp;
mod policy;
mod replies;
mod seal;
mod service;
mod stamp;

pub use authres::results;
pub use policy::{Cause, Decision, Delivery, decide};
pub use replies::{Facts, catalogue_reply};
pub use service::{Gmail, Setup};
