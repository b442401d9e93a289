//! DKIM signatures of mail that no server of the sender's signs: what is handed straight to a recipient's server.
//!
//! mail-auth signs. lettre's signer takes no message in bytes, and a field that it is to list twice, so that nobody adds
//! one, it hashes twice.

use crate::{
    evidence::Sent,
    outcome::{HarnessError, HarnessErrorKind},
    target::DkimSigner,
};
use mail_auth::{
    common::{
        crypto::{RsaKey, Sha256},
        headers::HeaderWriter,
    },
    dkim::{Canonicalization, DkimSigner as Signer},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use std::fmt::Display;

/// The fields that are signed where the message has them (RFC 6376 §5.4.1).
const SIGNED: [&str; 12] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Puts a DKIM-Signature before the message, which stays as it is: rsa-sha256, relaxed/simple, and no From field can be
/// added (RFC 6376 §5.4.2).
///
/// # Errors
/// H09 when the key cannot sign.
pub fn sign(sent: &mut Sent, signer: &DkimSigner) -> Result<(), HarnessError> {
    let failed = |error: &dyn Display| {
        HarnessError::new(
            HarnessErrorKind::File,
            format!("sign the mail for {}", signer.domain),
            format!("the key of {}._domainkey.{} cannot sign: {error}", signer.selector, signer.domain),
            "name an RSA key of 2048 bits or more, in PEM, as `dkim: { private_key }` of the sender",
        )
    };
    let der = PrivateKeyDer::from_pem_slice(signer.key.expose().as_bytes()).map_err(|e| failed(&e))?;
    let key = RsaKey::<Sha256>::from_key_der(der).map_err(|e| failed(&e))?;
    let there = SIGNED.into_iter().filter(|name| sent.message.first(name).is_some());
    // A name more often than the message has it covers what is not there.
    let names = there.chain(["From"]);
    let signature = Signer::from_key(key).domain(&signer.domain).selector(&signer.selector).headers(names);
    // mail-auth's relaxed body keeps white space in empty lines at the end, which RFC 6376 §3.4.4 takes away.
    let signature = signature.body_canonicalization(Canonicalization::Simple);
    let signature = signature.sign(sent.raw()).map_err(|e| failed(&e))?;
    sent.put_before(signature.to_header().as_bytes());
    Ok(())
}
