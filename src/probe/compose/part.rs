//! MIME parts (RFC 2045, RFC 2046).

/// A part: its fields, each ending in CRLF, and its encoded body.
#[derive(Debug)]
pub(super) struct Part {
    /// `Content-…` fields by name, in order.
    pub(super) fields: Vec<(&'static str, String)>,
    /// What follows the empty line.
    pub(super) body: Vec<u8>,
}

impl Part {
    /// A part with one body.
    pub(super) fn leaf(content_type: &str, encoding: &str, body: Vec<u8>) -> Self {
        Self {
            fields: vec![
                ("Content-Type", format!("Content-Type: {content_type}\r\n")),
                ("Content-Transfer-Encoding", format!("Content-Transfer-Encoding: {encoding}\r\n")),
            ],
            body,
        }
    }

    /// Parts inside a `multipart/<subtype>`; one part alone stays as it is. The boundary must occur in none of them.
    pub(super) fn multipart(subtype: &str, boundary: &str, mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let length: usize = parts.iter().map(|p| p.body.len() + 400).sum();
        let mut body = Vec::with_capacity(length);
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            for (_, field) in &part.fields {
                body.extend_from_slice(field.as_bytes());
            }
            body.extend_from_slice(b"\r\n");
            body.extend_from_slice(&part.body);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let content_type = format!("Content-Type: multipart/{subtype};\r\n boundary=\"{boundary}\"\r\n");
        Self { fields: vec![("Content-Type", content_type)], body }
    }
}
