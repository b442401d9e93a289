//! Which knobs have effect in which lab.

use super::{
    TargetKind,
    knobs::{Knobs, SealFault, ServerFault},
};

/// The knob that a lab of this kind cannot have, as it is written, and why; `None` when it can have all of them.
pub fn unsupported_knob(knobs: &Knobs, kind: TargetKind) -> Option<(String, &'static str)> {
    let company = &knobs.company;
    if kind == TargetKind::Embedded {
        let cause = company.server.cause()?;
        return Some((format!("fault: {cause}"), "its forwarder is neither rspamd nor Postfix"));
    }
    if company.server == ServerFault::Down && kind == TargetKind::Rspamd {
        return Some(("fault: A17".to_owned(), "its forwarder takes no mail without rspamd"));
    }
    let (seal, why) = match company.seal {
        SealFault::None => return None,
        // What rspamd does by itself: before 3.6, and in every version that is known.
        SealFault::OldOrder | SealFault::Restart => return None,
        SealFault::OwnSet => ("own-set", "rspamd seals every earlier set, whatever it is told"),
        SealFault::CvNone => ("cv-none", "rspamd says cv=pass or cv=fail of every chain, whatever it is told"),
        // Filters of Postfix around rspamd bring them about.
        _ if kind == TargetKind::Postfix => return None,
        SealFault::Incomplete => ("incomplete", AROUND),
        SealFault::Volatile => ("volatile", AROUND),
        SealFault::CvFail => ("cv-fail", AROUND),
        SealFault::Twice => ("twice", AROUND),
    };
    Some((format!("company.seal: {seal}"), why))
}

/// Why rspamd alone does not make a mistake.
const AROUND: &str = "it takes what Postfix does before or behind rspamd";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::faults;

    fn reach(code: &str) -> [bool; 3] {
        let mut knobs = Knobs::default();
        faults::apply(&mut knobs, &[code]).unwrap();
        [TargetKind::Embedded, TargetKind::Rspamd, TargetKind::Postfix].map(|k| unsupported_knob(&knobs, k).is_none())
    }

    #[test]
    fn a_fault_is_had_where_its_cause_can_be() {
        for (code, [embedded, rspamd, postfix]) in [
            ("A05", [false, true, true]),
            ("A17", [false, false, true]),
            ("B04", [true, true, true]),
            ("B07", [true, true, true]),
            ("B11", [true, false, true]),
            ("B09", [true, false, true]),
            ("B13", [true, false, true]),
            ("B14", [true, false, false]),
            ("B15", [true, false, false]),
            ("C02", [true, false, true]),
            ("C03", [true, true, true]),
            ("C08", [true, true, true]),
        ] {
            assert_eq!(reach(code), [embedded, rspamd, postfix], "{code}");
        }
    }

    #[test]
    fn every_fault_can_be_had_somewhere() {
        for fault in &faults::FAULTS {
            assert!(reach(fault.code.as_str()).contains(&true), "{}", fault.code);
        }
    }
}
