//! What differs between two snapshots, in words.

use super::tree::Node;
use crate::judge::phrases;
use std::collections::BTreeSet;

/// One line for every change: `folder: inbox → spam`, `arc[i=2].cv: pass → fail`,
/// `signer of i=1: $company → other.example`, `dmarc: pass → fail`. Never empty when the texts differ.
pub fn changes(old: &str, new: &str) -> Vec<String> {
    let mut out = Vec::new();
    walk(&Place::default(), &Node::parse(old), &Node::parse(new), &mut out);
    if out.is_empty() && old.trim_end() != new.trim_end() {
        out.push("the same values in another order or layout".to_owned());
    }
    out
}

/// One step down into a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item of a list, by its first key and the value of that; of equal ones the second is `value #2`.
    Item(String, String),
}

/// Where a value stands, from the top.
#[derive(Debug, Clone, Default)]
struct Place(Vec<Step>);

impl Place {
    fn then(&self, step: &Step) -> Self {
        Self([&self.0[..], std::slice::from_ref(step)].concat())
    }

    /// What stands above the value of these keys, when they are the last steps.
    fn above(&self, keys: &[&str]) -> Option<Self> {
        let (above, last) = self.0.split_at(self.0.len().checked_sub(keys.len())?);
        let is_there = last.iter().zip(keys).all(|(step, key)| matches!(step, Step::Key(name) if name == key));
        is_there.then(|| Self(above.to_vec()))
    }

    /// `arc[i=2].cv`
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.0 {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path.push_str(&format!(".{key}")),
                Step::Item(key, value) => path.push_str(&format!("[{key}={value}]")),
            }
        }
        path
    }

    /// A name that stands below this place.
    fn named(&self, name: &str) -> String {
        self.then(&Step::Key(name.to_owned())).path()
    }

    /// The place as people say it.
    fn words(&self) -> String {
        if let [above @ .., Step::Key(arc), Step::Item(i, number), Step::Key(by)] = self.0.as_slice()
            && (arc.as_str(), i.as_str(), by.as_str()) == ("arc", "i", "by")
        {
            let above = Self(above.to_vec()).path();
            let place = if above.is_empty() { String::new() } else { format!(" in {above}") };
            return format!("signer of i={number}{place}");
        }
        match self.above(&["authentication_results", "by"]) {
            Some(above) => above.named("authserv-id"),
            None => self.path(),
        }
    }
}

fn walk(place: &Place, old: &Node, new: &Node, out: &mut Vec<String>) {
    if old == new {
        return;
    }
    let is_alike = matches!((old, new), (Node::Map(_), Node::Map(_)) | (Node::List(_), Node::List(_)));
    if is_alike && let Some((old, new)) = named_values(old).zip(named_values(new)) {
        let gone = old.iter().filter(|(step, _)| find(&new, step).is_none());
        for (step, _) in new.iter().chain(gone) {
            pair(&place.then(step), find(&old, step), find(&new, step), out);
        }
        return;
    }
    match (old, new) {
        (Node::List(old), Node::List(new)) => match place.above(&["authentication_results", "methods"]) {
            Some(above) => methods(&above, old, new, out),
            None => each(place, old.iter().map(brief), new.iter().map(brief), out),
        },
        (Node::Flow(old), Node::Flow(new)) => each(place, old.iter().cloned(), new.iter().cloned(), out),
        (old, new) => say(&place.words(), Some(&brief(old)), Some(&brief(new)), out),
    }
}

/// The values of a map, or of a list in which every item has a first key that names it: `i: 1`, `to: gmail`.
fn named_values(node: &Node) -> Option<Vec<(Step, &Node)>> {
    match node {
        Node::Map(entries) => Some(entries.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect()),
        Node::List(items) => {
            let mut named: Vec<(Step, &Node)> = Vec::new();
            let mut names: Vec<(&str, &str)> = Vec::new();
            for item in items {
                let Node::Map(entries) = item else { return None };
                let Some((key, Node::Scalar(value))) = entries.first() else { return None };
                names.push((key, value));
                let value = match names.iter().filter(|name| **name == (key, value)).count() {
                    1 => value.clone(),
                    n => format!("{value} #{n}"),
                };
                named.push((Step::Item(key.clone(), value), item));
            }
            Some(named)
        }
        Node::Scalar(_) | Node::Flow(_) => None,
    }
}

