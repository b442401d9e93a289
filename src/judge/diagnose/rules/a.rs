//! Family A: the forwarder did not seal.

use crate::{
    catalogue::Cause,
    core::domain::{is_at_or_below, organization},
    judge::diagnose::{
        builder::{field, found, quote},
        facts::{Facts, MailFacts, related},
        server_log::{Logged, is_local},
    },
    mail::{log, received::Hop},
    outcome::{
        Confidence::{self, Certain, High, Low},
        Diagnosis, EvidenceRef,
    },
    verify::Verdict,
};

/// Lines of a log that prove a cause.
///
/// The domain that rspamd chose comes before what it then did not find for it: nobody has a key for the author's.
const LINES: [(&[&str], Cause); 15] = [
    (&["skip ARC as the existing chain is broken"], Cause::A12),
    (&["arc;", "skip signing: is_sign_network"], Cause::A03),
    (&["multiple header from not allowed"], Cause::A13),
    (&["public key for", "skip signing"], Cause::A14),
    (&["user domain mismatch"], Cause::A16),
    (&["domain mismatch not allowed"], Cause::A18),
    (&["use domain(header) for signature"], Cause::A02),
    (&["connect to Milter service"], Cause::A17),
    (&["ucl parser error"], Cause::A17),
    (&["cannot read key from", "Permission denied"], Cause::A05),
    (&["cannot map key file", "Permission denied"], Cause::A05),
    (&["cannot stat key file", "Permission denied"], Cause::A06),
    (&["cannot load dkim key", "cannot parse", "private key"], Cause::A07),
    (&["cannot load dkim key", "cannot extract rsa key from evp key"], Cause::A08),
    (&["skip SPF checks for local networks and authorized users"], Cause::A11),
];

/// What the address of a milter has that is none of rspamd's: its name, or the port that its manual proposes.
const OTHER_MILTERS: [&str; 7] = ["opendkim", "opendmarc", "clamav", "clamd", "spamass", ":8891:", ":8893:"];

/// Why there is no set by the server that forwards.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let (Some(forwarder), Some(mail)) = (&facts.forwarder, &facts.mail) else { return Vec::new() };
    if facts.forwarders_set().is_some() || facts.is_forwarders_own(mail) {
        return Vec::new();
    }
    let seen = unsealed(mail, forwarder);
    if let Some(task) = facts.log.task().filter(|task| task.has("ARC_SIGNED")) {
        return vec![taken_off(mail, task.at.clone()).seen(seen)];
    }
    let mut causes = from_log(facts);
    causes.extend(from_mail(facts, mail));
    let known = causes.iter().any(|c| c.confidence > Low);
    if known {
        causes.retain(|c| c.confidence > Low);
    }
    for cause in &mut causes {
        cause.evidence.extend(seen.clone());
    }
    if !known {
        // Where an earlier hop sealed, only the forwarder did not. Some servers seal as they deliver: what a bounce gives
        // back does not show that.
        let sure = mail.upstream_sets().is_empty() && mail.returned.is_none();
        let absent = never_there(facts, mail).then(|| {
            quote(&mail.artifact, 0, &format!("no Received field and no address names {forwarder}: it was not there"))
        });
        let confidence = match absent {
            Some(_) => Low,
            None if sure => Certain,
            None => High,
        };
        let unsealed = found(Cause::A00, confidence).seen(absent).seen(seen);
        let unsealed = unsealed.seen(facts.log.find(&["lua_dkim_tools", "not allowed"]));
        causes.insert(0, unsealed.excluding(excluded(facts, mail)));
    }
    causes.into_iter().map(|cause| with_next(facts, cause)).collect()
}

/// rspamd made a seal, and the mail has none: Postfix did not take it over, or it was taken off behind.
fn taken_off(mail: &MailFacts<'_>, sealed: EvidenceRef) -> Diagnosis {
    let text = "rspamd sealed it, and the seal was not added to the mail, or was taken off later";
    found(Cause::A00, High).seen([sealed, quote(&mail.artifact, 0, text)]).next([
        "postconf smtpd_milters non_smtpd_milters milter_header_checks header_checks smtp_header_checks".to_owned(),
        "see that rspamd is asked as a milter: what is asked through spamd's protocol cannot add a field".to_owned(),
    ])
}

