//! TLS of the world: a certificate authority made at start, and one certificate for every server.

use super::{
    hosts::{Company, TLS_NAMES},
    ports::Reach,
};
use crate::{
    core::tls_client::{TlsClient, TlsError, Trust},
    target::knobs::Certificate as CertificateKind,
};
use native_tls::Identity;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_native_tls::TlsAcceptor;

/// One authority serves every world of a process that has the same company, and is reached in the same way.
static SHARED: Mutex<BTreeMap<Vec<String>, Pki>> = Mutex::new(BTreeMap::new());

/// TLS could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A certificate could not be made.
    #[error("the certificate of the lab cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused it.
    #[error("the TLS library refuses the certificate of the lab: {0}")]
    Tls(#[from] native_tls::Error),
    /// It refused the authority at the client's end.
    #[error("the TLS library refuses the authority of the lab: {0}")]
    Client(#[from] TlsError),
}

/// The authority's certificate, and both ends of TLS that use it.
#[derive(Clone)]
pub struct Pki {
    ca_pem: Arc<str>,
    identity_pem: Arc<str>,
    acceptor: TlsAcceptor,
    client: TlsClient,
    issuer: Arc<Issuer<'static, KeyPair>>,
    names: Arc<[String]>,
}

impl Pki {
    /// Makes an authority and a certificate for these DNS names and IP addresses.
    ///
    /// # Errors
    /// When a name is no DNS name, or the TLS library refuses.
    pub fn new(names: &[&str]) -> Result<Self, PkiError> {
        let (issuer, ca) = authority()?;
        let names: Arc<[String]> = names.iter().map(ToString::to_string).collect();
        let (certificate, key) = leaf(&issuer, &names, false)?;
        let acceptor = acceptor(&certificate, &key)?;
        let client = TlsClient::new(Trust::Only(&[ca.der().to_vec()]))?;
        let identity_pem = format!("{key}{certificate}").into();
        let issuer = Arc::new(issuer);
        Ok(Self { acceptor, client, ca_pem: ca.pem().into(), identity_pem, issuer, names })
    }

    /// The server's end with a certificate of this kind.
    ///
    /// # Errors
    /// When the certificate cannot be made, or the TLS library refuses.
    pub(crate) fn acceptor_with(&self, kind: CertificateKind) -> Result<TlsAcceptor, PkiError> {
        let (certificate, key) = match kind {
            CertificateKind::Right => return Ok(self.acceptor()),
            CertificateKind::Expired => leaf(&self.issuer, &self.names, true)?,
            CertificateKind::OtherName => leaf(&self.issuer, &["mail.other.example".to_owned()], false)?,
            CertificateKind::UnknownCa => leaf(&authority()?.0, &self.names, false)?,
        };
        acceptor(&certificate, &key)
    }

    /// An authority with a certificate for every host of a world with this company, and for how other machines reach it;
    /// worlds with the same share it.
    ///
    /// # Errors
    /// As [`Pki::new`].
    pub fn of_world(company: &Company, reach: Option<&Reach>) -> Result<Self, PkiError> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let reached = reach.into_iter().flat_map(|reach| [reach.host.clone(), reach.address.to_string()]);
        let own: Vec<String> = [company.host.clone(), company.domain.clone()].into_iter().chain(reached).collect();
        if let Some(pki) = shared.get(&own) {
            return Ok(pki.clone());
        }
        let names: Vec<&str> = TLS_NAMES.into_iter().chain(own.iter().map(String::as_str)).collect();
        let pki = Self::new(&names)?;
        shared.insert(own, pki.clone());
        Ok(pki)
    }

    /// The authority's certificate in PEM, for clients.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The key and the certificate of the servers in PEM, for other programs.
    pub fn identity_pem(&self) -> &str {
        &self.identity_pem
    }

    /// The server's end.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// The client's end towards servers of others: it trusts everybody, as servers do that send mail (RFC 7435).
    ///
    /// # Errors
    /// When the TLS library refuses.
    pub fn unchecked() -> Result<TlsClient, PkiError> {
        Ok(TlsClient::new(Trust::Anyone)?)
    }

    /// The client's end: it trusts this authority and no other.
    pub fn client(&self) -> TlsClient {
        self.client.clone()
    }
}

/// A server's certificate and its key, in PEM.
fn leaf(issuer: &Issuer<'static, KeyPair>, names: &[String], has_expired: bool) -> Result<(String, String), PkiError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, names.first().map_or("localhost", String::as_str));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if has_expired {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}

fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor, PkiError> {
    let identity = Identity::from_pkcs8(certificate.as_bytes(), key.as_bytes())?;
    Ok(native_tls::TlsAcceptor::new(identity)?.into())
}

fn authority() -> Result<(Issuer<'static, KeyPair>, Certificate), PkiError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "sealcheck lab CA");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((Issuer::new(params, key), certificate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn hello(client: &Pki, server: &Pki, name: &str) -> Result<Vec<u8>, TlsError> {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let acceptor = server.acceptor();
        let served = tokio::spawn(async move {
            if let Ok(mut stream) = acceptor.accept(far).await {
                stream.write_all(b"hi").await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        let mut got = Vec::new();
        client.client().connect_async(name, near).await?.read_to_end(&mut got).await.unwrap();
        served.await.unwrap();
        Ok(got)
    }

    #[tokio::test]
    async fn only_the_own_authority_and_the_names_are_trusted() {
        let (pki, other) =
            (Pki::new(&["mx.ext.example", "127.0.0.1"]).unwrap(), Pki::new(&["mx.ext.example"]).unwrap());
        for name in ["mx.ext.example", "127.0.0.1"] {
            assert_eq!(hello(&pki, &pki, name).await.unwrap(), b"hi");
        }
        assert!(hello(&pki, &pki, "mx.corp.example").await.is_err());
        assert!(hello(&other, &pki, "mx.ext.example").await.is_err());
    }
}
