//! What the records of the domains mean for a mail that is forwarded.

use super::Preflight;
use crate::{
    catalogue::Cause,
    doctor::{
        Report,
        dns::key_record::{KeyRecord, PUBLISH},
    },
    mail::taglist::TagList,
    target::Account,
    verify::Dns,
};
use std::collections::BTreeMap;

/// What a domain has to do with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Sends,
    Forwards,
    Receives,
}

impl Preflight<'_> {
    /// SPF, DMARC and keys of every domain.
    pub(super) async fn records(&self, report: &mut Report) {
        let mut roles: BTreeMap<String, Role> = BTreeMap::new();
        for account in self.target.accounts.values() {
            let role = self.role(account);
            roles.entry(account.domain()).and_modify(|r| *r = role.min(*r)).or_insert(role);
        }
        for (domain, role) in &roles {
            spf(self.dns, domain, *role, report).await;
            dmarc(self.dns, domain, *role, report).await;
            let named = self.keys.iter().any(|key| of_key(key).is_some_and(|(_, of)| of.eq_ignore_ascii_case(domain)))
                || self.signers().any(|(_, signer)| signer.domain == *domain);
            if *role != Role::Receives && !named {
                let text = "selectors stand in signatures alone; name one with --key SELECTOR._domainkey.DOMAIN, \
                            or send a mail with --send";
                report.skip(&format!("dns.key.{domain}"), text);
            }
        }
        for key in self.keys {
            let Some((selector, domain)) = of_key(key) else { continue };
            let check = format!("dns.key.{selector}.{domain}");
            if let Some(record) = KeyRecord::look_up(self.dns, selector, domain, &check, PUBLISH, report).await {
                report.ok(&check, format!("there is a key of {} bits at {}", record.bits, record.name));
            }
        }
    }

    fn role(&self, account: &Account) -> Role {
        if self.senders.contains(&account.name) {
            Role::Sends
        } else if account.forwards_to.is_some() {
            Role::Forwards
        } else {
            Role::Receives
        }
    }
}

/// Selector and domain of a key's name.
pub(super) fn of_key(name: &str) -> Option<(&str, &str)> {
    name.trim_end_matches('.').split_once("._domainkey.").filter(|(s, d)| !s.is_empty() && !d.is_empty())
}

/// The records at a name that begin with a version.
async fn texts(dns: &Dns, name: &str, version: &str) -> Result<Vec<String>, String> {
    let texts = dns.texts(name).await?;
    let texts = texts.iter().map(|text| text.trim().to_owned());
    Ok(texts.filter(|t| t.split([' ', ';']).next().is_some_and(|v| v.eq_ignore_ascii_case(version))).collect())
}

async fn spf(dns: &Dns, domain: &str, role: Role, report: &mut Report) {
    let check = format!("dns.spf.{domain}");
    let records = match texts(dns, domain, "v=spf1").await {
        Ok(records) => records,
        Err(text) => return report.unknown(&check, text, "ask again when it answers"),
    };
    match (records.as_slice(), role) {
        ([record], Role::Sends) if record.to_ascii_lowercase().ends_with("-all") => {
            let text = format!("`{record}`: forwarded without SRS, its mail is refused (D02)");
            report.ok(&check, text);
        }
        ([record], Role::Sends) => {
            report.ok(&check, format!("`{record}`: forwarded without SRS, its mail does not pass SPF"));
        }
        ([record], Role::Forwards) => {
            report.ok(&check, format!("`{record}`: with SRS, what is forwarded passes SPF if the server is in it"));
        }
        ([record], Role::Receives) => report.ok(&check, format!("`{record}`: of no weight for mail to it")),
        ([], Role::Receives) => report.skip(&check, "there is no record, and none is needed to receive"),
        ([], _) => {
            let text = format!("{domain} has no SPF record, so nothing from it passes SPF");
            let next = "publish `v=spf1 ip4:ADDRESS ~all` with the addresses that it sends from";
            report.fail(&check, Cause::D01, text, next);
        }
        (many, _) => {
            let text = format!("there are {} SPF records at {domain}, so none counts", many.len());
            report.fail(&check, Cause::D01, text, "leave one");
        }
    }
}

