//! Target staging: a person's own servers, and where ours listen.

use super::{account::Account, endpoint::TlsMode};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// A server of yours, with ours around it.
#[derive(Debug, Clone)]
pub struct Staging {
    /// The accounts whose mail your servers forward.
    pub company: Vec<Account>,
    /// The accounts that it is forwarded to, which get mailboxes at the look-alike.
    pub receivers: Vec<Account>,
    /// Your servers by the domains (lower case) whose mail they take.
    pub servers: BTreeMap<String, ForwardingServer>,
    /// Where our servers listen.
    pub at: StagingSpec,
    /// Where DNS is asked for what we do not know; `None` is the system's resolver.
    pub dns: Option<SocketAddr>,
}

/// A server of yours that takes mail and forwards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardingServer {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
}

/// Where our servers of target staging listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagingSpec {
    /// The address; 0.0.0.0 for every one of this machine.
    pub listen: IpAddr,
    /// The port of the receiver's MX.
    pub smtp: u16,
    /// The port of the outside sender's MX, which takes bounces.
    pub bounces: u16,
    /// The port of the DNS.
    pub dns: u16,
    /// The port of the receiver's mailboxes, on 127.0.0.1; 0 for any free one.
    pub imap: u16,
}

impl Default for StagingSpec {
    fn default() -> Self {
        Self { listen: IpAddr::V4(Ipv4Addr::LOCALHOST), smtp: 2526, bounces: 2527, dns: 5300, imap: 0 }
    }
}
