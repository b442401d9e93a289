//! Family C: the chain verifies, but it does not help, or says the wrong thing.

use super::before_seal::{changed_before, filter_in_front};
use crate::{
    catalogue::Cause,
    evidence::{FirstServer, Folder},
    judge::diagnose::{
        builder::{field, found, quote},
        facts::{Facts, MailFacts, related},
        server_log::is_local,
    },
    mail::{
        Field,
        arc::ArcSet,
        authres::{AuthenticationResults, ResInfo},
        dkim,
    },
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis, Fate, SigningField,
    },
    verify::{DkimVerification, SignatureDefect, Verdict},
};

/// Fields that signatures cover whether or not the mail has them.
const OFTEN_SIGNED: [&str; 15] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-id",
    "content-description",
];

/// Why a chain that holds does not help.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let Some(mail) = &facts.mail else { return Vec::new() };
    let chain_holds = match mail.verification.map(|v| v.arc) {
        Some(Verdict::Pass) => true,
        None => mail.has_result("arc", "pass"),
        Some(_) => false,
    };
    if !chain_holds {
        return Vec::new();
    }
    let mut causes: Vec<Diagnosis> = Vec::new();
    if let Some(set) = facts.forwarders_set() {
        causes.extend(says_nothing(mail, set));
        causes.extend(sealed_twice(facts, mail));
        causes.extend(hidden_client(facts, mail, set).or_else(|| filter_in_front(facts, mail, set)));
        causes.extend(foreign_results(facts, mail, set));
    }
    if is_judged_badly(facts, mail) {
        let judged = [dropped_header(facts, mail), unaligned(facts, mail), re_signed(facts, mail)];
        let mut judged: Vec<Diagnosis> = judged.into_iter().flatten().collect();
        if judged.is_empty() {
            judged.extend(not_trusted(facts, mail).or_else(|| changed_before(facts, mail)));
        }
        if judged.is_empty() && causes.is_empty() {
            judged.push(unknown(mail));
        }
        causes.extend(judged);
    }
    causes
}

/// The receiver's DMARC fails with a policy that asks for something, or the mail lies in spam, or was refused for it;
/// without a receiver, who sealed last says that the author's signature or DMARC fails under such a policy of the author.
fn is_judged_badly(facts: &Facts<'_>, mail: &MailFacts<'_>) -> bool {
    if mail.returned.is_some() {
        return facts.is_refused_as_unauthentic();
    }
    if mail.trusted.is_some() {
        let dmarc = mail.says("dmarc").filter(|d| d.result == "fail");
        let overridden = dmarc.and_then(ResInfo::dmarc_comment).is_some_and(|c| c.arc.as_deref() == Some("pass"));
        let fails = dmarc.is_some_and(|d| is_strict(d) || facts.attempt.is_some()) && !overridden;
        // Spam that is authentic is judged by what it says and by who sent it: E09.
        let is_spam = mail.misplaced == Some(Folder::Spam) && !mail.has_result("dmarc", "pass");
        return fails || is_spam && mail.says("arc").is_some();
    }
    let sealed = mail.upstream_sets().last().and_then(|set| set.aar.as_ref());
    let is_changed =
        |d: &DkimVerification| d.facts.has(SignatureDefect::BodyHash) || d.facts.has(SignatureDefect::Signature);
    sealed.is_some_and(|aar| fails_its_policy(aar, &mail.author_domain().unwrap_or_default()))
        && author_signatures(mail).any(is_changed)
        && !author_signatures(mail).any(|d| d.result == Verdict::Pass)
}

/// Whether these results say that the author's signature or DMARC fails, and that the author's policy asks for something.
fn fails_its_policy(aar: &AuthenticationResults, author: &str) -> bool {
    let of_author = |method| {
        let all = aar.method(method);
        all.filter(|r| r.domain().is_some_and(|domain| related(domain, author)))
    };
    let fails = |method| of_author(method).any(|r| r.result != "pass") && of_author(method).all(|r| r.result != "pass");
    of_author("dmarc").any(is_strict) && (fails("dkim") || fails("dmarc"))
}

/// Whether a policy asks for something.
fn is_strict(dmarc: &ResInfo) -> bool {
    dmarc.dmarc_comment().and_then(|c| c.p).is_some_and(|p| p == "reject" || p == "quarantine")
}

/// The author's own signatures.
fn author_signatures<'m>(mail: &MailFacts<'m>) -> impl Iterator<Item = &'m DkimVerification> {
    let author = mail.author_domain().unwrap_or_default();
    let all = mail.verification.map_or(&[][..], |v| &v.dkim);
    all.iter().filter(move |d| !author.is_empty() && related(&d.d, &author))
}

/// The seal vouches for nothing.
fn says_nothing(mail: &MailFacts<'_>, set: &ArcSet) -> Option<Diagnosis> {
    let aar = set.aar.as_ref()?;
    let checked = ["spf", "dkim", "dmarc", "arc"].iter().any(|m| aar.method(m).next().is_some());
    (!checked).then(|| found(Cause::C01, Certain).seen(mail.quote_line(aar.line)))
}

