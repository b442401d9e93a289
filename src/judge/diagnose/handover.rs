//! A mail that was refused: where it was made, and in whose name which address handed it over.

use super::{
    builder::quote,
    facts::{Facts, MailFacts, related},
    server_log::{ServerLog, is_local},
};
use crate::{
    core::domain::organization,
    mail::{dsn::Dsn, received::Hop},
    outcome::EvidenceRef,
    verify::spf::SpfResult,
};
use std::net::IpAddr;

/// Whom SPF was asked for (RFC 7208 §2.4): a domain, and the address that handed a mail over in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfQuestion {
    /// The domain of the envelope sender, or the name of the server (HELO) where there is none.
    pub domain: String,
    /// The address of the server that handed the mail over.
    pub address: IpAddr,
}

/// What DNS says today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfAnswer {
    /// What was asked.
    pub question: SpfQuestion,
    /// What the record says.
    pub result: SpfResult,
}

/// What to ask SPF of, by the replies of bounces and of a log.
pub fn spf_questions(dsn: Option<&Dsn>, log: &ServerLog) -> Vec<SpfQuestion> {
    let replies = dsn.into_iter().flat_map(|dsn| &dsn.recipients).filter_map(|r| Some(r.reply.as_ref()?.text.clone()));
    let replies: Vec<String> = replies.chain(log.refusals().into_iter().map(|refusal| refusal.reply.text)).collect();
    let sender = dsn.and_then(|dsn| dsn.envelope_sender.clone()).or_else(|| log.envelope_sender());
    let asked = |text: &String| {
        let domain = spf_domain(text, sender.as_deref())?;
        Some(SpfQuestion { domain, address: named_address(text)? })
    };
    let mut all: Vec<SpfQuestion> = replies.iter().filter_map(asked).collect();
    all.dedup();
    all.truncate(8);
    all
}

/// The domain that SPF did not pass for: the one that a reply names (`SPF [x]`, `MAIL FROM domain [x]`), else that of the envelope
/// sender.
fn spf_domain(text: &str, sender: Option<&str>) -> Option<String> {
    let text = text.to_lowercase();
    let named = ["spf [", "mail from domain ["].iter().find_map(|mark| text.split_once(mark)?.1.split(']').next());
    named.map(str::to_owned).or_else(|| Some(sender?.rsplit_once('@')?.1.to_lowercase()))
}

/// The first address in a text.
pub(super) fn named_address(text: &str) -> Option<IpAddr> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').map(|word| word.trim_matches('.'));
    words.filter_map(|word| word.parse().ok()).find(|ip: &IpAddr| !ip.is_unspecified() && !is_local(*ip))
}

/// Whether an address was rewritten by a server that forwards: SRS, or as Google and Microsoft do it.
fn is_rewritten(local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    ["srs0", "srs1"].iter().any(|mark| local.starts_with(mark)) || local.contains("+srs=") || local.contains("+caf_=")
}

impl<'a> Facts<'a> {
    /// The copy that a server refused, as the server before it had it.
    pub(super) fn handed_over(&self) -> Option<&MailFacts<'a>> {
        self.mail.as_ref().filter(|mail| mail.trusted.is_none()).or(self.not_forwarded.as_ref())
    }

    /// In whose name it was handed over (MAIL FROM), as the bounce or the log tells.
    pub(super) fn envelope_sender(&self) -> Option<String> {
        let told = self.bounces.iter().find_map(|(_, dsn)| dsn.envelope_sender.clone());
        told.or_else(|| self.log.envelope_sender())
    }

    /// The domain of the server's own that a reply blames SPF for: it is in the place of the sender's, so that nothing is left to
    /// rewrite.
    pub(super) fn own_spf_domain(&self, text: &str) -> Option<String> {
        let sender = self.envelope_sender();
        let domain = spf_domain(text, sender.as_deref())?;
        let rewritten = sender.as_deref().and_then(|sender| sender.rsplit_once('@'));
        let is_rewritten = rewritten.is_some_and(|(local, of)| is_rewritten(local) && of.eq_ignore_ascii_case(&domain));
        let copy = self.handed_over();
        let host = copy.and_then(|copy| copy.hops.last()?.by.as_deref());
        let reporting = self.bounces.iter().filter_map(|(_, dsn)| dsn.reporting_mta.as_deref());
        let is_own = |name: &str| name.contains('.') && related(name, &domain);
        let own = is_rewritten || self.is_forwarders_host(&domain) || reporting.chain(host).any(is_own);
        own.then_some(domain)
    }

    /// What DNS says of a domain and the address that a reply names.
    pub(super) fn spf_of(&self, domain: &str, address: IpAddr) -> Option<&SpfResult> {
        let is_it = |answer: &&SpfAnswer| answer.question.domain == domain && answer.question.address == address;
        self.spf.iter().find(is_it).map(|answer| &answer.result)
    }

    /// That the refused mail was made on the server that handed it over, and nobody sent it there from outside: the line of the
    /// first hop.
    pub(super) fn made_here(&self) -> Option<EvidenceRef> {
        let sender = self.envelope_sender().unwrap_or_default();
        if sender.rsplit_once('@').is_some_and(|(local, _)| is_rewritten(local)) {
            return None;
        }
        let copy = self.handed_over()?;
        let (first, rest) = copy.hops.split_first()?;
        let own = organization(first.by.as_deref()?);
        let is_own = |host: &Option<String>| host.as_deref().is_some_and(|host| organization(host) == own);
        let is_inside =
            is_made_at(first) && rest.iter().all(|hop| is_own(&hop.by) && (is_made_at(hop) || is_own(&hop.from)));
        is_inside.then(|| copy.quote_line(first.line)).flatten()
    }
}

/// Whether a hop took the mail from a program or a machine of its own, or from a user who logged in.
fn is_made_at(hop: &Hop) -> bool {
    let with = hop.with.as_deref().unwrap_or_default().to_ascii_uppercase();
    let protocol = with.split_ascii_whitespace().next().unwrap_or_default();
    if matches!(protocol, "LOCAL" | "ESMTPA" | "ESMTPSA" | "UTF8SMTPA" | "UTF8SMTPSA" | "HTTP" | "HTTPS") {
        return true;
    }
    let Some(from) = hop.from.as_deref() else { return true };
    // Behind a gateway everybody has its address: a client with the name of another domain is from outside.
    let own = !from.contains('.') || from.starts_with('[') || hop.by.as_deref().is_some_and(|by| related(from, by));
    own && hop.from_ip.as_deref().and_then(|ip| ip.parse().ok()).is_some_and(is_local)
}

/// What SPF says of an address, as evidence beside the reply.
pub(super) fn spf_quote(reply: &EvidenceRef, domain: &str, address: IpAddr, result: &SpfResult) -> EvidenceRef {
    let says = match result {
        SpfResult::Pass(how) => format!("the SPF record of {domain} lets {address} send today, by {how}"),
        SpfResult::NotPass(how) => format!("the SPF record of {domain} does not let {address} send, by {how}"),
        SpfResult::NoRecord => format!("{domain} has no SPF record in the DNS that was asked"),
        SpfResult::Broken(why) => format!("the SPF record of {domain} does not count: {why}"),
        SpfResult::Unknown(why) => format!("whether {domain} lets {address} send was not found out: {why}"),
    };
    quote(&reply.artifact, 0, &says)
}
