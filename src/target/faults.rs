//! Faults by their catalogue code: which knobs bring a cause about in a lab. [`super::support`] knows which lab can have them.

use super::knobs::{
    ArcSealing, DmarcRecord, DnsAnswer, DnsFault, ImapFault, Knobs, Locale, Modification, Placement, PublishedKey,
    SealFault, SealedResults, SenderArc, SenderDkim, ServerFault, SpfRecord,
};
use crate::{
    catalogue::{self, Cause},
    core::{Category, suggest},
};
use std::time::Duration;

/// A fault that a lab can have.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The catalogue code.
    pub code: Cause,
    apply: fn(&mut Knobs),
}

/// Every fault, in the order of the codes.
pub const FAULTS: [Fault; 86] = [
    Fault { code: Cause::A00, apply: |k| k.company.arc = ArcSealing::Off },
    Fault { code: Cause::A01, apply: |k| k.company.server = ServerFault::NotInbound },
    Fault { code: Cause::A02, apply: |k| k.company.server = ServerFault::AuthorsKey },
    Fault { code: Cause::A03, apply: |k| k.company.server = ServerFault::SigningTable },
    Fault { code: Cause::A04, apply: |k| k.company.server = ServerFault::KeyMissing },
    Fault { code: Cause::A05, apply: |k| k.company.server = ServerFault::KeyClosed },
    Fault { code: Cause::A06, apply: |k| k.company.server = ServerFault::KeyDirectoryClosed },
    Fault { code: Cause::A07, apply: |k| k.company.server = ServerFault::KeyDamaged },
    Fault { code: Cause::A08, apply: |k| k.company.server = ServerFault::KeyEd25519 },
    Fault { code: Cause::A11, apply: |k| k.company.server = ServerFault::LocalClients },
    Fault { code: Cause::A12, apply: |k| k.external.arc = SenderArc::Failed },
    Fault {
        code: Cause::A14,
        apply: |k| (k.company.server, k.company.arc_key) = (ServerFault::KeyChecked, PublishedKey::Other),
    },
    Fault { code: Cause::A17, apply: |k| k.company.server = ServerFault::Down },
    Fault { code: Cause::B00, apply: |k| modified(k, Modification::Results) },
    Fault { code: Cause::B01, apply: |k| k.company.arc_key = PublishedKey::Missing },
    Fault { code: Cause::B02, apply: |k| k.company.arc_key = PublishedKey::Other },
    Fault { code: Cause::B03, apply: |k| k.company.arc_key = PublishedKey::Damaged },
    Fault { code: Cause::B04, apply: |k| modified(k, Modification::Body) },
    Fault { code: Cause::B05, apply: |k| modified(k, Modification::Recode) },
    Fault { code: Cause::B06, apply: |k| modified(k, Modification::Subject) },
    Fault { code: Cause::B07, apply: |k| sealed(k, SenderArc::Twice, SealFault::OldOrder) },
    Fault { code: Cause::B09, apply: |k| sealed(k, SenderArc::Seal, SealFault::CvFail) },
    Fault { code: Cause::B10, apply: |k| k.external.arc = SenderArc::Changed },
    Fault { code: Cause::B11, apply: |k| k.company.seal = SealFault::Incomplete },
    Fault { code: Cause::B12, apply: |k| sealed(k, SenderArc::Partial, SealFault::Restart) },
    Fault { code: Cause::B13, apply: |k| k.company.seal = SealFault::Volatile },
    Fault { code: Cause::B14, apply: |k| sealed(k, SenderArc::Seal, SealFault::OwnSet) },
    Fault { code: Cause::B15, apply: |k| sealed(k, SenderArc::Seal, SealFault::CvNone) },
    Fault { code: Cause::B17, apply: |k| modified(k, Modification::Fold) },
    Fault { code: Cause::C01, apply: |k| k.company.results = SealedResults::None },
    Fault { code: Cause::C02, apply: |k| k.company.seal = SealFault::Twice },
    Fault { code: Cause::C03, apply: |k| k.company.results = SealedResults::Relay },
    Fault { code: Cause::C04, apply: |k| (k.external.results, k.company.results) = (true, SealedResults::Copied) },
    Fault {
        code: Cause::C05,
        apply: |k| {
            k.external.dkim = SenderDkim::Mailer;
            modified(k, Modification::Drop);
        },
    },
    Fault {
        code: Cause::C06,
        apply: |k| {
            unsigned(k, DmarcRecord::Quarantine, SpfRecord::Softfail);
            k.company.srs = true;
        },
    },
    Fault {
        code: Cause::C07,
        apply: |k| {
            (k.external.dkim, k.external.dmarc) = (SenderDkim::Host, DmarcRecord::Quarantine);
            k.company.srs = true;
        },
    },
    Fault { code: Cause::C08, apply: |k| modified(k, Modification::Resign) },
    Fault { code: Cause::D00, apply: |k| refused(k, "550 5.0.0 Not today.") },
    Fault { code: Cause::D01, apply: |k| unsigned(k, DmarcRecord::Absent, SpfRecord::Softfail) },
    Fault { code: Cause::D02, apply: |k| unsigned(k, DmarcRecord::Absent, SpfRecord::Fail) },
    Fault { code: Cause::D03, apply: |k| unsigned(k, DmarcRecord::Reject, SpfRecord::Softfail) },
    Fault { code: Cause::D04, apply: |k| refused(k, "550 5.7.1") },
    Fault { code: Cause::D05, apply: |k| refused(k, "550 5.7.28") },
    Fault { code: Cause::D06, apply: |k| refused(k, SAME_MESSAGE_ID) },
    Fault { code: Cause::D07, apply: |k| refused(k, "550 5.7.25") },
    Fault {
        code: Cause::D08,
        apply: |k| refused(k, "550 5.7.1 This message is not RFC 5322 compliant: duplicate headers."),
    },
    Fault { code: Cause::D09, apply: |k| refused(k, "550 5.7.29") },
    Fault {
        code: Cause::D10,
        apply: |k| {
            k.company.reject = Some("451 4.3.0 Temporary lookup failure".to_owned());
            k.external.patience = Some(Duration::from_secs(2));
        },
    },
    Fault {
        code: Cause::D12,
        apply: |k| {
            unsigned(k, DmarcRecord::Quarantine, SpfRecord::Absent);
            k.company.srs = true;
        },
    },
    Fault { code: Cause::D14, apply: |k| refused(k, "550 5.1.1") },
    Fault { code: Cause::D15, apply: |k| refused(k, "552 5.2.2") },
    Fault { code: Cause::D16, apply: |k| refused(k, "550 5.2.1") },
    Fault {
        code: Cause::D17,
        apply: |k| {
            refused(
                k,
                "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
            )
        },
    },
    Fault { code: Cause::D18, apply: |k| refused(k, "550 5.4.5") },
    Fault { code: Cause::D19, apply: |k| refused(k, "552 5.3.4") },
    Fault {
        code: Cause::D20,
        apply: |k| {
            refused(k, "552 5.7.0 This message was blocked because its content presents a potential security issue.")
        },
    },
    Fault {
        code: Cause::D21,
        apply: |k| {
            refused(k, "554 5.7.1 Service unavailable; Client host [198.51.100.20] blocked using list.blocked.example")
        },
    },
    Fault { code: Cause::D22, apply: |k| refused(k, "554 5.4.6") },
    Fault { code: Cause::D23, apply: |k| refused(k, "550 5.7.30") },
    Fault { code: Cause::D24, apply: |k| refused(k, "550 5.7.40") },
    Fault { code: Cause::D25, apply: |k| refused(k, "550 5.7.24") },
    Fault {
        code: Cause::D26,
        apply: |k| {
            refused(
                k,
                "550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibited the mail that you sent.",
            )
        },
    },
    Fault {
        code: Cause::D27,
        apply: |k| refused(k, "553 5.7.1 <probe@ext.example>: Sender address rejected: not owned by user relay"),
    },
    Fault { code: Cause::D28, apply: |k| refused(k, "550 5.7.27") },
    Fault { code: Cause::D29, apply: |k| refused(k, "550 5.7.29 ARC validation failure") },
    Fault { code: Cause::D30, apply: |k| refused(k, "550 5.7.30 REQUIRETLS support required") },
    Fault { code: Cause::D31, apply: |k| refused(k, "550 Verification failed for <probe@ext.example>") },
    Fault {
        code: Cause::D32,
        apply: |k| refused(k, "553 5.1.8 Domain of sender address probe@ext.example does not exist"),
    },
    Fault {
        code: Cause::D33,
        apply: |k| refused(k, "550 5.7.520 Access denied, Your organization does not allow external forwarding."),
    },
    Fault { code: Cause::D34, apply: |k| refused(k, "553 5.1.2 We could not find the recipient domain.") },
    Fault { code: Cause::D35, apply: |k| refused(k, "501 5.5.4 HELO/EHLO argument \"localhost\" is invalid.") },
    Fault {
        code: Cause::D36,
        apply: |k| {
            refused(
                k,
                "550 5.7.1 The IP you are using to send mail is not authorized to send email directly to our servers.",
            )
        },
    },
    Fault { code: Cause::D37, apply: |k| refused(k, "550 5.5.3 Your message has too many recipients.") },
    Fault { code: Cause::D38, apply: |k| refused(k, "530 5.7.0 Authentication required.") },
    Fault {
        code: Cause::D40,
        apply: |k| {
            unsigned(k, DmarcRecord::Absent, SpfRecord::Softfail);
            k.company.srs = true;
            k.dns.push(no_record_of_the_company());
        },
    },
    Fault { code: Cause::D42, apply: |k| refused(k, "554 5.7.1 <probe.inbox@gmail.com>: Relay access denied") },
    Fault { code: Cause::E00, apply: |k| k.gmail.delay = Duration::from_secs(3600) },
    Fault { code: Cause::E02, apply: |k| (k.gmail.folder, k.gmail.locale) = (Placement::Spam, Locale::Ja) },
    Fault { code: Cause::E03, apply: |k| k.gmail.imap = ImapFault::Stale },
    Fault { code: Cause::E04, apply: |k| k.gmail.imap = ImapFault::Login },
    Fault { code: Cause::E05, apply: |k| k.gmail.imap = ImapFault::Limit },
    Fault { code: Cause::E06, apply: |k| k.company.greylist = true },
    Fault { code: Cause::E07, apply: |k| k.gmail.imap = ImapFault::Bye },
    Fault { code: Cause::E08, apply: |k| k.gmail.category = Category::Promotions },
    Fault { code: Cause::E09, apply: |k| k.gmail.folder = Placement::Spam },
    Fault { code: Cause::G05, apply: |k| k.dns.push(no_receiver()) },
];

