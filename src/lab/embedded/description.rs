//! How to reach a world from other programs.

use super::{Google, hosts::*, store::Store, world_accounts::Addresses};
use crate::target::{OauthClient, Target, TlsMode};
use serde::Serialize;
use std::net::SocketAddr;

/// Everything that another program needs to use a running world. The secrets open nothing but this world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The DNS server, UDP and TCP.
    pub dns: SocketAddr,
    /// The certificate (PEM) of the authority behind every server's TLS.
    pub ca_pem: String,
    /// The mail servers.
    pub servers: Vec<ServerDescription>,
    /// The accounts, by name.
    pub accounts: Vec<AccountDescription>,
    /// Google's OAuth servers, where accounts log in with tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google: Option<GoogleDescription>,
}

/// Google's OAuth servers and their client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoogleDescription {
    /// Where refresh tokens and codes are exchanged.
    pub token_endpoint: String,
    /// Where a person consents, which everybody does at once.
    pub authorization_endpoint: String,
    /// The client that exists.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerDescription {
    /// What it is: `submission`, `submissions`, `external-imap`, `external-mx`, `company-mx`, `gmail-mx`, `gmail-imap`.
    pub name: &'static str,
    /// The name that its certificate carries.
    pub host: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How its connections are protected.
    pub tls: TlsMode,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountDescription {
    /// The name that scenarios use.
    pub name: String,
    /// Its mail address.
    pub address: String,
    /// The user name at its servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The password; for the receiver's accounts an app password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The access token for XOAUTH2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The refresh token, where accounts log in with tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The account that its mail is forwarded to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwards_to: Option<String>,
}

pub(super) fn describe(
    at: &Addresses,
    company: &Company,
    ca_pem: &str,
    target: &Target,
    stores: &[&Store],
) -> Description {
    let server = |name, host: &str, address, tls| ServerDescription { name, host: host.to_owned(), address, tls };
    let accounts = target.accounts.values().map(|account| {
        let endpoint = account.smtp.as_ref().or(account.imap.as_ref().map(|imap| &imap.endpoint));
        let user = endpoint.and_then(|e| e.login.as_ref()).map(|login| login.user.clone());
        let known = user.as_ref().and_then(|user| stores.iter().find_map(|store| store.account(user)));
        let credentials = known.as_ref().map(|account| account.credentials());
        AccountDescription {
            name: account.name.clone(),
            address: account.address.clone(),
            password: credentials.map(|c| c.password.expose().to_owned()),
            refresh_token: None,
            access_token: credentials.and_then(|c| Some(c.access_token.as_ref()?.expose().to_owned())),
            user,
            forwards_to: account.forwards_to.clone(),
        }
    });
    Description {
        dns: at.dns,
        ca_pem: ca_pem.to_owned(),
        servers: vec![
            server("submission", EXTERNAL_HOST, at.submission, TlsMode::Starttls),
            server("submissions", EXTERNAL_HOST, at.submissions, TlsMode::Implicit),
            server("external-imap", EXTERNAL_IMAP_HOST, at.external_imap, TlsMode::Implicit),
            server("external-mx", EXTERNAL_HOST, at.external_mx, TlsMode::Starttls),
            server("company-mx", &company.host, at.company_mx, TlsMode::Starttls),
            server("gmail-mx", GMAIL_MX_HOST, at.gmail_mx, TlsMode::Starttls),
            server("gmail-imap", GMAIL_IMAP_HOST, at.gmail_imap, TlsMode::Implicit),
        ],
        accounts: accounts.collect(),
        google: None,
    }
}

impl Description {
    /// The same with Google's OAuth servers and the refresh tokens of this target.
    pub(super) fn with_google(mut self, google: &Google, target: &Target) -> Self {
        let OauthClient { id, secret, token_endpoint, .. } = google.client(&self.ca_pem);
        self.google = Some(GoogleDescription {
            token_endpoint,
            authorization_endpoint: google.authorization_endpoint(),
            client_id: id.expose().to_owned(),
            client_secret: secret.expose().to_owned(),
        });
        for account in &mut self.accounts {
            let Some(known) = target.accounts.get(&account.name) else { continue };
            let endpoints = known.smtp.iter().chain(known.imap.as_ref().map(|imap| &imap.endpoint));
            let login = endpoints.filter_map(|e| e.login.as_ref()).find(|login| login.oauth.is_some());
            account.refresh_token = login.map(|login| login.secret.expose().to_owned());
        }
        self
    }
}
