//! The accounts of the world, their secrets, and the target that they make.

use super::{
    Google,
    hosts::{
        Company, EXTERNAL_DOMAIN, EXTERNAL_HOST, EXTERNAL_IMAP_HOST, EXTERNAL_SELECTOR, EXTERNAL_USERS,
        GMAIL_AUTHSERV_ID, GMAIL_IMAP_HOST, GMAIL_USERS, GOOGLE_DOMAIN,
    },
    keys::SigningKey,
    store::{Credentials, Flavour, Store},
};
use crate::{
    core::Secret,
    target::{
        Account, DkimSigner, Endpoint, FolderNames, ImapAccess, Login, Mechanism, Provider, Target, TargetKind,
        TlsMode,
        knobs::{ExternalKnobs, SenderDkim},
    },
};
use aws_lc_rs::rand;
use std::net::{Ipv4Addr, SocketAddr};

/// Names of the accounts, in the order of the addresses in `hosts`.
pub(super) const EXTERNAL_NAMES: [&str; 2] = ["external", "external-2"];
pub(super) const GMAIL_NAMES: [&str; 2] = ["gmail", "gmail-2"];
const COMPANY_NAMES: [&str; 2] = ["company", "company-2"];
/// Sends through the outside sender, with the address of the account that it goes to.
const SELF_NAME: &str = "self";

/// Where the servers of the world listen for other processes.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    /// The host of them all, as other processes name it.
    pub(super) host: String,
    pub(super) dns: SocketAddr,
    pub(super) submission: SocketAddr,
    pub(super) submissions: SocketAddr,
    pub(super) external_imap: SocketAddr,
    pub(super) external_mx: SocketAddr,
    pub(super) company_mx: SocketAddr,
    pub(super) gmail_mx: SocketAddr,
    pub(super) gmail_imap: SocketAddr,
}

impl Addresses {
    /// Those of a world that is not started.
    pub(super) fn unknown() -> Self {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            host: at.ip().to_string(),
            dns: at,
            submission: at,
            submissions: at,
            external_imap: at,
            external_mx: at,
            company_mx: at,
            gmail_mx: at,
            gmail_imap: at,
        }
    }
}

/// Random bytes.
///
/// # Errors
/// When the system has none.
pub(super) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random numbers".to_owned())?;
    Ok(bytes)
}

/// A secret of so many lower-case letters, as Google's app passwords are.
fn letters<const N: usize>() -> Result<Secret, String> {
    Ok(Secret::new(random::<N>()?.map(|b| char::from(b'a' + b % 26)).iter().collect::<String>()))
}

/// Mailboxes for these addresses, each with secrets of its own.
///
/// # Errors
/// When there are no random numbers.
pub(super) fn mailboxes(addresses: &[&str], flavour: Flavour) -> Result<Store, String> {
    let store = Store::new();
    for address in addresses {
        let password = match flavour {
            Flavour::Gmail(_) => letters::<16>()?,
            Flavour::Plain => letters::<32>()?,
        };
        store.create_account(address, Credentials { password, access_token: Some(letters::<64>()?) }, flavour);
    }
    Ok(store)
}

/// The target that a world is.
pub(super) fn target(at: &Addresses, company: &Company, ca_pem: &str, external: &Store, gmail: &Store) -> Target {
    let endpoint = |address: SocketAddr, tls, name: &str, store: &Store, user: &str| Endpoint {
        host: at.host.clone(),
        port: address.port(),
        tls,
        tls_name: Some(name.to_owned()),
        ca_pem: Some(ca_pem.to_owned()),
        login: store.account(user).map(|account| Login {
            user: user.to_owned(),
            secret: account.credentials().password.clone(),
            mechanism: Mechanism::Password,
            oauth: None,
        }),
    };
    let submission = |user| endpoint(at.submission, TlsMode::Starttls, EXTERNAL_HOST, external, user);
    let mut accounts = Vec::new();
    for (name, address) in EXTERNAL_NAMES.into_iter().zip(EXTERNAL_USERS) {
        let imap = endpoint(at.external_imap, TlsMode::Implicit, EXTERNAL_IMAP_HOST, external, address);
        accounts.push(Account {
            smtp: Some(submission(address)),
            imap: Some(ImapAccess { endpoint: imap, provider: Provider::Generic, folders: FolderNames::default() }),
            seal_domain: Some(EXTERNAL_DOMAIN.to_owned()),
            ..Account::new(name, address)
        });
    }
    for ((name, (address, _)), gmail) in COMPANY_NAMES.into_iter().zip(&company.aliases).zip(GMAIL_NAMES) {
        accounts.push(Account {
            forwards_to: Some(gmail.to_owned()),
            seal_domain: Some(company.domain.clone()),
            authserv_id: Some(company.host.clone()),
            ..Account::new(name, address.as_str())
        });
    }
    for (name, address) in GMAIL_NAMES.into_iter().zip(GMAIL_USERS) {
        let imap = endpoint(at.gmail_imap, TlsMode::Implicit, GMAIL_IMAP_HOST, gmail, address);
        accounts.push(Account {
            imap: Some(ImapAccess { endpoint: imap, provider: Provider::Gmail, folders: FolderNames::default() }),
            seal_domain: Some(GOOGLE_DOMAIN.to_owned()),
            authserv_id: Some(GMAIL_AUTHSERV_ID.to_owned()),
            ..Account::new(name, address)
        });
    }
    accounts.push(Account { smtp: Some(submission(EXTERNAL_USERS[0])), ..Account::new(SELF_NAME, GMAIL_USERS[0]) });
    Target {
        kind: TargetKind::Embedded,
        accounts: accounts.into_iter().map(|account| (account.name.clone(), account)).collect(),
        dns: Some(at.dns),
        rspamd: None,
    }
}

/// The same with the key of the outside sender's domain beside its accounts, where mail of this domain is signed.
pub(super) fn signing(mut target: Target, knobs: &ExternalKnobs, key: &SigningKey) -> Target {
    let signs = !matches!(knobs.dkim, SenderDkim::None | SenderDkim::Host);
    for account in target.accounts.values_mut().filter(|a| signs && a.domain() == EXTERNAL_DOMAIN) {
        account.dkim = Some(DkimSigner {
            domain: EXTERNAL_DOMAIN.to_owned(),
            selector: EXTERNAL_SELECTOR.to_owned(),
            key: Secret::new(key.pem()),
        });
    }
    target
}

/// The same with refresh tokens in place of passwords, wherever a server takes XOAUTH2.
///
/// # Errors
/// When there are no random numbers.
pub(super) fn by_tokens(mut target: Target, google: &Google, ca_pem: &str) -> Result<Target, String> {
    for account in target.accounts.values_mut() {
        let gmail = account.imap.as_mut().filter(|imap| imap.provider == Provider::Gmail);
        let endpoints = account.smtp.as_mut().into_iter().chain(gmail.map(|imap| &mut imap.endpoint));
        for login in endpoints.filter_map(|endpoint| endpoint.login.as_mut()) {
            login.secret = google.refresh_token(&login.user)?;
            login.mechanism = Mechanism::Xoauth2;
            login.oauth = Some(google.client(ca_pem));
        }
    }
    Ok(target)
}
