//! The lab's SMTP server, byte for byte.

use crate::support::wire::{Client, base64, within};
use async_trait::async_trait;
use sealcheck::lab::embedded::{
    pki::Pki,
    smtp_server::{
        Body, Credentials, Envelope, Limits, Mechanism, Recipient, Reply, Return, Service, Session, SmtpListener,
        Status, Transport,
    },
    tasks::Tasks,
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

type Seen = (Session, Envelope, Vec<u8>);

/// Takes everything but what its name says, and keeps what it took.
struct Recorder {
    limits: Limits,
    seen: Mutex<Vec<Seen>>,
}

#[async_trait]
impl Service for Recorder {
    fn hostname(&self) -> &str {
        "mx.corp.example"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn mechanisms(&self, session: &Session) -> &'static [Mechanism] {
        if session.tls { &[Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2] } else { &[] }
    }

    fn suffix(&self, session: &Session) -> String {
        if session.helo == "gsmtp" { " - gsmtp".to_owned() } else { String::new() }
    }

    async fn login(&self, _session: &Session, credentials: &Credentials) -> Result<String, Reply> {
        match (credentials.user.as_str(), credentials.secret.expose()) {
            ("me", "secret") => Ok("me".to_owned()),
            _ => Err(Reply::new(535, Status(5, 7, 8), "no")),
        }
    }

    async fn recipient(&self, _session: &Session, _envelope: &Envelope, recipient: &Recipient) -> Reply {
        match recipient.address.split('@').next().unwrap() {
            "nobody" => Reply::new(550, Status(5, 1, 1), "no\nsuch user"),
            "later" => Reply::new(450, Status(4, 2, 1), "later"),
            "close" => Reply::new(421, Status(4, 3, 0), "closing"),
            _ => Reply::new(250, Status(2, 1, 5), "Ok"),
        }
    }

    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply {
        self.seen.lock().unwrap().push((session.clone(), envelope, message));
        Reply::new(250, Status(2, 0, 0), "taken")
    }
}

struct Server {
    address: SocketAddr,
    recorder: Arc<Recorder>,
    pki: Pki,
    tasks: Tasks,
}

async fn server_with(limits: Limits, transport: impl FnOnce(&Pki) -> Transport) -> Server {
    let pki = Pki::new(&["mx.corp.example", "127.0.0.1"]).unwrap();
    let listener = SmtpListener::bind(0, transport(&pki)).await.unwrap();
    let (address, tasks) = (listener.address(), Tasks::new());
    let recorder = Arc::new(Recorder { limits, seen: Mutex::default() });
    listener.serve(Arc::clone(&recorder) as Arc<dyn Service>, &tasks);
    Server { address, recorder, pki, tasks }
}

async fn server() -> Server {
    server_with(Limits::default(), |pki| Transport::Plain(Some(pki.acceptor()))).await
}

impl Server {
    async fn client(&self) -> Client {
        let (mut client, greeting) = Client::connect(self.address).await;
        assert_eq!(greeting, "220 mx.corp.example ESMTP");
        client.ask("EHLO a.example").await;
        client
    }

    async fn tls_client(&self) -> Client {
        let mut client = self.client().await;
        assert_eq!(client.ask("STARTTLS").await, "220 2.0.0 Ready to start TLS");
        let mut client = client.tls("mx.corp.example", self.pki.ca_pem()).await;
        client.ask("EHLO a.example").await;
        client
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.recorder.seen.lock().unwrap())
    }
}

