//! Family D: a server answers 4yz or 5yz, and what the forwarder does to earn it.

use crate::{
    catalogue::Cause,
    judge::diagnose::{
        builder::{field, found, quote},
        facts::{Facts, MailFacts, is_unauthentic, related},
        server_refusal::{Refusal, RefusedBy},
        spf::{SpfQuestion, named_address, spf_quote},
    },
    mail::dkim,
    outcome::{
        Confidence::{Certain, High, Low},
        Diagnosis,
    },
    verify::{Verdict, spf::SpfResult},
};

/// What Postfix answers while a table that it must ask does not answer.
const LOOKUP_FAILURE: &str = "temporary lookup failure";

/// Who refused the mail and why.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut causes: Vec<Diagnosis> = Vec::new();
    for refusal in &facts.refusals() {
        let cause = refused(facts, refusal);
        match causes.iter_mut().find(|c| c.code == cause.code) {
            Some(known) => {
                let new = cause.evidence.into_iter().filter(|at| !known.evidence.iter().any(|k| k.text == at.text));
                let new: Vec<_> = new.collect();
                known.evidence.extend(new);
            }
            None => causes.push(cause),
        }
    }
    if causes.len() > 1 {
        causes.retain(|c| c.code != Cause::D00);
    }
    if let Some(mail) = facts.mail.as_ref().filter(|mail| mail.returned.is_some()) {
        for cause in causes.iter_mut().filter(|cause| cause.code.known().is_some_and(is_unauthentic)) {
            *cause = beside_copy(facts, mail, cause.clone());
        }
    }
    causes.extend(facts.mail.as_ref().and_then(|mail| spam_forwarded(facts, mail)));
    causes.extend(facts.mail.as_ref().and_then(|mail| unsigned_at_receiver(facts, mail)));
    causes
}

/// The row that fits a refusal.
fn refused(facts: &Facts<'_>, refusal: &Refusal) -> Diagnosis {
    let Refusal { reply, at, by, .. } = refusal;
    let text = reply.text.to_lowercase();
    let is_unavailable = text.contains("service unavailable");
    let milter = if is_unavailable { facts.log.find(&["connect to Milter service"]) } else { None };
    let diagnosis = match refusal.cause() {
        _ if milter.is_some() => found(Cause::A17, Certain).seen(milter),
        _ if by.is_forwarder() && is_sender_lookup(&text) => sender_lookup(facts, &text),
        // The other texts are Gmail's.
        _ if by.is_forwarder() => found(Cause::D13, Certain),
        Some((cause, by_words)) => {
            in_own_name(facts, refusal, cause).unwrap_or_else(|| found(cause, if by_words { Certain } else { High }))
        }
        None => found(Cause::D00, Certain),
    };
    let again = match (by, reply.is_transient()) {
        (RefusedBy::First(_), _) => {
            Some("no bounce was sent, and nobody tries again: this run handed the mail over itself")
        }
        (RefusedBy::Forwarder, true) => Some("wait: the sender's own server tries again"),
        (RefusedBy::Next, true) => Some("wait: the forwarder tries again"),
        (_, false) if facts.bounces.is_empty() => Some("look for the bounce: the outside sender got it"),
        (_, false) => None,
    };
    let relay = matches!(diagnosis.code.known(), Some(Cause::D27 | Cause::D38));
    let relay = relay.then(|| "postconf relayhost sender_dependent_relayhost_maps transport_maps".to_owned());
    diagnosis.seen([at.clone()]).next(relay).next(again.map(str::to_owned))
}

/// Whether a table that rewrites senders may not have answered, in the words of smtpd or of cleanup.
fn is_sender_lookup(text: &str) -> bool {
    text.contains(LOOKUP_FAILURE) || text.starts_with("sender_canonical_maps map lookup problem")
}

/// A lookup that failed at the forwarder: of a table for the recipient, as likely as not, where the reply names that one.
fn sender_lookup(facts: &Facts<'_>, text: &str) -> Diagnosis {
    // SRS daemons are asked by these two kinds of table.
    let map = ["warning: tcp:", "warning: socketmap:"].iter().find_map(|of| facts.log.find(&[of, "lookup error"]));
    let confidence = if map.is_some() {
        Certain
    } else if text.contains("recipient address rejected") {
        Low
    } else {
        High
    };
    found(Cause::D10, confidence).seen(map)
}

/// What the copy that came back says of a refusal: what the forwarder found of the mail, and what cannot be the reason.
fn beside_copy(facts: &Facts<'_>, mail: &MailFacts<'_>, diagnosis: Diagnosis) -> Diagnosis {
    let found = facts.forwarders_set().and_then(|set| mail.quote_line(set.aar.as_ref()?.line));
    let diagnosis = diagnosis.seen(found);
    let verified = mail.verification.filter(|v| v.arc == Verdict::Pass);
    let author = mail.author_domain().unwrap_or_default();
    let authors = verified.and_then(|v| v.dkim.iter().find(|d| d.result == Verdict::Pass && related(&d.d, &author)));
    if mail.is_only_header() {
        let text = match authors {
            Some(dkim) => {
                format!("only the header came back, and DKIM d={} fits it: the body may have changed", dkim.d)
            }
            None => "only the header came back: whether the body changed cannot be told".to_owned(),
        };
        let next = "postconf bounce_size_limit: a larger mail, or one sent with RET=HDRS, comes back without its body";
        return diagnosis.seen([quote(&mail.artifact, 0, &text)]).next([next.to_owned()]);
    }
    if verified.is_none() || facts.log.replaced_on_delivery().next().is_some() {
        return diagnosis;
    }
    let held = match authors {
        Some(dkim) => format!("B04, B06, C05: chain and DKIM d={} hold", dkim.d),
        None => "B04, B06: the chain holds".to_owned(),
    };
    let held = format!("{held} in the copy that came back, which is older than what is changed on delivery");
    diagnosis.excluding([held]).next(["postconf smtp_header_checks smtp_body_checks".to_owned()])
}

