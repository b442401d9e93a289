//! postsrsd, which rewrites envelope senders to the company's domain and leads bounces back.

use super::main_cf::MainCf;
use crate::{
    core::Version,
    lab::{
        LabError,
        process::{PATIENCE, Process, ProcessError, StateDir, User, until},
    },
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Stdio,
    sync::Arc,
};
use tokio::{net::TcpListener, process::Command};

/// The Debian package.
const PACKAGE: &str = "postsrsd";
/// What its hashes are made with. It guards nothing: the lab's Postfix has no route to strangers.
const SECRET: &str = "sealcheck";
/// How many pairs of ports are tried: another program may take one between our look at it and postsrsd's start.
const TRIES: usize = 4;

/// A running postsrsd.
#[derive(Debug)]
pub(super) struct Postsrsd {
    _process: Process,
    asked: Asked,
}

/// How a postsrsd is started and asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// Version 1: options, and a `tcp` table for each direction.
    Options,
    /// Version 2: a configuration file, and one socket for both (socketmap_table(5) of Postfix).
    File,
}

/// Where Postfix asks it.
#[derive(Debug, Clone, Copy)]
struct Asked {
    generation: Generation,
    forward: SocketAddr,
    reverse: SocketAddr,
}

impl Postsrsd {
    /// Starts one that rewrites to `domain`.
    ///
    /// # Errors
    /// When it is not installed, or does not listen.
    pub(super) async fn start(domain: &str, state: &Arc<StateDir>) -> Result<Self, LabError> {
        let generation = Generation::of(program()).await?;
        let secret = state.write("postfix/srs.secret", SECRET).map_err(LabError::other)?;
        let user = User::first_of(&["postsrsd", "nobody"]).map(|user| user.name);
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let (forward, reverse) = free_ports().await.map_err(LabError::other)?;
            let asked = Asked { generation, forward, reverse };
            let mut command = Command::new(program());
            match generation {
                Generation::Options => command.args(asked.options(domain, &secret, user.as_deref())),
                Generation::File => {
                    let text = asked.file(domain, &secret, user.as_deref());
                    command.arg("-C").arg(state.write("postfix/postsrsd.conf", text).map_err(LabError::other)?)
                }
            };
            let mut process = Process::start("postsrsd", PACKAGE, command, state).map_err(LabError::other)?;
            let listen = asked.sockets().map(|at| process.listens(at));
            let ready = until(async || listen.iter().all(|listens| listens()).then_some(()));
            match process.ready(PATIENCE, ready).await {
                Ok(()) => return Ok(Self { _process: process, asked }),
                Err(ProcessError::Ended { .. }) if tries > 0 => {}
                Err(error) => return Err(LabError::other(error)),
            }
        }
    }

    /// The settings that make Postfix ask it.
    pub(super) fn settings(&self) -> MainCf {
        self.asked.settings()
    }
}

impl Generation {
    /// What this program is.
    ///
    /// # Errors
    /// When it is not installed.
    async fn of(program: &Path) -> Result<Self, LabError> {
        let mut command = Command::new(program);
        command.arg("-v").stdin(Stdio::null()).kill_on_drop(true);
        let said = match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) => [output.stdout, output.stderr].concat(),
            Ok(Err(source)) if source.kind() == io::ErrorKind::NotFound => {
                let program = program.to_owned();
                return Err(LabError::other(ProcessError::Missing { program, package: PACKAGE }));
            }
            Ok(Err(source)) => return Err(LabError::other(ProcessError::Start { program: program.into(), source })),
            Err(_) => return Err(LabError::Other(format!("{} -v did not end", program.display()))),
        };
        Self::by(&String::from_utf8_lossy(&said)).map_err(LabError::Other)
    }

    /// What says this of its version.
    fn by(said: &str) -> Result<Self, String> {
        match Version::find(said) {
            Some(Version(1, ..)) => Ok(Self::Options),
            Some(Version(2, ..)) => Ok(Self::File),
            Some(other) => Err(format!("company.srs needs postsrsd 1 or 2, this is {other}")),
            None => Err(format!("company.srs needs postsrsd 1 or 2; `postsrsd -v` says no version: {}", said.trim())),
        }
    }
}

