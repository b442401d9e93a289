//! The record of a key: whether DNS has one that can be used, and whether it is that of the key that signs.

use crate::{
    catalogue::Cause,
    core::private_key::published_modulus,
    doctor::Report,
    verify::{Dns, SignatureDefect, TxtAnswer, read_key},
};

/// A record that can be used.
pub(in crate::doctor) struct KeyRecord {
    /// Its name.
    pub(in crate::doctor) name: String,
    /// The public key in DER.
    key: Vec<u8>,
    /// Its size.
    pub(in crate::doctor) bits: usize,
}

/// What to do where there is no record, when nobody knows which.
pub(in crate::doctor) const PUBLISH: &str = "publish the TXT record that `rspamadm dkim_keygen` printed";

impl KeyRecord {
    /// Looks a record up. Where there is none that can be used, says why not, and what to publish where there is none.
    pub(in crate::doctor) async fn look_up(
        dns: &Dns,
        selector: &str,
        domain: &str,
        check: &str,
        publish: &str,
        report: &mut Report,
    ) -> Option<Self> {
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
                Some(Self { name, key, bits: facts.bits.unwrap_or_default() })
            }
            Err((defect, text)) => {
                let (cause, next) = of_defect(defect);
                report.fail(check, cause, text, next);
                None
            }
        }
    }

    /// Says whether it publishes the key with this modulus, which people know by `name`; what to do where it does not is
    /// `next`.
    pub(in crate::doctor) fn compare(
        &self,
        modulus: Option<&[u8]>,
        name: &str,
        check: &str,
        next: &str,
        report: &mut Report,
    ) {
        if modulus.is_some() && modulus == published_modulus(&self.key).as_deref() {
            report.ok(check, format!("the record at {} is that of the key, {} bits", self.name, self.bits));
        } else {
            report.fail(check, Cause::B02, format!("the record at {} is of another key than {name}", self.name), next);
        }
    }
}

/// What a record leads to that cannot be used, and what to do.
fn of_defect(defect: SignatureDefect) -> (Cause, &'static str) {
    match defect {
        SignatureDefect::KeyRevoked => (Cause::B01, "publish the key, or seal with a selector that has one"),
        SignatureDefect::NotAKey | SignatureDefect::KeyMalformed => {
            (Cause::B03, "publish one TXT record without quotes of its own; long ones are split into strings of 255")
        }
        _ => (Cause::B00, "publish an RSA key of 2048 bits for all uses"),
    }
}
