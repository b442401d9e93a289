//! Who lives in the world: domains, hosts, addresses (RFC 5737), selectors, mail addresses.

use crate::core::ascii_domain;
use std::net::Ipv4Addr;

/// The outside sender's domain.
pub(crate) const EXTERNAL_DOMAIN: &str = "ext.example";
/// The outside sender's mail server: submission, outgoing mail and MX.
pub(crate) const EXTERNAL_HOST: &str = "smtp.ext.example";
/// The outside sender's mailboxes.
pub(crate) const EXTERNAL_IMAP_HOST: &str = "imap.ext.example";
/// Its address.
pub const EXTERNAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// The selector of its DKIM key, and of its seals.
pub(crate) const EXTERNAL_SELECTOR: &str = "ext2026";
/// The domain of the outside sender's mail host.
pub(crate) const EXTERNAL_HOSTER_DOMAIN: &str = "hoster.example";

/// The company's domain, where nobody says otherwise.
const COMPANY_DOMAIN: &str = "corp.example";
/// The address of the company's mail server.
pub const COMPANY_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 20);
/// The address of the company's relay, which takes mail for its mail server where there is one.
pub(crate) const COMPANY_RELAY_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 21);
/// The selector of the company's DKIM key.
pub(crate) const COMPANY_DKIM_SELECTOR: &str = "s2026";
/// The selector of the company's key for ARC alone.
pub(crate) const COMPANY_ARC_SELECTOR: &str = "arc2026";

/// The receiver's mail domain.
pub(crate) const GMAIL_DOMAIN: &str = "gmail.com";
/// The receiver's company; it seals for this domain.
pub(crate) const GOOGLE_DOMAIN: &str = "google.com";
/// The receiver's MX in DNS.
pub(crate) const GMAIL_MX_HOST: &str = "gmail-smtp-in.l.google.com";
/// The name that the receiver's MX gives itself, and its authserv-id.
pub(crate) const GMAIL_AUTHSERV_ID: &str = "mx.google.com";
/// The receiver's mailboxes.
pub(crate) const GMAIL_IMAP_HOST: &str = "imap.gmail.com";
/// The receiver's address.
pub const GMAIL_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 26);
/// The selector of the receiver's seals.
pub(crate) const GOOGLE_ARC_SELECTOR: &str = "arc-20260327";

/// Mail addresses of the outside sender: accounts `external` and `external-2`.
pub(crate) const EXTERNAL_USERS: [&str; 2] = ["probe@ext.example", "second@ext.example"];
/// Mail addresses of the receiver: accounts `gmail` and `gmail-2`.
pub const GMAIL_USERS: [&str; 2] = ["probe.inbox@gmail.com", "probe.second@gmail.com"];
/// The users at the company: accounts `company` and `company-2`, each forwarded to the receiver's user in the same place.
const COMPANY_USERS: [&str; 2] = ["info", "sales"];

/// The company, which forwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its domain.
    pub domain: String,
    /// Its mail server, the MX of the domain.
    pub host: String,
    /// Its addresses, with the receiver's that each is forwarded to: accounts `company` and `company-2`.
    pub aliases: [(String, &'static str); 2],
}

impl Default for Company {
    fn default() -> Self {
        Self::of(COMPANY_USERS[0], COMPANY_DOMAIN)
    }
}

impl Company {
    /// The name of its relay.
    pub(crate) fn relay(&self) -> String {
        format!("relay.{}", self.domain)
    }

    /// The company whose first address this is. `None` when it is no address, or the domain is that of another party.
    pub(crate) fn with_address(address: &str) -> Option<Self> {
        let (user, domain) = address.rsplit_once('@')?;
        let domain = ascii_domain(domain).to_ascii_lowercase();
        let named = domain.len() <= 240 && domain.contains('.') && domain.split('.').all(is_label);
        let known = (1..=64).contains(&user.len())
            && user.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        let taken = [EXTERNAL_DOMAIN, GMAIL_DOMAIN, GOOGLE_DOMAIN];
        let free = !taken.iter().any(|d| domain == *d || domain.ends_with(&format!(".{d}")));
        (named && known && free).then(|| Self::of(user, &domain))
    }

    fn of(user: &str, domain: &str) -> Self {
        let [usual, other] = COMPANY_USERS;
        let second = if user.eq_ignore_ascii_case(other) { usual } else { other };
        Self {
            domain: domain.to_owned(),
            host: format!("mx.{domain}"),
            aliases: [(format!("{user}@{domain}"), GMAIL_USERS[0]), (format!("{second}@{domain}"), GMAIL_USERS[1])],
        }
    }
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Every name that the world's certificate carries beside the company's.
pub(crate) const TLS_NAMES: [&str; 9] = [
    EXTERNAL_HOST,
    "127.0.0.1",
    "localhost",
    EXTERNAL_IMAP_HOST,
    GMAIL_MX_HOST,
    GMAIL_AUTHSERV_ID,
    GMAIL_IMAP_HOST,
    "smtp.gmail.com",
    EXTERNAL_DOMAIN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_named_by_an_address() {
        let company = Company::with_address("Sales@Firm.Example").unwrap();
        assert_eq!((company.domain.as_str(), company.host.as_str()), ("firm.example", "mx.firm.example"));
        assert_eq!(company.aliases.map(|(address, _)| address), ["Sales@firm.example", "info@firm.example"]);
        for none in
            ["firm.example", "a@firm", "@firm.example", "a@gmail.com", "a@x.ext.example", "a b@firm.example", ""]
        {
            assert_eq!(Company::with_address(none), None, "{none}");
        }
    }
}
