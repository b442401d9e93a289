//! An SMTP server (RFC 5321) on tokio: it keeps the protocol, a [`Service`] decides.

mod auth;
mod bytes;
mod command;
mod connection;
mod data;
mod envelope;
mod listener;
mod reply;
mod service;
mod session;

pub use auth::{Credentials, Mechanism};
pub use envelope::{Body, Envelope, Notify, Recipient, Return};
pub use listener::{SmtpListener, Transport};
pub use reply::{Reply, ReplyError, Status};
pub use service::{Break, Limits, Service};
pub use session::Session;
