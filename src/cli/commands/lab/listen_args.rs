//! `lab up --listen 0.0.0.0`.

use crate::{cli::CliError, lab::embedded::Reach};
use std::net::IpAddr;

/// Who reaches the lab.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Other machines [default: only this one reaches the lab]")]
pub(super) struct ListenArgs {
    /// Let every server listen at this address instead of 127.0.0.1; 0.0.0.0 is every address of this machine
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// The name or address by which others reach this machine, in what is printed and written and in the servers'
    /// certificate [default: the address of --listen]
    #[arg(long, value_name = "HOST", env = "SEALCHECK_LAB_ADVERTISE", requires = "listen")]
    advertise: Option<String>,
}

impl ListenArgs {
    /// How others reach the lab; `None` where only this machine does.
    pub(super) async fn reach(&self) -> Result<Option<Reach>, CliError> {
        let Some(listen) = self.listen else { return Ok(None) };
        let host = match &self.advertise {
            Some(host) => host.clone(),
            None if listen.is_unspecified() => {
                let problem = format!("--listen {listen} is every address of this machine");
                return Err(CliError::Usage(format!("{problem}; say with --advertise by which one others reach it")));
            }
            None => listen.to_string(),
        };
        let address = match host.parse::<IpAddr>() {
            Ok(address) if address.is_unspecified() => {
                return Err(CliError::Usage(format!("--advertise {host}: nobody can be reached at this address")));
            }
            Ok(address) => address,
            Err(_) if !is_host_name(&host) => {
                let help = "write a host name or an IP address, without a port";
                return Err(CliError::Usage(format!("--advertise {host}: {help}")));
            }
            Err(_) => resolve(&host, listen).await.map_err(|why| {
                let next = "give the name that others find this machine by, or its address";
                CliError::Inconclusive(format!("--advertise {host}: {why}; {next}"))
            })?,
        };
        Ok(Some(Reach { listen, host, address }))
    }
}

/// RFC 1123 §2.1, and the underscores of container names.
fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

/// The address of a name, one that is reached where we listen.
async fn resolve(host: &str, listen: IpAddr) -> Result<IpAddr, String> {
    let found = tokio::net::lookup_host((host, 0)).await;
    let mut found = found.map_err(|e| format!("the name has no address here: {e}"))?.map(|at| at.ip());
    // At `::` IPv4 is reached too.
    let reached = found.find(|address| listen.is_ipv6() || address.is_ipv4());
    reached.ok_or_else(|| "the name has no IPv4 address here".to_owned())
}
