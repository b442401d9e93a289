//! A matrix row is written into a tree before it is read, so that a value can stand anywhere: in texts, in durations, in
//! `encoding`, in the knobs of a lab.

use super::node::{Key, Kind, Node, ScalarKind};
use crate::scenario::{
    matrix::Row,
    vars::{Piece, pieces},
};

/// The tree with every `$name` of the row replaced; `matrix` itself stays as it is.
pub(crate) fn substitute(root: &Node, row: &Row) -> Node {
    let entry = |(key, value): &(Key, Node)| {
        let value = if key.name == "matrix" { value.clone() } else { node(value, row) };
        (key.clone(), value)
    };
    Node { at: root.at, kind: Kind::Map(root.entries().iter().map(entry).collect()) }
}

fn node(old: &Node, row: &Row) -> Node {
    let kind = match &old.kind {
        Kind::Scalar(text, ScalarKind::Text) if text.contains('$') => scalar(text, row),
        Kind::List(items) => Kind::List(items.iter().map(|n| node(n, row)).collect()),
        Kind::Map(entries) => Kind::Map(entries.iter().map(|(k, v)| (k.clone(), node(v, row))).collect()),
        other => other.clone(),
    };
    Node { at: old.at, kind }
}

/// A scalar that is one variable becomes what the value reads as; in a longer text the value is text.
fn scalar(text: &str, row: &Row) -> Kind {
    let value = |name: &str| row.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let pieces = pieces(text, &|name| value(name).is_some());
    if let [Piece::Name { name, .. }] = pieces.as_slice()
        && let Some(value) = value(name)
    {
        let kind = match value {
            "true" => ScalarKind::Bool(true),
            "false" => ScalarKind::Bool(false),
            _ => value.parse().map_or(ScalarKind::Text, ScalarKind::Integer),
        };
        return Kind::Scalar(value.replace('$', "$$"), kind);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Dollar => out.push_str("$$"),
            Piece::Name { name, written } => match value(name) {
                Some(value) => out.push_str(&value.replace('$', "$$")),
                None => out.push_str(written),
            },
        }
    }
    Kind::Scalar(out, ScalarKind::Text)
}
