//! Clocks of different machines.

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use std::time::Duration;

/// A moment in seconds since 1970-01-01T00:00:00Z, leap seconds left out, as tags of signatures write it (RFC 6376 §3.5).
pub type UnixTime = i64;

/// How far clocks may be apart: signatures and tokens are good for a time.
pub const APART: Duration = Duration::from_secs(300);

/// The words of a date (RFC 5322 §3.3): `Tue, 24 Nov 2026 13:00:00 +0000`.
const WORDS: usize = 6;

/// The time that a text says, as greetings of some servers do.
pub fn time_in(text: &str) -> Option<UnixTime> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let parser = DateTimeParser::new().relaxed_weekday(true);
    words.windows(WORDS).find_map(|words| parser.parse_timestamp(words.join(" ")).ok()).map(Timestamp::as_second)
}

/// Whether a moment by another clock is further from a span of ours than clocks may be apart.
pub fn is_apart(there: UnixTime, from: UnixTime, to: UnixTime) -> bool {
    let most = i64::try_from(APART.as_secs()).unwrap_or(i64::MAX);
    there < from.saturating_sub(most) || there > to.saturating_add(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_of_some_servers_tell_the_time() {
        assert_eq!(time_in("mx.corp.example ESMTP Exim 4.96 Thu, 01 Jan 1970 00:16:40 +0000"), Some(1000));
        assert_eq!(time_in("Thu, 01 Jan 1970 00:16:40 GMT"), Some(1000), "as HTTP writes it");
        assert_eq!(time_in("mx.corp.example ESMTP Postfix"), None);
    }

    #[test]
    fn five_minutes_are_nothing() {
        for (there, apart) in [(699, true), (700, false), (1000, false), (1400, false), (1401, true)] {
            assert_eq!(is_apart(there, 1000, 1100), apart, "{there}");
        }
    }
}
