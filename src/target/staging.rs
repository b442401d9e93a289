//! Target staging: a person's own servers, and where ours listen.

use super::{account::Account, endpoint::TlsMode};
use crate::core::reading::{Wrong, value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Staging", description = "Where our servers of target staging listen.")]
pub struct StagingSpec {
    /// An address of this machine that your server reaches; 127.0.0.1 when not written, 0.0.0.0 for every one.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "Option<String>")]
    pub listen: IpAddr,
    /// The port of the look-alike's MX; 2526 when not written.
    #[serde(deserialize_with = "port")]
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub smtp: u16,
    /// The port of the outside sender's MX, which takes bounces; 2527 when not written.
    #[serde(deserialize_with = "port")]
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub bounces: u16,
    /// The port of the DNS; 5300 when not written.
    #[serde(deserialize_with = "port")]
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub dns: u16,
    /// The port of the look-alike's mailboxes, on 127.0.0.1; any free one when not written.
    #[serde(deserialize_with = "port")]
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub imap: u16,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    let text = value(deserializer, |text: &Option<String>| match text {
        Some(text) if text.parse::<IpAddr>().is_err() => Err(Wrong::new(
            format!("`{text}` is no IP address"),
            "write an IP address of this machine that your server reaches",
        )),
        _ => Ok(()),
    })?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)))
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let port = value(deserializer, |port: &Option<u16>| match port {
        Some(0) => Err(Wrong::new("port 0 cannot be connected to", "write a number from 1 to 65535")),
        _ => Ok(()),
    })?;
    Ok(port.unwrap_or_default())
}

impl Default for StagingSpec {
    fn default() -> Self {
        Self { listen: IpAddr::V4(Ipv4Addr::LOCALHOST), smtp: 2526, bounces: 2527, dns: 5300, imap: 0 }
    }
}
