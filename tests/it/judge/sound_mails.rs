//! The false-alarm figure: of mails that verify, nothing is said that is more than "perhaps".

use crate::support::{
    numbers::Numbers,
    sound_mails::{keys_in_dns, sound_mail},
};
use sealcheck::{
    judge::diagnose::{DiagnoseInput, ServerLog, diagnose_mail},
    mail::{
        Message,
        arc::{ArcChain, ArcSet, ChainValidationStatus},
        authres::{self, AuthenticationResults},
        dsn::Dsn,
        received,
    },
    outcome::{Confidence, Diagnosis},
    verify::{Dns, Verdict, Verification, verify},
};
use std::fs;

/// How many mails are generated.
const MAILS: usize = 1200;

/// What is said of a mail.
fn said(name: &str, message: &Message, verification: Option<&Verification>, forwarder: Option<&str>) -> Vec<Diagnosis> {
    let trusted = authres::receiver(message).and_then(|id| authres::trusted(message, &id).trusted);
    diagnose_mail(DiagnoseInput {
        artifact: name,
        message,
        trusted: trusted.as_ref(),
        arc: &ArcChain::of(message),
        hops: &received::hops(message),
        verification,
        dsn: Dsn::of(message).as_ref(),
        returned: None,
        sent: None,
        forwarder,
        spf: &[],
        log: ServerLog::default(),
    })
}

/// What of it is more than low.
fn alarms(name: &str, message: &Message, verification: Option<&Verification>, forwarder: Option<&str>) -> Vec<String> {
    let loud = said(name, message, verification, forwarder).into_iter().filter(|d| d.confidence > Confidence::Low);
    let text = String::from_utf8_lossy(message.raw());
    loud.map(|d| format!("{name}: {} {:?} {:#?}\n{text}", d.code, d.confidence, d.evidence)).collect()
}

/// Whether who made a set found the chain before it broken, in its seal and in its results.
fn is_broken_by_its_word(set: &ArcSet) -> bool {
    let says_fail = |aar: &AuthenticationResults| aar.method("arc").any(|arc| arc.result == "fail");
    set.seal.as_ref().is_some_and(|seal| seal.cv == Some(ChainValidationStatus::Fail))
        && set.aar.as_ref().is_some_and(says_fail)
}

#[test]
fn a_mail_that_verifies_gets_no_diagnosis_above_low() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let dns = Dns::zone(keys_in_dns());
    let mut numbers = Numbers(0x5ea1_c4ec);
    let (mut all, mut holding, mut sets) = (Vec::new(), 0, [0; 4]);
    for n in 0..MAILS {
        let mail = sound_mail(&mut numbers);
        if n % 16 == 0 && mail.is_forwarded {
            // The same rules are not silent over one that was changed.
            let changed = Message::parse([&mail.text[..], b"\r\nfooter\r\n"].concat());
            let verification = runtime.block_on(verify(&changed, &dns, 1_795_500_000));
            assert_ne!(said("changed", &changed, Some(&verification), None), [], "{n}");
        }
        let message = Message::parse(mail.text);
        let verification = runtime.block_on(verify(&message, &dns, 1_795_500_000));
        assert!(
            matches!(verification.arc, Verdict::Pass | Verdict::None)
                && verification.dkim.iter().any(|d| d.result == Verdict::Pass),
            "{n}: {verification:#?}\n{}",
            String::from_utf8_lossy(message.raw())
        );
        holding += verification.dkim.iter().filter(|d| d.result == Verdict::Pass).count();
        sets[verification.sets.len()] += 1;
        for forwarder in [None, mail.is_forwarded.then_some("company.example")] {
            for verification in [None, Some(&verification)] {
                all.extend(alarms(&format!("generated {n}"), &message, verification, forwarder));
            }
        }
    }
    assert!(sets.iter().all(|mails| *mails > MAILS / 20), "each number of sets is there: {sets:?}");
    let (mut of_corpus, mut told_broken) = (0, 0);
    #[expect(clippy::disallowed_methods, reason = "only the person who runs the tests knows where the corpus is")]
    if let Some(folder) = std::env::var_os("SEALCHECK_CORPUS") {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                let message = Message::parse(fs::read(&path).unwrap());
                if ArcChain::of(&message).sets.iter().any(is_broken_by_its_word) {
                    told_broken += 1;
                    continue;
                }
                of_corpus += 1;
                all.extend(alarms(&path.display().to_string(), &message, None, None));
            }
        }
    }
    println!(
        "{MAILS} generated mails (by number of sets: {sets:?}, {holding} DKIM signatures hold) and {of_corpus} of the corpus, beside {told_broken} whose chain a server found broken: {} alarms",
        all.len()
    );
    assert!(all.is_empty(), "{} alarms, such as {}", all.len(), all[0]);
}
