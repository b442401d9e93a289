//! One running rspamd.

use super::{
    Client, PACKAGE, RspamdConf, RspamdError, local_d,
    rspamd_conf::{Places, Rules, SUFFIXES},
    rspamd_error::USERS,
};
use crate::{
    core::Version,
    lab::process::{PATIENCE, Process, ProcessError, StateDir, StateError, User, tail, until},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::process::Command;

/// How many ports are tried: another program may take one between our look at it and rspamd's start.
const TRIES: usize = 4;

/// A running rspamd; all of its processes end when it is dropped.
#[derive(Debug)]
pub(crate) struct Rspamd {
    _process: Process,
    http: SocketAddr,
    milter: PathBuf,
    log: PathBuf,
    version: Option<Version>,
}

impl Rspamd {
    /// The user whom rspamd runs as: one of its own when we are root, otherwise our own. Files that rspamd must read can be
    /// given to it.
    ///
    /// # Errors
    /// When we are root and rspamd has no user.
    pub(crate) fn user() -> Result<Option<User>, RspamdError> {
        if !User::is_root() {
            return Ok(None);
        }
        User::first_of(&USERS).map(Some).ok_or(RspamdError::NoUser)
    }

    /// Starts rspamd below `state`, in `rspamd/`, and returns when it answers. `binary` is the program, by default the one on
    /// the PATH, and `patience` how long that may take.
    ///
    /// # Errors
    /// When it is missing, cannot read its configuration, or does not answer in time.
    pub(crate) async fn start(
        binary: Option<&Path>,
        patience: Option<Duration>,
        config: &RspamdConf,
        state: &Arc<StateDir>,
    ) -> Result<Self, RspamdError> {
        let directories = Directories::make(config, state)?;
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match Self::try_start(binary, patience, config, state, &directories).await {
                Err(RspamdError::Process(ProcessError::Ended { output, .. }))
                    if tries > 0 && output.contains("Address already in use") => {}
                result => return result,
            }
        }
    }

    async fn try_start(
        binary: Option<&Path>,
        patience: Option<Duration>,
        config: &RspamdConf,
        state: &Arc<StateDir>,
        directories: &Directories,
    ) -> Result<Self, RspamdError> {
        let Directories { database, logs, run, configuration, suffixes } = directories;
        let http = free_port().map_err(RspamdError::Port)?;
        let (milter, log) = (run.join("milter.sock"), logs.join("rspamd.log"));
        let places = Places { suffixes, milter: &milter, http, temporary: database };
        let mut file = state.write("rspamd/rspamd.conf", config.write(&places))?;
        if let Rules::User { .. } = &config.rules {
            let both = format!(
                ".include \"$CONFDIR/rspamd.conf\"\n.include(priority=15,duplicate=merge) {}\n",
                super::arc_section::quoted(&file.to_string_lossy())
            );
            file = state.write("rspamd/own.conf", both)?;
        }

        let mut command = Command::new(binary.unwrap_or(Path::new("rspamd")));
        command.arg("--no-fork").arg("--config").arg(&file);
        if let Some(User { name, .. }) = Self::user()? {
            command.args(["--user", &name, "--group", &name]);
        }
        let paths = [("LOCAL_CONFDIR", configuration), ("DBDIR", database), ("LOGDIR", logs), ("RUNDIR", run)];
        for (name, path) in paths {
            command.arg(format!("--var={name}={}", path.display()));
        }
        let mut process = Process::start("rspamd", PACKAGE, command, state)?;
        let (client, listens) = (Client::new(http), process.listens(http));
        // What answers there may be another program's.
        let answers = until(async || if listens() { client.ping().await.ok() } else { None });
        let version = process.ready(patience.unwrap_or(PATIENCE), answers).await;
        let version = version.map_err(|error| match &config.rules {
            Rules::Lab(..) => with_log(error, &log, |said| said),
            Rules::User { local_d, .. } => {
                with_log(error, &log, |said| local_d::with_own_paths(&said, local_d, configuration))
            }
        })?;
        Ok(Self { _process: process, http, milter, log, version })
    }

    /// Asks it.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.http)
    }

    /// The milter's unix socket; everybody may connect.
    pub(crate) fn milter(&self) -> &Path {
        &self.milter
    }

    /// Its log, with the lines of `debug_modules = ["arc"]`.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Its version, where it says one.
    pub(crate) fn version(&self) -> Option<Version> {
        self.version
    }
}

/// Where it reads and writes.
struct Directories {
    database: PathBuf,
    logs: PathBuf,
    run: PathBuf,
    configuration: PathBuf,
    suffixes: PathBuf,
}

impl Directories {
    /// Makes them, with links to the person's `local.d` and default keys where it shall have them.
    fn make(config: &RspamdConf, state: &StateDir) -> Result<Self, RspamdError> {
        let user = Rspamd::user()?;
        let user = user.as_ref();
        state.directory("rspamd", None)?;
        let database = state.directory("rspamd/db", user)?;
        let logs = state.directory("rspamd/log", user)?;
        let run = state.directory("rspamd/run", user)?;
        let configuration = state.directory("rspamd/local", None)?;
        let mut suffixes = SUFFIXES.to_owned();
        if let Rules::User { local_d, domain, .. } = &config.rules {
            let linked = local_d::link(local_d, &configuration).and_then(|()| local_d::link_default_keys(&database));
            linked.map_err(|source| StateError::Write { path: configuration.clone(), source })?;
            suffixes.push_str(&local_d::suffixes(domain));
        }
        let suffixes = state.write("rspamd/suffixes.dat", suffixes)?;
        Ok(Self { database, logs, run, configuration, suffixes })
    }
}

/// What rspamd says about its end is in its log, once it has one.
fn with_log(error: ProcessError, log: &Path, tell: impl Fn(String) -> String) -> ProcessError {
    match error {
        ProcessError::Ended { name, status, output } => {
            let more = tail(log);
            let output = if more.is_empty() { output } else { format!("{output}\n{more}").trim_start().to_owned() };
            ProcessError::Ended { name, status, output: tell(output) }
        }
        other => other,
    }
}

/// A port of 127.0.0.1 that nobody has at the moment.
fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
