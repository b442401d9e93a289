//! The value behind a snapshot's text: written as a small part of YAML, and read back by the same rules.

use crate::core::visible::steers;

/// What a snapshot is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// One value.
    Scalar(String),
    /// Values on one line: `[date, from]`.
    Flow(Vec<String>),
    /// One item a line.
    List(Vec<Node>),
    /// Named values in order.
    Map(Vec<(String, Node)>),
}

/// Deeper nesting than any snapshot has: what lies below is read as plain text.
const MAX_DEPTH: usize = 12;

impl Node {
    /// A value.
    pub(super) fn scalar(value: impl Into<String>) -> Self {
        Self::Scalar(value.into())
    }

    /// Named values in order.
    pub(super) fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
    }

    /// Values in a fixed order, where their own says nothing.
    pub(super) fn sorted(mut values: Vec<String>) -> Self {
        values.sort();
        Self::List(values.into_iter().map(Self::Scalar).collect())
    }

    /// The text, without a line break at its end.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        write(self, 0, &mut out);
        out.truncate(out.trim_end().len());
        out
    }

    /// Reads a text that [`Node::to_text`] wrote or a person edited; what has no meaning is kept as plain text.
    pub(super) fn parse(text: &str) -> Self {
        let mut lines: Vec<(usize, String)> = text
            .lines()
            .map(|l| (l.len() - l.trim_start_matches(' ').len(), l.trim().to_owned()))
            .filter(|(_, l)| !l.is_empty())
            .collect();
        let mut at = 0;
        let mut node = Self::Map(Vec::new());
        while at < lines.len() {
            let indent = lines[at].0;
            node = merge(node, block(&mut lines, &mut at, indent, 0));
        }
        node
    }
}

/// Joins the top-level parts of a text whose indentation is broken.
fn merge(first: Node, second: Node) -> Node {
    match (first, second) {
        (Node::Map(mut a), Node::Map(b)) => {
            a.extend(b);
            Node::Map(a)
        }
        (Node::Map(a), other) if a.is_empty() => other,
        (Node::Map(mut a), other) => {
            a.push((String::new(), other));
            Node::Map(a)
        }
        (other, second) => Node::Map(vec![(String::new(), other), (String::new(), second)]),
    }
}

fn write(node: &Node, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match node {
        Node::Scalar(value) => out.push_str(&format!("{pad}{}\n", quoted(value, ""))),
        Node::Flow(values) => out.push_str(&format!("{pad}{}\n", flow(values))),
        Node::List(items) => {
            for item in items {
                let mut inner = String::new();
                write(item, indent + 2, &mut inner);
                out.push_str(&format!("{pad}- {}", inner.trim_start()));
            }
        }
        Node::Map(entries) => {
            for (key, value) in entries {
                match value {
                    Node::Scalar(value) => out.push_str(&format!("{pad}{key}: {}\n", quoted(value, ""))),
                    Node::Flow(values) => out.push_str(&format!("{pad}{key}: {}\n", flow(values))),
                    nested => {
                        out.push_str(&format!("{pad}{key}:\n"));
                        write(nested, indent + 2, out);
                    }
                }
            }
        }
    }
}

fn flow(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|v| quoted(v, ",[]{}\"")).collect();
    format!("[{}]", values.join(", "))
}

