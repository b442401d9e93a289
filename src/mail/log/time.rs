//! When a line was written, as it says itself. A clock whose zone is not told is not compared with one that is: zones are not guessed.

use super::line;
use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::Value;
use std::cmp::Ordering;

/// When a line was written, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Since 1970, wherever the clock stood.
    Universal(i64),
    /// What a clock of a zone that is not told showed.
    Local(i64),
    /// The same without its year.
    Yearless(i64),
    /// Since a machine was started.
    SinceStart(i64),
}

/// Half a year: of two times without a year that are further apart, the later one is before the turn of the year.
const HALF_A_YEAR: i64 = 183 * 86_400 * 1_000_000;
/// Seconds since 1970 have this many digits.
const EPOCH: std::ops::RangeInclusive<usize> = 9..=11;

impl Stamp {
    /// The time of a line as it stands in its file.
    pub fn of(line: &str) -> Option<Self> {
        let bare = line.trim_start_matches('\u{feff}').trim_end();
        let json = bare.find('{').filter(|&at| at < 64 && bare.ends_with('}'));
        if let Some(stamp) = json.and_then(|at| of_json(&bare[at..])) {
            return Some(stamp);
        }
        line::prefixes(bare).find_map(of_text)
    }

    /// Which was written first, where that can be told.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Universal(a), Self::Universal(b))
            | (Self::Local(a), Self::Local(b))
            | (Self::SinceStart(a), Self::SinceStart(b)) => Some(a.cmp(&b)),
            (Self::Yearless(a), Self::Yearless(b)) if (a - b).abs() > HALF_A_YEAR => Some(b.cmp(&a)),
            (Self::Yearless(a), Self::Yearless(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }

    /// Whether more than these microseconds lie between the two; `None` where that cannot be told.
    pub fn is_apart(self, other: Self, micros: i64) -> Option<bool> {
        self.compare(other)?;
        let [Self::Universal(a) | Self::Local(a) | Self::Yearless(a) | Self::SinceStart(a), b] = [self, other];
        let (Self::Universal(b) | Self::Local(b) | Self::Yearless(b) | Self::SinceStart(b)) = b;
        let apart = a.abs_diff(b);
        let turn = HALF_A_YEAR.unsigned_abs() * 2;
        let is_yearless = matches!(self, Self::Yearless(_));
        Some(apart.min(if is_yearless { turn.abs_diff(apart) } else { apart }) > micros.unsigned_abs())
    }
}

/// The member of an object that tells the time: of journald in microseconds, of rspamd in seconds, else as RFC 3339 has it.
fn of_json(object: &str) -> Option<Stamp> {
    let Ok(Value::Object(object)) = serde_json::from_str(object) else { return None };
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    if let Some(micros) = text("__REALTIME_TIMESTAMP").and_then(|micros| micros.parse().ok()) {
        return Some(Stamp::Universal(micros));
    }
    let names = ["@timestamp", "timestamp", "time", "timereported", "ts"];
    names.iter().find_map(|name| match object.get(*name)? {
        Value::Number(seconds) => seconds_since_1970(&seconds.to_string()),
        Value::String(text) => of_text(text),
        _ => None,
    })
}

/// The time that a text begins with.
fn of_text(rest: &str) -> Option<Stamp> {
    // RFC 5424 has its version behind the priority.
    let rest = rest.strip_prefix("1 ").unwrap_or(rest);
    let mut words = rest.split_ascii_whitespace();
    let word = words.next()?;
    if let Some(label) = word.strip_prefix('@') {
        return tai64n(label);
    }
    if let Some(inside) = word.strip_prefix('[') {
        let inside = if inside.is_empty() { words.next()? } else { inside };
        return since_start(inside.strip_suffix(']')?);
    }
    if let Some(stamp) = seconds_since_1970(word) {
        return Some(stamp);
    }
    if let Some(date) = word.get(..10).and_then(date) {
        let clock = word.get(11..).or_else(|| words.next())?;
        return at(Some(date.0), date.1, date.2, clock, words.next());
    }
    let (year, month) = match word.parse::<i16>() {
        Ok(year @ 1970..) => (Some(year), words.next()?),
        _ => (None, word),
    };
    let month = line::MONTHS.iter().position(|name| *name == month)?;
    let day = words.next()?.parse().ok()?;
    let next = words.next()?;
    let (year, clock) = match next.parse::<i16>() {
        Ok(year @ 1970..) => (Some(year), words.next()?),
        _ => (year, next),
    };
    at(year, i8::try_from(month + 1).ok()?, day, clock, words.next())
}

/// `2026-09-21` or `2026/09/21`.
fn date(word: &str) -> Option<(i16, i8, i8)> {
    let mut parts = word.split(['-', '/']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A clock like `10:00:07.123+09:00`, with its zone in it, behind it or nowhere.
fn at(year: Option<i16>, month: i8, day: i8, clock: &str, behind: Option<&str>) -> Option<Stamp> {
    let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(end);
    let mut parts = clock.trim_end_matches(',').split(':');
    let (hour, minute, second) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let (second, fraction) = second.split_once(['.', ',']).unwrap_or((second, ""));
    // A leap second has no number of its own.
    let second = second.parse::<i8>().ok()?.min(59);
    let micros: i32 = format!("{fraction:0<6.6}").parse().ok()?;
    // Every fourth year has each day.
    let civil =
        DateTime::new(year.unwrap_or(2000), month, day, hour, minute, second, micros.checked_mul(1000)?).ok()?;
    let micros = TimeZone::UTC.to_timestamp(civil).ok()?.as_microsecond();
    let zone = if zone.is_empty() { behind.and_then(offset) } else { offset(zone) };
    Some(match (year, zone) {
        (Some(_), Some(zone)) => Stamp::Universal(micros - zone),
        (Some(_), None) => Stamp::Local(micros),
        (None, _) => Stamp::Yearless(micros),
    })
}

/// `Z`, `+09:00` or `-0500`, in microseconds.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    let minutes: i64 = match digits.len() {
        2 => digits.parse::<i64>().ok()? * 60,
        4 => digits[..2].parse::<i64>().ok()? * 60 + digits[2..].parse::<i64>().ok()?,
        _ => return None,
    };
    Some(sign * minutes * 60 * 1_000_000)
}

/// `1790000000.123456`
fn seconds_since_1970(word: &str) -> Option<Stamp> {
    let (seconds, fraction) = word.split_once('.')?;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !EPOCH.contains(&seconds.len()) || !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6.6}").parse().ok()?;
    Some(Stamp::Universal(seconds.parse::<i64>().ok()? * 1_000_000 + micros))
}

