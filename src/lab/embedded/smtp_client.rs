//! An SMTP client (RFC 5321): one connection, one message, a reply for every recipient.

use super::smtp_server::{Body, Envelope, Notify, Reply, ReplyError, Return};
use crate::core::{
    open_files,
    tls_client::{TlsClient, TlsError},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// How long a whole conversation may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Octets of a reply line and lines of a reply that are read at most.
const LIMIT: usize = 64 * 1024;

/// Where to, and as whom.
#[derive(Clone)]
pub struct Destination {
    /// The socket to connect to.
    pub socket: SocketAddr,
    /// The name that the server's certificate must carry.
    pub host: String,
    /// How the server learns our address.
    pub client_address: ClientAddress,
    /// The name to give in EHLO or LHLO.
    pub helo: String,
    /// What the server speaks.
    pub protocol: Protocol,
    /// How STARTTLS is done when the server offers it; `None` when it is not done.
    pub tls: Option<TlsClient>,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP.
    Smtp,
    /// LMTP (RFC 2033). It replies to the end of the message once for every recipient; here the reply for the first one
    /// counts, so a message has one recipient.
    Lmtp,
}

/// How a server learns the address of its client, which really is on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAddress {
    /// By a PROXY line with our own address and the server's.
    Proxy(IpAddr, IpAddr),
    /// By Postfix's XCLIENT, when the server offers it; else it sees the connection's.
    Xclient(IpAddr),
    /// It sees the connection's.
    Nothing,
}

/// The command that a reply answers, in Postfix's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The connection itself.
    Connect,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The end of the message.
    EndOfData,
}

impl Stage {
    /// As in `(in reply to … command)`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "initial server greeting",
            Self::Hello => "EHLO command",
            Self::StartTls => "STARTTLS command",
            Self::Mail => "MAIL FROM command",
            Self::Rcpt => "RCPT TO command",
            Self::Data => "DATA command",
            Self::EndOfData => "end of DATA command",
        }
    }
}

/// The reply that decided over a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it answers.
    pub stage: Stage,
    /// The reply.
    pub reply: Reply,
}

