//! DKIM-Signature fields as written (RFC 6376 §3.5); whether they hold is for `verify`.

use super::{Message, taglist::TagList};

/// One DKIM-Signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimSignature {
    /// All its tags, as written.
    pub tags: TagList,
    /// `d=`, lower case.
    pub domain: Option<String>,
    /// `s=`.
    pub selector: Option<String>,
    /// `a=`.
    pub algorithm: Option<String>,
    /// `c=`, as written.
    pub canonicalization: Option<String>,
    /// `h=`, lower case, in order.
    pub signed_headers: Vec<String>,
    /// Index of the field in [`Message::fields`].
    pub field: usize,
}

impl DkimSignature {
    fn of(raw: &[u8], field: usize) -> Self {
        let tags = TagList::parse(raw);
        Self {
            domain: tags.lower("d"),
            selector: tags.compact("s"),
            algorithm: tags.compact("a"),
            canonicalization: tags.compact("c"),
            signed_headers: tags.names("h"),
            tags,
            field,
        }
    }
}

/// Every DKIM-Signature, top to bottom.
pub fn all(message: &Message) -> Vec<DkimSignature> {
    let fields = message.fields().iter().enumerate();
    fields.filter(|(_, f)| f.is("DKIM-Signature")).map(|(at, f)| DkimSignature::of(&f.raw, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_keep_their_place() {
        let message = Message::parse(
            &b"From: a@sender.example\r\nDKIM-Signature: v=1; a=rsa-sha256; d=Sender.Example; s=s1;\r\n c=relaxed;\r\n h=From:To\r\n :Date; b=x; darn=a.example\r\ndkim-signature:nonsense\r\n\r\n"[..],
        );
        let signatures = all(&message);
        assert_eq!(signatures.iter().map(|s| s.field).collect::<Vec<_>>(), [1, 2]);
        let first = &signatures[0];
        assert_eq!((first.domain.as_deref(), first.selector.as_deref()), (Some("sender.example"), Some("s1")));
        assert_eq!(
            (first.algorithm.as_deref(), first.canonicalization.as_deref()),
            (Some("rsa-sha256"), Some("relaxed"))
        );
        assert_eq!(first.signed_headers, ["from", "to", "date"]);
        assert_eq!((signatures[1].domain.as_deref(), signatures[1].tags.defects.len()), (None, 1));
    }
}