#[tokio::test]
async fn a_whole_transcript() {
    let server = server().await;
    let (mut client, _) = Client::connect(server.address).await;
    for (command, want) in [
        ("NOOP", "250 2.0.0 Ok"),
        ("MAIL FROM:<a@b.example>", "503 5.5.1 Error: send HELO/EHLO first"),
        (
            "EHLO a.example",
            "250-mx.corp.example\n250-PIPELINING\n250-SIZE 67108864\n250-ENHANCEDSTATUSCODES\n250-8BITMIME\n\
             250-SMTPUTF8\n250-CHUNKING\n250-DSN\n250 STARTTLS",
        ),
        ("RCPT TO:<x@corp.example>", "503 5.5.1 Error: need MAIL command"),
        ("DATA", "503 5.5.1 Error: need RCPT command"),
        ("MAIL FROM:<a@b.example> SIZE=99999999999", "552 5.3.4 Message size exceeds fixed limit"),
        ("MAIL FROM:<a@b.example> BODY=8BITMIME RET=HDRS ENVID=q1", "250 2.1.0 Ok"),
        ("MAIL FROM:<a@b.example>", "503 5.5.1 Error: nested MAIL command"),
        ("DATA", "554 5.5.1 Error: no valid recipients"),
        ("RCPT TO:<nobody@corp.example>", "550-5.1.1 no\n550 5.1.1 such user"),
        ("RCPT TO:<later@corp.example>", "450 4.2.1 later"),
        ("RCPT TO:<x@corp.example> NOTIFY=NEVER", "250 2.1.5 Ok"),
        ("VRFY x", "252 2.5.0 Send some mail, I'll try my best"),
        ("DATA", "354 End data with <CR><LF>.<CR><LF>"),
        ("..dot\r\n\r\n.", "250 2.0.0 taken"),
        ("RSET", "250 2.0.0 Ok"),
        ("HELO a.example", "250 mx.corp.example"),
        ("QUIT", "221 2.0.0 Bye"),
    ] {
        assert_eq!(client.ask(command).await, want, "{command}");
    }
    assert_eq!(client.rest().await, "");
    let [(session, envelope, message)] = &server.seen()[..] else { panic!() };
    assert_eq!(
        (session.peer, session.helo.as_str(), session.protocol()),
        ([127, 0, 0, 1].into(), "a.example", "ESMTP")
    );
    assert_eq!(
        (envelope.sender.as_str(), envelope.body, envelope.ret),
        ("a@b.example", Body::EightBit, Some(Return::Headers))
    );
    assert_eq!(envelope.recipients.len(), 1);
    assert!(!envelope.recipients[0].wants_failure());
    assert_eq!(message, b".dot\r\n\r\n");
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let server = server().await;
    let mut client = server.client().await;
    client
        .write(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@x.example>\r\nRCPT TO:<x@x.example>\r\nDATA\r\none\r\n.\r\n\
              MAIL FROM:<>\r\nRCPT TO:<y@x.example>\r\nDATA\r\n.\r\nQUIT\r\n",
        )
        .await;
    let mut codes = Vec::new();
    loop {
        let reply = client.reply().await;
        if reply.is_empty() {
            break;
        }
        codes.push(reply[..3].to_owned());
    }
    assert_eq!(codes, ["250", "550", "250", "354", "250", "250", "250", "354", "250", "221"]);
    let seen = server.seen();
    assert_eq!(
        seen.iter().map(|(_, e, m)| (e.sender.as_str(), m.as_slice())).collect::<Vec<_>>(),
        [("a@b.example", &b"one\r\n"[..]), ("", b"")]
    );
}

