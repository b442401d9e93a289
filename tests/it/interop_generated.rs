//! The comparison with other verifiers on thousands of messages. Where they disagree, a named rule says who is right.

use crate::{
    interop::{Opinion, dkimpy, judge, mailauth, now},
    interop_cases,
    verify_signer::zone,
};
use sealcheck::{
    mail::{Message, arc::ArcChain},
    verify::{Cause, DkimVerification, SignatureFacts, Verdict, Verification},
};
use std::{collections::BTreeMap, fs};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tool {
    Dkimpy,
    Mailauth,
}

/// What the disagreement is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Chain,
    Ams,
    Seal,
    Dkim,
}

/// One disagreement.
struct Dispute<'a> {
    tool: Tool,
    about: About,
    message: &'a Message,
    /// The set, where it is about one of its parts.
    instance: u32,
    ours: Verdict,
    /// Everything that we found wrong with what the dispute is about.
    causes: Vec<Cause>,
    our_reason: String,
    their_reason: String,
}

impl Dispute<'_> {
    fn we_fail_for(&self, cause: Cause) -> bool {
        self.ours == Verdict::Fail && self.causes.contains(&cause)
    }

    fn we_fail_saying(&self, text: &str) -> bool {
        self.ours == Verdict::Fail && self.our_reason.contains(text)
    }

    fn we_pass(&self) -> bool {
        self.ours == Verdict::Pass
    }

    fn they_say(&self, text: &str) -> bool {
        self.their_reason.contains(text)
    }

    fn has_field(&self, name: &str, wanted: impl Fn(&str) -> bool) -> bool {
        self.message.all(name).any(|f| wanted(&f.value()))
    }
}

