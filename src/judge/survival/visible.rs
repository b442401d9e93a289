//! Bytes made visible.

/// The longest text, in octets before they are escaped.
const LONGEST: usize = 72;
/// How much is kept before the first difference.
const BEFORE: usize = 24;

/// Two byte strings as text, cut around their first difference.
pub(super) fn pair(before: &[u8], after: &[u8]) -> (String, String) {
    let same = same(before, after);
    // A cut that saves nothing only costs the beginning.
    let longest = before.len().max(after.len());
    let from = if longest <= LONGEST { 0 } else { same.saturating_sub(BEFORE) };
    (cut(before, from), cut(after, from))
}

/// A byte string as text from its beginning.
pub(super) fn one(bytes: &[u8]) -> String {
    cut(bytes, 0)
}

/// How many octets are the same at the beginning.
pub(super) fn same(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn cut(bytes: &[u8], from: usize) -> String {
    let end = bytes.len().min(from + LONGEST);
    let shown = bytes.get(from..end).unwrap_or_default();
    let blanks = if end == bytes.len() { shown.iter().rev().take_while(|b| **b == b' ').count() } else { 0 };
    let mut out = String::with_capacity(shown.len() + 8);
    if from > 0 {
        out.push('…');
    }
    for &byte in &shown[..shown.len() - blanks] {
        match byte {
            b' '..=b'[' | b']'..=b'~' => out.push(char::from(byte)),
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push_str(&"\\x20".repeat(blanks));
    if end < bytes.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(one(b"a b  "), "a b\\x20\\x20");
        assert_eq!(one(b"a\t\r\n\\ \x1b[31m"), "a\\t\\r\\n\\\\ \\x1b[31m");
        assert_eq!(one("grün".as_bytes()), "gr\\xc3\\xbcn");
        assert_eq!(one(b""), "");
    }

    #[test]
    fn long_texts_are_cut_around_the_difference() {
        let long = [b'x'; 998];
        let (before, after) = pair(&[&long[..], b"yz"].concat(), &long);
        assert_eq!((before.as_str(), after.as_str()), ("…xxxxxxxxxxxxxxxxxxxxxxxxyz", "…xxxxxxxxxxxxxxxxxxxxxxxx"));
        let (before, after) = pair(&[b"a", &long[..]].concat(), b"b");
        assert_eq!((before.len(), after.as_str()), (LONGEST + '…'.len_utf8(), "b"));
        assert_eq!(pair(b"a", b"a "), ("a".to_owned(), "a\\x20".to_owned()));
        assert_eq!(pair(&long, b"").1, "");
    }
}