/// Two sets of the forwarder, of which the second one knows of nothing but the first.
fn sealed_twice(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let own: Vec<&ArcSet> = mail.upstream_sets().iter().filter(|s| facts.is_forwarders(s)).collect();
    let second = own.get(1)?.aar.as_ref()?;
    let only_arc = !second.results.is_empty() && second.results.iter().all(|r| r.method == "arc");
    let seals = own.iter().filter_map(|s| mail.quote_seal(s));
    only_arc.then(|| found(Cause::C02, Certain).seen(seals).seen(mail.quote_line(second.line)))
}

/// SPF was judged on a relay of the forwarder's own.
fn hidden_client(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Option<Diagnosis> {
    let aar = set.aar.as_ref()?;
    let spf = aar.method("spf").next().filter(|r| r.result == "softfail" || r.result == "fail")?;
    let comment = spf.comment.as_deref()?;
    let own = mail.hops.iter().filter(|h| h.by.as_deref().is_some_and(|by| facts.is_forwarders_host(by)));
    let own: Vec<_> = own.collect();
    let relayed = own.iter().skip(1).find(|h| h.from_ip.as_deref().is_some_and(|ip| comment.contains(ip)));
    // Of what we handed over ourselves, the first hop is ours, wherever we are.
    let is_ours = facts.attempt.as_ref().is_some_and(|attempt| attempt.first == FirstServer::Company);
    let local = own.first().filter(|h| {
        let ip = h.from_ip.as_deref().filter(|ip| comment.contains(ip));
        !is_ours && ip.and_then(|ip| ip.parse().ok()).is_some_and(is_local)
    });
    let hop = relayed.or(local)?;
    Some(found(Cause::C03, High).seen(mail.quote_line(aar.line)).seen(mail.quote_line(hop.line)))
}

/// The results that were sealed are in somebody else's name.
fn foreign_results(facts: &Facts<'_>, mail: &MailFacts<'_>, set: &ArcSet) -> Option<Diagnosis> {
    if !facts.is_forwarders(set) {
        // A service seals in a name of its own.
        return None;
    }
    let (aar, forwarder) = (set.aar.as_ref()?, facts.forwarder.as_deref()?);
    let id = aar.authserv_id.as_deref().filter(|id| id.contains('.'))?;
    let sealer = set.sealer()?;
    // Servers on the way before the forwarder are somebody else's.
    let first = mail.hops.iter().position(|h| h.by.as_deref().is_some_and(|by| related(by, forwarder)));
    let own = &mail.hops[first.unwrap_or(0)..];
    let own_host = own.iter().any(|h| h.by.as_deref().is_some_and(|by| by.eq_ignore_ascii_case(id)));
    let foreign = !related(id, forwarder) && !related(id, sealer) && !own_host;
    // The same field, below the line of the forwarder, came with the mail.
    let taken = first.map_or(u32::MAX, |at| mail.hops[at].line);
    let sealed = mail.message.fields().iter().find(|f| f.line == aar.line).map(compact);
    let sealed = sealed.and_then(|text| text.split_once(';').map(|(_, rest)| rest.to_owned()));
    let original = mail.message.all("Authentication-Results").find(|f| f.line > taken && Some(compact(f)) == sealed);
    let confidence = if original.is_some() { Certain } else { Low };
    let original = original.map(|f| field(&mail.artifact, f));
    foreign.then(|| {
        found(Cause::C04, confidence).seen(mail.quote_line(aar.line)).seen(original).seen(mail.quote_seal(set))
    })
}

/// The value of a field without white space.
fn compact(field: &Field) -> String {
    field.value().chars().filter(|c| !c.is_whitespace()).collect()
}

/// The author's signature held when the forwarder sealed and does not now, while the seal's own signature holds: what
/// changed is a field that only the author signed.
fn dropped_header(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let set = mail.upstream_sets().last()?;
    let (ams, aar) = (set.ams.as_ref()?, set.aar.as_ref()?);
    let broken = author_signatures(mail).find(|d| d.result == Verdict::Fail)?;
    if broken.facts.has(SignatureDefect::BodyHash) {
        return None;
    }
    let mut passed = aar.method("dkim").filter(|r| r.result == "pass").filter_map(ResInfo::domain);
    if !passed.any(|d| related(d, &broken.d)) || mail.verified(set).is_none_or(|v| v.ams != Verdict::Pass) {
        return None;
    }
    let signatures = dkim::all(mail.message);
    let signature = signatures.iter().find(|s| s.domain.as_deref() == Some(broken.d.as_str()))?;
    let only_author = signature.signed_headers.iter().filter(|h| !ams.signed_headers.contains(h));
    let gone = only_author.filter(|h| mail.message.first(h).is_none());
    let covered = facts.survival.iter().find(|s| s.field == SigningField::Dkim && s.d == signature.domain);
    let changes = covered.map_or(&[][..], |covered| &covered.headers);
    let is_removed = |name: &str| changes.iter().any(|h| h.fate == Fate::Removed && h.name.eq_ignore_ascii_case(name));
    // Signers also list well-known fields that a mail does not have, lest they be added.
    let gone = gone.filter(|h| is_removed(h) || !OFTEN_SIGNED.contains(&h.as_str()) && !h.starts_with("list-"));
    let gone: Vec<&String> = gone.collect();
    if gone.is_empty() {
        return None;
    }
    let confidence = if gone.iter().all(|h| is_removed(h)) { Certain } else { High };
    let names = gone.iter().map(|h| h.as_str()).collect::<Vec<_>>().join(", ");
    let text = format!("signed by {} and not there any more: {names}", broken.d);
    Some(found(Cause::C05, confidence).seen([quote(&mail.artifact, 0, &text)]).seen(mail.quote_line(aar.line)))
}

/// The forwarder vouches for the mail, the chain holds, and the receiver goes by DMARC all the same.
fn not_trusted(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let aar = facts.forwarders_set()?.aar.as_ref()?;
    let vouched = aar.method("dmarc").any(|r| r.result == "pass");
    let next = "see whether the sender can sign with DKIM".to_owned();
    if mail.returned.is_some() {
        let path = mail.message.first("Return-Path").filter(|path| {
            let path = path.value().to_ascii_lowercase();
            path.trim_matches(['<', '>']).rsplit_once('@').is_some_and(|(_, domain)| facts.is_forwarders_host(domain))
        });
        // All that the forwarder can do is done: it passes SPF itself, and its seal, which holds, speaks for the author.
        // What it changed on delivery would not be seen.
        let done = vouched && !mail.is_only_header() && author_signatures(mail).all(|d| d.result == Verdict::None);
        if !done {
            return None;
        }
        let path = field(&mail.artifact, path?);
        return Some(found(Cause::C06, Low).seen(mail.quote_line(aar.line)).seen([path]).next([next]));
    }
    (vouched && mail.has_result("arc", "pass") && mail.has_result("dmarc", "fail"))
        .then(|| found(Cause::C06, High).seen(mail.quote_trusted()).seen(mail.quote_line(aar.line)).next([next]))
}

/// SPF and DKIM pass for others than the author.
fn unaligned(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    if mail.returned.is_some() {
        return signed_by_another(facts, mail);
    }
    let (trusted, author) = (mail.trusted?, mail.author_domain()?);
    let others = |method: &'static str| {
        let mut passed = trusted.method(method).filter(|r| r.result == "pass").peekable();
        passed.peek().is_some() && passed.all(|r| r.domain().is_some_and(|d| !related(d, &author)))
    };
    // What the forwarder signed says nothing of the sender.
    let mut signers = trusted.method("dkim").filter(|r| r.result == "pass").filter_map(ResInfo::domain);
    let by_sender = signers.any(|d| !facts.is_forwarders_host(d));
    let unsigned = author_signatures(mail).next().is_none();
    (mail.has_result("dmarc", "fail") && unsigned && by_sender && others("dkim") && others("spf"))
        .then(|| found(Cause::C07, High).seen(mail.quote_trusted()))
}

