//! A header that somebody pasted without its body: what can be verified of it is, and nothing is said of what cannot be seen.

use crate::support::{
    program::Project,
    verify_signer::{COMPANY, LIST, Older, PLAIN, RELAXED, SENDER, arc, arc_recipe, dkim, dkim_recipe, two_sets, zone},
};
use serde_json::Value;
use std::fs;

/// What `inspect` says of a mail.
fn inspect(project: &Project, mail: &[u8], dns: &str) -> Value {
    fs::write(project.path("mail.eml"), mail).unwrap();
    let ran = project.run(&["inspect", "mail.eml", "--dns", dns, "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
}

/// The first code and its confidence; nothing when nothing is wrong.
fn first(said: &Value) -> String {
    let diagnosis = &said["diagnosis"][0];
    let word = |key: &str| diagnosis[key].as_str().unwrap_or_default();
    format!("{} {}", word("code"), word("confidence")).trim().to_owned()
}

fn lacks_body(said: &Value) -> bool {
    said["proof"]["open"].as_array().unwrap().iter().any(|open| open["kind"] == "no_body")
}

fn header(mail: &[u8]) -> &[u8] {
    let end = mail.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    &mail[..end + 2]
}

fn with_results(mail: &[u8], results: &str) -> Vec<u8> {
    let trace = "Received: from mx.company.example (mx.company.example [192.0.2.1]) by mx.receiver.example with ESMTPS id 1 \
                 for <user@receiver.example>; Tue, 24 Nov 2026 02:45:00 +0000\r\nAuthentication-Results: mx.receiver.example; ";
    [format!("{trace}{results}\r\n").as_bytes(), mail].concat()
}

#[test]
fn a_header_without_its_body_is_verified_as_far_as_it_goes() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), zone().to_text()).unwrap();
    let mail = two_sets(PLAIN.as_bytes());
    for end in ["", "\r\n", "\r\n\r\n  \r\n"] {
        let pasted = [header(&mail), end.as_bytes()].concat();
        let said = inspect(&project, &pasted, "dns.zone");
        let verified = &said["verification"];
        assert_eq!((verified["arc"].as_str(), first(&said)), (Some("pass"), String::new()), "{end:?}: {said:#}");
        assert_eq!(verified["dkim"][0]["result"], "pass");
        assert!(lacks_body(&said) && said["proof"]["sound"] == false, "{said:#}");
    }
    // The signatures do not fit this header.
    let changed = String::from_utf8(header(&mail).to_vec()).unwrap().replace("Subject: hello", "Subject: [list] hello");
    assert_eq!(first(&inspect(&project, changed.as_bytes(), "dns.zone")), "B06 certain");
}

#[test]
fn that_the_body_changed_is_the_receivers_word_where_there_is_none() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), zone().to_text()).unwrap();
    let mail = two_sets(PLAIN.as_bytes());
    let said_so = with_results(header(&mail), "arc=fail (body hash mismatch)");
    assert_eq!(first(&inspect(&project, &said_so, "dns.zone")), "B00 high");
    assert_eq!(first(&inspect(&project, &said_so, "none")), "B04 low");
    // The same by a receiver that sealed it as broken.
    let signed = dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes());
    let first_set = arc(&COMPANY, &arc_recipe(&COMPANY, 1, RELAXED), &signed);
    let received = String::from_utf8(with_results(&first_set, "arc=fail (body hash mismatch)")).unwrap();
    let mut own = arc_recipe(&LIST, 2, RELAXED);
    (own.seal, own.older) = (own.seal.map(|tags| tags.replace("cv=pass", "cv=fail")), Older::None);
    let sealed = arc(&LIST, &own, received.replace("mx.receiver.example", "mx.list.example").as_bytes());
    assert_eq!(first(&inspect(&project, header(&sealed), "dns.zone")), "B00 high");
}

#[test]
fn a_mail_whose_body_is_empty_is_whole() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), zone().to_text()).unwrap();
    let empty = format!("{}\r\n\r\n", PLAIN.split("\r\n\r\n").next().unwrap());
    let mail = two_sets(empty.as_bytes());
    let said = inspect(&project, &mail, "dns.zone");
    assert_eq!((said["verification"]["arc"].as_str(), lacks_body(&said)), (Some("pass"), false), "{said:#}");
    assert!(said["proof"]["sound"] == true, "{said:#}");
    // Signed with a body that was taken away before the seal: the seal covers what is there.
    let signed = dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes());
    let emptied = arc(&COMPANY, &arc_recipe(&COMPANY, 1, RELAXED), &[header(&signed), b"\r\n"].concat());
    let said = inspect(&project, &emptied, "dns.zone");
    assert_eq!(
        (said["verification"]["dkim"][0]["result"].as_str(), lacks_body(&said)),
        (Some("fail"), false),
        "{said:#}"
    );
}