fn find<'n>(values: &[(Step, &'n Node)], wanted: &Step) -> Option<&'n Node> {
    values.iter().find(|(step, _)| step == wanted).map(|(_, node)| *node)
}

fn pair(place: &Place, old: Option<&Node>, new: Option<&Node>, out: &mut Vec<String>) {
    match (old, new) {
        (Some(old), Some(new)) => walk(place, old, new, out),
        (old, new) => say(&place.words(), old.map(brief).as_deref(), new.map(brief).as_deref(), out),
    }
}

/// Items that are not on both sides, side by side.
fn each(place: &Place, old: impl Iterator<Item = String>, new: impl Iterator<Item = String>, out: &mut Vec<String>) {
    for (old, new) in unequal(old, new) {
        say(&place.words(), old.as_deref(), new.as_deref(), out);
    }
}

fn say(name: &str, old: Option<&str>, new: Option<&str>, out: &mut Vec<String>) {
    let [old, new] = [old, new].map(|text| phrases::cut(text.unwrap_or("absent"), 100));
    out.push(format!("{name}: {old} → {new}"));
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
fn methods(above: &Place, old: &[Node], new: &[Node], out: &mut Vec<String>) {
    let [old, new]: [Vec<String>; 2] = [old, new].map(|lines| lines.iter().map(brief).collect());
    let names: BTreeSet<&str> = old.iter().chain(&new).map(|line| method(line)).collect();
    for name in names {
        let [old, new] = [&old, &new].map(|lines| lines.iter().filter(move |line| method(line) == name).cloned());
        for (old, new) in unequal(old, new) {
            statement(&above.named(name), old.as_deref(), new.as_deref(), out);
        }
    }
}

fn method(line: &str) -> &str {
    line.split('=').next().unwrap_or(line)
}

/// One statement against another: first the result, then each word of the rest.
fn statement(name: &str, old: Option<&str>, new: Option<&str>, out: &mut Vec<String>) {
    let [(old_result, old_rest), (new_result, new_rest)] = [old, new].map(|line| result(line.unwrap_or_default()));
    if old.is_none() || new.is_none() {
        let old = old.map(|_| format!("{old_result} {old_rest}").trim_end().to_owned());
        let new = new.map(|_| format!("{new_result} {new_rest}").trim_end().to_owned());
        say(name, old.as_deref(), new.as_deref(), out);
        return;
    }
    if old_result != new_result {
        say(name, Some(old_result), Some(new_result), out);
    }
    let (old, new) = (properties(old_rest), properties(new_rest));
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in old.iter().chain(&new) {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    for key in keys {
        let (old, new) = (values(&old, key), values(&new, key));
        if old != new {
            say(&format!("{name} {key}"), old.as_deref(), new.as_deref(), out);
        }
    }
}

/// The result of a statement, and the rest of it: `pass` and `header.i=@$external` of `dkim=pass header.i=@$external`.
fn result(line: &str) -> (&str, &str) {
    let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
    (head.split_once('=').map_or(head, |(_, result)| result), rest)
}

/// `key=value`, and other words as `text`.
fn properties(rest: &str) -> Vec<(&str, &str)> {
    let words = rest.split(' ').filter(|word| !word.is_empty());
    words.map(|word| word.split_once('=').unwrap_or(("text", word))).collect()
}

fn values(properties: &[(&str, &str)], wanted: &str) -> Option<String> {
    let values: Vec<&str> = properties.iter().filter(|(key, _)| *key == wanted).map(|(_, value)| *value).collect();
    (!values.is_empty()).then(|| values.join(" "))
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
