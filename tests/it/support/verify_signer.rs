//! Signs messages for the tests: any field, right or wrong, with a right signature over it.
//!
//! It shares nothing with `src/verify`, and what it signs is read by other programs too (`interop.rs`).

use aws_lc_rs::{
    digest,
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use regex::bytes::Regex;
use sealcheck::verify::{TxtAnswer, ZoneFile};
use std::sync::LazyLock;

/// A private key with the name of its public half.
pub(crate) struct Key {
    pub(crate) domain: &'static str,
    pub(crate) selector: &'static str,
    secret: Secret,
}

enum Secret {
    Rsa(KeyPair),
    Ed25519(Ed25519KeyPair),
}

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/keys/", $name, ".pem"))
    };
}

/// The RSA key of who stands for this domain; the same in every process, for the making of one takes long.
pub(crate) fn rsa(domain: &'static str, selector: &'static str) -> Key {
    let pem = match domain {
        "list.example" => key!("list"),
        "company.example" => key!("company"),
        "receiver.example" => key!("receiver"),
        _ => key!("sender"),
    };
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Key { domain, selector, secret: Secret::Rsa(KeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap()) }
}

pub(crate) fn ed25519(domain: &'static str, selector: &'static str) -> Key {
    Key { domain, selector, secret: Secret::Ed25519(Ed25519KeyPair::generate().unwrap()) }
}

pub(crate) static SENDER: LazyLock<Key> = LazyLock::new(|| rsa("sender.example", "ext"));
pub(crate) static LIST: LazyLock<Key> = LazyLock::new(|| rsa("list.example", "hop1"));
pub(crate) static COMPANY: LazyLock<Key> = LazyLock::new(|| rsa("company.example", "20231011"));
pub(crate) static RECEIVER: LazyLock<Key> = LazyLock::new(|| rsa("receiver.example", "rx1"));
pub(crate) static ED25519: LazyLock<Key> = LazyLock::new(|| ed25519("modern.example", "ed"));

impl Key {
    /// The name of the public key in DNS.
    pub(crate) fn name(&self) -> String {
        format!("{}._domainkey.{}.", self.selector, self.domain)
    }

    /// `p=`.
    pub(crate) fn public(&self) -> String {
        match &self.secret {
            Secret::Rsa(pair) => STANDARD.encode(pair.public_key().as_der().unwrap().as_ref()),
            Secret::Ed25519(pair) => STANDARD.encode(pair.public_key().as_ref()),
        }
    }

    /// `k=`.
    pub(crate) fn k(&self) -> &'static str {
        match &self.secret {
            Secret::Rsa(_) => "rsa",
            Secret::Ed25519(_) => "ed25519",
        }
    }

    /// The TXT record.
    pub(crate) fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.k(), self.public())
    }

    fn sign(&self, data: &[u8]) -> String {
        match &self.secret {
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).unwrap();
                STANDARD.encode(signature)
            }
            Secret::Ed25519(pair) => STANDARD.encode(pair.sign(digest::digest(&digest::SHA256, data).as_ref())),
        }
    }
}

/// A zone with the public halves of every key.
pub(crate) fn zone() -> ZoneFile {
    let mut zone = ZoneFile::default();
    for key in [&*SENDER, &*LIST, &*COMPANY, &*RECEIVER, &*ED25519] {
        zone.insert(&key.name(), records(&[&key.record()]));
    }
    zone
}

/// An answer with these records.
pub(crate) fn records(texts: &[&str]) -> TxtAnswer {
    TxtAnswer::Records { ttl: 300, texts: texts.iter().map(|t| t.as_bytes().to_vec()).collect() }
}

static SPACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[ \t]+").unwrap());
static SPACE_AT_END: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" \r\n").unwrap());
static EMPTY_AT_END: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:\r\n)*$").unwrap());

