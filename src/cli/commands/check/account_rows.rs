//! The accounts of `check --show-config`.

use crate::{
    cli::commands::options::{DisplayedValue, Origin},
    scenario::{
        Config,
        config::{AccountSpec, EndpointSpec, LoginSpec, SecretPlace, SecretRef, Server},
    },
    target::LogSource,
};
use serde_json::{Value, json};

/// The key that decides what is not written of a user and a domain.
const ADDRESS: &str = "address";

/// Everything about an account, with its servers and limits.
pub(super) fn rows(config: &Config, spec: &AccountSpec) -> Vec<DisplayedValue> {
    let name = &spec.name.value;
    let mut rows = Rows { config, account: format!("accounts.{name}"), rows: Vec::new() };
    rows.add(ADDRESS, spec.address.value.as_str());
    if let Some(smtp) = spec.smtp() {
        rows.server("smtp", smtp);
    }
    if let Some(imap) = spec.imap() {
        rows.add("imap.provider", json!(spec.provider()));
        rows.server("imap", imap);
        let folders = spec.folders();
        rows.may("imap.folders.spam", folders.spam.as_deref());
        rows.may("imap.folders.trash", folders.trash.as_deref());
    }
    if let Some(mx) = &spec.mx {
        rows.endpoint("mx", mx.endpoint());
    }
    rows.may("forwards_to", spec.forwards_to.as_ref().map(|to| to.value.as_str()));
    for (key, value) in [("seal_domain", spec.seal_domain()), ("authserv_id", spec.authserv_id())] {
        rows.usual(key, value, "imap.provider");
    }
    if !spec.logs.is_empty() {
        let logs: Vec<Value> = spec.logs.iter().map(|log| log_source(&log.value)).collect();
        rows.add("logs", logs);
    }
    if let Some(dkim) = &spec.dkim {
        rows.usual("dkim.domain", Some(&spec.dkim_domain(dkim)), ADDRESS);
        rows.add("dkim.selector", dkim.selector.value.as_str());
        rows.secret(&dkim.private_key);
    }
    let limit = config.limit(spec);
    for (key, most) in [("jobs", limit.jobs), ("per_minute", limit.per_minute), ("per_day", limit.per_day)] {
        if let Some(most) = most {
            let key = format!("limits.{name}.{key}");
            let origin = config.origin_of(&key);
            rows.rows.push(DisplayedValue { key, value: most.value.into(), origin });
        }
    }
    rows.rows
}

struct Rows<'a> {
    config: &'a Config,
    /// The keys of the account.
    account: String,
    rows: Vec<DisplayedValue>,
}

impl Rows<'_> {
    fn add(&mut self, key: &str, value: impl Into<Value>) {
        let key = format!("{}.{key}", self.account);
        let origin = self.config.origin_of(&key);
        self.rows.push(DisplayedValue { key, value: value.into(), origin });
    }

    fn may(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(key, value);
        }
    }

    /// A value that another key decides where it is not written.
    fn usual(&mut self, key: &str, value: Option<&str>, decides: &str) {
        let Some(value) = value else { return };
        self.add(key, value);
        let place = self.config.place(&format!("{}.{decides}", self.account));
        if let Some((row, at)) = self.rows.last_mut().zip(place).filter(|(row, _)| row.origin == Origin::Default) {
            row.origin = if decides == ADDRESS {
                self.config.origin(at)
            } else {
                Origin::Provider { at: self.config.written(at) }
            };
        }
    }

    fn server(&mut self, part: &str, server: Server<'_>) {
        self.endpoint(part, server.endpoint());
        if let Some(login) = server.login() {
            self.usual(&format!("{part}.user"), Some(login.user), ADDRESS);
            self.login(part, &login);
        }
    }

    fn endpoint(&mut self, part: &str, spec: EndpointSpec<'_>) {
        let key = |name: &str| format!("{part}.{name}");
        self.usual(&key("host"), Some(spec.host), &key("provider"));
        self.add(&key("port"), spec.port);
        self.add(&key("tls"), json!(spec.tls));
        self.may(&key("tls_name"), spec.tls_name.map(|name| name.value.as_str()));
        self.may(&key("ca_file"), spec.ca_file.map(|file| file.value.to_string_lossy()).as_deref());
    }

    fn login(&mut self, part: &str, login: &LoginSpec<'_>) {
        self.add(&format!("{part}.auth"), login.auth.as_str());
        self.secret(login.secret);
        if let Some(client) = &login.oauth {
            self.secret(client.client_id);
            self.secret(client.client_secret);
            self.add(&format!("{part}.token_endpoint"), client.token_endpoint);
            self.add(&format!("{part}.authorization_endpoint"), client.authorization_endpoint);
            let file = client.ca_file.map(|file| file.value.to_string_lossy());
            self.may(&format!("{part}.token_ca_file"), file.as_deref());
        }
    }

    /// Where a secret is; of a program its name alone, as its arguments may tell more.
    fn secret(&mut self, secret: &SecretRef) {
        let value = match &secret.place {
            SecretPlace::Env(name) => json!({ "env": name }),
            SecretPlace::File(path) => json!({ "file": path.to_string_lossy() }),
            SecretPlace::Command(words) => json!({ "command": words.first() }),
        };
        let origin = self.config.origin(&secret.at);
        self.rows.push(DisplayedValue { key: secret.key.clone(), value, origin });
    }
}

fn log_source(log: &LogSource) -> Value {
    match log {
        LogSource::File(path) => json!({ "file": path.to_string_lossy() }),
        LogSource::Program { words, .. } => json!({ "command": words.first() }),
    }
}
