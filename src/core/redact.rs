//! The choke point: every text and byte that leaves the tool goes through a [`Redactor`].

use super::Secret;
use base64::{Engine, engine::general_purpose};
use std::{
    borrow::Cow,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What stands where a secret stood.
pub const MASK: &str = "[REDACTED]";

/// Knows every spelling of every secret of a run and masks them. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<RwLock<Vec<String>>>,
    secrets: Arc<AtomicUsize>,
    replaced: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret and the spellings that protocols give it: raw, base64, URL-safe base64, the SASL PLAIN blob
    /// of `user`, the XOAUTH2 blob of `user`, percent-escaped and JSON-escaped. Secrets of fewer than four bytes are
    /// not masked, they would match everywhere.
    pub fn learn(&self, user: &str, secret: &Secret) {
        let raw = secret.expose();
        if raw.len() < 4 {
            return;
        }
        let mut spellings = vec![raw.to_owned(), percent(raw), json(raw)];
        for blob in [
            raw.to_owned(),
            format!("\0{user}\0{raw}"),
            format!("{user}\0{user}\0{raw}"),
            format!("user={user}\x01auth=Bearer {raw}\x01\x01"),
        ] {
            spellings.push(general_purpose::STANDARD.encode(&blob));
            spellings.push(general_purpose::URL_SAFE_NO_PAD.encode(&blob));
        }
        if let Ok(mut needles) = self.needles.write() {
            if !needles.iter().any(|n| n == raw) {
                self.secrets.fetch_add(1, Ordering::Relaxed);
            }
            needles.extend(spellings);
            needles.sort_by_key(|n| std::cmp::Reverse(n.len()));
            needles.dedup();
        }
    }

    /// The text with every secret masked.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Ok(needles) = self.needles.read() else { return Cow::Borrowed(MASK) };
        let mut out = Cow::Borrowed(text);
        for needle in needles.iter().filter(|n| text.contains(n.as_str())) {
            self.replaced.fetch_add(out.matches(needle.as_str()).count(), Ordering::Relaxed);
            out = Cow::Owned(out.replace(needle, MASK));
        }
        out
    }

    /// The bytes with every secret masked; bytes that are no UTF-8 stay as they are.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.leaks(bytes) {
            return Cow::Borrowed(bytes);
        }
        let Ok(needles) = self.needles.read() else { return Cow::Borrowed(MASK.as_bytes()) };
        let mut out = bytes.to_vec();
        for needle in needles.iter() {
            let mut from = 0;
            while let Some(at) = find(&out[from..], needle.as_bytes()) {
                out.splice(from + at..from + at + needle.len(), MASK.bytes());
                self.replaced.fetch_add(1, Ordering::Relaxed);
                from += at + MASK.len();
            }
        }
        Cow::Owned(out)
    }

    /// How many secrets it knows, and how many times it has masked one.
    pub fn counts(&self) -> (usize, usize) {
        (self.secrets.load(Ordering::Relaxed), self.replaced.load(Ordering::Relaxed))
    }

    /// Whether any spelling of any secret stands in these bytes.
    pub fn leaks(&self, bytes: &[u8]) -> bool {
        self.needles.read().is_ok_and(|needles| needles.iter().any(|n| find(bytes, n.as_bytes()).is_some()))
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

fn percent(raw: &str) -> String {
    raw.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn json(raw: &str) -> String {
    serde_json::to_string(raw).unwrap_or_default().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_spelling() {
        let redactor = Redactor::new();
        redactor.learn("me@gmail.example", &Secret::new("p\"ss word/1"));
        for leak in [
            "p\"ss word/1".to_owned(),
            "p%22ss%20word%2F1".to_owned(),
            "p\\\"ss word/1".to_owned(),
            general_purpose::STANDARD.encode("p\"ss word/1"),
            general_purpose::STANDARD.encode("\0me@gmail.example\0p\"ss word/1"),
            general_purpose::STANDARD.encode("user=me@gmail.example\x01auth=Bearer p\"ss word/1\x01\x01"),
        ] {
            let line = format!("a {leak} z");
            assert_eq!(redactor.text(&line), format!("a {MASK} z"));
            assert_eq!(redactor.bytes(line.as_bytes()).as_ref(), format!("a {MASK} z").as_bytes());
            assert!(redactor.leaks(line.as_bytes()));
        }
        assert_eq!(redactor.text("nothing here"), "nothing here");
        assert_eq!(redactor.counts(), (1, 12));
    }

    #[test]
    fn masks_url_safe_base64_and_plain_blobs_with_an_identity() {
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("~~~???>>>"));
        for blob in ["~~~???>>>", "\0me\0~~~???>>>", "me\0me\0~~~???>>>", "user=me\x01auth=Bearer ~~~???>>>\x01\x01"] {
            let url_safe = general_purpose::URL_SAFE_NO_PAD.encode(blob);
            assert!(url_safe.contains(['-', '_']), "{url_safe}");
            for leak in [url_safe, general_purpose::STANDARD.encode(blob)] {
                assert_eq!(redactor.text(&leak), MASK, "{blob:?}");
            }
        }
    }
}
