//! A mail that was refused: where it was made, and in whose name which address handed it over.

use super::{
    facts::{Facts, MailFacts, related},
    server_log::is_local,
    spf::{SpfQuestion, spf_domain},
};
use crate::{core::domain::organization, mail::received::Hop, outcome::EvidenceRef, verify::spf::SpfResult};

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
        let is_rewritten = is_rewritten && self.rewrote_to(sender.as_deref()?, &domain);
        (is_rewritten || self.is_of_own_host(&domain)).then_some(domain)
    }

    /// Whether a domain is that of the host that handed the mail over.
    pub(super) fn is_of_own_host(&self, domain: &str) -> bool {
        let copy = self.handed_over();
        let host = copy.and_then(|copy| copy.hops.last()?.by.as_deref());
        let reporting = self.bounces.iter().filter_map(|(_, dsn)| dsn.reporting_mta.as_deref());
        let is_own = |name: &str| name.contains('.') && related(name, domain);
        self.is_forwarders_host(domain) || reporting.chain(host).any(is_own)
    }

    /// Whether the server itself put this sender in the place of another one. One that came rewritten, from a forwarder before it,
    /// is there on arrival, or a host of its domain is on the path.
    fn rewrote_to(&self, sender: &str, domain: &str) -> bool {
        let Some(copy) = self.handed_over() else { return false };
        let is_of_domain =
            |host: &Option<String>| host.as_deref().is_some_and(|h| h.contains('.') && related(h, domain));
        if copy.hops.iter().any(|hop| is_of_domain(&hop.from) || is_of_domain(&hop.by)) {
            return false;
        }
        let newest = copy.upstream_sets().last().and_then(|set| set.aar.as_ref());
        let found = newest.and_then(|aar| aar.method("spf").find_map(|spf| spf.property("smtp", "mailfrom")));
        let mut came = found.into_iter().chain(self.log.senders());
        came.any(|came| !came.eq_ignore_ascii_case(sender) && !came.eq_ignore_ascii_case(domain))
    }

    /// That a mail is the forwarder's own, made on its server in its own name and to nobody there: it was not forwarded.
    pub(super) fn is_forwarders_own(&self, mail: &MailFacts<'_>) -> bool {
        let author = mail.author_domain().is_some_and(|author| self.is_forwarders_host(&author));
        let path = mail.message.first("Return-Path").map(|path| path.value());
        let sender = self.envelope_sender().or(path).unwrap_or_default();
        let has_own = |address: &str| {
            let domain = address.rsplit_once('@').map(|(_, domain)| domain.trim_matches([' ', '>', ',', ';']));
            domain.is_some_and(|domain| self.is_forwarders_host(domain))
        };
        let addressed = mail.message.all("To").chain(mail.message.all("Cc")).map(|field| field.value());
        let to_own = addressed.flat_map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
        let is_taken = mail.hops.iter().filter_map(|hop| hop.recipient.as_deref()).any(has_own);
        author
            && has_own(&sender)
            && !is_taken
            && !to_own.into_iter().any(|to| has_own(&to))
            && self.made_here(mail).is_some()
    }

    /// What DNS says to a question, where it was asked.
    pub(super) fn spf_of(&self, question: &SpfQuestion) -> Option<&SpfResult> {
        self.spf.iter().find(|answer| answer.question == *question).map(|answer| &answer.result)
    }

    /// That a mail was made on the server that handed it to the receiver, and nobody sent it there from outside: the line of the
    /// first hop.
    pub(super) fn made_here(&self, copy: &MailFacts<'_>) -> Option<EvidenceRef> {
        let sender = self.envelope_sender().unwrap_or_default();
        if sender.rsplit_once('@').is_some_and(|(local, _)| is_rewritten(local)) {
            return None;
        }
        let Some((first, rest)) = copy.hops.split_first() else {
            // As a local program handed it to Postfix.
            return self.log.by_service("pickup");
        };
        let is_of = |host: &Option<String>, who: &str| host.as_deref().is_some_and(|host| organization(host) == who);
        // qmail tells only who called it.
        let own = copy.hops.iter().find_map(|hop| hop.by.as_deref()).map(organization).unwrap_or_default();
        let is_inside =
            |hop: &Hop| (hop.by.is_none() || is_of(&hop.by, &own)) && (is_made_at(hop) || is_of(&hop.from, &own));
        let receiver = copy.trusted.and_then(|trusted| trusted.authserv_id.as_deref()).map(organization);
        let is_receivers = |hop: &Hop| {
            let by_address = hop.by.as_deref().is_none_or(|by| !by.contains('.'));
            receiver.as_deref().is_some_and(|receiver| by_address || is_of(&hop.by, receiver))
        };
        let made = is_made_at(first) && rest.iter().all(|hop| is_inside(hop) || is_receivers(hop));
        made.then(|| copy.quote_line(first.line)).flatten()
    }

    /// That a mailing list of the server's own wrote a mail anew, in its own name as author and as envelope sender: the field that
    /// the list puts in.
    pub(super) fn sent_by_list(&self, copy: &MailFacts<'_>) -> Option<EvidenceRef> {
        let sender = self.envelope_sender()?;
        let (local, domain) = sender.rsplit_once('@')?;
        let host = self.bounces.iter().find_map(|(_, dsn)| dsn.reporting_mta.as_deref());
        let host = host.or_else(|| copy.hops.last()?.by.as_deref())?;
        let is_own = [Some(domain.to_owned()), copy.author_domain()].iter().flatten().all(|name| related(name, host));
        let mark = ["List-Id", "List-Post", "X-ML-Name"].iter().find_map(|name| copy.message.first(name))?;
        if is_own && !is_rewritten(local) { copy.quote_line(mark.line) } else { None }
    }
}

/// Whether a hop took the mail from a program or a machine of its own, or from a user who logged in.
pub(super) fn is_made_at(hop: &Hop) -> bool {
    let with = hop.with.as_deref().unwrap_or_default().to_ascii_uppercase();
    let protocol = with.split_ascii_whitespace().next().unwrap_or_default();
    if matches!(protocol, "LOCAL" | "ESMTPA" | "ESMTPSA" | "UTF8SMTPA" | "UTF8SMTPSA" | "HTTP" | "HTTPS") {
        return true;
    }
    let Some(from) = hop.from.as_deref() else { return true };
    // Behind a gateway everybody has its address: a client with the name of another domain is from outside.
    let own = !from.contains('.')
        || from.starts_with('[')
        || hop.by.as_deref().is_some_and(|by| organization(from) == organization(by));
    own && hop.from_ip.as_deref().and_then(|ip| ip.parse().ok()).is_some_and(is_local)
}
