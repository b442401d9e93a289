//! From the project file to a target: only the accounts that are used, with their secrets.

use super::{
    model::{AccountSpec, Config, EndpointSpec, LoginSpec},
    secret,
};
use crate::{
    core::{At, Position, Redactor, Secret},
    scenario::{
        Account, Scenario, Target, TargetKind, YamlError, YamlErrors,
        model::ExpectationKind,
        suggest,
        target::{Endpoint, ImapAccess, Login, Provider, TlsMode},
        yaml::Source,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What the project file refers to outside of itself.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Looks up an environment variable.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The folder of the project file; its paths are relative to it, and programs run in it.
    pub root: &'a Path,
}

/// A target, and what is odd about the project file.
#[derive(Debug)]
pub struct Resolved {
    /// The accounts with their servers and secrets.
    pub target: Target,
    /// Files that others can read, logins without TLS.
    pub hints: Vec<YamlError>,
}

impl Config {
    /// The target of some scenarios: the accounts that they name on it, and those that these forward to. Of `renamed`
    /// accounts (`gmail` → `gmail-2`) the other one is taken under the first name. Every secret that is looked up is told
    /// to the redactor first.
    ///
    /// # Errors
    /// Accounts that are not there or cannot do what is wanted of them, secrets and files that cannot be had, and a sender
    /// whose address is the one that the mail is finally delivered to.
    pub async fn resolve(
        &self,
        kind: TargetKind,
        scenarios: &[Scenario],
        renamed: &BTreeMap<String, String>,
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> Result<Resolved, YamlErrors> {
        let mut errors = Vec::new();
        let used = self.used(kind, scenarios, renamed, &mut errors);
        errors.extend(self.own_mail(kind, scenarios, renamed));
        if !errors.is_empty() {
            return Err(YamlErrors(errors));
        }
        let mut resolver = Resolver { config: self, outside, redactor, errors, hints: Vec::new() };
        let mut accounts = BTreeMap::new();
        for name in used {
            if let Some(spec) = self.account(&name, renamed) {
                let account = resolver.account(&name, spec).await;
                accounts.insert(name, account);
            }
        }
        let Resolver { mut errors, hints, .. } = resolver;
        errors.sort_by_key(|e| (e.position.line, e.position.column));
        errors.dedup();
        if !errors.is_empty() {
            return Err(YamlErrors(errors));
        }
        Ok(Resolved { target: Target { kind, accounts, dns: self.dns }, hints })
    }

    fn account(&self, name: &str, renamed: &BTreeMap<String, String>) -> Option<&AccountSpec> {
        self.accounts.get(renamed.get(name).map_or(name, String::as_str))
    }

    /// The names that are used, and what is wrong with those that are named.
    fn used(
        &self,
        kind: TargetKind,
        scenarios: &[Scenario],
        renamed: &BTreeMap<String, String>,
        errors: &mut Vec<YamlError>,
    ) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for (name, other) in renamed.iter().filter(|(_, other)| !self.accounts.contains_key(*other)) {
            let help = suggest::hint(other, self.names(), "accounts").unwrap_or_default();
            errors.push(
                YamlError::file(format!("there is no account `{other}`"), &format!("--account {name}={other}"))
                    .with_help(help),
            );
        }
        for scenario in scenarios.iter().filter(|s| s.skip.is_none() && s.targets.contains(&kind)) {
            let direct = |name: &str| self.account(name, renamed).is_some_and(|a| a.mx.is_some());
            for named in wants(scenario, kind, direct) {
                let name = &named.account.value;
                let Some(spec) = self.account(name, renamed) else {
                    if !renamed.contains_key(name) {
                        let help = suggest::hint(name, self.names(), "accounts")
                            .unwrap_or_else(|| "write it into `accounts` of sealcheck.yaml".to_owned());
                        push(
                            errors,
                            in_scenario(
                                scenario,
                                &named.account.at,
                                format!("target {kind} has no account `{name}`"),
                                help,
                            ),
                        );
                    }
                    continue;
                };
                if let Some((message, help)) = named.lacks(spec) {
                    push(errors, in_scenario(scenario, &named.account.at, message, help));
                }
                let mut next = Some((name.clone(), spec));
                while let Some((name, spec)) = next {
                    if !used.insert(name) {
                        break;
                    }
                    next = spec
                        .forwards_to
                        .as_ref()
                        .and_then(|to| Some((to.value.clone(), self.account(&to.value, renamed)?)));
                }
            }
        }
        used
    }

    fn names(&self) -> Vec<&str> {
        self.accounts.keys().map(String::as_str).collect()
    }

    /// Gmail keeps only the sent copy of mail that comes back to its sender (E01): such a scenario can never pass.
    fn own_mail(&self, kind: TargetKind, scenarios: &[Scenario], renamed: &BTreeMap<String, String>) -> Vec<YamlError> {
        let mut errors = Vec::new();
        for scenario in scenarios.iter().filter(|s| s.skip.is_none() && s.targets.contains(&kind)) {
            let Some(sender) = self.account(&scenario.send.from.value, renamed) else { continue };
            for to in &scenario.send.to {
                let mut last = self.account(&to.value, renamed);
                for _ in 0..self.accounts.len() {
                    match last.and_then(|a| a.forwards_to.as_ref()) {
                        Some(next) => last = self.account(&next.value, renamed),
                        None => break,
                    }
                }
                let Some(last) = last.filter(|l| mailbox(&l.address.value) == mailbox(&sender.address.value)) else {
                    continue;
                };
                let message = format!(
                    "E01: mail from `{}` to `{}` ends in the sender's own mailbox {}, which shows no second copy of it",
                    sender.name.value, to.value, last.address.value
                );
                push(&mut errors, self.wrong(&sender.address.at, message, "send from an account at another provider"));
            }
        }
        errors
    }
}

/// Rows of a matrix share their mistakes.
fn push(errors: &mut Vec<YamlError>, error: YamlError) {
    if !errors.contains(&error) {
        errors.push(error);
    }
}

fn in_scenario(scenario: &Scenario, at: &Position, message: String, help: impl Into<String>) -> YamlError {
    let error = YamlError::new(message, at.clone()).with_help(help);
    match scenario.source_of(at) {
        Some(text) => error.with_source(text),
        None => error,
    }
}

/// The mailbox behind an address; for Gmail dots and what follows a `+` do not count.
fn mailbox(address: &str) -> String {
    let lower = address.to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or(local).replace('.', "");
            format!("{local}@gmail.com")
        }
        _ => lower,
    }
}

