//! Domain names as mail writes them.

use crate::core::ascii_domain;

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

/// Whether a host is a domain or lies below it. Case, a final dot and the kind of labels do not count; the empty domain has
/// nothing below it.
pub fn is_at_or_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (ascii_domain(host), ascii_domain(domain));
    let (host, domain) = (host.trim_end_matches('.').as_bytes(), domain.trim_end_matches('.').as_bytes());
    host.len().checked_sub(domain.len()).is_some_and(|start| {
        !domain.is_empty() && host[start..].eq_ignore_ascii_case(domain) && (start == 0 || host[start - 1] == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
