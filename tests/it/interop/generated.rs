//! The comparison with other verifiers on thousands of messages. Where they disagree, a named rule says who is right.

use crate::{
    interop::{
        cases,
        rspamd::Rspamd,
        rules::{About, Dispute, NOT_LISTED, RULES, Tool},
        verifiers::{Opinion, dkimpy, judge, mail_dkim, mailauth, now},
    },
    support::verify_signer::zone,
    verify::dns::Server,
};
use sealcheck::{
    mail::Message,
    verify::{DkimVerification, SignatureDefect, SignatureFacts, Verdict, Verification},
};
use std::{collections::BTreeMap, fs, thread};

fn all_causes(facts: &[&SignatureFacts]) -> Vec<SignatureDefect> {
    facts.iter().flat_map(|f| f.causes.iter().copied()).collect()
}

/// Where the two do not say the same: about the chain, a set, or a DKIM-Signature.
fn disputes<'a>(tool: Tool, message: &'a Message, ours: &Verification, theirs: &Opinion) -> Vec<Dispute<'a>> {
    let dispute = |about, verdict, causes, our_reason: &Option<String>, theirs: &str, their_reason: &str| Dispute {
        tool,
        about,
        message,
        instance: 0,
        ours: verdict,
        causes,
        our_reason: our_reason.clone().unwrap_or_default(),
        theirs: theirs.to_owned(),
        their_reason: their_reason.to_owned(),
    };
    let mut disputes = Vec::new();
    if ours.arc.to_string() != theirs.arc {
        let mut causes: Vec<SignatureDefect> = ours.arc_cause.into_iter().collect();
        causes.extend(ours.sets.last().map(|s| all_causes(&[&s.ams_facts])).unwrap_or_default());
        causes.extend(ours.sets.iter().flat_map(|s| all_causes(&[&s.seal_facts])));
        disputes.push(dispute(About::Chain, ours.arc, causes, &ours.arc_reason, &theirs.arc, &theirs.reason));
    }
    for set in &ours.sets {
        let Some(their_set) = theirs.sets.iter().find(|t| t.instance == set.instance) else { continue };
        let parts = [
            (About::Ams, set.ams, &set.ams_facts, their_set.ams),
            (About::Seal, set.seal, &set.seal_facts, their_set.seal),
        ];
        for (about, verdict, facts, they_pass) in parts {
            if (verdict == Verdict::Pass) != they_pass {
                let mut causes = all_causes(&[facts]);
                causes.extend(ours.arc_cause.filter(|c| *c == SignatureDefect::Structure));
                let one = dispute(
                    about,
                    verdict,
                    causes,
                    &set.reason,
                    if they_pass { "pass" } else { "fail" },
                    &theirs.reason,
                );
                disputes.push(Dispute { instance: set.instance, ..one });
            }
        }
    }
    for (at, signature) in ours.dkim.iter().enumerate() {
        let opinion = match tool {
            // It says which by their names, in no order.
            Tool::Rspamd => theirs.dkim.iter().find(|t| t.d.eq_ignore_ascii_case(&signature.d) && t.s == signature.s),
            _ if theirs.dkim.len() == ours.dkim.len() => theirs.dkim.get(at),
            _ => theirs.dkim.iter().find(|t| t.s == signature.s || t.s.is_empty()),
        };
        let they_pass = opinion.is_some_and(|o| o.result == "pass");
        if opinion.is_none() || they_pass != (signature.result == Verdict::Pass) {
            let (theirs, reason) = opinion.map_or((NOT_LISTED, NOT_LISTED), |o| (o.result.as_str(), o.reason.as_str()));
            let DkimVerification { result, facts, reason: our_reason, .. } = signature;
            disputes.push(dispute(About::Dkim, *result, all_causes(&[facts]), our_reason, theirs, reason));
        }
    }
    disputes
}

#[test]
#[ignore = "requires python3 with dkimpy, node with mailauth, perl with Mail::DKIM and rspamd; .ci/run installs them"]
fn interop_generated_messages_are_judged_alike_or_a_rule_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let zone_file = dir.path().join("dns.zone");
    fs::write(&zone_file, zone().to_text()).unwrap();
    let cases = cases::all(now());
    assert!(cases.len() >= 2_000, "{}", cases.len());
    let mut files = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        files.push(dir.path().join(format!("{at}.eml")));
        fs::write(&files[at], &case.message).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let dns = runtime.block_on(Server::of_zone(zone()));
    let rspamd = Rspamd::start(dns.address);
    let ask = |tool| match tool {
        Tool::Dkimpy => dkimpy(&zone_file, &files),
        Tool::Mailauth => mailauth(&zone_file, &files),
        Tool::MailDkim => mail_dkim(dns.address, &files),
        Tool::Rspamd => cases.iter().map(|case| rspamd.judge(&case.message)).collect(),
    };
    let opinions =
        thread::scope(|s| Tool::ALL.map(|tool| s.spawn(move || ask(tool))).map(|asked| asked.join().unwrap()));
    let mut used: BTreeMap<(Tool, &str), usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let message = Message::parse(case.message.clone());
        let ours = judge(&case.message, zone());
        let disputes =
            Tool::ALL.iter().zip(&opinions).flat_map(|(tool, all)| disputes(*tool, &message, &ours, &all[at]));
        for dispute in disputes {
            let Dispute { tool, about, ours, our_reason, theirs, their_reason, .. } = &dispute;
            match RULES.iter().find(|rule| rule.explains(&dispute)) {
                Some(rule) => *used.entry((*tool, rule.they)).or_default() += 1,
                None => unexplained.push(format!(
                    "{}: {about:?}: we say {ours} ({our_reason}), {} says {theirs} ({their_reason})",
                    case.name,
                    tool.name()
                )),
            }
        }
    }
    for ((tool, they), count) in &used {
        println!("{count:4} {} {they}", tool.name());
    }
    println!("{} messages, {} disagreements explained", cases.len(), used.values().sum::<usize>());
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), unexplained.join("\n"));
    for rule in RULES {
        for tool in rule.tools {
            assert!(used.contains_key(&(*tool, rule.they)), "explains nothing any more: {} {}", tool.name(), rule.they);
        }
    }
}
