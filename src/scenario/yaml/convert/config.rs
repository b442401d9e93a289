//! A whole project file.

use super::server::{IMAP, SMTP};
use crate::core::reading::Recovered;
use crate::scenario::yaml::Errors;
use crate::{
    core::{At, check_ascii, suggest},
    scenario::{
        config::{AccountSpec, Config},
        vars::is_name,
        yaml::{
            spot::{Entries, Spot},
            twin::config::{AccountTwin, ConfigTwin, LogTwin},
        },
    },
    target::{Limit, LogSource, Provider, TargetKind},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

impl Errors<'_> {
    /// A project file; what is wrong is noted and left out.
    pub(crate) fn config(&mut self, twin: ConfigTwin) -> Config {
        for (key, path) in [("`scenarios`", &twin.scenarios), ("`snapshots`", &twin.snapshots)] {
            if let Some(path) = path {
                self.filled(key, path);
            }
        }
        let dns = twin.dns.and_then(|d| self.dns(&d));
        let mut accounts = BTreeMap::new();
        let mut places = Vec::new();
        for (name, Recovered(twin)) in twin.accounts.0 {
            if !is_name(&name.value) {
                let help = "a letter or `_`, then letters, digits, `_` and `-`";
                self.wrong(name.at, format!("`{}` is no name of an account", name.value), help);
            }
            if let Some(twin) = twin {
                places.extend(twin.forwards_to.clone());
                let spec = self.account(name.clone(), twin);
                accounts.insert(name.value, spec);
            }
        }
        self.forwards(&accounts, places);
        let limits = self.limits(twin.limits, &accounts);
        let (run, profiles) = self.options(twin.target.and_then(|t| t.0), twin.run.and_then(|r| r.0), twin.profiles);
        Config {
            scenarios: twin.scenarios.map(|s| PathBuf::from(s.value)),
            snapshots: twin.snapshots.map(|s| PathBuf::from(s.value)),
            dns,
            accounts,
            staging: twin.targets.and_then(|t| t.0?.staging?.0).unwrap_or_default(),
            limits,
            run,
            profiles,
            user_file: None,
            places: BTreeMap::new(),
            sources: Vec::new(),
        }
    }

    fn dns(&mut self, text: &Spot<String>) -> Option<SocketAddr> {
        if text.value == "system" {
            return None;
        }
        let address = text.value.parse().or_else(|_| text.value.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
        if address.is_err() {
            let help = "write `system`, or an IP address with a port, for example 127.0.0.1:5353";
            self.wrong(text.at, format!("`{}` is no DNS server", text.value), help);
        }
        address.ok()
    }

    fn account(&mut self, name: Spot<String>, twin: AccountTwin) -> AccountSpec {
        let AccountTwin { address, smtp, imap, mx, forwards_to, seal_domain, authserv_id, logs, dkim } = twin;
        let sound =
            address.value.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
                && !address.value.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'));
        if !sound {
            self.wrong(
                address.at,
                format!("`{}` is no mail address", address.value),
                "write it as user@domain.example",
            );
        } else if let Err(wrong) = check_ascii(&address.value) {
            self.wrong(address.at, wrong, "an address that servers without SMTPUTF8 take is needed");
        }
        let name = self.at(name);
        let provider =
            imap.as_ref().and_then(|i| i.0.as_ref()).and_then(|i| i.value.provider).unwrap_or(Provider::Generic);
        let gmail = provider == Provider::Gmail;
        let google = |value: Option<Spot<String>>, default: &str| {
            value.map(|v| v.value).or_else(|| gmail.then(|| default.to_owned()))
        };
        AccountSpec {
            smtp: smtp.and_then(|s| s.0).and_then(|mut s| {
                self.no_folders(s.value.folders.take());
                self.server(&name, &address.value, s, SMTP)
            }),
            imap: imap.and_then(|i| i.0).and_then(|mut i| {
                let folders = self.folders(i.value.folders.take(), provider);
                Some((self.server(&name, &address.value, i, IMAP)?, provider, folders))
            }),
            mx: mx.and_then(|m| m.0).and_then(|m| self.mx(m)),
            forwards_to: forwards_to.map(|f| self.at(f)),
            seal_domain: google(seal_domain, "google.com"),
            authserv_id: google(authserv_id, "mx.google.com"),
            logs: logs.into_iter().filter_map(|l| self.log_source(l.0?)).collect(),
            dkim: dkim.and_then(|d| d.0).and_then(|d| self.dkim(&name, &address.value, d)),
            address: self.at(address),
            name,
        }
    }

    fn log_source(&mut self, twin: Spot<LogTwin>) -> Option<At<LogSource>> {
        let at = twin.at;
        let source = match (twin.value.file, twin.value.command) {
            (Some(file), None) => {
                self.filled("`file`", &file);
                LogSource::File(self.path(&file))
            }
            (None, Some(command)) => {
                if command.value.first().is_none_or(|p| p.trim().is_empty()) {
                    self.wrong(command.at, "`command` is empty", "write a program and its arguments as a list");
                }
                LogSource::Program { words: command.value, folder: PathBuf::new() }
            }
            _ => {
                let help = "for example `{ file: /var/log/mail.log }` or `{ command: [ssh, mx, journalctl] }`";
                self.wrong(at, "a log needs one of `file` and `command`", help);
                return None;
            }
        };
        Some(At::new(source, self.position(at)))
    }

    fn forwards(&mut self, accounts: &BTreeMap<String, AccountSpec>, places: Vec<Spot<String>>) {
        let mut places = places.into_iter();
        let names = || accounts.keys().map(String::as_str);
        for spot in places.by_ref() {
            if !accounts.contains_key(&spot.value) {
                let help = suggest::hint(&spot.value, names().collect::<Vec<_>>(), "accounts").unwrap_or_default();
                self.wrong(spot.at, format!("there is no account `{}` to forward to", spot.value), help);
            } else if circular(accounts, &spot.value) {
                self.wrong(
                    spot.at,
                    format!("mail to `{}` is forwarded in a circle", spot.value),
                    "end at an account without `forwards_to`",
                );
            }
        }
    }

    fn limits(
        &mut self,
        written: Entries<Recovered<Limit>>,
        accounts: &BTreeMap<String, AccountSpec>,
    ) -> BTreeMap<String, Limit> {
        let mut limits = BTreeMap::new();
        for (name, Recovered(limit)) in written.0 {
            if !accounts.contains_key(&name.value) && !TargetKind::ALL.iter().any(|k| k.as_str() == name.value) {
                let names: Vec<_> = accounts.keys().map(String::as_str).collect();
                let help = suggest::hint(&name.value, names, "accounts").unwrap_or_default();
                self.wrong(name.at, format!("there is no account `{}` to limit", name.value), help);
            }
            let Some(limit) = limit else { continue };
            for count in [&limit.jobs, &limit.per_minute, &limit.per_day].into_iter().flatten() {
                if count.value == 0 {
                    self.error_at(&count.at, "a limit of 0 lets nothing through", "write at least 1");
                }
            }
            limits.insert(name.value, limit);
        }
        limits
    }
}

fn circular(accounts: &BTreeMap<String, AccountSpec>, start: &str) -> bool {
    let mut next = accounts.get(start);
    for _ in 0..accounts.len() {
        match next.and_then(|a| a.forwards_to.as_ref()) {
            Some(to) => next = accounts.get(&to.value),
            None => return false,
        }
    }
    true
}
