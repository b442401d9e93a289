//! The DNS server: UDP and TCP on one port, of 127.0.0.1 unless somebody says otherwise.

use super::{
    dns_faults::DnsFaults,
    records::{Found, Records, normal},
};
use crate::target::knobs::DnsAnswer;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use hickory_server::{
    Server,
    net::runtime::Time,
    proto::{
        op::{Edns, Header, HeaderCounts, Metadata, ResponseCode},
        rr::{Name, RData, Record, RecordType, rdata::SOA},
    },
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::MessageResponseBuilder,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, UdpSocket};

/// Asks the world's DNS and nothing else: no cache, no hosts file.
pub(crate) type Resolver = TokioResolver;

/// Seconds that an answer may be kept, where no fault says otherwise.
const TTL: u32 = 300;
/// The longest UDP answer that we announce, in octets; what is longer is asked for again over TCP.
const UDP_PAYLOAD: u16 = 1232;
/// How long a TCP connection may be idle.
const TCP_IDLE: Duration = Duration::from_secs(5);
/// How long a lookup waits for its answer.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running DNS server; it ends when it is dropped.
pub struct Dns {
    address: SocketAddr,
    records: Records,
    _server: Server<Handler>,
}

struct Handler {
    records: Records,
    faults: DnsFaults,
    upstream: Option<Upstream>,
}

/// Somebody else's DNS, for what a world does not know itself.
pub(crate) struct Upstream {
    /// Who is asked.
    pub resolver: Resolver,
    /// The domains that the world alone speaks for.
    pub own: Vec<String>,
}

impl Dns {
    /// Starts to answer on `port` of 127.0.0.1, or on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken for UDP or TCP.
    #[cfg(test)]
    pub(crate) async fn start(port: u16, records: Records, faults: DnsFaults) -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), records, faults, None).await
    }

    /// Starts to answer at an address, on a free port for port 0; what it does not know it asks `upstream` for.
    ///
    /// # Errors
    /// When the port is taken for UDP or TCP, or the address is not ours.
    pub(crate) async fn start_at(
        at: SocketAddr,
        records: Records,
        faults: DnsFaults,
        upstream: Option<Upstream>,
    ) -> io::Result<Self> {
        let (tcp, udp) = bind(at).await?;
        let address = tcp.local_addr()?;
        let mut server = Server::new(Handler { records: records.clone(), faults, upstream });
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE, usize::from(u16::MAX));
        Ok(Self { address, records, _server: server })
    }

    /// Where it listens; of every address the one that this machine reaches.
    pub fn address(&self) -> SocketAddr {
        match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, self.address.port())),
            IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from((Ipv6Addr::LOCALHOST, self.address.port())),
            _ => self.address,
        }
    }

    /// What it answers.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// A resolver that asks it.
    ///
    /// # Errors
    /// When the resolver cannot be built.
    pub(crate) fn resolver(&self) -> Result<Resolver, NetError> {
        resolver(self.address())
    }
}

impl Upstream {
    /// The DNS at an address, or that of the system.
    ///
    /// # Errors
    /// When the resolver cannot be built.
    pub(crate) fn new(address: Option<SocketAddr>, own: &[&str]) -> Result<Self, NetError> {
        let resolver = match address {
            Some(address) => resolver(address)?,
            None => TokioResolver::builder_tokio()?.with_tls_config(no_tls()?).build()?,
        };
        Ok(Self { resolver, own: own.iter().map(|name| normal(name)).collect() })
    }

    /// What it says of a name that is not the world's own.
    async fn answer(&self, name: &str, rtype: RecordType) -> Option<(ResponseCode, Vec<Record>)> {
        let plain = normal(name);
        if self.own.iter().any(|own| plain == *own || plain.ends_with(&format!(".{own}"))) {
            return None;
        }
        Some(match self.resolver.lookup(name, rtype).await {
            Ok(lookup) => (ResponseCode::NoError, lookup.answers().to_vec()),
            Err(error) if error.is_nx_domain() => (ResponseCode::NXDomain, Vec::new()),
            Err(error) if error.is_no_records_found() => (ResponseCode::NoError, Vec::new()),
            Err(_) => (ResponseCode::ServFail, Vec::new()),
        })
    }
}

/// A resolver that asks one server, by UDP and TCP.
fn resolver(address: SocketAddr) -> Result<Resolver, NetError> {
    let connection = |protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    };
    let connections = vec![connection(ProtocolConfig::Udp), connection(ProtocolConfig::Tcp)];
    let server = NameServerConfig::new(address.ip(), true, connections);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let mut builder = builder.with_tls_config(no_tls()?);
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = 0;
    options.timeout = LOOKUP_TIMEOUT;
    options.attempts = 1;
    builder.build()
}

/// A TLS configuration that trusts nobody. Nothing here is asked over TLS, but without it the resolver reads all of the
/// system's authorities, which takes longer than starting the rest of the world.
fn no_tls() -> Result<rustls::ClientConfig, NetError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// Binds one port for TCP and UDP. A free one for TCP may be taken for UDP, so some are tried.
async fn bind(at: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = if at.port() == 0 { 32 } else { 1 };
    loop {
        let tcp = TcpListener::bind(at).await?;
        tries -= 1;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut out: R) -> ResponseInfo {
        let failed = |code| {
            let mut metadata = Metadata::response_from_request(&request.metadata);
            metadata.response_code = code;
            ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
        };
        let Ok(info) = request.request_info() else { return failed(ResponseCode::FormErr) };
        // As it came: as a text for people, the name would be in U-labels.
        let (name, rtype) = (Name::from(info.query.name()).to_ascii(), info.query.query_type());
        let (mut code, mut answers) = self.answer(&name, rtype);
        if let (ResponseCode::NXDomain, Some(upstream)) = (code, &self.upstream)
            && let Some(other) = upstream.answer(&name, rtype).await
        {
            (code, answers) = other;
        }
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        metadata.recursion_available = true;
        metadata.response_code = code;
        let negative = answers.is_empty() && code != ResponseCode::ServFail;
        let soa = negative.then(|| Record::from_rdata(Name::root(), TTL, RData::SOA(soa())));
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD.min(request.max_payload()));
        let mut response = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            response.edns(&edns);
        }
        let message = response.build(metadata, &answers, [], &soa, []);
        out.send_response(message).await.unwrap_or_else(|_| failed(ResponseCode::ServFail))
    }
}

