//! Internationalized domain names (RFC 5890): people write U-labels (`例え.jp`), the wire has A-labels (`xn--r8jz45g.jp`).

use std::borrow::Cow;

/// A domain in A-labels; as it is where it is ASCII, or no name that has them.
pub fn ascii_domain(domain: &str) -> Cow<'_, str> {
    match domain.is_ascii() {
        true => Cow::Borrowed(domain),
        false => idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned),
    }
}

/// An address as it stands on the wire: its domain in A-labels. What stands before the `@` has no such form.
pub fn ascii_address(address: &str) -> Cow<'_, str> {
    match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => Cow::Owned(format!("{local}@{}", ascii_domain(domain))),
        _ => Cow::Borrowed(address),
    }
}

/// Whether an address can be handed to servers without SMTPUTF8 (RFC 6531), which is not spoken here.
///
/// # Errors
/// With what to do, when characters before its `@` need it, or its domain has no A-labels.
pub fn check_ascii(address: &str) -> Result<(), String> {
    let ascii = ascii_address(address);
    match ascii.rsplit_once('@') {
        Some((local, _)) if !local.is_ascii() => Err(format!(
            "`{address}` needs SMTPUTF8 (RFC 6531), which is not supported; write ASCII characters before the @"
        )),
        _ if !ascii.is_ascii() => {
            Err(format!("the domain of `{address}` is no domain name; write it as it is registered"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_one_form_on_the_wire() {
        for (written, wire) in [
            ("corp.example", "corp.example"),
            ("Corp.Example", "Corp.Example"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("mx.例え。jp", "mx.xn--r8jz45g.jp"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--r8jz45g.jp", "xn--r8jz45g.jp"),
        ] {
            assert_eq!(ascii_domain(written), wire);
            assert_eq!(ascii_address(&format!("Info@{written}")), format!("Info@{wire}"));
        }
        assert_eq!(ascii_address("例え"), "例え");
        assert!(check_ascii("info@例え.jp").is_ok() && check_ascii("info@corp.example").is_ok());
        assert!(check_ascii("情報@例え.jp").unwrap_err().contains("SMTPUTF8"));
    }
}
