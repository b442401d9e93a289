//! A diagnosis in the making.

use crate::{
    catalogue::{Cause, Lang},
    core::Recorded,
    judge::phrases,
    mail::Field,
    outcome::{Confidence, Diagnosis, EvidenceRef},
};

/// The longest text of a quotation, in characters.
const LONGEST: usize = 200;
/// The same of what is said of the whole: sentences, which say nothing when they are cut.
const LONGEST_SENTENCE: usize = 800;

/// Starts a diagnosis; its title is the catalogue's.
pub(super) fn found(cause: Cause, confidence: Confidence) -> Diagnosis {
    Diagnosis {
        code: Recorded::Known(cause),
        title: cause.row().title.in_lang(Lang::En).to_owned(),
        confidence,
        evidence: Vec::new(),
        ruled_out: Vec::new(),
        next: Vec::new(),
    }
}

impl Diagnosis {
    /// With what it rests on.
    pub(super) fn seen(mut self, evidence: impl IntoIterator<Item = EvidenceRef>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// With what was looked at and excluded.
    pub(super) fn excluding(mut self, ruled_out: impl IntoIterator<Item = String>) -> Self {
        self.ruled_out.extend(ruled_out);
        self
    }

    /// With commands to run next.
    pub(super) fn next(mut self, commands: impl IntoIterator<Item = String>) -> Self {
        self.next.extend(commands);
        self
    }
}

/// A field of a mail, quoted.
pub(super) fn field(artifact: &str, field: &Field) -> EvidenceRef {
    let value = field.value();
    let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    // Signatures are long and say nothing to people.
    let value = match value.rfind("; b=") {
        Some(at) if is_signature(&field.name) => format!("{}; b=…", &value[..at]),
        _ => value,
    };
    quote(artifact, field.line, &format!("{}: {value}", field.name))
}

fn is_signature(name: &str) -> bool {
    ["ARC-Seal", "ARC-Message-Signature", "DKIM-Signature"].iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// A line of an artifact, or what is true of the whole (line 0).
pub(super) fn quote(artifact: &str, line: u32, text: &str) -> EvidenceRef {
    let longest = if line == 0 { LONGEST_SENTENCE } else { LONGEST };
    EvidenceRef { artifact: artifact.to_owned(), line, text: phrases::cut(text, longest) }
}
