//! DNS for verification: live and recorded, or replayed from a zone file.

use std::net::SocketAddr;

/// Where answers come from. Clones are cheap and share one resolver and its cache.
#[derive(Clone)]
pub struct Dns {}

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
        unimplemented!()
    }

    /// One server, by UDP and TCP.
    ///
    /// # Errors
    /// When the resolver cannot be built.
    pub fn server(address: SocketAddr) -> Result<Self, DnsError> {
        let _ = address;
        unimplemented!()
    }

    /// Only what this zone file holds; every other name does not exist. No packet is sent.
    pub fn zone(zone: ZoneFile) -> Self {
        let _ = zone;
        unimplemented!()
    }
}

/// TXT answers in master-file form (RFC 1035 §5): records, `NXDOMAIN` and `SERVFAIL` remarks as comments that are read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ZoneFile {}

/// Why a text is no zone file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ZoneError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there and what to write instead.
    pub message: String,
}

impl ZoneFile {
    /// Reads what [`ZoneFile::to_text`] writes, and ordinary TXT lines of master files.
    ///
    /// # Errors
    /// With the line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let _ = text;
        unimplemented!()
    }

    /// The file's text, names sorted.
    pub fn to_text(&self) -> String {
        unimplemented!()
    }
}
