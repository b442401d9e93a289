//! Private keys in PEM, as far as their public half and their soundness go.

use crate::core::der::{BIT_STRING, ED25519, INTEGER, OBJECT, OCTET_STRING, RSA, SEQUENCE, element};
use aws_lc_rs::signature::RsaKeyPair;
use base64::{Engine, engine::general_purpose::STANDARD};

/// What a key file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrivateKey {
    /// An RSA key with its modulus, without leading zeros.
    Rsa { modulus: Vec<u8> },
    /// A key of another kind: `ed25519`, `EC`.
    Other(&'static str),
    /// Nothing that seals, and why.
    Broken(&'static str),
}

/// The smallest RSA key that the library checks.
const CHECKED: usize = 2048;

impl PrivateKey {
    /// Reads a file in PEM.
    pub(super) fn read(pem: &str) -> Self {
        let Some((_, begun)) = pem.split_once("-----BEGIN ") else { return Self::Broken("it is no PEM file") };
        let Some((label, rest)) = begun.split_once("-----") else { return Self::Broken("it is no PEM file") };
        match label {
            "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
            "EC PRIVATE KEY" => return Self::Other("EC"),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Self::Broken("it is the public half"),
            "ENCRYPTED PRIVATE KEY" => return Self::Broken("it is encrypted"),
            _ => return Self::Broken("it holds no private key"),
        }
        let Some((body, _)) = rest.split_once("-----END ") else { return Self::Broken("its end is missing") };
        if body.contains("ENCRYPTED") {
            return Self::Broken("it is encrypted");
        }
        let body: String = body.split_whitespace().collect();
        let Ok(der) = STANDARD.decode(body) else { return Self::Broken("it is damaged: no base64") };
        let modulus = if label == "PRIVATE KEY" { pkcs8(&der) } else { pkcs1(&der).map(Self::rsa) };
        match modulus {
            // A key of this size can be proved whole.
            Some(Self::Rsa { modulus }) if modulus.len() * 8 >= CHECKED => {
                let pair =
                    if label == "PRIVATE KEY" { RsaKeyPair::from_pkcs8(&der) } else { RsaKeyPair::from_der(&der) };
                if pair.is_ok() { Self::Rsa { modulus } } else { Self::Broken("it is damaged: its parts do not fit") }
            }
            Some(other) => other,
            None => Self::Broken("it is damaged"),
        }
    }

    fn rsa(modulus: &[u8]) -> Self {
        Self::Rsa { modulus: modulus.to_vec() }
    }
}

/// The modulus of a public key as DNS publishes it: a SubjectPublicKeyInfo, or a bare RSAPublicKey (RFC 6376 §3.6.1).
pub(super) fn published_modulus(der: &[u8]) -> Option<Vec<u8>> {
    let (SEQUENCE, body, _) = element(der)? else { return None };
    let modulus = match element(body)? {
        (INTEGER, modulus, _) => modulus,
        (SEQUENCE, _, rest) => {
            let (BIT_STRING, bits, _) = element(rest)? else { return None };
            let (SEQUENCE, body, _) = element(bits.get(1..)?)? else { return None };
            let (INTEGER, modulus, _) = element(body)? else { return None };
            modulus
        }
        _ => return None,
    };
    Some(without_zeros(modulus).to_vec())
}

/// PrivateKeyInfo (RFC 5208 §5).
fn pkcs8(der: &[u8]) -> Option<PrivateKey> {
    let (SEQUENCE, body, _) = element(der)? else { return None };
    let (INTEGER, _, rest) = element(body)? else { return None };
    let (SEQUENCE, algorithm, rest) = element(rest)? else { return None };
    let (OBJECT, name, _) = element(algorithm)? else { return None };
    if name == ED25519 {
        return Some(PrivateKey::Other("ed25519"));
    }
    if name != RSA {
        return Some(PrivateKey::Other("EC"));
    }
    let (OCTET_STRING, key, _) = element(rest)? else { return None };
    pkcs1(key).map(PrivateKey::rsa)
}

/// The modulus of an RSAPrivateKey (RFC 8017 §A.1.2).
fn pkcs1(der: &[u8]) -> Option<&[u8]> {
    let (SEQUENCE, body, _) = element(der)? else { return None };
    let (INTEGER, _, rest) = element(body)? else { return None };
    let (INTEGER, modulus, _) = element(rest)? else { return None };
    Some(without_zeros(modulus))
}

fn without_zeros(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|b| **b == 0).count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::rspamd::tests::{OTHER, SENDER, record};

    #[test]
    fn a_key_and_its_record_have_one_modulus() {
        let PrivateKey::Rsa { modulus } = PrivateKey::read(SENDER) else { panic!() };
        assert_eq!(modulus.len(), 256);
        let published =
            |record: String| published_modulus(&STANDARD.decode(record.split_once("p=").unwrap().1).unwrap());
        assert_eq!(published(record(SENDER)).unwrap(), modulus);
        assert_ne!(published(record(OTHER)).unwrap(), modulus);
        assert_eq!(published_modulus(b"\x30\x03\x02\x01"), None);
    }

    #[test]
    fn what_is_no_rsa_key_is_named() {
        let cut: String = SENDER.lines().take(10).map(|l| format!("{l}\n")).collect();
        let ed25519 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
        let mut lines: Vec<&str> = SENDER.lines().collect();
        lines.swap(3, 4);
        for (pem, wanted) in [
            ("", PrivateKey::Broken("it is no PEM file")),
            (cut.as_str(), PrivateKey::Broken("its end is missing")),
            (&SENDER.replace("PRIVATE", "PUBLIC"), PrivateKey::Broken("it is the public half")),
            (&SENDER.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"), PrivateKey::Broken("it is encrypted")),
            (&SENDER.replace("MII", "###"), PrivateKey::Broken("it is damaged: no base64")),
            (&lines.join("\n"), PrivateKey::Broken("it is damaged: its parts do not fit")),
            (ed25519, PrivateKey::Other("ed25519")),
        ] {
            assert_eq!(PrivateKey::read(pem), wanted);
        }
    }
}
