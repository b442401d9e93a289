//! What the DNS knows.

use hickory_server::proto::{
    ProtoError,
    rr::{Name, RData, RecordType, rdata},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

/// What DNS has for a name and type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// These records.
    Records(Vec<RData>),
    /// The name exists, without records of this type (RFC 2308 §2.2).
    NoData,
    /// The name does not exist.
    NoName,
}

/// Records by name and type; they may change while the world runs. Clones share the records.
#[derive(Debug, Clone, Default)]
pub struct Records(Arc<RwLock<BTreeMap<String, Types>>>);

type Types = BTreeMap<RecordType, Vec<RData>>;

/// The name in lower case without a final dot.
pub(super) fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl Records {
    /// Replaces the records of a type at a name; none removes them.
    pub(crate) fn set(&self, name: &str, rtype: RecordType, data: Vec<RData>) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let name = normal(name);
        if !data.is_empty() {
            names.entry(name).or_default().insert(rtype, data);
        } else if let Some(types) = names.get_mut(&name) {
            types.remove(&rtype);
            if types.is_empty() {
                names.remove(&name);
            }
        }
    }

    /// Publishes one text in place of what there is.
    pub(crate) fn set_txt(&self, name: &str, text: &str) {
        self.set(name, RecordType::TXT, vec![txt(text)]);
    }

    /// Removes the texts of a name.
    pub(crate) fn remove_txt(&self, name: &str) {
        self.set(name, RecordType::TXT, Vec::new());
    }

    /// Publishes a host: its address, and the name of the address.
    ///
    /// # Errors
    /// When the name is no domain name.
    pub fn set_host(&self, name: &str, address: Ipv4Addr) -> Result<(), ProtoError> {
        self.set(name, RecordType::A, vec![RData::A(rdata::A(address))]);
        let pointer = RData::PTR(rdata::PTR(absolute(name)?));
        self.set(&Name::from(IpAddr::V4(address)).to_ascii(), RecordType::PTR, vec![pointer]);
        Ok(())
    }

    /// Publishes the mail exchangers of a domain with their preferences.
    ///
    /// # Errors
    /// When a host is no domain name.
    pub(crate) fn set_mx(&self, domain: &str, hosts: &[(u16, &str)]) -> Result<(), ProtoError> {
        let data = hosts.iter().map(|(preference, host)| Ok(RData::MX(rdata::MX::new(*preference, absolute(host)?))));
        self.set(domain, RecordType::MX, data.collect::<Result<_, ProtoError>>()?);
        Ok(())
    }

    /// What there is for a name and type.
    pub(crate) fn find(&self, name: &str, rtype: RecordType) -> Found {
        let name = normal(name);
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match names.get(&name).and_then(|types| types.get(&rtype)) {
            Some(data) => Found::Records(data.clone()),
            None => {
                let below = format!(".{name}");
                let exists = name.is_empty() || names.keys().any(|n| *n == name || n.ends_with(&below));
                if exists { Found::NoData } else { Found::NoName }
            }
        }
    }
}

/// A text, in strings of at most 255 octets (RFC 1035 §3.3.14).
pub(super) fn txt(text: &str) -> RData {
    let strings = text.as_bytes().chunks(255).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    RData::TXT(rdata::TXT::new(strings))
}

fn absolute(name: &str) -> Result<Name, ProtoError> {
    Name::from_str(&format!("{}.", normal(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_the_type_is_no_data_and_a_parent_exists() {
        let records = Records::default();
        records.set_txt("s._domainkey.ext.example", "v=DKIM1; p=");
        assert_eq!(records.find("S._domainkey.ext.example.", RecordType::MX), Found::NoData);
        assert_eq!(records.find("ext.example", RecordType::TXT), Found::NoData);
        assert_eq!(records.find("xt.example", RecordType::TXT), Found::NoName);
        records.remove_txt("s._domainkey.ext.example");
        assert_eq!(records.find("ext.example", RecordType::TXT), Found::NoName);
    }

    #[test]
    fn a_host_has_a_pointer() {
        let records = Records::default();
        records.set_host("mx.ext.example", Ipv4Addr::new(192, 0, 2, 1)).unwrap();
        let Found::Records(data) = records.find("1.2.0.192.in-addr.arpa", RecordType::PTR) else { panic!() };
        assert_eq!(data[0].to_string(), "mx.ext.example.");
    }
}
