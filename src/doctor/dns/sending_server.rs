//! The domain whose mail is forwarded, and the addresses that its server sends from.

use crate::{
    catalogue::Cause,
    doctor::Report,
    verify::{
        Dns,
        spf::{self, SpfResult},
    },
};
use std::{collections::BTreeSet, net::IpAddr};

/// Looks at the records of domains and addresses. Where nobody names an address, those of `host` are looked up.
pub(in crate::doctor) async fn look(
    dns: &Dns,
    domains: &BTreeSet<String>,
    addresses: &[IpAddr],
    host: Option<&str>,
    report: &mut Report,
) {
    let mut addresses = addresses.to_vec();
    if let (true, Some(host)) = (addresses.is_empty(), host) {
        addresses = dns.addresses(host).await.unwrap_or_default();
    }
    for domain in domains {
        spf(dns, domain, &addresses, report).await;
        dmarc(dns, domain, report).await;
    }
    for address in addresses {
        pointer(dns, address, report).await;
    }
}

/// With SRS the server sends in the domain's name, and so do its bounces.
async fn spf(dns: &Dns, domain: &str, addresses: &[IpAddr], report: &mut Report) {
    let check = format!("dns.spf.{domain}");
    if addresses.is_empty() {
        let text = format!("no address of the server of {domain} is known, so its SPF record was not looked at");
        report.warn(&check, None, text, "name the addresses that it sends from with --address");
    }
    for address in addresses {
        let version = if address.is_ipv4() { 4 } else { 6 };
        match spf::check(dns, domain, *address).await {
            SpfResult::Pass(how) => report.ok(&check, format!("{domain} lets {address} send, by {how}")),
            SpfResult::NotPass(how) => {
                let next = format!("add ip{version}:{address} to the record");
                report.fail(&check, Cause::D40, format!("{domain} does not let {address} send, by {how}"), next);
            }
            SpfResult::NoRecord => {
                let next = format!("publish `v=spf1 ip{version}:{address} ~all`");
                report.fail(&check, Cause::D40, format!("{domain} has no SPF record"), next);
            }
            SpfResult::Broken(why) => {
                let text = format!("the SPF record of {domain} does not count: {why}");
                report.fail(&check, Cause::D40, text, "correct it");
            }
            SpfResult::Unknown(why) => {
                let text = format!("whether {domain} lets {address} send was not found out: {why}");
                report.warn(&check, None, text, "ask a DNS that knows, with --dns system");
            }
        }
    }
}

async fn dmarc(dns: &Dns, domain: &str, report: &mut Report) {
    let check = format!("dns.dmarc.{domain}");
    let name = format!("_dmarc.{domain}");
    let mut records = match dns.texts(&name).await {
        Ok(texts) => texts,
        Err(text) => return report.unknown(&check, text, "ask again when it answers"),
    };
    records.retain(|text| text.trim_start().starts_with("v=DMARC1"));
    match records.as_slice() {
        [record] => report.ok(&check, format!("{name} says {record}")),
        [] => {
            let text = format!("{domain} has no DMARC record; Gmail wants one of who sends much");
            report.warn(&check, None, text, format!("publish `v=DMARC1; p=none` at {name}"));
        }
        many => {
            let text = format!("there are {} DMARC records at {name}, so none counts", many.len());
            report.warn(&check, None, text, "leave one");
        }
    }
}

async fn pointer(dns: &Dns, address: IpAddr, report: &mut Report) {
    let check = format!("dns.ptr.{address}");
    let names = match dns.names(address).await {
        Ok(names) => names,
        Err(why) => {
            let text = format!("the name of {address} was not found out: {why}");
            return report.warn(&check, None, text, "ask a DNS that knows, with --dns system");
        }
    };
    let next = "ask who gave you the address for a PTR record with the server's name, and give that name the address";
    let Some(first) = names.first() else {
        return report.fail(&check, Cause::D07, format!("{address} has no name (PTR)"), next);
    };
    for name in &names {
        if dns.addresses(name).await.is_ok_and(|back| back.contains(&address)) {
            return report.ok(&check, format!("{address} is {name}, and {name} is {address}"));
        }
    }
    report.fail(&check, Cause::D07, format!("{address} is {first}, which has another address"), next);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::Status,
        verify::{TxtAnswer, ZoneFile},
    };

    async fn looked(records: &[(&str, &str)]) -> Report {
        let mut zone = ZoneFile::default();
        for (name, text) in records {
            let texts = text.split('|').map(|t| t.as_bytes().to_vec()).collect();
            zone.insert(name, TxtAnswer::Records { ttl: 1, texts });
        }
        let mut report = Report::default();
        let domains = BTreeSet::from(["corp.example".to_owned()]);
        look(&Dns::zone(zone), &domains, &["198.51.100.20".parse().unwrap()], None, &mut report).await;
        report
    }

    #[tokio::test]
    async fn records_that_stop_mail_fail() {
        let spf = |report: &Report| report.check("dns.spf.corp.example").unwrap().clone();
        let dmarc = |report: &Report| report.check("dns.dmarc.corp.example").unwrap().clone();
        let good =
            looked(&[("corp.example", "v=spf1 ip4:198.51.100.20 -all"), ("_dmarc.corp.example", "v=DMARC1; p=none")])
                .await;
        assert_eq!((spf(&good).status, dmarc(&good).status), (Status::Ok, Status::Ok));
        assert_eq!(good.check("dns.ptr.198.51.100.20").unwrap().status, Status::Warn, "a zone file has no names");
        for record in ["v=spf1 ip4:198.51.100.21 -all", "other", "v=spf1 x -all"] {
            let bad = looked(&[("corp.example", record)]).await;
            assert_eq!((spf(&bad).status, spf(&bad).code), (Status::Fail, Some(Cause::D40)), "{record}");
            assert_eq!(dmarc(&bad).status, Status::Warn);
        }
        let two = looked(&[("_dmarc.corp.example", "v=DMARC1; p=none|v=DMARC1; p=reject")]).await;
        assert!(dmarc(&two).text.contains("2 DMARC records"));
    }
}
