//! The certificate of a server that could not prove itself. The TLS library says no more of it than that it is wrong, so
//! the server is asked once more by a connection that trusts everybody, reads the certificate, says nothing and closes.

use super::certificate::Certificate;
use crate::target::{Endpoint, TlsMode};
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

/// How long it may take altogether.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most bytes that are read before TLS.
const MOST: usize = 16 * 1024;

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
    let until = Instant::now() + PATIENCE;
    let addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs().ok()?;
    let tcp = addresses.into_iter().find_map(|address| TcpStream::connect_timeout(&address, left(until)?).ok())?;
    let mut timed = Timed { tcp, until };
    if endpoint.tls == TlsMode::Starttls {
        timed.starttls(protocol).ok()?;
    }
    let mut anybody = native_tls::TlsConnector::builder();
    anybody.disable_built_in_roots(true).danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    let tls = anybody.build().ok()?.connect(endpoint.certificate_name(), timed).ok()?;
    Certificate::read(&tls.peer_certificate().ok()??.to_der().ok()?)
}

fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// A connection with an end to all of it.
#[derive(Debug)]
struct Timed {
    tcp: TcpStream,
    until: Instant,
}

impl Timed {
    fn hurry(&self) -> io::Result<()> {
        let left = left(self.until).ok_or(io::ErrorKind::TimedOut)?;
        self.tcp.set_read_timeout(Some(left))?;
        self.tcp.set_write_timeout(Some(left))
    }

    /// Asks for TLS and reads until the server agrees.
    fn starttls(&mut self, protocol: Protocol) -> io::Result<()> {
        let steps: &[(&str, &str)] = match protocol {
            Protocol::Smtp => &[("", "220 "), ("EHLO localhost\r\n", "250 "), ("STARTTLS\r\n", "220 ")],
            Protocol::Imap => &[("", "* OK"), ("s1 STARTTLS\r\n", "s1 OK")],
            Protocol::Https => &[],
        };
        for (command, answer) in steps {
            self.write_all(command.as_bytes())?;
            while !self.line()?.to_ascii_uppercase().starts_with(&answer.to_ascii_uppercase()) {}
        }
        Ok(())
    }

    /// One line, byte by byte, so that nothing after it is taken from the TLS handshake.
    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") {
            self.read_exact(&mut byte)?;
            line.push(byte[0]);
            if line.len() > MOST {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.hurry()?;
        self.tcp.read(buf)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.hurry()?;
        self.tcp.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
