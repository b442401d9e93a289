//! The records of every party.

use super::Records;
use crate::{
    lab::embedded::{hosts::*, keys::Keys},
    target::{
        Knobs,
        knobs::{ArcSealing, DmarcRecord, PublishedKey, SealedResults, SenderDkim, SpfRecord},
    },
};
use hickory_server::proto::ProtoError;

/// What DNS says in a world with these knobs and this company. `arc_record` is the text that publishes its key for ARC
/// alone.
///
/// # Errors
/// When a name is no domain name.
pub(crate) fn world_records(knobs: &Knobs, keys: &Keys, at: &Company, arc_record: &str) -> Result<Records, ProtoError> {
    let records = without_company(knobs, keys)?;
    company(&records, knobs, keys, at, arc_record)?;
    Ok(records)
}

/// What DNS says of the other parties.
///
/// # Errors
/// When a name is no domain name.
pub(crate) fn without_company(knobs: &Knobs, keys: &Keys) -> Result<Records, ProtoError> {
    let records = Records::default();
    external(&records, knobs, keys)?;
    google(&records, keys)?;
    Ok(records)
}

fn key_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

fn external(records: &Records, knobs: &Knobs, keys: &Keys) -> Result<(), ProtoError> {
    records.set_host(EXTERNAL_IMAP_HOST, EXTERNAL_ADDRESS)?;
    records.set_host(EXTERNAL_HOST, EXTERNAL_ADDRESS)?;
    records.set_mx(EXTERNAL_DOMAIN, &[(10, EXTERNAL_HOST)])?;
    records.set_txt(EXTERNAL_HOST, "v=spf1 a -all");
    let all = match knobs.external.spf {
        SpfRecord::Absent => None,
        SpfRecord::Neutral => Some("?all"),
        SpfRecord::Softfail => Some("~all"),
        SpfRecord::Fail => Some("-all"),
    };
    if let Some(all) = all {
        records.set_txt(EXTERNAL_DOMAIN, &format!("v=spf1 ip4:{EXTERNAL_ADDRESS} {all}"));
    }
    let policy = match knobs.external.dmarc {
        DmarcRecord::Absent => None,
        DmarcRecord::None => Some("none"),
        DmarcRecord::Quarantine => Some("quarantine"),
        DmarcRecord::Reject => Some("reject"),
    };
    if let Some(policy) = policy {
        records.set_txt(&format!("_dmarc.{EXTERNAL_DOMAIN}"), &format!("v=DMARC1; p={policy}"));
    }
    let key = if knobs.external.dkim == SenderDkim::Broken { &keys.other } else { &keys.sender };
    records.set_txt(&key_name(EXTERNAL_SELECTOR, EXTERNAL_DOMAIN), &key.record());
    if knobs.external.dkim == SenderDkim::Host {
        records.set_txt(&key_name(EXTERNAL_SELECTOR, EXTERNAL_HOSTER_DOMAIN), &keys.sender.record());
    }
    Ok(())
}

fn company(records: &Records, knobs: &Knobs, keys: &Keys, at: &Company, arc_record: &str) -> Result<(), ProtoError> {
    let Company { domain, host, .. } = at;
    let dkim_record = keys.company_dkim.record();
    records.set_host(host, COMPANY_ADDRESS)?;
    if knobs.company.results == SealedResults::Relay {
        records.set_host(&at.relay(), COMPANY_RELAY_ADDRESS)?;
    }
    records.set_mx(domain, &[(10, host)])?;
    records.set_txt(host, "v=spf1 a -all");
    records.set_txt(domain, &format!("v=spf1 ip4:{COMPANY_ADDRESS} -all"));
    records.set_txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=none");
    records.set_txt(&key_name(COMPANY_DKIM_SELECTOR, domain), &dkim_record);
    let (selector, record) = match knobs.company.arc {
        ArcSealing::Off => return Ok(()),
        ArcSealing::ReusedKey => (COMPANY_DKIM_SELECTOR, dkim_record.as_str()),
        ArcSealing::DedicatedKey => {
            records.set_txt(&key_name(COMPANY_ARC_SELECTOR, domain), arc_record);
            (COMPANY_ARC_SELECTOR, arc_record)
        }
    };
    let sealing = key_name(selector, domain);
    match knobs.company.arc_key {
        PublishedKey::Right => {}
        PublishedKey::Missing => records.remove_txt(&sealing),
        PublishedKey::Other => records.set_txt(&sealing, &keys.other.record()),
        PublishedKey::Damaged => records.set_txt(&sealing, &format!("\"{record}\"")),
        PublishedKey::Revoked => records.set_txt(&sealing, "v=DKIM1; k=rsa; p="),
    }
    Ok(())
}

fn google(records: &Records, keys: &Keys) -> Result<(), ProtoError> {
    records.set_host(GMAIL_IMAP_HOST, GMAIL_ADDRESS)?;
    records.set_host(GMAIL_AUTHSERV_ID, GMAIL_ADDRESS)?;
    records.set_host(GMAIL_MX_HOST, GMAIL_ADDRESS)?;
    records.set_mx(GMAIL_DOMAIN, &[(5, GMAIL_MX_HOST)])?;
    records.set_txt(GMAIL_DOMAIN, "v=spf1 redirect=_spf.google.com");
    records.set_txt(GOOGLE_DOMAIN, "v=spf1 include:_spf.google.com ~all");
    records.set_txt("_spf.google.com", "v=spf1 ip4:203.0.113.0/24 ~all");
    records.set_txt("_dmarc.gmail.com", "v=DMARC1; p=none; sp=quarantine");
    records.set_txt("_dmarc.google.com", "v=DMARC1; p=reject");
    records.set_txt(&key_name(GOOGLE_ARC_SELECTOR, GOOGLE_DOMAIN), &keys.google_arc.record());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::records::Found, *};
    use hickory_server::proto::rr::RecordType;

    fn text(knobs: &Knobs, name: &str) -> Option<String> {
        match world_records(knobs, &Keys::load().unwrap(), &Company::default(), "v=DKIM1; p=QUJD")
            .unwrap()
            .find(name, RecordType::TXT)
        {
            Found::Records(data) => Some(data[0].to_string()),
            _ => None,
        }
    }

    #[test]
    fn knobs_change_the_records() {
        let mut knobs = Knobs::default();
        assert!(text(&knobs, "ext.example").unwrap().ends_with("~all"));
        assert!(text(&knobs, "_dmarc.ext.example").unwrap().contains("p=reject"));
        knobs.external.spf = SpfRecord::Absent;
        knobs.external.dmarc = DmarcRecord::Absent;
        assert_eq!(text(&knobs, "ext.example"), None);
        assert_eq!(text(&knobs, "_dmarc.ext.example"), None);
    }

    #[test]
    fn the_sealing_key_is_the_one_that_is_lost() {
        let mut knobs = Knobs::default();
        knobs.company.arc = ArcSealing::DedicatedKey;
        knobs.company.arc_key = PublishedKey::Missing;
        assert_eq!(text(&knobs, "arc2026._domainkey.corp.example"), None);
        assert!(text(&knobs, "s2026._domainkey.corp.example").is_some());
        knobs.company.arc = ArcSealing::ReusedKey;
        assert_eq!(text(&knobs, "s2026._domainkey.corp.example"), None);
    }
}
