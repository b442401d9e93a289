//! mail-auth 0.13.3 hashes a relaxed body wrongly when it ends in lines of white space only.

use mail_auth::{AuthenticatedMessage, dkim::Canonicalization};

/// Computes the relaxed hashes again over the body without such lines.
pub(super) fn correct(message: &mut AuthenticatedMessage<'_>) {
    let offset = usize::try_from(message.body_offset).unwrap_or(usize::MAX);
    let body = message.raw_message.get(offset..).unwrap_or_default();
    let trimmed = without_blank_lines(body);
    if trimmed.len() == body.len() {
        return;
    }
    for (canonicalization, algorithm, length, hash) in &mut message.body_hashes {
        if *canonicalization == Canonicalization::Relaxed && *length == 0 {
            *hash = algorithm.hash(canonicalization.canonical_body(trimmed, u64::MAX)).as_ref().to_vec();
        }
    }
}

fn without_blank_lines(body: &[u8]) -> &[u8] {
    let mut end = body.len();
    while end > 0 {
        let text_end = end - usize::from(body[end - 1] == b'\n');
        let start = memchr::memrchr(b'\n', &body[..text_end]).map_or(0, |at| at + 1);
        if !body[start..end].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            break;
        }
        end = start;
    }
    &body[..end]
}

#[cfg(test)]
mod tests {
    use super::without_blank_lines;

    #[test]
    fn only_blank_lines_at_the_end_go() {
        assert_eq!(without_blank_lines(b"\r\na\r\n \t\r\n\r\n"), b"\r\na\r\n");
        assert_eq!(without_blank_lines(b"a\r\n b"), b"a\r\n b");
        assert_eq!(without_blank_lines(b" \r\n\t"), b"");
    }
}
