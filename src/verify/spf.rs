//! Whether an SPF record lets an address send (RFC 7208), and by which of its terms.

use super::Dns;
use std::{future::Future, net::IpAddr, pin::Pin};

/// How many terms may ask DNS (RFC 7208 §4.6.4).
const LOOKUPS: usize = 10;

/// What a record says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpfResult {
    /// It may send, by these terms.
    Pass(String),
    /// It may not, by this term: `-all`.
    NotPass(String),
    /// There is no record.
    NoRecord,
    /// The record does not count.
    Broken(String),
    /// DNS did not say.
    Unknown(String),
}

/// What the record of a domain says of an address.
pub(crate) async fn check(dns: &Dns, domain: &str, ip: IpAddr) -> SpfResult {
    let mut lookups = 0;
    Evaluation { dns, ip, lookups: &mut lookups }.record(domain.to_owned()).await
}

struct Evaluation<'a> {
    dns: &'a Dns,
    ip: IpAddr,
    lookups: &'a mut usize,
}

/// Whether a mechanism matches; the outcome of all when that cannot be told.
type Matches = Result<bool, SpfResult>;

impl Evaluation<'_> {
    /// Records refer to records.
    fn record(&mut self, domain: String) -> Pin<Box<dyn Future<Output = SpfResult> + Send + '_>> {
        Box::pin(async move {
            let mut records = match self.dns.texts(&domain).await {
                Ok(texts) => texts,
                Err(text) => return SpfResult::Unknown(text),
            };
            records.retain(|text| is_record(text));
            match records.as_slice() {
                [] => SpfResult::NoRecord,
                [record] => self.terms(&domain, record).await,
                many => SpfResult::Broken(format!("there are {} SPF records at {domain}", many.len())),
            }
        })
    }

    async fn terms(&mut self, domain: &str, record: &str) -> SpfResult {
        let mut redirect = None;
        for term in record.split_ascii_whitespace().skip(1) {
            if let Some((name, value)) = term.split_once('=').filter(|(name, _)| !name.contains([':', '/'])) {
                if name.eq_ignore_ascii_case("redirect") {
                    redirect = Some(value.to_owned());
                }
                continue;
            }
            let mechanism = term.trim_start_matches(['+', '-', '~', '?']);
            let matched = match self.matches(domain, mechanism).await {
                Ok(matched) => matched,
                Err(outcome) => return outcome,
            };
            match (matched, term.starts_with(['-', '~', '?'])) {
                (Some(how), false) => return SpfResult::Pass(how),
                (Some(_), true) => return SpfResult::NotPass(term.to_owned()),
                (None, _) => {}
            }
        }
        match redirect {
            None => SpfResult::NotPass("no term of it".to_owned()),
            Some(to) => match self.count() {
                Err(outcome) => outcome,
                Ok(()) => match self.record(to.clone()).await {
                    SpfResult::NoRecord => SpfResult::Broken(format!("redirect={to} has no SPF record")),
                    other => other,
                },
            },
        }
    }

    /// The terms by which a mechanism matches.
    async fn matches(&mut self, domain: &str, mechanism: &str) -> Result<Option<String>, SpfResult> {
        let (name, argument) = match mechanism.find([':', '/']) {
            Some(at) => (&mechanism[..at], mechanism[at..].trim_start_matches(':')),
            None => (mechanism, ""),
        };
        if argument.contains('%') {
            return Err(SpfResult::Unknown(format!("`{mechanism}` depends on the mail")));
        }
        let found = match name.to_ascii_lowercase().as_str() {
            "all" => true,
            "ip4" | "ip6" => self.is_in(argument).ok_or_else(|| broken(mechanism))?,
            "include" => {
                self.count()?;
                return match self.record(argument.to_owned()).await {
                    SpfResult::Pass(how) => Ok(Some(format!("{mechanism} {how}"))),
                    SpfResult::NotPass(_) => Ok(None),
                    SpfResult::NoRecord => Err(SpfResult::Broken(format!("{argument} has no SPF record"))),
                    other => Err(other),
                };
            }
            "a" => {
                self.count()?;
                let (host, prefix) = host(argument, domain);
                self.is_address_of(&host, &prefix).await?
            }
            "mx" => {
                self.count()?;
                let (host, prefix) = host(argument, domain);
                let mut found = false;
                for exchanger in self.dns.exchangers(&host).await.map_err(SpfResult::Unknown)? {
                    found = found || self.is_address_of(&exchanger, &prefix).await?;
                }
                found
            }
            "ptr" | "exists" => return Err(SpfResult::Unknown(format!("`{mechanism}` was not looked at"))),
            _ => return Err(broken(mechanism)),
        };
        Ok(found.then(|| mechanism.to_owned()))
    }

    async fn is_address_of(&self, host: &str, prefix: &str) -> Matches {
        let addresses = self.dns.addresses(host).await.map_err(SpfResult::Unknown)?;
        Ok(addresses.iter().any(|address| self.is_in(&format!("{address}{prefix}")).unwrap_or_default()))
    }

    /// Whether the address is in a network; `None` when it is no network.
    fn is_in(&self, network: &str) -> Option<bool> {
        let (address, bits) = match network.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (network, None),
        };
        Some(match (address.parse().ok()?, self.ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let bits = 32_u32.checked_sub(bits.unwrap_or(32))?;
                u32::from(net).checked_shr(bits) == u32::from(ip).checked_shr(bits)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let bits = 128_u32.checked_sub(bits.unwrap_or(128))?;
                u128::from(net).checked_shr(bits) == u128::from(ip).checked_shr(bits)
            }
            _ => false,
        })
    }

    fn count(&mut self) -> Result<(), SpfResult> {
        *self.lookups += 1;
        if *self.lookups > LOOKUPS {
            return Err(SpfResult::Broken(format!("it takes more than {LOOKUPS} questions to DNS")));
        }
        Ok(())
    }
}

