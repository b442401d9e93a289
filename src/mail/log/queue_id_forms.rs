//! How the queue ids of mail servers look.

/// A short queue id of Postfix in hexadecimal, or a long one (`enable_long_queue_ids`): time and inode in digits and
/// consonants, with a `z` between.
pub(super) fn is_queue_id(word: &str) -> bool {
    let short = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
    let long = |b: u8| b.is_ascii_alphanumeric() && !b"aeiouAEIOU".contains(&b);
    ((6..=20).contains(&word.len()) && word.bytes().all(short))
        || ((10..=32).contains(&word.len()) && word.contains('z') && word.bytes().all(long))
}

/// `08L107ab012345`: the time in eight letters and digits, and the process.
pub(super) fn is_sendmail_id(word: &str) -> bool {
    let (Some(time), Some(process)) = (word.get(..8), word.get(8..)) else { return false };
    time.bytes().all(|b| b.is_ascii_alphanumeric())
        && time.bytes().any(|b| b.is_ascii_alphabetic())
        && (5..=8).contains(&process.len())
        && process.bytes().all(|b| b.is_ascii_digit())
}

/// `1AbCdE-000001-2X`, and `1rlBDz-0000000BZZZ-1Abc` since Exim 4.97.
pub(super) fn is_exim_id(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let is = |part: &str, long: usize| part.len() == long && part.bytes().all(|b| b.is_ascii_alphanumeric());
    matches!(parts[..], [a, b, c] if is(a, 6) && ((is(b, 6) && is(c, 2)) || (is(b, 11) && is(c, 4))))
}

/// `qp 3412`, `msg 8389` or `delivery 5`.
fn is_qmail_number(word: &str) -> bool {
    ["qp ", "msg ", "delivery "].iter().any(|kind| word.strip_prefix(kind).is_some_and(is_number))
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A queue id of any of these servers, an envelope of OpenSMTPD, or a number of qmail's.
pub(super) fn is_any_queue_id(word: &str) -> bool {
    let opensmtpd = word.len() == 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
    is_queue_id(word) || is_sendmail_id(word) || is_exim_id(word) || opensmtpd || is_qmail_number(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_like_ids_are_none() {
        for (word, wanted) in [
            ("343B999675B", true),
            ("4Rk3Yx2Jzsz9qS1", true),
            ("warning", false),
            ("NOQUEUE", false),
            ("statistics", false),
            ("fatal", false),
            ("12345", false),
            ("4Rk3Yx2Jss9qS1", false),
        ] {
            assert_eq!(is_queue_id(word), wanted, "{word}");
        }
    }
}
