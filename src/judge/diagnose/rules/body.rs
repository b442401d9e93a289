//! Experiments on a body whose hash does not fit: what undoes the change says what the change was.

use crate::{
    mail::{Message, arc::ArcMessageSignature},
    verify::{BodyHash, Canonicalization},
};

/// The most lines of a footer that are looked for.
const LONGEST_FOOTER: usize = 60;
/// Larger bodies are not tried: every try hashes the body.
const LARGEST: usize = 1 << 18;
/// Where Postfix folds lines (smtp_line_length_limit).
const LINE_LIMIT: usize = 998;

/// A change of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Lines over the limit were folded.
    Folded,
    /// So many lines were put at its end.
    Footer(usize),
}

/// The change which, undone, makes the hash fit.
pub(super) fn change(message: &Message, ams: &ArcMessageSignature, hash: &BodyHash) -> Option<Change> {
    let c = ams.canonicalization.as_deref().and_then(|c| c.split_once('/')).map_or("simple", |(_, body)| body);
    let c = Canonicalization::from_name(c)?;
    let body = message.body();
    if body.len() > LARGEST || ams.tags.get("l").is_some() {
        return None;
    }
    if let Some(unfolded) = unfolded(body)
        && c.body_hash(&unfolded) == hash.expected
    {
        return Some(Change::Folded);
    }
    let ends: Vec<usize> = memchr::memrchr_iter(b'\n', body).map(|at| at + 1).take(LONGEST_FOOTER + 1).collect();
    // The last line may lack its end.
    let whole = ends.first() == Some(&body.len());
    let footers = ends.iter().skip(usize::from(whole)).zip(1..);
    footers.into_iter().find(|(end, _)| c.body_hash(&body[..**end]) == hash.expected).map(|(_, n)| Change::Footer(n))
}

/// The body with lines of exactly the limit joined to the next, when there are any.
fn unfolded(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let (mut folded, mut join) = (false, false);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        // The rest of a folded line starts with the space that folding put there.
        let rest = if join { line.strip_prefix(b" ") } else { None };
        if rest.is_some() {
            folded = true;
            let end = out.strip_suffix(b"\n").unwrap_or(&out);
            let end = end.strip_suffix(b"\r").unwrap_or(end).len();
            out.truncate(end);
        }
        out.extend_from_slice(rest.unwrap_or(line));
        join = text.len() == LINE_LIMIT;
    }
    folded.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_undone() {
        let long = "x".repeat(LINE_LIMIT);
        let folded = format!("a\r\n{long}\r\n yy\r\nz\r\n");
        assert_eq!(unfolded(folded.as_bytes()), Some(format!("a\r\n{long}yy\r\nz\r\n").into_bytes()));
        let thrice = format!("{long}\n {}\n y\n", &long[1..]);
        assert_eq!(unfolded(thrice.as_bytes()), Some(format!("{long}{}y\n", &long[1..]).into_bytes()));
        assert_eq!(unfolded(b"a\r\n b\r\n"), None);
        assert_eq!(unfolded(format!("{long}\r\nb\r\n").as_bytes()), None);
    }
}
