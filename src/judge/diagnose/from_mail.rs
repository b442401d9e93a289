//! A mail that somebody has, with no attempt behind it.

use super::{
    Facts, MailFacts, ServerLog, diagnose_facts,
    facts::{related, was_at},
    spf::SpfAnswer,
};
use crate::{
    core::{domain::is_at_or_below, mail_folder::Folder},
    evidence::ReturnedMail,
    judge::{survival, survival_of_returned},
    mail::{
        Message,
        arc::{ArcChain, ArcSet},
        authres::AuthenticationResults,
        dsn::Dsn,
        junk::junk_field,
        received::Hop,
    },
    outcome::Diagnosis,
    verify::{Verification, is_header_alone},
};
use std::{collections::HashMap, net::IpAddr};

/// A mail, read, with what its owner knows of it.
#[derive(Debug)]
pub struct DiagnoseInput<'a> {
    /// The name to quote it by.
    pub artifact: &'a str,
    /// The message.
    pub message: &'a Message,
    /// The receiver's own Authentication-Results.
    pub trusted: Option<&'a AuthenticationResults>,
    /// The ARC Sets.
    pub arc: &'a ArcChain,
    /// The path, first hop first.
    pub hops: &'a [Hop],
    /// What we found ourselves; `None` when DNS was not asked.
    pub verification: Option<&'a Verification>,
    /// The report in it, when it is a bounce.
    pub dsn: Option<&'a Dsn>,
    /// What it gives back then.
    pub returned: Option<&'a ReturnedMail>,
    /// The mail as it was sent, of a bounce the one that it gives back, where somebody has it, with the name to quote it by.
    pub sent: Option<(&'a str, &'a Message)>,
    /// The domain of the server that forwarded it, where somebody says so; else the path is asked.
    pub forwarder: Option<&'a str>,
    /// What SPF records say of the addresses that replies name ([`spf_questions`](super::spf_questions)).
    pub spf: &'a [SpfAnswer],
    /// Log lines about it.
    pub log: ServerLog,
}

/// What is wrong with a mail, the most certain first; empty when nothing is.
pub fn diagnose_mail(given: DiagnoseInput<'_>) -> Vec<Diagnosis> {
    let forwarder = given.forwarder.map(str::to_ascii_lowercase).or_else(|| match (given.dsn, given.returned) {
        (None, _) => forwarder(given.message, given.hops),
        (Some(dsn), returned) => reporter(dsn)
            .or_else(|| returned.and_then(|r| own_address(dsn, r)))
            .or_else(|| returned.and_then(|r| forwarder(&r.message, &r.hops))),
    });
    let (mail, survival) = match given.dsn {
        None => {
            let own = receivers_set(&given, forwarder.as_deref());
            let mail = MailFacts {
                artifact: given.artifact.to_owned(),
                message: given.message,
                trusted: given.trusted.or_else(|| own?.aar.as_ref()),
                arc: given.arc,
                hops: given.hops,
                verification: given.verification,
                misplaced: junk_field(given.message, given.hops).map(|_| Folder::Spam),
                folder_name: "",
                seal_domain: own.and_then(ArcSet::sealer),
                returned: None,
                is_header_alone: is_header_alone(given.message),
            };
            (Some(mail), given.sent.map(|(_, sent)| survival(sent, given.message, given.verification)))
        }
        // A bounce is written by the server that it comes from: nobody forwarded it, but what it gives back.
        Some(dsn) => {
            let refused = given.returned.filter(|r| forwarder.as_deref().is_some_and(|f| was_at(f, dsn, r)));
            let mail = refused.map(|returned| MailFacts::of_returned(given.artifact, returned));
            (mail, refused.zip(given.sent).map(|(returned, (_, sent))| survival_of_returned(sent, returned)))
        }
    };
    let returned = if mail.is_none() { given.returned } else { None };
    let not_forwarded = returned.map(|returned| MailFacts::of_returned(given.artifact, returned));
    let facts = Facts {
        survival: survival.unwrap_or_default(),
        not_forwarded,
        spf: given.spf,
        sent: given.sent.map(|(_, sent)| sent),
        sent_name: given.sent.map(|(name, _)| name.to_owned()),
        bounces: given.dsn.map(|dsn| (given.artifact.to_owned(), dsn)).into_iter().collect(),
        mail,
        log: given.log,
        forwarder,
        ..Facts::default()
    };
    diagnose_facts(&facts)
}

