//! From the project file to a target: what is known without secrets, and then the secrets of the accounts that are used.

use super::{
    account::{AccountSpec, DkimSpec},
    login::{LoginSpec, OauthSpec},
    model::Config,
    secret::{self, Outside, SecretPlace, SecretRef, Shape},
    server::{AuthKind, EndpointSpec, Server},
    signer,
};
use crate::{
    core::{Redactor, Secret, Spanned, ascii_address, certificates, file, suggest},
    scenario::{About, Scenario, Vars, YamlError, YamlErrors, yaml::Source},
    target::{Account, DkimSigner, Endpoint, LogSource, Login, Mechanism, OauthClient, Target, TargetKind, TlsMode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The largest file of certificates that is read, in bytes.
const MAX_CA_BYTES: u64 = 1_000_000;

/// The scenarios of a run, and what its command line puts in the place of accounts and variables.
#[derive(Clone, Copy)]
pub struct Selected<'a> {
    /// Where they run.
    pub kind: TargetKind,
    /// The scenarios.
    pub scenarios: &'a [Scenario],
    /// The accounts that stand in for others: of `gmail` → `gmail-2` the other one is taken under the first name.
    pub renamed: &'a BTreeMap<String, String>,
    /// The variables of the command line.
    pub vars: &'a Vars,
}

/// A target, and what is odd about the project file.
#[derive(Debug)]
pub struct Resolved {
    /// The accounts with their servers and secrets.
    pub target: Target,
    /// Files that others can read, logins without TLS.
    pub hints: Vec<YamlError>,
}

/// What a person is to consent to, and where the refresh token belongs then.
#[derive(Debug)]
pub struct ConsentSpec {
    /// The user whose mail is to be read.
    pub user: String,
    /// The client that asks for it.
    pub client: OauthClient,
    /// Where the person consents in a browser.
    pub authorization_endpoint: String,
    /// Where the project file says that the refresh token is.
    pub refresh_token: SecretPlace,
    /// What the refresh token is to open.
    pub opens: Opens,
}

/// A server that takes the tokens of an account, without the login.
#[derive(Debug, Clone)]
pub enum Opens {
    /// Its mailbox.
    Imap(Endpoint),
    /// Where it submits mail.
    Smtp(Endpoint),
}

/// What there is of a target, and what is not.
#[derive(Debug)]
pub struct Survey {
    /// The accounts with their servers, and the secrets that could be had.
    pub target: Target,
    /// Accounts that are not there or cannot do what is wanted of them.
    pub accounts: Vec<YamlError>,
    /// Secrets and files that could not be had.
    pub secrets: Vec<YamlError>,
    /// Files that others can read, logins without TLS.
    pub hints: Vec<YamlError>,
}

impl Config {
    /// The domains of the accounts that forward.
    pub fn forwarders(&self) -> Vec<String> {
        let forward = self.accounts.values().filter(|a| a.forwards_to.is_some());
        let domains =
            forward.filter_map(|a| Some(ascii_address(&a.address.value).rsplit_once('@')?.1.to_ascii_lowercase()));
        domains.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The target of some scenarios as far as it is known without secrets: the accounts that they name on it, and those
    /// that these forward to, with servers but without logins and certificates.
    ///
    /// # Errors
    /// Accounts that are not there or cannot do what is wanted of them, and a sender whose address is the one that the
    /// mail is finally delivered to.
    pub fn outline(&self, selected: Selected<'_>) -> Result<Resolved, YamlErrors> {
        let (resolved, errors) = self.sketch(selected);
        if errors.is_empty() { Ok(resolved) } else { Err(YamlErrors(errors)) }
    }

    /// The outline as far as it goes, and everything that is wrong with it.
    fn sketch(&self, Selected { kind, scenarios, renamed, vars }: Selected<'_>) -> (Resolved, Vec<YamlError>) {
        let everyone = self.everyone(kind, renamed);
        let scenarios: Vec<Scenario> =
            scenarios.iter().map(|scenario| scenario.clone().with_accounts(&everyone, vars)).collect();
        let mut errors = Vec::new();
        let used = self.used(&everyone, &scenarios, renamed, &mut errors);
        errors.extend(self.own_mail(&everyone, &scenarios, renamed));
        errors.extend(self.misplaced(&everyone, &scenarios, renamed));
        let mut hints = Vec::new();
        let mut accounts = BTreeMap::new();
        for name in used {
            if let Some(spec) = self.account(&name, renamed) {
                hints.extend(spec.servers().filter_map(|server| self.without_tls(server)));
                let forwards_to = self.forwards_to(spec, renamed);
                accounts.insert(name.clone(), Account { limit: self.limit(spec), forwards_to, ..spec.outline(name) });
            }
        }
        // What a text says of an account is known without its servers.
        for name in named_in_texts(&scenarios, kind) {
            if let (false, Some(spec)) = (accounts.contains_key(&name), self.account(&name, renamed)) {
                let (smtp, imap, mx) = (None, None, None);
                accounts.insert(name.clone(), Account { smtp, imap, mx, ..spec.outline(name) });
            }
        }
        (Resolved { target: Target { kind, accounts, dns: self.dns, rspamd: None }, hints }, errors)
    }

    /// Every account of the project file in its role, without logins and certificates.
    fn everyone(&self, kind: TargetKind, renamed: &BTreeMap<String, String>) -> Target {
        let roles = self.accounts.keys().chain(renamed.keys());
        let accounts = roles.filter_map(|role| {
            let spec = self.account(role, renamed)?;
            let forwards_to = self.forwards_to(spec, renamed);
            Some((role.clone(), Account { forwards_to, ..spec.outline(role.clone()) }))
        });
        Target { kind, accounts: accounts.collect(), dns: self.dns, rspamd: None }
    }

    /// The target of some scenarios, as [`Config::outline`] has it, with logins and certificates. Every secret that is
    /// looked up is told to the redactor first.
    ///
    /// # Errors
    /// Those of [`Config::outline`], and secrets and files that cannot be had.
    pub async fn resolve(
        &self,
        selected: Selected<'_>,
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> Result<Resolved, YamlErrors> {
        let outline = self.outline(selected)?;
        self.opened(outline, selected.renamed, outside, redactor).await
    }

    /// An outline with logins and certificates.
    pub(super) async fn opened(
        &self,
        outline: Resolved,
        renamed: &BTreeMap<String, String>,
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> Result<Resolved, YamlErrors> {
        let (resolved, errors) = self.open(outline, renamed, outside, redactor).await;
        if errors.is_empty() { Ok(resolved) } else { Err(YamlErrors(errors)) }
    }

    /// What there is of a target that may be wrong: nothing keeps the rest of it from being looked at.
    pub async fn survey(&self, selected: Selected<'_>, outside: &Outside<'_>, redactor: &Redactor) -> Survey {
        let (outline, accounts) = self.sketch(selected);
        let (Resolved { target, hints }, secrets) = self.open(outline, selected.renamed, outside, redactor).await;
        Survey { target, accounts, secrets, hints }
    }

    /// Looks up logins and certificates, as far as they can be had.
    async fn open(
        &self,
        Resolved { mut target, hints }: Resolved,
        renamed: &BTreeMap<String, String>,
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> (Resolved, Vec<YamlError>) {
        let mut opener = Opener { config: self, outside, redactor, errors: Vec::new(), hints };
        let is_direct = target.accounts.values().any(|account| account.mx.is_some());
        for (name, account) in &mut target.accounts {
            let Some(spec) = self.account(name, renamed) else { continue };
            // What a server of its own sends, that server signs.
            if let Some(dkim) = &spec.dkim
                && is_direct
            {
                account.dkim = opener.dkim(spec, dkim).await;
            }
            let imap = account.imap.as_mut().map(|imap| &mut imap.endpoint);
            for (endpoint, server) in [(account.smtp.as_mut(), spec.smtp()), (imap, spec.imap())] {
                if let Some((endpoint, server)) = endpoint.zip(server) {
                    opener.open(endpoint, server.endpoint(), server.login()).await;
                }
            }
            if let Some((endpoint, mx)) = account.mx.as_mut().zip(spec.mx.as_ref()) {
                opener.open(endpoint, mx.endpoint(), None).await;
            }
        }
        // Only now every secret is known.
        for (name, account) in &mut target.accounts {
            let Some(spec) = self.account(name, renamed) else { continue };
            account.logs = spec.logs.iter().map(|log| opener.log(log)).collect();
        }
        let Opener { mut errors, hints, .. } = opener;
        errors.sort_by_key(|e| (e.position.line, e.position.column));
        errors.dedup();
        (Resolved { target, hints }, errors)
    }

    /// The names of the accounts that log in with a refresh token.
    pub fn accounts_with_oauth(&self) -> Vec<&str> {
        let able = self.accounts.values().filter(|spec| spec.servers().any(Server::has_client));
        able.map(|spec| spec.name.value.as_str()).collect()
    }

    /// What `auth` needs of an account: its OAuth client, with secrets looked up and told to the redactor.
    ///
    /// # Errors
    /// When there is no such account, it has no OAuth client, or a secret of the client cannot be had.
    pub async fn consent(
        &self,
        account: &str,
        outside: &Outside<'_>,
        redactor: &Redactor,
    ) -> Result<ConsentSpec, YamlErrors> {
        let spec = self.accounts.get(account).ok_or_else(|| YamlErrors(vec![self.unknown(account)]))?;
        let is_imap = spec.imap().is_some_and(Server::has_client);
        let server = if is_imap { spec.imap() } else { spec.smtp() };
        let login = server.and_then(|server| Some((server.endpoint(), server.login()?)));
        let Some((endpoint, LoginSpec { user, secret, oauth: Some(oauth), .. })) = login else {
            let message = format!("account `{account}` has no OAuth client");
            let help = "write `auth: xoauth2` with `client_id`, `client_secret` and `refresh_token`; \
                        the refresh token need not be there yet";
            return Err(YamlErrors(vec![self.wrong(&spec.name.at, message).with_help(help)]));
        };
        let mut opener = Opener { config: self, outside, redactor, errors: Vec::new(), hints: Vec::new() };
        let server = Endpoint { ca_pem: endpoint.ca_file.and_then(|file| opener.ca(file)), ..endpoint.outline() };
        match opener.oauth(user, &oauth).await {
            Some(client) if opener.errors.is_empty() => Ok(ConsentSpec {
                user: user.to_owned(),
                client,
                authorization_endpoint: oauth.authorization_endpoint.to_owned(),
                refresh_token: secret.place.clone(),
                opens: if is_imap { Opens::Imap(server) } else { Opens::Smtp(server) },
            }),
            _ => Err(YamlErrors(opener.errors)),
        }
    }

    /// That the project file has no such account.
    pub(super) fn unknown(&self, account: &str) -> YamlError {
        let file = self.sources.first().map_or_else(|| "sealcheck.yaml".into(), |source| source.file.clone());
        let names: Vec<_> = self.accounts.keys().map(String::as_str).collect();
        let help = suggest::hint(account, names, "accounts")
            .unwrap_or_else(|| "name one that the project file has".to_owned());
        YamlError::file(format!("there is no account `{account}`"), &file).with_help(help)
    }

    fn without_tls(&self, server: Server<'_>) -> Option<YamlError> {
        let LoginSpec { secret, .. } = server.login()?;
        let EndpointSpec { host, tls, .. } = server.endpoint();
        let is_local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if tls != TlsMode::None || is_local {
            return None;
        }
        let message = format!("`{}` goes to {host} without TLS", secret.key);
        Some(self.wrong(&secret.at, message).with_help("write `tls: starttls` or `tls: implicit`"))
    }
}

/// What stands before the full stop in `$account.field`.
fn named_in_texts(scenarios: &[Scenario], kind: TargetKind) -> BTreeSet<String> {
    let none = Vars::new();
    let texts: Vec<_> = scenarios.iter().flat_map(|scenario| scenario.texts_on(kind)).collect();
    let names = texts.iter().flat_map(|text| text.names(&none));
    names.filter_map(|name| name.split_once('.')).map(|(account, _)| account.to_owned()).collect()
}

/// Looks up secrets and files.
struct Opener<'a> {
    config: &'a Config,
    outside: &'a Outside<'a>,
    redactor: &'a Redactor,
    errors: Vec<YamlError>,
    hints: Vec<YamlError>,
}

impl Opener<'_> {
    async fn open(&mut self, endpoint: &mut Endpoint, spec: EndpointSpec<'_>, login: Option<LoginSpec<'_>>) {
        if let Some(login) = login {
            endpoint.login = self.login(&login).await;
        }
        if let Some(file) = spec.ca_file {
            endpoint.ca_pem = self.ca(file);
        }
    }

    async fn login(&mut self, spec: &LoginSpec<'_>) -> Option<Login> {
        let found = self.told(spec.user, spec.secret).await;
        let oauth = match &spec.oauth {
            Some(client) => Some(self.oauth(spec.user, client).await?),
            None => None,
        };
        let found = found?;
        let secret = if spec.auth == AuthKind::AppPassword {
            let joined = Secret::new(found.expose().split_whitespace().collect::<String>());
            self.redactor.learn(spec.user, &joined);
            joined
        } else {
            found
        };
        let mechanism = match spec.auth {
            AuthKind::Xoauth2 => Mechanism::Xoauth2,
            AuthKind::Password | AuthKind::AppPassword => Mechanism::Password,
        };
        Some(Login { user: spec.user.to_owned(), secret, mechanism, oauth })
    }

    /// A DKIM key, of which the redactor knows before anybody has it.
    async fn dkim(&mut self, account: &AccountSpec, dkim: &DkimSpec) -> Option<DkimSigner> {
        let reference = &dkim.private_key;
        let key = self.secret(reference, Shape::Pem).await?;
        for part in signer::secret_parts(key.expose()) {
            self.redactor.learn("", &part);
        }
        if let Some((message, help)) = signer::defect(key.expose()) {
            let message = format!("`{}` cannot sign: {message}", reference.key);
            self.errors.push(self.config.wrong(&reference.at, message).with_help(help));
            return None;
        }
        Some(DkimSigner { domain: account.dkim_domain(dkim), selector: dkim.selector.value.clone(), key })
    }

    /// A secret of one line, of which the redactor knows before anybody has it.
    async fn told(&mut self, user: &str, reference: &SecretRef) -> Option<Secret> {
        let secret = self.secret(reference, Shape::Line).await?;
        self.redactor.learn(user, &secret);
        Some(secret)
    }

    /// A secret that the redactor is still to be told.
    async fn secret(&mut self, reference: &SecretRef, shape: Shape) -> Option<Secret> {
        let mut hints = Vec::new();
        let found = secret::look_up(reference, shape, self.outside, &mut hints).await;
        for hint in hints {
            self.hints.push(self.config.wrong(&reference.at, hint).with_help("a secret is for one person"));
        }
        match found {
            Ok(secret) => Some(secret),
            Err(missing) => {
                let message = format!("no secret for `{}`: {}", reference.key, missing.message);
                let error = self.config.wrong(&reference.at, message).with_help(missing.help);
                self.errors.push(error.about(About::Secret(reference.key.clone())));
                None
            }
        }
    }

    /// An OAuth client with its secrets and certificates; every one that is missing is told.
    async fn oauth(&mut self, user: &str, spec: &OauthSpec<'_>) -> Option<OauthClient> {
        let id = self.told(user, spec.client_id).await;
        let secret = self.told(user, spec.client_secret).await;
        let ca_pem = spec.ca_file.and_then(|file| self.ca(file));
        Some(OauthClient { id: id?, secret: secret?, token_endpoint: spec.token_endpoint.to_owned(), ca_pem })
    }

    /// A log with its paths made whole. A command line can be read by everybody on the machine.
    fn log(&mut self, log: &Spanned<LogSource>) -> LogSource {
        match &log.value {
            LogSource::File(path) => LogSource::File(self.outside.root.join(path)),
            LogSource::Program { words, .. } => {
                if words.iter().any(|word| self.redactor.leaks(word.as_bytes())) {
                    let message = "`command` of a log holds a secret, which everybody on the machine could read";
                    let help = "let the program find it itself, for example a key of ssh-agent";
                    let error = YamlError::new(message, log.at.clone()).with_help(help);
                    self.errors.push(error);
                }
                LogSource::Program { words: words.clone(), folder: self.outside.root.to_owned() }
            }
        }
    }

    fn ca(&mut self, named: &Spanned<PathBuf>) -> Option<String> {
        let path = self.outside.root.join(&named.value);
        let (message, help) = match file::read_regular(&path, MAX_CA_BYTES) {
            Err(e) => (format!("{} cannot be read: {e}", path.display()), "the path is relative to the project file"),
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                match certificates::read(&text) {
                    Ok(_) => return Some(text.into_owned()),
                    Err(defect) => (
                        format!("{}{defect}", path.display()),
                        "it must hold CA certificates in PEM, each from BEGIN to END CERTIFICATE; from DER: openssl x509 -inform der",
                    ),
                }
            }
        };
        self.errors.push(self.config.wrong(&named.at, message).with_help(help));
        None
    }
}

/// The user's own file.
#[derive(Debug, Clone)]
pub struct UserFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called to the person.
    pub shown: String,
}

impl UserFile {
    fn read(&self) -> Result<Source, YamlError> {
        let mut source = Source::read(&self.path)?;
        source.file = self.shown.as_str().into();
        source.folder = Some(self.path.parent().map(PathBuf::from).unwrap_or_default());
        Ok(source)
    }
}

/// Loads the project file over the user's.
///
/// # Errors
/// When one cannot be read, or [`crate::scenario::yaml::config`] finds something wrong.
pub fn load(path: Option<&Path>, user: Option<&UserFile>, set: &[String]) -> Result<Config, YamlErrors> {
    let source = path.map(Source::read).transpose()?;
    let user = user.map(UserFile::read).transpose()?;
    crate::scenario::yaml::config_over(source.as_ref(), user.as_ref(), set)
}
