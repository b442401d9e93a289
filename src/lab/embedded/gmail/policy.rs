//! What becomes of a message, from what was found of its senders. Nothing here looks at the message.

use super::{aar::PassedResults, replies};
use crate::{
    lab::embedded::authenticate::{Authentication, Policy, Verdict},
    target::knobs::{GmailKnobs, Placement},
};

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is delivered.
    Deliver(Delivery),
    /// It is refused.
    Refuse(Cause),
}

/// How a message is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Delivery {
    /// Into the spam folder.
    pub spam: bool,
    /// Because of its DMARC policy (`dis=QUARANTINE`).
    pub quarantined: bool,
    /// Although DMARC failed, because a seal is believed (`arc=pass` in the comment of dmarc).
    pub arc_trusted: bool,
}

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// DMARC fails, and the domain says `reject`: 550 5.7.26.
    Dmarc,
    /// The same, but DNS did not answer: 451 4.7.26.
    DmarcDns,
    /// Neither SPF nor DKIM passes: 550 5.7.26.
    Unauthenticated,
    /// The same, but DNS did not answer: 421 4.7.26.
    UnauthenticatedDns,
    /// The same, and the SPF record says `-all`: 550 5.7.26.
    SpfHardFail,
}

impl Cause {
    pub(super) fn refusal(self) -> replies::Refusal {
        match self {
            Self::Dmarc => replies::DMARC,
            Self::DmarcDns => replies::DMARC_DEFERRED,
            Self::Unauthenticated => replies::UNAUTHENTICATED,
            Self::UnauthenticatedDns => replies::UNAUTHENTICATED_DEFERRED,
            Self::SpfHardFail => replies::SPF_HARD_FAIL,
        }
    }
}

