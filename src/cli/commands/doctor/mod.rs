//! `sealcheck doctor`: is all ready before anything is sent?

mod target;
mod test_mail;

use super::value_args::ValueArgs;
use crate::{
    cli::{CliError, CommandResult, Context, Format, Global, Project, block_on, pretty, print},
    core::{Redactor, file},
    doctor::{DoctorOptions, Report, Status, examine},
    outcome::ExitCode,
    target::TargetKind,
    verify::{Dns, ZoneFile},
};
use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// With --target: look at the accounts of these scenarios alone: files, folders, ids or globs of either
    #[arg(value_name = "PATH|ID|GLOB", requires = "target")]
    what: Vec<String>,
    /// Look at what a run on this target needs, in place of the server: accounts, logins, folders, the way there, DNS
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["rspamd_local_d", "postfix_main_cf", "domains", "addresses"])]
    target: Option<TargetKind>,
    /// With --target: send one mail to the company too, see where it arrives, and delete it
    #[arg(long, requires = "target")]
    send: bool,
    /// With --target: look at this key too, SELECTOR._domainkey.DOMAIN; repeatable
    #[arg(long = "key", value_name = "NAME", requires = "target")]
    keys: Vec<String>,
    /// Look at rspamd with this folder in place of its own local.d
    #[arg(long, value_name = "DIR")]
    rspamd_local_d: Option<PathBuf>,
    /// Look at Postfix with this file in place of its own main.cf; a master.cf beside it counts too
    #[arg(long, value_name = "FILE")]
    postfix_main_cf: Option<PathBuf>,
    /// A domain whose mail is forwarded [default: those of accounts that forward, in the project file]; repeatable
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// An address that the server sends from [default: those of its name in DNS]; repeatable
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// Where DNS is asked: system, a server's address with its port, or a zone file [default: `dns` of the project file]
    #[arg(long, value_name = "system|IP:PORT|ZONEFILE")]
    dns: Option<String>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    values: ValueArgs,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &DoctorArgs) -> CommandResult {
    block_on(doctor(context, global, args))
}

async fn doctor(context: &Context, global: &Global, args: &DoctorArgs) -> CommandResult {
    let project = Project::find(context, global, &args.values.set)?;
    let redactor = Redactor::new();
    let report = match args.target {
        Some(kind) => target::examine(context, &project, args, kind, &redactor).await?,
        None => server(&project, args).await?,
    };
    let text = match args.format {
        Format::Text => report.checks.iter().map(|check| format!("{check}\n")).collect(),
        Format::Json => pretty(&report)?,
    };
    print(&redactor.text(&text))?;
    Ok(exit(&report))
}

/// Looks at the server on this machine, or at the settings that are named.
async fn server(project: &Project, args: &DoctorArgs) -> Result<Report, CliError> {
    let domains = domains(project, args);
    let options = DoctorOptions {
        rspamadm: "rspamadm".to_owned(),
        rspamd_local_d: args.rspamd_local_d.clone(),
        postconf: "postconf".to_owned(),
        postfix_main_cf: args.postfix_main_cf.clone(),
        dns: dns(args.dns.as_deref(), project.config.dns, &domains)?,
        domains,
        addresses: args.addresses.clone(),
    };
    for path in [&options.rspamd_local_d, &options.postfix_main_cf].into_iter().flatten() {
        fs::metadata(path).map_err(|e| CliError::Usage(format!("cannot look at {}: {e}", path.display())))?;
    }
    Ok(examine(&options).await)
}

/// A failure counts before what could not be looked at.
fn exit(report: &Report) -> ExitCode {
    match report.worst() {
        Status::Ok | Status::Skip | Status::Warn => ExitCode::Success,
        Status::Unknown => ExitCode::Inconclusive,
        Status::Fail => ExitCode::Failed,
    }
}

/// The domains whose mail is forwarded.
fn domains(project: &Project, args: &DoctorArgs) -> Vec<String> {
    if args.domains.is_empty() { project.config.forwarders() } else { args.domains.clone() }
}

/// Where DNS is asked. In a zone file, names are below the domain where there is one alone.
fn dns(typed: Option<&str>, project: Option<SocketAddr>, domains: &[String]) -> Result<Dns, CliError> {
    let given = |address: Option<SocketAddr>| {
        address.map_or_else(Dns::system, Dns::server).map_err(|e| CliError::Inconclusive(e.to_string()))
    };
    match typed {
        None => given(project),
        Some("system") => given(None),
        Some(text) => match text.parse() {
            Ok(address) => given(Some(address)),
            Err(_) => {
                let file = file::open_whole(Path::new(text)).and_then(io::read_to_string);
                let file = file.map_err(|e| CliError::Usage(format!("cannot read {text}: {e}")))?;
                let zone = match domains {
                    [domain] => ZoneFile::parse_of(&file, domain),
                    _ => ZoneFile::parse(&file),
                };
                zone.map(Dns::zone).map_err(|e| CliError::Usage(format!("{text}: {e}")))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_counts_before_what_is_unknown() {
        let report = |statuses: &[&str]| -> Report {
            let mut report = Report::default();
            for status in statuses {
                let status = match *status {
                    "warn" => Status::Warn,
                    "unknown" => Status::Unknown,
                    "fail" => Status::Fail,
                    _ => Status::Ok,
                };
                let (check, text) = ("c".to_owned(), "t".to_owned());
                report.checks.push(crate::doctor::Finding { check, status, code: None, text, next: None });
            }
            report
        };
        assert_eq!(exit(&report(&["ok", "warn"])), ExitCode::Success);
        assert_eq!(exit(&report(&["ok", "unknown"])), ExitCode::Inconclusive);
        assert_eq!(exit(&report(&["fail", "unknown"])), ExitCode::Failed);
    }
}
