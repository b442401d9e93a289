//! The world of target `postfix`: the embedded one, with Postfix and rspamd as the company's server.

use super::{
    content_filter::SecondPass,
    instance::{Postfix, PostfixSetup},
    main_cf::{self, NextHops},
    proxy::Proxy,
};
use crate::{
    lab::{
        Lab, LabError, Settings,
        embedded::{
            CompanyServer, Parts, ProgramSockets, World,
            hosts::{COMPANY_ADDRESS, EXTERNAL_DOMAIN, GMAIL_DOMAIN},
            pki::Pki,
            smtp_server::{Reply, SmtpListener, Transport},
        },
        process::StateDir,
        rspamd::{Rspamd, RspamdConf, RspamdFaults, Sealing},
    },
    target::{Knobs, TargetKind, knobs::ServerFault},
};
use std::{any::Any, net::IpAddr};

/// Why rspamd does not run, if so: a knob says so, or it cannot use the person's configuration. Whether mail passes
/// without it is then for Postfix to say.
fn down(knobs: &Knobs, settings: &Settings) -> Option<String> {
    let problem = settings.user_config.as_ref().and_then(|own| own.problem.clone());
    problem.or_else(|| (knobs.company.server == ServerFault::Down).then(|| "rspamd does not run\n".to_owned()))
}

/// Starts it.
///
/// # Errors
/// When this is not root, Postfix or rspamd is missing or does not start, or a port is taken.
pub(in crate::lab) async fn world(knobs: &Knobs, settings: &Settings) -> Result<Lab, LabError> {
    Postfix::may_start()?;
    let settings = &settings.clone().read().await?;
    let company = settings.company.clone().unwrap_or_default();
    let reject = knobs.company.reject.as_deref().map(Reply::refusal).transpose().map_err(LabError::other)?;
    let pki = Pki::of_world(&company, settings.ports.reach.as_ref()).map_err(LabError::other)?;
    let state = StateDir::create().map_err(LabError::other)?;
    let sealing = Sealing::prepare(TargetKind::Postfix, knobs, &company, settings, &state).await?;
    let dns = World::dns_of(knobs, &company, &sealing.record, &settings.ports).await?;
    sealing.publish(&dns);
    let down = down(knobs, settings);
    let config = RspamdConf { dns: dns.address(), rules: sealing.rules };
    let (rspamd, milter, log) = match &down {
        None => {
            let (binary, timeout) = (settings.rspamd_bin.as_deref(), settings.rspamd_timeout);
            let rspamd = Rspamd::start(binary, timeout, &config, &state).await?;
            let (milter, log) = (rspamd.milter().to_path_buf(), rspamd.log().to_path_buf());
            (Some(rspamd), milter, log)
        }
        Some(why) => {
            let log = state.write("rspamd.log", why).map_err(LabError::other)?;
            (None, state.path().join("milter.sock"), log)
        }
    };

    // Here every client is the company.
    let exit = || SmtpListener::bind(0, Transport::From(IpAddr::V4(COMPANY_ADDRESS), pki.acceptor()));
    let (to_gmail, to_external) = tokio::try_join!(exit(), exit()).map_err(LabError::other)?;
    let second_pass = SecondPass::of(&knobs.company);
    let proxy = Proxy::bind(settings.ports.at(settings.ports.company_mx)).await?;
    let routed = |domain: &str, own| settings.ports.routes.get(domain).map_or(own, |route| route.socket);
    let setup = PostfixSetup {
        company: &company,
        knobs: &knobs.company,
        reject: reject.as_ref(),
        next_hops: NextHops {
            gmail: routed(GMAIL_DOMAIN, to_gmail.address()),
            gmail_error: main_cf::mx_error(&knobs.dns, GMAIL_DOMAIN),
            external: routed(EXTERNAL_DOMAIN, to_external.address()),
        },
        milter: &milter,
        milter_is_down: down.as_deref(),
        identity_pem: pki.identity_pem(),
        main_cf: settings.postfix_main_cf.as_deref(),
        second_pass,
        again: proxy.again_at,
    };
    let postfix = Postfix::start(setup, &state).await?;
    let sockets = ProgramSockets { parties: proxy.parties_at, public: proxy.public_at, to_gmail, to_external };
    let every_client = RspamdFaults::of(&knobs.company, TargetKind::Postfix).client();
    let proxy = proxy.open(postfix.socket(), postfix.again(), every_client, second_pass);
    let server = CompanyServer::Program(Box::new(sockets));
    let (ports, google) = (settings.ports.clone(), settings.google.clone());
    let world = World::assemble(knobs, Parts { ports, company, dns, server, google }).await?;
    let logs = vec![log, postfix.log().to_path_buf()];
    let notes = [sealing.notes, postfix.notes().to_vec()].concat();
    let version = rspamd.as_ref().and_then(Rspamd::version);
    let programs: Vec<Box<dyn Any + Send + Sync>> = vec![Box::new(proxy), Box::new(postfix), Box::new(rspamd)];
    Ok(Lab::of(TargetKind::Postfix, world, logs, programs).with_rspamd(version).with_notes(notes))
}
