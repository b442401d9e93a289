//! Identifiers and dates in the shapes that Google's servers write.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{Timestamp, tz::TimeZone};

/// Identifiers that look like Google's and are the same for the same seed.
pub(super) struct Identifiers([u8; 32]);

impl Identifiers {
    pub(super) fn new(seed: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, seed.as_bytes()).as_ref());
        Self(bytes)
    }

    fn number(&self, at: usize) -> u64 {
        self.0.iter().cycle().skip(at).take(8).fold(0, |n, b| n << 8 | u64::from(*b))
    }

    fn hex(&self, at: usize, digits: usize) -> String {
        format!("{:016x}", self.number(at)).get(..digits).unwrap_or_default().to_owned()
    }

    fn start(&self, at: usize) -> String {
        format!("{}-{}", self.hex(at, 13), self.hex(at + 8, 11))
    }

    /// Of an SMTP transaction, as at the end of replies and, with the time behind it, in Received.
    pub(super) fn smtp(&self) -> String {
        format!("{}si{}{}.{}", self.start(0), self.number(16) % 100_000_000, self.hex(20, 3), self.number(24) % 500)
    }

    /// Of the hop into the mailbox.
    pub(super) fn mailbox(&self) -> String {
        format!("{}csp{}{}", self.hex(2, 13), self.number(10) % 10_000_000, self.hex(18, 3))
    }

    /// Of X-Received, with the milliseconds since 1970.
    pub(super) fn received(&self, now: Timestamp) -> String {
        let number = self.number(12) % 1_000_000_000;
        format!("{}mr{number}{}.{}.{}", self.start(4), self.hex(22, 3), self.number(26) % 60, now.as_millisecond())
    }

    /// An address inside Google.
    pub(super) fn host(&self, at: usize) -> String {
        let n = self.number(at);
        let group = |shift: u32| n >> shift & 0xffff;
        format!(
            "2002:a05:{:x}:{:x}:b0:{:x}:{:x}:{:x}",
            0x6000 | group(0) & 0xfff,
            group(16),
            group(32) & 0xfff,
            group(48),
            group(8)
        )
    }
}

/// A moment in the zone of Google's servers.
fn pacific(now: Timestamp) -> jiff::Zoned {
    now.to_zoned(TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap_or(TimeZone::UTC))
}

/// A moment as Google dates it: `Mon, 22 Mar 2021 22:04:49 -0700 (PDT)`.
pub(super) fn date(now: Timestamp) -> String {
    pacific(now).strftime("%a, %d %b %Y %H:%M:%S %z (%Z)").to_string()
}

/// A moment as it ends an identifier.
pub(super) fn dotted(now: Timestamp) -> String {
    pacific(now).strftime("%Y.%m.%d.%H.%M.%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_daylight_of_california() {
        assert_eq!(date(Timestamp::constant(1_795_000_000, 0)), "Wed, 18 Nov 2026 03:06:40 -0800 (PST)");
        assert_eq!(date(Timestamp::constant(1_616_475_889, 0)), "Mon, 22 Mar 2021 22:04:49 -0700 (PDT)");
        assert_eq!(dotted(Timestamp::constant(1_616_475_889, 0)), "2021.03.22.22.04.49");
    }

    #[test]
    fn identifiers_keep_their_shape() {
        let ids = Identifiers::new("x");
        let smtp = ids.smtp();
        let (start, rest) = smtp.split_once("si").unwrap();
        assert_eq!(start.len(), 25);
        assert!(rest.contains('.') && smtp.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'));
        assert_eq!(Identifiers::new("x").smtp(), smtp);
        assert_ne!(Identifiers::new("y").smtp(), smtp);
        assert!(ids.host(0).parse::<std::net::Ipv6Addr>().is_ok() && ids.host(8).starts_with("2002:a05:6"));
    }
}
