//! Fixed ports.

/// The port of every server on 127.0.0.1, for worlds that other processes must find; 0 for any free one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// DNS, UDP and TCP.
    pub dns: u16,
    /// The outside sender's submission with STARTTLS.
    pub submission: u16,
    /// The outside sender's submission with TLS from the first byte.
    pub submissions: u16,
    /// The outside sender's mailboxes, TLS from the first byte.
    pub external_imap: u16,
    /// The outside sender's MX.
    pub external_mx: u16,
    /// The company's MX.
    pub company_mx: u16,
    /// The receiver's MX.
    pub gmail_mx: u16,
    /// The receiver's mailboxes, TLS from the first byte.
    pub gmail_imap: u16,
}
