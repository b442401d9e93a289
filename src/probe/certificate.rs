//! What a server's certificate says of itself (RFC 5280).

use crate::core::{UnixTime, redact};
use std::{fmt, net::IpAddr};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

/// Names that are told; a server of many domains has hundreds.
const TOLD: usize = 5;
/// Characters of a name or an issuer that are told.
const LONGEST: usize = 80;
const DAY: i64 = 86_400;

/// A server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// Who issued it, as a distinguished name.
    pub issuer: String,
    /// When it begins, in seconds since 1970.
    pub not_before: UnixTime,
    /// When it ends, in seconds since 1970.
    pub not_after: UnixTime,
}

impl Certificate {
    /// Reads a certificate in DER; `None` when it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(shown(name)),
            GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
            _ => None,
        });
        Some(Self {
            names: names.collect(),
            issuer: shown(&certificate.issuer().to_string()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }

    /// Its names, its issuer and its dates, as they are at a time in seconds since 1970.
    pub(super) fn told(&self, now: UnixTime) -> impl fmt::Display {
        let mut names = self.names.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
        match self.names.len() {
            0 => names = "no name".to_owned(),
            n if n > TOLD => names = format!("{names} and {} more", n - TOLD),
            _ => {}
        }
        let (begins, ends) = (self.not_before - now, now - self.not_after);
        let age = if begins > 0 {
            format!("begins in {}", days(begins))
        } else if ends > 0 {
            format!("ended {} ago", days(ends))
        } else {
            format!("has {} left", days(-ends))
        };
        let Self { issuer, not_before, not_after, .. } = self;
        format!("it is for {names}, from {issuer}, from {} to {}, and {age}", day(*not_before), day(*not_after))
    }
}

/// A text of somebody else, without characters that do something to a terminal.
fn shown(text: &str) -> String {
    redact::cut(&text.escape_debug().to_string(), LONGEST).into_owned()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

fn days(seconds: i64) -> String {
    match seconds / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}

fn day(time: UnixTime) -> String {
    let time = jiff::Timestamp::from_second(time).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_with_its_age() {
        let names = |n: usize| (0..n).map(|n| format!("{n}.example")).collect();
        let certificate = |n| Certificate { names: names(n), issuer: "CN=x".into(), not_before: 0, not_after: 9 * DAY };
        let told = |n, now| certificate(n).told(now).to_string();
        assert_eq!(told(1, DAY), "it is for 0.example, from CN=x, from 1970-01-01 to 1970-01-10, and has 8 days left");
        assert!(
            told(0, 9 * DAY + 1).contains("for no name,")
                && told(0, 9 * DAY + 1).ends_with("ended less than a day ago")
        );
        assert!(told(7, 11 * DAY).contains("4.example and 2 more") && told(7, 11 * DAY).ends_with("ended 2 days ago"));
        assert!(told(1, -DAY).ends_with("begins in 1 day"));
    }

    #[test]
    fn what_is_read_does_nothing_to_a_terminal() {
        let mut params = rcgen::CertificateParams::new(vec!["mx.corp.example".to_owned(), "::1".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("\x1b[2J{}", "x".repeat(200)));
        let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let read = Certificate::read(der.der()).unwrap();
        assert_eq!(read.names, ["mx.corp.example", "::1"]);
        assert!(!read.issuer.contains('\x1b') && read.issuer.chars().count() == LONGEST, "{}", read.issuer);
        assert_eq!(Certificate::read(b"\x30\x03\x02\x01\x01"), None);
    }
}
