//! Is a mail that no diagnosis explains sound? What speaks for it, what against it, and what nobody looked at: that nothing
//! is wrong is said of a mail only when this proves it.

use super::diagnose::ServerLog;
use crate::{
    mail::{
        Message,
        arc::{ArcChain, ArcSet},
        authres::{self, AuthenticationResults, ResInfo, Trust},
        dsn::Dsn,
        log::Trouble,
        received_spf,
    },
    outcome::{Agreement, Claim},
    verify::{Verdict, Verification, is_header_alone},
};
use serde::Serialize;

/// What is known of a mail.
#[derive(Debug, Clone, Copy)]
pub struct ProofInput<'a> {
    /// The message.
    pub message: &'a Message,
    /// Which Authentication-Results speak for the receiver.
    pub trust: &'a Trust,
    /// The ARC Sets.
    pub arc: &'a ArcChain,
    /// What we found ourselves; `None` when DNS was not asked.
    pub verification: Option<&'a Verification>,
    /// What servers claim of ARC and DKIM, beside what we found.
    pub claims: &'a [Claim],
    /// The report in it, when it is a bounce.
    pub dsn: Option<&'a Dsn>,
    /// The log lines about it.
    pub log: &'a ServerLog,
    /// How many logs were searched for it.
    pub logs: usize,
    /// It ends inside of its header.
    pub is_cut_off: bool,
}

/// What speaks for a mail and what against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Proof {
    /// Nothing is wrong, as far as the mail tells: there is no fault, every signature in it verifies, and there is a
    /// signature or a result of the receiver to tell by.
    pub sound: bool,
    /// The signatures that verify, `i=2 company.example` or `DKIM sender.example`, and the results of the receiver.
    pub verified: Vec<String>,
    /// What is not as it should be.
    pub faults: Vec<Fault>,
    /// What was not looked at, or could not be.
    pub open: Vec<Open>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// What it is about: the signature, the result, the line of a log.
    pub about: String,
    /// Why, where that is known.
    pub reason: Option<String>,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A DKIM-Signature, ARC-Message-Signature or ARC-Seal does not verify.
    Signature,
    /// The ARC chain as a whole is not valid (RFC 8617 §5.2).
    Chain,
    /// A seal says `cv=fail`.
    MarkedFailed,
    /// An ARC field breaks the grammar.
    Field,
    /// The receiver says other than pass or none.
    Result,
    /// A field pretends to be the receiver's.
    Forged,
    /// A server claims of a signature what is not so.
    Claim,
    /// A log says that the mail is in trouble.
    Log,
    /// The mail is a report about another mail, or holds one.
    Report,
}

/// Something that was not looked at, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "about")]
pub enum Open {
    /// There are signatures, and DNS was not asked for any key.
    NotVerified,
    /// DNS gave no answer for the key of this signature.
    NoAnswer(String),
    /// This signature is beyond the number that are verified.
    NotJudged(String),
    /// The mail ends inside of its header.
    CutOff,
    /// There is the header alone: no body hash could be verified.
    NoBody,
    /// There is no signature and no result of a receiver to tell by.
    NothingToTellBy,
    /// The mail has no signature.
    Unsigned,
    /// The mail has no results of a receiver.
    NoReceiver,
    /// No log was given.
    NoLog,
    /// No log knows the mail.
    NotLogged,
}

impl Open {
    /// Whether nobody can say that nothing is wrong as long as this is open.
    pub fn matters(&self) -> bool {
        match self {
            Self::NotVerified
            | Self::NoAnswer(_)
            | Self::NotJudged(_)
            | Self::CutOff
            | Self::NoBody
            | Self::NothingToTellBy => true,
            Self::Unsigned | Self::NoReceiver | Self::NoLog | Self::NotLogged => false,
        }
    }
}

/// What speaks for and against a mail.
pub fn proof(input: ProofInput<'_>) -> Proof {
    let mut proof = Proof { sound: false, verified: Vec::new(), faults: Vec::new(), open: Vec::new() };
    signatures(&input, &mut proof);
    chain(&input, &mut proof);
    results(&input, &mut proof);
    let disagree = input.claims.iter().filter(|c| c.agreement == Agreement::Disagrees);
    proof.faults.extend(disagree.map(|claim| {
        let by = claim.by.as_deref().unwrap_or("a server without a name");
        let about = claim.about.as_ref().map_or_else(String::new, |about| format!(" {about}"));
        fault(FaultKind::Claim, format!("{by}: {}={}{about}", claim.method, claim.claims), claim.reason.clone())
    }));
    proof.faults.extend(input.log.troubles().into_iter().map(|(trouble, at)| {
        fault(FaultKind::Log, format!("{}:{}: {}", at.artifact, at.line, word(trouble)), Some(at.text))
    }));
    if input.dsn.is_some() || holds_report(input.message) {
        proof.faults.push(fault(FaultKind::Report, "message/delivery-status".to_owned(), None));
    }
    if input.is_cut_off {
        proof.open.push(Open::CutOff);
    }
    if is_header_alone(input.message) {
        proof.open.push(Open::NoBody);
    }
    match input.logs {
        0 => proof.open.push(Open::NoLog),
        _ if !input.log.knows_message() => proof.open.push(Open::NotLogged),
        _ => {}
    }
    proof.sound = proof.faults.is_empty() && !proof.open.iter().any(Open::matters);
    proof
}

fn fault(kind: FaultKind, about: String, reason: Option<String>) -> Fault {
    Fault { kind, about, reason }
}

