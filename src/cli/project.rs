//! Where the project is and what it says.

use super::{CliError, Context, Global};
use crate::{
    core::{Redactor, RunId, file},
    judge::snapshot::{Entry, entries, known, obsolete, sweep},
    lab::{Settings, embedded::hosts::Company},
    report::masked_writer::is_being_written,
    run::{Plan, WorldSource},
    scenario::{
        Config, Loaded, Scenario, Vars, YamlErrors,
        config::{self, ConsentSpec, Outside, Selected, UserFile},
        elsewhere, load,
    },
    target::{Staging, Target, TargetKind},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The name of the project file.
const FILE: &str = "sealcheck.yaml";
/// The folder of what runs leave behind.
const STATE: &str = ".sealcheck";
/// The file of a run in which its events are recorded.
pub(super) const EVENTS: &str = "events.jsonl";
/// How many runs are kept there.
const RUNS: usize = 50;

/// A project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    /// The project file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// What it says.
    pub(super) config: Config,
    /// The directory that everything is relative to, as it is shown to people; empty for the current one.
    root: PathBuf,
    /// The scenario folder.
    scenarios: PathBuf,
    /// The snapshot folder.
    pub(super) snapshots: PathBuf,
}

/// The world that a run wants.
pub(super) struct WorldRequest<'a> {
    pub(super) kind: TargetKind,
    /// What a lab is to be, where the kind is one.
    pub(super) settings: Settings,
    /// The accounts that stand in for others.
    pub(super) renamed: &'a BTreeMap<String, String>,
    pub(super) vars: &'a Vars,
}

impl Project {
    /// The project that the person names, or the one around the current directory; `set` are changes to its file.
    ///
    /// # Errors
    /// When the project file or a change to it is wrong.
    pub(super) fn find(context: &Context, global: &Global, set: &[String]) -> Result<Self, CliError> {
        Self::open(context, global, set).map_err(|e| CliError::mistakes(&e.0))
    }

    /// The same, with every mistake on its own.
    ///
    /// # Errors
    /// When the project file or a change to it is wrong.
    pub(super) fn open(context: &Context, global: &Global, set: &[String]) -> Result<Self, YamlErrors> {
        let file = global.config.clone().or_else(|| nearest(context));
        let config = config::load(file.as_deref(), user_file(context, global).as_ref(), set)?;
        let root = file.as_ref().and_then(|f| f.parent()).map(PathBuf::from).unwrap_or_default();
        let below = |path: &Option<PathBuf>, default: &str| root.join(path.as_deref().unwrap_or(Path::new(default)));
        Ok(Self {
            scenarios: below(&config.scenarios, "scenarios"),
            snapshots: below(&config.snapshots, "snapshots"),
            file,
            config,
            root,
        })
    }

    /// The scenarios that are named, or all, and what is wrong with the others.
    pub(super) fn load(&self, what: &[String]) -> Loaded {
        load(&self.scenarios, what)
    }

    /// The scenarios that are named, or all.
    ///
    /// # Errors
    /// When any of them is wrong.
    pub(super) fn scenarios(&self, what: &[String]) -> Result<Vec<Scenario>, CliError> {
        let loaded = self.load(what);
        if loaded.errors.is_empty() { Ok(loaded.scenarios) } else { Err(CliError::mistakes(&loaded.errors)) }
    }

    /// The snapshots that the scenarios may have, with those of scenario files elsewhere that have one; `None` when
    /// not all of these can be read.
    pub(super) fn known_snapshots(&self) -> Option<BTreeSet<PathBuf>> {
        let is_there = self.scenarios.is_dir();
        let inside = if is_there { self.scenarios(&[]).ok()? } else { Vec::new() };
        let mut all = known(&self.snapshots, &inside);
        let others: Vec<Entry> =
            entries(&self.snapshots).ok()?.into_iter().filter(|e| !all.contains(&e.file)).collect();
        let elsewhere = elsewhere(&self.scenarios, others.iter().map(|e| e.id.as_str()));
        if !elsewhere.is_empty() {
            all.extend(known(&self.snapshots, &self.scenarios(&Vec::from_iter(elsewhere)).ok()?));
        }
        (is_there || others.iter().all(|e| all.contains(&e.file))).then_some(all)
    }

