//! Servers that follow a script: threads on loopback that say exactly what a test wants, and check what they hear.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

/// Longer than any test takes; a script that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

trait Io: Read + Write + Send {}
impl<T: Read + Write + Send> Io for T {}

/// The server's side of a connection.
pub(crate) struct Conn {
    io: BufReader<Box<dyn Io>>,
    tcp: TcpStream,
}

impl Conn {
    fn new(tcp: TcpStream) -> Self {
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let io = BufReader::new(Box::new(tcp.try_clone().unwrap()) as Box<dyn Io>);
        Self { io, tcp }
    }

    /// Says this. The client may be gone already.
    pub(crate) fn say(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.io.get_mut().write_all(text.as_ref()).and_then(|()| self.io.get_mut().flush());
        self
    }

    /// Says this while the client is there; `false` when it has hung up.
    pub(crate) fn goes_on(&mut self, bytes: &[u8]) -> bool {
        self.io.get_mut().write_all(bytes).is_ok()
    }

    /// The next line without its CRLF; `None` when the client has hung up.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match self.io.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()),
            Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => None,
            Err(e) => panic!("the client said nothing: {e}"),
        }
    }

    /// The next line, which must contain this text.
    #[track_caller]
    pub(crate) fn hear(&mut self, text: &str) -> String {
        let line = self.line().unwrap_or_else(|| panic!("the client hung up instead of `{text}`"));
        assert!(line.contains(text), "heard `{line}` instead of `{text}`");
        line
    }

    /// Everything up to and including the line with one dot.
    pub(crate) fn message(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while !(all == b".\r\n" || all.ends_with(b"\r\n.\r\n")) {
            assert!(self.io.read_until(b'\n', &mut all).unwrap() > 0, "the client hung up in the message");
        }
        all
    }

    /// Waits until the client hangs up; what it says until then is returned.
    pub(crate) fn until_hangup(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Says this again and again until the client hangs up.
    pub(crate) fn say_until_hangup(&mut self, text: &str) {
        while self.io.get_mut().write_all(text.as_bytes()).is_ok() {}
    }

    /// Says this again and again, an octet at a time and never more than a few a second, until the client hangs up.
    pub(crate) fn drip_until_hangup(&mut self, text: &str) {
        self.tcp.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let (mut octets, mut heard) = (text.bytes().cycle(), [0; 64]);
        loop {
            match self.io.read(&mut heard) {
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    self.say(octets.next().as_slice());
                }
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// TLS from here on; `false` when the handshake fails.
    pub(crate) fn tls(&mut self, acceptor: &native_tls::TlsAcceptor) -> bool {
        match acceptor.accept(self.tcp.try_clone().unwrap()) {
            Ok(tls) => self.io = BufReader::new(Box::new(tls)),
            Err(_) => return false,
        }
        true
    }
}

/// A running script.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) port: u16,
    thread: JoinHandle<()>,
}

impl Server {
    /// Waits for the end of the script and fails the test when the script failed.
    pub(crate) fn done(self) {
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// One connection, one script.
pub(crate) fn serve(script: impl FnOnce(&mut Conn) + Send + 'static) -> Server {
    let script = Mutex::new(Some(script));
    serve_each(1, move |_, conn| {
        if let Some(script) = script.lock().unwrap().take() {
            script(conn);
        }
    })
}

/// So many connections, in a thread each, with the number of each from 0 in the order of their coming.
pub(crate) fn serve_each(connections: usize, script: impl Fn(usize, &mut Conn) + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Arc::new(script);
    let thread = std::thread::spawn(move || {
        let threads: Vec<_> = (0..connections)
            .map(|number| {
                let (tcp, _) = listener.accept().unwrap();
                let script = Arc::clone(&script);
                std::thread::spawn(move || script(number, &mut Conn::new(tcp)))
            })
            .collect();
        drop(listener);
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    Server { port, thread }
}

/// Any number of connections, for as long as the test runs; with the port. What the scripts come to is for the test to see.
pub(crate) fn serve_all(script: impl Fn(usize, &mut Conn) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for (number, tcp) in listener.incoming().flatten().enumerate() {
            let script = Arc::clone(&script);
            std::thread::spawn(move || script(number, &mut Conn::new(tcp)));
        }
    });
    port
}

/// A CA of its own, and certificates from it.
pub(crate) struct Pki {
    /// The CA's certificate.
    pub(crate) ca_pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(rcgen::DnType::CommonName, "test CA");
        let key = rcgen::KeyPair::generate().unwrap();
        let ca_pem = params.self_signed(&key).unwrap().pem();
        Self { ca_pem, issuer: rcgen::Issuer::new(params, key) }
    }

    /// A server certificate for this name, valid until this year.
    pub(crate) fn acceptor(&self, name: &str, until: i32) -> native_tls::TlsAcceptor {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let identity = native_tls::Identity::from_pkcs8(cert.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        native_tls::TlsAcceptor::new(identity).unwrap()
    }
}
