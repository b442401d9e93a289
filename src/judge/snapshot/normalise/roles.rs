//! Accounts' roles in place of their domains and addresses.

use crate::{
    mail::domain::is_at_or_below,
    scenario::{Scenario, Target, model::ExpectationKind},
};

/// Who is who.
pub(super) struct Roles {
    /// Lower-case address or domain with its role; addresses first, then the longest.
    names: Vec<(String, String)>,
}

impl Roles {
    /// The roles of a target's accounts. Where accounts share a domain, the one that the scenario names first has it.
    pub(super) fn new(scenario: &Scenario, target: &Target) -> Self {
        let mut order: Vec<&str> = vec![&scenario.send.from.value];
        order.extend(scenario.send.to.iter().map(|to| to.value.as_str()));
        order.extend(scenario.expect.iter().filter_map(|e| match &e.kind {
            ExpectationKind::Delivered(d) => Some(d.to.value.as_str()),
            ExpectationKind::Bounced(b) => Some(b.to.value.as_str()),
            ExpectationKind::Absent(a) => Some(a.from.value.as_str()),
            ExpectationKind::Count(c) => Some(c.to.value.as_str()),
            ExpectationKind::Smtp(_) | ExpectationKind::Log(_) => None,
        }));
        let forwarded = order.iter().filter_map(|name| target.accounts.get(*name)?.forwards_to.as_deref());
        let forwarded: Vec<&str> = forwarded.collect();
        order.extend(forwarded);
        order.extend(target.accounts.keys().map(String::as_str));
        let mut names: Vec<(String, String)> = Vec::new();
        for account in order.iter().filter_map(|name| target.accounts.get(*name)) {
            let seal = account.seal_domain.as_ref().map(|d| d.to_ascii_lowercase());
            for name in [account.address.to_ascii_lowercase(), account.domain()].into_iter().chain(seal) {
                if !name.is_empty() && !names.iter().any(|(n, _)| *n == name) {
                    names.push((name, account.name.clone()));
                }
            }
        }
        names.sort_by_key(|(name, _)| (!name.contains('@'), std::cmp::Reverse(name.len())));
        Self { names }
    }

    /// The text with every address and domain of an account replaced: `$external`, `mx.$company`, `user@$company`.
    pub(super) fn text(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while at < text.len() {
            let hit = self.names.iter().find(|(name, _)| {
                lower[at..].starts_with(name.as_str()) && is_edge(&lower[..at], &lower[at + name.len()..], name)
            });
            if let Some((name, role)) = hit {
                out.push('$');
                out.push_str(role);
                at += name.len();
            } else {
                let c = text[at..].chars().next().unwrap_or_default();
                out.push(c);
                at += c.len_utf8();
            }
        }
        out
    }

    /// Whose host this is, without a dollar sign.
    pub(super) fn host(&self, host: &str) -> Option<&str> {
        self.names
            .iter()
            .find(|(name, _)| !name.contains('@') && is_at_or_below(host, name))
            .map(|(_, role)| role.as_str())
    }
}

/// Whether a name ends on both sides: `corp.example` is not in `xcorp.example` or `corp.example.org`.
fn is_edge(before: &str, after: &str, name: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let left = before.chars().next_back();
    let left_ends = !left.is_some_and(|c| inside(c) || (name.contains('@') && "+.=".contains(c)));
    let mut right = after.chars();
    let right_ends = match right.next() {
        Some('.') => !right.next().is_some_and(inside),
        Some(c) => !inside(c),
        None => true,
    };
    left_ends && right_ends
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Roles {
        /// Nobody is anybody.
        pub(in super::super) fn none() -> Self {
            Self { names: Vec::new() }
        }
    }

    fn roles() -> Roles {
        let names = [("probe@ext.example", "external"), ("corp.example", "company"), ("ext.example", "external")];
        Roles { names: names.iter().map(|(n, r)| ((*n).to_owned(), (*r).to_owned())).collect() }
    }

    #[test]
    fn only_whole_names_are_replaced() {
        for (text, wanted) in [
            ("<Probe@EXT.example>", "<$external>"),
            ("bounce@ext.example", "bounce@$external"),
            ("x+probe@ext.example", "x+probe@$external"),
            ("by mx.corp.example.", "by mx.$company."),
            ("xcorp.example corp.example.org corp.example-2", "xcorp.example corp.example.org corp.example-2"),
            ("grüße@corp.example: ä", "grüße@$company: ä"),
        ] {
            assert_eq!(roles().text(text), wanted);
        }
        assert_eq!(roles().host("MX.corp.example."), Some("company"));
        assert_eq!(roles().host("notcorp.example"), None);
    }
}