    /// Snapshot files that belong to no scenario; `None` when that cannot be told.
    pub(super) fn obsolete_snapshots(&self) -> Option<Vec<String>> {
        let files = obsolete(&self.snapshots, &self.known_snapshots()?).ok()?;
        Some(files.iter().map(|file| file.to_string_lossy().replace('\\', "/")).collect())
    }

    /// The world of a run, its secrets looked up; every secret is told to the redactor.
    ///
    /// # Errors
    /// When an account or a secret is missing, or the kind is one that this version cannot build.
    pub(super) async fn world_source(
        &self,
        context: &Context,
        wanted: WorldRequest<'_>,
        plan: &Plan,
        redactor: &Redactor,
    ) -> Result<WorldSource, CliError> {
        let WorldRequest { kind, mut settings, renamed, vars } = wanted;
        if kind == TargetKind::Staging {
            settings.staging = Some(self.staging().map_err(|e| CliError::mistakes(&e.0))?);
            return Ok(WorldSource::Lab(kind, Box::new(settings)));
        }
        if kind.is_lab() {
            return Ok(WorldSource::Lab(kind, Box::new(self.lab_settings(settings).await?)));
        }
        let outside = Outside { env: &context.lookup(), root: self.folder() };
        let scenarios: Vec<Scenario> = plan.items.iter().map(|i| i.scenario.as_ref().clone()).collect();
        let selected = Selected { kind, scenarios: &scenarios, renamed, vars };
        let resolved = self.config.resolve(selected, &outside, redactor).await;
        let resolved = resolved.map_err(|e| CliError::mistakes(&e.0))?;
        for hint in &resolved.hints {
            super::printing::eprint_masked(&format!("warning: {hint}"));
        }
        Ok(WorldSource::Target(Box::new(resolved.target)))
    }

    /// The mailboxes of the named accounts, or all; every secret is told to the redactor.
    ///
    /// # Errors
    /// When an account has no mailbox, or a secret is missing.
    pub(super) async fn mailboxes(
        &self,
        context: &Context,
        names: &[String],
        redactor: &Redactor,
    ) -> Result<Target, CliError> {
        let outside = Outside { env: &context.lookup(), root: self.folder() };
        let resolved = self.config.mailboxes(names, &outside, redactor).await;
        resolved.map(|resolved| resolved.target).map_err(|e| CliError::mistakes(&e.0))
    }

