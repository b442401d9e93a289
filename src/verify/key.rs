//! Public keys in DNS (RFC 6376 §3.6.1, RFC 8301, RFC 8463), read as strictly as the RFCs allow.

use super::{KeyFacts, SignatureDefect, defect::Defect};
use crate::mail::taglist::TagList;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};
use mail_auth::common::{
    crypto::{self, VerifyingKey},
    parse::TxtRecordParser,
    verify::DomainKey,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The smallest and the largest RSA key that may verify, in bits (RFC 8301 §3.2; the largest is the library's).
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;

/// What `a=` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    RsaSha256,
    Ed25519Sha256,
}

impl Algorithm {
    /// The key type that it needs (`k=`).
    fn k(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }
}

/// How many records are kept, each for every algorithm that it was read for.
const KEPT: usize = 1024;

/// The keys that were read already, by their records: a few of them have signed all the mail of a run.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<Vec<u8>, Vec<Arc<KeyRecord>>>>);

impl KnownKeys {
    /// What a TXT record is for use with one algorithm.
    pub(super) fn read(&self, record: &[u8], algorithm: Algorithm) -> Arc<KeyRecord> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(record).and_then(|read| read.iter().find(|known| known.algorithm == algorithm)) {
            return Arc::clone(known);
        }
        if all.len() >= KEPT {
            all.clear();
        }
        let read = Arc::new(KeyRecord::read(record, algorithm));
        all.entry(record.to_vec()).or_default().push(Arc::clone(&read));
        read
    }
}

/// A TXT record, read for use with one algorithm.
pub(super) struct KeyRecord {
    algorithm: Algorithm,
    /// What could be read; neither the name nor the number of records.
    facts: KeyFacts,
    /// The key, or what keeps it from being used, in words that follow its name.
    key: Result<PublicKey, Defect>,
}

impl KeyRecord {
    fn read(record: &[u8], algorithm: Algorithm) -> Self {
        let mut facts = KeyFacts::default();
        let tags = TagList::parse(record);
        let key = PublicKey::read_tags(&tags, algorithm, &mut facts).map_err(|Defect { kind, text }| {
            let is_damaged = matches!(kind, SignatureDefect::NotAKey | SignatureDefect::KeyMalformed);
            let damage = if is_damaged { damage(record, &tags) } else { None };
            let damage = damage.map(|damage| format!(": {damage}")).unwrap_or_default();
            Defect::new(kind, format!("{text}{damage}"))
        });
        Self { algorithm, facts, key }
    }

    /// What could be read of it, for one of so many records at this name.
    pub(super) fn facts(&self, name: &str, records: usize) -> KeyFacts {
        KeyFacts { name: name.to_owned(), records, ..self.facts.clone() }
    }

    /// The key, or what keeps the one at this name from being used.
    pub(super) fn key(&self, name: &str) -> Result<&PublicKey, Defect> {
        match &self.key {
            Ok(key) => Ok(key),
            Err(defect) => Err(Defect::new(defect.kind, format!("the key at {name} {}", defect.text))),
        }
    }
}

/// A key that may be used with one algorithm.
pub(super) struct PublicKey {
    key: Box<dyn VerifyingKey + Send + Sync>,
    /// The same for RSA, ready to be calculated with. The library below takes no key in some encodings that mail-auth takes.
    ready: Option<ParsedPublicKey>,
    algorithm: Algorithm,
    /// `t=s`: `i=` must name exactly the domain of `d=`.
    pub(super) same_domain_only: bool,
}