/// What a refusal for want of SPF and DKIM means where the server sends in its own name, or what was made on it: nothing was left
/// to rewrite.
fn in_own_name(facts: &Facts<'_>, refusal: &Refusal, cause: Cause) -> Option<Diagnosis> {
    if is_unauthentic(cause)
        && cause != Cause::D29
        && let Some(own_mail) = facts.handed_over().and_then(|copy| unsigned(facts, copy))
    {
        return Some(own_mail);
    }
    if !matches!(cause, Cause::D01 | Cause::D02 | Cause::D28) {
        return None;
    }
    let text = &refusal.reply.text;
    let domain = facts.own_spf_domain(text)?;
    let question = named_address(text).map(|address| SpfQuestion { domain: domain.clone(), address });
    let answer = question.as_ref().and_then(|question| facts.spf_of(question));
    let sender = facts.envelope_sender().filter(|sender| is_of(sender, &domain));
    if answer.is_none() && sender.is_none() && !facts.is_forwarders_host(&domain) {
        return Some(found(cause, Certain).next([format!("dig TXT {domain}")]));
    }
    let sender =
        sender.map(|sender| quote(&refusal.at.artifact, 0, &format!("it was handed over in the name of {sender}")));
    let confidence = match answer {
        Some(SpfResult::NotPass(_)) if facts.is_of_own_host(&domain) || sender.is_none() => Certain,
        // The record was mended since, or is not what the receiver saw.
        Some(SpfResult::Pass(_)) => Low,
        _ => High,
    };
    let record = question.map(|question| spf_quote(&refusal.at, &question, answer));
    let next = [format!("dig TXT {domain}"), "postconf inet_protocols smtp_bind_address smtp_bind_address6".to_owned()];
    Some(found(Cause::D40, confidence).seen(record).seen(sender).next(next))
}

/// Whether an address is of a domain, or of one below it or above.
fn is_of(address: &str, domain: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, of)| related(of, domain))
}

/// A mail that was made on the server that handed it over, without a signature of its author's domain that holds.
fn unsigned(facts: &Facts<'_>, copy: &MailFacts<'_>) -> Option<Diagnosis> {
    let made = facts.made_here(copy).or_else(|| facts.sent_by_list(copy))?;
    let author = copy.author_domain()?;
    let signed = dkim::all(copy.message).iter().any(|s| s.domain.as_deref().is_some_and(|d| related(d, &author)));
    let mut verified = copy.verification.iter().flat_map(|v| &v.dkim);
    if verified.any(|d| d.result == Verdict::Pass && related(&d.d, &author)) {
        return None;
    }
    let lacks = (!signed).then(|| quote(&copy.artifact, 0, &format!("no DKIM-Signature by {author}")));
    let next = format!("dig TXT {author}");
    Some(found(Cause::D41, if signed { High } else { Certain }).seen([made]).seen(lacks).next([next]))
}

/// The receiver took such a mail, and finds nothing about it genuine, against a policy or for somebody who asks.
fn unsigned_at_receiver(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let dmarc = mail.says("dmarc").filter(|dmarc| dmarc.result == "fail")?;
    let strict = dmarc.dmarc_comment().and_then(|c| c.p).is_some_and(|p| p == "reject" || p == "quarantine");
    let asked = mail.author_domain().is_some_and(|author| facts.is_forwarders_host(&author));
    let passes = mail.trusted?.method("dkim").any(|dkim| dkim.result == "pass");
    if passes || !(strict || asked) {
        return None;
    }
    Some(unsigned(facts, mail)?.seen(mail.quote_trusted()))
}

/// The mail has no sender that could be rewritten.
pub(in crate::judge::diagnose) fn null_sender(facts: &Facts<'_>) -> Option<Diagnosis> {
    let mail = facts.mail.as_ref()?;
    let path = mail.message.first("Return-Path").filter(|f| f.value().trim() == "<>")?;
    let logged = facts.log.find(&["not rewritten", "No at sign"]);
    // It is harmless, so that only somebody who expected another sender wants to hear of it.
    let asked = facts.attempt.is_some() || logged.is_some();
    let confidence = if logged.is_some() { Certain } else { High };
    (asked && facts.forwarder.is_some())
        .then(|| found(Cause::D11, confidence).seen([field(&mail.artifact, path)]).seen(logged))
}

/// The forwarder says that nothing about the mail is genuine, calls it spam, and sends it on.
fn spam_forwarded(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let aar = facts.forwarders_set()?.aar.as_ref()?;
    let failed = aar.method("dmarc").any(|r| r.result == "fail") && !aar.method("dkim").any(|r| r.result == "pass");
    let mut marks = ["X-Spam", "X-Spam-Flag", "X-Spam-Status"].iter().filter_map(|n| mail.message.first(n));
    let mark = marks.find(|f| f.value().trim().get(..3).is_some_and(|yes| yes.eq_ignore_ascii_case("yes")))?;
    let logged = facts.log.task().filter(|t| t.line.contains("(add header)")).map(|t| t.at.clone());
    let confidence = if logged.is_some() { Certain } else { High };
    failed.then(|| {
        found(Cause::D12, confidence).seen([field(&mail.artifact, mark)]).seen(mail.quote_line(aar.line)).seen(logged)
    })
}
