//! What went wrong on the way to a reply, in words.

use crate::{
    mail::reply::Reply,
    outcome::{HarnessCode, StageError},
    scenario::target::Endpoint,
};
use std::{error::Error, io};

pub(super) fn place(endpoint: &Endpoint) -> String {
    format!("{}:{}", endpoint.host, endpoint.port)
}

/// The host name has no address.
pub(super) fn resolve(endpoint: &Endpoint, error: &io::Error) -> StageError {
    StageError::new(
        HarnessCode::H03,
        format!("resolve {}", endpoint.host),
        format!("no address for `{}`: {error}", endpoint.host),
        "check the host name in the configuration and this machine's resolver",
    )
}

/// Port 25 is special: cloud and home networks drop what goes there.
const PORT_25: &str = "many networks block outgoing port 25: try from another machine, or submit on port 587";

/// Nothing came until the time was over.
pub(super) fn silent(endpoint: &Endpoint, waiting: &str, waited: &str) -> StageError {
    let place = place(endpoint);
    let next = match (endpoint.port, waiting) {
        (25, "the greeting") => PORT_25.to_owned(),
        _ => format!("check that {place} is up and not behind a firewall that drops packets, or allow more time"),
    };
    let message = format!("{waiting} did not come within {waited}");
    StageError::new(HarnessCode::H04, format!("submit to {place}"), message, next)
}

/// No address answers.
pub(super) fn connect(endpoint: &Endpoint, error: &io::Error) -> StageError {
    let next = match (error.kind(), endpoint.port) {
        (io::ErrorKind::ConnectionRefused, _) => "nothing listens there: check host and port, and that the server runs",
        (_, 25) => PORT_25,
        _ => "check host, port and firewalls between here and there",
    };
    StageError::new(HarnessCode::H04, format!("connect {}", place(endpoint)), error.to_string(), next)
}

/// The connection ended, or what came is no SMTP, while `waiting` was due.
pub(super) fn broken(
    endpoint: &Endpoint,
    waiting: &str,
    last_line: Option<&str>,
    error: Option<&(dyn Error + 'static)>,
) -> StageError {
    let mut cause = error;
    let mut broken = None;
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<io::Error>() {
            broken = Some(io);
        }
        cause = e.source();
    }
    let stage = format!("submit to {}", place(endpoint));
    let told = error.map(ToString::to_string).unwrap_or_default();
    if let Some(io) = broken.filter(|io| io.kind() != io::ErrorKind::InvalidData) {
        let message = format!("the connection broke while waiting for {waiting}: {io}");
        return StageError::new(
            HarnessCode::H04,
            stage,
            message,
            "see the server's log for why it closed the connection",
        );
    }
    if told.contains("incomplete response") && broken.is_none() {
        let message = format!("the server closed the connection instead of giving {waiting}");
        return StageError::new(
            HarnessCode::H04,
            stage,
            message,
            "see the server's log for why it closed the connection",
        );
    }
    let line = last_line.map_or(String::new(), |l| format!("; it last sent `{l}`"));
    let message = format!("the server did not give {waiting} as SMTP wants it: {told}{line}");
    StageError::new(HarnessCode::H07, stage, message, "check that an SMTP server listens on this host and port")
}

/// The server is at a limit.
pub(super) fn limit(endpoint: &Endpoint, what: &str, reply: &Reply) -> StageError {
    StageError::new(
        HarnessCode::H06,
        format!("{what} {}", place(endpoint)),
        format!("the server answered {reply}"),
        "wait and run fewer scenarios at once (`--jobs`), or see the server's limits for connections and rate",
    )
}

/// STARTTLS is not to be had; nothing was sent in clear.
pub(super) fn no_starttls(endpoint: &Endpoint, message: String) -> StageError {
    let next = "enable STARTTLS on the server; only for a server on a private network, write `tls: none`";
    StageError::new(HarnessCode::H05, format!("starttls {}", place(endpoint)), message, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::target::TlsMode;

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
        let dropped = io::Error::from(io::ErrorKind::TimedOut);
        for (port, told) in [(25, true), (587, false)] {
            for error in [connect(&at(port), &dropped), silent(&at(port), "the greeting", "30s")] {
                assert_eq!(error.code, HarnessCode::H04);
                assert_eq!(error.next.contains("block outgoing port 25"), told, "{error:?}");
            }
        }
        assert!(!silent(&at(25), "the answer to MAIL", "30s").next.contains("port 587"));
    }
}
