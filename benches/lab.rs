//! How long the embedded world takes: to start and end, and to carry one mail from the company's MX to the receiver's
//! mailbox (authentication, seal, STARTTLS and delivery included).

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use sealcheck::{
    lab::embedded::{
        Ports, World,
        smtp_client::{self, Destination},
        smtp_server::Envelope,
    },
    scenario::Knobs,
};
use tokio::runtime::Runtime;

const MAIL: &[u8] = b"From: probe@ext.example\r\nTo: info@corp.example\r\nSubject: bench\r\n\r\nBody.\r\n";

async fn start() -> World {
    World::start(&Knobs::default(), &Ports::default()).await.unwrap()
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
        let mut builder = native_tls::TlsConnector::builder();
        let authority = native_tls::Certificate::from_pem(world.describe().ca_pem.as_bytes()).unwrap();
        let tls = builder.disable_built_in_roots(true).add_root_certificate(authority).build().unwrap().into();
        let destination = Destination {
            socket: mx.address,
            host: mx.host.to_owned(),
            proxy: None,
            helo: "client.ext.example".to_owned(),
            tls,
        };
        (world, destination)
    });
    let envelope = Envelope::new("probe@ext.example", &["info@corp.example"]);
    let inbox = world.gmail_mailboxes().account("probe.inbox@gmail.com").unwrap();
    criterion.bench_function("lab/forward one mail", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut news = inbox.news();
            let answers = smtp_client::send(&destination, &envelope, MAIL).await.unwrap();
            assert!(answers[0].reply.is_positive());
            news.changed().await.unwrap();
        });
    });
}

criterion_group!(benches, start_and_end, forward);
criterion_main!(benches);
