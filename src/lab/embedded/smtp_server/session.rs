//! What is known about a client.

use std::net::IpAddr;

/// A client's connection.
#[derive(Debug, Clone)]
pub struct Session {
    /// Unlike that of every other session of the process.
    pub id: u64,
    /// The client's address: what a PROXY line says, or the real one.
    pub peer: IpAddr,
    /// The name that it gave in EHLO or HELO; empty before.
    pub helo: String,
    /// It said EHLO.
    pub extended: bool,
    /// It speaks TLS.
    pub tls: bool,
    /// Who it logged in as.
    pub user: Option<String>,
}

impl Session {
    /// A new connection from this address.
    pub(crate) fn new(id: u64, peer: IpAddr) -> Self {
        Self { id, peer, helo: String::new(), extended: false, tls: false, user: None }
    }

    /// The protocol in the words of a Received field (RFC 3848).
    pub fn protocol(&self) -> &'static str {
        match (self.extended, self.tls, self.user.is_some()) {
            (false, ..) => "SMTP",
            (true, false, false) => "ESMTP",
            (true, false, true) => "ESMTPA",
            (true, true, false) => "ESMTPS",
            (true, true, true) => "ESMTPSA",
        }
    }
}
