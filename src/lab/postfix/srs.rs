//! postsrsd, which rewrites envelope senders to the company's domain and leads bounces back.

use super::settings::Settings;
use crate::lab::{
    LabError,
    process::{Process, ProcessError, StateDir, User, until},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};

/// The Debian package.
const PACKAGE: &str = "postsrsd";
/// What its hashes are made with. It guards nothing: the lab's Postfix has no route to strangers.
const SECRET: &str = "sealcheck";
/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many pairs of ports are tried: another program may take one between our look at it and postsrsd's start.
const TRIES: usize = 4;

/// A running postsrsd.
#[derive(Debug)]
pub(super) struct Postsrsd {
    _process: Process,
    forward: SocketAddr,
    reverse: SocketAddr,
}

impl Postsrsd {
    /// Starts one that rewrites to `domain`.
    ///
    /// # Errors
    /// When it is not installed, or does not listen.
    pub(super) async fn start(domain: &str, state: &Arc<StateDir>) -> Result<Self, LabError> {
        let file = state.write("postfix/srs.secret", SECRET).map_err(LabError::other)?;
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let (forward, reverse) = free_ports().await.map_err(LabError::other)?;
            let mut command = Command::new(program());
            command.arg("-4").arg(format!("-s{}", file.display())).arg(format!("-d{domain}"));
            command.arg(format!("-X{domain}")).arg(format!("-l{}", forward.ip()));
            command.arg(format!("-f{}", forward.port())).arg(format!("-r{}", reverse.port()));
            if let Some(user) = User::first_of(&["postsrsd", "nobody"]) {
                command.arg(format!("-u{}", user.name));
            }
            let mut process = Process::start("postsrsd", PACKAGE, command, state).map_err(LabError::other)?;
            let listens = until(async || {
                let both = tokio::try_join!(TcpStream::connect(forward), TcpStream::connect(reverse));
                both.is_ok().then_some(())
            });
            match process.ready(PATIENCE, listens).await {
                Ok(()) => return Ok(Self { _process: process, forward, reverse }),
                Err(ProcessError::Ended { .. }) if tries > 0 => {}
                Err(error) => return Err(LabError::other(error)),
            }
        }
    }

    /// The settings that make Postfix ask it: for one direction, or both.
    pub(super) fn settings(&self) -> Settings {
        let table = |at: SocketAddr| format!("tcp:{}:{}", at.ip(), at.port());
        Settings::from_iter([
            ("sender_canonical_maps", table(self.forward)),
            ("sender_canonical_classes", "envelope_sender".to_owned()),
            ("recipient_canonical_maps", table(self.reverse)),
            ("recipient_canonical_classes", "envelope_recipient, header_recipient".to_owned()),
        ])
    }
}

/// Where Debian puts it, which is not on everybody's PATH; otherwise wherever the PATH has it.
fn program() -> &'static Path {
    let usual = Path::new("/usr/sbin/postsrsd");
    if usual.exists() { usual } else { Path::new("postsrsd") }
}

/// Two ports that nobody has at the moment.
async fn free_ports() -> io::Result<(SocketAddr, SocketAddr)> {
    let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, two) = tokio::try_join!(any(), any())?;
    Ok((one.local_addr()?, two.local_addr()?))
}
