//! The accounts of a project file, and what signs their mail.

use super::{
    secret::SecretRef,
    server::{IMAP, MxSpec, SMTP, Server, ServerSpec, Usual, mx},
};
use crate::{
    core::{
        Spanned, ascii_address, ascii_domain, check_ascii,
        reading::{Entries, Recovered, ShortOrLong, recovered, recovered_items},
        suggest,
    },
    scenario::{vars::is_name, yaml::Errors},
    target::{Account, FolderNames, ImapAccess, Limit, LogSource, Provider},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An account whose secrets are still references.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account", description = "A mail account.")]
pub struct AccountSpec {
    /// Its name, at its place.
    #[serde(skip)]
    pub name: Spanned<String>,
    /// Its mail address.
    pub address: Spanned<String>,
    /// Where it submits mail.
    #[serde(default, deserialize_with = "recovered")]
    smtp: Option<Spanned<ServerSpec>>,
    /// Where it reads mail.
    #[serde(default, deserialize_with = "recovered")]
    imap: Option<Spanned<ServerSpec>>,
    /// Where mail to it is handed over directly: `host:port`, or a map.
    #[serde(default, deserialize_with = "mx")]
    #[schemars(with = "Option<ShortOrLong<String, MxSpec>>")]
    pub mx: Option<MxSpec>,
    /// The account that its mail is forwarded to.
    pub forwards_to: Option<Spanned<String>>,
    /// The `d=` of the seals that its server writes.
    seal_domain: Option<String>,
    /// The authserv-id of its server's Authentication-Results.
    authserv_id: Option<String>,
    /// Where its server writes what it does with mail.
    #[serde(default, deserialize_with = "recovered_items")]
    pub logs: Vec<Spanned<LogSource>>,
    /// The DKIM key that signs its mail when that goes straight to the `mx` of a recipient, past its own server.
    #[serde(default, deserialize_with = "recovered")]
    pub dkim: Option<DkimSpec>,
}

/// A DKIM key that is still a reference.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dkim", description = "A DKIM key (RFC 6376).")]
pub struct DkimSpec {
    /// `d=`; the domain of the account's address when not written.
    domain: Option<Spanned<String>>,
    /// `s=`; DNS has the public key at `SELECTOR._domainkey.DOMAIN`.
    pub selector: Spanned<String>,
    /// The private key: RSA of 2048 bits or more, in PEM.
    pub private_key: SecretRef,
}

impl AccountSpec {
    /// Where it submits mail.
    pub fn smtp(&self) -> Option<Server<'_>> {
        self.smtp.as_ref().map(|smtp| self.server(smtp, SMTP))
    }

    /// Where it reads mail.
    pub fn imap(&self) -> Option<Server<'_>> {
        self.imap.as_ref().map(|imap| self.server(imap, IMAP))
    }

    fn server<'a>(&'a self, spec: &'a Spanned<ServerSpec>, usual: &'static Usual) -> Server<'a> {
        Server { account: &self.name.value, address: &self.address.value, spec: &spec.value, at: &spec.at, usual }
    }

    /// The servers that it logs in to.
    pub(super) fn servers(&self) -> impl Iterator<Item = Server<'_>> {
        self.smtp().into_iter().chain(self.imap())
    }

    /// What its IMAP server can do.
    pub fn provider(&self) -> Provider {
        self.imap.as_ref().and_then(|imap| imap.value.provider).unwrap_or(Provider::Generic)
    }

    /// The folders of its mailbox that the server does not mark with what they are for.
    pub fn folders(&self) -> FolderNames {
        let folders = self.imap.as_ref().and_then(|imap| imap.value.folders.as_ref());
        folders.map(|folders| folders.value.clone()).unwrap_or_default()
    }

    /// The `d=` of the seals that its server writes.
    pub fn seal_domain(&self) -> Option<&str> {
        self.or_google(&self.seal_domain, "google.com")
    }

    /// The authserv-id of its server's Authentication-Results.
    pub fn authserv_id(&self) -> Option<&str> {
        self.or_google(&self.authserv_id, "mx.google.com")
    }

    fn or_google<'a>(&self, written: &'a Option<String>, google: &'a str) -> Option<&'a str> {
        let is_gmail = self.provider() == Provider::Gmail;
        written.as_deref().or(if is_gmail { Some(google) } else { None })
    }

    /// `d=` of what signs its mail.
    pub fn dkim_domain(&self, dkim: &DkimSpec) -> String {
        dkim.domain.as_ref().map_or_else(|| self.domain(), |domain| domain.value.to_ascii_lowercase())
    }

    fn domain(&self) -> String {
        let address = &self.address.value;
        address.rsplit_once('@').map_or(address.as_str(), |(_, domain)| domain).to_ascii_lowercase()
    }

    /// The account as far as it is known without secrets and certificates, under a name of its own.
    pub(super) fn outline(&self, name: String) -> Account {
        Account {
            name,
            address: ascii_address(&self.address.value).into_owned(),
            smtp: self.smtp().map(|smtp| smtp.endpoint().outline()),
            imap: self.imap().map(|imap| ImapAccess {
                endpoint: imap.endpoint().outline(),
                provider: self.provider(),
                folders: self.folders(),
            }),
            mx: self.mx.as_ref().map(|mx| mx.endpoint().outline()),
            forwards_to: self.forwards_to.as_ref().map(|to| to.value.clone()),
            seal_domain: self.seal_domain().map(|domain| ascii_domain(domain).into_owned()),
            authserv_id: self.authserv_id().map(|id| ascii_domain(id).into_owned()),
            logs: self.logs.iter().map(|log| log.value.clone()).collect(),
            dkim: None,
            limit: Limit::default(),
        }
    }

    /// Notes what is wrong.
    pub(in crate::scenario) fn check(&self, errors: &mut Errors<'_>) {
        self.check_address(errors);
        if let Some(smtp) = &self.smtp
            && let Some(folders) = &smtp.value.folders
        {
            let message = "option without effect: `folders` of a server that takes mail";
            errors.error_at(&folders.at, message, "write it below `imap`");
        }
        if let Some(imap) = &self.imap
            && let Some(folders) = &imap.value.folders
            && self.provider() == Provider::Gmail
        {
            let message = "option without effect: `folders` at Gmail, where they are found in every language";
            errors.error_at(&folders.at, message, "leave it out");
        }
        self.servers().for_each(|server| server.check(errors));
        if let Some(mx) = &self.mx {
            mx.check(errors);
        }
        if let Some(dkim) = &self.dkim {
            self.check_dkim(dkim, errors);
        }
    }

    fn check_address(&self, errors: &mut Errors<'_>) {
        let Spanned { value: address, at } = &self.address;
        let is_one = address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
            && !address.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'));
        if !is_one {
            errors.error_at(at, format!("`{address}` is no mail address"), "write it as user@domain.example");
        } else if let Err(wrong) = check_ascii(address) {
            errors.error_at(at, wrong, "an address that servers without SMTPUTF8 take is needed");
        }
    }

    fn check_dkim(&self, dkim: &DkimSpec, errors: &mut Errors<'_>) {
        let (own, signs) = (self.domain(), self.dkim_domain(dkim));
        let DkimSpec { domain, selector, .. } = dkim;
        let at = domain.as_ref().map_or(&selector.at, |domain| &domain.at);
        if !is_dns_name(&selector.value) {
            let message = format!("`{}` is no selector", selector.value.escape_debug());
            errors.error_at(&selector.at, message, "write letters, digits and `-`, for example smoke2026");
        }
        let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.ends_with('.'));
        let message = if !is_dns_name(&signs) {
            format!("`{}` is no domain", signs.escape_debug())
        } else if signs != own && !below(&signs, &own) && !below(&own, &signs) {
            format!("DMARC counts no signature of `{signs}` for mail from {own} (RFC 7489 §3.1.1)")
        } else {
            return;
        };
        errors.error_at(at, message, "leave it out: the address's own domain signs");
    }
}

