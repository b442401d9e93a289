//! What one signature covers of what another one covers.

use crate::{
    mail::{arc::ArcMessageSignature, dkim::DkimSignature},
    verify::Canonicalization,
};
use std::collections::HashMap;

/// What a DKIM-Signature or an ARC-Message-Signature covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coverage<'s> {
    names: &'s [String],
    header: Canonicalization,
    body: Canonicalization,
    is_partial: bool,
}

impl<'s> From<&'s DkimSignature> for Coverage<'s> {
    fn from(dkim: &'s DkimSignature) -> Self {
        Self::new(&dkim.signed_headers, dkim.canonicalization.as_deref(), dkim.tags.get("l"))
    }
}

impl<'s> From<&'s ArcMessageSignature> for Coverage<'s> {
    fn from(ams: &'s ArcMessageSignature) -> Self {
        Self::new(&ams.signed_headers, ams.canonicalization.as_deref(), ams.tags.get("l"))
    }
}

impl<'s> Coverage<'s> {
    fn new(names: &'s [String], c: Option<&str>, l: Option<&str>) -> Self {
        // What cannot be read counts as the default of RFC 6376 §3.5.
        let [header, body] = Canonicalization::of_tag(c).map(|known| known.unwrap_or(Canonicalization::Simple));
        Self { names, header, body, is_partial: l.is_some() }
    }

    /// Whether fields that did not change for it did not change for another one either.
    pub(super) fn has_header_form_of(self, other: Coverage<'_>) -> bool {
        is_as_strict(self.header, other.header)
    }

    /// Whether a body that did not change for it did not change for another one either.
    pub(super) fn covers_body_of(self, other: Coverage<'_>) -> bool {
        !self.is_partial && is_as_strict(self.body, other.body)
    }

    /// Whether it covers every field of another one as strictly.
    pub(super) fn covers_header_of(self, other: Coverage<'_>) -> bool {
        self.has_header_form_of(other) && self.lacks(other).is_empty()
    }

    /// The names that stand in the `h=` of another one more often than in its own.
    pub(super) fn lacks<'o>(self, other: Coverage<'o>) -> Vec<&'o str> {
        let mut left: HashMap<&str, usize> = HashMap::new();
        for name in self.names {
            *left.entry(name).or_default() += 1;
        }
        let mut names: Vec<&str> = other.names.iter().map(String::as_str).collect();
        names.retain(|name| match left.get_mut(name) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What is the same without any change is the same after relaxed canonicalization.
fn is_as_strict(one: Canonicalization, other: Canonicalization) -> bool {
    one == other || one == Canonicalization::Simple
}
