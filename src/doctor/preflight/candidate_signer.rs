//! Is the key published that signs mail which goes straight to a candidate?

use super::Preflight;
use crate::{
    catalogue::Cause,
    core::private_key::{PrivateKey, published_modulus, record},
    doctor::{Report, dns::key_record},
    target::DkimSigner,
};

/// The most octets of one string of a TXT record (RFC 1035 §3.3).
const STRING: usize = 255;

impl Preflight<'_> {
    /// The keys that sign, with the names of their accounts.
    pub(super) fn signers(&self) -> impl Iterator<Item = (&str, &DkimSigner)> {
        let senders = self.senders.iter().filter_map(|name| self.target.accounts.get(name));
        senders.filter_map(|account| Some((account.name.as_str(), account.dkim.as_ref()?)))
    }

    /// Whether DNS has the public half of each key.
    pub(super) async fn sign(&self, report: &mut Report) {
        for (account, signer) in self.signers() {
            let check = format!("{account}.dkim");
            let publish = format!("publish this record: {}", line(signer));
            let (selector, domain) = (&signer.selector, &signer.domain);
            let found = key_record::look(self.dns, selector, domain, (&check, &publish), report).await;
            let Some(found) = found else { continue };
            let own = match PrivateKey::read(signer.key.expose()) {
                PrivateKey::Rsa { modulus } => Some(modulus),
                _ => None,
            };
            if own.is_some() && own == published_modulus(&found.key) {
                report.ok(&check, format!("the record at {} is that of the key, {} bits", found.name, found.bits));
            } else {
                let text = format!("the record at {} is of another key than `dkim` of account {account}", found.name);
                report.fail(&check, Cause::B02, text, publish);
            }
        }
    }
}

/// The record that publishes a key, as a line of a zone file.
fn line(signer: &DkimSigner) -> String {
    let text = record(signer.key.expose()).unwrap_or_default();
    let strings: Vec<_> =
        text.as_bytes().chunks(STRING).map(|s| format!("\"{}\"", String::from_utf8_lossy(s))).collect();
    format!("{}._domainkey.{}. IN TXT {}", signer.selector, signer.domain, strings.join(" "))
}
