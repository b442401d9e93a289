//! A DKIM key of an account: whether it can sign, and what of it nobody may see.

use crate::core::{
    Secret,
    private_key::{PrivateKey, record},
};

/// From this many bits on an RSA key is strong (RFC 8301 §3.2).
const STRONG: usize = 2048;
/// A line of a PEM file says something of the key from this length on.
const TELLING: usize = 16;

/// Why a key in PEM cannot sign, and what to do.
pub(super) fn defect(pem: &str) -> Option<(String, &'static str)> {
    let new = "make one: openssl genrsa -out dkim.pem 2048; `sealcheck doctor --target gmail` says what to publish";
    match PrivateKey::read(pem) {
        PrivateKey::Rsa { modulus } if modulus.len() * 8 >= STRONG => None,
        PrivateKey::Rsa { modulus } => {
            Some((format!("it is an RSA key of {} bits, and {STRONG} are the least", modulus.len() * 8), new))
        }
        PrivateKey::Other(kind) => Some((format!("it is an {kind} key, and Gmail verifies RSA alone"), new)),
        PrivateKey::Broken(why) => Some((why.to_owned(), "it must be a private key in PEM, from BEGIN to END")),
    }
}

/// What of a file in PEM is secret: all of it and each line, but for those that its public half has too.
pub(super) fn secret_parts(pem: &str) -> Vec<Secret> {
    let lines: Vec<&str> = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let public = record(pem).unwrap_or_default();
    let mut parts = vec![Secret::new(lines.concat())];
    parts.extend(lines.iter().filter(|line| line.len() >= TELLING && !public.contains(*line)).map(|l| Secret::new(*l)));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Redactor;
    use base64::{Engine, engine::general_purpose::STANDARD};

    const SENDER: &str = include_str!("../../lab/embedded/keys/sender.pem");

    /// The same key as an RSAPrivateKey, where the modulus stands in base64 as the record has it.
    fn pkcs1() -> String {
        let body: String = SENDER.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).unwrap();
        let base64 = STANDARD.encode(&der[26..]);
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", lines.join("\n"))
    }

    #[test]
    fn a_key_that_cannot_sign_says_why() {
        assert_eq!(defect(SENDER), None);
        assert_eq!(defect(&pkcs1()), None);
        let ed25519 = include_str!("../../lab/embedded/keys/ed25519.pem");
        for (pem, says) in [
            (ed25519, "Gmail verifies RSA alone"),
            ("hunter2", "it is no PEM file"),
            (&SENDER.replace("PRIVATE", "PUBLIC"), "it is the public half"),
        ] {
            let (message, _) = defect(pem).unwrap();
            assert!(message.contains(says) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn no_line_of_a_key_is_shown_and_its_record_is() {
        for pem in [SENDER.to_owned(), pkcs1()] {
            let redactor = Redactor::new();
            secret_parts(&pem).iter().for_each(|part| redactor.learn("", part));
            let public = record(&pem).unwrap();
            assert!(!redactor.leaks(public.as_bytes()), "the record is for everybody");
            assert!(redactor.leaks(pem.as_bytes()));
            assert!(redactor.leaks(pem.replace('\n', "\\n").as_bytes()));
            let lines = pem.lines().filter(|line| line.len() >= TELLING && !line.starts_with("-----"));
            for line in lines.filter(|line| !public.contains(line)) {
                assert!(redactor.leaks(format!("a {line} z").as_bytes()), "{line}");
            }
        }
    }
}
