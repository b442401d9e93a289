//! ARC-Seals: what each must cover, and what one that does not fit was made over instead (RFC 8617 §5.1.1).

use super::{
    Canonicalization, SignatureDefect,
    defect::Defect,
    signature::{Judgement, SignatureVerifier, unsigned},
    signature_tags::SignatureKind,
};
use crate::mail::{
    Field, Message,
    arc::{ArcSet, ChainValidationStatus},
};

/// With so many older sets it is not tried which of them a seal leaves out: a message must not decide how much work it makes.
const MOST_TRIED: usize = 10;

/// Judges the seal of the last of these sets. It covers every set up to its own, and with `cv=fail` only its own
/// (RFC 8617 §5.1.1, §5.1.2).
pub(super) fn judge_seal(message: &Message, verifier: &SignatureVerifier<'_>, sets: &[ArcSet]) -> Judgement {
    let Some((own, older)) = sets.split_last() else { return Judgement::default() };
    let Some(seal) = &own.seal else { return Judgement::default() };
    let fails = seal.cv == Some(ChainValidationStatus::Fail);
    let expected = if fails { Covered::own_set() } else { Covered::whole(older) };
    let sealed = |covered: &Covered<'_>| sealed(message, verifier, own, &covered.older);
    let mut judgement = match sealed(&expected) {
        Ok(data) => verifier.seal(seal.field, &data),
        Err(missing) => Judgement {
            defects: vec![Defect::new(SignatureDefect::Structure, format!("it cannot hold: {missing}"))],
            ..Judgement::default()
        },
    };
    if judgement.has(SignatureDefect::Signature) {
        let fits = |covered: &Covered<'_>| {
            sealed(covered).is_ok_and(|data| !verifier.seal(seal.field, &data).has(SignatureDefect::Signature))
        };
        if let Some(covered) = wrong_ones(older).into_iter().find(fits) {
            let text = format!("it covers {}, and must cover {}", covered.what, expected.what);
            judgement.defects.retain(|p| p.kind != SignatureDefect::Signature);
            judgement.defects.push(Defect::new(covered.defect, text));
        }
    }
    let cv = match (own.instance, &seal.cv) {
        (1, Some(ChainValidationStatus::Pass)) => Some("cv=pass, where the first seal must say cv=none"),
        (2.., Some(ChainValidationStatus::None)) => Some("cv=none, which only the first seal may say"),
        _ => None,
    };
    judgement.defects.extend(cv.map(|text| Defect::new(SignatureDefect::ChainValidationStatus, text)));
    judgement
}

/// What a seal may have been made over beside its own set. Sealers have been seen to do all of them.
struct Covered<'s> {
    /// In their order: whose ARC-Authentication-Results, and whose ARC-Message-Signature and ARC-Seal.
    older: Vec<[&'s ArcSet; 2]>,
    what: String,
    /// What is wrong where it is not what the seal must cover.
    defect: SignatureDefect,
}

impl<'s> Covered<'s> {
    fn of(older: impl IntoIterator<Item = &'s ArcSet>, what: impl Into<String>, defect: SignatureDefect) -> Self {
        Self { older: older.into_iter().map(|set| [set, set]).collect(), what: what.into(), defect }
    }

    fn whole(older: &'s [ArcSet]) -> Self {
        Self::of(older, "every set in order", SignatureDefect::SealCoversTooMuch)
    }

    fn own_set() -> Self {
        Self::of([], "only its own set", SignatureDefect::SealLeavesSetsOut)
    }

    /// All but some of the older sets.
    fn without(older: &'s [ArcSet], left_out: &[usize]) -> Self {
        let kept = older.iter().enumerate().filter_map(|(at, set)| (!left_out.contains(&at)).then_some(set));
        let names: Vec<String> = left_out.iter().map(|at| format!("i={}", older[*at].instance)).collect();
        Self::of(kept, format!("every set but {}", names.join(", ")), SignatureDefect::SealLeavesSetsOut)
    }
}

/// What seals are made over that do not cover what they must, the likeliest first.
fn wrong_ones(older: &[ArcSet]) -> Vec<Covered<'_>> {
    // As rspamd before 3.6: the older AARs from the first on, beside the AMS and AS from the last on.
    let mixed = Covered {
        older: older.iter().zip(older.iter().rev()).map(|(set, other)| [set, other]).collect(),
        what: "the older sets in the wrong order".to_owned(),
        defect: SignatureDefect::SealOrder,
    };
    let reversed =
        Covered::of(older.iter().rev(), "the older sets from the newest to the oldest", SignatureDefect::SealReversed);
    let mut all = vec![Covered::whole(older), Covered::own_set(), mixed, reversed];
    let n = older.len();
    if (2..=MOST_TRIED).contains(&n) {
        let first = (1..n).map(|end| (0..end).collect::<Vec<_>>());
        let last = (1..n).map(|start| (start..n).collect());
        let inner = (1..n - 1).map(|at| vec![at]);
        all.extend(first.chain(last).chain(inner).map(|left_out| Covered::without(older, &left_out)));
    }
    all
}

/// What a seal signs: per set AAR, AMS and AS, relaxed, the last AS without its signature. Or the part that is missing.
fn sealed(
    message: &Message,
    verifier: &SignatureVerifier<'_>,
    own: &ArcSet,
    older: &[[&ArcSet; 2]],
) -> Result<Vec<u8>, String> {
    let mut data = Vec::with_capacity(4096);
    let relaxed = Canonicalization::Relaxed;
    for [set, other] in older {
        let ([aar, ..], [_, ams, seal]) = (parts(message, set)?, parts(message, other)?);
        for field in [aar, ams, seal] {
            relaxed.header(verifier.bytes(field), &mut data);
        }
    }
    let [aar, ams, seal] = parts(message, own)?;
    relaxed.header(verifier.bytes(aar), &mut data);
    relaxed.header(verifier.bytes(ams), &mut data);
    unsigned(relaxed, verifier.bytes(seal), &mut data);
    Ok(data)
}

/// AAR, AMS and AS of a set, or the part that is missing.
fn parts<'m>(message: &'m Message, set: &ArcSet) -> Result<[&'m Field; 3], String> {
    let fields = message.fields();
    let missing = |part: &str| format!("instance {} has no {part}", set.instance);
    let aar = set.aar.as_ref().and_then(|aar| fields.iter().find(|f| f.line == aar.line));
    let ams = set.ams.as_ref().and_then(|ams| fields.get(ams.field));
    let seal = set.seal.as_ref().and_then(|seal| fields.get(seal.field));
    Ok([
        aar.ok_or_else(|| missing("ARC-Authentication-Results"))?,
        ams.ok_or_else(|| missing(SignatureKind::Ams.field()))?,
        seal.ok_or_else(|| missing(SignatureKind::Seal.field()))?,
    ])
}