/// What Gmail says of a Message-ID that it has seen too often.
const SAME_MESSAGE_ID: &str = "550 5.7.28 Gmail has detected that this message exceeded its quota for sending messages \
    with the same Message-ID.";

/// A code of the catalogue, as the schema shows it.
pub(crate) struct Code;

impl schemars::JsonSchema for Code {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FaultCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let codes: Vec<&str> = FAULTS.iter().map(|fault| fault.code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "examples": codes })
    }
}

/// Turns the knobs for these codes.
///
/// # Errors
/// When a code is unknown, or belongs to no fault of a lab, or two of them need the same knob in different
/// places: what is wrong, and what to do.
pub fn apply(knobs: &mut Knobs, codes: &[&str]) -> Result<(), (String, String)> {
    let faults = codes.iter().map(|code| find(code)).collect::<Result<Vec<_>, _>>()?;
    for (at, fault) in faults.iter().enumerate() {
        for other in &faults[..at] {
            let (mut one, mut two) = (Knobs::default(), Knobs::default());
            (fault.apply)(&mut one);
            (other.apply)(&mut one);
            (other.apply)(&mut two);
            (fault.apply)(&mut two);
            if one != two {
                let problem = format!("{} and {} need the same knob in different places", other.code, fault.code);
                return Err((problem, "leave one of them out".to_owned()));
            }
        }
    }
    faults.iter().for_each(|fault| (fault.apply)(knobs));
    Ok(())
}

