//! The outside sender's mail server: submission for its users, delivery by MX, and their incoming mail.

mod incoming;
mod outgoing;
mod submission;

pub use incoming::ExternalMx;
pub use outgoing::Outgoing;
pub use submission::Submission;
