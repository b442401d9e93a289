//! Answers that are not the true ones.

use super::records::normal;
use crate::target::knobs::{DnsAnswer, DnsFault};
use hickory_server::proto::rr::RecordType;
use std::str::FromStr;

/// A fault names no record type that DNS knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown record type `{0}` in a dns fault; write for example TXT, MX, A, AAAA or PTR")]
pub(crate) struct DnsFaultError(String);

/// The faults of a world, in order; the first that matches counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct DnsFaults(Vec<(String, RecordType, DnsAnswer)>);

impl DnsFaults {
    /// Reads the knobs.
    ///
    /// # Errors
    /// When a record type is unknown.
    pub(crate) fn new(faults: &[DnsFault]) -> Result<Self, DnsFaultError> {
        let mut all = Vec::new();
        for fault in faults {
            let rtype = RecordType::from_str(&fault.rtype.to_ascii_uppercase());
            all.push((normal(&fault.name), rtype.map_err(|_| DnsFaultError(fault.rtype.clone()))?, fault.answer));
        }
        Ok(Self(all))
    }

    /// What is answered for this name and type instead of the truth.
    pub(crate) fn find(&self, name: &str, rtype: RecordType) -> Option<DnsAnswer> {
        let name = normal(name);
        self.0.iter().find(|(n, t, _)| *n == name && *t == rtype).map(|(_, _, answer)| *answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, rtype: &str, answer: DnsAnswer) -> DnsFault {
        DnsFault { name: name.into(), rtype: rtype.into(), answer }
    }

    #[test]
    fn the_first_match_counts() {
        let faults = DnsFaults::new(&[
            fault("Ext.example.", "txt", DnsAnswer::ServFail),
            fault("ext.example", "TXT", DnsAnswer::NxDomain),
        ])
        .unwrap();
        assert_eq!(faults.find("ext.EXAMPLE", RecordType::TXT), Some(DnsAnswer::ServFail));
        assert_eq!(faults.find("ext.example.", RecordType::MX), None);
    }

    #[test]
    fn an_unknown_type_is_named() {
        let error = DnsFaults::new(&[fault("ext.example", "TXTT", DnsAnswer::ServFail)]).unwrap_err();
        assert!(error.to_string().contains("`TXTT`"));
    }
}
