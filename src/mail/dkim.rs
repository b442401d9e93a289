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

/// Every DKIM-Signature, top to bottom.
pub fn all(message: &Message) -> Vec<DkimSignature> {
    let _ = message;
    unimplemented!()
}
