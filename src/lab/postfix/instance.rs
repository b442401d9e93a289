//! One running Postfix.

use super::{
    content_filter::SecondPass,
    greylist::Greylist,
    installation::{Installation, PACKAGE},
    knob_settings,
    main_cf::MainCf,
    main_cf::{self, AGAIN_SOCKET, ALIASES, IDENTITY, MASTER_CF, NextHops, SMTPD_SOCKET},
    postsrsd::Postsrsd,
    proxy, queue_directory,
    user_main_cf::{self, TakenOver},
};
use crate::{
    lab::{
        LabError, ServerProgram,
        embedded::{
            hosts::{Company, EXTERNAL_ADDRESS},
            smtp_server::Reply,
        },
        process::{PATIENCE, Process, ProcessError, StateDir, User, tail, until},
    },
    target::knobs::CompanyKnobs,
};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    process::Command,
};

/// The age of files that nobody writes any more.
const SETTLED: Duration = Duration::from_secs(3600);
/// The port that our own look at the server comes from, as it is told.
const PROBE_PORT: u16 = 40_000;
/// What marks a line of the log with what a service died of.
const FATAL: [&str; 2] = [": fatal: ", ": panic: "];

/// A running Postfix; all of its processes end when it is dropped.
#[derive(Debug)]
pub(super) struct Postfix {
    _process: Process,
    _srs: Option<Postsrsd>,
    _greylist: Option<Greylist>,
    socket: PathBuf,
    again: PathBuf,
    log: PathBuf,
    notes: Vec<String>,
}

/// What a Postfix is made of.
pub(super) struct PostfixSetup<'s> {
    /// The company.
    pub(super) company: &'s Company,
    /// The company's knobs.
    pub(super) knobs: &'s CompanyKnobs,
    /// What it refuses every recipient with.
    pub(super) reject: Option<&'s Reply>,
    /// Where its mail goes.
    pub(super) next_hops: NextHops,
    /// The milter's unix socket.
    pub(super) milter: &'s Path,
    /// Why nobody listens there, if so.
    pub(super) milter_is_down: Option<&'s str>,
    /// A certificate and its key, in PEM.
    pub(super) identity_pem: &'s str,
    /// A main.cf of the user's.
    pub(super) main_cf: Option<&'s Path>,
    /// How often mail comes through.
    pub(super) second_pass: SecondPass,
    /// Where it hands mail that comes through again.
    pub(super) again: SocketAddr,
}

impl Postfix {
    /// Whether this process may start one.
    ///
    /// # Errors
    /// When it is not root.
    pub(super) fn may_start() -> Result<(), LabError> {
        if User::is_root() {
            return Ok(());
        }
        Err(LabError::Program {
            what: "target postfix needs root: Postfix runs as several users".to_owned(),
            next: "run it with sudo, or use --target rspamd, which needs no root".to_owned(),
        })
    }

    /// Starts Postfix below `state`, in `postfix/`, and returns when it takes mail.
    ///
    /// # Errors
    /// When Postfix is not installed, or it cannot work with its settings.
    pub(super) async fn start(setup: PostfixSetup<'_>, state: &Arc<StateDir>) -> Result<Self, LabError> {
        let installation = Installation::find().await?;
        let owner = User::first_of(&[&installation.owner])
            .ok_or_else(|| LabError::other(format!("Postfix's user {} is not in /etc/passwd", installation.owner)))?;
        let queue = queue_directory::make(state, &owner).map_err(LabError::other)?;
        let etc = state.directory("postfix/etc", None).map_err(LabError::other)?;
        let logs = state.directory("postfix/log", None).map_err(LabError::other)?;
        state.write_private(&format!("postfix/etc/{IDENTITY}"), setup.identity_pem, None).map_err(LabError::other)?;
        state.write(&format!("postfix/etc/{ALIASES}"), main_cf::aliases(setup.company)).map_err(LabError::other)?;
        let (settings, srs, taken) = settings(&setup, &installation, state).await?;
        let notes = setup.main_cf.map_or_else(Vec::new, |file| taken.notes(file));
        if let Some(why) = setup.milter_is_down
            && settings.get("milter_default_action") != Some("accept")
        {
            return Err(LabError::Configuration { program: ServerProgram::Rspamd, said: why.to_owned() });
        }
        let greylist = setup.knobs.greylist.then(|| Greylist::serve(&knob_settings::greylist_socket(state)));
        let greylist = greylist.transpose().map_err(LabError::other)?;
        state.write("postfix/etc/main.cf", settings.to_string()).map_err(LabError::other)?;
        let services = setup.second_pass.services(setup.company, setup.again);
        state.write("postfix/etc/master.cf", format!("{services}{MASTER_CF}")).map_err(LabError::other)?;

        settle(&etc).map_err(LabError::other)?;

        let mut command = Command::new(installation.daemons.join("master"));
        // In the foreground: it stays our child, and what it starts stays in its group.
        command.arg("-d").arg("-c").arg(&etc);
        let mut process = Process::start("postfix", PACKAGE, command, state).map_err(LabError::other)?;
        let (socket, again, log) = (queue.join(SMTPD_SOCKET), queue.join(AGAIN_SOCKET), logs.join("maillog"));
        let ready = async {
            tokio::select! {
                () = until(async || takes_mail(&queue).await.ok()) => Ok(()),
                fatal = until(async || fatal(&log)) => Err(fatal),
            }
        };
        let said = match process.ready(PATIENCE, ready).await {
            Ok(Ok(())) => {
                return Ok(Self { _process: process, _srs: srs, _greylist: greylist, socket, again, log, notes });
            }
            Ok(Err(fatal)) => fatal,
            Err(error) => complaint(&installation.commands, &etc).await.unwrap_or_else(|| with_log(error, &log)),
        };
        let theirs = setup.main_cf.and_then(|file| taken.blamed(&said, &settings, file));
        Err(match (theirs, setup.main_cf) {
            (Some(line), _) => {
                LabError::Configuration { program: ServerProgram::Postfix, said: format!("{line}\n{said}\n") }
            }
            (None, Some(file)) => {
                LabError::other(format!("Postfix cannot work with its settings: {said}; look at {}", file.display()))
            }
            (None, None) => LabError::other(format!("Postfix cannot work with its settings: {said}")),
        })
    }

