//! What went wrong on the way to a reply, in words.

use crate::{
    mail::reply::Reply,
    outcome::{HarnessCode, StageError},
    scenario::target::Endpoint,
};
use std::{error::Error, io};

fn place(endpoint: &Endpoint) -> String {
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

/// No address answers.
pub(super) fn connect(endpoint: &Endpoint, error: &io::Error) -> StageError {
    let next = match (error.kind(), endpoint.port) {
        (io::ErrorKind::ConnectionRefused, _) => "nothing listens there: check host and port, and that the server runs",
        (_, 25) => "many networks block outgoing port 25: try from another machine, or submit on port 587",
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
