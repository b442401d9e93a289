//! Verification against a DNS server on the wire, and again from what was recorded.

use crate::support::verify_signer::*;
use sealcheck::{
    mail::Message,
    verify::{Dns, TxtAnswer, Verdict, ZoneFile, dns::DnsFailure, verify},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};

/// How a name is answered: with records, an alias and records, or a response code.
pub(crate) enum Reply {
    Txt(Vec<Vec<u8>>),
    Alias(Vec<u8>),
    Code(u8),
}

/// A port for TCP and UDP. One that is free for TCP may be taken for UDP, so some are tried.
async fn one_port() -> (TcpListener, UdpSocket) {
    for _ in 0..32 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (tcp, udp);
        }
    }
    panic!("no port was free for both TCP and UDP");
}

/// A DNS server on one loopback port, UDP and TCP; UDP answers over 1200 octets are truncated.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let (tcp, udp) = one_port().await;
        let address = tcp.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (reply, log) = (Arc::new(reply), asked.clone());
        let mut tasks = JoinSet::new();
        let (udp_reply, udp_log) = (reply.clone(), log.clone());
        tasks.spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok((n, from)) = udp.recv_from(&mut buffer).await {
                let mut answer = answer(&buffer[..n], "udp", &udp_log, &*udp_reply);
                if answer.len() > 1200 {
                    answer.truncate(question_end(&answer));
                    answer[2] |= 0x02;
                    answer[6..8].fill(0);
                }
                udp.send_to(&answer, from).await.unwrap();
            }
        });
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                while let Ok(n) = stream.read_u16().await {
                    let mut query = vec![0; n.into()];
                    stream.read_exact(&mut query).await.unwrap();
                    let answer = answer(&query, "tcp", &log, &*reply);
                    stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    /// One that has these answers.
    pub(crate) async fn of_zone(zone: ZoneFile) -> Self {
        Self::start(move |name| match zone.txt(name) {
            TxtAnswer::Records { texts, .. } => Reply::Txt(texts),
            TxtAnswer::NoData => Reply::Txt(Vec::new()),
            TxtAnswer::NxDomain => Reply::Code(3),
            TxtAnswer::Failed(_) => Reply::Code(2),
        })
        .await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn question_end(query: &[u8]) -> usize {
    let mut at = 12;
    while query[at] != 0 {
        at += 1 + usize::from(query[at]);
    }
    at + 5
}

fn answer(query: &[u8], by: &str, log: &Mutex<Vec<String>>, reply: &(dyn Fn(&str) -> Reply + Send + Sync)) -> Vec<u8> {
    let end = question_end(query);
    let mut name = String::new();
    let mut at = 12;
    while query[at] != 0 {
        let len = usize::from(query[at]);
        name.push_str(&String::from_utf8_lossy(&query[at + 1..at + 1 + len]).to_lowercase());
        name.push('.');
        at += 1 + len;
    }
    log.lock().unwrap().push(format!("{by} {name}"));
    let (code, records) = match reply(&name) {
        Reply::Code(code) => (code, Vec::new()),
        Reply::Txt(texts) => (0, texts.iter().map(|t| record(&[0xc0, 12], 16, &strings(t))).collect()),
        Reply::Alias(text) => {
            let target = b"\x06target\x04test\x00";
            (0, vec![record(&[0xc0, 12], 5, target), record(target, 16, &strings(&text))])
        }
    };
    let mut out = query[..2].to_vec();
    out.extend([0x85, 0x80 | code, 0, 1, 0, records.len().try_into().unwrap(), 0, 0, 0, 0]);
    out.extend_from_slice(&query[12..end]);
    out.extend(records.concat());
    out
}

fn record(owner: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap().to_be_bytes();
    [owner, &[0, kind, 0, 1, 0, 0, 1, 44], &len, data].concat()
}

fn strings(text: &[u8]) -> Vec<u8> {
    text.chunks(255).flat_map(|c| [&[u8::try_from(c.len()).unwrap()][..], c].concat()).collect()
}

#[tokio::test]
async fn a_message_is_verified_over_the_wire_and_again_from_the_record() {
    let server = Server::start(|name| match name {
        "ext._domainkey.sender.example." => Reply::Txt(vec![b"unrelated".to_vec(), SENDER.record().into_bytes()]),
        "hop1._domainkey.list.example." => Reply::Alias(LIST.record().into_bytes()),
        // A note as long as this needs TCP.
        "20231011._domainkey.company.example." => {
            Reply::Txt(vec![format!("{}; n={}", COMPANY.record(), "x".repeat(3000)).into_bytes()])
        }
        _ => Reply::Code(3),
    })
    .await;
    let message = Message::parse(two_sets(PLAIN.as_bytes()));
    let verdict = verify(&message, &Dns::server(server.address).unwrap(), 1_795_488_300).await;
    assert_eq!((verdict.arc, &verdict.arc_reason), (Verdict::Pass, &None));
    assert_eq!((verdict.dkim[0].result, &verdict.dkim[0].reason), (Verdict::Pass, &None));
    let mut asked = server.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "tcp 20231011._domainkey.company.example.",
            "udp 20231011._domainkey.company.example.",
            "udp ext._domainkey.sender.example.",
            "udp hop1._domainkey.list.example."
        ]
    );
    let text = verdict.zone.to_text();
    assert!(text.starts_with("20231011._domainkey.company.example. 300 IN TXT \"v=DKIM1; k=rsa; p="), "{text}");
    assert_eq!(text.lines().count(), 4);
    let replayed = verify(&message, &Dns::zone(ZoneFile::parse(&text).unwrap()), 1_795_488_300).await;
    assert_eq!(replayed, verdict);
    assert_eq!(server.asked().len(), asked.len());
}

