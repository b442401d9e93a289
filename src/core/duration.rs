//! Durations as people write them: `300ms`, `45s`, `3m`, `2h`, `7d`, `1m30s`.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no duration; write a number and a unit, for example 300ms, 45s, 3m, 2h or 7d")]
pub struct DurationError(String);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads one or more number and unit pairs, largest unit first or not.
///
/// # Errors
/// When a number or a unit is missing, unknown, or the sum does not fit.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.to_owned());
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(error());
    }
    let mut millis = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let number: u64 = rest[..digits].parse().map_err(|_| error())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters]).ok_or_else(error)?;
        millis = number.checked_mul(*factor).and_then(|m| millis.checked_add(m)).ok_or_else(error)?;
        rest = &rest[letters..];
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration so that [`parse`] reads it back, to the millisecond.
pub fn human(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (unit, factor) in UNITS.iter().rev() {
        let number = millis / factor;
        if number > 0 {
            out.push_str(&format!("{number}{unit}"));
            millis %= factor;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in [("300ms", 300), ("45s", 45_000), ("3m", 180_000), ("1m30s", 90_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(human(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "5", "s", "5 s", "-1s", "1.5s", "5sec", "99999999999999999999s", "18446744073709551615d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
