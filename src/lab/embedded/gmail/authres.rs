//! Authentication-Results in Google's words, order and folding.

use super::{aar::PassedResults, policy::Delivery};
use crate::lab::embedded::{
    authenticate::{Authentication, ChainFailure, Dkim, DkimReason, Dmarc, Spf, SpfScope, Verdict},
    hosts::{GMAIL_AUTHSERV_ID, GOOGLE_DOMAIN},
};

/// The payload of Authentication-Results and ARC-Authentication-Results: `dkim* [arc] spf [dmarc]`, each on a line of
/// its own. dkim is left out of unsigned mail, dmarc where the domain has no record, arc where no foreign seal was.
pub(super) fn results(found: &Authentication, delivery: &Delivery) -> String {
    let mut all: Vec<String> = found.dkim.iter().map(dkim).collect();
    all.extend(arc(found));
    all.push(spf(&found.spf));
    all.extend(found.dmarc.as_ref().map(|d| dmarc(d, delivery)));
    let mut out = GMAIL_AUTHSERV_ID.to_owned();
    for result in all {
        out.push_str(";\r\n       ");
        out.push_str(&result);
    }
    out
}

fn dkim(found: &Dkim) -> String {
    let result = match (found.verdict, found.reason) {
        (Verdict::Pass, _) => "pass",
        (_, Some(DkimReason::NoKey)) => "permerror (no key for signature)",
        (_, Some(DkimReason::Dns)) => "temperror (dns failure for signature)",
        (_, Some(DkimReason::BadKey)) => "neutral (invalid public key)",
        (_, Some(DkimReason::BodyHash)) => "neutral (body hash did not verify)",
        (_, Some(DkimReason::Syntax)) => "neutral (bad format)",
        (_, Some(DkimReason::Signature | DkimReason::Expired) | None) => "fail",
    };
    let mut out = format!("dkim={result}");
    for (name, value) in
        [("header.i", &found.identity), ("header.s", &found.selector), ("header.b", &found.signature_start)]
    {
        if !value.is_empty() && value != "@" {
            let quote = if value.contains('/') { "\"" } else { "" };
            out.push_str(&format!(" {name}={quote}{value}{quote}"));
        }
    }
    out
}

/// A chain that holds and that Google itself sealed last is not worth a word.
fn arc(found: &Authentication) -> Option<String> {
    let chain = &found.arc;
    match chain.failure {
        _ if chain.fields == 0 => None,
        Some(ChainFailure::BodyHash) => Some("arc=fail (body hash mismatch)".into()),
        Some(_) => Some("arc=fail (signature failed)".into()),
        None if chain.sealer.as_deref() == Some(GOOGLE_DOMAIN) => None,
        None => {
            let passed = PassedResults::read(chain.results.as_deref().unwrap_or_default());
            let spf = passed.spf.map(|d| format!(" spf=pass spfdomain={d}"));
            let dkim = passed.dkim.into_iter().map(|d| format!(" dkim=pass dkdomain={d}"));
            let dmarc = passed.dmarc.map(|d| format!(" dmarc=pass fromdomain={d}"));
            let comment: String = spf.into_iter().chain(dkim).chain(dmarc).collect();
            Some(format!("arc=pass (i={}{comment})", chain.newest))
        }
    }
}

/// What SPF found, as both Received-SPF and `spf=` say it in their comment.
pub(super) fn spf_comment(spf: &Spf) -> String {
    let who = spf.sender.to_lowercase();
    let Spf { client, domain, .. } = spf;
    let text = match spf.verdict {
        Verdict::Pass => format!("domain of {who} designates {client} as permitted sender"),
        Verdict::Fail => format!("domain of {who} does not designate {client} as permitted sender"),
        Verdict::SoftFail => {
            format!("domain of transitioning {who} does not designate {client} as permitted sender")
        }
        Verdict::Neutral => format!("{client} is neither permitted nor denied by domain of {who}"),
        Verdict::None => format!("{domain} does not designate permitted sender hosts"),
        Verdict::TempError => format!("error in processing during lookup of {who}: DNS error"),
        Verdict::PermError => format!("permanent error in processing during lookup of {who}: {domain} not found"),
    };
    format!("({GOOGLE_DOMAIN}: {text})")
}

