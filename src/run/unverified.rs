//! Copies that could not be verified because DNS gave no answer: neither that they hold nor that they do not can be said.

use crate::{
    evidence::Evidence,
    outcome::{HarnessError, HarnessErrorKind},
    verify::{Verdict, Verification},
};

/// Why a copy could not be verified: a key of it that DNS did not tell of. Checks, snapshots and reports rest on our own
/// verification, whatever a scenario asks for.
pub(super) fn unverified(evidence: &Evidence) -> Option<HarnessError> {
    let copy = evidence.copies.iter().find(|copy| copy.verification.has_temperror())?;
    let reason = reason(&copy.verification).unwrap_or_else(|| "DNS gave no answer".to_owned());
    let next = "ask DNS for the name by hand, see that the resolver answers (`dns:` in sealcheck.yaml), and run again";
    let stage = format!("verify the copy in {}", copy.arrival.account);
    Some(HarnessError::new(HarnessErrorKind::Dns, stage, reason, next))
}

/// What the first part of a verification says that is a `temperror`.
fn reason(verification: &Verification) -> Option<String> {
    let chain = (verification.arc == Verdict::TempError).then_some(&verification.arc_reason);
    let sets = verification.sets.iter().rev();
    let sets = sets.filter(|set| [set.ams, set.seal].contains(&Verdict::TempError)).map(|set| &set.reason);
    let dkim = verification.dkim.iter().filter(|dkim| dkim.result == Verdict::TempError).map(|dkim| &dkim.reason);
    chain.into_iter().chain(sets).chain(dkim).flatten().next().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{DkimVerification, SetVerification};

    #[test]
    fn any_part_can_be_the_one_that_is_not_known() {
        let set = |ams, seal| SetVerification { ams, seal, reason: Some("set".into()), ..SetVerification::default() };
        let sound = set(Verdict::Pass, Verdict::Pass);
        let dkim = |result| DkimVerification { result, reason: Some("dkim".into()), ..DkimVerification::default() };
        let of = |arc, sets: Vec<SetVerification>, dkim| Verification {
            arc,
            arc_reason: Some("chain".into()),
            sets,
            dkim: vec![dkim],
            ..Verification::default()
        };
        let told = |verification: Verification| reason(&verification);
        assert_eq!(told(of(Verdict::Pass, vec![sound.clone()], dkim(Verdict::Pass))), None);
        assert_eq!(told(of(Verdict::Fail, vec![sound.clone()], dkim(Verdict::Fail))), None, "that is known");
        assert_eq!(told(of(Verdict::TempError, vec![], dkim(Verdict::Pass))).as_deref(), Some("chain"));
        let broken =
            of(Verdict::Fail, vec![set(Verdict::Fail, Verdict::TempError), sound.clone()], dkim(Verdict::Pass));
        assert_eq!(told(broken).as_deref(), Some("set"));
        assert_eq!(told(of(Verdict::Pass, vec![sound], dkim(Verdict::TempError))).as_deref(), Some("dkim"));
    }
}
