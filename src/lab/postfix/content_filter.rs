//! Mail that comes through the server twice, as knobs ask for it: a content filter hands it back (FILTER_README of Postfix),
//! or a relay of the company's stands in front.

use super::main_cf::MainCf;
use crate::{
    lab::embedded::hosts::{COMPANY_RELAY_ADDRESS, Company},
    target::knobs::{CompanyKnobs, SealFault, SealedResults},
};
use std::net::{Ipv4Addr, SocketAddr};

/// How often mail comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecondPass {
    /// Once.
    None,
    /// Twice, by the milter both times: the filter does not take the mail away from it.
    Filter,
    /// Twice, by the milter the second time: first it is the relay.
    Relay,
}

impl SecondPass {
    /// What the knobs ask for.
    pub(super) fn of(knobs: &CompanyKnobs) -> Self {
        match (knobs.seal, knobs.results) {
            (SealFault::Twice, _) => Self::Filter,
            (_, SealedResults::Relay) => Self::Relay,
            _ => Self::None,
        }
    }

    /// Who hands the mail over the second time, as Postfix sees it.
    pub(super) fn client(self) -> Ipv4Addr {
        match self {
            Self::Relay => COMPANY_RELAY_ADDRESS,
            Self::None | Self::Filter => Ipv4Addr::LOCALHOST,
        }
    }

    /// What the service does otherwise that takes the mail first: it hands it to the second at `again`.
    fn first(self, company: &Company, again: SocketAddr) -> MainCf {
        let mut settings = MainCf::default();
        if self != Self::None {
            settings.set("content_filter", format!("smtp:[{}]:{}", again.ip(), again.port()));
            // Addresses are rewritten the second time, so that rspamd sees the company's both times.
            settings.set("receive_override_options", "no_address_mappings");
        }
        if self == Self::Relay {
            settings.set("smtpd_milters", "");
            settings.set("myhostname", company.relay());
        }
        settings
    }

    /// The services at the two sockets, as lines of master.cf.
    pub(super) fn services(self, company: &Company, again: SocketAddr) -> String {
        let options = self.first(company, again);
        let options: String = options.iter().map(|(name, value)| format!(" -o {name}={value}")).collect();
        format!("smtpd unix n - n - - smtpd{options}\nagain unix n - n - - smtpd\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_service_takes_what_the_first_hands_on() {
        let services = |second_pass: SecondPass| {
            second_pass.services(&Company::default(), SocketAddr::from(([127, 0, 0, 1], 4003)))
        };
        assert!(!services(SecondPass::None).contains(" -o "));
        let filtered = services(SecondPass::Filter);
        assert!(
            filtered.starts_with("smtpd unix n - n - - smtpd -o content_filter=smtp:[127.0.0.1]:4003 "),
            "{filtered}"
        );
        assert!(!filtered.contains("milters") && services(SecondPass::Relay).contains(" -o smtpd_milters="));
    }
}