impl Handler {
    fn answer(&self, name: &str, rtype: RecordType) -> (ResponseCode, Vec<Record>) {
        let mut ttl = TTL;
        match self.faults.find(name, rtype) {
            Some(DnsAnswer::ServFail) => return (ResponseCode::ServFail, Vec::new()),
            Some(DnsAnswer::NxDomain) => return (ResponseCode::NXDomain, Vec::new()),
            Some(DnsAnswer::Ttl(seconds)) => ttl = seconds,
            None => {}
        }
        match self.records.find(name, rtype) {
            Found::NoName => (ResponseCode::NXDomain, Vec::new()),
            Found::NoData => (ResponseCode::NoError, Vec::new()),
            Found::Records(data) => {
                let owner = Name::from_utf8(name).unwrap_or_default();
                (ResponseCode::NoError, data.into_iter().map(|d| Record::from_rdata(owner.clone(), ttl, d)).collect())
            }
        }
    }
}

fn soa() -> SOA {
    SOA::new(Name::root(), Name::root(), 1, 3600, 600, 86_400, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::knobs::DnsFault;

    async fn start(faults: &[DnsFault]) -> Dns {
        let records = Records::default();
        records.set_txt("ext.example", "v=spf1 -all");
        records.set_txt("big.ext.example", &"x".repeat(4000));
        records.set_mx("ext.example", &[(10, "mx.ext.example")]).unwrap();
        records.set_host("mx.ext.example", Ipv4Addr::new(192, 0, 2, 1)).unwrap();
        Dns::start(0, records, DnsFaults::new(faults).unwrap()).await.unwrap()
    }

    async fn code(resolver: &Resolver, name: &str, rtype: RecordType) -> ResponseCode {
        let error = resolver.lookup(name, rtype).await.unwrap_err();
        match error {
            NetError::Dns(dns) => match dns {
                hickory_resolver::net::DnsError::NoRecordsFound(none) => none.response_code,
                hickory_resolver::net::DnsError::ResponseCode(code) => code,
                other => panic!("{other}"),
            },
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn answers_over_udp_and_tcp_and_takes_changes() {
        let dns = start(&[]).await;
        let resolver = dns.resolver().unwrap();
        let mx = resolver.mx_lookup("ext.example.").await.unwrap();
        assert_eq!(mx.answers()[0].data.to_string(), "10 mx.ext.example.");
        let big = resolver.txt_lookup("big.ext.example.").await.unwrap();
        assert!(big.answers()[0].data.to_string().matches('x').count() >= 4000);
        dns.records().set_txt("ext.example", "changed");
        let txt = resolver.txt_lookup("ext.example.").await.unwrap();
        assert!(txt.answers()[0].data.to_string().contains("changed"));
        assert_eq!(code(&resolver, "nobody.example.", RecordType::TXT).await, ResponseCode::NXDomain);
        assert_eq!(code(&resolver, "ext.example.", RecordType::A).await, ResponseCode::NoError);
    }

    #[tokio::test]
    async fn faults_are_per_name_and_type() {
        let fault = |rtype: &str, answer| DnsFault { name: "ext.example".into(), rtype: rtype.into(), answer };
        let dns = start(&[
            fault("TXT", DnsAnswer::ServFail),
            fault("A", DnsAnswer::NxDomain),
            fault("MX", DnsAnswer::Ttl(7)),
        ])
        .await;
        let resolver = dns.resolver().unwrap();
        assert_eq!(code(&resolver, "ext.example.", RecordType::TXT).await, ResponseCode::ServFail);
        assert_eq!(code(&resolver, "ext.example.", RecordType::A).await, ResponseCode::NXDomain);
        assert_eq!(resolver.mx_lookup("ext.example.").await.unwrap().answers()[0].ttl, 7);
    }

    #[tokio::test]
    async fn what_is_not_the_worlds_own_is_asked_of_others() {
        let others = start(&[]).await;
        others.records().set_txt("x.own.example", "not this");
        let upstream = Upstream::new(Some(others.address()), &["own.example"]).unwrap();
        let records = Records::default();
        records.set_txt("own.example", "ours");
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let dns = Dns::start_at(at, records, DnsFaults::default(), Some(upstream)).await.unwrap();
        let resolver = dns.resolver().unwrap();
        let own = resolver.txt_lookup("own.example.").await.unwrap();
        assert!(own.answers()[0].data.to_string().contains("ours"));
        let other = resolver.txt_lookup("ext.example.").await.unwrap();
        assert!(other.answers()[0].data.to_string().contains("v=spf1 -all"));
        assert_eq!(code(&resolver, "x.own.example.", RecordType::TXT).await, ResponseCode::NXDomain);
        assert_eq!(code(&resolver, "nobody.example.", RecordType::TXT).await, ResponseCode::NXDomain);
        assert_eq!(code(&resolver, "ext.example.", RecordType::A).await, ResponseCode::NoError);
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error() {
        let dns = start(&[]).await;
        let error = Dns::start(dns.address().port(), Records::default(), DnsFaults::default()).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
