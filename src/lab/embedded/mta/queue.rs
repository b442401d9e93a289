//! Queued messages: where they are, their names and times, and whom they do not reach.

use crate::lab::embedded::{
    net::Exchanger,
    smtp_client::Stage,
    smtp_server::{Envelope, Recipient, Status},
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A message on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    /// Its queue id.
    pub id: String,
    /// From whom to whom.
    pub envelope: Envelope,
    /// The message; the same bytes at every try.
    pub message: Vec<u8>,
}

/// A recipient that the message did not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Who.
    pub recipient: Recipient,
    /// The status, from the reply or our own.
    pub status: Status,
    /// The reply, or why there was none.
    pub diagnostic: String,
    /// Who said it, and in reply to what; `None` when we found out ourselves.
    pub said: Option<(Exchanger, Stage)>,
}

/// A mail server.
#[derive(Debug, Clone)]
pub(crate) struct MailServer {
    /// Its name.
    pub host: Arc<str>,
    /// The domain that it serves.
    pub domain: Arc<str>,
    /// Its address in the virtual network.
    pub address: Ipv4Addr,
}

impl MailServer {
    /// The server `host` of `domain`.
    pub(crate) fn new(host: &str, domain: &str, address: Ipv4Addr) -> Self {
        Self { host: host.into(), domain: domain.into(), address }
    }
}

/// A queue id as Postfix writes them: microseconds of the second, then a number that no other message of the process
/// has.
pub(crate) fn queue_id(now: Timestamp) -> String {
    let micros = u32::try_from(now.subsec_microsecond()).unwrap_or(0);
    format!("{micros:05X}{:05X}", NEXT.fetch_add(1, Ordering::Relaxed) + 0x9_9000)
}

/// The date in a header field (RFC 5322 §3.3), in UTC, with the comment that mail servers add.
pub(super) fn date(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000 (UTC)").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_dates_read_well() {
        let now: Timestamp = "2026-11-24T02:45:07.000015Z".parse().unwrap();
        let (one, two) = (queue_id(now), queue_id(now));
        assert_ne!(one, two);
        assert!(one.starts_with("0000F") && one.len() >= 10, "{one}");
        assert_eq!(date(now), "Tue, 24 Nov 2026 02:45:07 +0000 (UTC)");
    }
}
