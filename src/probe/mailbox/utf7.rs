//! Modified UTF-7, in which IMAP writes folder names (RFC 3501 §5.1.3).

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

const MUTF7: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The name as people read it; as it is when it is no modified UTF-7.
pub(super) fn readable(name: &str) -> String {
    decoded(name).unwrap_or_else(|| name.to_owned())
}

fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('&');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (code, plain) = part.split_once('-')?;
        if code.is_empty() {
            out.push('&');
        }
        let bytes = MUTF7.decode(code).ok()?;
        let (units, []) = bytes.as_chunks::<2>() else { return None };
        let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
        out.push_str(&String::from_utf16(&units).ok()?);
        out.push_str(plain);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (name, read) in [
            ("INBOX", "INBOX"),
            ("[Gmail]/&j,dg0TDhMPww6w-", "[Gmail]/迷惑メール"),
            ("R&-D &AOk-t&AOk-", "R&D été"),
            ("&", "&"),
            ("&AA-x", "&AA-x"),
            ("&2D0-", "&2D0-"),
        ] {
            assert_eq!(readable(name), read);
        }
    }
}
