//! Accounts' roles in place of their domains and addresses.

use crate::{
    core::domain::is_at_or_below,
    scenario::{Scenario, model::ExpectationKind},
    target::Target,
};

/// Who is who.
pub(super) struct Roles {
    /// Addresses first, then the longest.
    names: Vec<Name>,
}

/// A name of an account.
struct Name {
    /// The address or domain, lower case.
    text: String,
    /// The account.
    role: String,
    /// What of the account it is.
    part: Part,
}

/// What stands in place of a name: the account for its domain, as most names are domains, and for the others the account
/// with the word of the variable that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Address,
    Domain,
    SealDomain,
}

impl Part {
    fn suffix(self) -> &'static str {
        match self {
            Self::Address => ".address",
            Self::Domain => "",
            Self::SealDomain => ".seal_domain",
        }
    }
}

impl Roles {
    /// The roles of a target's accounts. Where accounts share a domain, the one that the scenario names first has it.
    pub(super) fn new(scenario: &Scenario, target: &Target) -> Self {
        let mut order: Vec<&str> = vec![&scenario.send.from.value];
        let to = scenario.send.to.iter().filter_map(|to| target.account_of(&to.value));
        order.extend(to.map(|account| account.name.as_str()));
        order.extend(scenario.expect.iter().filter_map(|e| match &e.kind {
            // A log is a server's, and stands for no way of the mail.
            ExpectationKind::Log(_) => None,
            kind => kind.account().map(|account| account.value.as_str()),
        }));
        let forwarded = order.iter().filter_map(|name| target.accounts.get(*name)?.forwards_to.as_deref());
        let forwarded: Vec<&str> = forwarded.collect();
        order.extend(forwarded);
        order.extend(target.accounts.keys().map(String::as_str));
        let mut names: Vec<Name> = Vec::new();
        for account in order.iter().filter_map(|name| target.accounts.get(*name)) {
            let seal = account.seal_domain.as_ref().map(|domain| (domain.to_ascii_lowercase(), Part::SealDomain));
            let own = [(account.address.to_ascii_lowercase(), Part::Address), (account.domain(), Part::Domain)];
            for (text, part) in own.into_iter().chain(seal) {
                if !text.is_empty() && !names.iter().any(|known| known.text == text) {
                    names.push(Name { text, role: account.name.clone(), part });
                }
            }
        }
        names.sort_by_key(|name| (name.part != Part::Address, std::cmp::Reverse(name.text.len())));
        Self { names }
    }

    /// The text with every address and domain of an account replaced: `$external.address`, `mx.$company`,
    /// `user@$company`, `$gmail.seal_domain`.
    pub(super) fn text(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while at < text.len() {
            let hit = self.names.iter().find(|name| {
                let text = name.text.as_str();
                lower[at..].starts_with(text) && is_edge(&lower[..at], &lower[at + text.len()..], name.part)
            });
            if let Some(name) = hit {
                out.push('$');
                out.push_str(&name.role);
                out.push_str(name.part.suffix());
                at += name.text.len();
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
            .find(|name| name.part != Part::Address && is_at_or_below(host, &name.text))
            .map(|name| name.role.as_str())
    }

    /// Whether a text reads like one of the roles.
    pub(super) fn has(&self, role: &str) -> bool {
        self.names.iter().any(|name| name.role == role)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

/// Whether a name ends on both sides: `corp.example` is not in `xcorp.example` or `corp.example.org`.
fn is_edge(before: &str, after: &str, part: Part) -> bool {
    let left = before.chars().next_back();
    let left_ends = !left.is_some_and(|c| is_name_char(c) || (part == Part::Address && "+.=".contains(c)));
    let mut right = after.chars();
    let right_ends = match right.next() {
        Some('.') => !right.next().is_some_and(is_name_char),
        Some(c) => !is_name_char(c),
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
        let names = [
            ("probe@ext.example", "external", Part::Address),
            ("seals.corp.example", "company", Part::SealDomain),
            ("corp.example", "company", Part::Domain),
            ("ext.example", "external", Part::Domain),
        ];
        let name = |(text, role, part): (&str, &str, Part)| Name { text: text.to_owned(), role: role.to_owned(), part };
        Roles { names: names.map(name).into() }
    }

    #[test]
    fn only_whole_names_are_replaced() {
        for (text, wanted) in [
            ("<Probe@EXT.example>", "<$external.address>"),
            ("d=seals.corp.example", "d=$company.seal_domain"),
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
