//! What went wrong on the way to a reply, in words.

use super::{connection::Broken, recorder::Recording};
use crate::{
    core::duration,
    evidence::Stage,
    mail::reply::Reply,
    outcome::{HarnessError, HarnessErrorKind},
    target::Endpoint,
};
use std::{io, net::SocketAddr, time::Duration};

/// The host name has no address.
pub(super) fn resolve(endpoint: &Endpoint, error: &io::Error) -> HarnessError {
    HarnessError::new(
        HarnessErrorKind::Dns,
        format!("resolve {}", endpoint.host),
        format!("no address for `{}`: {error}", endpoint.host),
        "check the host name in the configuration and this machine's resolver",
    )
}

/// Port 25 is special: cloud and home networks drop what goes there.
const PORT_25: &str = "many networks block outgoing port 25: try from another machine, or submit on port 587";

/// Why a server closes a connection is known there.
const SEE_ITS_LOG: &str = "see the server's log for why it closed the connection";

/// It speaks something else.
const NO_SMTP: &str = "check that an SMTP server listens on this host and port";

/// The server said nothing until the time was over.
pub(super) fn silent(endpoint: &Endpoint, record: &Recording, waited: Duration) -> HarnessError {
    let (place, waiting) = (endpoint.place(), record.waiting_for());
    let next = match (endpoint.port, record.stage()) {
        (25, Stage::Connect) => PORT_25.to_owned(),
        _ => format!("check that {place} is up and not behind a firewall that drops packets, or allow more time"),
    };
    let message = format!("{waiting} did not come within {}", duration::human(waited));
    HarnessError::new(HarnessErrorKind::Connection, format!("submit to {place}"), message, next)
}

/// TLS was not agreed on until the time was over.
pub(super) fn handshake(endpoint: &Endpoint, waited: Duration) -> HarnessError {
    let message = format!("the server did not answer the tls handshake within {}", duration::human(waited));
    let next = "the server accepts connections and says nothing: see its log, and whether the port is one for tls";
    HarnessError::new(HarnessErrorKind::Connection, format!("tls {}", endpoint.place()), message, next)
}

/// No address answers: what each of them did.
pub(super) fn connect(endpoint: &Endpoint, failed: &[(SocketAddr, io::Error)]) -> HarnessError {
    let is_refused = failed.iter().all(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused);
    let next = match endpoint.port {
        _ if !failed.is_empty() && is_refused => "nothing listens there: check host and port, and that the server runs",
        25 => PORT_25,
        _ => "check host, port and firewalls between here and there",
    };
    let each: Vec<_> = failed.iter().map(|(address, error)| format!("{address}: {error}")).collect();
    let each = if each.is_empty() { "the name has no address".to_owned() } else { each.join("; ") };
    HarnessError::new(
        HarnessErrorKind::Connection,
        format!("connect {}", endpoint.place()),
        format!("could not connect: {each}"),
        next,
    )
}

/// There is no reply where `waiting` was due.
pub(super) fn broken(endpoint: &Endpoint, waiting: &str, broken: &Broken) -> HarnessError {
    let (code, message, next) = match broken {
        Broken::Io(error) => {
            let message = format!("the connection broke while waiting for {waiting}: {error}");
            (HarnessErrorKind::Connection, message, SEE_ITS_LOG)
        }
        Broken::Closed => {
            let message = format!("the server closed the connection instead of giving {waiting}");
            (HarnessErrorKind::Connection, message, SEE_ITS_LOG)
        }
        Broken::Garbled(what) => {
            let message = format!("the server did not give {waiting} as SMTP wants it: {what}");
            (HarnessErrorKind::Protocol, message, NO_SMTP)
        }
        Broken::Unasked(line) => {
            let message = format!("after {waiting} the server sent `{line}`, which nobody had asked for");
            (HarnessErrorKind::Protocol, message, NO_SMTP)
        }
    };
    HarnessError::new(code, format!("submit to {}", endpoint.place()), message, next)
}

/// The server is at a limit.
pub(super) fn limit(endpoint: &Endpoint, reply: &Reply) -> HarnessError {
    HarnessError::new(
        HarnessErrorKind::ProviderLimit,
        format!("submit to {}", endpoint.place()),
        format!("the server answered {reply}"),
        "wait and run fewer scenarios at once (`--jobs`), or see the server's limits for connections and rate",
    )
}

/// STARTTLS is not to be had; nothing was sent in clear.
pub(super) fn no_starttls(endpoint: &Endpoint, message: String) -> HarnessError {
    let next = "enable STARTTLS on the server; only for a server on a private network, write `tls: none`";
    HarnessError::new(HarnessErrorKind::Tls, format!("starttls {}", endpoint.place()), message, next)
}

/// An address that only a server with SMTPUTF8 can take (RFC 6531 §3.2).
pub(super) fn no_smtputf8(endpoint: &Endpoint, address: &str) -> HarnessError {
    let message = format!("`{address}` needs SMTPUTF8 (RFC 6531), which the server does not offer; nothing was sent");
    let next = "write an address whose part before the `@` is ASCII, or send by a server that offers SMTPUTF8";
    HarnessError::new(HarnessErrorKind::Protocol, format!("submit to {}", endpoint.place()), message, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TlsMode;
    use std::time::Instant;

    #[test]
    fn port_25_is_told_of_where_packets_are_dropped() {
        let at = |port| Endpoint {
            host: "mx.corp.example".into(),
            port,
            tls: TlsMode::None,
            tls_name: None,
            ca_pem: None,
            login: None,
        };
        let dropped = [([192, 0, 2, 1], 25), ([192, 0, 2, 2], 25)]
            .map(|address| (address.into(), io::Error::from(io::ErrorKind::TimedOut)));
        let wait = Duration::from_secs(30);
        let mut record = Recording::new(Instant::now());
        for (port, told) in [(25, true), (587, false)] {
            for error in [connect(&at(port), &dropped), silent(&at(port), &record, wait)] {
                assert_eq!(error.kind, HarnessErrorKind::Connection);
                assert_eq!(error.next.contains("block outgoing port 25"), told, "{error:?}");
            }
        }
        record.asks(Stage::Mail, None, "");
        assert!(!silent(&at(25), &record, wait).next.contains("port 587"));
        let told = connect(&at(25), &dropped).message;
        assert_eq!(told, "could not connect: 192.0.2.1:25: timed out; 192.0.2.2:25: timed out");
    }
}
