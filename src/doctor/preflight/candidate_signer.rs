//! Is the key published that signs mail which goes straight to a candidate?

use super::Preflight;
use crate::{
    core::private_key::{PrivateKey, record},
    doctor::{Report, dns::key_record::KeyRecord},
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
            let record = KeyRecord::look_up(self.dns, selector, domain, &check, &publish, report).await;
            let Some(record) = record else { continue };
            let modulus = match PrivateKey::read(signer.key.expose()) {
                PrivateKey::Rsa { modulus } => Some(modulus),
                _ => None,
            };
            let name = format!("`dkim` of account {account}");
            record.compare(modulus.as_deref(), &name, &check, &publish, report);
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