    /// What `auth` needs of an account: the named one, or the only one that has an OAuth client.
    ///
    /// # Errors
    /// When there is no such account, or a secret of its client is missing.
    pub(super) async fn consent(
        &self,
        context: &Context,
        account: Option<&str>,
        redactor: &Redactor,
    ) -> Result<ConsentSpec, CliError> {
        let able = self.config.accounts_with_oauth();
        let account = match (account, &able[..]) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, []) => {
                let text = "no account of the project file has an OAuth client; write `auth: xoauth2`, `client_id`, \
                            `client_secret` and `refresh_token` of one, or use --client-id-env and --client-secret-env";
                return Err(CliError::Usage(text.to_owned()));
            }
            (None, several) => {
                let names = several.join(", ");
                return Err(CliError::Usage(format!("which account is it? choose with --account: {names}")));
            }
        };
        let outside = Outside { env: &context.lookup(), root: self.folder() };
        self.config.consent(account, &outside, redactor).await.map_err(|e| CliError::mistakes(&e.0))
    }

    /// The settings of a lab with what the person's own configuration of the company's server says; the company is the one
    /// of the project file, where nobody names another.
    ///
    /// # Errors
    /// When that configuration cannot be read.
    pub(super) async fn lab_settings(&self, mut settings: Settings) -> Result<Settings, CliError> {
        if settings.rspamd_local_d.is_some() || settings.postfix_main_cf.is_some() {
            let address = self.config.accounts.get("company").map(|account| account.address.value.as_str());
            settings.company = settings.company.or_else(|| Company::with_address(address?));
        }
        settings.read().await.map_err(|e| CliError::Inconclusive(format!("{e}; {}", e.next())))
    }

    /// What target staging is.
    ///
    /// # Errors
    /// When the project file does not say.
    pub(super) fn staging(&self) -> Result<Staging, YamlErrors> {
        self.config.staging(self.folder())
    }

    /// The folder of the project file.
    pub(super) fn folder(&self) -> &Path {
        if self.root.as_os_str().is_empty() { Path::new(".") } else { &self.root }
    }

    /// Where all runs count what they send.
    pub(super) fn sent(&self) -> PathBuf {
        self.root.join(STATE).join("sent.txt")
    }

    /// Where the files of a run go.
    pub(super) fn run_dir(&self, run: &RunId) -> PathBuf {
        self.runs().join(run.as_str())
    }

    fn runs(&self) -> PathBuf {
        self.root.join(STATE).join("runs")
    }

    /// Takes what runs have left behind from everybody but its owner. Nothing depends on whether that works.
    pub(super) fn make_private(&self) {
        file::make_private(&self.root.join(STATE));
    }

    /// Keeps what runs leave behind out of git, and only the newest of it; a run that is under way stays whatever its age.
    /// What runs that were killed have left of snapshots goes. Nothing depends on whether that works.
    pub(super) fn tidy(&self) {
        sweep(&self.snapshots);
        let state = self.root.join(STATE);
        let ignore = state.join(".gitignore");
        if state.is_dir() && !ignore.exists() {
            drop(file::replace_private(&ignore, b"*\n"));
        }
        for old in self.recorded().iter().rev().skip(RUNS) {
            if !is_being_written(&old.join(EVENTS)) {
                drop(fs::remove_dir_all(old));
            }
        }
    }

    /// The directories of the runs that are kept, the oldest first.
    pub(super) fn recorded(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.runs()).into_iter().flatten().flatten();
        let mut runs: Vec<_> =
            entries.filter(|e| e.file_name().to_str().is_some_and(is_run)).map(|e| e.path()).collect();
        // Names of runs sort by time.
        runs.sort();
        runs
    }
}

/// Whether a folder has the name of a run.
fn is_run(name: &str) -> bool {
    name.len() == 26 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// The user's own file: the one that is named, or the usual one where it is there.
fn user_file(context: &Context, global: &Global) -> Option<UserFile> {
    match &global.user_config {
        Some(path) if path.as_os_str() == "none" => return None,
        Some(path) => {
            return Some(UserFile { path: context.directory.join(path), shown: path.display().to_string() });
        }
        None => {}
    }
    let set = |name: &str| context.variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = set("HOME");
    let windows = if cfg!(windows) { set("APPDATA") } else { None };
    let folder = set("XDG_CONFIG_HOME").or(windows).or_else(|| Some(home.as_ref()?.join(".config")))?;
    let path = folder.join("sealcheck").join("config.yaml");
    let below = home.and_then(|home| path.strip_prefix(home).ok().map(|below| format!("~/{}", below.display())));
    let shown = below.unwrap_or_else(|| path.display().to_string());
    path.exists().then_some(UserFile { path, shown })
}

/// The project file in the current directory or the nearest above, as a relative path.
fn nearest(context: &Context) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for directory in context.directory.ancestors() {
        if directory.join(FILE).exists() {
            return Some(up.join(FILE));
        }
        up.push("..");
    }
    None
}
