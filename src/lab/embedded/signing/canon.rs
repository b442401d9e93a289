//! The relaxed canonical forms (RFC 6376 §3.4.2 and §3.4.4).

/// A header field: name in lower case, unfolded, runs of white space as one space, none around the colon or at the
/// end; closed with CRLF.
pub(crate) fn relaxed_field(name: &str, value: &[u8]) -> Vec<u8> {
    let mut out = name.trim_end().to_ascii_lowercase().into_bytes();
    out.push(b':');
    let mut gap = false;
    let start = out.len();
    for &byte in value {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            gap = true;
        } else {
            if gap && out.len() > start {
                out.push(b' ');
            }
            gap = false;
            out.push(byte);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// A body: no white space at the end of a line, runs of it as one space, no empty lines at the end; closed with CRLF
/// unless it is empty.
pub(crate) fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut full = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let start = out.len();
        let mut gap = false;
        for &byte in line {
            if matches!(byte, b' ' | b'\t') {
                gap = true;
            } else {
                if gap {
                    out.push(b' ');
                }
                gap = false;
                out.push(byte);
            }
        }
        let empty = out.len() == start;
        out.extend_from_slice(b"\r\n");
        if !empty {
            full = out.len();
        }
    }
    out.truncate(full);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376 §3.4.5.
    #[test]
    fn the_example_of_the_standard() {
        assert_eq!(relaxed_field("A", b" X\r\n"), b"a:X\r\n");
        assert_eq!(relaxed_field("B ", b" Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    }

    #[test]
    fn ends_of_bodies() {
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n \t\r\n"), b"");
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
        assert_eq!(relaxed_body(b"a\r\n \r\n\t\r\n"), b"a\r\n");
        assert_eq!(relaxed_body(b"\r\na\rb\r\n"), b"\r\na\rb\r\n");
    }
}
