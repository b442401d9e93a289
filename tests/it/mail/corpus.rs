//! The readers against real header blocks with labels, which are not part of the project: `SEALCHECK_CORPUS` names the
//! folder of `NNN.eml` files and `labels.jsonl`. Without it the test says so and passes.

use sealcheck::mail::{
    Message,
    arc::ArcChain,
    authres::{self, AuthenticationResults, ResInfo},
};
use serde_json::{Map, Value, json};
use std::{fs, path::Path};

#[test]
fn every_file_reads_as_its_label_says() {
    #[expect(clippy::disallowed_methods, reason = "only the person who runs the tests knows where the corpus is")]
    let Some(folder) = std::env::var_os("SEALCHECK_CORPUS") else {
        println!("left out: SEALCHECK_CORPUS is not set");
        return;
    };
    let folder = Path::new(&folder);
    let labels = fs::read_to_string(folder.join("labels.jsonl")).unwrap();
    let labels: Vec<Value> = labels.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(!labels.is_empty(), "no labels in {}", folder.display());
    let mut wrong = Vec::new();
    for label in &labels {
        let name = label["file"].as_str().unwrap();
        let read = read(&fs::read(folder.join(name)).unwrap());
        for (key, read) in read.as_object().unwrap() {
            if *read != label[key] {
                wrong.push(format!("{name} {key}\n  label {}\n  read  {read}", label[key]));
            }
        }
    }
    println!("{} files, {} differences", labels.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the labels hold, as our readers see it.
fn read(raw: &[u8]) -> Value {
    let message = Message::parse(raw);
    let chain = ArcChain::of(&message);
    let plain: Vec<_> =
        authres::all(&message).into_iter().filter(|a| a.field.eq_ignore_ascii_case("Authentication-Results")).collect();
    let google = plain.iter().find(|a| a.authserv_id.as_deref() == Some("mx.google.com"));
    assert_eq!(
        authres::trusted(&message, "mx.google.com").trusted.as_ref(),
        google,
        "the topmost one is the one to trust"
    );
    if let Some(google) = google {
        assert_eq!(authres::receiver(&message), google.authserv_id, "the receiver is found without being named");
    }
    json!({
        "authserv_id": google.and_then(|a| a.authserv_id.clone()),
        "results": google.map(results).unwrap_or_default(),
        "arc_comment": google.and_then(arc_comment),
        "seals": chain.sets.iter().filter_map(|set| {
            let seal = set.seal.as_ref()?;
            Some(json!({
                "i": set.instance,
                "cv": seal.cv.as_ref().map(ToString::to_string),
                "d": seal.domain,
                "s": seal.selector,
                "a": seal.algorithm,
                "t": seal.timestamp.map(|t| t.to_string()),
            }))
        }).collect::<Vec<_>>(),
        "aar": chain.sets.iter().filter_map(|set| {
            let aar = set.aar.as_ref()?;
            let mut read = json!({
                "i": set.instance,
                "authserv_id": aar.authserv_id,
                "results": results(aar),
                "arc_comment": arc_comment(aar),
            });
            if let Some(version) = aar.version {
                read["version"] = version.to_string().into();
            }
            Some(read)
        }).collect::<Vec<_>>(),
        "ams": chain.sets.iter().filter_map(|set| {
            let ams = set.ams.as_ref()?;
            let mut read = json!({ "i": set.instance, "d": ams.domain, "s": ams.selector, "c": ams.canonicalization });
            for tag in ["t", "fh", "dara", "darn"] {
                if let Some(value) = ams.tags.compact(tag) {
                    read[tag] = value.into();
                }
            }
            Some(read)
        }).collect::<Vec<_>>(),
        "ar_hosts": plain.iter().map(|a| a.authserv_id.clone()).collect::<Vec<_>>(),
        "eol": if raw.windows(2).any(|w| w == b"\r\n") { "crlf" } else { "lf" },
    })
}

fn results(read: &AuthenticationResults) -> Vec<Value> {
    read.results.iter().map(result).collect()
}

fn result(read: &ResInfo) -> Value {
    let mut props = Map::new();
    for p in &read.properties {
        let key = if p.ptype.is_empty() { p.property.clone() } else { format!("{}.{}", p.ptype, p.property) };
        add(&mut props, &key, &p.value);
    }
    let mut value = json!({ "method": read.method, "result": read.result, "props": props });
    for (key, part) in [("comment", &read.comment), ("reason", &read.reason)] {
        if let Some(part) = part {
            value[key] = part.as_str().into();
        }
    }
    value
}

/// A key that is repeated becomes a list.
fn add(map: &mut Map<String, Value>, key: &str, value: &str) {
    match map.get_mut(key) {
        None => drop(map.insert(key.to_owned(), value.into())),
        Some(Value::Array(list)) => list.push(value.into()),
        Some(first) => *first = json!([first.take(), value]),
    }
}

fn arc_comment(read: &AuthenticationResults) -> Option<Value> {
    let arc = read.method("arc").find(|r| r.comment.is_some())?;
    let Some(read) = arc.arc_comment() else { return Some(json!({ "text": arc.comment })) };
    let mut map = Map::new();
    add(&mut map, "i", &read.i.to_string());
    let single =
        [("spf", read.spf), ("spfdomain", read.spfdomain), ("dmarc", read.dmarc), ("fromdomain", read.fromdomain)];
    single.iter().for_each(|(key, value)| value.iter().for_each(|v| add(&mut map, key, v)));
    read.dkim.iter().for_each(|v| add(&mut map, "dkim", v));
    read.dkdomain.iter().for_each(|v| add(&mut map, "dkdomain", v));
    Some(map.into())
}
