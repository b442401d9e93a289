//! Arguments about the company's server in a lab, shared by `run` and `lab up`.

use super::value_args::time;
use crate::{
    cli::CliError,
    lab::{
        Settings,
        embedded::{Ports, hosts::Company},
    },
    target::TargetKind,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The company's server in a lab.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Company server of the lab")]
pub(super) struct CompanyArgs {
    /// The company's address that scenarios write to; info@corp.example when none is given
    #[arg(long, value_name = "ADDRESS", value_parser = company)]
    company: Option<Company>,
    /// Publish the records of this zone file in the lab's DNS, for example what `rspamadm dkim_keygen` printed
    #[arg(long, value_name = "FILE")]
    company_dns: Option<PathBuf>,
    /// The rspamd to start [default: the one on the PATH]
    #[arg(long, value_name = "PATH")]
    rspamd_bin: Option<PathBuf>,
    /// How long rspamd may take to start, for example 3m [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = time)]
    rspamd_timeout: Option<Duration>,
    /// Run rspamd with the settings of this local.d, which is only read
    #[arg(long, value_name = "DIR")]
    rspamd_local_d: Option<PathBuf>,
    /// Run Postfix with the settings of this main.cf, which is only read
    #[arg(long, value_name = "FILE")]
    postfix_main_cf: Option<PathBuf>,
}

impl CompanyArgs {
    /// What a lab of this kind is to be.
    ///
    /// # Errors
    /// When an option has no effect on this target, or names no file that is there.
    pub(in crate::cli) fn settings(&self, target: TargetKind, ports: Ports) -> Result<Settings, CliError> {
        let rspamd = matches!(target, TargetKind::Rspamd | TargetKind::Postfix);
        let options = [
            ("--company", self.company.is_some(), target.is_lab(), "embedded, rspamd and postfix"),
            ("--company-dns", self.company_dns.is_some(), rspamd, "rspamd and postfix"),
            ("--rspamd-bin", self.rspamd_bin.is_some(), rspamd, "rspamd and postfix"),
            ("--rspamd-timeout", self.rspamd_timeout.is_some(), rspamd, "rspamd and postfix"),
            ("--rspamd-local-d", self.rspamd_local_d.is_some(), rspamd, "rspamd and postfix"),
            ("--postfix-main-cf", self.postfix_main_cf.is_some(), target == TargetKind::Postfix, "postfix"),
        ];
        if let Some((option, .., where_it_has)) = options.iter().find(|(_, given, effect, _)| *given && !effect) {
            return Err(CliError::Usage(format!(
                "{option} has no effect on target {target}; it is for {where_it_has}: choose with --target"
            )));
        }
        let there = [
            ("--company-dns", &self.company_dns, "file", Path::is_file as fn(&Path) -> bool),
            ("--rspamd-local-d", &self.rspamd_local_d, "directory", Path::is_dir),
            ("--postfix-main-cf", &self.postfix_main_cf, "file", Path::is_file),
        ];
        for (option, path, what, is_there) in there {
            if let Some(path) = path.as_ref().filter(|path| !is_there(path)) {
                return Err(CliError::Usage(format!("{option} {}: there is no such {what}", path.display())));
            }
        }
        Ok(Settings {
            google: None,
            staging: None,
            ports,
            company: self.company.clone(),
            company_dns: self.company_dns.clone(),
            rspamd_bin: self.rspamd_bin.clone(),
            rspamd_timeout: self.rspamd_timeout,
            rspamd_local_d: self.rspamd_local_d.clone(),
            user_config: None,
            postfix_main_cf: self.postfix_main_cf.clone(),
        })
    }
}

fn company(text: &str) -> Result<Company, String> {
    let wrong = "write an address such as info@company.example, not at a domain of the lab's other parties";
    Company::with_address(text).ok_or_else(|| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_without_effect_are_mistakes() {
        let wrong = |args: CompanyArgs, target| args.settings(target, Ports::default()).unwrap_err().to_string();
        let bin = CompanyArgs { rspamd_bin: Some("rspamd".into()), ..CompanyArgs::default() };
        assert_eq!(
            wrong(bin.clone(), TargetKind::Embedded),
            "--rspamd-bin has no effect on target embedded; it is for rspamd and postfix: choose with --target"
        );
        assert!(bin.settings(TargetKind::Rspamd, Ports::default()).is_ok());
        let main_cf = CompanyArgs { postfix_main_cf: Some("/etc/passwd".into()), ..CompanyArgs::default() };
        assert!(wrong(main_cf.clone(), TargetKind::Rspamd).contains("it is for postfix"));
        assert!(main_cf.settings(TargetKind::Postfix, Ports::default()).is_ok());
        let local_d = CompanyArgs { rspamd_local_d: Some("/etc/passwd".into()), ..CompanyArgs::default() };
        assert_eq!(wrong(local_d, TargetKind::Rspamd), "--rspamd-local-d /etc/passwd: there is no such directory");
        let company = CompanyArgs { company: Company::with_address("a@firm.example"), ..CompanyArgs::default() };
        assert!(wrong(company, TargetKind::Gmail).starts_with("--company has no effect"));
    }
}
