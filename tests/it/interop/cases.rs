//! Messages for the comparison with other verifiers: sound ones, ones that break a rule under a right signature, and
//! sound ones with one thing changed. The same on every run, but for keys and signatures.

use crate::support::{numbers::Numbers, verify_signer::*};

/// One message and what was done to it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) message: Vec<u8>,
}

/// Every case, for verifiers whose clock says `now`.
pub(crate) fn all(now: i64) -> Vec<Case> {
    let mut cases = resigned(now);
    for (at, (base, message)) in bases().into_iter().enumerate() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (at as u64 + 1));
        type Change = fn(&mut Numbers, &[u8]) -> (String, Vec<u8>);
        let changes: [(usize, Change); 5] = [(80, byte), (80, tag), (30, order), (25, field), (20, set)];
        for (count, change) in changes {
            for _ in 0..count {
                let (what, changed) = change(&mut numbers, &message);
                cases.push(Case { name: format!("{base}: {what}"), message: changed });
            }
        }
        cases.push(Case { name: base.to_owned(), message });
    }
    cases
}

/// Messages that were signed as their signatures say.
fn bases() -> Vec<(&'static str, Vec<u8>)> {
    let simple = ("simple", "simple");
    let mixed = ("relaxed", "simple");
    let odd = PLAIN.replace("First line.", "\t First \t line. \r\n \t\r\n");
    let odd = format!("{odd} \t\r\n\r\n  \r\n");
    let signed = |key: &Key, c, plain: &str| dkim(key, &dkim_recipe(key, c), plain.as_bytes());
    let sealed = |key: &Key, i, c, message: &[u8]| arc(key, &arc_recipe(key, i, c), message);
    let two = |c, plain: &str| sealed(&COMPANY, 2, c, &sealed(&LIST, 1, c, &signed(&SENDER, c, plain)));
    let first = sealed(&LIST, 1, RELAXED, &signed(&SENDER, RELAXED, PLAIN));
    let mut failed = arc_recipe(&COMPANY, 2, RELAXED);
    failed.seal = failed.seal.map(|seal| seal.replace("cv=pass", "cv=fail"));
    failed.older = Older::None;
    vec![
        ("two relaxed sets", two(RELAXED, PLAIN)),
        ("two simple sets", two(simple, PLAIN)),
        ("odd white space, relaxed", two(RELAXED, &odd)),
        ("odd white space, simple body", two(mixed, &odd)),
        (
            "two signatures, one set",
            sealed(
                &COMPANY,
                1,
                mixed,
                &dkim(&SENDER, &dkim_recipe(&SENDER, simple), &signed(&ED25519, RELAXED, PLAIN)),
            ),
        ),
        ("three sets", sealed(&LIST, 3, RELAXED, &two(RELAXED, PLAIN))),
        ("a list that adds a footer", sealed(&COMPANY, 2, RELAXED, &[&first[..], b"-- \r\nfooter\r\n"].concat())),
        ("a broken chain that is marked", arc(&COMPANY, &failed, &first)),
        ("signed only", signed(&SENDER, RELAXED, PLAIN)),
        ("ed25519 seals", sealed(&ED25519, 2, RELAXED, &sealed(&LIST, 1, RELAXED, &signed(&SENDER, RELAXED, PLAIN)))),
    ]
}

