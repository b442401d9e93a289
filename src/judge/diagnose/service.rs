//! A service that forwards mail of a domain seals it under a name of its own: the path tells whose set it is.

use super::facts::{Facts, MailFacts};
use crate::{
    core::domain::{is_at_or_below, organization},
    mail::{arc::ArcSet, received::Hop},
};

/// Fields that servers write on top of a mail with whom they forward it for.
const TRACES: [&str; 4] = ["Return-Path", "X-Forwarded-For", "X-Original-To", "Delivered-To"];

impl<'a> Facts<'a> {
    /// The set of the server that forwards, if it sealed: in its own name, or a service's.
    pub(super) fn forwarders_set(&self) -> Option<&'a ArcSet> {
        let mail = self.mail.as_ref()?;
        mail.upstream_sets().iter().rev().find(|s| self.is_forwarders(s)).or_else(|| self.services_set())
    }

    /// The newest set that came with the mail, where a service made it that took the mail for an address of the forwarder's, or
    /// handed it on in the forwarder's name, and handed it to nobody but the receiver.
    fn services_set(&self) -> Option<&'a ArcSet> {
        let mail = self.mail.as_ref()?;
        let named = |name: &Option<String>| name.as_deref().is_some_and(|name| self.is_forwarders_host(name));
        // Servers of the forwarder's own seal in its name.
        if mail.hops.iter().any(|hop| named(&hop.by)) {
            return None;
        }
        let set = mail.upstream_sets().last()?;
        let line = mail.message.fields().get(set.seal.as_ref()?.field)?.line;
        let (below, above): (Vec<&Hop>, Vec<&Hop>) = mail.hops.iter().partition(|hop| hop.line > line);
        // Exchange Online writes lines of its own above its set, and seals in another name.
        let microsofts = || {
            let is_its = |hop: &&&Hop| hop.by.as_deref().is_some_and(|by| is_at_or_below(by, "outlook.com"));
            let is_sealer = set.sealer().is_some_and(|d| is_at_or_below(d, "microsoft.com"));
            if is_sealer { above.iter().find(is_its) } else { None }
        };
        let service = below.last().or_else(microsofts).and_then(|hop| hop.by.as_deref()).map(organization)?;
        let receiver = mail.hops.last().and_then(|hop| receiver(mail, hop));
        let is_of =
            |hop: &&Hop, who: &str| hop.by.as_deref().is_none_or(|by| !by.contains('.') || organization(by) == who);
        let is_last =
            above.iter().all(|hop| is_of(hop, &service) || receiver.as_deref().is_some_and(|r| is_of(hop, r)));
        let mut taken = below.iter().rev().take_while(|hop| is_of(hop, &service));
        let at_forwarder =
            |address: &str| address.rsplit_once('@').is_some_and(|(_, domain)| self.is_forwarders_host(domain));
        let for_it = taken.any(|hop| hop.recipient.as_deref().is_some_and(at_forwarder));
        let mut told = TRACES.iter().filter_map(|name| mail.message.first(name)).map(|field| field.value());
        let in_its_name =
            told.any(|text| text.split_ascii_whitespace().any(|a| at_forwarder(a.trim_matches(['<', '>']))));
        (is_last && (for_it || in_its_name)).then_some(set)
    }
}

/// Who runs the server that took the mail last.
fn receiver(mail: &MailFacts<'_>, last: &Hop) -> Option<String> {
    let named = mail.trusted.and_then(|trusted| trusted.authserv_id.as_deref());
    named.or(last.by.as_deref()).map(organization)
}
