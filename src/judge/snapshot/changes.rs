//! What differs between two snapshots, in words.

use super::tree::Node;
use crate::judge::phrases;

/// One line for every change: `folder: inbox → spam`, `arc[i=2].cv: pass → fail`,
/// `signer of i=1: $company → other.example`, `dmarc: pass → fail`. Never empty when the texts differ.
pub fn changes(old: &str, new: &str) -> Vec<String> {
    let mut out = Vec::new();
    walk("", &Node::parse(old), &Node::parse(new), &mut out);
    if out.is_empty() && old.trim_end() != new.trim_end() {
        out.push("the same values in another order or layout".to_owned());
    }
    out
}

fn walk(path: &str, old: &Node, new: &Node, out: &mut Vec<String>) {
    match (old, new) {
        (a, b) if a == b => {}
        (Node::Map(a), Node::Map(b)) => {
            let gone = a.iter().filter(|(key, _)| !b.iter().any(|(k, _)| k == key));
            for (key, _) in b.iter().chain(gone) {
                pair(&join(path, key), old.get(key), new.get(key), out);
            }
        }
        (Node::List(a), Node::List(b)) if keyed(a) && keyed(b) => {
            let (a, b) = (with_keys(path, a), with_keys(path, b));
            let find = |list: &[(String, Node)], key: &str| list.iter().find(|(k, _)| k == key).map(|(_, n)| n.clone());
            let gone = a.iter().filter(|(key, _)| !b.iter().any(|(k, _)| k == key));
            for (key, _) in b.iter().chain(gone) {
                pair(key, find(&a, key).as_ref(), find(&b, key).as_ref(), out);
            }
        }
        (Node::List(a), Node::List(b)) => match path.strip_suffix("authentication_results.methods") {
            Some(prefix) => methods(prefix, a, b, out),
            None => {
                for (a, b) in unequal(a.iter().map(brief), b.iter().map(brief)) {
                    say(path, a.as_deref(), b.as_deref(), out);
                }
            }
        },
        (Node::Flow(a), Node::Flow(b)) => {
            for (a, b) in unequal(a.iter().cloned(), b.iter().cloned()) {
                say(path, a.as_deref(), b.as_deref(), out);
            }
        }
        (a, b) => say(path, Some(&brief(a)), Some(&brief(b)), out),
    }
}

fn pair(path: &str, old: Option<&Node>, new: Option<&Node>, out: &mut Vec<String>) {
    match (old, new) {
        (Some(a), Some(b)) => walk(path, a, b, out),
        (a, b) => say(path, a.map(brief).as_deref(), b.map(brief).as_deref(), out),
    }
}

fn say(path: &str, old: Option<&str>, new: Option<&str>, out: &mut Vec<String>) {
    let side = |text: Option<&str>| phrases::cut(text.unwrap_or("absent"), 100);
    out.push(format!("{}: {} → {}", name(path), side(old), side(new)));
}

