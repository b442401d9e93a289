//! Messages per second: one DKIM-Signature and two ARC Sets, keys of 2048 bits, DNS from a zone in memory.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sealcheck::{
    mail::Message,
    verify::{Dns, Verdict, verify},
};

#[path = "../tests/it/support/verify_signer.rs"]
#[expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
mod verify_signer;

/// A minute after the message was signed.
const NOW: i64 = 1_795_488_300;

fn bench(criterion: &mut Criterion) {
    let body = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam.\r\n".repeat(75);
    let header = verify_signer::PLAIN.split("\r\n\r\n").next().unwrap_or_default();
    let message = verify_signer::two_sets(format!("{header}\r\n\r\n{body}").as_bytes());
    let dns = Dns::zone(verify_signer::zone());
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    group.bench_function("dkim and two arc sets", |b| {
        b.to_async(&runtime).iter(|| async {
            let verdict = verify(&Message::parse(message.clone()), &dns, NOW).await;
            assert_eq!(verdict.arc, Verdict::Pass);
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
