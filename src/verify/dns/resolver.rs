//! Asks for TXT records, live or from a zone file, and keeps every answer.

use super::zone::{DnsFailure, TxtAnswer, ZoneFile};
use crate::{core::open_files, verify::key::KnownKeys};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{DnsError as Refusal, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::task::JoinSet;

/// Where answers come from. Clones are cheap and share one resolver, its cache and the keys that were read.
#[derive(Clone)]
pub struct Dns {
    source: Source,
    keys: Arc<KnownKeys>,
}

#[derive(Clone)]
enum Source {
    Resolver(Arc<TokioResolver>),
    Zone(Arc<ZoneFile>),
}

/// A DNS resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DnsError(pub String);

impl Dns {
    /// The system's resolver.
    ///
    /// # Errors
    /// When the system has no usable resolver configuration.
    pub fn system() -> Result<Self, DnsError> {
        TokioResolver::builder_tokio()
            .and_then(|builder| builder.with_tls_config(no_tls()?).build())
            .map(|resolver| Self::of(Source::Resolver(Arc::new(resolver))))
            .map_err(|e| DnsError(format!("cannot use the system's resolver: {e}; check /etc/resolv.conf")))
    }

    /// One server, by UDP and TCP.
    ///
    /// # Errors
    /// When the resolver cannot be built.
    pub fn server(address: SocketAddr) -> Result<Self, DnsError> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        let server = NameServerConfig::new(address.ip(), true, connections.to_vec());
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        no_tls()
            .and_then(|tls| {
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_tls_config(tls).build()
            })
            .map(|resolver| Self::of(Source::Resolver(Arc::new(resolver))))
            .map_err(|e| DnsError(format!("cannot set up a resolver for the DNS server {address}: {e}")))
    }

    fn of(source: Source) -> Self {
        Self { source, keys: Arc::default() }
    }

    /// The keys that were read.
    pub(in crate::verify) fn keys(&self) -> &KnownKeys {
        &self.keys
    }

    /// Only what this zone file holds; every other name does not exist. No packet is sent.
    pub fn zone(zone: ZoneFile) -> Self {
        Self::of(Source::Zone(Arc::new(zone)))
    }

    /// The TXT records of all these names, asked for at the same time, each once.
    pub(in crate::verify) async fn answers(&self, names: BTreeSet<String>) -> ZoneFile {
        let mut zone = ZoneFile::default();
        let mut questions = JoinSet::new();
        for name in names {
            match &self.source {
                Source::Zone(known) => zone.insert(&name, known.txt(&name)),
                Source::Resolver(_) => {
                    let dns = self.clone();
                    zone.insert(&name, TxtAnswer::Failed(DnsFailure::Error));
                    questions.spawn(async move { (dns.txt(&name).await, name) });
                }
            }
        }
        while let Some(answered) = questions.join_next().await {
            if let Ok((answer, name)) = answered {
                zone.insert(&name, answer);
            }
        }
        zone
    }

    /// The TXT records of a name. Every outcome is an answer.
    pub async fn txt(&self, name: &str) -> TxtAnswer {
        match &self.source {
            Source::Zone(zone) => zone.txt(name),
            Source::Resolver(resolver) => ask(resolver, name).await,
        }
    }

    /// The texts of the TXT records at a name; none when it has none.
    ///
    /// # Errors
    /// That DNS gave no answer.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        match self.txt(name).await {
            TxtAnswer::Records { texts, .. } => {
                Ok(texts.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect())
            }
            TxtAnswer::NoData | TxtAnswer::NxDomain => Ok(Vec::new()),
            failed @ TxtAnswer::Failed(_) => {
                Err(format!("DNS gave no answer for {name} ({})", failed.word().unwrap_or_default()))
            }
        }
    }
}

/// What a zone file does not hold.
const TXT_ONLY: &str = "a zone file holds TXT records alone";

