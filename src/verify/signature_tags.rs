//! The strict reading of DKIM-Signature, ARC-Message-Signature and ARC-Seal (RFC 6376 §3.5, RFC 8617 §4.1).

use super::{Canonicalization, SignatureDefect, defect::Defect, key::Algorithm};
use crate::{
    core::{UnixTime, ascii_domain},
    mail::taglist::TagList,
};

/// The three fields that sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureKind {
    Dkim,
    Ams,
    Seal,
}

impl SignatureKind {
    /// The field's name.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Dkim => "DKIM-Signature",
            Self::Ams => "ARC-Message-Signature",
            Self::Seal => "ARC-Seal",
        }
    }

    /// Tags that must be there (RFC 6376 §3.5, RFC 8617 §4.1.2, §4.1.3).
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Dkim => &["v", "a", "b", "bh", "d", "h", "s"],
            Self::Ams => &["i", "a", "b", "bh", "d", "h", "s"],
            Self::Seal => &["i", "a", "b", "cv", "d", "s"],
        }
    }
}

/// What has to be hashed and compared for `bh=`, and which fields are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coverage {
    pub(super) header: Canonicalization,
    pub(super) body: Canonicalization,
    /// `h=`, in order.
    pub(super) fields: Vec<String>,
    /// `bh=`, without white space.
    pub(super) body_hash: String,
    /// The octets of `bh=`, where it is base64.
    pub(super) digest: Option<Vec<u8>>,
    /// `l=`, in octets of the canonical body.
    pub(super) length: Option<u64>,
}

/// A field that can be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignatureTags {
    pub(super) algorithm: Algorithm,
    /// In A-labels, lower case, as `selector` is.
    pub(super) domain: String,
    pub(super) selector: String,
    pub(super) signature: Vec<u8>,
    /// The domain of `i=` of a DKIM-Signature.
    pub(super) identity: Option<String>,
    /// `None` for a seal.
    pub(super) coverage: Option<Coverage>,
}

impl SignatureTags {
    /// The name of its key.
    pub(super) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Reads a field and says everything that is wrong with it; there is a signature whenever there is one to check.
    pub(super) fn read(kind: SignatureKind, tags: &TagList, now: UnixTime) -> (Option<Self>, Vec<Defect>) {
        let mut reader = Reader { tags, defects: Vec::new() };
        let signature = reader.signature(kind, now);
        (signature, reader.defects)
    }
}

struct Reader<'a> {
    tags: &'a TagList,
    defects: Vec<Defect>,
}