fn word(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Bounced => "bounced",
        Trouble::Deferred => "deferred",
        Trouble::Rejected => "rejected",
        Trouble::Discarded => "discarded",
        Trouble::Marked => "taken for spam",
    }
}

/// Every signature in the message: those of the author and both of each set.
fn signatures(input: &ProofInput<'_>, proof: &mut Proof) {
    let signed = input.message.fields().iter().any(|f| {
        ["DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"].iter().any(|name| f.name.eq_ignore_ascii_case(name))
    });
    let Some(verification) = input.verification else {
        proof.open.push(if signed { Open::NotVerified } else { Open::Unsigned });
        return;
    };
    if !signed {
        proof.open.push(Open::Unsigned);
    }
    for set in &verification.sets {
        let by = input.arc.set(set.instance).and_then(ArcSet::sealer);
        let name = format!("i={} {}", set.instance, by.unwrap_or("?"));
        if set.holds() {
            proof.verified.push(name);
            continue;
        }
        for (part, verdict) in [("message signature", set.ams), ("seal", set.seal)] {
            one(format!("{name} {part}"), verdict, false, set.reason.as_ref(), proof);
        }
    }
    for signature in &verification.dkim {
        let name = format!("DKIM {}", if signature.d.is_empty() { "?" } else { &signature.d });
        if signature.result == Verdict::Pass {
            proof.verified.push(name);
        } else {
            one(name, signature.result, signature.result == Verdict::None, signature.reason.as_ref(), proof);
        }
    }
}

/// One signature that is not known to verify.
fn one(name: String, verdict: Verdict, is_left_out: bool, reason: Option<&String>, proof: &mut Proof) {
    match verdict {
        Verdict::Pass => {}
        Verdict::TempError => proof.open.push(Open::NoAnswer(name)),
        Verdict::None if is_left_out => proof.open.push(Open::NotJudged(name)),
        Verdict::Fail | Verdict::None => proof.faults.push(fault(FaultKind::Signature, name, reason.cloned())),
    }
}

/// The chain as a whole.
fn chain(input: &ProofInput<'_>, proof: &mut Proof) {
    proof.faults.extend(input.arc.sets.iter().filter(|set| set.is_marked_failed()).map(|set| {
        let about = format!("i={} {} cv=fail", set.instance, set.sealer().unwrap_or("?"));
        fault(FaultKind::MarkedFailed, about, None)
    }));
    proof.faults.extend(input.arc.defects.iter().map(|d| fault(FaultKind::Field, d.to_string(), None)));
    let Some(verification) = input.verification else { return };
    match verification.arc {
        Verdict::Fail => {
            proof.faults.push(fault(FaultKind::Chain, "ARC chain".to_owned(), verification.arc_reason.clone()));
        }
        Verdict::TempError => proof.open.push(Open::NoAnswer("ARC chain".to_owned())),
        Verdict::Pass | Verdict::None => {}
    }
}

/// What the receiver says; where nobody speaks for it, what anybody says.
fn results(input: &ProofInput<'_>, proof: &mut Proof) {
    let trusted = input.trust.trusted.as_ref();
    let all = authres::all(input.message);
    let said: Vec<&AuthenticationResults> = trusted.map_or_else(|| all.iter().collect(), |t| vec![t]);
    for field in &said {
        let by = field.authserv_id.as_deref().unwrap_or("a server without a name");
        for result in field.results.iter().filter(|r| !is_good(r)) {
            let about = format!("{by}: {}={}", result.method, result.result);
            proof.faults.push(fault(
                FaultKind::Result,
                about,
                result.reason.clone().or_else(|| result.comment.clone()),
            ));
        }
    }
    // Where the receiver says nothing of SPF in its results, it may do so in a field of its own.
    if !said.iter().any(|field| field.method("spf").next().is_some())
        && let Some(spf) = received_spf::all(input.message).into_iter().next()
        && !["pass", "none", "neutral"].contains(&spf.result.as_str())
    {
        proof.faults.push(fault(FaultKind::Result, format!("Received-SPF: {}", spf.result), spf.comment));
    }
    proof.faults.extend(input.trust.forged.iter().map(|field| {
        let by = field.authserv_id.as_deref().unwrap_or("?");
        fault(FaultKind::Forged, format!("Authentication-Results of {by}, line {}", field.line), None)
    }));
    match trusted {
        Some(field) => {
            let said: Vec<String> = field.results.iter().map(|r| format!("{}={}", r.method, r.result)).collect();
            let by = field.authserv_id.as_deref().unwrap_or("?");
            let said = if said.is_empty() { "nothing".to_owned() } else { said.join(" ") };
            proof.verified.push(format!("{by}: {said}"));
        }
        None if proof.open.contains(&Open::Unsigned) => proof.open = vec![Open::NothingToTellBy],
        None => proof.open.push(Open::NoReceiver),
    }
}

/// Whether a result speaks of no failure (RFC 8601 §2.7). `neutral` is one of SPF that says nothing (RFC 7208 §8.2).
fn is_good(result: &ResInfo) -> bool {
    matches!(result.result.as_str(), "pass" | "none" | "bestguesspass")
        || (result.method == "spf" && result.result == "neutral")
}

/// Whether a delivery report stands anywhere in the message, also where it cannot be read as one.
fn holds_report(message: &Message) -> bool {
    let raw = message.raw().to_ascii_lowercase();
    ["message/delivery-status", "message/global-delivery-status", "report-type=delivery-status"]
        .iter()
        .any(|mark| memchr::memmem::find(&raw, mark.as_bytes()).is_some())
}
