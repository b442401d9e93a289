//! Expectations against evidence, one file per kind of expectation.
//!
//! Every part of an expectation gives one [`CheckResult`](crate::outcome::CheckResult) with what was wanted and what
//! was seen in the same words. Where a message did not come at all, that is the only result of its expectation. Of
//! several copies the first that arrived in the wanted folder is the one that `delivered` looks at.

mod absent;
mod arc;
mod auth;
mod bounced;
mod count;
mod delivered;
mod headers;
mod labels;
mod log;
mod part;
mod scenario;
mod smtp;
mod text;

pub use bounced::{Notification, notification_fits};
pub use count::copies;
pub use log::logs_hold;
pub use scenario::check;
pub use smtp::asks_for_refusal;
