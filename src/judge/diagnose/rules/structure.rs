//! Family B: sets and parts of sets that are missing, or stand twice.

use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{field, found, quote},
        facts::MailFacts,
    },
    mail::{
        Field,
        arc::{ArcDefect, ArcPart},
    },
    outcome::{Confidence::Certain, Diagnosis, EvidenceRef},
    verify::{Verdict, Verification},
};

/// Gaps, duplicates and missing parts.
pub(super) fn find(mail: &MailFacts<'_>, verification: Option<&Verification>) -> Option<Diagnosis> {
    let defects = &mail.arc.defects;
    let duplicate = defects.iter().find(|defect| matches!(defect, ArcDefect::Duplicate { .. }));
    let missing = defects.iter().find(|defect| lacks_part(defect));
    let (cause, defect) = match (duplicate, missing) {
        (Some(defect), _) => (Cause::B12, defect),
        (None, Some(defect)) => (Cause::B11, defect),
        (None, None) => match defects.iter().find(|defect| matches!(defect, ArcDefect::Gap { .. })) {
            Some(gap) => return Some(missing_set(mail, verification, *gap)),
            None => (Cause::B00, defects.first()?),
        },
    };
    let seen = [quote(&mail.artifact, 0, &defect.to_string())];
    Some(found(cause, Certain).seen(seen).seen(parts(mail, *defect)))
}

/// A set is not there although a later one is: whether it was when that was sealed.
fn missing_set(mail: &MailFacts<'_>, verification: Option<&Verification>, gap: ArcDefect) -> Diagnosis {
    let seen = quote(&mail.artifact, 0, &gap.to_string());
    let after = mail.arc.sets.iter().find(|set| matches!(gap, ArcDefect::Gap { last, .. } if set.instance > last));
    let seal = after.and_then(|set| Some((set, verification?.set(set.instance)?)));
    let sealed = seal.and_then(|(set, found)| {
        let same_key = found.ams == Verdict::Pass && found.ams_facts.key_name() == found.seal_facts.key_name();
        let was_there = match found.seal {
            Verdict::Pass => "was gone before",
            Verdict::Fail if same_key => "was taken out after",
            _ => return None,
        };
        Some(quote(&mail.artifact, 0, &format!("it {was_there} instance {} was sealed", set.instance)))
    });
    let told = mail.has_result("arc", "pass").then(|| mail.quote_trusted()).flatten();
    let of_set = after.and_then(|set| mail.quote_seal(set));
    found(Cause::B24, Certain).seen([seen]).seen(sealed).seen(told).seen(of_set)
}

/// Whether a set lacks a part, or a part lacks its set.
fn lacks_part(defect: &ArcDefect) -> bool {
    matches!(defect, ArcDefect::Missing { .. } | ArcDefect::NoInstance { .. })
}

/// The fields of the set that a defect is about.
fn parts(mail: &MailFacts<'_>, defect: ArcDefect) -> Vec<EvidenceRef> {
    let Some(instance) = defect.instance() else { return Vec::new() };
    let fields = mail.message.fields().iter().filter(|f| ArcPart::ALL.iter().any(|part| f.is(part.field_name())));
    let fields = fields.filter(|f| begins_with_instance(f, instance));
    fields.take(6).map(|f| field(&mail.artifact, f)).collect()
}

fn begins_with_instance(field: &Field, instance: u32) -> bool {
    let value = field.value();
    let number = value.trim_start().strip_prefix("i=").unwrap_or_default();
    number.split(|c: char| !c.is_ascii_digit()).next() == Some(instance.to_string().as_str())
}