/// The value, in double quotes where YAML would read it as something else.
fn quoted(value: &str, special: &str) -> String {
    let odd_start = value.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c) || c.is_whitespace());
    let odd = value.is_empty()
        || odd_start
        || value.ends_with(|c: char| c == ':' || c.is_whitespace())
        || value.contains(": ")
        || value.contains(" #")
        || value.chars().any(|c| steers(c) || special.contains(c) || c == '\u{feff}');
    if !odd {
        return value.to_owned();
    }
    let mut out = String::new();
    // JSON's text is YAML's but for a few characters that only YAML wants escaped.
    for c in serde_json::to_string(value).unwrap_or_default().chars() {
        if steers(c) || c == '\u{feff}' {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn unquoted(text: &str) -> String {
    if !text.starts_with('"') {
        return text.to_owned();
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

fn block(lines: &mut [(usize, String)], at: &mut usize, indent: usize, depth: usize) -> Node {
    let list = lines[*at].1 == "-" || lines[*at].1.starts_with("- ");
    if list { list_block(lines, at, indent, depth) } else { map_block(lines, at, indent, depth) }
}

fn list_block(lines: &mut [(usize, String)], at: &mut usize, indent: usize, depth: usize) -> Node {
    let mut items = Vec::new();
    while let Some((own, text)) = lines.get(*at).cloned() {
        if own != indent {
            break;
        }
        let Some(rest) = text.strip_prefix('-') else { break };
        let rest = rest.trim_start();
        if depth < MAX_DEPTH && (entry(rest).is_some() || rest.starts_with("- ")) {
            lines[*at] = (indent + 2, rest.to_owned());
            items.push(block(lines, at, indent + 2, depth + 1));
        } else {
            items.push(value(rest));
            *at += 1;
        }
    }
    Node::List(items)
}

fn map_block(lines: &mut [(usize, String)], at: &mut usize, indent: usize, depth: usize) -> Node {
    let mut entries = Vec::new();
    while let Some((own, text)) = lines.get(*at).cloned() {
        if own != indent || text.starts_with("- ") {
            break;
        }
        *at += 1;
        let Some((key, rest)) = entry(&text) else {
            entries.push((String::new(), Node::scalar(unquoted(&text))));
            continue;
        };
        let nested = lines.get(*at).map(|(deeper, _)| *deeper).filter(|d| *d > indent && rest.is_empty());
        let node = match nested {
            Some(deeper) if depth < MAX_DEPTH => block(lines, at, deeper, depth + 1),
            _ => value(rest),
        };
        entries.push((key.to_owned(), node));
    }
    if entries.is_empty() {
        // A list item where a key was awaited: taken as text, so that reading always moves on.
        entries.push((String::new(), Node::scalar(lines[*at].1.clone())));
        *at += 1;
    }
    Node::Map(entries)
}

/// `key: value` or `key:`.
fn entry(text: &str) -> Option<(&str, &str)> {
    if text.starts_with('"') {
        return None;
    }
    text.split_once(": ").map(|(k, v)| (k, v.trim())).or_else(|| text.strip_suffix(':').map(|k| (k, "")))
}

fn value(text: &str) -> Node {
    let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
        return Node::scalar(unquoted(text));
    };
    let (mut values, mut current, mut in_quotes, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in inner.chars() {
        match c {
            ',' if !in_quotes => {
                values.push(unquoted(current.trim()));
                current.clear();
                continue;
            }
            '"' if !escaped => in_quotes = !in_quotes,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        current.push(c);
    }
    if !current.trim().is_empty() {
        values.push(unquoted(current.trim()));
    }
    Node::Flow(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(entries: Vec<(&str, Node)>) -> Node {
        Node::Map(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    #[test]
    fn writes_the_yaml_that_people_know() {
        let node = map(vec![
            ("folder", Node::scalar("inbox")),
            ("auth", map(vec![("methods", Node::List(vec![Node::scalar("spf=pass"), Node::scalar("[x]: y")]))])),
            (
                "arc",
                Node::List(vec![map(vec![
                    ("i", Node::scalar("1")),
                    ("h", Node::Flow(vec!["a".into(), "b, c".into()])),
                ])]),
            ),
        ]);
        let text =
            "folder: inbox\nauth:\n  methods:\n    - spf=pass\n    - \"[x]: y\"\narc:\n  - i: 1\n    h: [a, \"b, c\"]";
        assert_eq!(node.to_text(), text);
        assert_eq!(Node::parse(text), node);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(any::<String>(), 1..5)) {
            let items = values.iter().map(Node::scalar).collect();
            let node = map(vec![
                ("one", Node::scalar(values[0].clone())),
                ("flow", Node::Flow(values.clone())),
                ("list", Node::List(items)),
                ("maps", Node::List(vec![map(vec![("k", Node::scalar(values[0].clone()))])])),
            ]);
            prop_assert_eq!(Node::parse(&node.to_text()), node);
        }

        #[test]
        fn any_text_can_be_read(text in "([ ]{0,6}(- )?[a-z:\\[\\]\", -]{0,8}\n){0,20}") {
            Node::parse(&text);
        }
    }

    #[test]
    fn deep_nesting_is_read_too() {
        let deep: String = (0..20_000).map(|n| format!("{}a:\n", " ".repeat(n % 3_000))).collect();
        Node::parse(&deep);
        Node::parse(&"- ".repeat(50_000));
    }
}
