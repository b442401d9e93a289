//! The world of target `rspamd`: the embedded one, whose forwarder asks rspamd for the seal.

use super::{ArcKey, Config, PACKAGE, Rspamd, RspamdError, keygen, screen::RspamdScreen};
use crate::{
    lab::{
        Lab, LabError, Settings,
        embedded::{
            CompanyServer, Parts, World,
            keys::Keys,
            parties::{COMPANY_ARC_SELECTOR, COMPANY_DKIM_SELECTOR, Company},
        },
        process::{ProcessError, StateDir},
    },
    scenario::{Knobs, TargetKind, knobs::ArcSealing},
};
use std::sync::Arc;

/// Starts it.
///
/// # Errors
/// When rspamd is missing or does not start, or a port is taken.
pub async fn world(knobs: &Knobs, settings: &Settings) -> Result<Lab, LabError> {
    let company = settings.company.clone().unwrap_or_default();
    let state = StateDir::create().map_err(RspamdError::from)?;
    let sealing = Sealing::prepare(knobs, &company, settings, &state).await?;
    let dns = World::dns_of(knobs, &company, &sealing.record, settings.ports.dns).await?;
    let config = Config { dns: dns.address(), key: sealing.key };
    let rspamd = Rspamd::start(settings.rspamd_bin.as_deref(), &config, &state).await?;
    let screen = RspamdScreen::new(rspamd.client(), &company.host);
    let server = CompanyServer::Screened(Arc::new(screen));
    let world = World::assemble(knobs, Parts { ports: settings.ports.clone(), company, dns, server }).await?;
    let logs = vec![rspamd.log().to_path_buf()];
    Ok(Lab::of(TargetKind::Rspamd, world, logs, vec![Box::new(rspamd)]))
}

/// What the company seals with, as its knobs say.
pub struct Sealing {
    /// The key for rspamd, in the state directory.
    pub key: Option<ArcKey>,
    /// The text that publishes the company's key for ARC alone.
    pub record: String,
}

impl Sealing {
    /// Writes the key that the knobs name into the state directory, where rspamd can read it: the company's DKIM key, or a
    /// new one made by `rspamadm dkim_keygen`.
    ///
    /// # Errors
    /// When `rspamadm` is missing or makes no key, or the directory cannot be written.
    pub async fn prepare(
        knobs: &Knobs,
        company: &Company,
        settings: &Settings,
        state: &StateDir,
    ) -> Result<Self, LabError> {
        let keys = Keys::load().map_err(|e| LabError::Other(e.to_string()))?;
        let user = Rspamd::user()?;
        let directory = state.directory("keys", user.as_ref()).map_err(RspamdError::from)?;
        let (selector, path, record) = match knobs.company.arc {
            ArcSealing::Off => return Ok(Self { key: None, record: keys.company_arc.record() }),
            ArcSealing::ReusedKey => {
                let path = state.write_private("keys/dkim.private", keys.company_dkim.pem(), user.as_ref());
                (COMPANY_DKIM_SELECTOR, path.map_err(RspamdError::from)?, keys.company_arc.record())
            }
            ArcSealing::DedicatedKey => {
                let path = directory.join("arc.private");
                let binary = settings.rspamd_bin.as_deref();
                let record = keygen(binary, COMPANY_ARC_SELECTOR, &company.domain, &path).await?;
                state.give(&path, user.as_ref()).map_err(RspamdError::from)?;
                (COMPANY_ARC_SELECTOR, path, record)
            }
        };
        let key = ArcKey { domain: company.domain.clone(), selector: selector.to_owned(), path };
        Ok(Self { key: Some(key), record })
    }
}

impl From<RspamdError> for LabError {
    fn from(error: RspamdError) -> Self {
        let next = match &error {
            RspamdError::Process(ProcessError::Missing { .. }) | RspamdError::NoUser => {
                format!("apt-get install {PACKAGE}, or name the program with --rspamd-bin")
            }
            RspamdError::Process(ProcessError::NotReady { .. }) => "try again when the machine is less busy".to_owned(),
            _ => "correct what rspamd says".to_owned(),
        };
        Self::Program { what: error.to_string(), next }
    }
}