/// The conversation broke off.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection came about.
    #[error("connect to {0}: {1}")]
    Connect(SocketAddr, #[source] io::Error),
    /// The connection failed.
    #[error("lost connection with {0}: {1}")]
    Connection(String, #[source] io::Error),
    /// TLS failed.
    #[error("TLS with {0} failed: {1}")]
    Tls(String, #[source] TlsError),
    /// The server does not speak SMTP.
    #[error("{0} broke the protocol: {1}")]
    Protocol(String, #[source] ReplyError),
    /// It took too long.
    #[error("conversation with {0} timed out")]
    Timeout(String),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

struct Conversation<'d> {
    stream: BufReader<Box<dyn Stream>>,
    destination: &'d Destination,
    heard: &'d mut Vec<Answer>,
}

/// A conversation, from its beginning to its end.
#[derive(Debug)]
pub struct Transcript {
    /// Every reply, in order; replies to RCPT are in the order of the recipients.
    pub replies: Vec<Answer>,
    /// What was decided over each recipient, in their order, or why the conversation broke off.
    pub result: Result<Vec<Answer>, ClientError>,
}

/// Sends one message.
pub async fn send(destination: &Destination, envelope: &Envelope, message: &[u8]) -> Transcript {
    let mut replies = Vec::new();
    let conversation = converse(destination, envelope, message, &mut replies);
    let result = tokio::time::timeout(TIMEOUT, conversation)
        .await
        .unwrap_or_else(|_| Err(ClientError::Timeout(destination.host.clone())));
    Transcript { replies, result }
}

async fn converse(
    destination: &Destination,
    envelope: &Envelope,
    message: &[u8],
    heard: &mut Vec<Answer>,
) -> Result<Vec<Answer>, ClientError> {
    let everyone = |stage, reply: Reply| vec![Answer { stage, reply }; envelope.recipients.len()];
    let stream = TcpStream::connect(destination.socket).await.inspect_err(open_files::notice);
    let mut stream = stream.map_err(|error| ClientError::Connect(destination.socket, error))?;
    stream.set_nodelay(true).map_err(lost(&destination.host))?;
    if let ClientAddress::Proxy(own, other) = destination.client_address {
        let line = format!("PROXY TCP4 {own} {other} 40000 25\r\n");
        stream.write_all(line.as_bytes()).await.map_err(lost(&destination.host))?;
    }
    let mut talk = Conversation { stream: BufReader::new(Box::new(stream)), destination, heard };
    let greeting = talk.reply(Stage::Connect).await?;
    if !greeting.is_positive() {
        return Ok(everyone(Stage::Connect, greeting));
    }
    let hello = match destination.protocol {
        Protocol::Smtp => "EHLO",
        Protocol::Lmtp => "LHLO",
    };
    let hello = format!("{hello} {}\r\n", destination.helo);
    let mut welcome = talk.ask(Stage::Hello, &hello).await?;
    if !welcome.is_positive() {
        return Ok(everyone(Stage::Hello, welcome));
    }
    if let (ClientAddress::Xclient(own), Some(_)) = (destination.client_address, offers(&welcome, "XCLIENT")) {
        let version = if own.is_ipv6() { "IPV6:" } else { "" };
        let xclient = format!("XCLIENT NAME={} ADDR={version}{own}\r\n", destination.helo);
        let again = talk.ask(Stage::Connect, &xclient).await?;
        if !again.is_positive() {
            return Ok(everyone(Stage::Connect, again));
        }
        welcome = talk.ask(Stage::Hello, &hello).await?;
        if !welcome.is_positive() {
            return Ok(everyone(Stage::Hello, welcome));
        }
    }
    if let (Some(tls), Some(_)) = (&destination.tls, offers(&welcome, "STARTTLS")) {
        let ready = talk.ask(Stage::StartTls, "STARTTLS\r\n").await?;
        if !ready.is_positive() {
            return Ok(everyone(Stage::StartTls, ready));
        }
        talk = talk.upgrade(tls).await?;
        welcome = talk.ask(Stage::Hello, &hello).await?;
        if !welcome.is_positive() {
            return Ok(everyone(Stage::Hello, welcome));
        }
    }
    let answers = talk.transaction(envelope, message, &welcome).await?;
    // The message is decided; whether the goodbye arrives does not matter.
    drop(talk.write(b"QUIT\r\n").await);
    Ok(answers)
}

impl<'d> Conversation<'d> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let (stream, host) = (self.stream.get_mut(), &self.destination.host);
        stream.write_all(bytes).await.map_err(lost(host))?;
        stream.flush().await.map_err(lost(host))
    }

    async fn ask(&mut self, stage: Stage, command: &str) -> Result<Reply, ClientError> {
        self.write(command.as_bytes()).await?;
        self.reply(stage).await
    }

    /// The next reply, which answers this.
    async fn reply(&mut self, stage: Stage) -> Result<Reply, ClientError> {
        let host = &self.destination.host;
        let mut lines: Vec<String> = Vec::new();
        let mut size = 0;
        loop {
            let mut line = Vec::new();
            let count = self.stream.read_until(b'\n', &mut line).await.map_err(lost(host))?;
            size += count;
            if count == 0 || size > LIMIT {
                return Err(lost(host)(io::ErrorKind::UnexpectedEof.into()));
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                let reply = Reply::from_lines(&lines).map_err(|e| ClientError::Protocol(host.clone(), e))?;
                self.heard.push(Answer { stage, reply: reply.clone() });
                return Ok(reply);
            }
        }
    }

    async fn upgrade(self, tls: &TlsClient) -> Result<Self, ClientError> {
        let Destination { host, .. } = self.destination;
        let stream = tls.connect_async(host, self.stream.into_inner()).await;
        let stream = stream.map_err(|error| ClientError::Tls(host.clone(), error))?;
        Ok(Self { stream: BufReader::new(Box::new(stream)), ..self })
    }

    /// MAIL, every RCPT and DATA in one go where the server can (RFC 2920).
    async fn transaction(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
        welcome: &Reply,
    ) -> Result<Vec<Answer>, ClientError> {
        let mut commands = vec![(Stage::Mail, mail(envelope, message.len(), welcome))];
        commands.extend(envelope.recipients.iter().map(|r| {
            let mut command = format!("RCPT TO:<{}>", r.address);
            if offers(welcome, "DSN").is_some() {
                match r.notify {
                    Notify::Default => {}
                    Notify::Never => command.push_str(" NOTIFY=NEVER"),
                    Notify::Failure => command.push_str(" NOTIFY=FAILURE"),
                    Notify::NotFailure => command.push_str(" NOTIFY=DELAY"),
                }
                if let Some(original) = &r.original {
                    command.push_str(&format!(" ORCPT={}", xtext(original)));
                }
            }
            (Stage::Rcpt, command + "\r\n")
        }));
        commands.push((Stage::Data, "DATA\r\n".to_owned()));
        let mut replies = Vec::new();
        if offers(welcome, "PIPELINING").is_some() {
            let all: String = commands.iter().map(|(_, command)| command.as_str()).collect();
            self.write(all.as_bytes()).await?;
            for (stage, _) in &commands {
                replies.push(self.reply(*stage).await?);
            }
        } else {
            let last = commands.len() - 1;
            for (at, (stage, command)) in commands.iter().enumerate() {
                if at == last && !replies.iter().skip(1).any(Reply::is_positive) {
                    break;
                }
                let reply = self.ask(*stage, command).await?;
                let refused = at == 0 && !reply.is_positive();
                replies.push(reply);
                if refused {
                    break;
                }
            }
        }
        self.decide(envelope, replies, message).await
    }

    async fn decide(
        &mut self,
        envelope: &Envelope,
        replies: Vec<Reply>,
        message: &[u8],
    ) -> Result<Vec<Answer>, ClientError> {
        let mut replies = replies.into_iter();
        let mut answers = Vec::new();
        if let Some(mail) = replies.next().filter(|mail| !mail.is_positive()) {
            answers = vec![Answer { stage: Stage::Mail, reply: mail }; envelope.recipients.len()];
            replies.by_ref().take(envelope.recipients.len()).for_each(drop);
        } else {
            answers.extend(
                replies.by_ref().take(envelope.recipients.len()).map(|reply| Answer { stage: Stage::Rcpt, reply }),
            );
        }
        let Some(go) = replies.next() else { return Ok(answers) };
        let (stage, end) = if go.code == 354 {
            // A server that refused everyone and still wants data gets an empty message (RFC 2920 §3.1).
            let body = if answers.iter().any(|answer| answer.reply.is_positive()) {
                stuffed(message)
            } else {
                b".\r\n".to_vec()
            };
            self.write(&body).await?;
            (Stage::EndOfData, self.reply(Stage::EndOfData).await?)
        } else {
            (Stage::Data, go)
        };
        for answer in answers.iter_mut().filter(|answer| answer.reply.is_positive()) {
            *answer = Answer { stage, reply: end.clone() };
        }
        Ok(answers)
    }
}

/// The error of a connection to `host` that failed.
fn lost(host: &str) -> impl Fn(io::Error) -> ClientError {
    move |error| ClientError::Connection(host.to_owned(), error)
}

/// The parameters of an EHLO keyword, when the server offers it.
fn offers<'r>(welcome: &'r Reply, keyword: &str) -> Option<&'r str> {
    welcome.lines.iter().skip(1).find_map(|line| {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        word.eq_ignore_ascii_case(keyword).then_some(rest)
    })
}

