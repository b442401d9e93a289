//! How long the embedded world takes: to start and end, and to carry one mail from the company's MX to the receiver's
//! mailbox (authentication, seal, STARTTLS and delivery included).

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use sealcheck::{
    core::{
        certificates,
        tls_client::{TlsClient, Trust},
    },
    lab::embedded::{
        Ports, World,
        smtp_client::{self, ClientAddress, Destination, Protocol},
        smtp_server::Envelope,
    },
    target::{Knobs, knobs::DmarcRecord},
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{runtime::Runtime, time::timeout};

/// A world that takes unsigned mail all the way: SPF passes for the rewritten envelope, and no policy forbids it.
async fn start() -> World {
    let mut knobs = Knobs::default();
    knobs.external.dmarc = DmarcRecord::None;
    knobs.company.srs = true;
    World::start(&knobs, &Ports::default()).await.unwrap()
}

/// A mail like the others; the receiver drops a Message-ID that it has seen.
fn mail(n: u64) -> Vec<u8> {
    format!(
        "From: probe@ext.example\r\nTo: info@corp.example\r\nSubject: bench\r\nDate: Tue, 24 Nov 2026 02:45:36 \
         +0000\r\nMessage-ID: <{n}@ext.example>\r\n\r\nBody.\r\n"
    )
    .into_bytes()
}

fn start_and_end(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    criterion.bench_function("lab/start and end", |bencher| {
        bencher.to_async(&runtime).iter(|| async { start().await.stop().await });
    });
}

fn forward(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let (world, destination) = runtime.block_on(async {
        let world = start().await;
        let mx = world.describe().servers.iter().find(|s| s.name == "company-mx").unwrap();
        let authorities = certificates::read(&world.describe().ca_pem).unwrap();
        let tls = TlsClient::new(Trust::Only(&authorities)).unwrap();
        let destination = Destination {
            socket: mx.address,
            host: mx.host.to_owned(),
            client_address: ClientAddress::Nothing,
            helo: "client.ext.example".to_owned(),
            protocol: Protocol::Smtp,
            tls: Some(tls),
        };
        (world, destination)
    });
    let envelope = Envelope::new("probe@ext.example", &["info@corp.example"]);
    let inbox = world.gmail_mailboxes().account("probe.inbox@gmail.com").unwrap();
    let sent = AtomicU64::new(0);
    criterion.bench_function("lab/forward one mail", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut news = inbox.news();
            let mail = mail(sent.fetch_add(1, Ordering::Relaxed));
            let answers = smtp_client::send(&destination, &envelope, &mail).await.result.unwrap();
            assert!(answers[0].reply.is_positive());
            timeout(Duration::from_secs(30), news.changed()).await.expect("the mail never came").unwrap();
        });
    });
}

criterion_group!(benches, start_and_end, forward);
criterion_main!(benches);
