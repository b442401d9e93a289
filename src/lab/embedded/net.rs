//! The virtual network: parties have documentation addresses (RFC 5737), their servers listen on loopback.

use super::{Route, dns::Resolver};
use crate::core::open_files;
use hickory_resolver::{net::NetError, proto::rr::RData};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Why a domain's mail exchangers are not known (RFC 5321 §5.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MxError {
    /// The domain does not exist or has no host that takes mail.
    #[error("Host or domain name not found. Name service error for name={0} type=MX: Host not found")]
    NotFound(String),
    /// DNS gave no answer; a later try may.
    #[error("Host or domain name not found. Name service error for name={0} type=MX: Host not found, try again")]
    TryAgain(String),
}

/// A host that takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanger {
    /// Its name.
    pub host: String,
    /// Its address in the virtual network.
    pub address: IpAddr,
}

/// Finds hosts by DNS and their sockets by address. Clones share the routes.
#[derive(Clone)]
pub struct Net {
    resolver: Resolver,
    routes: Arc<HashMap<(IpAddr, u16), SocketAddr>>,
    outside: Arc<BTreeMap<String, Route>>,
}

impl Net {
    /// A network in which `routes` lead from address and port to the socket that really listens.
    pub(crate) fn new(resolver: Resolver, routes: impl IntoIterator<Item = ((IpAddr, u16), SocketAddr)>) -> Self {
        Self { resolver, routes: Arc::new(routes.into_iter().collect()), outside: Arc::default() }
    }

    /// The network with these servers of others, by the domains whose mail is handed to them.
    pub(crate) fn with_routes(self, outside: BTreeMap<String, Route>) -> Self {
        Self { outside: Arc::new(outside), ..self }
    }

    /// The server of somebody else that mail for a domain is handed to.
    pub(crate) fn outside(&self, domain: &str) -> Option<&Route> {
        self.outside.get(domain)
    }

    /// The resolver of the world.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// The socket that listens for this address and port.
    pub fn socket(&self, address: IpAddr, port: u16) -> Option<SocketAddr> {
        self.routes.get(&(address, port)).copied()
    }

    /// The hosts that take mail for a domain, best first; the domain itself when it has no MX record.
    ///
    /// # Errors
    /// When there is none, or DNS does not say.
    pub(crate) async fn exchangers(&self, domain: &str) -> Result<Vec<Exchanger>, MxError> {
        let hosts = match self.resolver.mx_lookup(format!("{domain}.")).await {
            Ok(lookup) => {
                let mut hosts: Vec<_> = lookup
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
                        _ => None,
                    })
                    .collect();
                hosts.sort();
                hosts
            }
            Err(error) if error.is_nx_domain() => return Err(MxError::NotFound(domain.to_owned())),
            Err(error) if error.is_no_records_found() => vec![(0, format!("{domain}."))],
            Err(error) => {
                notice(&error);
                return Err(MxError::TryAgain(domain.to_owned()));
            }
        };
        let mut found = Vec::new();
        let mut try_again = false;
        for (_, host) in hosts {
            match self.addresses(&host).await {
                Ok(addresses) => found.extend(
                    addresses
                        .into_iter()
                        .map(|address| Exchanger { host: host.trim_end_matches('.').to_owned(), address }),
                ),
                Err(error) => try_again |= !error.is_nx_domain() && !error.is_no_records_found(),
            }
        }
        match (found.is_empty(), try_again) {
            (false, _) => Ok(found),
            (true, true) => Err(MxError::TryAgain(domain.to_owned())),
            (true, false) => Err(MxError::NotFound(domain.to_owned())),
        }
    }

    /// The name of an address, when it has one that leads back to it (RFC 8601 §3, iprev).
    pub(crate) async fn confirmed_name(&self, address: IpAddr) -> Option<String> {
        let lookup = self.resolver.reverse_lookup(address).await.inspect_err(notice).ok()?;
        let name = lookup.answers().iter().find_map(|record| match &record.data {
            RData::PTR(name) => Some(name.to_ascii()),
            _ => None,
        })?;
        let back = self.addresses(&name).await.ok()?;
        back.contains(&address).then(|| name.trim_end_matches('.').to_owned())
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        let lookup = self.resolver.ipv4_lookup(host).await.inspect_err(notice)?;
        let addresses = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            _ => None,
        });
        Ok(addresses.collect())
    }
}

/// Notes it when the question could not be asked for want of open files.
fn notice(error: &NetError) {
    if let NetError::Io(error) = error {
        open_files::notice(error);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::dns::{Dns, DnsFaults, Records},
        *,
    };
    use crate::target::knobs::{DnsAnswer, DnsFault};
    use std::net::Ipv4Addr;

    async fn net(faults: &[DnsFault]) -> (Dns, Net) {
        let records = Records::default();
        records.set_mx("ext.example", &[(20, "b.ext.example"), (10, "a.ext.example")]).unwrap();
        records.set_host("a.ext.example", Ipv4Addr::new(192, 0, 2, 1)).unwrap();
        records.set_host("b.ext.example", Ipv4Addr::new(192, 0, 2, 2)).unwrap();
        let dns = Dns::start(0, records, DnsFaults::new(faults).unwrap()).await.unwrap();
        let net = Net::new(dns.resolver().unwrap(), []);
        (dns, net)
    }

    #[tokio::test]
    async fn the_best_exchanger_comes_first() {
        let (_dns, net) = net(&[]).await;
        let hosts: Vec<_> = net.exchangers("ext.example").await.unwrap().into_iter().map(|e| e.host).collect();
        assert_eq!(hosts, ["a.ext.example", "b.ext.example"]);
        assert_eq!(net.exchangers("a.ext.example").await.unwrap()[0].address, IpAddr::from([192, 0, 2, 1]));
        assert_eq!(net.exchangers("no.example").await, Err(MxError::NotFound("no.example".into())));
        assert_eq!(net.confirmed_name([192, 0, 2, 2].into()).await.as_deref(), Some("b.ext.example"));
        assert_eq!(net.confirmed_name([192, 0, 2, 3].into()).await, None);
    }

    #[tokio::test]
    async fn a_failing_dns_is_worth_another_try() {
        let fault = DnsFault { name: "ext.example".into(), rtype: "MX".into(), answer: DnsAnswer::ServFail };
        let (_dns, net) = net(&[fault]).await;
        assert_eq!(net.exchangers("ext.example").await, Err(MxError::TryAgain("ext.example".into())));
    }
}
