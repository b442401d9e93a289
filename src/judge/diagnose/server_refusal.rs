//! A refusal or deferral: what was said, by whom, and where that stands.

use crate::{catalogue::Cause, evidence::FirstServer, judge::refusal, mail::reply::Reply, outcome::EvidenceRef};

/// A 4yz or 5yz reply.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The reply.
    pub reply: Reply,
    /// Where it stands.
    pub at: EvidenceRef,
    /// Who gave it, and to whom.
    pub by: RefusedBy,
    /// The name of the host that gave it, where it is told.
    pub host: Option<String>,
}

impl Refusal {
    /// The cause that it tells of, and whether its words prove it.
    pub(super) fn cause(&self) -> Option<(Cause, bool)> {
        refusal::cause(&self.reply, self.host.as_deref())
    }
}

/// The server that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// The first one. It was talked to from here, so that no bounce is written and nobody tries again.
    First(FirstServer),
    /// The one that forwards, when another handed it the mail.
    Forwarder,
    /// One behind it.
    Next,
}

impl RefusedBy {
    /// Whether it is the server that forwards, whoever was its client.
    pub(super) fn is_forwarder(self) -> bool {
        matches!(self, Self::First(FirstServer::Company) | Self::Forwarder)
    }
}
