//! Target staging as the project file describes it: your servers, and where ours listen.

use super::{AccountSpec, Config};
use crate::{
    core::reading::recovered,
    scenario::{YamlError, YamlErrors},
    target::{Account, ForwardingServer, LogSource, Staging, StagingSpec},
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// What targets need beside accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Targets")]
pub(in crate::scenario) struct Targets {
    /// Your own server, with the look-alike behind it.
    #[serde(default, deserialize_with = "recovered")]
    pub(in crate::scenario) staging: Option<StagingSpec>,
}

impl Config {
    /// What target staging is; `root` is the folder of the project file.
    ///
    /// # Errors
    /// When no account says what your server is, or two servers are to take mail for one domain.
    pub fn staging(&self, root: &Path) -> Result<Staging, YamlErrors> {
        let mut errors = Vec::new();
        let mut staging = Staging {
            company: Vec::new(),
            receivers: Vec::new(),
            servers: BTreeMap::new(),
            at: self.staging,
            dns: self.dns,
        };
        for (spec, mx) in self.accounts.values().filter_map(|a| Some((a, a.mx.as_ref()?.endpoint()))) {
            let account = spec.of_company(root);
            let domain = account.domain();
            let server = ForwardingServer { host: mx.host.to_owned(), port: mx.port, tls: mx.tls };
            if staging.servers.insert(domain.clone(), server.clone()).is_some_and(|other| other != server) {
                let message = format!("two servers are to take mail for {domain}");
                errors.push(self.wrong(&spec.address.at, message).with_help("write the same `mx` for both accounts"));
            }
            let receiver = account.forwards_to.as_ref().and_then(|name| self.accounts.get(name));
            if let Some(receiver) =
                receiver.filter(|r| staging.receivers.iter().all(|known| known.name != r.name.value))
            {
                staging.receivers.push(Account::new(&receiver.name.value, &receiver.address.value));
            }
            staging.company.push(account);
        }
        if staging.company.is_empty() {
            let file = self.sources.first().map_or_else(|| "sealcheck.yaml".into(), |source| source.file.clone());
            let error = YamlError::file("target staging has no server: no account has `mx`", &file);
            errors
                .push(error.with_help("write `mx: HOST:25` and `forwards_to: gmail` of the account that it forwards"));
        }
        if errors.is_empty() { Ok(staging) } else { Err(YamlErrors(errors)) }
    }
}

impl AccountSpec {
    /// Mail to it goes through the outside sender, which signs it, and so has no server of its own here.
    fn of_company(&self, root: &Path) -> Account {
        let logs = self.logs.iter().map(|log| match &log.value {
            LogSource::File(path) => LogSource::File(root.join(path)),
            LogSource::Program { words, .. } => LogSource::Program { words: words.clone(), folder: root.to_owned() },
        });
        Account {
            forwards_to: self.forwards_to.as_ref().map(|f| f.value.clone()),
            seal_domain: self.seal_domain().map(str::to_owned),
            authserv_id: self.authserv_id().map(str::to_owned),
            logs: logs.collect(),
            ..Account::new(&self.name.value, &self.address.value)
        }
    }
}