/// Messages whose signatures fit, and whose tags break a rule, or only look as if they did.
fn resigned(now: i64) -> Vec<Case> {
    const TAGS: [(&str, &str); 36] = [
        ("a=rsa-sha256; ", ""),
        ("a=rsa-sha256", "a=rsa-sha1"),
        ("a=rsa-sha256", "a=RSA-SHA256"),
        ("a=rsa-sha256", "a=rsa-sha512"),
        ("a=rsa-sha256", "a="),
        ("a=rsa-sha256", "a=rsa-sha256; a=rsa-sha256"),
        ("a=rsa-sha256", "A=rsa-sha256"),
        ("a=rsa-sha256", "a=rsa-sha256;"),
        ("a=rsa-sha256", "a = rsa-sha256"),
        ("a=rsa-sha256", "_=x; a=rsa-sha256"),
        ("a=rsa-sha256", "9=x; a=rsa-sha256"),
        ("a=rsa-sha256", "unknown_tag=x y; a=rsa-sha256"),
        ("a=rsa-sha256", "nothing; a=rsa-sha256"),
        ("c=relaxed/relaxed; ", ""),
        ("c=relaxed/relaxed", "c=Relaxed/RELAXED"),
        ("c=relaxed/relaxed", "c=relaxed / relaxed"),
        ("c=relaxed/relaxed", "c=other/relaxed"),
        ("c=relaxed/relaxed", "c="),
        ("bh={bh}", "bh= {bh}"),
        ("b={b}", "b = {b}"),
        ("b={b}", "b={b};"),
        ("b={b}", "b={b}; z=last"),
        ("d=", "q=dns/txt; d="),
        ("d=", "q=dns/other; d="),
        ("d=", "t=1795488240; x=1795488239; d="),
        ("d=", "x={past}; d="),
        ("d=", "x=99999999999; d="),
        ("d=", "t=soon; d="),
        ("d=", "l=7; d="),
        ("d=", "l=99999; d="),
        ("h=from", "h=From : from"),
        ("h=from:", "h="),
        ("h=from", "h=from:arc-seal"),
        ("h=from", "h=from:arc-authentication-results"),
        ("h=from", "h=from:arc-message-signature"),
        ("h=from", "h=from::list-id"),
    ];
    let mut cases = Vec::new();
    let first = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), PLAIN.as_bytes());
    let past = (now - 60).to_string();
    let change = |recipe: &mut Recipe, from: &str, to: &str| {
        recipe.template = recipe.template.replacen(from, to, 1).replace("{past}", &past);
        recipe.h = recipe.template.split("h=").nth(1).and_then(|h| h.split(';').next()).unwrap_or_default().to_owned();
        recipe.l = recipe.template.contains("l=7").then_some(7);
    };
    for (from, to) in TAGS {
        let mut recipe = dkim_recipe(&SENDER, RELAXED);
        change(&mut recipe, from, to);
        let name = |field: &str| format!("{field} with {from:?} as {to:?}");
        cases.push(Case { name: name("DKIM-Signature"), message: dkim(&SENDER, &recipe, PLAIN.as_bytes()) });
        let mut recipe = arc_recipe(&COMPANY, 2, RELAXED);
        change(recipe.ams.as_mut().unwrap(), from, to);
        cases.push(Case { name: name("ARC-Message-Signature"), message: arc(&COMPANY, &recipe, &first) });
        let mut recipe = arc_recipe(&COMPANY, 2, RELAXED);
        recipe.seal = recipe.seal.map(|seal| seal.replacen(from, to, 1).replace("{past}", &past));
        cases.push(Case { name: name("ARC-Seal"), message: arc(&COMPANY, &recipe, &first) });
    }
    for (from, to) in [
        ("cv=pass", "cv=PASS"),
        ("cv=pass", "cv=none"),
        ("cv=pass", "cv=maybe"),
        ("cv=pass; ", ""),
        ("t=", "h=from; t="),
    ] {
        let mut recipe = arc_recipe(&COMPANY, 2, RELAXED);
        recipe.seal = recipe.seal.map(|seal| seal.replacen(from, to, 1));
        cases.push(Case { name: format!("ARC-Seal with {from:?} as {to:?}"), message: arc(&COMPANY, &recipe, &first) });
    }
    cases
}

/// One byte changed, removed or added.
fn byte(numbers: &mut Numbers, message: &[u8]) -> (String, Vec<u8>) {
    let mut out = message.to_vec();
    let at = numbers.below(out.len());
    let new = *numbers.pick(b"aZ09 \t;:=/+\"@.\x00\xff\r\n");
    let what = match numbers.below(5) {
        0 => {
            out.remove(at);
            format!("byte {at} removed")
        }
        1 => {
            out.insert(at, new);
            format!("byte {at} added: {:?}", char::from(new))
        }
        2 => {
            out[at] =
                if out[at].is_ascii_lowercase() { out[at].to_ascii_uppercase() } else { out[at].to_ascii_lowercase() };
            format!("byte {at} in the other case")
        }
        _ => {
            out[at] = new;
            format!("byte {at} is now {:?}", char::from(new))
        }
    };
    (what, out)
}

fn joined(fields: &[String], body: &[u8]) -> Vec<u8> {
    [fields.concat().as_bytes(), b"\r\n", body].concat()
}

fn is_signature(field: &str) -> bool {
    ["dkim-signature:", "arc-seal:", "arc-message-signature:", "arc-authentication-results:"]
        .iter()
        .any(|name| field.to_lowercase().starts_with(name))
}