#[tokio::test]
async fn an_answer_is_kept_for_the_next_message() {
    let server = Server::start(|_| Reply::Txt(vec![SENDER.record().into_bytes()])).await;
    let dns = Dns::server(server.address).unwrap();
    let message = Message::parse(dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes()));
    for _ in 0..3 {
        assert_eq!(verify(&message, &dns.clone(), 1_795_488_300).await.dkim[0].result, Verdict::Pass);
    }
    assert_eq!(server.asked(), ["udp ext._domainkey.sender.example."]);
}

#[tokio::test]
async fn every_refusal_is_told_apart() {
    let server = Server::start(|name| match name {
        "nodata.example." => Reply::Txt(vec![]),
        "servfail.example." => Reply::Code(2),
        "refused.example." => Reply::Code(5),
        "formerr.example." => Reply::Code(1),
        _ => Reply::Code(3),
    })
    .await;
    let dns = Dns::server(server.address).unwrap();
    for (name, expected) in [
        ("nodata.example", TxtAnswer::NoData),
        ("servfail.example", TxtAnswer::Failed(DnsFailure::ServFail)),
        ("refused.example", TxtAnswer::Failed(DnsFailure::Refused)),
        ("formerr.example", TxtAnswer::Failed(DnsFailure::Error)),
        ("unknown.example", TxtAnswer::NxDomain),
    ] {
        assert_eq!(dns.txt(name).await, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_leaves_everything_open() {
    let (_tcp, udp) = one_port().await;
    let dns = Dns::server(udp.local_addr().unwrap()).unwrap();
    let message = Message::parse(two_sets(PLAIN.as_bytes()));
    let start = tokio::time::Instant::now();
    let verdict = verify(&message, &dns, 1_795_488_300).await;
    let three_names = start.elapsed();
    assert_eq!((verdict.arc, verdict.dkim[0].result), (Verdict::TempError, Verdict::TempError));
    assert_eq!(
        verdict.zone.to_text(),
        "; TIMEOUT 20231011._domainkey.company.example. TXT\n; TIMEOUT ext._domainkey.sender.example. TXT\n\
         ; TIMEOUT hop1._domainkey.list.example. TXT\n"
    );
    // The names are asked for at the same time.
    let start = tokio::time::Instant::now();
    assert_eq!(dns.txt("name.example").await, TxtAnswer::Failed(DnsFailure::Timeout));
    assert!(three_names < start.elapsed() * 2, "{three_names:?}");
}
