//! Domain names: people write U-labels (`例え.jp`, RFC 5890), the wire has A-labels (`xn--r8jz45g.jp`).

use std::borrow::Cow;

/// A domain in A-labels; as it is where it is ASCII, or no name that has them.
pub fn ascii_domain(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned)
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

/// Whether two texts name the same domain. Case, a final dot, and whether it is written in U-labels or A-labels (RFC 5890)
/// do not count.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (ascii_domain(one), ascii_domain(other));
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

/// Whether two texts are the same mail address. Case does not count, in the local part neither: no server that people use
/// tells mailboxes apart by it (RFC 5321 §2.4).
pub fn is_same_address(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            local.to_lowercase() == other_local.to_lowercase() && is_same(domain, other_domain)
        }
        _ => false,
    }
}

/// Whether two addresses lead to one mailbox, as mail systems compare them: quotes that mean nothing (RFC 5321 §4.1.2), what
/// follows a `+`, and at Gmail dots and its other domain do not count either.
pub fn is_same_mailbox(one: &str, other: &str) -> bool {
    match (mailbox(one), mailbox(other)) {
        (Some(one), Some(other)) => is_same_address(&one, &other),
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// The address of a mailbox without what mail systems leave out when they look for it.
fn mailbox(address: &str) -> Option<String> {
    let (local, domain) = address.trim().trim_matches(['<', '>']).rsplit_once('@')?;
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let local = quoted.map_or_else(|| local.to_owned(), |inner| inner.replace('\\', ""));
    let base = local.split_once('+').map_or(local.as_str(), |(base, _)| base);
    let base = if base.is_empty() { &local } else { base };
    let is_gmail = ["gmail.com", "googlemail.com"].iter().any(|gmail| is_same(domain, gmail));
    Some(if is_gmail { format!("{}@gmail.com", base.replace('.', "")) } else { format!("{base}@{domain}") })
}

/// Whether a host is a domain or lies below it. Case, a final dot and the kind of labels do not count; the empty domain has
/// nothing below it.
pub fn is_at_or_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (ascii_domain(host), ascii_domain(domain));
    let (host, domain) = (host.trim_end_matches('.').as_bytes(), domain.trim_end_matches('.').as_bytes());
    host.len().checked_sub(domain.len()).is_some_and(|start| {
        !domain.is_empty() && host[start..].eq_ignore_ascii_case(domain) && (start == 0 || host[start - 1] == b'.')
    })
}

/// Labels below a country's domain that are nobody's: `corp.co.jp` is one organization, `co.jp` is none.
const SHARED: [&str; 14] = ["ac", "ad", "co", "com", "ed", "edu", "go", "gov", "gr", "lg", "ne", "net", "or", "org"];

/// Who runs a host, as far as its name tells: the last two labels, three below a label that many share, or an address as it is.
pub fn organization(host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let mut labels = host.rsplit('.');
    let is_shared =
        labels.next().is_some_and(|country| country.len() == 2) && labels.next().is_some_and(|l| SHARED.contains(&l));
    let start = host.rmatch_indices('.').map(|(at, _)| at + 1).nth(1 + usize::from(is_shared)).unwrap_or(0);
    host[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_the_last_two_labels() {
        assert_eq!(organization("MX.Corp.example."), "corp.example");
        assert_eq!(organization("mx.corp.co.jp"), "corp.co.jp");
        assert_eq!(organization("co.jp"), "co.jp");
        assert_eq!(organization("mx.corp.jp"), "corp.jp");
        assert_eq!(organization("2002:a05::1"), "2002:a05::1");
        assert_eq!(organization("localhost"), "localhost");
    }

    #[test]
    fn hosts_are_compared_by_label() {
        assert!(is_at_or_below("MX.company.example.", "company.example"));
        assert!(is_at_or_below("company.example", "company.example"));
        assert!(!is_at_or_below("evilcompany.example", "company.example"));
        assert!(!is_at_or_below("example", "company.example"));
        assert!(!is_at_or_below("", ""));
    }

    #[test]
    fn labels_of_both_kinds_name_one_domain() {
        assert!(
            is_same("例え.jp", "XN--r8jz45g.jp.")
                && is_same("xn--r8jz45g.jp", "例え.jp")
                && is_same("例え.jp", "例え.jp")
        );
        assert!(!is_same("例え.jp", "例.jp"));
        assert!(is_at_or_below("mx.例え.jp", "xn--r8jz45g.jp") && is_at_or_below("mx.xn--r8jz45g.jp", "例え.jp"));
        assert!(!is_at_or_below("mx例え.jp", "xn--r8jz45g.jp"));
        assert!(is_same_address("Info@例え.jp", "info@xn--r8jz45g.jp"));
    }

    #[test]
    fn one_mailbox_has_many_addresses() {
        for (one, other) in [
            ("info@CORP.example", "\"info\"@corp.example"),
            ("<a.b@corp.example>", "\"a\\.b\"@corp.example"),
            ("Some.One@googlemail.com", "someone+x@Gmail.com"),
            ("info+list@corp.example", "info@corp.example"),
            ("info@例え.jp", "info@xn--r8jz45g.jp"),
            ("root", "Root"),
        ] {
            assert!(is_same_mailbox(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("info@corp.example", "sales@corp.example"),
            ("info@corp.example", "info@gmail.com"),
            ("some.one@corp.example", "someone@corp.example"),
            ("+a@corp.example", "+b@corp.example"),
            ("root", "info@corp.example"),
        ] {
            assert!(!is_same_mailbox(one, other), "{one} {other}");
        }
    }

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
