//! Faults by their catalogue code: which knobs bring a cause about in the embedded world.

use super::{
    knobs::{ArcSealing, DmarcRecord, Knobs, Locale, Modification, Placement, PublishedKey, SenderDkim, SpfRecord},
    suggest,
};
use std::time::Duration;

/// A fault that the embedded world can have.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The catalogue code.
    pub code: &'static str,
    turn: fn(&mut Knobs),
}

/// Every fault, in the order of the codes.
pub const FAULTS: [Fault; 18] = [
    Fault { code: "A00", turn: |k| k.company.arc = ArcSealing::Off },
    Fault { code: "B01", turn: |k| k.company.arc_key = PublishedKey::Missing },
    Fault { code: "B02", turn: |k| k.company.arc_key = PublishedKey::Other },
    Fault { code: "B03", turn: |k| k.company.arc_key = PublishedKey::Damaged },
    Fault { code: "B04", turn: |k| modified(k, Modification::Body) },
    Fault { code: "B06", turn: |k| modified(k, Modification::Subject) },
    Fault {
        code: "C06",
        turn: |k| {
            unsigned(k, DmarcRecord::Quarantine, SpfRecord::Softfail);
            k.company.srs = true;
        },
    },
    Fault { code: "D01", turn: |k| unsigned(k, DmarcRecord::Absent, SpfRecord::Softfail) },
    Fault { code: "D02", turn: |k| unsigned(k, DmarcRecord::Absent, SpfRecord::Fail) },
    Fault { code: "D03", turn: |k| unsigned(k, DmarcRecord::Reject, SpfRecord::Softfail) },
    Fault { code: "D04", turn: |k| refused(k, "550 5.7.1") },
    Fault { code: "D05", turn: |k| refused(k, "550 5.7.28") },
    Fault { code: "D07", turn: |k| refused(k, "550 5.7.25") },
    Fault { code: "D08", turn: |k| refused(k, "550 5.7.1 This message is not RFC 5322 compliant: duplicate headers.") },
    Fault { code: "D09", turn: |k| refused(k, "550 5.7.29") },
    Fault { code: "E00", turn: |k| k.gmail.delay = Duration::from_secs(3600) },
    Fault { code: "E02", turn: |k| (k.gmail.folder, k.gmail.locale) = (Placement::Spam, Locale::Ja) },
    Fault { code: "E06", turn: |k| k.company.greylist = true },
];

/// Where the causes can be met that the embedded world cannot have.
const ELSEWHERE: [(&str, &[&str]); 6] = [
    (
        "it needs a real rspamd or Postfix",
        &[
            "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "A13", "A14", "A15",
            "A16", "A17", "B00", "B05", "B07", "B08", "B09", "B10", "B11", "B12", "B17", "C00", "C01", "C02", "C03",
            "C04", "C05", "C07", "C08", "D10", "D11", "D12",
        ],
    ),
    ("it needs OpenARC", &["B13", "B14", "B15"]),
    ("it needs Office 365 as the receiver", &["B16"]),
    ("write the refusal as `gmail: { reject: … }`", &["D00", "D06"]),
    ("send from the account that receives: `send: { from: self }`", &["E01"]),
    ("it comes with a real account, or beside another code", &["E03", "E04", "E05", "E07", "F00", "F01"]),
];

/// Turns the knobs for these codes.
///
/// # Errors
/// When a code is unknown, or belongs to no fault of the embedded world, or two of them need the same knob in different
/// places: what is wrong, and what to do.
pub fn turn(knobs: &mut Knobs, codes: &[&str]) -> Result<(), (String, String)> {
    let faults = codes.iter().map(|code| find(code)).collect::<Result<Vec<_>, _>>()?;
    for (at, fault) in faults.iter().enumerate() {
        for other in &faults[..at] {
            let (mut one, mut two) = (Knobs::default(), Knobs::default());
            (fault.turn)(&mut one);
            (other.turn)(&mut one);
            (other.turn)(&mut two);
            (fault.turn)(&mut two);
            if one != two {
                let problem = format!("{} and {} need the same knob in different places", other.code, fault.code);
                return Err((problem, "leave one of them out".to_owned()));
            }
        }
    }
    faults.iter().for_each(|fault| (fault.turn)(knobs));
    Ok(())
}

fn find(code: &str) -> Result<&'static Fault, (String, String)> {
    let upper = code.trim().to_ascii_uppercase();
    let padded = if upper.len() == 2 && upper.is_ascii() { format!("{}0{}", &upper[..1], &upper[1..]) } else { upper };
    if let Some(fault) = FAULTS.iter().find(|f| f.code == padded) {
        return Ok(fault);
    }
    if let Some((place, _)) = ELSEWHERE.iter().find(|(_, codes)| codes.contains(&padded.as_str())) {
        return Err((format!("the embedded world cannot reproduce {padded}"), (*place).to_owned()));
    }
    let help = suggest::hint(&padded, FAULTS.iter().map(|f| f.code), "known faults").unwrap_or_default();
    Err((format!("no fault has the code `{}`", code.escape_debug()), help))
}

/// A change after the seal, of mail that is taken all the same: a refusal would say nothing of the seal.
fn modified(knobs: &mut Knobs, modification: Modification) {
    knobs.company.modify = modification;
    knobs.company.srs = true;
    knobs.external.dmarc = DmarcRecord::None;
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
    fn every_code_is_in_one_place() {
        let mut codes: Vec<&str> = FAULTS.iter().map(|f| f.code).collect();
        assert!(codes.is_sorted());
        codes.extend(ELSEWHERE.iter().flat_map(|(_, codes)| codes.iter()));
        codes.sort_unstable();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert_eq!(codes.len(), 68);
    }

    #[test]
    fn faults_can_be_combined_unless_they_contradict_each_other() {
        let mut knobs = Knobs::default();
        turn(&mut knobs, &["a0", "E02"]).unwrap();
        assert_eq!((knobs.company.arc, knobs.gmail.locale), (ArcSealing::Off, Locale::Ja));
        let (problem, _) = turn(&mut knobs, &["B01", "B04", "B06"]).unwrap_err();
        assert_eq!(problem, "B04 and B06 need the same knob in different places");
    }

    #[test]
    fn what_cannot_be_reproduced_says_where_it_can() {
        let turned = |code| turn(&mut Knobs::default(), &[code]).unwrap_err();
        assert_eq!(turned("A05").1, "it needs a real rspamd or Postfix");
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
            (fault.turn)(&mut knobs);
            assert_ne!(knobs, Knobs::default(), "{}", fault.code);
        }
    }
}