/// An account that a scenario names, and what it is to do.
struct Wanted<'a> {
    account: &'a At<String>,
    role: Role,
}

#[derive(PartialEq, Eq)]
enum Role {
    Sends { direct: bool },
    Receives,
    IsRead,
    WritesLog,
}

impl Wanted<'_> {
    fn lacks(&self, spec: &AccountSpec) -> Option<(String, &'static str)> {
        let name = &self.account.value;
        match self.role {
            Role::Sends { direct: false } if spec.smtp.is_none() => Some((
                format!("account `{name}` cannot send, it has no `smtp`"),
                "write `smtp` of the sender, or `mx` of the recipient",
            )),
            Role::IsRead if spec.imap.is_none() => Some((
                format!("nobody can look into the mailbox of account `{name}`, it has no `imap`"),
                "write `imap` of the account",
            )),
            _ => None,
        }
    }
}

/// What a scenario wants of accounts; `direct` says whether mail to an account is handed over to its own server.
fn wants<'a>(scenario: &'a Scenario, kind: TargetKind, direct: impl Fn(&str) -> bool) -> Vec<Wanted<'a>> {
    let mut out = Vec::new();
    let named = scenario.send.to.iter().filter(|to| !to.value.contains(['@', '$']));
    out.extend(named.map(|account| Wanted { account, role: Role::Receives }));
    let here = scenario.expect.iter().filter(|e| e.targets.is_empty() || e.targets.contains(&kind));
    out.extend(here.filter_map(|e| {
        let role = if matches!(e.kind, ExpectationKind::Log(_)) { Role::WritesLog } else { Role::IsRead };
        e.kind.account().map(|account| Wanted { account, role })
    }));
    let direct = scenario.send.to.iter().any(|to| direct(&to.value));
    out.push(Wanted { account: &scenario.send.from, role: Role::Sends { direct } });
    out
}

struct Resolver<'a> {
    config: &'a Config,
    outside: &'a Outside<'a>,
    redactor: &'a Redactor,
    errors: Vec<YamlError>,
    hints: Vec<YamlError>,
}

