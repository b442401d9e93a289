//! Sizes as people write them.

/// As much as a file or text of a scenario may be, in bytes.
pub const MOST: usize = 100_000_000;

/// The number of bytes that `5MB`, `200KB` or `1000` (powers of 1,000) stands for.
///
/// # Errors
/// When the text is no size, or one over 100 MB.
pub fn byte_size(text: &str) -> Result<usize, String> {
    let upper = text.trim().to_ascii_uppercase();
    let digits = upper.find(|c: char| !c.is_ascii_digit()).unwrap_or(upper.len());
    let factor = match upper[digits..].trim() {
        "" | "B" => 1,
        "K" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        _ => 0,
    };
    let bytes = upper[..digits].parse::<usize>().ok().and_then(|n| n.checked_mul(factor));
    match bytes {
        Some(0) | None => Err(format!("`{text}` is no size")),
        Some(n) if n > MOST => Err(format!("`{text}` is more than 100MB")),
        Some(n) => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_a_thousand() {
        assert_eq!(byte_size("5MB"), Ok(5_000_000));
        assert_eq!(byte_size("200 kb"), Ok(200_000));
        assert_eq!((byte_size("17"), byte_size("17B"), byte_size("1 kb")), (Ok(17), Ok(17), Ok(1_000)));
        for bad in ["", "MB", "0", "5GB", "-1", "101MB", "99999999999999999999", "1.5MB", "5 M B"] {
            assert!(byte_size(bad).is_err(), "{bad}");
        }
    }
}
