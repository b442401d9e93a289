//! DER (X.690), as far as keys need it.

/// Tag of a number.
pub const INTEGER: u8 = 0x02;
/// Tag of bits.
pub const BIT_STRING: u8 = 0x03;
/// Tag of octets.
pub const OCTET_STRING: u8 = 0x04;
/// Tag of an object identifier.
pub const OBJECT: u8 = 0x06;
/// Tag of a sequence.
pub const SEQUENCE: u8 = 0x30;

/// rsaEncryption (RFC 8017 §A.1).
pub const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-Ed25519 (RFC 8410 §3).
pub const ED25519: [u8; 3] = [0x2b, 0x65, 0x70];

/// The first element: its tag, its content, and what follows it.
pub fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?;
            (length, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// An element with this content.
pub fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.iter().copied().skip_while(|b| *b == 0).collect();
    let mut out = vec![tag];
    match (content.len(), u8::try_from(length.len())) {
        (0..0x80, _) => out.push(length.first().copied().unwrap_or_default()),
        (_, octets) => {
            out.push(0x80 | octets.unwrap_or_default());
            out.extend(length);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let der = [write(SEQUENCE, &content), vec![9]].concat();
            assert_eq!(element(&der), Some((SEQUENCE, &content[..], &[9][..])), "{length}");
            assert_eq!(element(&der[..der.len() - 2]), None, "{length}: it is cut");
        }
        assert_eq!(element(b"\x30\x89aaaaaaaaaaaaaaaa"), None, "no memory has so much");
    }
}
