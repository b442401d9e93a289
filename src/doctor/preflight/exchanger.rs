//! Does the server under test take mail from here? Port 25 is closed in many networks.

use super::{
    PATIENCE, Preflight,
    connectivity::{self, Step},
    submission_check::hello,
};
use crate::{
    catalogue::Cause,
    doctor::Report,
    outcome::HarnessErrorKind,
    probe::submit,
    target::{Account, Endpoint, TlsMode},
};
use std::net::IpAddr;

/// The port of mail between servers (RFC 5321 §4.5.4.2).
const PORT: u16 = 25;

impl Preflight<'_> {
    /// The server that takes mail for an account: the one of the project file, or those of DNS; its greeting.
    pub(super) async fn exchanger(&self, account: &Account, report: &mut Report) -> Option<String> {
        let server = format!("{}.mx", account.name);
        let (endpoint, is_direct) = match &account.mx {
            Some(mx) => (mx.clone(), true),
            None => (self.of_dns(account, &server, report).await?, false),
        };
        let visit = match submit::server_info(&endpoint, &self.helo(), PATIENCE, self.tokens).await {
            Ok(visit) => visit,
            // The mail goes another way, so this machine need not get through.
            Err(error) if !is_direct && error.kind == HarnessErrorKind::Connection => {
                let text = format!("{}: {}; mail goes by the sender's own server", error.stage, error.message);
                report.warn(&format!("{server}.connect"), Cause::H04, text, error.next);
                report.skip(&format!("{server}.hello"), format!("not looked at, because {server}.connect failed"));
                return None;
            }
            Err(error) => {
                connectivity::failed(report, &server, &error, Step::Hello);
                return None;
            }
        };
        let how = if is_direct { "the project file names it; mail is handed over there" } else { "as DNS says" };
        report.ok(&format!("{server}.connect"), format!("{}:{} answers, {how}", endpoint.host, endpoint.port));
        if endpoint.tls != TlsMode::None {
            connectivity::tls(report, &server, &endpoint, visit.certificate.as_ref(), self.now);
        } else if visit.extensions.is_some() {
            starttls(report, &server, visit.offers("STARTTLS"));
        }
        hello(report, &server, &visit, Cause::D13);
        Some(visit.greeting)
    }

    async fn of_dns(&self, account: &Account, server: &str, report: &mut Report) -> Option<Endpoint> {
        let (check, domain) = (format!("{server}.dns"), account.domain());
        let next = "ask again when it answers, or ask another DNS with --dns";
        let mut hosts = match self.dns.exchangers(&domain).await {
            Ok(hosts) => hosts,
            Err(why) => {
                report.unknown(&check, why, next);
                return None;
            }
        };
        if hosts.is_empty() {
            // A domain without MX takes mail itself (RFC 5321 §5.1).
            hosts.push(domain.clone());
        }
        let mut addresses = Vec::new();
        for host in &hosts {
            match self.dns.addresses(host).await {
                Ok(found) => addresses.extend(found.into_iter().map(|address| (host, address))),
                Err(why) => {
                    report.unknown(&check, why, next);
                    return None;
                }
            }
        }
        let Some((host, address)) = addresses.first() else {
            let text = format!("nobody takes mail for {domain}: {} has no address", hosts.join(", "));
            report.fail(&check, Cause::H03, text, "publish the MX record, or name the server with `mx` of the account");
            return None;
        };
        let text = format!("{host} takes mail for {domain}, at {address}");
        report.ok(&check, &text);
        if is_made_up(*address) {
            report
                .skip(&format!("{server}.connect"), "not tried: the address is for documentation (RFC 5737, RFC 3849)");
            return None;
        }
        let (host, tls_name) = (address.to_string(), Some((*host).clone()));
        Some(Endpoint { host, port: PORT, tls: TlsMode::None, tls_name, ca_pem: None, login: None })
    }
}

/// Addresses that belong to nobody; those of our labs are such.
fn is_made_up(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_documentation(),
        IpAddr::V6(v6) => v6.segments()[..2] == [0x2001, 0xdb8],
    }
}

fn starttls(report: &mut Report, server: &str, offered: bool) {
    let check = format!("{server}.starttls");
    if offered {
        report.ok(&check, "the server offers STARTTLS");
    } else {
        let text = "the server offers no STARTTLS; Gmail wants TLS of whoever it talks to";
        report.warn(&check, None, text, "for Postfix, set smtpd_tls_security_level = may and a certificate");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lives_at_addresses_for_documentation() {
        for (address, made_up) in
            [("198.51.100.20", true), ("192.0.2.1", true), ("2001:db8::1", true), ("127.0.0.1", false), ("::1", false)]
        {
            assert_eq!(is_made_up(address.parse().unwrap()), made_up, "{address}");
        }
    }
}
