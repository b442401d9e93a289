//! The world of target `rspamd`: the embedded one, whose forwarder asks rspamd for the seal.

use super::{Rspamd, RspamdConf, RspamdError, RspamdFaults, Sealing, filter::RspamdFilter};
use crate::{
    lab::{
        Lab, LabError, ServerProgram, Settings,
        embedded::{CompanyServer, Parts, World},
        process::StateDir,
    },
    target::{Knobs, TargetKind},
};
use std::sync::Arc;

/// Starts it.
///
/// # Errors
/// When rspamd is missing or does not start, or a port is taken.
pub(crate) async fn world(knobs: &Knobs, settings: &Settings) -> Result<Lab, LabError> {
    let settings = &settings.clone().read().await?;
    if let Some(problem) = settings.user_config.as_ref().and_then(|own| own.problem.clone()) {
        return Err(LabError::Configuration { program: ServerProgram::Rspamd, said: problem });
    }
    let company = settings.company.clone().unwrap_or_default();
    let state = StateDir::create().map_err(RspamdError::from)?;
    let sealing = Sealing::prepare(TargetKind::Rspamd, knobs, &company, settings, &state).await?;
    let dns = World::dns_of(knobs, &company, &sealing.record, &settings.ports).await?;
    sealing.publish(&dns);
    let config = RspamdConf { dns: dns.address(), rules: sealing.rules };
    let rspamd = Rspamd::start(settings.rspamd_bin.as_deref(), settings.rspamd_timeout, &config, &state).await?;
    let filter = RspamdFilter::new(
        rspamd.client(),
        &company.host,
        RspamdFaults::of(&knobs.company, TargetKind::Rspamd).client(),
    );
    let server = CompanyServer::Filtered(Arc::new(filter));
    let (ports, google) = (settings.ports.clone(), settings.google.clone());
    let world = World::assemble(knobs, Parts { ports, company, dns, server, google }).await?;
    let logs = vec![rspamd.log().to_path_buf()];
    let version = rspamd.version();
    Ok(Lab::of(TargetKind::Rspamd, world, logs, vec![Box::new(rspamd)]).with_rspamd(version).with_notes(sealing.notes))
}
