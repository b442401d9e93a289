//! The queue id in the last reply, as different servers write it.

/// The name under which the server's log knows the message.
pub(super) fn find(text: &str) -> Option<String> {
    let word = |rest: &str| {
        let id: String = rest
            .trim_start()
            .trim_start_matches('<')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
            .collect();
        let id = id.trim_end_matches('.').to_owned();
        if id.is_empty() { None } else { Some(id) }
    };
    let after = |mark: &str| text.find(mark).and_then(|at| word(&text[at + mark.len()..]));
    let before = |mark: &str| text.find(mark).and_then(|at| text[..at].split_whitespace().next_back()).and_then(word);
    after("queued as ") // Postfix
        .or_else(|| after("OK id=")) // Exim
        .or_else(|| after("[InternalId=")) // Exchange
        .or_else(|| before(" - gsmtp")) // Gmail
        .or_else(|| before(" Message accepted for delivery")) // Sendmail, OpenSMTPD
        .or_else(|| after(" qp ")) // qmail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_common_servers() {
        for (text, id) in [
            ("Ok: queued as 4XyZ1a2b3cz9sS", "4XyZ1a2b3cz9sS"),
            ("2.0.0 Ok: queued as 9F2A81C0043.", "9F2A81C0043"),
            ("OK id=1rXyzA-00000001abC-0XyZ", "1rXyzA-00000001abC-0XyZ"),
            ("OK  1700000000 0123456789abc-1cc3b0d7a2csi123.45 - gsmtp", "0123456789abc-1cc3b0d7a2csi123.45"),
            ("7b3c1f0d Message accepted for delivery", "7b3c1f0d"),
            ("<a@b.example> [InternalId=4711, Hostname=x] Queued mail for delivery", "4711"),
            ("ok 1700000000 qp 5678", "5678"),
        ] {
            assert_eq!(find(text).as_deref(), Some(id), "{text}");
        }
        assert_eq!(find("Ok"), None);
        assert_eq!(find("queued as "), None);
    }
}