/// The accounts of a project file by their names. Mail is forwarded to accounts that are there, and not in a circle.
pub(in crate::scenario) fn accounts(
    written: Entries<Recovered<AccountSpec>>,
    errors: &mut Errors<'_>,
) -> BTreeMap<String, AccountSpec> {
    let mut accounts = BTreeMap::new();
    for (name, Recovered(account)) in written.0 {
        if !is_name(&name.value) {
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            errors.error_at(&name.at, format!("`{}` is no name of an account", name.value), help);
        }
        if let Some(account) = account {
            let account = AccountSpec { name: name.clone(), ..account };
            account.check(errors);
            accounts.insert(name.value, account);
        }
    }
    for to in accounts.values().filter_map(|account| account.forwards_to.as_ref()) {
        if !accounts.contains_key(&to.value) {
            let message = format!("there is no account `{}` to forward to", to.value);
            errors.error_at(&to.at, message, similar(&to.value, &accounts));
        } else if is_circular(&accounts, &to.value) {
            let message = format!("mail to `{}` is forwarded in a circle", to.value);
            errors.error_at(&to.at, message, "end at an account without `forwards_to`");
        }
    }
    accounts
}

fn is_circular(accounts: &BTreeMap<String, AccountSpec>, start: &str) -> bool {
    let mut next = accounts.get(start);
    for _ in 0..accounts.len() {
        match next.and_then(|account| account.forwards_to.as_ref()) {
            Some(to) => next = accounts.get(&to.value),
            None => return false,
        }
    }
    true
}

/// An account that is perhaps meant, or which there are.
pub(super) fn similar(name: &str, accounts: &BTreeMap<String, AccountSpec>) -> String {
    let names: Vec<_> = accounts.keys().map(String::as_str).collect();
    suggest::hint(name, names, "accounts").unwrap_or_default()
}

/// Whether a text is a name in DNS, or a part of one.
fn is_dns_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
}