impl Asked {
    /// The sockets where it listens.
    fn sockets(&self) -> [SocketAddr; 2] {
        match self.generation {
            Generation::Options => [self.forward, self.reverse],
            Generation::File => [self.forward; 2],
        }
    }

    /// The options of version 1.
    fn options(&self, domain: &str, secret: &Path, user: Option<&str>) -> Vec<String> {
        let Self { forward, reverse, .. } = self;
        let mut options = vec![
            "-4".to_owned(),
            format!("-s{}", secret.display()),
            format!("-d{domain}"),
            format!("-X{domain}"),
            format!("-l{}", forward.ip()),
            format!("-f{}", forward.port()),
            format!("-r{}", reverse.port()),
        ];
        options.extend(user.map(|user| format!("-u{user}")));
        options
    }

    /// The configuration file of version 2.
    fn file(&self, domain: &str, secret: &Path, user: Option<&str>) -> String {
        let user = user.map(|user| format!("unprivileged-user = \"{user}\"\n")).unwrap_or_default();
        format!(
            "domains = {{\"{domain}\"}}\nsecrets-file = \"{}\"\nsocketmap = \"inet:{}\"\nchroot-dir = \"\"\n{user}",
            secret.display(),
            self.forward
        )
    }

    fn settings(&self) -> MainCf {
        let (forward, reverse) = match self.generation {
            Generation::Options => (format!("tcp:{}", self.forward), format!("tcp:{}", self.reverse)),
            Generation::File => {
                (format!("socketmap:inet:{}:forward", self.forward), format!("socketmap:inet:{}:reverse", self.forward))
            }
        };
        MainCf::from_iter([
            ("sender_canonical_maps", forward),
            ("sender_canonical_classes", "envelope_sender".to_owned()),
            ("recipient_canonical_maps", reverse),
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
    let any = (Ipv4Addr::LOCALHOST, 0);
    let (one, two) = tokio::try_join!(TcpListener::bind(any), TcpListener::bind(any))?;
    Ok((one.local_addr()?, two.local_addr()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_is_started_and_asked_in_its_own_way() {
        for (said, generation) in [
            ("1.10\n", Ok(Generation::Options)),
            ("1.12", Ok(Generation::Options)),
            ("postsrsd 2.0.8\n", Ok(Generation::File)),
            ("3.0", Err("company.srs needs postsrsd 1 or 2, this is 3.0".to_owned())),
            (
                "invalid option -- 'v'\n",
                Err("company.srs needs postsrsd 1 or 2; `postsrsd -v` says no version: invalid option -- 'v'"
                    .to_owned()),
            ),
        ] {
            assert_eq!(Generation::by(said), generation);
        }
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let asked = |generation| Asked { generation, forward: at(4001), reverse: at(4002) };
        let options = asked(Generation::Options).options("corp.example", Path::new("/s"), None).join(" ");
        assert_eq!(options, "-4 -s/s -dcorp.example -Xcorp.example -l127.0.0.1 -f4001 -r4002");
        let maps = |generation| {
            let settings = asked(generation).settings();
            ["sender_canonical_maps", "recipient_canonical_maps"].map(|name| settings.get(name).unwrap().to_owned())
        };
        assert_eq!(maps(Generation::Options), ["tcp:127.0.0.1:4001", "tcp:127.0.0.1:4002"]);
        let socketmap = ["socketmap:inet:127.0.0.1:4001:forward", "socketmap:inet:127.0.0.1:4001:reverse"];
        assert_eq!(maps(Generation::File), socketmap);
        let file = asked(Generation::File).file("corp.example", Path::new("/s"), Some("nobody"));
        let wanted = "domains = {\"corp.example\"}\nsecrets-file = \"/s\"\nsocketmap = \"inet:127.0.0.1:4001\"\n\
                      chroot-dir = \"\"\nunprivileged-user = \"nobody\"\n";
        assert_eq!(file, wanted);
    }
}
