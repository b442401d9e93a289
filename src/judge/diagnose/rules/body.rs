//! Experiments on a body whose hash does not fit: what undoes the change says what the change was.

use crate::{
    mail::{Message, arc::ArcMessageSignature, mime},
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
    /// 8-bit text was written in 7 bits.
    Recoded,
    /// So many lines were put at its end.
    Footer(usize),
}

/// The change which, undone, makes the hash fit.
pub(super) fn change(message: &Message, ams: &ArcMessageSignature, hash: &BodyHash) -> Option<Change> {
    let [_, c] = Canonicalization::of_tag(ams.canonicalization.as_deref());
    let c = c?;
    let body = message.body();
    if body.len() > LARGEST || ams.tags.get("l").is_some() {
        return None;
    }
    if let Some(unfolded) = unfolded(body)
        && c.body_hash(&unfolded) == hash.expected
    {
        return Some(Change::Folded);
    }
    if let Some(decoded) = mime::decoded_body(message).filter(|decoded| !decoded.is_ascii())
        && c.body_hash(&decoded) == hash.expected
    {
        return Some(Change::Recoded);
    }
    c.surplus_lines(body, &hash.expected, LONGEST_FOOTER).map(Change::Footer)
}

/// Whether this body was neither folded nor encoded anew, as far as it tells by itself.
pub(super) fn is_plain(message: &Message) -> bool {
    shows_recoding(message) && mime::decoded_body(message).is_none() && unfolded(message.body()).is_none()
}

/// Whether a change of encoding would be recognised in this body: it is small, and no part of a multipart is encoded.
pub(super) fn shows_recoding(message: &Message) -> bool {
    let body = message.body();
    let text = body.to_ascii_lowercase();
    let encoded = ["content-transfer-encoding: quoted-printable", "content-transfer-encoding: base64"]
        .iter()
        .any(|field| memchr::memmem::find(&text, field.as_bytes()).is_some());
    body.len() <= LARGEST && !encoded
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
    fn an_encoding_is_undone() {
        let hash = |body: &str| BodyHash {
            expected: Canonicalization::Relaxed.body_hash(body.as_bytes()),
            computed: String::new(),
            uncovered: 0,
        };
        let sealed = "ARC-Message-Signature: i=1; c=relaxed/relaxed; h=from\r\n";
        let mail = |encoding: &str, body: &str| {
            Message::parse(format!("{sealed}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}"))
        };
        let undone = |mail: &Message, was: &str| {
            let chain = crate::mail::arc::ArcChain::of(mail);
            change(mail, chain.sets[0].ams.as_ref().unwrap(), &hash(was))
        };
        let text = "caf\u{e9} = ok \r\nend\r\n";
        let quoted = mail("quoted-printable", "caf=C3=A9 =3D ok=20\r\ne=\r\nnd\r\n");
        assert_eq!(undone(&quoted, text), Some(Change::Recoded));
        assert_eq!(undone(&mail("base64", "Y2Fmw6kgPSBvayANCmVuZA0K\r\n"), text), Some(Change::Recoded));
        assert_eq!(undone(&quoted, "another\r\n"), None);
        assert!(shows_recoding(&quoted));
        let part = "--x\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\ncaf=C3=A9\r\n--x--\r\n";
        assert!(!shows_recoding(&mail("7bit", part)));
    }

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