#[tokio::test]
async fn what_is_sent_behind_starttls_is_thrown_away() {
    let server = server().await;
    let mut client = server.client().await;
    client.write(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<x@x.example>\r\nDATA\r\n").await;
    assert_eq!(client.reply().await, "220 2.0.0 Ready to start TLS");
    let mut client = client.tls("mx.corp.example", server.pki.ca_pem()).await;
    let welcome = client.ask("EHLO a.example").await;
    assert!(welcome.ends_with("250 AUTH PLAIN LOGIN XOAUTH2") && !welcome.contains("STARTTLS"), "{welcome}");
    assert_eq!(client.ask("STARTTLS").await, "503 5.5.1 Error: TLS already active");
    assert_eq!(client.send("a@b.example", &["x@x.example"], b"x").await, "250 2.0.0 taken");
    let [(session, envelope, _)] = &server.seen()[..] else { panic!() };
    assert_eq!((session.protocol(), envelope.sender.as_str()), ("ESMTPS", "a@b.example"));
}

#[tokio::test]
async fn the_session_starts_again_after_starttls() {
    let server = server().await;
    let mut client = server.client().await;
    client.ask("MAIL FROM:<a@b.example>").await;
    client.ask("STARTTLS").await;
    let mut client = client.tls("mx.corp.example", server.pki.ca_pem()).await;
    assert_eq!(client.ask("RCPT TO:<x@x.example>").await, "503 5.5.1 Error: need MAIL command");
    assert_eq!(client.ask("MAIL FROM:<a@b.example>").await, "503 5.5.1 Error: send HELO/EHLO first");
}

#[tokio::test]
async fn every_way_to_log_in() {
    let server = server().await;
    assert!(server.client().await.ask("AUTH PLAIN x").await.starts_with("538 5.7.11"));
    let plain = format!("AUTH PLAIN {}", base64("\0me\0secret"));
    let (user, secret) = (base64("me"), base64("secret"));
    let token = format!("AUTH XOAUTH2 {}", base64("user=me\x01auth=Bearer secret\x01\x01"));
    for (commands, want) in [
        (vec![plain.as_str()], "235 2.7.0 Authentication successful"),
        (vec!["AUTH LOGIN", &user, &secret], "235 2.7.0 Authentication successful"),
        (vec!["auth login bWU=", &secret], "235 2.7.0 Authentication successful"),
        (vec![token.as_str()], "235 2.7.0 Authentication successful"),
        (vec!["AUTH PLAIN", "AG1lAHdyb25n"], "535 5.7.8 no"),
        (vec!["AUTH PLAIN", "*"], "501 5.7.0 Authentication aborted"),
        (vec!["AUTH PLAIN %%%"], "501 5.5.2 Authentication failed: malformed response"),
        (vec!["AUTH GSSAPI"], "504 5.5.4 Unrecognized authentication type"),
    ] {
        let mut client = server.tls_client().await;
        let mut reply = String::new();
        for command in &commands {
            reply = client.ask(command).await;
        }
        assert_eq!(reply, want, "{commands:?}");
        if want.starts_with("235") {
            assert!(client.ask(&plain).await.starts_with("503"), "a second login is refused");
            client.send("a@b.example", &["x@x.example"], b"x").await;
            let [(session, ..)] = &server.seen()[..] else { panic!() };
            assert_eq!((session.protocol(), session.user.as_deref()), ("ESMTPSA", Some("me")));
        }
    }
}

#[tokio::test]
async fn chunks_make_a_message() {
    let server = server().await;
    let mut client = server.client().await;
    client.ask("MAIL FROM:<a@b.example>").await;
    client.ask("RCPT TO:<x@x.example>").await;
    client.write(b"BDAT 7\r\na\r\n.\r\nb").await;
    assert_eq!(client.reply().await, "250 2.0.0 7 octets received");
    assert!(client.ask("DATA").await.starts_with("503"));
    assert!(client.ask("RCPT TO:<y@x.example>").await.starts_with("503"));
    client.write(b"BDAT 0\r\nBDAT 3 LAST\r\nc\r\n").await;
    assert_eq!(client.reply().await, "250 2.0.0 0 octets received");
    assert_eq!(client.reply().await, "250 2.0.0 taken");
    assert_eq!(server.seen()[0].2, b"a\r\n.\r\nbc\r\n");
    client.write(b"BDAT 5 LAST\r\nEHLO ").await;
    assert_eq!(client.reply().await, "503 5.5.1 Error: need RCPT command");
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok");
}

#[tokio::test]
async fn bare_line_feeds_end_commands_but_no_message() {
    let server = server().await;
    let mut client = server.client().await;
    client.write(b"NOOP\nMAIL FROM:<a@b.example>\nRCPT TO:<x@x.example>\nDATA\n").await;
    for want in ["250", "250", "250", "354"] {
        assert_eq!(client.reply().await[..3], *want);
    }
    client.write(b"a\n.\nMAIL FROM:<smuggled@b.example>\n.\r\nb\r\n.\r\n").await;
    assert_eq!(client.reply().await, "250 2.0.0 taken");
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].2, b"a\n.\nMAIL FROM:<smuggled@b.example>\n.\r\nb\r\n");
}

#[tokio::test]
async fn garbage_is_answered_and_at_last_hung_up_on() {
    let server = server_with(Limits { errors: 5, ..Limits::default() }, |_| Transport::Plain(None)).await;
    let mut client = server.client().await;
    client.write(b"\xff\xfe\x00\r\n").await;
    assert_eq!(client.reply().await, "500 5.5.2 Error: bad UTF-8 syntax");
    assert_eq!(client.ask("GET / HTTP/1.1").await, "500 5.5.2 Error: command not recognized");
    assert_eq!(client.ask("STARTTLS").await, "502 5.5.1 Error: STARTTLS not implemented");
    let long = vec![b'x'; 2 * 1024 * 1024];
    client.write(&long).await;
    assert_eq!(client.ask("").await, "500 5.5.2 Error: line too long");
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok");
    assert_eq!(client.ask("\0").await, "500 5.5.2 Error: bad character in command");
    assert_eq!(client.rest().await, "421 4.7.0 mx.corp.example Error: too many errors\r\n");
}