fn canonical_body(c: &str, body: &[u8]) -> Vec<u8> {
    let ended = if body.ends_with(b"\r\n") { body.to_vec() } else { [body, b"\r\n"].concat() };
    if c == "simple" {
        return EMPTY_AT_END.replace(&ended, &b"\r\n"[..]).into_owned();
    }
    let squeezed = SPACES.replace_all(&ended, &b" "[..]);
    let trimmed = SPACE_AT_END.replace_all(&squeezed, &b"\r\n"[..]);
    let cut = EMPTY_AT_END.replace(&trimmed, &b""[..]).into_owned();
    if cut.is_empty() { cut } else { [&cut[..], b"\r\n"].concat() }
}

fn canonical_field(c: &str, field: &str) -> String {
    if c == "simple" {
        return field.to_owned();
    }
    let (name, value) = field.split_once(':').unwrap();
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|w| !w.is_empty()).collect();
    format!("{}:{}\r\n", name.trim_end().to_lowercase(), words.join(" "))
}

/// The header fields of a message, each with its line ends, and the body.
pub(crate) fn split(message: &[u8]) -> (Vec<String>, &[u8]) {
    let at = message.windows(4).position(|w| w == b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    let mut fields: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&message[..at]).split_inclusive("\r\n").filter(|l| *l != "\r\n") {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => field.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    (fields, &message[at..])
}

fn name_of(field: &str) -> String {
    field.split(':').next().unwrap_or_default().trim_end().to_lowercase()
}

/// How to sign: a template of the tags, and what its signature really covers.
#[derive(Clone)]
pub(crate) struct Recipe {
    /// Tags with the placeholders `{bh}` and `{b}`.
    pub(crate) template: String,
    /// Canonicalization of the header and of the body.
    pub(crate) c: (&'static str, &'static str),
    /// The fields that are signed, as in `h=`.
    pub(crate) h: String,
    /// Octets of the body that are signed.
    pub(crate) l: Option<usize>,
}

/// What messages sign by default.
pub(crate) const H: &str = "from:to:subject:date:message-id";

/// One `DKIM-Signature` or `ARC-Message-Signature` over a message, with its line end.
pub(crate) fn sign(field: &str, recipe: &Recipe, key: &Key, message: &[u8]) -> String {
    let (fields, body) = split(message);
    let body = canonical_body(recipe.c.1, body);
    let body = &body[..recipe.l.unwrap_or(body.len()).min(body.len())];
    let bh = STANDARD.encode(digest::digest(&digest::SHA256, body));
    let template = format!("{field}: {}\r\n", recipe.template.replace("{bh}", &bh));
    let mut data = String::new();
    let mut used = vec![false; fields.len()];
    for name in recipe.h.split(':').map(|n| n.trim().to_lowercase()) {
        if let Some(at) = (0..fields.len()).rev().find(|&at| !used[at] && name_of(&fields[at]) == name) {
            used[at] = true;
            data.push_str(&canonical_field(recipe.c.0, &fields[at]));
        }
    }
    data.push_str(canonical_field(recipe.c.0, &template.replace("{b}", "")).trim_end_matches("\r\n"));
    template.replace("{b}", &key.sign(data.as_bytes()))
}

/// The tags of a DKIM-Signature.
pub(crate) fn dkim_recipe(key: &Key, c: (&'static str, &'static str)) -> Recipe {
    let (d, s) = (key.domain, key.selector);
    let a = if key.k() == "rsa" { "rsa-sha256" } else { "ed25519-sha256" };
    Recipe {
        template: format!("v=1; a={a}; c={}/{}; d={d}; s={s};\r\n\th={H}; bh={{bh}};\r\n\tb={{b}}", c.0, c.1),
        c,
        h: H.to_owned(),
        l: None,
    }
}

/// A message with a DKIM-Signature on top.
pub(crate) fn dkim(key: &Key, recipe: &Recipe, message: &[u8]) -> Vec<u8> {
    [sign("DKIM-Signature", recipe, key, message).as_bytes(), message].concat()
}

/// How to make one ARC Set.
#[derive(Clone)]
pub(crate) struct ArcRecipe {
    /// The value of the ARC-Authentication-Results; `None` leaves the field out.
    pub(crate) aar: Option<String>,
    /// The ARC-Message-Signature; `None` leaves it out.
    pub(crate) ams: Option<Recipe>,
    /// The tags of the ARC-Seal, with `{b}`; `None` leaves it out.
    pub(crate) seal: Option<String>,
    /// The older sets that the seal covers.
    pub(crate) older: Older,
}

/// The sets that a seal covers beside its own.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Older {
    /// Every one in order, as it must.
    All,
    None,
    /// Every one but that of this instance.
    Without(u32),
    /// From the newest to the oldest.
    Reversed,
}

