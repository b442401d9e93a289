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
        let copy = self.handed_over();
        let host = copy.and_then(|copy| copy.hops.last()?.by.as_deref());
        let reporting = self.bounces.iter().filter_map(|(_, dsn)| dsn.reporting_mta.as_deref());
        let is_own = |name: &str| name.contains('.') && related(name, &domain);
        let own = is_rewritten || self.is_forwarders_host(&domain) || reporting.chain(host).any(is_own);
        own.then_some(domain)
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
fn is_made_at(hop: &Hop) -> bool {
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