impl Dns {
    /// The addresses of a host; none when it has none.
    ///
    /// # Errors
    /// With the reason when that was not found out.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let mut all = Vec::new();
        for rtype in [RecordType::A, RecordType::AAAA] {
            all.extend(self.records(host, rtype).await?.iter().filter_map(RData::ip_addr));
        }
        Ok(all)
    }

    /// The hosts that take mail for a domain, best first; none when it has no MX record.
    ///
    /// # Errors
    /// With the reason when that was not found out.
    pub(crate) async fn exchangers(&self, domain: &str) -> Result<Vec<String>, String> {
        let records = self.records(domain, RecordType::MX).await?;
        let mut all: Vec<_> = records
            .iter()
            .filter_map(|data| if let RData::MX(mx) = data { Some((mx.preference, plain(&mx.exchange))) } else { None })
            .collect();
        all.sort();
        Ok(all.into_iter().map(|(_, host)| host).collect())
    }

    /// The names of an address; none when it has none.
    ///
    /// # Errors
    /// With the reason when that was not found out.
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, String> {
        let records = self.records(&Name::from(address).to_ascii(), RecordType::PTR).await?;
        Ok(records
            .iter()
            .filter_map(|data| if let RData::PTR(ptr) = data { Some(plain(&ptr.0)) } else { None })
            .collect())
    }

    async fn records(&self, name: &str, rtype: RecordType) -> Result<Vec<RData>, String> {
        let Source::Resolver(resolver) = &self.source else { return Err(TXT_ONLY.to_owned()) };
        let Ok(mut fqdn) = Name::from_str_relaxed(name) else { return Ok(Vec::new()) };
        fqdn.set_fqdn(true);
        match resolver.lookup(fqdn, rtype).await {
            Ok(lookup) => Ok(lookup.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) => match refusal(&error) {
                TxtAnswer::Failed(_) => Err(format!("DNS gave no answer for {name}: {error}")),
                _ => Ok(Vec::new()),
            },
        }
    }
}

/// A name without its final dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

/// A TLS configuration that trusts nobody: DNS is asked in clear here, and without it the resolver reads all of the
/// system's authorities.
fn no_tls() -> Result<rustls::ClientConfig, NetError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

async fn ask(resolver: &TokioResolver, name: &str) -> TxtAnswer {
    let Ok(mut name) = Name::from_str_relaxed(name) else { return TxtAnswer::NxDomain };
    name.set_fqdn(true);
    let lookup = match resolver.txt_lookup(name).await {
        Ok(lookup) => lookup,
        Err(error) => return refusal(&error),
    };
    let (mut ttl, mut texts) = (u32::MAX, Vec::new());
    for record in lookup.answers() {
        if let RData::TXT(txt) = &record.data {
            ttl = ttl.min(record.ttl);
            texts.push(txt.txt_data.iter().flat_map(|string| string.iter().copied()).collect());
        }
    }
    if texts.is_empty() { TxtAnswer::NoData } else { TxtAnswer::Records { ttl, texts } }
}

fn refusal(error: &NetError) -> TxtAnswer {
    let code = match error {
        NetError::Dns(Refusal::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(Refusal::ResponseCode(code)) => *code,
        NetError::Timeout => return TxtAnswer::Failed(DnsFailure::Timeout),
        NetError::Io(_) | NetError::NoConnections => {
            // hickory does not always say why it could not ask.
            match error {
                NetError::Io(why) => open_files::notice(why),
                _ => drop(open_files::have_room()),
            }
            return TxtAnswer::Failed(DnsFailure::Unreachable);
        }
        _ => return TxtAnswer::Failed(DnsFailure::Error),
    };
    match code {
        ResponseCode::NoError => TxtAnswer::NoData,
        ResponseCode::NXDomain => TxtAnswer::NxDomain,
        ResponseCode::ServFail => TxtAnswer::Failed(DnsFailure::ServFail),
        ResponseCode::Refused => TxtAnswer::Failed(DnsFailure::Refused),
        _ => TxtAnswer::Failed(DnsFailure::Error),
    }
}
