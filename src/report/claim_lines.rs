//! What servers claim and what we find, in words.

use super::plain;
use crate::{
    outcome::{Agreement, Claim},
    verify::Verdict,
};

/// A line for each claim that does not go with what we find.
pub(crate) fn disagreements(all: &[Claim]) -> Vec<String> {
    all.iter().filter(|c| c.agreement == Agreement::Disagrees).map(line).collect()
}

/// `mx.google.com claims dkim=pass d=sender.example s=ext (line 12), and it fails here: …`.
pub(crate) fn line(claim: &Claim) -> String {
    let by = claim.by.as_deref().unwrap_or("a server without a name");
    let sealed = claim.i.map(|i| format!(" sealed i={i}:")).unwrap_or_default();
    let about = claim.about.as_ref().map(|a| format!(" {a}")).unwrap_or_default();
    let ours = match (claim.agreement, claim.found) {
        (Agreement::Agrees, found) => format!("so do we: {found}"),
        (_, Verdict::Pass) => "we find pass".to_owned(),
        (_, Verdict::Fail) => "we find fail".to_owned(),
        (_, Verdict::None) => "we find nothing".to_owned(),
        (_, Verdict::TempError) => "we cannot tell".to_owned(),
    };
    let reason = claim.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
    plain(&format!(
        "{by}{sealed} claims {}={}{about} (line {}), {ours}{reason}",
        claim.method, claim.claims, claim.line
    ))
}
