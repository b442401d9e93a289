//! A service that forwards mail of a domain seals it under a name of its own: the path tells whose set it is.

use super::facts::{Facts, MailFacts, related};
use crate::{
    core::domain::{is_at_or_below, organization},
    mail::{arc::ArcSet, received::Hop},
};

impl<'a> Facts<'a> {
    /// The newest set that came with the mail, where a service made it that took the mail for an address of the forwarder's, or
    /// handed it on in the forwarder's name, and handed it to nobody but the receiver.
    pub(super) fn services_set(&self) -> Option<&'a ArcSet> {
        let mail = self.mail.as_ref()?;
        let named = |name: &Option<String>| name.as_deref().is_some_and(|name| self.is_forwarders_host(name));
        // Servers of the forwarder's own seal in its name.
        if mail.hops.iter().any(|hop| named(&hop.by)) {
            return None;
        }
        let set = mail.upstream_sets().last()?;
        let line = mail.message.fields().get(set.seal.as_ref()?.field)?.line;
        let (below, above): (Vec<&Hop>, Vec<&Hop>) = mail.hops.iter().partition(|hop| hop.line > line);
        let service = below.last().and_then(|hop| hop.by.as_deref()).map(organization)?;
        let receiver = mail.hops.last().and_then(|hop| receiver(mail, hop));
        let is_of =
            |hop: &&Hop, who: &str| hop.by.as_deref().is_none_or(|by| !by.contains('.') || organization(by) == who);
        let is_last =
            above.iter().all(|hop| is_of(hop, &service) || receiver.as_deref().is_some_and(|r| is_of(hop, r)));
        let mut taken = below.iter().rev().take_while(|hop| is_of(hop, &service));
        let at_forwarder =
            |address: &str| address.rsplit_once('@').is_some_and(|(_, domain)| self.is_forwarders_host(domain));
        let for_it = taken.clone().any(|hop| hop.recipient.as_deref().is_some_and(at_forwarder));
        let came_in = taken.any(|hop| hop.from.as_deref().is_some_and(|from| organization(from) != service));
        let path = mail.message.first("Return-Path").map(|path| path.value());
        let in_its_name = path.is_some_and(|path| at_forwarder(path.trim().trim_matches(['<', '>'])));
        let is_authors = mail.author_domain().is_some_and(|author| related(&service, &author));
        (is_last && came_in && !is_authors && (for_it || in_its_name)).then_some(set)
    }
}

/// Who runs the server that took the mail last.
fn receiver(mail: &MailFacts<'_>, last: &Hop) -> Option<String> {
    let named = mail.trusted.and_then(|trusted| trusted.authserv_id.as_deref());
    named.or(last.by.as_deref()).map(organization)
}

/// Whether the newest set is by Microsoft, and the mail is in a mailbox there: its results have no name to tell the receiver by.
pub(super) fn is_by_outlook(sets: &[ArcSet], hops: &[Hop]) -> bool {
    let sealer = sets.last().and_then(ArcSet::sealer);
    let last = hops.last().and_then(|hop| hop.by.as_deref());
    sealer.is_some_and(|d| is_at_or_below(d, "microsoft.com"))
        && last.is_some_and(|by| is_at_or_below(by, "outlook.com"))
}
