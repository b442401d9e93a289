//! The certificate of a server that could not prove itself. The TLS library says no more of it than that it is wrong, so
//! the server is asked once more by a connection that trusts everybody, reads the certificate, says nothing and closes.

use super::{
    certificate::Certificate,
    timed::{Deadline, Timed},
};
use crate::{
    core::tls_client::{self, TlsClient, Trust},
    target::{Endpoint, TlsMode},
};
use std::{
    io::{self, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

/// How long it may take altogether.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is spoken before TLS begins, where it does not begin at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    /// RFC 3207.
    Smtp,
    /// RFC 3501 §6.2.1.
    Imap,
    /// Nothing is.
    Https,
}

/// The certificate that the server shows; `None` where it does not come to that. Waits for at most three seconds.
pub(super) fn ask(endpoint: &Endpoint, protocol: Protocol) -> Option<Certificate> {
    let deadline = Deadline::default();
    deadline.set(Some(Instant::now() + PATIENCE));
    let mut addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs().ok()?;
    let tcp =
        addresses.find_map(|address| TcpStream::connect_timeout(&address, deadline.at_most(PATIENCE).ok()?).ok())?;
    let mut tcp = Timed::new(tcp, deadline);
    if endpoint.tls == TlsMode::Starttls {
        starttls(&mut tcp, protocol).ok()?;
    }
    let tls = TlsClient::new(Trust::Anyone).ok()?.connect(endpoint.certificate_name(), tcp).ok()?;
    Certificate::read(&tls_client::peer_certificate(&tls)?)
}

/// Asks for TLS and reads until the server agrees.
fn starttls(tcp: &mut Timed, protocol: Protocol) -> io::Result<()> {
    let steps: &[(&str, &str)] = match protocol {
        Protocol::Smtp => &[("", "220 "), ("EHLO localhost\r\n", "250 "), ("STARTTLS\r\n", "220 ")],
        Protocol::Imap => &[("", "* OK"), ("s1 STARTTLS\r\n", "s1 OK")],
        Protocol::Https => &[],
    };
    for (command, answer) in steps {
        tcp.write_all(command.as_bytes())?;
        while !tcp.line()?.to_ascii_uppercase().starts_with(&answer.to_ascii_uppercase().into_bytes()) {}
    }
    Ok(())
}