fn spf(spf: &Spf) -> String {
    let property = match spf.scope {
        SpfScope::MailFrom => format!("smtp.mailfrom={}", mailbox(&spf.sender)),
        SpfScope::Helo => format!("smtp.helo={}", spf.domain),
    };
    format!("spf={} {} {property}", spf.verdict, spf_comment(spf))
}

/// A mailbox as a value: quoted when its local part has a `=` or what else a plain value cannot hold (RFC 8601 §2.2).
fn mailbox(address: &str) -> String {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    if local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-./?^_`{|}~".contains(c)) {
        address.to_owned()
    } else {
        format!("\"{}\"", address.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn dmarc(dmarc: &Dmarc, delivery: &Delivery) -> String {
    let domain = &dmarc.domain;
    if !matches!(dmarc.verdict, Verdict::Pass | Verdict::Fail) {
        return format!("dmarc={} header.from={domain}", dmarc.verdict);
    }
    format!(
        "dmarc={} (p={} sp={} dis={}{}) header.from={domain}",
        dmarc.verdict,
        dmarc.policy.to_string().to_uppercase(),
        dmarc.subdomain_policy.to_string().to_uppercase(),
        if delivery.quarantined { "QUARANTINE" } else { "NONE" },
        if delivery.arc_trusted { " arc=pass" } else { "" },
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::policy::tests::{found, sealed},
        *,
    };
    use crate::lab::embedded::authenticate::{Chain, Policy};

    fn lines(found: &Authentication, delivery: Delivery) -> Vec<String> {
        results(found, &delivery).split(";\r\n       ").map(str::to_owned).collect()
    }

    #[test]
    fn a_forwarded_mail_shows_every_method_in_order() {
        let mut mail = found(Verdict::Pass, Some(Verdict::Pass), Some((Verdict::Pass, Policy::Reject)));
        mail.arc = sealed(
            "dkim=pass header.d=ext.example; spf=pass smtp.mailfrom=probe@ext.example; dmarc=pass header.from=ext.example",
        );
        assert_eq!(
            lines(&mail, Delivery::default()),
            [
                "mx.google.com",
                "dkim=pass header.i=@ext.example header.s=ext2026 header.b=\"AbC/dEf+\"",
                "arc=pass (i=1 spf=pass spfdomain=ext.example dkim=pass dkdomain=ext.example dmarc=pass fromdomain=ext.example)",
                "spf=pass (google.com: domain of srs0=x=ext.example=probe@corp.example designates 198.51.100.20 as permitted sender) smtp.mailfrom=\"SRS0=x=ext.example=Probe@corp.example\"",
                "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=ext.example",
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let mail = found(Verdict::Pass, None, None);
        assert_eq!(lines(&mail, Delivery::default()).len(), 2);
        let mut own = mail;
        own.arc = Chain { sealer: Some("google.com".into()), ..sealed("arc=none") };
        assert_eq!(lines(&own, Delivery::default()).len(), 2);
        own.arc.failure = Some(ChainFailure::BodyHash);
        assert_eq!(lines(&own, Delivery::default())[1], "arc=fail (body hash mismatch)");
        own.arc.failure = Some(ChainFailure::Cv);
        assert_eq!(lines(&own, Delivery::default())[1], "arc=fail (signature failed)");
        own.arc = sealed("auth=pass smtp.auth=probe");
        assert_eq!(lines(&own, Delivery::default())[1], "arc=pass (i=1)");
    }

    #[test]
    fn every_spf_result_has_its_comment() {
        let comment = |verdict| spf(&found(verdict, None, None).spf);
        let property = " smtp.mailfrom=\"SRS0=x=ext.example=Probe@corp.example\"";
        let who = "srs0=x=ext.example=probe@corp.example";
        let ip = "198.51.100.20";
        for (verdict, text) in [
            (
                Verdict::SoftFail,
                format!(
                    "softfail (google.com: domain of transitioning {who} does not designate {ip} as permitted sender)"
                ),
            ),
            (Verdict::Fail, format!("fail (google.com: domain of {who} does not designate {ip} as permitted sender)")),
            (
                Verdict::Neutral,
                format!("neutral (google.com: {ip} is neither permitted nor denied by domain of {who})"),
            ),
            (Verdict::None, "none (google.com: corp.example does not designate permitted sender hosts)".into()),
            (
                Verdict::TempError,
                format!("temperror (google.com: error in processing during lookup of {who}: DNS error)"),
            ),
            (
                Verdict::PermError,
                format!(
                    "permerror (google.com: permanent error in processing during lookup of {who}: corp.example not found)"
                ),
            ),
        ] {
            assert_eq!(comment(verdict), format!("spf={text}{property}"));
        }
        let helo = Spf {
            scope: SpfScope::Helo,
            sender: "postmaster@mx.corp.example".into(),
            domain: "mx.corp.example".into(),
            ..found(Verdict::Pass, None, None).spf
        };
        assert_eq!(
            spf(&helo),
            "spf=pass (google.com: domain of postmaster@mx.corp.example designates 198.51.100.20 as permitted sender) smtp.helo=mx.corp.example"
        );
    }

    #[test]
    fn dmarc_says_what_was_done() {
        let text = |verdict, policy, delivery: Delivery| {
            dmarc(&found(Verdict::Pass, None, Some((verdict, policy))).dmarc.unwrap(), &delivery)
        };
        let quarantined = Delivery { spam: true, quarantined: true, arc_trusted: false };
        assert_eq!(
            text(Verdict::Fail, Policy::Quarantine, quarantined),
            "dmarc=fail (p=QUARANTINE sp=QUARANTINE dis=QUARANTINE) header.from=ext.example"
        );
        let trusted = Delivery { arc_trusted: true, ..Delivery::default() };
        assert_eq!(
            text(Verdict::Fail, Policy::Reject, trusted),
            "dmarc=fail (p=REJECT sp=REJECT dis=NONE arc=pass) header.from=ext.example"
        );
        assert_eq!(
            text(Verdict::TempError, Policy::None, Delivery::default()),
            "dmarc=temperror header.from=ext.example"
        );
    }

    #[test]
    fn dkim_failures_have_their_comments() {
        let text = |reason| {
            let mut signature = found(Verdict::Pass, Some(Verdict::Neutral), None).dkim.remove(0);
            signature.reason = Some(reason);
            signature.signature_start = "AbCdEf+g".into();
            dkim(&signature)
        };
        let properties = "header.i=@ext.example header.s=ext2026 header.b=AbCdEf+g";
        assert_eq!(text(DkimReason::NoKey), format!("dkim=permerror (no key for signature) {properties}"));
        assert_eq!(text(DkimReason::Dns), format!("dkim=temperror (dns failure for signature) {properties}"));
        assert_eq!(text(DkimReason::BadKey), format!("dkim=neutral (invalid public key) {properties}"));
        assert_eq!(text(DkimReason::BodyHash), format!("dkim=neutral (body hash did not verify) {properties}"));
        assert_eq!(text(DkimReason::Signature), format!("dkim=fail {properties}"));
    }

    #[test]
    fn mailboxes_are_quoted_when_they_must_be() {
        assert_eq!(mailbox("bounces+1@a.example"), "bounces+1@a.example");
        assert_eq!(mailbox("a=b@a.example"), "\"a=b@a.example\"");
        assert_eq!(mailbox("\"x; dmarc=pass\"@a.example"), "\"\\\"x; dmarc=pass\\\"@a.example\"");
    }
}
