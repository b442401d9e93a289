//! An SMTP server (RFC 5321) on tokio: it keeps the protocol, a [`Service`] decides.

mod client_stream;
mod command_line;
mod connection;
mod data;
mod envelope;
mod listener;
mod reply;
mod sasl;
mod service;
mod session;

pub(crate) use envelope::domain_of;
pub use envelope::{Body, Envelope, Notify, Recipient, Return};
pub use listener::{SmtpListener, Transport};
pub use reply::{Reply, ReplyError, Status};
pub use sasl::{Credentials, Mechanism};
pub use service::{HangUp, Limits, Service};
pub use session::Session;