/// Whether nothing in a mail speaks of the server that is said to have forwarded it: no host, and no address.
fn never_there(facts: &Facts<'_>, mail: &MailFacts<'_>) -> bool {
    let names = |host: &Option<String>| host.as_deref().is_some_and(|host| facts.is_forwarders_host(host));
    let at_host = mail.hops.iter().any(|hop| names(&hop.from) || names(&hop.by));
    let forwarder = facts.forwarder.as_deref().unwrap_or_default();
    let traces = ["Return-Path", "To", "Cc", "Delivered-To", "X-Forwarded-To", "X-Forwarded-For", "Received"];
    let mut fields = traces.iter().flat_map(|name| mail.message.all(name));
    facts.log.is_empty() && !at_host && !fields.any(|field| field.value().to_ascii_lowercase().contains(forwarder))
}

/// What stands in the place of the missing set.
fn unsealed(mail: &MailFacts<'_>, forwarder: &str) -> Vec<EvidenceRef> {
    let newest = mail.arc.sets.last().and_then(|set| mail.quote_seal(set));
    let lacks = format!("no ARC-Seal by {forwarder}");
    let lacks = newest.is_none().then(|| quote(&mail.artifact, 0, &lacks));
    let says = if mail.says("arc").is_none() { mail.quote_trusted() } else { None };
    newest.into_iter().chain(lacks).chain(says).collect()
}

/// The cause that a log proves, or makes likely: of several, that of the line which was written first decided. Where their order
/// is not sure, neither is the cause.
fn from_log(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut told: Vec<(Cause, Confidence, &Logged)> = LINES
        .iter()
        .filter_map(|(texts, cause)| {
            let line = facts.log.line(texts)?;
            Some((*cause, weight(facts, *cause, line)?, line))
        })
        .collect();
    // What was said before a domain was chosen decides nothing by itself.
    let decides = |cause: Cause| !matches!(cause, Cause::A11 | Cause::A17);
    told.sort_by_key(|(cause, _, line)| (!decides(*cause), facts.log.place(line)));
    let told = told.split_first().map(|((cause, confidence, line), others)| {
        let is_first = others.iter().all(|(other, _, at)| other == cause || !decides(*other) || line.is_before(at));
        let confidence = if is_first { *confidence } else { (*confidence).min(High) };
        (*cause, found(*cause, confidence).seen([line.at.clone()]))
    });
    let missing = || key_not_there(facts);
    let told = match told {
        Some((cause, told)) if decides(cause) => Some(told),
        Some((_, told)) => missing().or(Some(told)),
        None => missing(),
    };
    told.or_else(|| ineligible(facts)).or_else(|| reinjected(facts)).into_iter().collect()
}

/// What a line proves of the seal. DKIM signing writes the same texts, and another milter can be down.
fn weight(facts: &Facts<'_>, cause: Cause, logged: &Logged) -> Option<Confidence> {
    let line = logged.text.as_str();
    let by_arc = line.contains("arc;") || line.contains("arc.lua");
    let sure = match cause {
        Cause::A05 | Cause::A06 | Cause::A07 | Cause::A08 if facts.log.has(&["mail is ineligible for signing"]) => {
            return None;
        }
        // Of its own domain the forwarder can have the key.
        Cause::A02 if facts.log.word_after(" for signature: ").is_some_and(|d| facts.is_forwarders_host(d)) => {
            return None;
        }
        Cause::A17 if facts.log.task().is_some() || OTHER_MILTERS.iter().any(|other| line.contains(other)) => {
            return None;
        }
        // It had chosen a domain: it was going to seal.
        Cause::A11 if facts.log.has(&["final DKIM domain"]) => return None,
        // Without SPF it still seals what it is told to.
        Cause::A11 => facts.log.has(&["mail is ineligible for signing"]),
        // What a client said can stand in a warning.
        Cause::A17 if line.contains("Milter") && !log::Line::parse(line).text.starts_with("warning: connect") => {
            return None;
        }
        // It names no message: what was logged in an attempt is of that time, and a process has one message in hand.
        Cause::A17 => facts.attempt.is_some() || facts.log.is_of_a_process_with_the_message(logged),
        // A directory that cannot be entered (A06) leaves the same line as a key that cannot be read.
        Cause::A05 if line.contains("cannot read key from") => false,
        // rspamd had chosen a domain to seal for, so the key that it could not load was for the seal.
        Cause::A05 | Cause::A06 | Cause::A07 | Cause::A08 => facts.log.has(&["arc; lua_dkim_tools", "set domain to"]),
        Cause::A13 | Cause::A16 | Cause::A18 => by_arc,
        Cause::A14 => {
            let rest = line.split_once("public key for ").map_or("", |(_, rest)| rest);
            let name = rest.strip_prefix("domain ").unwrap_or(rest);
            facts.is_forwarders_host(name.split(['/', ' ']).next().unwrap_or_default())
        }
        _ => true,
    };
    Some(if sure { Certain } else { High })
}