/// One tag of one signature changed.
fn tag(numbers: &mut Numbers, message: &[u8]) -> (String, Vec<u8>) {
    let (mut fields, body) = split(message);
    let signatures: Vec<usize> = (0..fields.len()).filter(|&at| is_signature(&fields[at])).collect();
    let at = *numbers.pick(&signatures);
    let (name, value) = fields[at].trim_end().split_once(':').unwrap();
    let (name, mut tags) = (name.to_owned(), value.split(';').map(str::to_owned).collect::<Vec<_>>());
    let which = numbers.below(tags.len());
    let old = tags[which].clone();
    let what = match numbers.below(8) {
        0 => {
            tags.remove(which);
            "removed".to_owned()
        }
        1 => {
            tags.insert(which, old.clone());
            "written twice".to_owned()
        }
        2 => {
            tags.insert(which, String::new());
            "after an empty one".to_owned()
        }
        3 => {
            tags[which] = old.to_uppercase();
            "in capitals".to_owned()
        }
        4 => {
            let other = numbers.below(tags.len());
            tags.swap(which, other);
            format!("in the place of tag {other}")
        }
        5 => {
            tags[which] = old.split('=').next().unwrap_or_default().to_owned() + "=";
            "empty".to_owned()
        }
        6 => {
            tags[which] = old.replacen('=', "\r\n =\t", 1);
            "folded".to_owned()
        }
        _ => {
            let values = [
                "1",
                "2",
                "3",
                "51",
                "none",
                "pass",
                "fail",
                "rsa-sha1",
                "simple",
                "from:to",
                "AAAA",
                "x.example",
                "==",
            ];
            let value = *numbers.pick(&values);
            tags[which] = format!("{}={value}", old.split('=').next().unwrap_or_default());
            format!("with the value {value}")
        }
    };
    fields[at] = format!("{name}:{}\r\n", tags.join(";"));
    (format!("{name} with its tag {which} {what}"), joined(&fields, body))
}

/// Two header fields in each other's place.
fn order(numbers: &mut Numbers, message: &[u8]) -> (String, Vec<u8>) {
    let (mut fields, body) = split(message);
    let (a, b) = (numbers.below(fields.len()), numbers.below(fields.len()));
    fields.swap(a, b);
    (format!("fields {a} and {b} swapped"), joined(&fields, body))
}

/// One header field removed, written twice, added or re-folded.
fn field(numbers: &mut Numbers, message: &[u8]) -> (String, Vec<u8>) {
    let (mut fields, body) = split(message);
    let at = numbers.below(fields.len());
    let what = match numbers.below(4) {
        0 => {
            fields.remove(at);
            "removed"
        }
        1 => {
            let twice = fields[at].clone();
            fields.insert(at, twice);
            "written twice"
        }
        2 => {
            let names =
                ["X-Other: 1\r\n", "Subject: other\r\n", "From: b@sender.example\r\n", "Cc: c@sender.example\r\n"];
            fields.insert(at, (*numbers.pick(&names)).to_owned());
            "after a new one"
        }
        _ => {
            fields[at] = fields[at].replacen(' ', "\r\n\t ", 1);
            "folded"
        }
    };
    (format!("field {at} {what}"), joined(&fields, body))
}

/// A whole set, or one part of it, removed, written twice or renumbered.
fn set(numbers: &mut Numbers, message: &[u8]) -> (String, Vec<u8>) {
    let (fields, body) = split(message);
    let of_set = |field: &str, i: usize| {
        field.to_lowercase().starts_with("arc-")
            && (field.contains(&format!(" i={i};")) || field.contains(&format!("\ti={i};")))
    };
    let i = 1 + numbers.below(3);
    let part = numbers.below(4);
    let chosen = |at: usize| {
        of_set(&fields[at], i) && (part == 3 || fields[..at].iter().filter(|f| of_set(f, i)).count() == part)
    };
    let (what, changed): (String, Vec<String>) = match numbers.below(3) {
        0 => ("removed".to_owned(), (0..fields.len()).filter(|&at| !chosen(at)).map(|at| fields[at].clone()).collect()),
        1 => (
            "written twice".to_owned(),
            (0..fields.len()).flat_map(|at| vec![fields[at].clone(); 1 + usize::from(chosen(at))]).collect(),
        ),
        _ => {
            let to = *numbers.pick(&[0, 1, 2, 3, 4, 50, 51]);
            let renumber = |at: usize| fields[at].replacen(&format!("i={i};"), &format!("i={to};"), 1);
            let changed = (0..fields.len()).map(|at| if chosen(at) { renumber(at) } else { fields[at].clone() });
            (format!("as i={to}"), changed.collect())
        }
    };
    let part = if part == 3 { "set".to_owned() } else { format!("part {part} of set") };
    (format!("{part} {i} {what}"), joined(&changed, body))
}
