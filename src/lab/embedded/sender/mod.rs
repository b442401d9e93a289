//! The outside sender's mail server: submission for its users, delivery by MX, and their incoming mail.

mod external_mx;
mod outgoing;
mod submission_server;

pub use external_mx::ExternalMx;
pub use outgoing::Outgoing;
pub use submission_server::SubmissionServer;
