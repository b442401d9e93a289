//! ARC Sets: what may be added to a chain, and how it is signed (RFC 8617 §5.1).

use super::{Message, Signer, canon::relaxed_field, dkim::body_hash, dkim::fold_names, dkim::signed_fields};
use crate::lab::embedded::keys::KeyError;
use std::fmt;

/// The highest instance (RFC 8617 §4.2.1).
pub(crate) const MAX_INSTANCE: u32 = 50;

/// Chain validation status (RFC 8617 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cv {
    /// The first set of its chain.
    None,
    /// The chain held.
    Pass,
    /// The chain was broken.
    Fail,
}

impl fmt::Display for Cv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
        })
    }
}

/// The set that a server may add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// `i=`.
    pub(crate) instance: u32,
    /// `cv=`.
    pub(crate) cv: Cv,
}

/// Which earlier sets a seal covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Coverage {
    /// Those that it must: every earlier set in order, and none for `cv=fail` (RFC 8617 §5.1.1, §5.1.2).
    #[default]
    Right,
    /// None.
    OwnSet,
    /// As rspamd before 3.6: the AARs from the first set on, beside AMS and AS from the last on.
    OldOrder,
}

/// What a seal covers of the message as it came: AAR, AMS and AS of the earlier sets, canonical.
pub(crate) fn covered(message: &Message<'_>, next: Next, coverage: Coverage) -> Vec<u8> {
    let mut out = Vec::new();
    if next.cv == Cv::Fail || coverage == Coverage::OwnSet {
        return out;
    }
    let mut add = |name: &str, instance: u32| {
        let number = instance.to_string();
        for field in message.named(name).filter(|f| f.tag("i").as_deref() == Some(&number)) {
            out.extend(relaxed_field(field.name(), field.value()));
        }
    };
    for instance in 1..next.instance {
        let other = if coverage == Coverage::OldOrder { next.instance - instance } else { instance };
        add("ARC-Authentication-Results", instance);
        add("ARC-Message-Signature", other);
        add("ARC-Seal", other);
    }
    out
}

/// How a mail server seals beside what every one does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SealStyle<'m> {
    /// Fields that its message signature covers too where the message has them, in lower case.
    pub(crate) also_signed: &'m [&'m str],
    /// The earlier sets that its seal covers.
    pub(crate) coverage: Coverage,
}

