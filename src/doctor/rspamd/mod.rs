//! rspamd: does it take its settings, what do they say of ARC, and can it use its keys?

mod arc_settings;
mod file_access;
mod identity;
mod known_defects;
mod signing_key;

pub(crate) use identity::Identity;

use super::{
    DoctorOptions, Report,
    program_output::{ProgramError, ProgramOutput, run},
};
use crate::{
    catalogue::Cause,
    core::{Version, rspamadm, sandbox},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The database of Debian's rspamd.
const DATABASE: &str = "/var/lib/rspamd";

/// rspamd's settings as it reads them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RspamdSettings {
    /// Its version, where it says one.
    pub(crate) version: Option<Version>,
    /// Why it does not take its configuration.
    pub(crate) refused: Option<String>,
    /// Section `arc`.
    pub(crate) arc: Value,
    /// Section `actions`.
    pub(crate) actions: Value,
    /// Section `options`.
    pub(crate) options: Value,
    /// Who it runs as.
    pub(crate) user: Option<Identity>,
}

/// Asks rspamd for its settings.
///
/// # Errors
/// When there is no rspamd, or it says nothing.
pub(crate) async fn look(options: &DoctorOptions) -> Result<RspamdSettings, ProgramError> {
    // The folder is only linked to: nothing is written beside it.
    let folder = options.rspamd_local_d.as_deref().map(linked).transpose().map_err(ProgramError::Silent)?;
    let variable = folder.as_ref().map(|dir| format!("--var=LOCAL_CONFDIR={}", dir.path().display()));
    let ask = async |arguments: &[&str]| {
        let all: Vec<&str> = variable.as_deref().into_iter().chain(arguments.iter().copied()).collect();
        untouched(&options.rspamadm, &all).await
    };
    let version = Version::find(&ask(&["--version"]).await?.stdout);
    let user = identity::rspamd();
    let test = ask(&["configtest"]).await?;
    if !test.succeeded {
        let complaint = rspamadm::complaint(&test.stdout, &test.stderr);
        let why = complaint.lines().next().unwrap_or("syntax BAD").to_owned();
        return Ok(RspamdSettings { version, user, refused: Some(why), ..RspamdSettings::default() });
    }
    let dump = ask(&["configdump", "-j", "arc", "actions", "options"]).await?;
    let Ok([arc, actions, options]) = <[Value; 3]>::try_from(rspamadm::sections(&dump.stdout)) else {
        let said = rspamadm::complaint(&dump.stdout, &dump.stderr);
        return Err(ProgramError::Silent(format!(
            "`rspamadm configdump -j arc actions options` lacks one of them: {said}"
        )));
    };
    Ok(RspamdSettings { version, refused: None, arc, actions, options, user })
}

/// Asks rspamadm, which as root would write to rspamd's database, whatever it is asked.
async fn untouched(rspamadm: &str, arguments: &[&str]) -> Result<ProgramOutput, ProgramError> {
    if identity::is_root() && Path::new(DATABASE).is_dir() {
        let [unshare, words @ ..] = sandbox::read_only(DATABASE);
        let words = [&words[..], &[rspamadm], arguments].concat();
        if let Ok(said) = run(unshare, &words).await
            && !sandbox::was_not_run(said.code, said.stderr.as_bytes())
        {
            return Ok(said);
        }
    }
    run(rspamadm, arguments).await
}

/// A folder whose `local.d` is this one, and whose `override.d` is the one beside it.
fn linked(local_d: &Path) -> Result<tempfile::TempDir, String> {
    let told = |e: std::io::Error| format!("{} cannot be looked at: {e}", local_d.display());
    let local_d = fs::canonicalize(local_d).map_err(told)?;
    if !local_d.is_dir() {
        return Err(format!("{} is no folder", local_d.display()));
    }
    let dir = tempfile::tempdir().map_err(told)?;
    link(&local_d, &dir.path().join("local.d")).map_err(told)?;
    let beside: Option<PathBuf> = local_d.parent().map(|p| p.join("override.d")).filter(|p| p.is_dir());
    if let Some(beside) = beside {
        link(&beside, &dir.path().join("override.d")).map_err(told)?;
    }
    Ok(dir)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("rspamd runs on Unix"))
}

impl RspamdSettings {
    /// Says what its settings come to for these domains.
    pub(super) async fn judge(&self, options: &DoctorOptions, report: &mut Report) {
        known_defects::judge(self, report);
        if let Some(why) = &self.refused {
            report.fail("rspamd.configtest", Cause::A17, why, "correct the file; until then rspamd does not start");
            return;
        }
        report.ok("rspamd.configtest", "rspamd takes its configuration");
        if arc_settings::are_nested(self, report) {
            return;
        }
        arc_settings::settings(self, report);
        for key in arc_settings::keys(self, &options.domains, report) {
            signing_key::judge(&key, self.user.as_ref(), &options.dns, report).await;
        }
    }

    /// A setting of section `arc` that is on.
    fn is_on(&self, name: &str) -> bool {
        self.arc[name].as_bool().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    pub(super) const SENDER: &str = include_str!("../../lab/embedded/keys/sender.pem");
    pub(super) const OTHER: &str = include_str!("../../lab/embedded/keys/other.pem");

    /// The TXT record of a key.
    pub(super) fn record(pem: &str) -> String {
        crate::core::private_key::record(pem).unwrap()
    }
}
