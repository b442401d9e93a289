//! The company's Authentication-Results (RFC 8601), in the words of rspamd.

use crate::{
    lab::embedded::{
        authenticate::{Authentication, ChainFailure, Dkim, DkimReason, Dmarc, Policy, Spf, SpfScope, Verdict},
        signing::Message,
    },
    target::knobs::SealedResults,
};

/// The results that the company writes and seals, as the knob has it.
pub(super) fn sealed(which: SealedResults, authserv_id: &str, found: &Authentication, message: &[u8]) -> String {
    match which {
        SealedResults::None => format!("{authserv_id}; none"),
        SealedResults::Copied => {
            let message = Message::new(message);
            let copied = message.named("Authentication-Results").next().map(|field| field.text());
            copied.unwrap_or_else(|| payload(authserv_id, found))
        }
        SealedResults::Own | SealedResults::Relay => payload(authserv_id, found),
    }
}

/// Whether the company's filter takes a message for spam: its author's domain disowns it.
pub(super) fn is_spam(found: &Authentication) -> bool {
    found.dmarc.as_ref().is_some_and(|d| d.verdict == Verdict::Fail && d.applied != Policy::None)
}

/// The payload: authserv-id and results, folded, without a final line break.
fn payload(authserv_id: &str, found: &Authentication) -> String {
    let mut parts = vec![authserv_id.to_owned()];
    if found.dkim.is_empty() {
        parts.push("dkim=none".to_owned());
    }
    parts.extend(found.dkim.iter().map(dkim));
    parts.push(spf(authserv_id, &found.spf));
    parts.push(match &found.dmarc {
        None => "dmarc=none".to_owned(),
        Some(Dmarc { verdict, domain, applied, .. }) => {
            format!("dmarc={verdict} (policy={applied}) header.from={domain}")
        }
    });
    match (found.arc.fields, found.arc.failure, &found.arc.sealer) {
        (0, ..) => {}
        (_, None, sealer) => {
            parts.push(format!("arc=pass (\"{}:i={}\")", sealer.as_deref().unwrap_or(""), found.arc.newest))
        }
        (_, Some(failure), _) => parts.push(format!("arc=fail (\"{}\")", chain(failure))),
    }
    parts.join(";\r\n\t")
}

fn chain(failure: ChainFailure) -> &'static str {
    match failure {
        ChainFailure::Structure => "incomplete or unreadable set",
        ChainFailure::Cv => "a seal says cv=fail",
        ChainFailure::BodyHash => "body hash did not verify",
        ChainFailure::Signature => "signature check failed",
        ChainFailure::Dns => "DNS error when getting key",
    }
}

fn dkim(found: &Dkim) -> String {
    let Dkim { verdict, reason, domain, selector, signature_start, .. } = found;
    let verdict = match verdict {
        Verdict::Neutral => Verdict::Fail,
        other => *other,
    };
    let comment = match reason {
        None => "",
        Some(DkimReason::NoKey) => " (\"no key for signature\")",
        Some(DkimReason::Dns) => " (\"DNS error when getting key\")",
        Some(DkimReason::BadKey) => " (\"invalid public key\")",
        Some(DkimReason::BodyHash) => " (\"body hash did not verify\")",
        Some(DkimReason::Signature) => " (\"signature did not verify\")",
        Some(DkimReason::Expired) => " (\"signature expired\")",
        Some(DkimReason::Syntax) => " (\"bad signature\")",
    };
    if domain.is_empty() {
        return format!("dkim={verdict}{comment}");
    }
    format!(
        "dkim={verdict}{comment} header.d={domain} header.s={selector} header.b={}",
        quoted(signature_start, |b| b.is_ascii_alphanumeric() || b == b'+')
    )
}

