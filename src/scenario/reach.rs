//! Which knobs have effect in which lab.

use super::{
    knobs::{Knobs, Modification, SealFault, SealedResults, ServerFault},
    target::TargetKind,
};

/// The knob that a lab of this kind cannot have, as it is written, and why; `None` when it can have all of them.
pub fn out_of_reach(knobs: &Knobs, kind: TargetKind) -> Option<(String, &'static str)> {
    let company = &knobs.company;
    if kind == TargetKind::Embedded {
        let code = company.server.code()?;
        return Some((format!("fault: {code}"), "its forwarder is neither rspamd nor Postfix"));
    }
    if company.server == ServerFault::Down && kind == TargetKind::Rspamd {
        return Some(("fault: A17".to_owned(), "its forwarder takes no mail without rspamd"));
    }
    let seal = match company.seal {
        SealFault::None => None,
        // What rspamd does by itself: before 3.6, and in every version that is known.
        SealFault::OldOrder | SealFault::Restart => None,
        // A filter of Postfix behind rspamd does it.
        SealFault::Incomplete if kind == TargetKind::Postfix => None,
        SealFault::Incomplete => Some("incomplete"),
        SealFault::Volatile => Some("volatile"),
        SealFault::OwnSet => Some("own-set"),
        SealFault::CvNone => Some("cv-none"),
        SealFault::CvFail => Some("cv-fail"),
        SealFault::Twice => Some("twice"),
    };
    if let Some(fault) = seal {
        return Some((format!("company.seal: {fault}"), "rspamd seals, and does not make this mistake"));
    }
    if kind != TargetKind::Postfix {
        return None;
    }
    match (company.modify, company.results) {
        (Modification::Resign, _) => {
            Some(("company.modify: resign".to_owned(), "Postfix changes no mail before rspamd sees it"))
        }
        (_, SealedResults::Relay) => Some(("company.results: relay".to_owned(), "no relay stands before Postfix")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::faults;

    fn reach(code: &str) -> [bool; 3] {
        let mut knobs = Knobs::default();
        faults::turn(&mut knobs, &[code]).unwrap();
        [TargetKind::Embedded, TargetKind::Rspamd, TargetKind::Postfix].map(|k| out_of_reach(&knobs, k).is_none())
    }

    #[test]
    fn a_fault_is_had_where_its_cause_can_be() {
        for (code, [embedded, rspamd, postfix]) in [
            ("A05", [false, true, true]),
            ("A17", [false, false, true]),
            ("B04", [true, true, true]),
            ("B07", [true, true, true]),
            ("B11", [true, false, true]),
            ("B13", [true, false, false]),
            ("C03", [true, true, false]),
            ("C08", [true, true, false]),
        ] {
            assert_eq!(reach(code), [embedded, rspamd, postfix], "{code}");
        }
    }

    #[test]
    fn every_fault_can_be_had_somewhere() {
        for fault in &faults::FAULTS {
            assert!(reach(fault.code).contains(&true), "{}", fault.code);
        }
    }
}
