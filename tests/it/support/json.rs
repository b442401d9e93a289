//! Parts of a JSON document as text, for inline snapshots.

use serde_json::Value;
use std::fmt::Write;

/// One line a JSON pointer (RFC 6901): the pointer and what is there.
pub(crate) fn picked(document: &Value, pointers: &[&str]) -> String {
    let mut text = String::new();
    for pointer in pointers {
        match document.pointer(pointer) {
            Some(value) => writeln!(text, "{pointer}: {value}"),
            None => writeln!(text, "{pointer}: nothing is there"),
        }
        .unwrap();
    }
    text
}