/// There is no key for the domain that rspamd chose: the wrong domain, or the key of the right one is not where it looks.
fn key_not_there(facts: &Facts<'_>) -> Option<Diagnosis> {
    let missing = facts.log.find(&["cannot read key from", "No such file or directory"]);
    let line = missing.or_else(|| facts.log.find(&["dkim unconfigured and fallback disabled"]))?;
    let used = facts.log.find(&["use domain("]);
    let wanted = facts.log.word_after(" for signature: ");
    let (cause, confidence) = match (wanted, facts.log.word_after("final DKIM domain: ")) {
        _ if facts.log.has(&["use domain(envelope) for signature"]) => (Cause::A02, High),
        (Some(wanted), Some(last)) if wanted != last => (Cause::A09, Certain),
        (Some(wanted), _) if is_of_another(facts, wanted) => (Cause::A10, Certain),
        (Some(_), _) => (Cause::A04, Certain),
        (None, _) => (Cause::A04, High),
    };
    Some(found(cause, confidence).seen([line]).seen(used))
}

/// The mail had several recipients, and the one that decides is not at the server that forwards.
fn is_of_another(facts: &Facts<'_>, domain: &str) -> bool {
    let recipients = facts.log.task().map_or(facts.recipients.len(), |t| t.recipients());
    recipients > 1 && facts.forwarder.as_deref().is_some_and(|f| !related(f, domain))
}

/// rspamd will not sign for this client: a local or authenticated one, or any.
fn ineligible(facts: &Facts<'_>) -> Option<Diagnosis> {
    let task = facts.log.task()?;
    if task.has("ARC_SIGNED") {
        return None;
    }
    let refused = facts.log.find(&["mail is ineligible for signing"]);
    let local = task.ip.is_some_and(is_local);
    let unchecked = facts.log.find(&["either SPF or DKIM were not checked"]);
    let (cause, confidence) = match (&refused, local, &unchecked) {
        (Some(_), true, _) => (Cause::A11, Certain),
        (None, true, _) | (Some(_), false, Some(_)) => (Cause::A11, High),
        (Some(_), false, None) => (Cause::A01, High),
        (None, false, _) => return None,
    };
    let unchecked = if cause == Cause::A11 { unchecked } else { None };
    Some(found(cause, confidence).seen(refused).seen(unchecked).seen([task.at.clone()]))
}

/// The forward was handed to Postfix by a local program.
fn reinjected(facts: &Facts<'_>) -> Option<Diagnosis> {
    facts.log.by_service("pickup").map(|line| found(Cause::A15, High).seen([line]))
}

