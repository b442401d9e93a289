//! The header section of a message, as the store reads it.

/// Where the body begins.
pub(crate) fn end(raw: &[u8]) -> usize {
    if raw.starts_with(b"\r\n") {
        return 2;
    }
    memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 4)
}

/// The fields of a header section: name and value, the value with its folds and without the line end.
pub(crate) fn fields(header: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < header.len() {
        let mut end = at;
        loop {
            end = memchr::memmem::find(header.get(end..).unwrap_or_default(), b"\r\n")
                .map_or(header.len(), |n| end + n + 2);
            if !matches!(header.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let line = header.get(at..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        if let Some(colon) = memchr::memchr(b':', line) {
            let (name, value) = line.split_at(colon);
            out.push((name.trim_ascii_end(), value.get(1..).unwrap_or_default()));
        }
        at = end;
    }
    out
}

/// The first field of this name in a header section, unfolded and trimmed.
pub(crate) fn field(header: &[u8], name: &str) -> Option<String> {
    fields(header)
        .into_iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| String::from_utf8_lossy(value).replace("\r\n", "").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_with_their_folds() {
        let header = b"Subject: a\r\n b\r\nbroken\r\nTo : x@sender.example\r\n\r\n";
        let got = fields(header);
        assert_eq!(got, [(&b"Subject"[..], &b" a\r\n b"[..]), (&b"To"[..], &b" x@sender.example"[..])]);
        assert_eq!(field(header, "subject").as_deref(), Some("a b"));
        assert_eq!(field(header, "Cc"), None);
    }

    #[test]
    fn the_body_begins_after_the_first_empty_line() {
        assert_eq!(end(b"A: b\r\n\r\nc\r\n\r\n"), 8);
        assert_eq!(end(b"\r\nbody"), 2);
        assert_eq!(end(b"A: b\r\n"), 6);
    }
}