/// Why two verifiers may disagree, and who is right.
struct Rule {
    /// Whose reading differs from ours, and what the RFC says.
    name: &'static str,
    applies: fn(&Dispute<'_>) -> bool,
}

const RULES: [Rule; 18] = [
    Rule {
        name: "dkimpy refuses a message with a line that is no field; we skip the line, as RFC 5322 §2.2 knows none",
        applies: |d| d.tool == Tool::Dkimpy && d.they_say("Unexpected characters in RFC822 header"),
    },
    Rule {
        name: "dkimpy takes words in lower case only; RFC 5234 §2.3: literals in a grammar ignore case",
        applies: |d| {
            let words =
                ["algorithm: b'RSA-SHA256'", "invalid c= value: b'Relaxed'", "cv= value is not valid (b'PASS')"];
            d.tool == Tool::Dkimpy && d.we_pass() && words.iter().any(|w| d.they_say(w))
        },
    },
    Rule {
        name: "mailauth takes cv= in lower case only when it chooses what a seal covers; RFC 5234 §2.3",
        applies: |d| d.tool == Tool::Mailauth && d.we_pass() && d.has_field("ARC-Seal", |v| v.contains("cv=PASS")),
    },
    Rule {
        name: "both take relaxed/relaxed where an ARC-Message-Signature has no c=; RFC 6376 §3.5: simple/simple",
        applies: |d| {
            let no_c =
                ArcChain::of(d.message).sets.iter().any(|s| s.ams.as_ref().is_some_and(|a| a.tags.get("c").is_none()));
            d.about != About::Dkim && no_c && d.we_fail_for(Cause::BodyHash)
        },
    },
    Rule {
        name: "dkimpy reads q= of a seal; RFC 8617 §4.1.3 has none there, so it is ignored",
        applies: |d| {
            d.tool == Tool::Dkimpy && d.we_pass() && d.about != About::Dkim && d.they_say("q= value is not dns/txt")
        },
    },
    Rule {
        name: "dkimpy gives ten hours more than x=; RFC 6376 §3.5 gives none",
        applies: |d| d.tool == Tool::Dkimpy && d.we_fail_for(Cause::Expired),
    },
    Rule {
        name: "both take l= over the end of the body; RFC 6376 §3.5: it must not be larger than the body",
        applies: |d| d.we_fail_saying("counts more octets than"),
    },
    Rule {
        name: "both take h= without From; RFC 6376 §5.4 and §6.1.1: From must be signed",
        applies: |d| d.we_fail_for(Cause::SignedHeaders) && d.we_fail_saying("h= does not name From"),
    },
    Rule {
        name: "both take an empty name in h=; RFC 6376 §3.5: names are field names",
        applies: |d| d.we_fail_saying("which is no field name"),
    },
    Rule {
        name: "dkimpy reads sets from the order of the header; RFC 8617 §5.1.1: from their instances",
        applies: |d| d.tool == Tool::Dkimpy && d.about != About::Dkim && d.we_pass() && !descending(d.message),
    },
    Rule {
        name: "dkimpy adds From to h=, against a second one; RFC 6376 §5.4.2: what h= names is signed",
        applies: |d| d.tool == Tool::Dkimpy && d.we_pass() && d.message.all("From").count() > 1,
    },
    Rule {
        name: "both know no ed25519 in ARC; RFC 8463 defines it for DKIM, and RFC 8617 §4.1 takes over its algorithms",
        applies: |d| {
            let ed25519 = |v: &str| v.contains("a=ed25519-sha256");
            d.about != About::Dkim
                && d.we_pass()
                && (d.has_field("ARC-Seal", ed25519) || d.has_field("ARC-Message-Signature", ed25519))
        },
    },
    Rule {
        name: "dkimpy hashes every duplicate of a field; we judge the topmost and fail the chain for the duplicate",
        applies: |d| d.tool == Tool::Dkimpy && d.about == About::Seal && d.causes.contains(&Cause::Structure),
    },
    Rule {
        name: "dkimpy hashes every set for a seal with cv=fail; RFC 8617 §5.1.2: only its own",
        applies: |d| {
            let failed = |v: &str| v.starts_with(&format!("i={};", d.instance)) && v.contains("cv=fail");
            d.tool == Tool::Dkimpy && d.about == About::Seal && d.we_pass() && d.has_field("ARC-Seal", failed)
        },
    },
    Rule {
        name: "dkimpy judges cv= with the chain, we with the seal that has it",
        applies: |d| d.about == About::Seal && d.we_fail_for(Cause::ChainValidationStatus),
    },
    Rule {
        name: "mailauth reads tag lists without their grammar; RFC 6376 §3.2: a list that breaks it is no tag list",
        applies: |d| d.tool == Tool::Mailauth && d.we_fail_for(Cause::Syntax),
    },
    Rule {
        name: "mailauth does not list a DKIM-Signature that it cannot read; RFC 6376 §6.1.1: it fails",
        applies: |d| {
            d.tool == Tool::Mailauth
                && d.they_say(NOT_LISTED)
                && (d.we_fail_for(Cause::Syntax) || d.we_fail_for(Cause::Algorithm))
        },
    },
    Rule {
        name: "mailauth leaves the signature in when b and its = are apart; RFC 6376 §3.2 allows white space there",
        applies: |d| {
            d.tool == Tool::Mailauth && d.we_pass() && d.message.fields().iter().any(|f| f.value().contains("b = "))
        },
    },
];

const NOT_LISTED: &str = "not listed";

/// Whether of all ARC fields of a name the newest is above the older ones.
fn descending(message: &Message) -> bool {
    ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"].iter().all(|name| {
        let instance =
            |value: String| value.split("i=").nth(1).and_then(|v| v.split(';').next()?.trim().parse::<u32>().ok());
        let instances: Vec<_> = message.all(name).map(|f| instance(f.value())).collect();
        instances.is_sorted_by(|above, below| above >= below)
    })
}

fn all_causes(facts: &[&SignatureFacts]) -> Vec<Cause> {
    facts.iter().flat_map(|f| f.causes.iter().copied()).collect()
}