/// The set `i` by this key, `cv=none` for the first and `cv=pass` after it.
pub(crate) fn arc_recipe(key: &Key, i: u32, c: (&'static str, &'static str)) -> ArcRecipe {
    let (d, s) = (key.domain, key.selector);
    let a = if key.k() == "rsa" { "rsa-sha256" } else { "ed25519-sha256" };
    let cv = if i == 1 { "none" } else { "pass" };
    let mut ams = dkim_recipe(key, c);
    ams.template = ams.template.replace("v=1;", &format!("i={i};"));
    ArcRecipe {
        aar: Some(format!("i={i}; mx.{d}; spf=pass smtp.mailfrom=sender.example")),
        ams: Some(ams),
        seal: Some(format!("i={i}; a={a}; cv={cv}; d={d}; s={s}; t=1795488240;\r\n\tb={{b}}")),
        older: Older::All,
    }
}

/// A message with an ARC Set on top: seal, message signature, results.
pub(crate) fn arc(key: &Key, recipe: &ArcRecipe, message: &[u8]) -> Vec<u8> {
    let aar = recipe.aar.as_ref().map(|value| format!("ARC-Authentication-Results: {value}\r\n"));
    let ams = recipe.ams.as_ref().map(|ams| sign("ARC-Message-Signature", ams, key, message));
    let seal = recipe.seal.as_ref().map(|tags| {
        let template = format!("ARC-Seal: {tags}\r\n");
        let mut data = older_sets(message, recipe.older);
        for field in [&aar, &ams].into_iter().flatten() {
            data.push_str(&canonical_field("relaxed", field));
        }
        data.push_str(canonical_field("relaxed", &template.replace("{b}", "")).trim_end_matches("\r\n"));
        template.replace("{b}", &key.sign(data.as_bytes()))
    });
    let mut out = [seal, ams, aar].into_iter().flatten().collect::<String>().into_bytes();
    out.extend_from_slice(message);
    out
}

/// The ARC fields of a message in the order of a seal: by instance, and results, message signature, seal.
fn older_sets(message: &[u8], covered: Older) -> String {
    const ORDER: [&str; 3] = ["arc-authentication-results", "arc-message-signature", "arc-seal"];
    let instance = |field: &str| {
        let value = field.split_once("i=").map(|(_, v)| v).unwrap_or_default();
        value.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap_or(0)
    };
    let (fields, _) = split(message);
    let mut sets: Vec<(u32, usize, String)> = fields
        .iter()
        .filter_map(|f| {
            let part = ORDER.iter().position(|name| name_of(f) == *name)?;
            Some((instance(f), part, canonical_field("relaxed", f)))
        })
        .collect();
    sets.retain(|(i, _, _)| covered != Older::None && covered != Older::Without(*i));
    sets.sort_by_key(|(i, part, _)| (if covered == Older::Reversed { u32::MAX - i } else { *i }, *part));
    sets.into_iter().map(|(_, _, field)| field).collect()
}

/// A message without signatures.
pub(crate) const PLAIN: &str = "From: Alice <alice@sender.example>\r\nTo: user@company.example\r\nSubject: hello  there\r\n\
    Date: Tue, 24 Nov 2026 02:44:00 +0000\r\nMessage-ID: <1@sender.example>\r\nMIME-Version: 1.0\r\n\
    \r\nFirst line.\r\nSecond  line. \r\n\r\n";

/// The two canonicalizations that messages mostly have.
pub(crate) const RELAXED: (&str, &str) = ("relaxed", "relaxed");

/// A message with a DKIM-Signature and two sound ARC Sets.
pub(crate) fn two_sets(message: &[u8]) -> Vec<u8> {
    let signed = dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), message);
    let first = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), &signed);
    arc(&COMPANY, &arc_recipe(&COMPANY, 2, RELAXED), &first)
}