impl Reader<'_> {
    fn defect(&mut self, cause: SignatureDefect, text: impl Into<String>) {
        self.defects.push(Defect::new(cause, text));
    }

    fn signature(&mut self, kind: SignatureKind, now: UnixTime) -> Option<SignatureTags> {
        for defect in &self.tags.defects {
            self.defect(SignatureDefect::Syntax, defect);
        }
        for name in kind.required() {
            match self.tags.get(name) {
                None => self.defect(SignatureDefect::Syntax, format!("{name}= is missing")),
                Some("") if *name != "h" => self.defect(SignatureDefect::Syntax, format!("{name}= is empty")),
                Some(_) => {}
            }
        }
        let algorithm = self.algorithm();
        let domain = self.name("d");
        let selector = self.name("s");
        let signature = self.base64("b");
        if kind == SignatureKind::Seal {
            if self.tags.get("h").is_some() {
                self.defect(SignatureDefect::SignedHeaders, "h= is not allowed in a seal");
            }
            let cv = self.tags.get("cv").unwrap_or("none").to_ascii_lowercase();
            if !matches!(cv.as_str(), "" | "none" | "pass" | "fail") {
                self.defect(SignatureDefect::Syntax, format!("cv={cv} is none of none, pass and fail"));
            }
        }
        let mut identity = None;
        if kind == SignatureKind::Dkim {
            if self.tags.get("v").is_some_and(|v| !v.is_empty() && v != "1") {
                self.defect(SignatureDefect::Syntax, "v= is not 1");
            }
            identity = self.identity(domain.as_deref());
        }
        self.time("t");
        let coverage = if kind == SignatureKind::Seal { None } else { Some(self.coverage(kind, now)?) };
        Some(SignatureTags {
            algorithm: algorithm?,
            domain: domain?,
            selector: selector?,
            signature: signature?,
            identity,
            coverage,
        })
    }

    fn algorithm(&mut self) -> Option<Algorithm> {
        let a = self.tags.get("a")?.to_ascii_lowercase();
        match a.as_str() {
            "rsa-sha256" => return Some(Algorithm::RsaSha256),
            "ed25519-sha256" => return Some(Algorithm::Ed25519Sha256),
            "rsa-sha1" => self.defect(SignatureDefect::Algorithm, "a=rsa-sha1 must not be used any more (RFC 8301)"),
            "" => {}
            _ => self.defect(SignatureDefect::Algorithm, format!("a={a} is not known")),
        }
        None
    }

    /// `d=` and `s=`: a domain name, or part of one, asked for in A-labels (RFC 8616 §5).
    fn name(&mut self, tag: &str) -> Option<String> {
        let name = self.tags.get(tag).filter(|n| !n.is_empty())?;
        let ascii = ascii_domain(name).to_ascii_lowercase();
        if ascii.len() <= 253 && ascii.split('.').all(is_label) {
            return Some(ascii);
        }
        self.defect(SignatureDefect::Syntax, format!("{tag}= is no domain name: {name:?}"));
        None
    }

    /// `b=` and `bh=`.
    fn base64(&mut self, tag: &str) -> Option<Vec<u8>> {
        self.tags.get(tag).filter(|text| !text.is_empty())?;
        let bytes = self.tags.base64(tag);
        if bytes.is_none() {
            self.defect(SignatureDefect::Syntax, format!("{tag}= is no base64"));
        }
        bytes
    }

    /// `t=`, `x=` and `l=`: digits.
    fn time(&mut self, tag: &str) -> Option<u64> {
        let text = self.tags.get(tag)?;
        let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        if number.is_none() {
            self.defect(SignatureDefect::Syntax, format!("{tag}= is no number"));
        }
        number
    }

    /// `i=` of a DKIM-Signature: an address in the domain of `d=` or below (RFC 6376 §3.5).
    fn identity(&mut self, domain: Option<&str>) -> Option<String> {
        let identity = self.tags.quoted_printable("i")?;
        let Some((_, host)) = identity.rsplit_once('@') else {
            self.defect(SignatureDefect::Syntax, "i= has no @");
            return None;
        };
        let host = ascii_domain(host).to_ascii_lowercase();
        let domain = domain?;
        if host != domain && !host.strip_suffix(domain).is_some_and(|h| h.ends_with('.')) {
            self.defect(SignatureDefect::Syntax, format!("i= names {host:?}, which is not in d={domain}"));
        }
        Some(host)
    }

    fn coverage(&mut self, kind: SignatureKind, now: UnixTime) -> Option<Coverage> {
        self.expiry(now);
        if let Some(q) = self.tags.get("q")
            && !q.split(':').any(|method| method.trim().eq_ignore_ascii_case("dns/txt"))
        {
            self.defect(SignatureDefect::Syntax, format!("q={q} is not known: only dns/txt is"));
        }
        let length = self.time("l");
        let fields = self.signed_headers(kind);
        let digest = self.base64("bh");
        let body_hash = self.tags.compact("bh").unwrap_or_default();
        // RFC 6376 §3.5: the default is simple/simple, and RFC 8617 §4.1.2 changes nothing of that.
        let c = self.tags.get("c");
        match Canonicalization::of_tag(c) {
            [Some(header), Some(body)] => Some(Coverage { header, body, fields, body_hash, digest, length }),
            _ => {
                let c = c.unwrap_or_default();
                self.defect(SignatureDefect::Syntax, format!("c={c} is not known: simple and relaxed are"));
                None
            }
        }
    }

    fn expiry(&mut self, now: UnixTime) {
        let Some(expiry) = self.time("x") else { return };
        let signed = self.tags.get("t").and_then(|t| t.parse::<u64>().ok());
        if signed.is_some_and(|signed| expiry <= signed) {
            self.defect(SignatureDefect::Syntax, "x= is not later than t=");
        } else if i64::try_from(expiry).is_ok_and(|expiry| expiry < now) {
            let at = i64::try_from(expiry).ok().and_then(|x| jiff::Timestamp::from_second(x).ok());
            let at = at.map_or_else(|| expiry.to_string(), |at| at.to_string());
            self.defect(SignatureDefect::Expired, format!("it expired at {at} (x=)"));
        }
    }

    fn signed_headers(&mut self, kind: SignatureKind) -> Vec<String> {
        let Some(list) = self.tags.get("h") else { return Vec::new() };
        let fields: Vec<String> = list.split(':').map(|name| name.trim().to_ascii_lowercase()).collect();
        if list.is_empty() {
            self.defect(SignatureDefect::SignedHeaders, "h= is empty");
            return Vec::new();
        }
        if let Some(odd) = fields.iter().find(|name| !is_field_name(name)) {
            self.defect(SignatureDefect::Syntax, format!("h= holds {odd:?}, which is no field name"));
        }
        if !fields.iter().any(|name| name == "from") {
            self.defect(SignatureDefect::SignedHeaders, "h= does not name From");
        }
        // RFC 8617 §4.1.2 forbids a sealer to sign any ARC field here. Only this one is a reason to fail: the seal is made
        // after, and over, the signature. §5.2 gives a verifier none to fail over the others, and no other one does.
        if kind == SignatureKind::Ams && fields.iter().any(|name| name == "arc-seal") {
            self.defect(
                SignatureDefect::SignedHeaders,
                "h= names arc-seal, which is made over this field (RFC 8617 section 4.1.2)",
            );
        }
        fields
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// `field-name` (RFC 5322 §3.6.8), without what ends a tag.
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| (33..=126).contains(&b) && b != b';')
}
