//! What `rspamadm` is asked.

use super::{PACKAGE, RspamdError};
use crate::{
    core::sandbox,
    lab::{
        embedded::dns::zone_file,
        process::{PATIENCE, ProcessError, User},
    },
};
use std::{
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};
use tokio::process::Command;

/// The database of Debian's rspamd.
pub(super) const DATABASE: &str = "/var/lib/rspamd";

/// `rspamadm`: beside the rspamd that a person names, otherwise on the PATH.
fn rspamadm(rspamd: Option<&Path>) -> PathBuf {
    let beside = rspamd.and_then(Path::parent).map(|directory| directory.join("rspamadm"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("rspamadm"))
}

/// Runs `rspamadm` to its end. As root it would write to the database of the machine's own rspamd, whatever it is asked.
pub(super) async fn run(rspamd: Option<&Path>, arguments: &[&str]) -> Result<Output, RspamdError> {
    let program = rspamadm(rspamd);
    if User::is_root() && Path::new(DATABASE).is_dir() {
        let [unshare, words @ ..] = sandbox::read_only(DATABASE);
        let mut command = Command::new(unshare);
        command.args(words).arg(&program).args(arguments);
        let output = to_its_end(command, arguments).await?;
        if let Ok(output) = output
            && !sandbox::was_not_run(output.status.code(), &output.stderr)
        {
            return Ok(output);
        }
    }
    let mut command = Command::new(&program);
    command.args(arguments);
    let output = to_its_end(command, arguments).await?;
    Ok(output.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ProcessError::Missing { program, package: PACKAGE },
        _ => ProcessError::Start { program, source },
    })?)
}

/// The output of a command that was asked this; the inner error is that it cannot be started.
async fn to_its_end(mut command: Command, arguments: &[&str]) -> Result<io::Result<Output>, RspamdError> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    output.map_err(|_| RspamdError::Admin(format!("`{}` did not end", arguments.join(" "))))
}

/// Makes a key of 2048 bits with `rspamadm dkim_keygen` and writes it to `file`; the text that is to be published for it,
/// as rspamadm prints it. `rspamd` is the program beside which rspamadm is looked for.
///
/// # Errors
/// When rspamadm is missing, makes no key, or prints no record.
pub(crate) async fn keygen(
    rspamd: Option<&Path>,
    selector: &str,
    domain: &str,
    file: &Path,
) -> Result<String, RspamdError> {
    let file = file.to_string_lossy();
    let output = run(rspamd, &["dkim_keygen", "-s", selector, "-b", "2048", "-d", domain, "-k", &file]).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = |why: String| RspamdError::Admin(format!("dkim_keygen for {selector}._domainkey.{domain}: {why}"));
    if !output.status.success() {
        return Err(failed(format!("{said}{}", String::from_utf8_lossy(&output.stderr)).trim().to_owned()));
    }
    let records = zone_file::read(&said, domain).map_err(|error| failed(error.to_string()))?;
    let record = records.into_iter().find(|record| record.name == format!("{selector}._domainkey.{domain}"));
    record.and_then(|record| record.text()).ok_or_else(|| failed("it printed no TXT record".to_owned()))
}