impl PublicKey {
    fn read_tags(tags: &TagList, algorithm: Algorithm, facts: &mut KeyFacts) -> Result<Self, Defect> {
        let p = key_data(tags)?;
        let flags = list(tags, "t");
        facts.testing = flags.iter().any(|f| f == "y");
        let k = tags.get("k").unwrap_or("rsa").to_ascii_lowercase();
        facts.k = Some(k.clone());
        if k != algorithm.k() {
            let text = format!("is of type {k}, and a= needs {}", algorithm.k());
            return Err(Defect::new(SignatureDefect::KeyType, text));
        }
        if tags.get("h").is_some() && !list(tags, "h").iter().any(|h| h == "sha256") {
            let text = "may not be used with sha256: its h= leaves it out";
            return Err(Defect::new(SignatureDefect::KeyRestricted, text));
        }
        if tags.get("s").is_some() && !list(tags, "s").iter().any(|s| s == "email" || s == "*") {
            let text = "may not be used for mail: its s= leaves email out";
            return Err(Defect::new(SignatureDefect::KeyRestricted, text));
        }
        let bytes = tags.base64("p").ok_or_else(|| malformed("p= is no base64"))?;
        let key = DomainKey::parse(format!("v=DKIM1; k={k}; p={p}").as_bytes());
        let key = key.map_err(|_| malformed(format!("p= holds no {k} public key")))?.p;
        let bits = match algorithm {
            Algorithm::RsaSha256 => key.public_key_bits(),
            Algorithm::Ed25519Sha256 if bytes.len() == 32 => 256,
            Algorithm::Ed25519Sha256 => 0,
        };
        if bits == 0 {
            return Err(malformed(format!("p= holds no {k} public key")));
        }
        facts.bits = Some(bits);
        if algorithm == Algorithm::RsaSha256 && bits < *RSA_BITS.start() {
            let text = format!("is too short: it has {bits} bits, and less than {} do not count", RSA_BITS.start());
            return Err(Defect::new(SignatureDefect::KeyTooShort, text));
        }
        if algorithm == Algorithm::RsaSha256 && bits > *RSA_BITS.end() {
            let text = format!("is too long: it has {bits} bits, and more than {} are not verified", RSA_BITS.end());
            return Err(Defect::new(SignatureDefect::KeyType, text));
        }
        let ready = match algorithm {
            Algorithm::RsaSha256 => ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, bytes).ok(),
            Algorithm::Ed25519Sha256 => None,
        };
        Ok(Self { key, ready, algorithm, same_domain_only: flags.iter().any(|f| f == "s") })
    }

    /// Whether this signature fits these canonical bytes.
    pub(super) fn fits(&self, data: &[u8], signature: &[u8]) -> bool {
        if let Some(key) = &self.ready {
            return key.verify_sig(data, signature).is_ok();
        }
        let algorithm = match self.algorithm {
            Algorithm::RsaSha256 => crypto::Algorithm::RsaSha256,
            Algorithm::Ed25519Sha256 => crypto::Algorithm::Ed25519Sha256,
        };
        self.key.verify_bytes(data, signature, algorithm).is_ok()
    }
}

/// `p=` of a record that is a key (RFC 6376 §3.6.1).
fn key_data(tags: &TagList) -> Result<String, Defect> {
    match tags.tags.iter().position(|t| t.name == "v") {
        None if tags.get("p").is_none() => {
            let text = "is no DKIM key: its TXT record has no p=";
            return Err(Defect::new(SignatureDefect::NotAKey, text));
        }
        Some(0) if tags.get("v") == Some("DKIM1") => {}
        Some(0) => return Err(Defect::new(SignatureDefect::NotAKey, "does not count: its v= is not DKIM1")),
        Some(_) => return Err(malformed("v= is not its first tag")),
        None => {}
    }
    if let Some(defect) = tags.defects.first() {
        return Err(malformed(defect));
    }
    let p = tags.compact("p").ok_or_else(|| malformed("it has no p="))?;
    if p.is_empty() {
        return Err(Defect::new(SignatureDefect::KeyRevoked, "was revoked: its p= is empty"));
    }
    Ok(p)
}