/// The ARC Set of a mail server: AS, AMS and AAR, each with its final CRLF. `results` is the Authentication-Results
/// payload from the authserv-id on; `time` is in seconds since 1970.
///
/// # Errors
/// When the key refuses.
pub fn set(
    signer: &Signer,
    message: &Message<'_>,
    next: Next,
    results: &str,
    time: i64,
    style: SealStyle<'_>,
) -> Result<String, KeyError> {
    let Next { instance, cv } = next;
    let Signer { domain, selector, .. } = signer;
    let aar = format!("ARC-Authentication-Results: i={instance};\r\n\t{results}\r\n");
    let (names, fields) = signed_fields(message, &[&["dkim-signature"], style.also_signed].concat());
    let before = format!(
        "i={instance}; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={time};\r\n\th={};\r\n\tbh={};\r\n\t",
        fold_names(&names),
        body_hash(message.body),
    );
    let ams = signer.field(fields, "ARC-Message-Signature", &before)?;
    let before = format!("i={instance}; s={selector}; d={domain}; t={time}; a=rsa-sha256;\r\n\tcv={cv};\r\n\t");
    let mut input = covered(message, next, style.coverage);
    for field in [&aar, &ams] {
        let (name, value) = field.split_once(':').unwrap_or((field, ""));
        input.extend(relaxed_field(name, value.as_bytes()));
    }
    let seal = signer.field(input, "ARC-Seal", &before)?;
    Ok(format!("{seal}{ams}{aar}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lab::embedded::{
            authenticate::{Authentication, Authenticator, Chain, ChainFailure, DkimReason, Hop, Verdict},
            dns::{Dns, DnsFaults, world_records},
            hosts::Company,
            keys::Keys,
            signing::dkim_signature,
        },
        target::{
            Knobs,
            knobs::{ArcSealing, PublishedKey, SenderDkim},
        },
    };

    const MAIL: &str = "From: Probe <probe@ext.example>\r\nTo: info@corp.example\r\nSubject: a\r\n  b\r\n\
        Date: Tue, 24 Nov 2026 02:45:36 +0000\r\nMessage-ID: <1@ext.example>\r\n\r\nLine  one \r\n\r\n \t\r\n\r\n";

    struct Lab {
        _dns: Dns,
        authenticator: Authenticator,
        keys: Keys,
    }

    async fn lab(knobs: &Knobs) -> Lab {
        let keys = Keys::load().unwrap();
        let dns = Dns::start(
            0,
            world_records(knobs, &keys, &Company::default(), &keys.company_arc.record()).unwrap(),
            DnsFaults::default(),
        )
        .await
        .unwrap();
        let authenticator = Authenticator::new(&dns.resolver().unwrap(), "mx.corp.example");
        Lab { _dns: dns, authenticator, keys }
    }

    impl Lab {
        async fn check(&self, mail: &str) -> Authentication {
            let hop = Hop { client: [192, 0, 2, 10].into(), helo: "smtp.ext.example", sender: "probe@ext.example" };
            self.authenticator.authenticate(hop, mail.as_bytes()).await
        }

        fn sealed(&self, mail: &str, next: Next, key: &str) -> String {
            let signer = match key {
                "company" => Signer::new("corp.example", "s2026", &self.keys.company_dkim),
                "dedicated" => Signer::new("corp.example", "arc2026", &self.keys.company_arc),
                _ => Signer::new("ext.example", "ext2026", &self.keys.sender),
            };
            let set = set(
                &signer,
                &Message::new(mail.as_bytes()),
                next,
                "mx.corp.example; spf=pass",
                1_795_000_000,
                SealStyle::default(),
            );
            format!("{}{mail}", set.unwrap())
        }

        async fn sealed_next(&self, mail: &str, key: &str) -> String {
            let next = self.check(mail).await.arc.next_set().unwrap();
            self.sealed(mail, next, key)
        }
    }

    #[tokio::test]
    async fn dkim_spf_and_dmarc_pass_and_fail_for_their_reasons() {
        let lab = lab(&Knobs::default()).await;
        let signer = Signer::new("ext.example", "ext2026", &lab.keys.sender);
        let signature = dkim_signature(&signer, &Message::new(MAIL.as_bytes()), 1_795_000_000).unwrap();
        let signed = format!("{signature}{MAIL}");
        let good = lab.check(&signed).await;
        assert_eq!((good.spf.verdict, good.dkim[0].verdict), (Verdict::Pass, Verdict::Pass), "{good:?}");
        assert_eq!(good.dkim[0].identity, "@ext.example");
        let b = signed.split("\tb=").nth(1).unwrap();
        assert_eq!(good.dkim[0].signature_start, b[..8]);
        assert_eq!(good.dmarc.unwrap().verdict, Verdict::Pass);
        assert_eq!(good.arc, Chain::default());
        let body = lab.check(&signed.replace("Line", "Lime")).await;
        assert_eq!((body.dkim[0].verdict, body.dkim[0].reason), (Verdict::Neutral, Some(DkimReason::BodyHash)));
        let header = lab.check(&signed.replace("Subject: a", "Subject: c")).await;
        assert_eq!((header.dkim[0].verdict, header.dkim[0].reason), (Verdict::Fail, Some(DkimReason::Signature)));
        let no_key = lab.check(&signed.replace("s=ext2026", "s=nokey")).await;
        assert_eq!(no_key.dkim[0].reason, Some(DkimReason::NoKey));
    }

    #[tokio::test]
    async fn both_ways_to_seal_hold_and_chain() {
        let mut knobs = Knobs::default();
        knobs.company.arc = ArcSealing::DedicatedKey;
        let lab = lab(&knobs).await;
        for key in ["company", "dedicated"] {
            let one = lab.sealed_next(MAIL, key).await;
            let arc = lab.check(&one).await.arc;
            assert!(arc.passes(), "{key}: {arc:?}");
            assert_eq!((arc.newest, arc.sealer.as_deref()), (1, Some("corp.example")));
            assert_eq!(arc.results.as_deref(), Some("mx.corp.example; spf=pass"));
            let two = lab.sealed_next(&one, "external").await;
            assert!(two.contains("i=2;") && two.contains("cv=pass"));
            assert!(lab.check(&two).await.arc.passes());
        }
    }

    #[tokio::test]
    async fn the_published_key_decides() {
        let mut knobs = Knobs::default();
        for key in [PublishedKey::Missing, PublishedKey::Other, PublishedKey::Revoked] {
            knobs.company.arc_key = key;
            let lab = lab(&knobs).await;
            let one = lab.sealed_next(MAIL, "company").await;
            assert_eq!(lab.check(&one).await.arc.failure, Some(ChainFailure::Signature), "{key:?}");
        }
        knobs.external.dkim = SenderDkim::Broken;
        let lab = lab(&knobs).await;
        let one = lab.sealed_next(MAIL, "external").await;
        assert_eq!(lab.check(&one).await.arc.failure, Some(ChainFailure::Signature));
    }

    #[tokio::test]
    async fn a_broken_chain_is_marked_once_and_never_started_again() {
        let lab = lab(&Knobs::default()).await;
        let changed = lab.sealed_next(MAIL, "external").await.replace("Line", "Lime");
        let arc = lab.check(&changed).await.arc;
        assert_eq!(arc.failure, Some(ChainFailure::BodyHash));
        assert_eq!(arc.next_set(), Some(Next { instance: 2, cv: Cv::Fail }));
        let marked = lab.sealed_next(&changed, "company").await;
        let arc = lab.check(&marked).await.arc;
        assert!(arc.marked && arc.failure == Some(ChainFailure::Cv));
        assert_eq!(arc.next_set(), None);
    }

    #[tokio::test]
    async fn a_mark_covers_its_own_set_only() {
        let lab = lab(&Knobs::default()).await;
        let changed = lab.sealed_next(MAIL, "external").await.replace("Line", "Lime");
        let marked = lab.sealed_next(&changed, "company").await;
        let message = Message::new(marked.as_bytes());
        let own = |name: &str| *message.named(name).find(|f| f.tag("i").as_deref() == Some("2")).unwrap();
        let (results, signature, seal) =
            (own("ARC-Authentication-Results"), own("ARC-Message-Signature"), own("ARC-Seal"));
        let unsigned = &seal.text()[..seal.text().rfind("b=").unwrap() + 2].to_owned();
        let mut input = relaxed_field(results.name(), results.value());
        input.extend(relaxed_field(signature.name(), signature.value()));
        input.extend(relaxed_field(seal.name(), unsigned.as_bytes()));
        input.truncate(input.len() - 2);
        // RSASSA-PKCS1-v1_5 is deterministic: the same input gives the same signature.
        assert_eq!(lab.keys.company_dkim.sign(&input).unwrap(), seal.tag("b").unwrap());
    }

    #[tokio::test]
    async fn an_incomplete_set_is_a_broken_chain() {
        let lab = lab(&Knobs::default()).await;
        let one = lab.sealed_next(MAIL, "external").await;
        for name in ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"] {
            let cut: String = Message::new(one.as_bytes())
                .fields
                .iter()
                .filter(|f| !f.is(name))
                .map(|f| String::from_utf8_lossy(f.raw()).into_owned())
                .collect();
            let arc = lab.check(&format!("{cut}\r\nLine one\r\n")).await.arc;
            assert_eq!(arc.failure, Some(ChainFailure::Structure), "{name}");
            assert_eq!(arc.next_set(), Some(Next { instance: 2, cv: Cv::Fail }), "{name}");
        }
        let arc = lab.check(&format!("ARC-Seal: i=x; cv=none\r\n{MAIL}")).await.arc;
        assert_eq!((arc.failure, arc.next_set()), (Some(ChainFailure::Structure), None));
    }

    #[test]
    fn nothing_follows_the_fiftieth_set() {
        let chain = |newest, failure| Chain { fields: 3 * newest as usize, newest, failure, ..Chain::default() };
        assert_eq!(chain(49, None).next_set(), Some(Next { instance: 50, cv: Cv::Pass }));
        assert_eq!(chain(50, None).next_set(), None);
        assert_eq!(chain(50, Some(ChainFailure::BodyHash)).next_set(), None);
        assert_eq!(chain(51, Some(ChainFailure::Structure)).next_set(), None);
    }
}
