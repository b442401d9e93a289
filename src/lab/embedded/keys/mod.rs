//! The fixed signing keys of the world, and what DNS publishes about them (RFC 6376 §3.6.1).

mod published;

pub(crate) use published::PublicHalf;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fmt,
    sync::{Arc, LazyLock},
};

/// An RSA-2048 key that signs with `rsa-sha256`. Clones share the key.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<RsaKeyPair>,
    pem: &'static str,
    public: Arc<str>,
}

/// A test key could not be read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signing key {0} cannot be used: {1}")]
pub struct KeyError(&'static str, String);

/// Every key of the world.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The outside sender's.
    pub sender: SigningKey,
    /// The company's DKIM key.
    pub company_dkim: SigningKey,
    /// The company's key for ARC alone.
    pub company_arc: SigningKey,
    /// The look-alike's.
    pub google_arc: SigningKey,
    /// A key that nobody signs with.
    pub other: SigningKey,
}

/// An Ed25519 key in PKCS#8 PEM, for programs that cannot use one.
pub const ED25519_PEM: &str = include_str!("ed25519.pem");

static KEYS: LazyLock<Result<Keys, KeyError>> = LazyLock::new(|| {
    Ok(Keys {
        sender: SigningKey::from_pem("sender", include_str!("sender.pem"))?,
        company_dkim: SigningKey::from_pem("company-dkim", include_str!("company-dkim.pem"))?,
        company_arc: SigningKey::from_pem("company-arc", include_str!("company-arc.pem"))?,
        google_arc: SigningKey::from_pem("google-arc", include_str!("google-arc.pem"))?,
        other: SigningKey::from_pem("other", include_str!("other.pem"))?,
    })
});

impl Keys {
    /// The keys, read once per process.
    ///
    /// # Errors
    /// When a key does not parse.
    pub fn load() -> Result<Self, KeyError> {
        KEYS.clone()
    }
}

impl SigningKey {
    fn from_pem(name: &'static str, pem: &'static str) -> Result<Self, KeyError> {
        let error = |what: String| KeyError(name, what);
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body).map_err(|e| error(e.to_string()))?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|e| error(e.to_string()))?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| error(e.to_string()))?;
        Ok(Self { public: STANDARD.encode(public.as_ref()).into(), pem, pair: Arc::new(pair) })
    }

    /// The RSASSA-PKCS1-v1_5 signature with SHA-256 over `bytes`, in base64 on one line.
    ///
    /// # Errors
    /// When the crypto library refuses.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
            .map_err(|e| KeyError("in use", e.to_string()))?;
        Ok(STANDARD.encode(signature))
    }

    /// The private key as a PKCS#8 PEM file, for other programs.
    pub fn pem(&self) -> &str {
        self.pem
    }

    /// The TXT record that publishes the public half.
    pub fn record(&self) -> String {
        record(&self.public)
    }
}

fn record(public: &str) -> String {
    format!("v=DKIM1; k=rsa; p={public}")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_signs_and_is_another() {
        let keys = Keys::load().unwrap();
        let records = [&keys.sender, &keys.company_dkim, &keys.company_arc, &keys.google_arc, &keys.other].map(|k| {
            assert_eq!(k.sign(b"x").unwrap().len(), 344);
            k.record()
        });
        let unique: std::collections::BTreeSet<_> = records.iter().collect();
        assert_eq!(unique.len(), 5);
        assert!(records.iter().all(|r| r.starts_with("v=DKIM1; k=rsa; p=MII")));
    }
}