fn is_record(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    first.eq_ignore_ascii_case("v=spf1")
}

fn broken(term: &str) -> SpfResult {
    SpfResult::Broken(format!("`{term}` is no term"))
}

/// The host of `a` and `mx` and the length of the network behind it.
fn host(argument: &str, domain: &str) -> (String, String) {
    let (host, prefix) = match argument.find('/') {
        // Of `/24//64` the second is for IPv6.
        Some(at) => (&argument[..at], argument[at..].split("//").next().unwrap_or_default()),
        None => (argument, ""),
    };
    (if host.is_empty() { domain } else { host }.to_owned(), prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{TxtAnswer, ZoneFile};

    async fn outcome(records: &[(&str, &str)], ip: &str) -> SpfResult {
        let mut zone = ZoneFile::default();
        for (name, text) in records {
            let texts = text.split('|').map(|t| t.as_bytes().to_vec()).collect();
            zone.insert(name, TxtAnswer::Records { ttl: 1, texts });
        }
        check(&Dns::zone(zone), "corp.example", ip.parse().unwrap()).await
    }

    #[tokio::test]
    async fn records_are_followed() {
        let pass = |how: &str| SpfResult::Pass(how.to_owned());
        let not = |how: &str| SpfResult::NotPass(how.to_owned());
        for (records, ip, wanted) in [
            (&[("corp.example", "v=spf1 ip4:198.51.100.0/24 -all")][..], "198.51.100.20", pass("ip4:198.51.100.0/24")),
            (&[("corp.example", "v=spf1 ip4:198.51.100.0/24 -all")], "198.51.101.20", not("-all")),
            (&[("corp.example", "v=spf1 ip4:198.51.100.20 ~all")], "2001:db8::1", not("~all")),
            (&[("corp.example", "V=SPF1 ip6:2001:db8::/32 ?all")], "2001:db8::1", pass("ip6:2001:db8::/32")),
            (&[("corp.example", "v=spf1 +all")], "192.0.2.1", pass("all")),
            (&[("corp.example", "v=spf1 ip4:0.0.0.0/0")], "192.0.2.1", pass("ip4:0.0.0.0/0")),
            (&[("corp.example", "v=spf1 exp=x.example")], "192.0.2.1", not("no term of it")),
            (
                &[("corp.example", "other|v=spf1 include:a.example -all"), ("a.example", "v=spf1 ip4:192.0.2.1 -all")],
                "192.0.2.1",
                pass("include:a.example ip4:192.0.2.1"),
            ),
            (
                &[("corp.example", "v=spf1 include:a.example ~all"), ("a.example", "v=spf1 -all")],
                "192.0.2.1",
                not("~all"),
            ),
            (
                &[("corp.example", "v=spf1 redirect=a.example"), ("a.example", "v=spf1 ip4:192.0.2.1 -all")],
                "192.0.2.1",
                pass("ip4:192.0.2.1"),
            ),
        ] {
            assert_eq!(outcome(records, ip).await, wanted, "{records:?} {ip}");
        }
    }

    #[tokio::test]
    async fn what_does_not_count_says_why() {
        let broken = [
            "v=spf1 ip4:198.51.100.0/33 -all",
            "v=spf1 ip5:1.2.3.4 -all",
            "v=spf1 include:none.example -all",
            "v=spf1 redirect=none.example",
            "v=spf1 -all|v=spf1 +all",
            "v=spf1 include:corp.example -all",
        ];
        for record in broken {
            let found = outcome(&[("corp.example", record)], "192.0.2.1").await;
            assert!(matches!(found, SpfResult::Broken(_)), "{record}: {found:?}");
        }
        assert_eq!(outcome(&[("corp.example", "v=spf10 +all")], "192.0.2.1").await, SpfResult::NoRecord);
        for record in ["v=spf1 exists:%{i}.example -all", "v=spf1 mx -all", "v=spf1 ptr -all"] {
            let found = outcome(&[("corp.example", record)], "192.0.2.1").await;
            assert!(matches!(found, SpfResult::Unknown(_)), "{record}: {found:?}");
        }
    }
}
