//! The world of target `postfix`: the embedded one, with Postfix and rspamd as the company's server.

use super::{
    front::Front,
    instance::{Postfix, Setup},
    main_cf::Neighbours,
};
use crate::{
    lab::{
        Lab, LabError, Settings,
        embedded::{
            CompanyServer, Elsewhere, Parts, Ports, World,
            parties::COMPANY_ADDRESS,
            pki::Pki,
            smtp_server::{Reply, SmtpListener, Transport},
        },
        process::StateDir,
        rspamd::{Config, Rspamd, Sealing},
    },
    scenario::{Knobs, TargetKind},
};
use std::{any::Any, fmt, net::IpAddr};

/// Starts it.
///
/// # Errors
/// When this is not root, Postfix or rspamd is missing or does not start, or a port is taken.
pub(in crate::lab) async fn world(knobs: &Knobs, settings: &Settings) -> Result<Lab, LabError> {
    Postfix::may_start()?;
    let settings = &settings.clone().read().await?;
    let company = settings.company.clone().unwrap_or_default();
    let reject = knobs.company.reject.as_deref().map(Reply::refusal).transpose().map_err(other)?;
    let pki = Pki::of_world(&company).map_err(other)?;
    let state = StateDir::create().map_err(other)?;
    let sealing = Sealing::prepare(knobs, &company, settings, &state).await?;
    let dns = World::dns_of(knobs, &company, &sealing.record, settings.ports.dns).await?;
    sealing.publish(&dns);
    let config = Config { dns: dns.address(), rules: sealing.rules };
    let rspamd = Rspamd::start(settings.rspamd_bin.as_deref(), &config, &state).await?;

    // Here every client is the company.
    let exit = || SmtpListener::bind(0, Transport::From(IpAddr::V4(COMPANY_ADDRESS), pki.acceptor()));
    let (to_gmail, to_external) = tokio::try_join!(exit(), exit()).map_err(other)?;
    let front = Front::bind(settings.ports.company_mx).await?;
    let setup = Setup {
        company: &company,
        knobs: &knobs.company,
        reject: reject.as_ref(),
        neighbours: Neighbours { gmail: to_gmail.address(), external: to_external.address() },
        milter: rspamd.milter(),
        identity_pem: pki.identity_pem(),
        main_cf: settings.postfix_main_cf.as_deref(),
    };
    let postfix = Postfix::start(setup, &state).await?;
    let server = Elsewhere { parties: front.parties_at, public: front.public_at, to_gmail, to_external };
    let server = CompanyServer::Elsewhere(Box::new(server));
    let front = front.open(postfix.socket());
    // The company's port is that of the front.
    let ports = Ports { company_mx: 0, ..settings.ports.clone() };
    let world = World::assemble(knobs, Parts { ports, company, dns, server }).await?;
    let logs = vec![rspamd.log().to_path_buf(), postfix.log().to_path_buf()];
    let notes = [sealing.notes, postfix.notes().to_vec()].concat();
    let programs: Vec<Box<dyn Any + Send + Sync>> = vec![Box::new(front), Box::new(postfix), Box::new(rspamd)];
    Ok(Lab::of(TargetKind::Postfix, world, logs, programs).with_notes(notes))
}

fn other(error: impl fmt::Display) -> LabError {
    LabError::Other(error.to_string())
}