/// A path as people say it.
fn name(path: &str) -> String {
    if let Some((before, rest)) = path.rsplit_once("arc[i=")
        && let Some(number) = rest.strip_suffix("].by")
    {
        let place = before.trim_end_matches('.');
        return if place.is_empty() {
            format!("signer of i={number}")
        } else {
            format!("signer of i={number} in {place}")
        };
    }
    match path.strip_suffix("authentication_results.by") {
        Some(prefix) => format!("{prefix}authserv-id"),
        None => path.to_owned(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether every item has a first key that names it: `i: 1`, `to: gmail`.
fn keyed(items: &[Node]) -> bool {
    items.iter().all(|item| matches!(item, Node::Map(entries) if matches!(entries.first(), Some((_, Node::Scalar(_))))))
}

/// Each item under `path[key=value]`; of equal ones the second is `path[key=value #2]`.
fn with_keys(path: &str, items: &[Node]) -> Vec<(String, Node)> {
    let mut out: Vec<(String, Node)> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for item in items {
        let Node::Map(entries) = item else { continue };
        let Some((key, Node::Scalar(value))) = entries.first() else { continue };
        let label = format!("{key}={value}");
        seen.push(label.clone());
        let label = match seen.iter().filter(|s| **s == label).count() {
            1 => label,
            n => format!("{label} #{n}"),
        };
        out.push((format!("{path}[{label}]"), item.clone()));
    }
    out
}

/// A node in one line.
fn brief(node: &Node) -> String {
    match node {
        Node::Scalar(value) => value.clone(),
        Node::Flow(values) => values.join(", "),
        Node::List(items) => items.iter().map(brief).collect::<Vec<_>>().join(", "),
        Node::Map(entries) => {
            let scalars = entries.iter().filter(|(_, v)| matches!(v, Node::Scalar(_)));
            scalars.map(|(k, v)| format!("{k}={}", brief(v))).collect::<Vec<_>>().join(" ")
        }
    }
}

/// What is left of two lists when equal items are taken out, side by side.
fn unequal(
    old: impl Iterator<Item = String>,
    new: impl Iterator<Item = String>,
) -> Vec<(Option<String>, Option<String>)> {
    let mut old: Vec<String> = old.collect();
    let mut added = Vec::new();
    for item in new {
        match old.iter().position(|o| *o == item) {
            Some(at) => drop(old.remove(at)),
            None => added.push(item),
        }
    }
    let longest = old.len().max(added.len());
    (0..longest).map(|n| (old.get(n).cloned(), added.get(n).cloned())).collect()
}

/// Statements of the receiver, method by method.
fn methods(prefix: &str, old: &[Node], new: &[Node], out: &mut Vec<String>) {
    let method = |line: &str| line.split('=').next().unwrap_or(line).to_owned();
    let (old, new): (Vec<String>, Vec<String>) = (old.iter().map(brief).collect(), new.iter().map(brief).collect());
    let mut names: Vec<String> = old.iter().chain(&new).map(|l| method(l)).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of = |lines: &[String]| lines.iter().filter(|l| method(l) == name).cloned().collect::<Vec<_>>();
        for (a, b) in unequal(of(&old).into_iter(), of(&new).into_iter()) {
            statement(&format!("{prefix}{name}"), a.as_deref(), b.as_deref(), out);
        }
    }
}

/// One statement against another: first the result, then each word of the rest.
fn statement(path: &str, old: Option<&str>, new: Option<&str>, out: &mut Vec<String>) {
    let split = |line: &str| {
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let result = head.split_once('=').map_or(head, |(_, r)| r);
        (result.to_owned(), rest.to_owned())
    };
    let whole = |line: &str| {
        let (result, rest) = split(line);
        format!("{result} {rest}").trim_end().to_owned()
    };
    let (Some(old), Some(new)) = (old, new) else {
        say(path, old.map(whole).as_deref(), new.map(whole).as_deref(), out);
        return;
    };
    let ((old_result, old_rest), (new_result, new_rest)) = (split(old), split(new));
    if old_result != new_result {
        say(path, Some(&old_result), Some(&new_result), out);
    }
    let key = |word: &str| word.split_once('=').map_or("text", |(k, _)| k).to_owned();
    let words = |rest: &str| rest.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (old_words, new_words) = (words(&old_rest), words(&new_rest));
    let mut keys: Vec<String> = Vec::new();
    for word in old_words.iter().chain(&new_words) {
        if !keys.contains(&key(word)) {
            keys.push(key(word));
        }
    }
    for name in keys {
        let of = |words: &[String]| {
            let values = words.iter().filter(|w| key(w) == name);
            let values: Vec<&str> = values.map(|w| w.split_once('=').map_or(w.as_str(), |(_, v)| v)).collect();
            (!values.is_empty()).then(|| values.join(" "))
        };
        let (a, b) = (of(&old_words), of(&new_words));
        if a != b {
            say(&format!("{path} {name}"), a.as_deref(), b.as_deref(), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::changes;

    const OLD: &str = "folder: inbox\nauthentication_results:\n  by: mx.google.com\n  methods:\n    - dkim=pass header.i=@$external\n    - dmarc=pass p=reject header.from=$external\narc:\n  - i: 1\n    by: $company\n    cv: none\n    signed_headers: [date, from, subject]\n  - i: 2\n    by: $gmail\n    cv: pass\nhops:\n  - external -> company ESMTPS";

    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(OLD.contains(from), "{from}");
        changes(OLD, &OLD.replace(from, to))
    }

    #[test]
    fn says_what_changed_in_words() {
        for (from, to, words) in [
            ("inbox", "spam", "folder: inbox → spam"),
            ("cv: pass", "cv: fail", "arc[i=2].cv: pass → fail"),
            ("by: $company", "by: other.example", "signer of i=1: $company → other.example"),
            ("dmarc=pass", "dmarc=fail", "dmarc: pass → fail"),
            ("p=reject", "p=none", "dmarc p: reject → none"),
            ("@$external", "@$company", "dkim header.i: @$external → @$company"),
            ("    - dkim=pass header.i=@$external\n", "", "dkim: pass header.i=@$external → absent"),
            ("by: mx.google.com", "by: mx.corp.example", "authserv-id: mx.google.com → mx.corp.example"),
            ("date, from, subject", "date, from", "arc[i=1].signed_headers: subject → absent"),
            ("  - i: 2\n    by: $gmail\n    cv: pass\n", "", "arc[i=2]: i=2 by=$gmail cv=pass → absent"),
            ("ESMTPS", "ESMTP", "hops: external -> company ESMTPS → external -> company ESMTP"),
        ] {
            assert_eq!(after(from, to), [words], "{from} to {to}");
        }
    }

    #[test]
    fn a_difference_is_never_silent() {
        assert_eq!(changes(OLD, OLD), [""; 0]);
        assert_eq!(changes("a: 1\nb: 2", "b: 2\na: 1"), ["the same values in another order or layout"]);
        assert_eq!(changes("garbage", "folder: inbox").len(), 2);
    }
}