fn find(code: &str) -> Result<&'static Fault, (String, String)> {
    if let Ok(cause) = code.parse::<Cause>() {
        if let Some(fault) = FAULTS.iter().find(|fault| fault.code == cause) {
            return Ok(fault);
        }
        if let Some(how) = cause.row().without_fault {
            return Err((format!("no fault brings {cause} about"), how.to_owned()));
        }
    }
    let known = FAULTS.iter().map(|fault| fault.code.as_str());
    let help = suggest::hint(&catalogue::normalized(code), known, "known faults").unwrap_or_default();
    Err((format!("no fault has the code `{}`", code.escape_debug()), help))
}

/// A change after the seal, of mail that is taken all the same: a refusal would say nothing of the seal.
fn modified(knobs: &mut Knobs, modification: Modification) {
    knobs.company.modify = modification;
    knobs.company.srs = true;
    knobs.external.dmarc = DmarcRecord::None;
}

/// A company that seals mail with a chain of its sender's in a wrong way.
fn sealed(knobs: &mut Knobs, before: SenderArc, fault: SealFault) {
    (knobs.external.arc, knobs.company.seal) = (before, fault);
}

/// The company finds no server to forward to.
fn no_receiver() -> DnsFault {
    DnsFault { name: "gmail.com".to_owned(), rtype: "MX".to_owned(), answer: DnsAnswer::NxDomain }
}

