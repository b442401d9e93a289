//! The spellings that protocols and formats give to a secret.

use super::SHORTEST;
use base64::{Engine, engine::general_purpose};

/// Fewer characters than this of a secret in base64 would match by chance.
const SHORTEST_PIECE: usize = 6;

/// Every spelling: raw, without its spaces, percent-escaped in part and whole, as a form, in JSON and in JSON within JSON, in XML,
/// quoted-printable, in base64 alone and within other text, as the SASL PLAIN and XOAUTH2 blobs of `user`. That letters of ASCII
/// may be in either case is for the search; others are spelled in both.
pub(super) fn of(user: &str, raw: &str) -> Vec<String> {
    let mut all = in_this_case(user, raw);
    if !raw.is_ascii() {
        all.extend([raw.to_uppercase(), raw.to_lowercase()].iter().flat_map(|raw| in_this_case(user, raw)));
    }
    all
}

fn in_this_case(user: &str, raw: &str) -> Vec<String> {
    let mut all = vec![
        raw.to_owned(),
        raw.bytes().map(|b| format!("%{b:02X}")).collect(),
        raw.bytes().map(|b| format!("%{b:02x}")).collect(),
        percent(raw, |b| format!("%{b:02X}")),
        percent(raw, |b| format!("%{b:02x}")),
        percent(raw, |b| if b == b' ' { "+".to_owned() } else { format!("%{b:02X}") }),
        json(raw),
        json(&json(raw)),
        xml(raw),
        quoted_printable(raw),
        raw.replace('%', "%25"),
    ];
    for blob in [
        raw.to_owned(),
        format!("\0{user}\0{raw}"),
        format!("{user}\0{user}\0{raw}"),
        format!("user={user}\x01auth=Bearer {raw}\x01\x01"),
    ] {
        all.push(general_purpose::STANDARD.encode(&blob));
        all.push(general_purpose::STANDARD_NO_PAD.encode(&blob));
        all.push(general_purpose::URL_SAFE.encode(&blob));
        all.push(general_purpose::URL_SAFE_NO_PAD.encode(&blob));
    }
    let packed: String = raw.split_ascii_whitespace().collect();
    all.extend(Some(packed).filter(|packed| packed.len() >= SHORTEST));
    for before in 0..3 {
        all.extend(piece(raw, before, &general_purpose::STANDARD_NO_PAD));
        all.extend(piece(raw, before, &general_purpose::URL_SAFE_NO_PAD));
    }
    all
}

/// What base64 makes of a secret wherever it stands in a longer text, with so many octets before it, modulo 3.
fn piece(raw: &str, before: usize, engine: &impl Engine) -> Option<String> {
    let whole = engine.encode([&vec![0; before][..], raw.as_bytes()].concat());
    let first = (before * 8).div_ceil(6);
    let last = (before + raw.len()) * 8 / 6;
    whole.get(first..last).filter(|piece| piece.len() >= SHORTEST_PIECE).map(str::to_owned)
}

fn percent(raw: &str, escape: impl Fn(u8) -> String) -> String {
    encoded(raw, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b), escape)
}

fn json(raw: &str) -> String {
    let quoted = serde_json::to_string(raw).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

fn xml(raw: &str) -> String {
    let raw = raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    raw.replace('"', "&quot;").replace('\'', "&apos;")
}

fn quoted_printable(raw: &str) -> String {
    encoded(raw, |b| (b' '..=b'~').contains(&b) && b != b'=', |b| format!("={b:02X}"))
}

/// The text with the octets that are not plain as `escape` writes them.
fn encoded(raw: &str, is_plain: impl Fn(u8) -> bool, escape: impl Fn(u8) -> String) -> String {
    raw.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { escape(b) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_known_wherever_the_secret_stands() {
        let raw = "s3cret~value?";
        let all = of("me", raw);
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{raw}{after}");
                for encoded in [general_purpose::STANDARD.encode(&text), general_purpose::URL_SAFE_NO_PAD.encode(&text)]
                {
                    assert!(all.iter().any(|s| encoded.contains(s.as_str())), "{text}: {encoded}");
                }
            }
        }
    }

    #[test]
    fn every_escape_is_known() {
        let all = of("me", "p\"&< é=/%");
        for spelling in [
            "p%22%26%3C%20%C3%A9%3D%2F%25",
            "p%22%26%3c%20%c3%a9%3d%2f%25",
            "p%22%26%3C+%C3%A9%3D%2F%25",
            "p\\\"&< é=/%",
            "p\\\\\\\"&< é=/%",
            "p&quot;&amp;&lt; é=/%",
            "p\"&< =C3=A9=3D/%",
            "p\"&< é=/%25",
        ] {
            assert!(all.iter().any(|s| s == spelling), "{spelling}: {all:?}");
        }
    }
}