/// What the mail alone says.
fn from_mail(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Vec<Diagnosis> {
    let mut causes = Vec::new();
    if !facts.log.is_empty() && facts.log.task().is_some() {
        return causes;
    }
    if let Some((confidence, evidence)) = broken_before(mail) {
        causes.push(found(Cause::A12, confidence).seen([evidence]));
    }
    if let Some(from) = mail.message.first("From").filter(|f| several(&f.value())) {
        causes.push(found(Cause::A13, Low).seen([field(&mail.artifact, from)]));
    }
    if let Some(line) = exchange_server(facts, mail) {
        causes.push(found(Cause::A19, High).seen(mail.quote_line(line)));
    }
    if let Some(line) = local_client(facts, mail) {
        causes.push(found(Cause::A11, Low).seen(mail.quote_line(line)));
    }
    causes
}

/// A chain that came with the mail and that nobody may continue (RFC 8617 §5.1).
fn broken_before(mail: &MailFacts<'_>) -> Option<(Confidence, EvidenceRef)> {
    let newest = mail.upstream_sets().last()?;
    let failed = mail.verified(newest).is_some_and(|v| v.seal == Verdict::Fail);
    let confidence = if newest.is_marked_failed() || failed {
        High
    } else if !mail.arc.defects.is_empty() {
        // A header filter of the forwarder's own can have taken a part of a set away.
        Low
    } else {
        return None;
    };
    Some((confidence, mail.quote_seal(newest)?))
}

/// Whether a From field has several addresses.
fn several(from: &str) -> bool {
    let mut quoted = false;
    let outside = from.chars().filter(|c| {
        quoted ^= *c == '"';
        !quoted
    });
    outside.filter(|c| *c == '@').count() > 1 && from.contains(',')
}

/// The line where the server that forwards took the mail from a client in its own net.
fn local_client(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<u32> {
    let first = mail.hops.iter().find(|h| h.by.as_deref().is_some_and(|by| facts.is_forwarders_host(by)))?;
    let ip = first.from_ip.as_deref()?.parse().ok()?;
    is_local(ip).then_some(first.line)
}

/// The line where the server that forwards is an Exchange Server, also where its host has a name of an inner domain; the hosts of
/// Exchange Online are Microsoft's.
fn exchange_server(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Option<u32> {
    let receiver = mail.trusted.and_then(|trusted| trusted.authserv_id.as_deref()).map(organization);
    let by = |hop: &Hop, is_it: &dyn Fn(&str) -> bool| hop.by.as_deref().is_some_and(is_it);
    let own = mail.hops.iter().rev().find(|hop| by(hop, &|by| facts.is_forwarders_host(by)));
    let is_before = |by: &str| by.contains('.') && Some(organization(by)) != receiver;
    let last = || mail.hops.iter().rev().find(|hop| by(hop, &is_before));
    let hop = own.or_else(last).filter(|hop| !by(hop, &|by| is_at_or_below(by, "outlook.com")))?;
    hop.with.as_deref().is_some_and(|with| with.to_ascii_lowercase().starts_with("microsoft smtp")).then_some(hop.line)
}

/// What can be excluded when the cause cannot be told.
fn excluded(facts: &Facts<'_>, mail: &MailFacts<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if mail.upstream_sets().is_empty() && mail.arc.defects.is_empty() {
        out.push("A12: no chain came in with the message".to_owned());
    }
    if mail.message.first("From").is_some_and(|f| !several(&f.value())) {
        out.push("A13: there is one From address".to_owned());
    }
    if facts.recipients.len() == 1 {
        out.push("A10: there was one recipient".to_owned());
    }
    if facts.log.task().is_some() {
        out.push("A17: rspamd saw the message".to_owned());
        if !facts.log.has(&["Permission denied"]) {
            out.push("A05, A06: the log shows no key that could not be read".to_owned());
        }
    }
    out
}

fn with_next(facts: &Facts<'_>, cause: Diagnosis) -> Diagnosis {
    let key = facts.log.word_after("cannot read key from ").map(|key| key.trim_end_matches(':').to_owned());
    let mut next: Vec<String> = Vec::new();
    if cause.code == Cause::A19 {
        return cause;
    }
    match (cause.code.known(), key) {
        // It shows the directories above as well.
        (Some(Cause::A05 | Cause::A06), Some(key)) => next.push(format!("namei -l {key}")),
        (Some(Cause::A04 | Cause::A07 | Cause::A08), Some(key)) => next.push(format!("ls -l {key}")),
        (Some(Cause::A01), _) => {
            next.push("rspamadm configdump arc | grep -e sign_inbound -e signing_table".to_owned())
        }
        (Some(Cause::A14), _) => next.push("dig TXT SELECTOR._domainkey.DOMAIN".to_owned()),
        (Some(Cause::A17), _) => next.push("rspamadm configtest; postconf milter_default_action".to_owned()),
        _ => {}
    }
    if cause.code != Cause::A17 && cause.code != Cause::A01 {
        next.push("rspamadm configdump arc".to_owned());
    }
    if facts.log.is_empty() && facts.unread_logs.is_empty() {
        next.push("grep ARC_ /var/log/rspamd/rspamd.log".to_owned());
    }
    next.extend(facts.unread_logs.iter().cloned());
    // Only then rspamd says what it looked for: most causes leave no other trace.
    if cause.code == Cause::A00 && facts.log.task().is_some() && !facts.log.has(&["; arc; "]) {
        next.push("echo 'debug_modules = [\"arc\"];' >> /etc/rspamd/local.d/logging.inc".to_owned());
        next.push("rspamadm configtest && systemctl reload rspamd".to_owned());
    }
    cause.next(next)
}