/// The company's domain, in whose name it forwards, has no SPF record.
fn no_record_of_the_company() -> DnsFault {
    DnsFault { name: "corp.example".to_owned(), rtype: "TXT".to_owned(), answer: DnsAnswer::NxDomain }
}

/// A sender without DKIM.
fn unsigned(knobs: &mut Knobs, dmarc: DmarcRecord, spf: SpfRecord) {
    let sender = &mut knobs.external;
    (sender.dkim, sender.dmarc, sender.spf) = (SenderDkim::None, dmarc, spf);
}

fn refused(knobs: &mut Knobs, reply: &str) {
    knobs.gmail.reject = Some(reply.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_a_fault_or_is_met_without_one() {
        assert!(FAULTS.iter().map(|f| f.code).is_sorted_by(|a, b| a < b));
        for row in catalogue::rows() {
            let has_fault = FAULTS.iter().any(|f| f.code == row.code);
            assert_ne!(has_fault, row.without_fault.is_some(), "{}", row.code);
        }
    }

    #[test]
    fn faults_can_be_combined_unless_they_contradict_each_other() {
        let mut knobs = Knobs::default();
        apply(&mut knobs, &["a0", "E02"]).unwrap();
        assert_eq!((knobs.company.arc, knobs.gmail.locale), (ArcSealing::Off, Locale::Ja));
        let (problem, _) = apply(&mut knobs, &["B01", "B04", "B06"]).unwrap_err();
        assert_eq!(problem, "B04 and B06 need the same knob in different places");
    }

    #[test]
    fn what_cannot_be_reproduced_says_where_it_can() {
        let turned = |code| apply(&mut Knobs::default(), &[code]).unwrap_err();
        assert_eq!(turned("B08").1, "it needs rspamd 3.10.0 or 3.10.1");
        assert_eq!(turned("E01").1, "send from the account that receives: `send: { from: self }`");
        assert!(turned("B99").0.contains("no fault has the code `B99`"));
        for odd in ["", "é", "éa", "\u{1b}"] {
            assert!(!turned(odd).0.contains('\u{1b}'));
        }
    }

    #[test]
    fn every_fault_changes_something() {
        for fault in &FAULTS {
            let mut knobs = Knobs::default();
            (fault.apply)(&mut knobs);
            assert_ne!(knobs, Knobs::default(), "{}", fault.code);
        }
    }
}
