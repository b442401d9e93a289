//! What DNS publishes about a key that a person has (RFC 6376 §3.6.1).

use crate::core::der::{BIT_STRING, ED25519, INTEGER, OBJECT, OCTET_STRING, RSA, SEQUENCE, element, write};
use aws_lc_rs::signature::RsaKeyPair;
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

/// NULL, the parameters of rsaEncryption.
const NULL: [u8; 2] = [0x05, 0x00];
/// The smallest key that the library checks.
const CHECKED: usize = 2048;

/// The public half of an RSA key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicHalf {
    /// The TXT record that publishes it.
    pub record: String,
    /// How long it is, in bits.
    pub bits: usize,
}

impl PublicHalf {
    /// That of the key in a PEM file (PKCS#1 or PKCS#8).
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn of(pem: &[u8]) -> Result<Self, String> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|e| e.to_string())?;
        let (half, checked) = match &key {
            PrivateKeyDer::Pkcs1(der) => {
                let der = der.secret_pkcs1_der();
                (pkcs1(der).ok_or("damaged")?, RsaKeyPair::from_der(der))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                (pkcs8(der).ok_or("damaged")??, RsaKeyPair::from_pkcs8(der))
            }
            _ => return Err("no RSA key".to_owned()),
        };
        match checked {
            Err(error) if half.bits >= CHECKED => Err(error.to_string()),
            _ => Ok(half),
        }
    }
}

/// The public half of a PrivateKeyInfo (RFC 5208 §5); the inner error is another kind of key.
fn pkcs8(der: &[u8]) -> Option<Result<PublicHalf, String>> {
    let (SEQUENCE, body, _) = element(der)? else { return None };
    let (INTEGER, _, rest) = element(body)? else { return None };
    let (SEQUENCE, algorithm, rest) = element(rest)? else { return None };
    let (OBJECT, name, _) = element(algorithm)? else { return None };
    if name == ED25519 {
        return Some(Err("an Ed25519 key".to_owned()));
    }
    if name != RSA {
        return Some(Err("no RSA key".to_owned()));
    }
    let (OCTET_STRING, key, _) = element(rest)? else { return None };
    pkcs1(key).map(Ok)
}

/// The public half of an RSAPrivateKey (RFC 8017 §A.1.2).
fn pkcs1(der: &[u8]) -> Option<PublicHalf> {
    let (SEQUENCE, body, _) = element(der)? else { return None };
    let (INTEGER, _, numbers) = element(body)? else { return None };
    let (INTEGER, modulus, rest) = element(numbers)? else { return None };
    let (INTEGER, _, others) = element(rest)? else { return None };
    let public = write(SEQUENCE, &numbers[..numbers.len() - others.len()]);
    let algorithm = write(SEQUENCE, &[&write(OBJECT, &RSA)[..], &NULL].concat());
    let info = write(SEQUENCE, &[algorithm, write(BIT_STRING, &[&[0], &public[..]].concat())].concat());
    let bits = (modulus.len() - modulus.iter().take_while(|b| **b == 0).count()) * 8;
    Some(PublicHalf { record: super::record(&STANDARD.encode(info)), bits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::keys::{ED25519_PEM, Keys};

    /// Of 768 bits, which nobody uses.
    const SHORT: &str = "-----BEGIN PRIVATE KEY-----
MIIB5AIBADANBgkqhkiG9w0BAQEFAASCAc4wggHKAgEAAmEA1upWK+sBaPx9QNH/
bdd85IszHBttuK56lvEChfK/ku/eciTCerVYXkPqd3rVAPvgEc+nc4Q2WLd2biyI
cku4UFYaYfG0T7EVEhQ0vpIG3a0aXRSRXvxtUU8YB1she67lAgMBAAECYFSCw63z
dJN/LhXOPj5ITXFll4yG8Kd93PD8Bvz7TwAN2RBTijJMm1o+JLYlFBuV73c4Jy6p
YrNY5a7NUj3s3OGDN7KCQXcMnExf3+s8sYZYx8cL2GcAlDbowARQFBExpQIxAOrv
bUHiQEmpWe6QVi38UiFlkufJw6vwZ7xEg616hIh+W8xDbzqLwBruoBKU+clGtwIx
AOovYnJk9wjzLk//hb8rH5dUzqoWGXQ4Klw3fs+z1ldYWGPSPdGpyv0XAARFA447
QwIxANWXbg7LI0WVKUUihqdyUj04urHvFu24OKfK5qiOzfXGY7E20eY5biNONcwP
E3WxywIwA6ximvDCfz1xSIf1jR4cDL+jzj8yfwQyhefI8XEct5oHKOmvVo6XRIkL
0wVSHPUJAjAehDTS5OktSoR2Dyj8EwU8i7KyPuNXEcvJtfoNwy6UTrLmqSiYY8p1
Ss8BIpU42Mc=
-----END PRIVATE KEY-----
";
    const ITS_RECORD: &str = "v=DKIM1; k=rsa; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANbqVivrAWj8fUDR/23XfOSLMxwbbbiuepbxAoXyv5Lv3nIkwn\
    q1WF5D6nd61QD74BHPp3OENli3dm4siHJLuFBWGmHxtE+xFRIUNL6SBt2tGl0UkV78bVFPGAdbIXuu5QIDAQAB";

    #[test]
    fn the_record_is_that_of_the_key() {
        let keys = Keys::load().unwrap();
        let half = PublicHalf::of(keys.sender.pem().as_bytes()).unwrap();
        assert_eq!(half, PublicHalf { record: keys.sender.record(), bits: 2048 });
        // As rspamadm prints it.
        assert_eq!(PublicHalf::of(SHORT.as_bytes()), Ok(PublicHalf { record: ITS_RECORD.to_owned(), bits: 768 }));
    }

    #[test]
    fn what_is_no_rsa_key_is_told() {
        assert_eq!(PublicHalf::of(ED25519_PEM.as_bytes()), Err("an Ed25519 key".to_owned()));
        assert!(PublicHalf::of(b"no key").is_err());
        let pem = Keys::load().unwrap().sender.pem().to_owned();
        let mut lines: Vec<&str> = pem.lines().collect();
        lines.swap(20, 21);
        assert!(PublicHalf::of(lines.join("\n").as_bytes()).is_err(), "its parts do not fit");
        assert!(PublicHalf::of(SHORT.replacen("MII", "MIQ", 1).as_bytes()).is_err());
    }
}