#[tokio::test]
async fn a_client_that_breaks_off_delivers_nothing() {
    let server = server().await;
    for last in ["MAIL FROM:<a@b.exam", "DATA\r\nhalf a mess"] {
        let mut client = server.client().await;
        client.ask("MAIL FROM:<a@b.example>").await;
        client.ask("RCPT TO:<x@x.example>").await;
        client.write(last.as_bytes()).await;
        drop(client);
    }
    let mut client = server.client().await;
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_message_of_fifty_megabytes_arrives_and_a_longer_one_is_refused() {
    let server = server().await;
    let mut client = server.client().await;
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    let message = line.repeat(50_000);
    assert_eq!(client.send("a@b.example", &["x@x.example"], &message).await, "250 2.0.0 taken");
    assert_eq!(server.seen()[0].2.len(), message.len() + 2);
    // One line of 20 MB, without an end until the last bytes.
    let long = vec![b'y'; 20_000_000];
    assert_eq!(client.send("a@b.example", &["x@x.example"], &long).await, "250 2.0.0 taken");
    let reply = client.send("a@b.example", &["x@x.example"], &line.repeat(70_000)).await;
    assert_eq!(reply, "552 5.3.4 Message size exceeds fixed limit");
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_proxy_line_tells_the_address() {
    let server = server_with(Limits::default(), |pki| Transport::Proxied(pki.acceptor())).await;
    let stream = "PROXY TCP4 192.0.2.10 198.51.100.20 40000 25\r\nEHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT \
                  TO:<x@x.example>\r\nDATA\r\n.\r\nQUIT\r\n";
    let socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let answer = exchange(socket, stream.as_bytes()).await;
    assert!(answer.ends_with("221 2.0.0 Bye\r\n"), "{answer}");
    assert_eq!(server.seen()[0].0.peer, std::net::IpAddr::from([192, 0, 2, 10]));
    let socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    assert_eq!(exchange(socket, b"EHLO a.example\r\n").await, "", "without the line nobody is let in");
}

async fn exchange(mut socket: tokio::net::TcpStream, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    socket.write_all(bytes).await.unwrap();
    let mut out = Vec::new();
    within("the end", socket.read_to_end(&mut out)).await.ok();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let server = server_with(Limits::default(), |pki| Transport::Tls(pki.acceptor())).await;
    let mut client = Client::over_tls(server.address, "mx.corp.example", server.pki.ca_pem()).await;
    assert!(!client.ask("EHLO a.example").await.contains("STARTTLS"));
    client.send("a@b.example", &["x@x.example"], b"x").await;
    assert_eq!(server.seen()[0].0.protocol(), "ESMTPS");
}

#[tokio::test]
async fn limits_hold() {
    let limits = Limits { sessions: 1, recipients: 2, ..Limits::default() };
    let server = server_with(limits, |_| Transport::Plain(None)).await;
    let mut client = server.client().await;
    client.ask("MAIL FROM:<a@b.example>").await;
    client.ask("RCPT TO:<x@x.example>").await;
    client.ask("RCPT TO:<y@x.example>").await;
    assert_eq!(client.ask("RCPT TO:<z@x.example>").await, "452 4.5.3 Error: too many recipients");
    let (second, greeting) = Client::connect(server.address).await;
    assert_eq!(greeting, "421 4.7.0 mx.corp.example Error: too many connections");
    assert_eq!(second.rest().await, "");
    assert_eq!(client.ask("RCPT TO:<close@x.example>").await, "452 4.5.3 Error: too many recipients");
    client.ask("RSET").await;
    client.ask("MAIL FROM:<a@b.example>").await;
    assert_eq!(client.ask("RCPT TO:<close@x.example>").await, "421 4.3.0 closing");
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_silent_client_is_hung_up_on() {
    let limits = Limits { idle: Duration::from_millis(30), ..Limits::default() };
    let server = server_with(limits, |_| Transport::Plain(None)).await;
    let (client, _) = Client::connect(server.address).await;
    assert_eq!(client.rest().await, "421 4.4.2 mx.corp.example Error: timeout exceeded\r\n");
}

#[tokio::test]
async fn a_suffix_stands_on_every_reply_but_the_welcome() {
    let server = server().await;
    let mut client = server.client().await;
    assert!(!client.ask("EHLO gsmtp").await.contains("- gsmtp"));
    assert_eq!(client.ask("NOOP").await, "250 2.0.0 Ok - gsmtp");
    assert_eq!(client.ask("FOO").await, "500 5.5.2 Error: command not recognized - gsmtp");
}

#[tokio::test]
async fn at_the_end_every_client_is_told_and_no_task_stays() {
    let server = server().await;
    let (idle, writing) = (server.client().await, {
        let mut client = server.client().await;
        client.ask("MAIL FROM:<a@b.example>").await;
        client.ask("RCPT TO:<x@x.example>").await;
        client.ask("DATA").await;
        client
    });
    server.tasks.stop();
    within("the end of all tasks", server.tasks.ended()).await;
    for client in [idle, writing] {
        assert_eq!(client.rest().await, "421 4.3.2 mx.corp.example Service shutting down\r\n");
    }
    assert_eq!(server.tasks.alive(), 0);
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}
