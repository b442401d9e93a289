//! Google's ARC Set: the tags in its order, some of them after `b=`, folded as it folds.

use crate::lab::embedded::{
    keys::KeyError,
    signing::{
        Message, Signer,
        arc::{Coverage, Next, covered},
        body_hash, relaxed_field,
    },
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Columns of a line of field names.
const WIDTH: usize = 76;

/// ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results, each with its final CRLF. `results` is the payload
/// from the authserv-id on; `time` is in seconds since 1970.
pub(super) fn set(
    signer: &Signer,
    message: &Message<'_>,
    next: Next,
    results: &str,
    time: i64,
) -> Result<String, KeyError> {
    let Next { instance, cv } = next;
    let Signer { domain, selector, .. } = signer;
    let aar = format!("ARC-Authentication-Results: i={instance}; {results}\r\n");
    let (names, fields) = signed_fields(message);
    let before = format!(
        "i={instance}; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector};\r\n        h={};\r\n        \
         bh={};\r\n        fh={};\r\n        ",
        fold_names(&names),
        body_hash(message.body),
        STANDARD.encode(digest(&SHA256, &fields)),
    );
    let ams = signed(signer, fields, "ARC-Message-Signature", &before, ";\r\n        dara=google.com")?;
    let before =
        format!("i={instance}; a=rsa-sha256; t={time}; cv={cv};\r\n        d={domain}; s={selector};\r\n        ");
    let mut input = covered(message, next, Coverage::Right);
    for field in [&aar, &ams] {
        let (name, value) = field.split_once(':').unwrap_or((field, ""));
        input.extend(relaxed_field(name, value.as_bytes()));
    }
    let seal = signed(signer, input, "ARC-Seal", &before, "")?;
    Ok(format!("{seal}{ams}{aar}"))
}

/// Signs `input` and the field itself with an empty `b=` (RFC 6376 §3.7).
fn signed(signer: &Signer, mut input: Vec<u8>, name: &str, before: &str, after: &str) -> Result<String, KeyError> {
    let own = relaxed_field(name, format!(" {before}b={after}").as_bytes());
    input.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
    let signature = signer.key.sign(&input)?;
    Ok(format!("{name}: {before}b={}{after}\r\n", fold_signature(&signature)))
}

/// What Google signs: the fields of the author and of lists, from the bottom up, without traces, results, `X-` fields
/// and Content-Type.
fn signed_fields(message: &Message<'_>) -> (Vec<String>, Vec<u8>) {
    let (mut names, mut covered) = (Vec::new(), Vec::new());
    for field in message.fields.iter().rev() {
        let name = field.name().to_ascii_lowercase();
        let left_out = name.starts_with("x-")
            || name.starts_with("arc-")
            || ["received", "received-spf", "return-path", "authentication-results", "content-type", "bcc"]
                .contains(&name.as_str());
        if !left_out {
            covered.extend(relaxed_field(field.name(), field.value()));
            names.push(name);
        }
    }
    (names, covered)
}

fn fold_names(names: &[String]) -> String {
    let mut out = String::new();
    // `        h=` stands before the first.
    let mut column = 10;
    for (at, name) in names.iter().enumerate() {
        let width = name.len() + usize::from(at > 0);
        if column + width > WIDTH && at > 0 {
            out.push_str("\r\n         ");
            column = 9;
        }
        if at > 0 {
            out.push(':');
        }
        out.push_str(name);
        column += width;
    }
    out
}

/// 66 characters after `b=`, then lines of 68.
fn fold_signature(base64: &str) -> String {
    let (first, rest) = base64.split_at(base64.len().min(66));
    let lines = rest.as_bytes().chunks(68).map(String::from_utf8_lossy);
    lines.fold(first.to_owned(), |out, line| format!("{out}\r\n         {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::embedded::{keys::Keys, signing::arc::Cv};

    #[test]
    fn names_are_listed_from_the_bottom_up() {
        let message = Message::new(
            b"Received: x\r\nDKIM-Signature: b\r\nDKIM-Signature: a\r\nX-Probe: 1\r\nFrom: a@b.example\r\n\
              Authentication-Results: y\r\nTo: c\r\nContent-Type: text/plain\r\nSubject: s\r\n\r\n",
        );
        let (names, covered) = signed_fields(&message);
        assert_eq!(names, ["subject", "to", "from", "dkim-signature", "dkim-signature"]);
        assert_eq!(
            String::from_utf8(covered).unwrap(),
            "subject:s\r\nto:c\r\nfrom:a@b.example\r\ndkim-signature:a\r\ndkim-signature:b\r\n"
        );
    }

    #[test]
    fn a_set_has_googles_tags_in_googles_order() {
        let signer = Signer::new("google.com", "arc-20260327", &Keys::load().unwrap().google_arc);
        let message = Message::new(b"From: a@b.example\r\nSubject: s\r\n\r\nbody\r\n");
        let next = Next { instance: 1, cv: Cv::None };
        let set = set(&signer, &message, next, "mx.google.com;\r\n       spf=pass", 1_795_000_000).unwrap();
        let without_signatures: Vec<&str> = set
            .split("\r\n")
            .filter(|l| !l.starts_with("         ") && !l.starts_with("        b="))
            .map(|l| l.split_once("h=").map_or(l, |(before, _)| before))
            .collect();
        assert_eq!(
            without_signatures,
            [
                "ARC-Seal: i=1; a=rsa-sha256; t=1795000000; cv=none;",
                "        d=google.com; s=arc-20260327;",
                "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-20260327;",
                "        ",
                "        b",
                "        f",
                "        dara=google.com",
                "ARC-Authentication-Results: i=1; mx.google.com;",
                "       spf=pass",
                "",
            ]
        );
        assert!(set.split("\r\n").all(|l| l.len() <= 98));
        let lengths: Vec<_> = set.split("b=").nth(1).unwrap().split("\r\n").take(6).map(str::len).collect();
        assert_eq!(lengths, [66, 77, 77, 77, 77, 15]);
    }

    #[test]
    fn long_lists_of_names_are_folded() {
        let names: Vec<_> = (0..20).map(|n| format!("field-name-{n}")).collect();
        let folded = format!("        h={}", fold_names(&names));
        assert!(folded.split("\r\n").all(|l| l.len() <= WIDTH), "{folded}");
        assert_eq!(folded.replace("\r\n         ", "").trim_start(), format!("h={}", names.join(":")));
    }
}
