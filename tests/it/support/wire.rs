//! A raw SMTP client for tests: what is written is what is sent.

use sealcheck::target::{Endpoint, TlsMode};
use std::{collections::BTreeMap, net::SocketAddr, sync::Mutex, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A test waits no longer than this for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    stream: BufReader<Box<dyn Stream>>,
}

pub(crate) async fn within<T>(what: &str, task: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, task).await.unwrap_or_else(|_| panic!("{what} took too long"))
}

impl Client {
    /// Connects and reads the greeting.
    pub(crate) async fn connect(address: SocketAddr) -> (Self, String) {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self { stream: BufReader::new(Box::new(stream)) };
        let greeting = client.reply().await;
        (client, greeting)
    }

    /// Connects as the party at `from` and reads the greeting.
    pub(crate) async fn proxied(address: SocketAddr, from: std::net::Ipv4Addr) -> (Self, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(format!("PROXY TCP4 {from} 203.0.113.26 4000 25\r\n").as_bytes()).await.unwrap();
        let mut client = Self { stream: BufReader::new(Box::new(stream)) };
        let greeting = client.reply().await;
        (client, greeting)
    }

    /// Connects, starts TLS as the endpoint says and logs in.
    pub(crate) async fn login(endpoint: &Endpoint) -> Self {
        let address = SocketAddr::new(endpoint.host.parse().unwrap(), endpoint.port);
        let (name, ca) = (endpoint.tls_name.as_deref().unwrap(), endpoint.ca_pem.as_deref().unwrap());
        let mut client = match endpoint.tls {
            TlsMode::Starttls => {
                let (mut client, _) = Self::connect(address).await;
                client.ask("EHLO client.ext.example").await;
                assert!(client.ask("STARTTLS").await.starts_with("220"));
                client.tls(name, ca).await
            }
            TlsMode::Implicit => Self::over_tls(address, name, ca).await,
            TlsMode::None => Self::connect(address).await.0,
        };
        client.ask("EHLO client.ext.example").await;
        let login = endpoint.login.as_ref().unwrap();
        let blob = base64(&format!("\0{}\0{}", login.user, login.secret.expose()));
        assert_eq!(&client.ask(&format!("AUTH PLAIN {blob}")).await[..3], "235");
        client
    }

    /// Connects with TLS from the first byte and reads the greeting.
    pub(crate) async fn over_tls(address: SocketAddr, name: &str, ca_pem: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut client = Self { stream: BufReader::new(Box::new(stream)) }.tls(name, ca_pem).await;
        client.reply().await;
        client
    }

    pub(crate) async fn tls(self, name: &str, ca_pem: &str) -> Self {
        let connector = connector(ca_pem);
        let stream = connector.connect(name, self.stream.into_inner()).await.unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
        self.stream.get_mut().flush().await.unwrap();
    }

    /// One reply, its lines joined by line feeds; empty when the server has hung up.
    pub(crate) async fn reply(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let count = within("a reply", self.stream.read_until(b'\n', &mut line)).await.unwrap_or(0);
            if count == 0 {
                return lines.join("\n");
            }
            let line = String::from_utf8(line).unwrap().trim_end().to_owned();
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if last {
                return lines.join("\n");
            }
        }
    }

    pub(crate) async fn ask(&mut self, command: &str) -> String {
        self.write(format!("{command}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Sends a message (dots are not stuffed); the reply to its end.
    pub(crate) async fn send(&mut self, from: &str, to: &[&str], message: &[u8]) -> String {
        for command in [format!("MAIL FROM:<{from}>")].into_iter().chain(to.iter().map(|to| format!("RCPT TO:<{to}>")))
        {
            let reply = self.ask(&command).await;
            assert!(reply.starts_with("250"), "{command}: {reply}");
        }
        assert!(self.ask("DATA").await.starts_with("354"));
        self.write(message).await;
        self.ask("\r\n.").await
    }

    /// Whatever still comes until the server hangs up.
    pub(crate) async fn rest(mut self) -> String {
        let mut out = Vec::new();
        within("the end", self.stream.read_to_end(&mut out)).await.ok();
        String::from_utf8(out).unwrap()
    }
}

pub(crate) fn base64(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

/// A connector that trusts this authority; made once for each, because that takes long.
fn connector(ca_pem: &str) -> tokio_native_tls::TlsConnector {
    static MADE: Mutex<BTreeMap<String, tokio_native_tls::TlsConnector>> = Mutex::new(BTreeMap::new());
    let make = || {
        let authority = native_tls::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
        let mut builder = native_tls::TlsConnector::builder();
        builder.disable_built_in_roots(true).add_root_certificate(authority).build().unwrap().into()
    };
    MADE.lock().unwrap().entry(ca_pem.to_owned()).or_insert_with(make).clone()
}