/// Where the two do not say the same: about the chain, a set, or a DKIM-Signature.
fn disputes<'a>(tool: Tool, message: &'a Message, ours: &Verification, theirs: &Opinion) -> Vec<Dispute<'a>> {
    let dispute = |about, verdict, causes, our_reason: &Option<String>, their_reason: &str| Dispute {
        tool,
        about,
        message,
        instance: 0,
        ours: verdict,
        causes,
        our_reason: our_reason.clone().unwrap_or_default(),
        their_reason: their_reason.to_owned(),
    };
    let mut disputes = Vec::new();
    if ours.arc.to_string() != theirs.arc {
        let mut causes: Vec<Cause> = ours.arc_cause.into_iter().collect();
        causes.extend(ours.sets.last().map(|s| all_causes(&[&s.ams_facts])).unwrap_or_default());
        causes.extend(ours.sets.iter().flat_map(|s| all_causes(&[&s.seal_facts])));
        disputes.push(dispute(About::Chain, ours.arc, causes, &ours.arc_reason, &theirs.reason));
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
                causes.extend(ours.arc_cause.filter(|c| *c == Cause::Structure));
                let one = dispute(about, verdict, causes, &set.reason, &theirs.reason);
                disputes.push(Dispute { instance: set.instance, ..one });
            }
        }
    }
    for (at, signature) in ours.dkim.iter().enumerate() {
        let opinion = if theirs.dkim.len() == ours.dkim.len() {
            theirs.dkim.get(at)
        } else {
            theirs.dkim.iter().find(|t| t.s == signature.s || t.s.is_empty())
        };
        let they_pass = opinion.is_some_and(|o| o.result == "pass");
        if opinion.is_none() || they_pass != (signature.result == Verdict::Pass) {
            let reason = opinion.map_or(NOT_LISTED, |o| o.reason.as_str());
            let DkimVerification { result, facts, reason: our_reason, .. } = signature;
            disputes.push(dispute(About::Dkim, *result, all_causes(&[facts]), our_reason, reason));
        }
    }
    disputes
}

#[test]
#[ignore = "requires python3 with dkimpy and node with mailauth; .ci/interop-setup installs them"]
fn interop_generated_messages_are_judged_alike_or_a_rule_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let zone_file = dir.path().join("dns.zone");
    fs::write(&zone_file, zone().to_text()).unwrap();
    let cases = interop_cases::all(now());
    assert!(cases.len() >= 2_000, "{}", cases.len());
    let mut files = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        files.push(dir.path().join(format!("{at}.eml")));
        fs::write(&files[at], &case.message).unwrap();
    }
    let (dkimpy, mailauth) = (dkimpy(&zone_file, &files), mailauth(&zone_file, &files));
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for ((case, dkimpy), mailauth) in cases.iter().zip(&dkimpy).zip(&mailauth) {
        let message = Message::parse(case.message.clone());
        let ours = judge(&case.message, zone());
        let mut disputes = disputes(Tool::Dkimpy, &message, &ours, dkimpy);
        disputes.extend(self::disputes(Tool::Mailauth, &message, &ours, mailauth));
        for dispute in disputes {
            match RULES.iter().find(|rule| (rule.applies)(&dispute)) {
                Some(rule) => *used.entry(rule.name).or_default() += 1,
                None => unexplained.push(format!(
                    "{}: we say {} ({}), {} says otherwise ({})",
                    case.name,
                    dispute.ours,
                    dispute.our_reason,
                    if dispute.tool == Tool::Dkimpy { "dkimpy" } else { "mailauth" },
                    dispute.their_reason
                )),
            }
        }
    }
    for (name, count) in &used {
        println!("{count:4} {name}");
    }
    println!("{} messages, {} disagreements explained", cases.len(), used.values().sum::<usize>());
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), unexplained.join("\n"));
    for rule in RULES {
        assert!(used.contains_key(rule.name), "explains nothing any more: {}", rule.name);
    }
}
