//! The choke point: every text and byte that leaves the tool goes through a [`Redactor`].

mod find;
mod spellings;
mod stream;
mod view;

use super::Secret;
use find::Finder;
use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::Range,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};
pub use stream::Masked;

/// What stands where a secret stood.
pub const MASK: &str = "[REDACTED]";

/// Secrets of fewer bytes are not masked, they would match everywhere.
const SHORTEST: usize = 4;

/// Knows every spelling of every secret of a run and masks them. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
    secrets: Arc<AtomicUsize>,
    replaced: Arc<AtomicUsize>,
    is_off: bool,
}

#[derive(Default)]
struct Known {
    spellings: BTreeSet<String>,
    /// Made anew when something is looked for after another secret was learned.
    finder: OnceLock<Finder>,
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

    /// Lets everything through. It is there to test that something would leak without one that does not.
    pub fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// Learns a secret and the spellings that protocols and formats give it: raw, base64 alone and within other text, URL-safe
    /// base64, the SASL PLAIN and XOAUTH2 blobs of `user`, escaped for URLs, forms, JSON, XML and quoted-printable, whole or in
    /// part. A spelling of six bytes and more is known in any letter case, and with spaces, line breaks and the codes of SMTP
    /// between its characters. Secrets of fewer than four bytes are not masked, they would match everywhere.
    pub fn learn(&self, user: &str, secret: &Secret) {
        let raw = secret.expose();
        if raw.len() < SHORTEST {
            return;
        }
        if let Ok(mut known) = self.known.write() {
            if !known.spellings.contains(raw) {
                self.secrets.fetch_add(1, Ordering::Relaxed);
            }
            let before = known.spellings.len();
            known.spellings.extend(spellings::of(user, raw));
            if known.spellings.len() > before {
                known.finder = OnceLock::new();
            }
        }
    }

    /// The text with every secret masked, and what a cut (`…`) has left of one.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Secrets are text, and text is cut between characters.
            Cow::Owned(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(MASK), Cow::Owned),
        }
    }

    /// The bytes with every secret masked, also one that line breaks or spaces divide; bytes that are no UTF-8 stay as they are.
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(bytes);
        if found.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(self.mask(bytes, &found)) }
    }

    /// Where secrets stand, in order and apart from each other.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        if self.is_off {
            return Vec::new();
        }
        match self.known.read() {
            Ok(known) => known.finder().find(bytes),
            // Nobody knows what they are.
            Err(_) => std::iter::once(0..bytes.len()).collect(),
        }
    }

    /// The bytes with a mask in each of these places.
    fn mask(&self, bytes: &[u8], found: &[Range<usize>]) -> Vec<u8> {
        self.replaced.fetch_add(found.len(), Ordering::Relaxed);
        let mut out = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for range in found {
            out.extend_from_slice(bytes.get(from..range.start).unwrap_or_default());
            out.extend_from_slice(MASK.as_bytes());
            from = range.end;
        }
        out.extend_from_slice(bytes.get(from..).unwrap_or_default());
        out
    }

    /// How many secrets it knows, and how many times it has masked one.
    pub fn counts(&self) -> (usize, usize) {
        (self.secrets.load(Ordering::Relaxed), self.replaced.load(Ordering::Relaxed))
    }

    /// Whether any spelling of any secret stands in these bytes.
    pub fn leaks(&self, bytes: &[u8]) -> bool {
        !self.find(bytes).is_empty()
    }
}

impl Known {
    fn finder(&self) -> &Finder {
        self.finder.get_or_init(|| Finder::new(self.spellings.iter().cloned()))
    }
}

/// The first so many characters of a text, the last of them an ellipsis where more follow: by that a redactor knows that what
/// stands before it may be a piece of a secret.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(most.saturating_sub(1)).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose};

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

    #[test]
    fn what_is_cut_leaves_no_piece() {
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("ya29.a0AfB_longer"));
        let line = format!("535 no: ya29.a0AfB_longer {}", "x".repeat(50));
        for most in 8..line.len() {
            let shown = cut(&line, most);
            assert_eq!(shown.chars().count(), most);
            let masked = redactor.text(&shown);
            // Less than four characters of it say nothing.
            assert!(!masked.contains("ya29"), "{most}: {masked}");
        }
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn later_secrets_are_known_and_none_when_it_is_off() {
        let (redactor, off) = (Redactor::new(), Redactor::off());
        for known in [&redactor, &off] {
            assert!(!known.leaks(b"hunter2 hunter3"));
            known.learn("me", &Secret::new("hunter2"));
            known.learn("me", &Secret::new("abc"));
        }
        assert_eq!(redactor.text("hunter2 hunter3 abc"), "[REDACTED] hunter3 abc");
        redactor.learn("me", &Secret::new("hunter3"));
        assert_eq!(redactor.text("hunter2 hunter3 abc"), "[REDACTED] [REDACTED] abc");
        assert_eq!(off.text("hunter2"), "hunter2");
        assert!(!off.leaks(b"hunter2"));
    }
}
