//! Modified UTF-7, in which IMAP writes folder names (RFC 3501 §5.1.3).

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

const MUTF7: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Writes a name.
pub(crate) fn encode(name: &str) -> String {
    let mut out = String::new();
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut shifted, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shifted.extend(unit.to_be_bytes());
            }
        }
    }
    flush(&mut shifted, &mut out);
    out
}

/// Ends a run of UTF-16, if there is one.
fn flush(shifted: &mut Vec<u8>, out: &mut String) {
    if !shifted.is_empty() {
        out.push_str(&format!("&{}-", MUTF7.encode(&shifted)));
        shifted.clear();
    }
}

/// Reads a name; `None` when it is no modified UTF-7.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (code, tail) = after.split_once('-')?;
        out.push_str(before);
        if code.is_empty() {
            out.push('&');
        } else {
            let bytes = MUTF7.decode(code).ok()?;
            let (units, []) = bytes.as_chunks::<2>() else { return None };
            let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
            out.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = tail;
    }
    out.push_str(rest);
    out.chars().all(|c| !c.is_control()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_and_read_back() {
        for (name, text) in [
            ("Spam", "Spam"),
            ("A&B", "A&-B"),
            ("[Gmail]/迷惑メール", "[Gmail]/&j,dg0TDhMPww6w-"),
            ("台北", "&U,BTFw-"),
        ] {
            assert_eq!(encode(name), text);
            assert_eq!(decode(text).as_deref(), Some(name));
        }
        assert_eq!(decode("&AA"), None);
        assert_eq!(decode("&%%-"), None);
    }
}
