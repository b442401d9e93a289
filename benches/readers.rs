//! How long it takes to read mail: a whole header, a bounce, a megabyte that wants to be slow, a hundred thousand of the
//! same kind. `mail_parser` reads the same header beside us.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sealcheck::{
    judge::diagnose::{DiagnoseInput, ServerLog, diagnose_mail},
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, AuthenticationResults},
        dsn::Dsn,
        log, received,
        reply::Reply,
    },
    outcome::Diagnosis,
    verify::ZoneFile,
};
use std::hint::black_box;

const FORWARDED: &[u8] = include_bytes!("../tests/fixtures/forwarded-by-rspamd.eml");
const BOUNCE: &[u8] = include_bytes!("../tests/fixtures/dsn/postfix-unauthenticated.eml");
const RESULTS: &str = " mx.google.com;\r\n       dkim=pass header.i=@sender.example header.s=ext header.b=\"ab/cD+12\";\r\n       \
    arc=pass (i=1 spf=pass spfdomain=sender.example dkim=pass dkdomain=sender.example dmarc=pass fromdomain=sender.example);\r\n       \
    spf=pass (google.com: domain of srs0=ab=cd=sender.example=alice@company.example designates 192.0.2.1 as permitted sender) \
    smtp.mailfrom=\"SRS0=ab=cd=sender.example=alice@company.example\";\r\n       \
    dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=sender.example\r\n";

fn header(c: &mut Criterion) {
    let mut group = c.benchmark_group("header");
    group.throughput(Throughput::Bytes(FORWARDED.len() as u64));
    group.bench_function("fields", |b| b.iter_batched(|| FORWARDED.to_vec(), Message::parse, BatchSize::SmallInput));
    group.bench_function("fields, arc, trust and hops", |b| {
        b.iter_batched(
            || FORWARDED.to_vec(),
            |raw| {
                let message = Message::parse(raw);
                let trust = authres::trusted(&message, "mx.google.com");
                (ArcChain::of(&message), trust, received::hops(&message))
            },
            BatchSize::SmallInput,
        );
    });
    let peer = mail_parser::MessageParser::default();
    group.bench_function("mail_parser", |b| {
        b.iter(|| peer.parse_headers(black_box(FORWARDED)).map(|m| m.headers().len()))
    });
    group.finish();
}

fn results(c: &mut Criterion) {
    let mut group = c.benchmark_group("authentication-results");
    group.throughput(Throughput::Bytes(RESULTS.len() as u64));
    let read = |text: &str| AuthenticationResults::parse("Authentication-Results", text.as_bytes(), 1);
    group.bench_function("google", |b| b.iter(|| read(black_box(RESULTS))));
    group.sample_size(10);
    for (name, unit) in [("nested", "("), ("unclosed quotes", "(\""), ("statements", "a=b (c) d.e=f;")] {
        let hostile = " h; dkim=pass ".to_owned() + &unit.repeat(1_000_000 / unit.len());
        group.throughput(Throughput::Bytes(hostile.len() as u64));
        group.bench_function(format!("1 MB {name}"), |b| b.iter(|| read(black_box(&hostile)).results.len()));
    }
    group.finish();
}

fn bounce(c: &mut Criterion) {
    let message = Message::parse(BOUNCE);
    let code = Dsn::of(&message).and_then(|d| d.recipients[0].diagnostic_code.clone()).unwrap_or_default();
    let mut group = c.benchmark_group("bounce");
    group.bench_function("dsn", |b| b.iter(|| Dsn::of(black_box(&message))));
    group.bench_function("reply", |b| b.iter(|| Reply::parse(black_box(&code))));
    group.finish();
}

/// Ten times as many must take ten times as long: compare the elements a second.
fn many(c: &mut Criterion) {
    let mut group = c.benchmark_group("many");
    group.sample_size(10);
    for count in [1_000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(count));
        let of = |line: fn(u64) -> String| (0..count).map(line).collect::<String>();
        let received = of(|n| {
            format!(
                "Received: from h{}.mid.example by h{n}.mid.example with ESMTPS id {n} for <info@mid.example>; Tue, 24 Nov 2026 \
                 02:45:36 +0000\r\n",
                n + 1
            )
        });
        let message = Message::parse(received.into_bytes());
        group.bench_function(format!("{count} Received"), |b| {
            b.iter(|| diagnosed(black_box(&message), ServerLog::default()))
        });
        let log = of(|n| {
            format!(
                "Nov 24 02:45:36 mx postfix/cleanup[1]: {n:08X}: message-id=<1@ext.example>\nNov 24 02:45:36 mx postfix/smtp[1]: \
                 {n:08X}: to=<x@gmail.com>, dsn=5.7.26, status=bounced (host a said: 550 5.7.26 no)\n"
            )
        });
        let short = Message::parse(&b"Message-ID: <1@ext.example>\r\n\r\n"[..]);
        group.bench_function(format!("{count} bounces in a log"), |b| {
            b.iter(|| {
                let lines: Vec<&str> = black_box(&log).lines().collect();
                let about = log::about(&lines, "<1@ext.example>").into_iter().map(|at| lines[at]);
                diagnosed(&short, ServerLog::of(about, "mail.log"))
            });
        });
        for (name, text) in [
            ("at one name", of(|n| format!("s.mid.example. 300 IN TXT \"v={n}\"\n"))),
            ("at many names", of(|n| format!("s{n}.mid.example. 300 IN TXT \"v=1\"\n"))),
        ] {
            group.bench_function(format!("{count} records {name}"), |b| b.iter(|| ZoneFile::parse(black_box(&text))));
        }
    }
    group.finish();
}

/// What is wrong with a message, by its path and a log.
fn diagnosed(message: &Message, log: ServerLog) -> Vec<Diagnosis> {
    diagnose_mail(DiagnoseInput {
        artifact: "x.eml",
        message,
        trusted: None,
        arc: &ArcChain::default(),
        hops: &received::hops(message),
        verification: None,
        dsn: None,
        returned: None,
        sent: None,
        forwarder: None,
        spf: &[],
        log,
    })
}

criterion_group!(benches, header, results, bounce, many);
criterion_main!(benches);