async fn dmarc(dns: &Dns, domain: &str, role: Role, report: &mut Report) {
    let check = format!("dns.dmarc.{domain}");
    let name = format!("_dmarc.{domain}");
    let records = match texts(dns, &name, "v=DMARC1").await {
        Ok(records) => records,
        Err(text) => return report.unknown(&check, text, "ask again when it answers"),
    };
    match (records.as_slice(), role) {
        ([record], Role::Sends) => {
            let policy = TagList::parse(record.as_bytes()).lower("p");
            let strict = matches!(policy.as_deref(), Some("reject" | "quarantine"));
            let meaning = if strict {
                "forwarded, its mail needs the sender's DKIM signature unbroken, or trust in the seal"
            } else {
                "forwarded, its mail is taken whatever DMARC comes to"
            };
            report.ok(&check, format!("`{record}`: {meaning}"));
        }
        ([record], _) => report.ok(&check, format!("`{record}`: of no weight for mail that others write")),
        ([], Role::Sends) => {
            let text = format!("{domain} has no DMARC record, so no forwarded mail shows what one would do to it");
            report.warn(&check, None, text, format!("publish `v=DMARC1; p=none` at {name}"));
        }
        ([], _) => report.skip(&check, "there is no record, and none is needed for mail that others write"),
        (many, _) => {
            let text = format!("there are {} DMARC records at {name}, so none counts", many.len());
            report.warn(&check, None, text, "leave one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::Status,
        verify::{TxtAnswer, ZoneFile},
    };

    fn dns(records: &[(&str, &str)]) -> Dns {
        let mut zone = ZoneFile::default();
        for (name, text) in records {
            let texts = text.split('|').map(|t| t.as_bytes().to_vec()).collect();
            zone.insert(name, TxtAnswer::Records { ttl: 1, texts });
        }
        Dns::zone(zone)
    }

    #[tokio::test]
    async fn a_record_is_judged_by_what_its_domain_does() {
        let mut report = Report::default();
        for (text, role, status, says) in [
            ("v=spf1 -all", Role::Sends, Status::Ok, "without SRS, its mail is refused"),
            ("v=spf1 ~all", Role::Sends, Status::Ok, "does not pass SPF"),
            ("v=spf1 ~all", Role::Forwards, Status::Ok, "passes SPF if the server is in it"),
            ("v=spf1 ~all|v=spf1 -all", Role::Forwards, Status::Fail, "2 SPF records"),
            ("v=spf10 ~all", Role::Forwards, Status::Fail, "no SPF record"),
            ("other", Role::Sends, Status::Fail, "no SPF record"),
            ("other", Role::Receives, Status::Skip, "none is needed"),
        ] {
            spf(&dns(&[("a.example", text)]), "a.example", role, &mut report).await;
            let found = report.checks.pop().unwrap();
            assert!(found.status == status && found.text.contains(says), "{text}: {found}");
        }
        for (text, role, status, says) in [
            ("v=DMARC1; p=reject", Role::Sends, Status::Ok, "needs the sender's DKIM"),
            ("v=DMARC1;p=none", Role::Sends, Status::Ok, "is taken whatever"),
            ("v=DMARC1; p=none; sp=reject", Role::Sends, Status::Ok, "is taken whatever"),
            ("v=DMARC1; p = Quarantine", Role::Sends, Status::Ok, "needs the sender's DKIM"),
            ("other", Role::Sends, Status::Warn, "no DMARC record"),
            ("other", Role::Forwards, Status::Skip, "none is needed"),
            ("v=DMARC1; p=none|v=DMARC1; p=none", Role::Sends, Status::Warn, "2 DMARC records"),
        ] {
            dmarc(&dns(&[("_dmarc.a.example", text)]), "a.example", role, &mut report).await;
            let found = report.checks.pop().unwrap();
            assert!(found.status == status && found.text.contains(says), "{text}: {found}");
        }
    }

    #[test]
    fn a_key_has_a_selector_and_a_domain() {
        assert_eq!(of_key("s2026._domainkey.corp.example."), Some(("s2026", "corp.example")));
        for wrong in ["corp.example", "._domainkey.corp.example", "s._domainkey."] {
            assert_eq!(of_key(wrong), None, "{wrong}");
        }
    }
}
