//! Every reader of untrusted input as a function of bytes, for fuzzing: by `fuzzed.rs` in every test run, guided by
//! coverage in `tests/fuzz`.

use sealcheck::{
    judge::diagnose::{DiagnoseInput, ServerLog, diagnose_mail},
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, AuthenticationResults},
        dkim,
        dsn::Dsn,
        encoded_word, log, received, received_spf,
        reply::Reply,
        taglist::TagList,
    },
    scenario::{
        lint,
        yaml::{self, Source},
    },
    verify::{Dns, TxtAnswer, ZoneFile, verify},
};

/// A reader.
pub(crate) struct Reader {
    /// Its name; its seeds are in `tests/fixtures/fuzz/NAME`.
    pub(crate) name: &'static str,
    /// Reads everything there is to read in these bytes. What it says does not matter; that it says it does.
    pub(crate) read: fn(&[u8]),
}

/// All of them.
pub(crate) const READERS: [Reader; 18] = [
    Reader { name: "authres", read: |data| field("Authentication-Results", data, results) },
    Reader { name: "trust", read: |data| message(data, results) },
    Reader { name: "taglist", read: tags },
    Reader { name: "arc", read: |data| message(data, |m| drop(ArcChain::of(m))) },
    Reader { name: "dkim", read: |data| field("DKIM-Signature", data, |m| drop(dkim::all(m))) },
    Reader { name: "dsn", read: |data| message(data, |m| drop(Dsn::of(m))) },
    Reader { name: "encoded-word", read: |data| drop(encoded_word::decode(&String::from_utf8_lossy(data))) },
    Reader { name: "received", read: |data| field("Received", data, |m| drop(received::hops(m))) },
    Reader { name: "received-spf", read: |data| field("Received-SPF", data, |m| drop(received_spf::all(m))) },
    Reader { name: "reply", read: reply },
    Reader { name: "log", read: log_lines },
    Reader { name: "log-file", read: log_file },
    Reader { name: "path", read: |data| message(data, |m| diagnosed(m, ServerLog::default())) },
    Reader { name: "server-log", read: server_log },
    Reader { name: "zone", read: zone },
    Reader { name: "yaml", read: yaml },
    Reader { name: "verify", read: |data| verified(data, captured_zone()) },
    Reader { name: "key", read: |data| verified(SIGNED, one_key(data)) },
];

/// A message signed with a key of 1024 bits, and messages that a real rspamd sealed with their DNS.
const SIGNED: &[u8] = include_bytes!("../../fixtures/verify/rsa1024.eml");
const CAPTURED: &str = include_str!("../../fixtures/captures/dns.zone");

fn message(data: &[u8], read: impl FnOnce(&Message)) {
    let message = Message::parse(data);
    assert_eq!([message.header(), message.body()].concat(), data, "the parts are the whole");
    message.message_id();
    read(&message);
}

/// Bytes as the value of one field.
fn field(name: &str, data: &[u8], read: impl FnOnce(&Message)) {
    read(&Message::parse([name.as_bytes(), b":", data].concat()));
}

fn results(message: &Message) {
    let mut all = authres::all(message);
    all.extend(message.fields().iter().map(AuthenticationResults::of));
    for result in all.iter().flat_map(|read| &read.results) {
        drop((result.arc_comment(), result.dmarc_comment(), result.domain().map(str::to_owned)));
    }
    let trust = authres::trusted(message, "mx.google.com");
    drop((authres::receiver(message), trust));
}

fn tags(data: &[u8]) {
    let list = TagList::parse(data);
    for tag in &list.tags {
        drop((list.get(&tag.name), list.lower(&tag.name), list.names(&tag.name), list.number::<u64>(&tag.name)));
    }
}

fn reply(data: &[u8]) {
    if let Some(reply) = Reply::parse(&String::from_utf8_lossy(data)) {
        assert_eq!(Reply::parse(&reply.to_string()), Some(reply), "what is written is read");
    }
}

fn log_lines(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines {
        let plain = log::plain(line);
        log::deliveries(&plain).for_each(|delivery| drop(format!("{delivery:?}")));
        log::trouble(line);
    }
    let about = log::about(&lines, "<1@sender.example>");
    let about: Vec<&str> = about.into_iter().map(|at| lines[at]).collect();
    log::progress(&about);
    assert!(about.iter().all(|line| log::queue_id(&log::plain(line)).is_none_or(|id| log::plain(line).contains(id))));
    about.iter().for_each(|line| drop(format!("{:?}", log::program(line))));
}

/// A log as it lies on a disk, compressed or in UTF-16.
fn log_file(data: &[u8]) {
    let Ok(mut lines) = log::Lines::open(std::io::Cursor::new(data.to_vec())) else { return };
    while let Ok(Some(line)) = lines.next_line() {
        assert!(!line.contains('\n'));
    }
}

/// Says what is wrong with a message, by its path and the log of the server that forwarded it.
fn diagnosed(message: &Message, log: ServerLog) {
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
    });
}

fn server_log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().collect();
    let about = log::about(&lines, "<1@sender.example>").into_iter().map(|at| lines[at]);
    let log = ServerLog::of(about, "mail.log");
    diagnosed(&Message::parse(&b"From: alice@sender.example\r\n\r\n"[..]), log);
}

fn zone(data: &[u8]) {
    if let Ok(zone) = ZoneFile::parse(&String::from_utf8_lossy(data)) {
        let again = ZoneFile::parse(&zone.to_text());
        assert_eq!(again.ok().as_ref(), Some(&zone), "what is written is read");
    }
}

fn yaml(data: &[u8]) {
    let Ok(source) = Source::new("x.yaml", data) else { return };
    let base = |name: &str| Err(format!("there is no {name}"));
    match yaml::scenarios(&source, "x", &base) {
        Ok(scenarios) => drop(lint(&scenarios)),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
    if let Err(errors) = yaml::config(Some(&source), &[]) {
        assert!(!errors.to_string().is_empty());
    }
}

fn verified(message: &[u8], zone: ZoneFile) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(verify(&Message::parse(message), &Dns::zone(zone), 1_795_500_000));
}

fn captured_zone() -> ZoneFile {
    ZoneFile::parse(CAPTURED).expect("the captured zone")
}

/// A zone that has this record for every key of the signed message.
fn one_key(record: &[u8]) -> ZoneFile {
    let message = Message::parse(SIGNED);
    let mut zone = ZoneFile::default();
    for signature in dkim::all(&message) {
        let (Some(d), Some(s)) = (signature.domain, signature.selector) else { continue };
        let answer = TxtAnswer::Records { ttl: 300, texts: vec![record.to_vec()] };
        zone.insert(&format!("{s}._domainkey.{d}."), answer);
    }
    zone
}
