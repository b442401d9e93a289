//! DKIM results in our words.

use super::authentication::{Dkim, DkimReason, Verdict};
use base64::{Engine, engine::general_purpose::STANDARD};
use mail_auth::{DkimOutput, DkimResult, DnsError, Error, common::crypto::CryptoError, dkim::DkimError};

pub(super) fn read(output: &DkimOutput<'_>) -> Dkim {
    let reason = match output.result() {
        DkimResult::Pass | DkimResult::None => None,
        DkimResult::Neutral(e) | DkimResult::Fail(e) | DkimResult::PermError(e) | DkimResult::TempError(e) => {
            Some(reason(e))
        }
    };
    let verdict = match output.result() {
        DkimResult::Pass => Verdict::Pass,
        DkimResult::Neutral(_) => Verdict::Neutral,
        DkimResult::Fail(_) => Verdict::Fail,
        DkimResult::PermError(_) => Verdict::PermError,
        DkimResult::TempError(_) => Verdict::TempError,
        DkimResult::None => Verdict::None,
    };
    let signature = output.signature();
    let domain = signature.map(|s| s.d.clone()).unwrap_or_default();
    Dkim {
        verdict,
        reason,
        identity: signature.map(|s| s.i.clone()).filter(|i| !i.is_empty()).unwrap_or_else(|| format!("@{domain}")),
        selector: signature.map(|s| s.s.clone()).unwrap_or_default(),
        signature_start: signature.map(|s| STANDARD.encode(&s.b[..s.b.len().min(6)])).unwrap_or_default(),
        domain,
    }
}

fn reason(error: &Error) -> DkimReason {
    match error {
        Error::Dns(DnsError::Resolver(_)) => DkimReason::Dns,
        Error::Dns(_) => DkimReason::NoKey,
        Error::Crypto(CryptoError::FailedVerification) => DkimReason::Signature,
        Error::Crypto(_) => DkimReason::BadKey,
        Error::Dkim(DkimError::FailedBodyHashMatch) => DkimReason::BodyHash,
        Error::Dkim(DkimError::SignatureExpired) => DkimReason::Expired,
        Error::Dkim(DkimError::RevokedPublicKey | DkimError::UnsupportedKeyType) => DkimReason::BadKey,
        Error::Dkim(DkimError::FailedAuidMatch) => DkimReason::Signature,
        Error::Dkim(_) => DkimReason::Syntax,
        _ => DkimReason::BadKey,
    }
}
