//! The Postfix that is installed on this machine.

use crate::lab::LabError;
use std::{path::PathBuf, process::Stdio};
use tokio::process::Command;

/// The Debian package.
pub(super) const PACKAGE: &str = "postfix";
/// How to get what is missing.
const INSTALL: &str = "apt-get install postfix (answer \"No configuration\"; sealcheck needs no running service)";

/// Where its programs are and whose they are, as it was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installation {
    /// The directory of postconf, postqueue and the like.
    pub(super) commands: PathBuf,
    /// The directory of master.
    pub(super) daemons: PathBuf,
    /// The user that its daemons run as.
    pub(super) owner: String,
    /// The group of those who may submit mail on the command line.
    pub(super) group: String,
}

impl Installation {
    /// Asks postconf, which is looked for on the PATH and where Debian puts it.
    ///
    /// # Errors
    /// When Postfix is not installed or older than 3.5, which cannot do what the lab needs.
    pub(super) async fn find() -> Result<Self, LabError> {
        let names = ["command_directory", "daemon_directory", "mail_owner", "setgid_group", "mail_version"];
        let mut missing = None;
        for postconf in ["postconf", "/usr/sbin/postconf"] {
            let asked = Command::new(postconf).arg("-dh").args(names).stdin(Stdio::null()).output().await;
            match asked {
                Ok(output) => return Self::read(&String::from_utf8_lossy(&output.stdout)),
                Err(error) => missing = Some(error),
            }
        }
        let error = missing.map(|error| error.to_string()).unwrap_or_default();
        Err(LabError::Program {
            what: format!("target postfix needs Postfix, but postconf cannot be run: {error}"),
            next: INSTALL.to_owned(),
        })
    }

    fn read(answer: &str) -> Result<Self, LabError> {
        let mut lines = answer.lines().map(str::to_owned);
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let (Some(commands), Some(daemons), Some(owner), Some(group), Some(version)) =
            (next(), next(), next(), next(), next())
        else {
            return Err(LabError::Other(format!("postconf does not say where Postfix is; {INSTALL}")));
        };
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        if (numbers.next(), numbers.next()) < (Some(3), Some(5)) {
            return Err(LabError::Other(format!("target postfix needs Postfix 3.5 or newer, this is {version}")));
        }
        Ok(Self { commands: commands.into(), daemons: daemons.into(), owner, group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_postconf_is_read() {
        let found = Installation::read("/usr/sbin\n/usr/lib/postfix/sbin\npostfix\npostdrop\n3.7.11\n").unwrap();
        assert_eq!(found.daemons, PathBuf::from("/usr/lib/postfix/sbin"));
        assert_eq!((found.owner.as_str(), found.group.as_str()), ("postfix", "postdrop"));
        assert!(Installation::read("/a\n/b\np\nd\n3.10.1\n").is_ok());
        for (answer, said) in [("/a\n/b\np\nd\n3.4.23\n", "this is 3.4.23"), ("/a\n\n", "apt-get install postfix")] {
            let error = Installation::read(answer).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
