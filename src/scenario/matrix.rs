//! `matrix:`: the rows of a scenario, every combination of the values, in the order of the file; and how a row is written into
//! the tree before it is read, so that a value can stand anywhere: in texts, in durations, in `encoding`, in the knobs of a lab.

use super::{
    vars::{Piece, pieces},
    yaml::{Errors, Kind, Node, ScalarKind},
};
use crate::core::Spanned;

/// The most rows that one scenario may have.
pub const MAX_ROWS: usize = 1_000;

/// One combination: a value for every name.
pub type Row = Vec<(String, String)>;

/// The rows that a file has; what is wrong with its matrix is noted. What is no list of scalars is left to the reading of the
/// file.
pub(super) fn read(root: &Node, errors: &mut Errors<'_>) -> Vec<Row> {
    let Some(matrix) = root.get("matrix") else { return vec![Row::new()] };
    let at = errors.span(matrix.at);
    if matrix.entries().is_empty() {
        errors.error_at(&at, "`matrix` is empty", "write a name and a list of values, for example `size: [1KB, 5MB]`");
    }
    let mut axes = Vec::new();
    for (key, list) in matrix.entries() {
        let Kind::List(items) = &list.kind else { continue };
        let name = Spanned::new(key.name.clone(), errors.span(key.at));
        if items.is_empty() {
            let message = format!("`{}` has no values", key.name);
            errors.error_at(&errors.span(list.at), message, "a matrix without values has no rows");
        }
        let mut values: Vec<String> = Vec::new();
        for item in items {
            if let Kind::Scalar(text, _) = &item.kind {
                check_value(errors, item, text, &values);
                values.push(text.clone());
            }
        }
        if errors.variable_name(&name) && !values.is_empty() {
            axes.push((name.value, values));
        }
    }
    rows(&axes).unwrap_or_else(|count| {
        errors.error_at(&at, format!("the matrix has {count} rows"), format!("at most {MAX_ROWS}"));
        Vec::new()
    })
}

fn check_value(errors: &mut Errors<'_>, item: &Node, text: &str, before: &[String]) {
    let at = errors.span(item.at);
    if before.iter().any(|value| value == text) {
        errors.error_at(&at, format!("`{text}` is written twice"), "two rows would have the same name");
    }
    if text.is_empty() || text.chars().count() > 60 || text.chars().any(|c| c.is_control() || "[],=/\\".contains(c)) {
        let help = "the value stands in the scenario's name: at most 60 characters, none of `[ ] , = / \\`";
        errors.error_at(&at, format!("`{}` cannot be a matrix value", text.escape_debug()), help);
    }
}

/// Every combination; the last name changes fastest. A matrix without names has one empty row.
///
/// # Errors
/// The number of rows, when there are more than [`MAX_ROWS`].
pub fn rows(axes: &[(String, Vec<String>)]) -> Result<Vec<Row>, usize> {
    let count = axes.iter().fold(1usize, |n, (_, values)| n.saturating_mul(values.len()));
    if count > MAX_ROWS {
        return Err(count);
    }
    let mut rows: Vec<Row> = vec![Row::new()];
    for (name, values) in axes {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut longer = row.clone();
                    longer.push((name.clone(), value.clone()));
                    longer
                })
            })
            .collect();
    }
    Ok(rows)
}

/// The tree with every `$name` of the row replaced; `matrix` itself stays as it is.
pub(super) fn substitute(root: &Node, row: &Row) -> Node {
    if row.is_empty() {
        return root.clone();
    }
    let entries = root.entries().iter().map(|(key, value)| {
        let value = if key.name == "matrix" { value.clone() } else { node(value, row) };
        (key.clone(), value)
    });
    Node { at: root.at, kind: Kind::Map(entries.collect()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, values: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect())
    }

    #[test]
    fn the_last_name_changes_fastest() {
        let rows = rows(&[axis("size", &["5MB", "1KB"]), axis("enc", &["8bit", "base64"])]).unwrap();
        let text: Vec<_> =
            rows.iter().map(|r| r.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(text, ["size=5MB,enc=8bit", "size=5MB,enc=base64", "size=1KB,enc=8bit", "size=1KB,enc=base64"]);
    }

    #[test]
    fn without_names_there_is_one_row() {
        assert_eq!(rows(&[]), Ok(vec![vec![]]));
    }

    #[test]
    fn too_many_rows_are_counted_without_making_them() {
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let axes: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
            .iter()
            .map(|n| ((*n).to_owned(), many.clone()))
            .collect();
        assert_eq!(rows(&axes[..2]), Err(10_000));
        assert_eq!(rows(&axes), Err(usize::MAX));
    }
}