/// Decides. A seal is believed only if the knob says so, the chain holds, its sealer is not the author's own domain,
/// and what the sealer says of the message is what is missing now.
pub(crate) fn decide(knobs: &GmailKnobs, found: &Authentication, from: &str) -> Decision {
    let dns_failed =
        found.spf.verdict == Verdict::TempError || found.dkim.iter().any(|d| d.verdict == Verdict::TempError);
    let sealed_by_another = found.arc.sealer.as_deref().is_some_and(|d| !d.eq_ignore_ascii_case(from));
    let believed = (knobs.trust_arc && found.arc.passes() && sealed_by_another)
        .then(|| PassedResults::read(found.arc.results.as_deref().unwrap_or_default()));
    let mut delivery = Delivery { spam: knobs.folder == Placement::Spam, ..Delivery::default() };
    let undecided =
        found.dmarc.as_ref().is_some_and(|d| d.verdict == Verdict::TempError && d.applied == Policy::Reject);
    if undecided {
        return Decision::Refuse(Cause::DmarcDns);
    }
    if let Some(dmarc) = found.dmarc.as_ref().filter(|d| d.verdict == Verdict::Fail) {
        if believed.as_ref().is_some_and(|b| b.dmarc.is_some()) {
            return Decision::Deliver(Delivery { arc_trusted: true, ..delivery });
        }
        match dmarc.applied {
            Policy::Reject if dns_failed => return Decision::Refuse(Cause::DmarcDns),
            Policy::Reject => return Decision::Refuse(Cause::Dmarc),
            Policy::Quarantine => delivery = Delivery { spam: true, quarantined: true, ..delivery },
            Policy::None => {}
        }
    }
    let authenticated = found.spf.verdict == Verdict::Pass
        || found.any_dkim_pass()
        || believed.is_some_and(|b| b.spf.is_some() || !b.dkim.is_empty());
    match (authenticated, dns_failed, found.spf.verdict) {
        (true, ..) => Decision::Deliver(delivery),
        (false, true, _) => Decision::Refuse(Cause::UnauthenticatedDns),
        (false, false, Verdict::Fail) => Decision::Refuse(Cause::SpfHardFail),
        (false, false, _) => Decision::Refuse(Cause::Unauthenticated),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lab::embedded::authenticate::{Chain, ChainFailure, Dkim, DkimReason, Dmarc, Spf, SpfScope};

    /// A forwarded message of ext.example: SPF for the forwarder, DKIM and DMARC for the author.
    pub(in super::super) fn found(
        spf: Verdict,
        dkim: Option<Verdict>,
        dmarc: Option<(Verdict, Policy)>,
    ) -> Authentication {
        Authentication {
            spf: Spf {
                verdict: spf,
                scope: SpfScope::MailFrom,
                sender: "SRS0=x=ext.example=Probe@corp.example".into(),
                domain: "corp.example".into(),
                client: [198, 51, 100, 20].into(),
            },
            dkim: dkim
                .map(|verdict| Dkim {
                    verdict,
                    reason: match verdict {
                        Verdict::Fail => Some(DkimReason::Signature),
                        Verdict::TempError => Some(DkimReason::Dns),
                        _ => None,
                    },
                    domain: "ext.example".into(),
                    identity: "@ext.example".into(),
                    selector: "ext2026".into(),
                    signature_start: "AbC/dEf+".into(),
                })
                .into_iter()
                .collect(),
            dmarc: dmarc.map(|(verdict, policy)| Dmarc {
                verdict,
                domain: "ext.example".into(),
                policy,
                subdomain_policy: policy,
                applied: policy,
            }),
            arc: Chain::default(),
        }
    }

    pub(in super::super) fn sealed(results: &str) -> Chain {
        Chain {
            fields: 3,
            newest: 1,
            sealer: Some("corp.example".into()),
            results: Some(format!("mx.corp.example; {results}")),
            ..Chain::default()
        }
    }

    const INBOX: Decision = Decision::Deliver(Delivery { spam: false, quarantined: false, arc_trusted: false });

    #[test]
    fn the_table_of_the_policy() {
        use Verdict::{Fail, Neutral, None as Nothing, Pass, SoftFail, TempError};
        let reject = |v| Some((v, Policy::Reject));
        let quarantined = Decision::Deliver(Delivery { spam: true, quarantined: true, arc_trusted: false });
        let refuse = Decision::Refuse;
        let cases = [
            (Pass, Some(Pass), reject(Pass), INBOX),
            (SoftFail, Some(Pass), reject(Pass), INBOX),
            (Fail, Some(Pass), reject(Pass), INBOX),
            (Pass, None, None, INBOX),
            (Pass, None, Some((Fail, Policy::None)), INBOX),
            (Pass, None, Some((Fail, Policy::Quarantine)), quarantined),
            (Pass, None, reject(Fail), refuse(Cause::Dmarc)),
            (Pass, Some(TempError), reject(Fail), refuse(Cause::DmarcDns)),
            (TempError, None, reject(TempError), refuse(Cause::DmarcDns)),
            (SoftFail, None, reject(Fail), refuse(Cause::Dmarc)),
            (SoftFail, None, None, refuse(Cause::Unauthenticated)),
            (Neutral, Some(Fail), Some((Fail, Policy::None)), refuse(Cause::Unauthenticated)),
            (Nothing, None, Some((Fail, Policy::Quarantine)), refuse(Cause::Unauthenticated)),
            (Fail, None, None, refuse(Cause::SpfHardFail)),
            (TempError, None, None, refuse(Cause::UnauthenticatedDns)),
        ];
        for (spf, dkim, dmarc, wanted) in cases {
            let found = found(spf, dkim, dmarc);
            assert_eq!(decide(&GmailKnobs::default(), &found, "ext.example"), wanted, "{found:?}");
        }
    }

    #[test]
    fn a_seal_is_believed_only_on_every_condition() {
        let trust = GmailKnobs { trust_arc: true, ..GmailKnobs::default() };
        let mut mail = found(Verdict::SoftFail, None, Some((Verdict::Fail, Policy::Reject)));
        mail.arc = sealed("spf=pass smtp.mailfrom=probe@ext.example; dmarc=pass header.from=ext.example");
        let trusted = Decision::Deliver(Delivery { arc_trusted: true, ..Delivery::default() });
        assert_eq!(decide(&trust, &mail, "ext.example"), trusted);
        assert_eq!(decide(&GmailKnobs::default(), &mail, "ext.example"), Decision::Refuse(Cause::Dmarc));
        assert_eq!(decide(&trust, &mail, "CORP.example"), Decision::Refuse(Cause::Dmarc));
        let mut broken = mail.clone();
        broken.arc.failure = Some(ChainFailure::BodyHash);
        assert_eq!(decide(&trust, &broken, "ext.example"), Decision::Refuse(Cause::Dmarc));
        mail.arc = sealed("spf=pass smtp.mailfrom=probe@ext.example; dmarc=fail header.from=ext.example");
        assert_eq!(decide(&trust, &mail, "ext.example"), Decision::Refuse(Cause::Dmarc));
        mail.dmarc = None;
        assert_eq!(decide(&trust, &mail, "ext.example"), INBOX);
    }

    #[test]
    fn the_spam_knob_moves_what_is_accepted() {
        let spam = GmailKnobs { folder: Placement::Spam, ..GmailKnobs::default() };
        let mail = found(Verdict::Pass, Some(Verdict::Pass), Some((Verdict::Pass, Policy::Reject)));
        let delivery = Delivery { spam: true, ..Delivery::default() };
        assert_eq!(decide(&spam, &mail, "ext.example"), Decision::Deliver(delivery));
        let mail = found(Verdict::Pass, None, Some((Verdict::Fail, Policy::Reject)));
        assert_eq!(decide(&spam, &mail, "ext.example"), Decision::Refuse(Cause::Dmarc));
    }
}
