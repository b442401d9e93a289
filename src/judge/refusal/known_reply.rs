//! A kind of reply, known by words that stay while the wording changes, and by status codes where these have one meaning.

use crate::catalogue::Cause;

/// Replies that tell of one cause.
#[derive(Debug)]
pub(super) struct KnownReply {
    /// A short name for them.
    pub(super) name: &'static str,
    pub(super) cause: Cause,
    /// Words in lower case, links to help pages among them: a text is one of these when it holds one of them, ` + ` standing
    /// between words that must all be there.
    pub(super) words: &'static [&'static str],
    /// Enhanced status codes that only these have in Google's list: of one class, or the last two parts for both classes.
    pub(super) google: &'static [&'static str],
    /// The same for Microsoft.
    pub(super) microsoft: &'static [&'static str],
    /// The same for the registry of RFC 5248, which other servers go by.
    pub(super) registry: &'static [&'static str],
}

pub(super) const fn known(name: &'static str, cause: Cause, words: &'static [&'static str]) -> KnownReply {
    KnownReply { name, cause, words, google: &[], microsoft: &[], registry: &[] }
}

impl KnownReply {
    pub(super) const fn google(self, google: &'static [&'static str]) -> Self {
        Self { google, ..self }
    }

    pub(super) const fn microsoft(self, microsoft: &'static [&'static str]) -> Self {
        Self { microsoft, ..self }
    }

    pub(super) const fn registry(self, registry: &'static [&'static str]) -> Self {
        Self { registry, ..self }
    }

    /// Whether a text has words of it.
    pub(super) fn has_words(&self, text: &str) -> bool {
        self.words.iter().any(|words| words.split(" + ").all(|part| text.contains(part)))
    }

    /// Whether a status code means it in one of these lists.
    pub(super) fn has_status(&self, status: &str, list: fn(&Self) -> &'static [&'static str]) -> bool {
        let is_it = |code: &&str| if code.matches('.').count() == 2 { *code == status } else { status[2..] == **code };
        list(self).iter().any(is_it)
    }

    /// Whether it is about how much is sent, and goes by with time.
    pub(super) fn is_limit(&self) -> bool {
        matches!(self.cause, Cause::D05 | Cause::D06 | Cause::D18)
    }
}