    /// The socket where it takes mail, with the PROXY protocol.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The socket where it takes mail again that it handed on itself, with the PROXY protocol.
    pub(super) fn again(&self) -> &Path {
        &self.again
    }

    /// Its log.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// What it does not do as the user's main.cf says, a line for every setting or group of settings.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// All settings together: habits, then the user's, then the knobs', then the fence.
async fn settings(
    setup: &PostfixSetup<'_>,
    installation: &Installation,
    state: &Arc<StateDir>,
) -> Result<(MainCf, Option<Postsrsd>, TakenOver), LabError> {
    let fence = main_cf::fence(&state.path().join("postfix"), installation, setup.company, &setup.next_hops);
    let mut settings = main_cf::habits();
    let mut taken = TakenOver::default();
    if let Some(file) = setup.main_cf {
        let set = user_main_cf::read(file, &state.path().join("postfix/user"), &installation.commands).await?;
        taken = user_main_cf::take_over(&set, file, &fence);
        settings.extend(&taken.kept);
    }
    let srs = if setup.knobs.srs || taken.rewrites_senders {
        let srs = Postsrsd::start(&setup.company.domain, state).await?;
        settings.extend(&srs.settings());
        // Who it rewrites is the user's choice.
        settings.extend(&taken.kept.only("_canonical_classes"));
        Some(srs)
    } else {
        None
    };
    settings
        .extend(&knob_settings::settings(setup.knobs, setup.company, setup.reject, state).map_err(LabError::other)?);
    settings.extend(&fence);
    settings.set_milter(setup.milter, setup.main_cf.map(|_| &taken.milters[..]));
    Ok((settings, srs, taken))
}

/// Lets the files of a directory look an hour old. Postfix waits for seconds before it reads a file that has just been
/// written, as somebody may still be writing it.
fn settle(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        fs::File::options().append(true).open(entry?.path())?.set_modified(SystemTime::now() - SETTLED)?;
    }
    Ok(())
}

/// Whether the server greets clients, and the service behind it that takes messages is alive.
async fn takes_mail(queue: &Path) -> io::Result<()> {
    let mut smtpd = UnixStream::connect(queue.join(SMTPD_SOCKET)).await?;
    smtpd.write_all(proxy::proxy_line(EXTERNAL_ADDRESS, PROBE_PORT).as_bytes()).await?;
    let mut greeting = String::new();
    let mut smtpd = BufReader::new(smtpd);
    smtpd.read_line(&mut greeting).await?;
    if !greeting.starts_with("220") {
        return Err(io::Error::other(greeting));
    }
    smtpd.write_all(b"QUIT\r\n").await?;
    // It says a queue id before it is told anything.
    let mut cleanup = UnixStream::connect(queue.join("public/cleanup")).await?;
    cleanup.read_exact(&mut [0]).await.map(drop)
}

/// What a service died of, by the log.
fn fatal(log: &Path) -> Option<String> {
    let text = tail(log);
    text.lines().find_map(|line| FATAL.iter().find_map(|mark| line.split_once(mark))).map(|(_, why)| why.to_owned())
}

/// What a program of Postfix's that only reads the settings dies of, for whom nobody has to write a log.
async fn complaint(commands: &Path, etc: &Path) -> Option<String> {
    let mut command = Command::new(commands.join("postmap"));
    let said = command.arg("-c").arg(etc).args(["-q", "x", "static:x"]).stdin(Stdio::null()).output().await.ok()?;
    let said = String::from_utf8_lossy(&said.stderr);
    said.lines().find_map(|line| line.split_once(FATAL[0])).map(|(_, why)| why.to_owned())
}

/// What Postfix says about its end is in its log.
fn with_log(error: ProcessError, log: &Path) -> String {
    let said = tail(log);
    if said.is_empty() { error.to_string() } else { format!("{error}\n{said}") }
}
