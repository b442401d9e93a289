//! How long the other end of a connection may take. Tests shorten every such limit by one factor, so that thousands of
//! them can be met, or lengthen it where an instrument makes this program slow.

use std::{sync::OnceLock, time::Duration};

static FACTOR: OnceLock<f64> = OnceLock::new();

/// The part of a limit that counts in this process: all of it, unless a test wants less.
pub fn scaled(limit: Duration) -> Duration {
    factor().map_or(limit, |factor| limit.mul_f64(factor))
}

/// What limits are multiplied by in this process; `None` when they count as they are.
pub fn factor() -> Option<f64> {
    FACTOR.get().copied()
}

/// Multiplies every limit of this process by a factor that a test gives as text. The first one counts.
///
/// # Errors
/// What is wrong with the text when it is no number above 0 and up to 100.
pub fn scale_by(text: &str) -> Result<(), String> {
    let factor = text.parse().ok().filter(|factor| (f64::MIN_POSITIVE..=100.0).contains(factor));
    let factor = factor.ok_or_else(|| format!("`{text}` is no number above 0 and up to 100"))?;
    FACTOR.get_or_init(|| factor);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_as_they_are() {
        // Nothing in this process may change them for the other tests.
        for wrong in ["", "0", "-1", "100.5", "NaN", "inf", "half"] {
            assert_eq!(scale_by(wrong), Err(format!("`{wrong}` is no number above 0 and up to 100")));
        }
        assert_eq!((factor(), scaled(Duration::from_secs(15))), (None, Duration::from_secs(15)));
    }
}
