//! What `arc: advisory` and `arc: off` take back of expectations, and what they say of it.

use crate::{
    judge::checks::{delivered, parse_under, sound},
    support::seen::{forwarded, target, vars},
};
use sealcheck::{evidence::Evidence, judge::check};

/// What is asserted under a policy: every path with whether it holds, and what is noted instead.
fn under(arc: &str, more: &str, evidence: &Evidence) -> (Vec<(String, bool)>, Vec<String>) {
    let checks = check(&parse_under(arc, &delivered(more)), &target(), &vars(), evidence).unwrap();
    let (results, notes) = checks.into_parts();
    let results = results.into_iter().skip(1);
    (
        results.map(|r| (r.path.to_string().trim_start_matches("expect[0].delivered.").to_owned(), r.passed)).collect(),
        notes,
    )
}

#[test]
fn advisory_takes_back_the_seals_that_the_receiver_made_and_says_so() {
    let chain = |seals: &str| format!("arc: {{ seals: [{seals}] }}");
    let seals = |seals: &str, evidence: &Evidence| under("advisory", &chain(seals), evidence);
    let asserted = |holds: bool| (vec![("arc.seals[0]".to_owned(), holds)], Vec::new());
    let noted = |said: &str| {
        let note = format!("expect[0].delivered.arc.seals[0] is not asserted (arc: advisory): {said}");
        (Vec::new(), vec![note])
    };
    // The company's seals, however they are written.
    for (test, holds) in [
        ("{ i: 1, cv: none }", true),
        ("{ i: last-1, cv: none }", true),
        ("{ i: 1, by: $company.domain, cv: none }", true),
        ("{ i: 1, selector: other }", false),
        ("{ i: 1, by: google.com, cv: none }", false),
        ("{ i: 2, by: corp.example }", false),
        ("{ i: 3, absent: true }", true),
    ] {
        assert_eq!(seals(test, &sound()), asserted(holds), "{test}");
    }
    // The receiver's, however they are written.
    let failed = forwarded(1, |t| t.replace("cv=pass;", "cv=fail;"));
    for (test, wanted) in [
        ("{ i: 2, by: google.com, cv: pass }", "i=2 by google.com cv=pass"),
        ("{ i: 2, by: $gmail.seal_domain, cv: pass }", "i=2 by google.com cv=pass"),
        ("{ i: 2, by: Google.COM, cv: pass }", "i=2 by Google.COM cv=pass"),
        ("{ i: 2, cv: pass }", "i=2 cv=pass"),
        ("{ i: last, cv: pass }", "i=last cv=pass"),
        ("{ i: 2, absent: true }", "no i=2"),
    ] {
        let said = format!("wanted {wanted}, saw i=2 by google.com cv=fail");
        assert_eq!(seals(test, &failed), noted(&said), "{test}");
    }
    // The receiver sealed nothing, which it need not.
    let unsealed = forwarded(1, |t| {
        t.replace("ARC-Seal: i=2", "X-Was: i=2")
            .replace("ARC-Message-Signature: i=2", "X: i=2")
            .replace("ARC-Authentication-Results: i=2", "X-A-R: i=2")
    });
    let chain = "the chain has i=1 by corp.example cv=none";
    assert_eq!(
        seals("{ i: 2, by: google.com, cv: pass }", &unsealed),
        noted(&format!("wanted i=2 by google.com cv=pass, saw no such seal; {chain}"))
    );
    assert_eq!(
        seals("{ i: last, by: google.com, cv: pass }", &unsealed),
        noted("wanted i=last by google.com cv=pass, saw i=1 by corp.example cv=none")
    );
    assert_eq!(seals("{ i: 2, by: other.example }", &unsealed), asserted(false));
    assert_eq!(seals("{ i: 2, cv: pass }", &unsealed), asserted(false), "nobody knows whose it would be");
}

#[test]
fn policies_say_what_they_take_back() {
    let all = "auth: { arc: pass, dmarc: pass }, arc: { carries: { i: 1 }, seals: [{ i: 1, cv: none }], verify: pass }";
    let paths = |(results, notes): (Vec<(String, bool)>, Vec<String>)| {
        assert!(results.iter().all(|(_, holds)| *holds), "{results:?}");
        let noted =
            notes.iter().filter_map(|note| note.split_once(" is not asserted (arc: ")).map(|(path, _)| path.to_owned());
        (results.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" "), noted.collect::<Vec<_>>().join(" "))
    };
    let own = |parts: &str| parts.split(' ').map(|p| format!("expect[0].delivered.{p}")).collect::<Vec<_>>().join(" ");
    let (asserted, noted) = paths(under("required", all, &sound()));
    assert_eq!((asserted.as_str(), noted.as_str()), ("auth.arc auth.dmarc arc.carries arc.seals[0] arc.verify", ""));
    let (asserted, noted) = paths(under("advisory", all, &sound()));
    assert_eq!((asserted.as_str(), noted), ("auth.dmarc arc.seals[0] arc.verify", own("auth.arc arc.carries")));
    let (asserted, noted) = paths(under("off", all, &sound()));
    assert_eq!((asserted.as_str(), noted), ("auth.dmarc", own("auth.arc arc.carries arc.seals[0] arc.verify")));
    // Without a field to believe, what is not asserted fails nothing.
    let silent = forwarded(1, |t| t.replace("\r\nAuthentication-Results: mx", "\r\nX-Was: mx"));
    let (results, notes) = under("advisory", "auth: { arc: pass }", &silent);
    assert_eq!((results, notes.len()), (Vec::new(), 1));
    assert!(notes[0].ends_with("saw no trusted Authentication-Results"), "{notes:?}");
}
