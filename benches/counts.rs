//! Work whose instructions `.ci/counts` counts: `counts WORK TIMES` does it as often. All of it once without arguments.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use sealcheck::{
    mail::{Message, arc::ArcChain, authres, dsn::Dsn, received},
    verify::{Dns, Verdict, verify},
};
use std::hint::black_box;

#[path = "../tests/it/support/verify_signer.rs"]
mod verify_signer;

const FORWARDED: &[u8] = include_bytes!("../tests/fixtures/forwarded-by-rspamd.eml");
const BOUNCE: &[u8] = include_bytes!("../tests/fixtures/dsn/postfix-unauthenticated.eml");
/// A minute after the message was signed.
const NOW: i64 = 1_795_488_300;

/// One DKIM-Signature and two ARC Sets, keys of 2048 bits, DNS from a zone in memory.
fn verify_signatures(times: usize) {
    let body = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam.\r\n".repeat(75);
    let header = verify_signer::PLAIN.split("\r\n\r\n").next().unwrap_or_default();
    let message = verify_signer::two_sets(format!("{header}\r\n\r\n{body}").as_bytes());
    let dns = Dns::zone(verify_signer::zone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..times {
        let verdict = runtime.block_on(verify(&Message::parse(message.clone()), &dns, NOW));
        assert_eq!(verdict.arc, Verdict::Pass);
    }
}

/// A forwarded message with all that its header says, and a bounce.
fn read(times: usize) {
    for _ in 0..times {
        let message = Message::parse(FORWARDED.to_vec());
        let results = authres::all(&message);
        let trusted = authres::trusted(&message, "mx.google.com");
        black_box((results, trusted, ArcChain::of(&message), received::hops(&message)));
        black_box(Dsn::of(&Message::parse(BOUNCE.to_vec())));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["verify", times] => verify_signatures(times.parse().unwrap()),
        ["read", times] => read(times.parse().unwrap()),
        _ => {
            verify_signatures(1);
            read(1);
        }
    }
}