fn spf(authserv_id: &str, found: &Spf) -> String {
    let Spf { verdict, scope, sender, domain, client } = found;
    // The sender chose this text: it must not end the comment.
    let shown: String = match scope {
        SpfScope::MailFrom => sender.chars().filter(|c| !matches!(c, '(' | ')' | '\\')).collect(),
        SpfScope::Helo => domain.clone(),
    };
    let comment = match verdict {
        Verdict::Pass => format!("domain of {shown} designates {client} as permitted sender"),
        Verdict::Fail | Verdict::SoftFail => {
            format!("domain of {shown} does not designate {client} as permitted sender")
        }
        Verdict::Neutral => format!("{client} is neither permitted nor denied by domain of {shown}"),
        Verdict::None => format!("domain of {shown} has no SPF policy when checking {client}"),
        Verdict::TempError => format!("error in processing during lookup of {shown}: DNS error"),
        Verdict::PermError => format!("domain of {shown} uses mechanism not recognized by this client"),
    };
    let property = match scope {
        SpfScope::MailFrom => format!(
            "smtp.mailfrom={}",
            quoted(sender, |b| b.is_ascii_alphanumeric() || b"@.-_+=!#$%&'*/?^`{|}~".contains(&b))
        ),
        SpfScope::Helo => format!("smtp.helo={domain}"),
    };
    format!("spf={verdict} ({authserv_id}: {comment}) {property}")
}

/// The value, quoted unless it consists of `plain` bytes (RFC 2045 §5.1).
fn quoted(value: &str, plain: impl Fn(u8) -> bool) -> String {
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::authenticate::{Chain, Policy};

    fn found() -> Authentication {
        Authentication {
            spf: Spf {
                verdict: Verdict::Pass,
                scope: SpfScope::MailFrom,
                sender: "probe@ext.example".into(),
                domain: "ext.example".into(),
                client: [192, 0, 2, 10].into(),
            },
            dkim: vec![Dkim {
                verdict: Verdict::Pass,
                reason: None,
                domain: "ext.example".into(),
                identity: "@ext.example".into(),
                selector: "ext2026".into(),
                signature_start: "b8jO5/S3".into(),
            }],
            dmarc: Some(Dmarc {
                verdict: Verdict::Pass,
                domain: "ext.example".into(),
                policy: Policy::Reject,
                subdomain_policy: Policy::Reject,
                applied: Policy::Reject,
            }),
            arc: Chain::default(),
        }
    }

    #[test]
    fn the_payload_reads_as_rspamd_writes_it() {
        assert_eq!(
            payload("mx.corp.example", &found()),
            "mx.corp.example;\r\n\tdkim=pass header.d=ext.example header.s=ext2026 header.b=\"b8jO5/S3\";\r\n\tspf=pass \
             (mx.corp.example: domain of probe@ext.example designates 192.0.2.10 as permitted sender) \
             smtp.mailfrom=probe@ext.example;\r\n\tdmarc=pass (policy=reject) header.from=ext.example"
        );
    }

    #[test]
    fn a_sender_cannot_write_a_result() {
        let mut found = found();
        found.spf.sender = "\"x) smtp.mailfrom=y; dmarc=pass (\"@ext.example".into();
        let text = payload("mx.corp.example", &found);
        assert!(text.contains("smtp.mailfrom=\"\\\"x) smtp.mailfrom=y; dmarc=pass (\\\"@ext.example\""), "{text}");
        assert!(text.contains("domain of \"x smtp.mailfrom=y; dmarc=pass \"@ext.example designates"), "{text}");
    }

    #[test]
    fn failures_say_why() {
        let mut found = found();
        found.dkim[0].verdict = Verdict::Neutral;
        found.dkim[0].reason = Some(DkimReason::BodyHash);
        found.dmarc = None;
        found.arc = Chain { fields: 3, newest: 1, failure: Some(ChainFailure::BodyHash), ..Chain::default() };
        found.spf.scope = SpfScope::Helo;
        let text = payload("mx.corp.example", &found);
        for part in
            ["dkim=fail (\"body hash did not verify\")", "dmarc=none", "arc=fail (\"body hash", "smtp.helo=ext.example"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
