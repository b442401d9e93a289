//! Is it ready before we send? On the server: the settings of rspamd and Postfix, the keys that rspamd seals with, and what
//! DNS says of them. Where scenarios are run: accounts, logins and the way there. Changes nothing.

mod dns;
mod finding;
mod lab_programs;
mod postfix;
mod preflight;
mod program_output;
mod rspamd;

pub use finding::{Finding, Report, Status};
pub use lab_programs::lab_programs;
pub use preflight::{Preflight, is_key};

use crate::verify::Dns;
use program_output::ProgramError;
use std::{collections::BTreeSet, net::IpAddr, path::PathBuf};

/// What is looked at.
#[derive(Clone)]
pub struct DoctorOptions {
    /// rspamd's administration program.
    pub rspamadm: String,
    /// The folder `local.d` to look at instead of the one in use.
    pub rspamd_local_d: Option<PathBuf>,
    /// The program that shows Postfix's settings.
    pub postconf: String,
    /// The `main.cf` to look at instead of the one in use.
    pub postfix_main_cf: Option<PathBuf>,
    /// The domains whose mail is forwarded.
    pub domains: Vec<String>,
    /// The addresses that the server sends from; when there are none, those of its name.
    pub addresses: Vec<IpAddr>,
    /// Where DNS is asked.
    pub dns: Dns,
}

/// Looks at what is named: rspamd, Postfix, or both as they are on this machine; and at DNS.
pub async fn examine(options: &DoctorOptions) -> Report {
    let mut report = Report::default();
    let (local_d, main_cf) = (options.rspamd_local_d.is_some(), options.postfix_main_cf.is_some());
    let rspamd = if local_d || !main_cf { Some(rspamd::look(options).await) } else { None };
    let postfix = if main_cf || !local_d { Some(postfix::look(options).await) } else { None };
    if let (Some(Err(ProgramError::Missing(_))), Some(Err(ProgramError::Missing(_))), false) =
        (&rspamd, &postfix, local_d)
    {
        let next = "run it on the server, or name its settings with --rspamd-local-d and --postfix-main-cf";
        report.unknown("server", "neither rspamd nor Postfix is here", next);
    } else {
        match &rspamd {
            Some(Ok(seen)) => seen.judge(options, &mut report).await,
            Some(Err(error)) => error.report("rspamd", local_d, &mut report),
            None => {}
        }
        let rspamd = rspamd.as_ref().and_then(|r| r.as_ref().ok());
        match &postfix {
            Some(Ok(seen)) => seen.judge(rspamd, !main_cf, &mut report).await,
            Some(Err(error)) => error.report("postfix", main_cf, &mut report),
            None => {}
        }
    }
    let host = postfix.and_then(Result::ok).and_then(|p| p.get("myhostname").map(str::to_owned));
    let domains: BTreeSet<String> = options.domains.iter().map(|d| d.to_ascii_lowercase()).collect();
    dns::look(&options.dns, &domains, &options.addresses, host.as_deref(), &mut report).await;
    report
}
