//! A DNS server that gives no answer is no news of the mail: every way of it leaves the verification open, and a run with it
//! neither calls a snapshot changed nor accepts what it saw.

use crate::support::{
    program::{Project, forward},
    verify_signer::{PLAIN, two_sets},
};
use sealcheck::{
    mail::Message,
    verify::{Dns, Verdict, verify},
};
use serde_json::Value;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

/// What a server sends back for a question, as bytes; `None` for silence.
type Answer = fn(&[u8]) -> Option<Vec<u8>>;

/// A response with this code and no records, in which `change` may change something.
fn response(question: &[u8], code: u8, change: impl Fn(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut out = question.to_vec();
    out[2] = 0x85;
    out[3] = 0x80 | code;
    // What EDNS added to the question.
    out[10..12].fill(0);
    let end = 12 + out[12..].iter().position(|b| *b == 0).unwrap() + 5;
    out.truncate(end);
    change(&mut out);
    Some(out)
}

/// A TXT record in the answer, with a key that nobody signed with.
fn with_key(out: &mut Vec<u8>) {
    let text = b"v=DKIM1; p=";
    out[7] = 1;
    out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44, 0, text.len() as u8 + 1, text.len() as u8]);
    out.extend(text);
}

/// Every way to give no answer that was ever met, by name.
const WAYS: [(&str, Answer); 12] = [
    ("silence", |_| None),
    ("SERVFAIL", |question| response(question, 2, |_| {})),
    ("REFUSED", |question| response(question, 5, |_| {})),
    ("FORMERR", |question| response(question, 1, |_| {})),
    ("NOTIMP", |question| response(question, 4, |_| {})),
    ("garbage", |_| Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())),
    ("an empty datagram", |_| Some(Vec::new())),
    ("half an answer", |question| {
        response(question, 0, with_key).map(|mut out| {
            out.truncate(out.len() - 6);
            out
        })
    }),
    ("another id", |question| {
        response(question, 0, |out| {
            out[0] ^= 0x55;
            with_key(out);
        })
    }),
    ("the answer to another question", |question| {
        response(question, 0, |out| {
            out[13] ^= 0x01;
            with_key(out);
        })
    }),
    ("TC, and no TCP", |question| response(question, 0, |out| out[2] |= 0x02)),
    ("the question sent back", |question| Some(question.to_vec())),
];

/// A DNS server on loopback that answers so, for as long as the tests run. Nobody answers on its TCP port.
fn server(answer: Answer) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((n, from)) = socket.recv_from(&mut buffer) {
            if let Some(out) = answer(&buffer[..n]) {
                socket.send_to(&out, from).ok();
            }
        }
    });
    address
}

#[tokio::test]
async fn no_way_to_give_no_answer_is_taken_for_one() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let servers = WAYS.iter().map(|(name, answer)| (*name, server(*answer))).chain([("nobody there", closed)]);
    let mut asked = tokio::task::JoinSet::new();
    for (name, address) in servers {
        asked.spawn(async move {
            let message = Message::parse(two_sets(PLAIN.as_bytes()));
            (name, verify(&message, &Dns::server(address).unwrap(), 1_795_488_300).await)
        });
    }
    for (name, found) in asked.join_all().await {
        assert_eq!((found.arc, found.dkim[0].result), (Verdict::TempError, Verdict::TempError), "{name}: {found:?}");
        assert!(found.has_temperror(), "{name}");
    }
}

/// Two scenarios, one with an accepted snapshot and one without, by every such DNS server.
#[test]
fn what_dns_does_not_tell_changes_no_snapshot_and_is_not_accepted() {
    let text = forward("gmail").replace("        verify: true\n", "");
    let project = Project::new().scenario("kept", &text).scenario("fresh", &text);
    let _lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let run = project.run(&["run", "kept", "--target", "gmail", "--update", "new"]);
    assert_eq!(run.code, 0, "{run}");
    let (kept, fresh) = ("snapshots/gmail/kept.snap", "snapshots/gmail/fresh.snap");
    let sound = project.read(kept);
    let check = |name: &str, address: SocketAddr, update: &str| {
        let (dns, report) = (format!("dns={address}"), format!("json=r-{}.json", address.port()));
        let run = project.run(&["run", "--target", "gmail", "--set", &dns, "--update", update, "--report", &report]);
        assert!(run.code == 3 && run.stdout.contains("error[H03]"), "{name}: {run}");
        let result: Value = serde_json::from_str(&project.read(&format!("r-{}.json", address.port()))).unwrap();
        for scenario in result["scenarios"].as_array().unwrap() {
            assert!(scenario["attempts"][0]["observed"][0].is_object(), "{name}: the mail came: {scenario}");
            let status = &scenario["snapshot"]["status"];
            assert_eq!(status, "skipped", "{name}: {scenario}");
        }
    };
    std::thread::scope(|scope| {
        for (n, (name, answer)) in WAYS.into_iter().enumerate() {
            let update = ["all", "new", "pending"][n % 3];
            let check = &check;
            scope.spawn(move || check(name, server(answer), update));
        }
    });
    assert_eq!(project.read(kept), sound);
    for file in [fresh, "snapshots/gmail/fresh.snap.new", "snapshots/gmail/kept.snap.new"] {
        assert!(!project.path(file).exists(), "{file}");
    }
    fs::remove_dir_all(project.path("snapshots")).unwrap();
}

/// A key of the company that DNS does not tell of, from the receiver nor from us. Every expectation holds.
#[test]
fn a_copy_that_cannot_be_verified_is_an_error_whatever_is_expected_of_it() {
    let text = "sealcheck: 1
name: a seal whose key cannot be looked up
lab:
  company: { arc: dedicated }
  dns: [ { name: arc2026._domainkey.corp.example, type: TXT, answer: servfail } ]
send: { from: external, to: company }
wait: { timeout: 60s }
retries: { max: 1, on: [error], delay: 0s }
expect:
  - delivered:
      to: gmail
      auth: { arc: fail, dmarc: pass }
      arc: { seals: [ { i: last, by: $gmail.seal_domain, cv: fail } ] }
";
    let project = Project::new().scenario("dark", text);
    for update in ["all", "new", "pending"] {
        let run = project.run(&["run", "--update", update, "--report", "json=r.json"]);
        assert!(run.code == 3 && run.stdout.contains("error[H03]"), "{update}: {run}");
        let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
        assert_eq!(result["scenarios"][0]["attempts"].as_array().unwrap().len(), 2, "it is tried again: {run}");
        assert!(!project.path("snapshots").exists(), "{run}");
    }
}
