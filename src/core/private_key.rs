//! Private keys in PEM, as far as their public half and their soundness go.

use super::der::{BIT_STRING, ED25519, INTEGER, OBJECT, OCTET_STRING, RSA, SEQUENCE, element};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// What a key file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// An RSA key.
    Rsa {
        /// Its modulus, without leading zeros.
        modulus: Vec<u8>,
    },
    /// A key of another kind: `ed25519`, `EC`.
    Other(&'static str),
    /// Nothing that seals, and why.
    Broken(&'static str),
}

/// The smallest RSA key that the library checks.
const CHECKED: usize = 2048;

impl PrivateKey {
    /// Reads a file in PEM.
    pub fn read(pem: &str) -> Self {
        let file = match File::read(pem) {
            Ok(file) => file,
            Err(other) => return other,
        };
        let modulus = if file.is_pkcs8 { pkcs8(&file.der) } else { pkcs1(&file.der).map(Self::rsa) };
        match modulus {
            // A key of this size can be proved whole.
            Some(Self::Rsa { modulus }) if modulus.len() * 8 >= CHECKED => match file.pair() {
                Some(_) => Self::Rsa { modulus },
                None => Self::Broken("it is damaged: its parts do not fit"),
            },
            Some(other) => other,
            None => Self::Broken("it is damaged"),
        }
    }

    fn rsa(modulus: &[u8]) -> Self {
        Self::Rsa { modulus: modulus.to_vec() }
    }
}

/// A file in PEM that says it holds a private key.
struct File {
    /// A PrivateKeyInfo, else an RSAPrivateKey.
    is_pkcs8: bool,
    der: Vec<u8>,
}

impl File {
    fn read(pem: &str) -> Result<Self, PrivateKey> {
        let broken = PrivateKey::Broken;
        let (_, begun) = pem.split_once("-----BEGIN ").ok_or(broken("it is no PEM file"))?;
        let (label, rest) = begun.split_once("-----").ok_or(broken("it is no PEM file"))?;
        match label {
            "PRIVATE KEY" | "RSA PRIVATE KEY" => {}
            "EC PRIVATE KEY" => return Err(PrivateKey::Other("EC")),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(broken("it is the public half")),
            "ENCRYPTED PRIVATE KEY" => return Err(broken("it is encrypted")),
            _ => return Err(broken("it holds no private key")),
        }
        let (body, _) = rest.split_once("-----END ").ok_or(broken("its end is missing"))?;
        if body.contains("ENCRYPTED") {
            return Err(broken("it is encrypted"));
        }
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| broken("it is damaged: no base64"))?;
        Ok(Self { is_pkcs8: label == "PRIVATE KEY", der })
    }

    /// The whole key, where the library takes it.
    fn pair(&self) -> Option<RsaKeyPair> {
        if self.is_pkcs8 { RsaKeyPair::from_pkcs8(&self.der) } else { RsaKeyPair::from_der(&self.der) }.ok()
    }
}

/// The text that publishes the public half of an RSA key in PEM (RFC 6376 §3.6.1); `None` when it cannot sign.
pub fn record(pem: &str) -> Option<String> {
    let pair = File::read(pem).ok()?.pair()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    Some(format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref())))
}

/// The modulus of a public key as DNS publishes it: a SubjectPublicKeyInfo, or a bare RSAPublicKey (RFC 6376 §3.6.1).
pub fn published_modulus(der: &[u8]) -> Option<Vec<u8>> {
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

    const SENDER: &str = include_str!("../lab/embedded/keys/sender.pem");
    const OTHER: &str = include_str!("../lab/embedded/keys/other.pem");

    #[test]
    fn a_key_and_its_record_have_one_modulus() {
        let PrivateKey::Rsa { modulus } = PrivateKey::read(SENDER) else { panic!() };
        assert_eq!(modulus.len(), 256);
        let published =
            |record: String| published_modulus(&STANDARD.decode(record.split_once("p=").unwrap().1).unwrap());
        assert_eq!(published(record(SENDER).unwrap()).unwrap(), modulus);
        assert_ne!(published(record(OTHER).unwrap()).unwrap(), modulus);
        assert_eq!(record(&SENDER.replace("PRIVATE", "PUBLIC")), None);
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
