//! What a person says about a lab, beside its knobs.

use super::embedded::{Ports, parties::Company};
use std::path::PathBuf;

/// How a lab is built. By default everything is ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The ports of the embedded servers.
    pub ports: Ports,
    /// The company that forwards; ours, `corp.example`, by default.
    pub company: Option<Company>,
    /// A zone file with records of the company's domain, for the lab's DNS: what `rspamadm dkim_keygen` prints, for example.
    pub company_dns: Option<PathBuf>,
    /// The rspamd to start; the one on the PATH by default. `rspamadm` is looked for beside it first.
    pub rspamd_bin: Option<PathBuf>,
    /// The person's own `local.d`, whose settings rspamd runs with. It is read and never written to.
    pub rspamd_local_d: Option<PathBuf>,
    /// The person's own `main.cf`, whose settings Postfix runs with. It is read and never written to.
    pub postfix_main_cf: Option<PathBuf>,
}
