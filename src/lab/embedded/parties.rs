//! Who lives in the world: domains, hosts, addresses (RFC 5737), selectors, mail addresses.

use std::net::Ipv4Addr;

/// The outside sender's domain.
pub const EXTERNAL_DOMAIN: &str = "ext.example";
/// The outside sender's mail server: submission, outgoing mail and MX.
pub const EXTERNAL_HOST: &str = "smtp.ext.example";
/// The outside sender's mailboxes.
pub const EXTERNAL_IMAP_HOST: &str = "imap.ext.example";
/// Its address.
pub const EXTERNAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// The selector of its DKIM key, and of its seals.
pub const EXTERNAL_SELECTOR: &str = "ext2026";

/// The company's domain.
pub const COMPANY_DOMAIN: &str = "corp.example";
/// The company's mail server, its MX.
pub const COMPANY_HOST: &str = "mx.corp.example";
/// Its address.
pub const COMPANY_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 20);
/// The selector of the company's DKIM key.
pub const COMPANY_DKIM_SELECTOR: &str = "s2026";
/// The selector of the company's key for ARC alone.
pub const COMPANY_ARC_SELECTOR: &str = "arc2026";

/// The receiver's mail domain.
pub const GMAIL_DOMAIN: &str = "gmail.com";
/// The receiver's company; it seals for this domain.
pub const GOOGLE_DOMAIN: &str = "google.com";
/// The receiver's MX in DNS.
pub const GMAIL_MX_HOST: &str = "gmail-smtp-in.l.google.com";
/// The name that the receiver's MX gives itself, and its authserv-id.
pub const GMAIL_AUTHSERV_ID: &str = "mx.google.com";
/// The receiver's mailboxes.
pub const GMAIL_IMAP_HOST: &str = "imap.gmail.com";
/// The receiver's address.
pub const GMAIL_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 26);
/// The selector of the receiver's seals.
pub const GOOGLE_ARC_SELECTOR: &str = "arc-20260327";

/// Mail addresses of the outside sender: accounts `external` and `external-2`.
pub const EXTERNAL_USERS: [&str; 2] = ["probe@ext.example", "second@ext.example"];
/// Mail addresses of the receiver: accounts `gmail` and `gmail-2`.
pub const GMAIL_USERS: [&str; 2] = ["probe.inbox@gmail.com", "probe.second@gmail.com"];
/// The company's addresses with the receiver's that each is forwarded to: accounts `company` and `company-2`.
pub const COMPANY_ALIASES: [(&str, &str); 2] =
    [("info@corp.example", GMAIL_USERS[0]), ("sales@corp.example", GMAIL_USERS[1])];

/// Every name that the world's certificate carries.
pub const TLS_NAMES: [&str; 11] = [
    EXTERNAL_HOST,
    "127.0.0.1",
    "localhost",
    EXTERNAL_IMAP_HOST,
    COMPANY_HOST,
    GMAIL_MX_HOST,
    GMAIL_AUTHSERV_ID,
    GMAIL_IMAP_HOST,
    "smtp.gmail.com",
    EXTERNAL_DOMAIN,
    COMPANY_DOMAIN,
];