impl Resolver<'_> {
    async fn account(&mut self, name: &str, spec: &AccountSpec) -> Account {
        let mut endpoints = Vec::new();
        for endpoint in [&spec.smtp, &spec.imap.as_ref().map(|(e, _)| e.clone()), &spec.mx] {
            endpoints.push(match endpoint {
                Some(endpoint) => self.endpoint(endpoint).await,
                None => None,
            });
        }
        let mut endpoints = endpoints.into_iter();
        let (smtp, imap, mx) = (endpoints.next().flatten(), endpoints.next().flatten(), endpoints.next().flatten());
        let provider = spec.imap.as_ref().map_or(Provider::Generic, |(_, provider)| *provider);
        Account {
            name: name.to_owned(),
            address: spec.address.value.clone(),
            smtp,
            imap: imap.map(|endpoint| ImapAccess { endpoint, provider }),
            mx,
            forwards_to: spec.forwards_to.as_ref().map(|f| f.value.clone()),
            seal_domain: spec.seal_domain.clone(),
            authserv_id: spec.authserv_id.clone(),
            per_minute: self.config.limits.get(&spec.name.value).and_then(|l| l.per_minute),
        }
    }

    async fn endpoint(&mut self, spec: &EndpointSpec) -> Option<Endpoint> {
        let login = match &spec.login {
            None => None,
            Some(login) => {
                let local =
                    spec.host == "localhost" || spec.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
                if spec.tls == TlsMode::None && !local {
                    let message = format!("`{}` goes to {} without TLS", login.secret.key, spec.host);
                    self.hints.push(self.config.wrong(
                        &login.secret.at,
                        message,
                        "write `tls: starttls` or `tls: implicit`",
                    ));
                }
                Some(self.login(login).await?)
            }
        };
        let ca_pem = match &spec.ca_file {
            None => None,
            Some(file) => Some(self.ca(file)?),
        };
        let EndpointSpec { host, port, tls, tls_name, .. } = spec.clone();
        Some(Endpoint { host, port, tls, tls_name, ca_pem, login })
    }

    async fn login(&mut self, spec: &LoginSpec) -> Option<Login> {
        let mut hints = Vec::new();
        let found = secret::look_up(&spec.secret, self.outside, &mut hints).await;
        for hint in hints {
            self.hints.push(self.config.wrong(&spec.secret.at, hint, "a secret is for one person"));
        }
        let found = match found {
            Ok(secret) => secret,
            Err(missing) => {
                let message = format!("no secret for `{}`: {}", spec.secret.key, missing.message);
                self.errors.push(self.config.wrong(&spec.secret.at, message, missing.help));
                return None;
            }
        };
        self.redactor.learn(&spec.user, &found);
        let secret = if spec.grouped {
            let joined = Secret::new(found.expose().split_whitespace().collect::<String>());
            self.redactor.learn(&spec.user, &joined);
            joined
        } else {
            found
        };
        Some(Login { user: spec.user.clone(), secret, mechanism: spec.mechanism })
    }

    fn ca(&mut self, file: &At<std::path::PathBuf>) -> Option<String> {
        let path = self.outside.root.join(&file.value);
        let text = fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()));
        let text = text.and_then(|t| {
            if t.contains("-----BEGIN CERTIFICATE-----") {
                Ok(t)
            } else {
                Err(format!("{} holds no certificate in PEM", path.display()))
            }
        });
        match text {
            Ok(text) => Some(text),
            Err(message) => {
                self.errors.push(self.config.wrong(&file.at, message, "the path is relative to the project file"));
                None
            }
        }
    }
}

/// Loads the project file.
///
/// # Errors
/// When it cannot be read, or [`crate::scenario::yaml::config`] finds something wrong.
pub fn load(path: Option<&Path>, set: &[String]) -> Result<Config, YamlErrors> {
    let source = match path {
        None => None,
        Some(path) => {
            let name = path.to_string_lossy();
            let bytes =
                fs::read(path).map_err(|e| YamlError::file(format!("the project file cannot be read: {e}"), &name))?;
            Some(Source::new(name.as_ref(), &bytes)?)
        }
    };
    crate::scenario::yaml::config(source.as_ref(), set)
}
