//! What the outside sender's and the company's mail servers have in common.

mod bounce;
mod handovers;
mod queue;
mod received;
mod relay;

pub use bounce::{Bounce, Report};
pub use handovers::{Handover, HandoverFailure, Handovers};
pub use queue::{Failure, MailServer, Queued, date, queue_id};
pub use received::received;
pub use relay::{Backoff, Relay, SMTP_PORT};
