//! What the outside sender's and the company's mail servers have in common.

mod bounce;
mod handovers;
mod queue;
mod received;
mod relay;

pub(crate) use bounce::{Bounce, Report};
pub(crate) use handovers::{Handover, HandoverFailure, Handovers};
pub(crate) use queue::{Failure, queue_id};
pub(crate) use queue::{MailServer, Queued};
pub(crate) use received::received;
pub(crate) use relay::{Backoff, Relay, SMTP_PORT};
