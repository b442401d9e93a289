//! The outside sender's mail server: submission for its users, delivery by MX, and their incoming mail.

mod external_mx;
mod outgoing;
mod submission_server;

pub(crate) use external_mx::ExternalMx;
pub(crate) use outgoing::Outgoing;
pub(crate) use submission_server::SubmissionServer;
