//! Received fields as hops (RFC 5321 §4.4).

use super::Message;
use serde::Serialize;

/// One hop: who handed the message to whom, how and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Hop {
    /// What the client called itself (`from`).
    pub from: Option<String>,
    /// The client's address, from the comment of `from`.
    pub from_ip: Option<String>,
    /// The server that took the message (`by`).
    pub by: Option<String>,
    /// `with`: ESMTP, ESMTPS, ESMTPSA, LMTP, …
    pub with: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `for`, without angle brackets.
    pub recipient: Option<String>,
    /// Whether the field says that TLS was used.
    pub tls: bool,
    /// Seconds since 1970, from the date after the last semicolon.
    pub time: Option<i64>,
    /// Seconds since the hop before it, where both have a time; may be negative with clocks apart.
    pub delay: Option<i64>,
    /// The line of the message where the field starts, from 1.
    pub line: u32,
}

/// The path of a message from its first hop to its last, that is bottom to top.
pub fn hops(message: &Message) -> Vec<Hop> {
    let _ = message;
    unimplemented!()
}
