//! Sockets that other processes must find, and those of other processes that a world must find.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

/// The port of every server, for worlds that other processes must find; 0 for any free one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// DNS, UDP and TCP.
    pub dns: u16,
    /// The outside sender's submission with STARTTLS.
    pub submission: u16,
    /// The outside sender's submission with TLS from the first byte.
    pub submissions: u16,
    /// The outside sender's mailboxes, TLS from the first byte.
    pub external_imap: u16,
    /// The outside sender's MX.
    pub external_mx: u16,
    /// The company's MX.
    pub company_mx: u16,
    /// The receiver's MX.
    pub gmail_mx: u16,
    /// The receiver's mailboxes, TLS from the first byte.
    pub gmail_imap: u16,
    /// Google's OAuth servers.
    pub oauth: u16,
    /// Where DNS and the MXs listen, when that is not 127.0.0.1.
    pub listen: Option<IpAddr>,
    /// How other machines reach every server; only this one does by default.
    pub reach: Option<Reach>,
    /// Servers of others that mail for a domain (lower case) is handed to, whatever DNS says.
    pub routes: BTreeMap<String, Route>,
    /// A mailbox server that gets the receiver's mail, instead of the world's own mailboxes.
    pub mailbox: Option<MailboxServer>,
}

/// How other machines reach a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Where every server listens.
    pub listen: IpAddr,
    /// The name or the address that other machines know this one by; the certificate of the servers carries it.
    pub host: String,
    /// Its address.
    pub address: IpAddr,
}

/// A mailbox server of somebody else, which takes mail by LMTP (RFC 2033).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxServer {
    /// Where it listens.
    pub socket: SocketAddr,
    /// The detail of the recipient's address (RFC 5233) that spam is handed over with: `user+Junk@domain`.
    pub spam: String,
}

/// A server of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub host: String,
    /// Where it listens.
    pub socket: SocketAddr,
    /// Whether TLS is used when it offers STARTTLS; its certificate is not checked.
    pub tls: bool,
}

impl Ports {
    /// Where DNS or an MX with this port listens.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        self.listen.map_or_else(|| self.logins_at(port), |address| SocketAddr::new(address, port))
    }

    /// Where a server with this port listens that accounts log in to.
    pub(crate) fn logins_at(&self, port: u16) -> SocketAddr {
        let address = self.reach.as_ref().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |reach| reach.listen);
        SocketAddr::new(address, port)
    }

    /// How other programs reach what listens here.
    pub(crate) fn reached_at(&self, listens: SocketAddr) -> SocketAddr {
        self.reach.as_ref().map_or(listens, |reach| SocketAddr::new(reach.address, listens.port()))
    }

    /// The host of a server that listens here, as other programs name it.
    pub(crate) fn host(&self, listens: SocketAddr) -> String {
        self.reach.as_ref().map_or_else(|| listens.ip().to_string(), |reach| reach.host.clone())
    }
}