/// Seconds of the kernel's log; seconds since 1970 where they are that many.
fn since_start(word: &str) -> Option<Stamp> {
    if let Some(stamp) = seconds_since_1970(word) {
        return Some(stamp);
    }
    let (seconds, fraction) = word.split_once('.')?;
    let micros: i64 = format!("{fraction:0<6.6}").parse().ok()?;
    Some(Stamp::SinceStart(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)?))
}

/// A label of TAI64N, as multilog writes it: the seconds since 1970 with 2^62 and ten seconds added.
fn tai64n(label: &str) -> Option<Stamp> {
    let (seconds, nanos) = label.split_at_checked(16).filter(|(_, nanos)| nanos.len() == 8)?;
    let seconds = i64::from_str_radix(seconds, 16).ok()?.checked_sub((1 << 62) + 10)?;
    let nanos = i64::from_str_radix(nanos, 16).ok()?;
    Some(Stamp::Universal(seconds.checked_mul(1_000_000)?.checked_add(nanos / 1000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-21T01:00:07Z.
    const THEN: i64 = 1_789_952_407_000_000;

    #[test]
    fn the_time_of_every_form_is_read() {
        use Stamp::*;
        let yearless = Stamp::of("Sep 21 10:00:07 mx a: b").unwrap();
        for (line, wanted) in [
            ("2026-09-21T10:00:07+09:00 mx postfix/smtp[1]: x", Universal(THEN)),
            ("2026-09-21T01:00:07.25Z mx postfix/smtp[1]: x", Universal(THEN + 250_000)),
            ("<22>1 2026-09-21T01:00:07Z mx postfix/smtp 1 - - x", Universal(THEN)),
            ("2026-09-21 10:00:07 +0900 [77] 1AbCdE-000001-2X Completed", Universal(THEN)),
            ("2026-09-21T01:00:07.5Z stdout F Sep 21 10:00:07 mx a: b", Universal(THEN + 500_000)),
            ("@400000006ab081a11dcd6500 new msg 7", Universal(THEN + 500_000)),
            ("1789952407.500000 new msg 7", Universal(THEN + 500_000)),
            (r#"{"__REALTIME_TIMESTAMP":"1789952407000000","MESSAGE":"x"}"#, Universal(THEN)),
            (r#"{"ts": 1789952407.5, "message": "x"}"#, Universal(THEN + 500_000)),
            (r#"mail-1  | {"time":"2026-09-21T01:00:07Z","log":"x\n"}"#, Universal(THEN)),
            ("2026-09-21 01:00:07 #43(normal) <9e5813>; x", Local(THEN)),
            ("2026-09-21 01:00:07,250 [INFO] x", Local(THEN + 250_000)),
            ("Sep 21 2026 01:00:07 mx a: b", Local(THEN)),
            ("2026 Sep 21 01:00:07 mx a: b", Local(THEN)),
            ("<22>Sep 21 10:00:07 mx a: b", yearless),
            ("mail.log.1:4711:Sep 21 10:00:07 mx a: b", yearless),
            ("[  123.456789] mx a: b", SinceStart(123_456_789)),
        ] {
            assert_eq!(Stamp::of(line), Some(wanted), "{line}");
        }
        assert!(matches!(yearless, Yearless(_)));
        for line in ["", "{}", "mx a: b", "8F4AA1F0C2: removed", "Sep 99 10:00:07 mx a: b", "@40 x", "[x] y", "1.5 x"] {
            assert_eq!(Stamp::of(line), None, "{line}");
        }
    }

    #[test]
    fn clocks_of_other_zones_are_not_compared() {
        let of = |line: &str| Stamp::of(line).unwrap();
        let (told, local) = (of("2026-09-21T01:00:07Z x"), of("2026-09-21 01:00:08 x"));
        assert_eq!((told.compare(local), told.is_apart(local, 1)), (None, None));
        let (december, january) = (of("Dec 31 23:59:59 x"), of("Jan  1 00:00:01 x"));
        assert_eq!(december.compare(january), Some(Ordering::Less));
        let day = 86_400_000_000;
        assert_eq!(december.is_apart(january, day), Some(false));
        assert_eq!(of("Mar  1 10:00:00 x").is_apart(of("Mar  3 10:00:00 x"), day), Some(true));
    }
}
