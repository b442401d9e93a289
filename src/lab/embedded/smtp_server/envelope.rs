//! Who sends to whom (RFC 5321 §2.3.1), with the wishes of RFC 3461.

/// How a message is announced (RFC 6152, RFC 3030).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Body {
    /// Not, or `BODY=7BIT`.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`.
    EightBit,
}

/// What of the message a bounce shall return (`RET`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// When a recipient's sender wants to hear (`NOTIFY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// Nothing was said: when it fails.
    #[default]
    Default,
    /// `NEVER`.
    Never,
    /// `FAILURE`, alone or with others.
    Failure,
    /// Others without `FAILURE`.
    NotFailure,
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// The forward-path's address, as written.
    pub address: String,
    /// The original recipient (`ORCPT`), decoded, with its type: `rfc822;a@b.example`.
    pub original: Option<String>,
    /// When its sender wants to hear.
    pub notify: Notify,
}

/// A mail transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// The reverse-path's address, as written; empty for the null reverse-path.
    pub sender: String,
    /// The recipients that were accepted.
    pub recipients: Vec<Recipient>,
    /// How the message is announced.
    pub body: Body,
    /// `SMTPUTF8` was given (RFC 6531).
    pub utf8: bool,
    /// `RET`.
    pub ret: Option<Return>,
    /// `ENVID`, decoded.
    pub id: Option<String>,
    /// The size that the client declared, in octets.
    pub size: Option<usize>,
}

/// The domain of an address, as written; empty when it has none.
pub(crate) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

impl Envelope {
    /// From one address to others, without wishes.
    pub fn new(sender: impl Into<String>, recipients: &[&str]) -> Self {
        let recipients =
            recipients.iter().map(|&address| Recipient { address: address.into(), ..Recipient::default() });
        Self { sender: sender.into(), recipients: recipients.collect(), ..Self::default() }
    }
}

impl Recipient {
    /// Whether a failure is to be told.
    pub fn wants_failure(&self) -> bool {
        matches!(self.notify, Notify::Default | Notify::Failure)
    }
}
