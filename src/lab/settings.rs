//! What a person says about a lab, beside its knobs.

use super::{
    LabError, UserConfig,
    embedded::{GoogleSettings, Ports, hosts::Company},
};
use crate::target::Staging;
use std::{path::PathBuf, time::Duration};

/// How a lab is built. By default everything is ours.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// For target staging: the person's servers.
    pub staging: Option<Staging>,
    /// The ports of the embedded servers.
    pub ports: Ports,
    /// How Google gives access tokens, where accounts log in with refresh tokens; with passwords by default.
    pub google: Option<GoogleSettings>,
    /// The company that forwards; ours, `corp.example`, by default.
    pub company: Option<Company>,
    /// A zone file with records of the company's domain, for the lab's DNS: what `rspamadm dkim_keygen` prints, for example.
    pub company_dns: Option<PathBuf>,
    /// The rspamd to start; the one on the PATH by default. `rspamadm` is looked for beside it first.
    pub rspamd_bin: Option<PathBuf>,
    /// How long rspamd may take to be ready; a minute by default.
    pub rspamd_timeout: Option<Duration>,
    /// The person's own `local.d`, whose settings rspamd runs with. It is read and never written to.
    pub rspamd_local_d: Option<PathBuf>,
    /// What that `local.d` says; reading the settings fills it in.
    pub user_config: Option<UserConfig>,
    /// The person's own `main.cf`, whose settings Postfix runs with. It is read and never written to.
    pub postfix_main_cf: Option<PathBuf>,
}

impl Settings {
    /// Reads the person's own `local.d`, where there is one: the company, unless it is known, is at the first domain that
    /// `arc.conf` names.
    ///
    /// # Errors
    /// When `rspamadm` is missing, or a key file is closed to this user but would be open to rspamd's.
    pub(crate) async fn read(mut self) -> Result<Self, LabError> {
        #[cfg(target_os = "linux")]
        if let (Some(local_d), None) = (&self.rspamd_local_d, &self.user_config) {
            let company = self.company.as_ref().map(|company| company.domain.as_str());
            let rspamd = self.rspamd_bin.as_deref();
            let config = super::rspamd::read_local_d(local_d, rspamd, company, self.company_dns.is_none()).await?;
            let named = config.domains.iter().find_map(|domain| Company::with_address(&format!("info@{domain}")));
            self.company = self.company.or(named);
            self.user_config = Some(config);
        }
        Ok(self)
    }
}