/// The newest set, where the receiver wrote it and not the server that forwards: its sealer runs the last server on the path,
/// or marks as failed the chain that the forwarder sealed.
fn receivers_set<'a>(given: &DiagnoseInput<'a>, forwarder: Option<&str>) -> Option<&'a ArcSet> {
    let (newest, before) = given.arc.sets.split_last()?;
    let sealer = newest.sealer()?;
    let is_forwarders = |domain: &str| forwarder.is_some_and(|forwarder| related(domain, forwarder));
    if is_forwarders(sealer) {
        return None;
    }
    let mut named =
        given.hops.iter().rev().filter_map(|hop| hop.by.as_deref().filter(|by| by.parse::<IpAddr>().is_err()));
    let took_last = named.next().is_some_and(|by| is_at_or_below(by, sealer));
    let says_failed = newest.is_marked_failed();
    let judges_forwarder = before.iter().any(|set| set.sealer().is_some_and(is_forwarders));
    let is_own = if says_failed { took_last || judges_forwarder } else { took_last && forwarder.is_some() };
    is_own.then_some(newest)
}

/// The domain of the server that wrote a bounce, where it forwards: it took the mail for an address of its own, and could
/// not hand it on to another.
fn reporter(dsn: &Dsn) -> Option<String> {
    let host = dsn.reporting_mta.as_deref()?;
    let domains =
        dsn.recipients.iter().map(|r| [&r.original_recipient, &r.final_recipient].map(|a| domain(a.as_deref())));
    let forwards = domains.filter(|[original, last]| original != last);
    forwards.filter_map(|[original, _]| original).find(|domain| is_at_or_below(host, domain))
}

/// The same where the report names no original recipient: what it gives back was taken for an address of the reporter's domain,
/// sealed by it, and was to go to another one.
fn own_address(dsn: &Dsn, returned: &ReturnedMail) -> Option<String> {
    let host = dsn.reporting_mta.as_deref()?;
    let taken = returned.hops.iter().filter_map(|hop| Some((hop.by.as_deref()?, domain(hop.recipient.as_deref())?)));
    let mut own = taken.filter(|(by, domain)| is_at_or_below(by, domain) && is_at_or_below(host, domain));
    let is_other =
        |to: &str| dsn.recipients.iter().any(|r| domain(r.final_recipient.as_deref()).is_some_and(|d| d != to));
    let is_sealed =
        |by: &str| returned.arc.sets.iter().any(|set| set.sealer().is_some_and(|sealer| related(sealer, by)));
    own.find(|(_, domain)| is_other(domain) && is_sealed(domain)).map(|(_, domain)| domain)
}

/// The domain of an address, lower case.
fn domain(address: Option<&str>) -> Option<String> {
    Some(address?.rsplit_once('@')?.1.to_ascii_lowercase())
}

/// The domain of the server that forwarded a message, from its path: it took the message for an address of its own, and
/// a later server of somebody else took it for another. Mailing lists forward too, under rules of their own.
fn forwarder(message: &Message, hops: &[Hop]) -> Option<String> {
    if ["List-Id", "List-Post", "List-Unsubscribe"].iter().any(|name| message.first(name).is_some()) {
        return None;
    }
    // The last hop first: its host, and the domain of the address that it took the message for.
    let taken = hops.iter().rev().filter_map(|hop| Some((hop.by.clone()?, domain(hop.recipient.as_deref())?)));
    let path: Vec<(String, String)> = taken.collect();
    // Up to where the path has no stranger to a domain: there is nothing to look for twice.
    let mut known: HashMap<&str, usize> = HashMap::new();
    path.iter().enumerate().filter(|(_, (by, domain))| is_at_or_below(by, domain)).find_map(|(at, (_, domain))| {
        let from = known.insert(domain, at).unwrap_or(0);
        let has_stranger = path[from..at].iter().any(|(by, to)| !related(to, domain) && !related(by, domain));
        has_stranger.then(|| domain.clone())
    })
}