/// How a record that is no key was damaged when it was published, where that can be seen.
fn damage(record: &[u8], tags: &TagList) -> Option<String> {
    if record.contains(&b'\\') {
        return Some("it holds backslashes, which a master file needs and a provider's form does not".to_owned());
    }
    if record.contains(&b'"') {
        return Some("it holds quotation marks: the strings were not joined".to_owned());
    }
    if !record.contains(&b';') && tags.get("v").is_some_and(|v| v.contains('=')) {
        return Some("its tags are not parted by semicolons".to_owned());
    }
    let joined = |name, words: &[&str]| {
        tags.get(name).is_some_and(|value| value.contains(' ') && words.contains(&value.replace(' ', "").as_str()))
    };
    if joined("v", &["DKIM1"]) || joined("k", &["rsa", "ed25519"]) {
        return Some("its strings were joined with spaces".to_owned());
    }
    let p = tags.compact("p")?;
    let is_cut = |whole: usize| p.len() / 4 * 3 < whole;
    let cut = der_length(&p).filter(|whole| is_cut(*whole));
    let cut = cut.map(|whole| format!("it was cut off: p= holds {} of the key's {whole} octets", p.len() * 3 / 4));
    // A string of a TXT record has at most 255 octets.
    cut.or_else(|| (record.len() == 255).then(|| "it was cut off after 255 octets".to_owned()))
}

/// How many octets a public key has whose first ones are these (X.690 §8.1.3: a SEQUENCE and its length).
fn der_length(p: &str) -> Option<usize> {
    match TagList::parse(format!("p={}", p.get(..8)?).as_bytes()).base64("p")?[..] {
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([high, low]))),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(length)),
        _ => None,
    }
}

fn malformed(why: impl std::fmt::Display) -> Defect {
    Defect::new(SignatureDefect::KeyMalformed, format!("is malformed: {why}"))
}

/// Reads a TXT record as the key of `rsa-sha256`, which seals have: what is known of it, and the public key in DER.
///
/// # Errors
/// With the reason when no seal could be verified with it.
pub(crate) fn read_key(name: &str, record: &[u8]) -> (KeyFacts, Result<Vec<u8>, (SignatureDefect, String)>) {
    let read = KeyRecord::read(record, Algorithm::RsaSha256);
    let der = read.key(name).map(|_| TagList::parse(record).base64("p").unwrap_or_default());
    (read.facts(name, 1), der.map_err(|defect| (defect.kind, defect.text)))
}

/// A colon list in lower case.
fn list(tags: &TagList, name: &str) -> Vec<String> {
    tags.compact(name).unwrap_or_default().to_ascii_lowercase().split(':').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_record_tells_how() {
        let p = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4GAfNxYu";
        for (record, damage) in [
            (format!("v=DKIM1\\; k=rsa\\; p={p}"), "it holds backslashes"),
            (format!("v=DKIM1; k=rsa; p={p}\" \"{p}"), "it holds quotation marks"),
            (format!("v=DKIM1 k=rsa p={p}"), "its tags are not parted by semicolons"),
            (format!("v=DK IM1; k=rsa; p={p}"), "its strings were joined with spaces"),
            (format!("v=DKIM1; k=rsa; p={p}"), "it was cut off: p= holds 39 of the key's 294 octets"),
            (format!("v=DKIM1; k=rsa; n={}; p=!", "x".repeat(232)), "it was cut off after 255 octets"),
        ] {
            let (_, text) = read_key("s._domainkey.company.example", record.as_bytes()).1.unwrap_err();
            assert!(text.contains(&format!(": {damage}")), "{text}");
        }
        let whole = read_key("s._domainkey.company.example", b"v=DKIM1; p=QUFB").1.unwrap_err().1;
        assert!(whole.ends_with("p= holds no rsa public key"), "{whole}");
    }

    #[test]
    fn a_domain_that_is_testing_says_so() {
        let testing = |record: &str| read_key("s._domainkey.company.example", record.as_bytes()).0.testing;
        assert!(testing("v=DKIM1; t=s:y; p=AA==") && testing("v=DKIM1; t=Y; p=AA=="));
        assert!(!testing("v=DKIM1; t=s; p=AA==") && !testing("v=DKIM1; p=AA=="));
    }
}