/// In a copy that was refused: a signature of the sender's side holds, and it is not the author's.
fn signed_by_another(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let author = mail.author_domain()?;
    let mut holding = mail.verification?.dkim.iter().filter(|d| d.result == Verdict::Pass);
    let other = holding.find(|d| !facts.is_forwarders_host(&d.d) && !related(&d.d, &author))?;
    let text = format!("DKIM d={} holds, and From is of {author}", other.d);
    author_signatures(mail).next().is_none().then(|| found(Cause::C07, High).seen([quote(&mail.artifact, 0, &text)]))
}

/// The author's signature is broken and the forwarder's own holds.
fn re_signed(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let forwarder = facts.forwarder.as_deref()?;
    let broken = author_signatures(mail).find(|d| d.result == Verdict::Fail && !related(&d.d, forwarder))?;
    let own = mail.verification?.dkim.iter().find(|d| d.result == Verdict::Pass && related(&d.d, forwarder))?;
    let text = format!("DKIM d={} fails, DKIM d={} holds", broken.d, own.d);
    Some(found(Cause::C08, High).seen([quote(&mail.artifact, 0, &text)]).seen(mail.quote_trusted()))
}

/// Judged badly, and nothing says why.
fn unknown(mail: &MailFacts<'_>) -> Diagnosis {
    let sealed = mail.upstream_sets().iter().rev().find_map(|set| set.aar.as_ref());
    let sealed = sealed.and_then(|aar| mail.quote_line(aar.line));
    let broken = author_signatures(mail).find(|d| d.result == Verdict::Fail);
    let reason = broken.and_then(|d| d.reason.as_deref().map(|r| format!("DKIM d={}: {r}", d.d)));
    let spam = mail.misplaced.filter(|f| *f == Folder::Spam).map(|_| "it lies in the spam folder".to_owned());
    let texts = reason.into_iter().chain(spam).map(|t| quote(&mail.artifact, 0, &t));
    found(Cause::C00, High).seen(mail.quote_trusted()).seen(sealed).seen(texts)
}
