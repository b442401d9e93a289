//! The record of a key.

use crate::{
    catalogue::Cause,
    doctor::Report,
    verify::{Dns, SignatureDefect, TxtAnswer, read_key},
};

/// A record that can be used.
pub(in crate::doctor) struct KeyRecord {
    /// Its name.
    pub(in crate::doctor) name: String,
    /// The public key in DER.
    pub(in crate::doctor) key: Vec<u8>,
    /// Its size.
    pub(in crate::doctor) bits: usize,
}

/// What to do where there is no record, when nobody knows which.
pub(in crate::doctor) const PUBLISH: &str = "publish the TXT record that `rspamadm dkim_keygen` printed";

/// The record of a key, when there is one that can be used; else why not, and what to publish where there is none.
pub(in crate::doctor) async fn look(
    dns: &Dns,
    selector: &str,
    domain: &str,
    (check, publish): (&str, &str),
    report: &mut Report,
) -> Option<KeyRecord> {
    let name = format!("{selector}._domainkey.{domain}");
    let texts = match dns.txt(&name).await {
        TxtAnswer::Records { texts, .. } => texts,
        TxtAnswer::NxDomain | TxtAnswer::NoData => {
            report.fail(check, Cause::B01, format!("there is no key at {name}"), publish);
            return None;
        }
        failed @ TxtAnswer::Failed(_) => {
            let text = format!("DNS gave no answer for {name} ({})", failed.word().unwrap_or_default());
            report.unknown(check, text, "ask again when it answers");
            return None;
        }
    };
    let [text] = texts.as_slice() else {
        let text = format!("there are {} TXT records at {name}, and a verifier may take any", texts.len());
        report.fail(check, Cause::B03, text, "leave one");
        return None;
    };
    let (facts, key) = read_key(&name, text);
    match key {
        Ok(key) => {
            if facts.testing {
                let text = format!("the record at {name} says t=y: verifiers need not count what it signs");
                report.warn(check, None, text, "take t=y out");
            }
            Some(KeyRecord { name, key, bits: facts.bits.unwrap_or_default() })
        }
        Err((cause, text)) => {
            let (code, next) = match cause {
                SignatureDefect::KeyRevoked => (Cause::B01, "publish the key, or seal with a selector that has one"),
                SignatureDefect::NotAKey | SignatureDefect::KeyMalformed => (
                    Cause::B03,
                    "publish one TXT record without quotes of its own; long ones are split into strings of 255",
                ),
                _ => (Cause::B00, "publish an RSA key of 2048 bits for all uses"),
            };
            report.fail(check, code, text, next);
            None
        }
    }
}
