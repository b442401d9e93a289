//! What is done to a message before it is taken: the seam between our own hands and a program that is asked.

use crate::lab::embedded::smtp_server::{Envelope, Reply, Session};
use async_trait::async_trait;
use jiff::Timestamp;

/// A message that a client is handing over, and that is not taken yet.
pub(crate) struct Incoming<'m> {
    /// The client.
    pub session: &'m Session,
    /// The confirmed name of its address.
    pub client_name: Option<&'m str>,
    /// From whom to whom, as the client said it.
    pub envelope: &'m Envelope,
    /// The queue id that it will have.
    pub id: &'m str,
    /// The message, with CRLF at the end of every line.
    pub message: &'m [u8],
    /// When it came.
    pub arrived: Timestamp,
}

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterResult {
    /// It is taken.
    Take {
        /// Header fields to put on top, each with its CRLF: the ARC Set and what else there is to say.
        head: String,
        /// The message that they go on top of.
        message: Vec<u8>,
    },
    /// The client hears this instead.
    Refuse(Reply),
}

/// Checks and seals the messages of the company's server.
#[async_trait]
pub(crate) trait MessageFilter: Send + Sync {
    /// Checks a message.
    async fn apply(&self, incoming: &Incoming<'_>) -> FilterResult;
}