fn mail(envelope: &Envelope, size: usize, welcome: &Reply) -> String {
    let mut command = format!("MAIL FROM:<{}>", envelope.sender);
    if offers(welcome, "SIZE").is_some() {
        command.push_str(&format!(" SIZE={size}"));
    }
    if envelope.body == Body::EightBit && offers(welcome, "8BITMIME").is_some() {
        command.push_str(" BODY=8BITMIME");
    }
    if envelope.utf8 && offers(welcome, "SMTPUTF8").is_some() {
        command.push_str(" SMTPUTF8");
    }
    if offers(welcome, "DSN").is_some() {
        match envelope.ret {
            Some(Return::Full) => command.push_str(" RET=FULL"),
            Some(Return::Headers) => command.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(id) = &envelope.id {
            command.push_str(&format!(" ENVID={}", xtext(id)));
        }
    }
    command + "\r\n"
}

/// RFC 3461 §4.
fn xtext(text: &str) -> String {
    let encoded = text.bytes().map(|b| match b {
        b'!'..=b'~' if b != b'+' && b != b'=' => char::from(b).to_string(),
        _ => format!("+{b:02X}"),
    });
    encoded.collect()
}

/// The message with dots stuffed, and the line that ends it.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    let mut from = 0;
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    for at in memchr::memmem::find_iter(message, b"\r\n.") {
        out.extend_from_slice(&message[from..at + 2]);
        out.push(b'.');
        from = at + 2;
    }
    out.extend_from_slice(&message[from..]);
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed_at_line_starts_only() {
        assert_eq!(stuffed(b".a\r\n.b.\r\n..\r\n"), b"..a\r\n..b.\r\n...\r\n.\r\n");
        assert_eq!(stuffed(b"a\n.b"), b"a\n.b\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
    }

    /// What a server that answers in this order is told, up to DATA.
    async fn told(client_address: ClientAddress, welcome: &'static str) -> Vec<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 mx\r\n").await.unwrap();
            let mut seen = Vec::new();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                let line = line.trim_end().to_owned();
                let answer = match line.split(' ').next().unwrap() {
                    "EHLO" => welcome,
                    "XCLIENT" => "220 mx",
                    "MAIL" => "550 5.7.1 enough",
                    _ => return seen,
                };
                seen.push(line);
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
        });
        let (host, helo, protocol) = ("mx".into(), "smtp.ext.example".into(), Protocol::Smtp);
        let destination = Destination { socket, host, client_address, helo, protocol, tls: None };
        let envelope = Envelope::new("a@ext.example", &["b@corp.example"]);
        let answers = send(&destination, &envelope, b"A: b\r\n\r\n").await.result.unwrap();
        assert_eq!(answers[0].reply.code, 550);
        server.await.unwrap()
    }

    #[tokio::test]
    async fn a_server_that_takes_xclient_learns_our_address() {
        let address = || IpAddr::from([192, 0, 2, 10]);
        let offered = "250-mx\r\n250-XCLIENT NAME ADDR\r\n250 SIZE 1000";
        let xclient = "XCLIENT NAME=smtp.ext.example ADDR=192.0.2.10";
        let (hello, mail) = ("EHLO smtp.ext.example", "MAIL FROM:<a@ext.example> SIZE=8");
        assert_eq!(told(ClientAddress::Xclient(address()), offered).await, [hello, xclient, hello, mail]);
        assert_eq!(told(ClientAddress::Xclient(address()), "250-mx\r\n250 SIZE 1000").await, [hello, mail]);
        assert_eq!(told(ClientAddress::Nothing, offered).await, [hello, mail]);
    }

    #[test]
    fn parameters_follow_what_the_server_offers() {
        let mut envelope = Envelope::new("a@b.example", &["c@d.example"]);
        envelope.body = Body::EightBit;
        envelope.ret = Some(Return::Headers);
        envelope.id = Some("q=1 +".into());
        let plain = Reply::plain(250, "mx\nSIZE 10");
        assert_eq!(mail(&envelope, 5, &plain), "MAIL FROM:<a@b.example> SIZE=5\r\n");
        let full = Reply::plain(250, "mx\nDSN\n8BITMIME");
        assert_eq!(mail(&envelope, 5, &full), "MAIL FROM:<a@b.example> BODY=8BITMIME RET=HDRS ENVID=q+3D1+20+2B\r\n");
    }
}
