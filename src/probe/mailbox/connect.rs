//! From a host name to a greeted connection: TCP, TLS or STARTTLS (RFC 8314, RFC 3501 §6.2.1).

use super::{
    connection_canceller::ConnectionCanceller,
    error,
    protocol::NotAuthenticated,
    time_limits::Limits,
    transcript::Log,
    wire::{TimedStream, Wire},
};
use crate::{
    core::{
        open_files,
        tls_client::{TlsError, TlsStream, peer_certificate},
    },
    outcome::{HarnessError, HarnessErrorKind},
    probe::{
        peer_certificate::Protocol,
        timed::{Deadline, Timed},
        tls,
    },
    target::{Endpoint, TlsMode},
};
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

/// A connection that has been greeted, and the server's certificate in DER, where there is TLS.
pub(super) fn connect(
    endpoint: &Endpoint,
    limits: Limits,
    canceller: &ConnectionCanceller,
    by: &Deadline,
    log: &Arc<Mutex<Log>>,
) -> Result<(NotAuthenticated, Option<Vec<u8>>), HarnessError> {
    tls::prepare(endpoint);
    let tcp = open(endpoint, limits, by)?;
    let stage = || format!("connect {}", endpoint.place());
    let held = tcp.set_nodelay(true).and_then(|()| tcp.try_clone()).map_err(|e| error::io(stage(), &e))?;
    if !canceller.hold(held) {
        return Err(error::lost(stage(), "the run is over"));
    }
    // Until the login is answered every step has the same time.
    let step = || by.expect_answer(limits.connect, limits.connect);
    let mut tcp = Timed::new(tcp, by.clone());
    step();
    if endpoint.tls == TlsMode::Starttls {
        starttls(endpoint, &mut tcp, log)?;
        step();
    }
    let mut certificate = None;
    let io: Box<dyn TimedStream> = match endpoint.tls {
        TlsMode::None => Box::new(tcp),
        TlsMode::Implicit | TlsMode::Starttls => {
            let tls = secure(endpoint, tcp)?;
            certificate = peer_certificate(&tls);
            Box::new(tls)
        }
    };
    let is_greeted = endpoint.tls == TlsMode::Starttls;
    let wire = Wire::new(io, by.clone(), Arc::clone(log));
    let mut connection = NotAuthenticated::new(wire, by.clone(), limits, is_greeted);
    step();
    if !is_greeted {
        let greeting = connection.greeting().map_err(|e| error::of(stage(), &e, &last(log)))?;
        greeted(endpoint, &String::from_utf8_lossy(&greeting))?;
        step();
    }
    Ok((connection, certificate))
}

/// The last line that the server sent.
pub(super) fn last(log: &Mutex<Log>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).last_line().to_owned()
}

fn open(endpoint: &Endpoint, limits: Limits, by: &Deadline) -> Result<TcpStream, HarnessError> {
    by.expect_answer(limits.connect, limits.connect);
    let host = endpoint.host.as_str();
    let addresses = resolve(host, endpoint.port, by.at_most(limits.connect)).map_err(|e| {
        let next = "check the host name in the configuration and this machine's resolver";
        HarnessError::new(
            HarnessErrorKind::Dns,
            format!("resolve {host}"),
            format!("no address for `{host}`: {e}"),
            next,
        )
    })?;
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        by.expect_answer(limits.connect, limits.connect);
        let Ok(time) = by.at_most(limits.connect) else {
            failed = io::ErrorKind::TimedOut.into();
            break;
        };
        match TcpStream::connect_timeout(&address, time) {
            Ok(tcp) => return Ok(tcp),
            Err(e) => {
                open_files::notice(&e);
                failed = e;
            }
        }
    }
    let next = match failed.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there: check host and port, and that the server runs",
        _ => "check host, port and firewalls between here and there",
    };
    let stage = format!("connect {}", endpoint.place());
    Err(HarnessError::new(HarnessErrorKind::Connection, stage, failed.to_string(), next))
}

/// The addresses of a host. The system's resolver has no limit of time: who waits longer leaves it alone.
fn resolve(host: &str, port: u16, time: io::Result<Duration>) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (to, found) = mpsc::channel();
    let name = host.to_owned();
    std::thread::Builder::new().name(format!("resolve {host}")).spawn(move || {
        // Who asked may be gone.
        to.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect)).ok();
    })?;
    found
        .recv_timeout(time?)
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the resolver did not answer in time")))
}

fn secure(endpoint: &Endpoint, tcp: Timed) -> Result<TlsStream<Timed>, HarnessError> {
    let client = tls::client(endpoint)?;
    client.connect(endpoint.certificate_name(), tcp).map_err(|e| match e {
        TlsError::TimedOut => error::lost(format!("tls {}", endpoint.place()), &e.to_string()),
        e => tls::handshake_error(endpoint, &e, Protocol::Imap),
    })
}

/// What a greeting says (RFC 3501 §7.1).
fn greeted(endpoint: &Endpoint, line: &str) -> Result<(), HarnessError> {
    let stage = format!("connect {}", endpoint.place());
    let line = line.trim_end();
    match line.get(..4).unwrap_or(line).to_ascii_uppercase().as_str() {
        "* OK" => Ok(()),
        "* BY" => Err(error::said_bye(stage, line.get(5..).unwrap_or_default().trim_start())),
        _ => Err(error::garbage(stage, line)),
    }
}

/// The greeting and STARTTLS, in clear; nothing else is ever said in clear.
fn starttls(endpoint: &Endpoint, tcp: &mut Timed, log: &Mutex<Log>) -> Result<(), HarnessError> {
    let stage = || format!("starttls {}", endpoint.place());
    let greeting = read_line(tcp, log).map_err(|e| error::io(stage(), &e))?;
    greeted(endpoint, &greeting)?;
    let command = "s1 STARTTLS";
    log.lock().unwrap_or_else(PoisonError::into_inner).sent(command);
    tcp.write_all(format!("{command}\r\n").as_bytes()).map_err(|e| error::io(stage(), &e))?;
    loop {
        let answer = read_line(tcp, log).map_err(|e| error::io(stage(), &e))?;
        if let Some(answer) = answer.strip_prefix("s1 ") {
            return if answer.to_ascii_uppercase().starts_with("OK") {
                Ok(())
            } else {
                let message = format!("the server answered: {answer}");
                let next = "use the port for implicit tls (993), or enable STARTTLS on the server";
                Err(HarnessError::new(HarnessErrorKind::Tls, stage(), message, next))
            };
        }
    }
}

/// One line, which goes into the log.
fn read_line(tcp: &mut Timed, log: &Mutex<Log>) -> io::Result<String> {
    let line = tcp.line()?;
    log.lock().unwrap_or_else(PoisonError::into_inner).received(&line, None);
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_within_a_time() {
        let time = || Ok(Duration::from_secs(3600));
        assert_eq!(resolve("192.0.2.7", 143, time()).unwrap(), ["192.0.2.7:143".parse().unwrap()]);
        assert_eq!(resolve("2001:db8::7", 143, time()).unwrap(), ["[2001:db8::7]:143".parse().unwrap()]);
        assert!(resolve("localhost", 143, time()).unwrap().iter().all(|address| address.ip().is_loopback()));
        let over = || Err(io::ErrorKind::WouldBlock.into());
        assert_eq!(resolve("localhost", 143, over()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
