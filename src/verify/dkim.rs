//! DKIM-Signatures (RFC 6376 §6.1).

use super::{
    DkimVerification, SignatureDefect,
    arc::Signer,
    signature::{Judgement, SignatureVerifier},
    signature_tags::SignatureKind,
};
use crate::mail::dkim::DkimSignature;

/// How many signatures of one message are judged: a message must not decide how much work it makes (RFC 6376 §6.1).
pub(super) const MOST: usize = 50;

/// Judges every DKIM-Signature. `sealers` are the sets whose ARC-Message-Signature holds: what they saw is unchanged.
pub(super) fn verify(
    signatures: &[DkimSignature],
    verifier: &mut SignatureVerifier<'_>,
    sealers: &[Signer],
) -> Vec<DkimVerification> {
    let mut out = Vec::new();
    for (at, signature) in signatures.iter().enumerate() {
        let d = signature.domain.clone().unwrap_or_default();
        let s = signature.selector.clone().unwrap_or_default();
        if at >= MOST {
            let reason = Some(format!("{}: not judged: only the first {MOST} are", SignatureKind::Dkim.field()));
            out.push(DkimVerification { d, s, reason, ..DkimVerification::default() });
            continue;
        }
        let judgement = verifier.message_signature(signature.field);
        out.push(DkimVerification {
            s,
            result: judgement.verdict(),
            reason: reason(&judgement, &d, sealers.first()),
            facts: judgement.facts(),
            d,
        });
    }
    out
}

fn reason(judgement: &Judgement, d: &str, sealer: Option<&Signer>) -> Option<String> {
    let before = sealer.map(|s| format!(" and before {} sealed it (instance {})", s.name, s.instance));
    let before = before.unwrap_or_default();
    let texts: Vec<String> = judgement
        .defects
        .iter()
        .map(|defect| match defect.kind {
            SignatureDefect::BodyHash => format!("{}: the body changed after {d} signed it{before}", defect.text),
            SignatureDefect::Signature => {
                format!(
                    "{}: a signed header field changed after {d} signed it{before}, or another key signed",
                    defect.text
                )
            }
            _ => defect.text.clone(),
        })
        .collect();
    (!texts.is_empty()).then(|| format!("{}: {}", SignatureKind::Dkim.field(), texts.join("; ")))
}
