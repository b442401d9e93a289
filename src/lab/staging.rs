//! Target staging: a server of yours between our outside sender and our look-alike.

use super::{
    Lab, LabError, Settings,
    embedded::{
        CompanyServer, Parts, Ports, Route, World,
        dns::{Dns, DnsFaults, Upstream, without_company},
        hosts::{Company, EXTERNAL_DOMAIN, GMAIL_DOMAIN, GMAIL_USERS, GOOGLE_DOMAIN},
        keys::Keys,
        store::{Credentials, Flavour},
    },
};
use crate::{
    core::{Secret, duration},
    target::{Account, ForwardingServer, Knobs, Provider, Staging, Target, TargetKind, TlsMode},
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::TcpStream;

/// How long a connection to your server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The receiver's account that mailboxes at the look-alike are made like.
const MODEL: &str = "gmail";

/// Starts our servers around yours.
///
/// # Errors
/// When a port is taken, an address is not ours, or your server takes no connection.
pub(super) async fn world(staging: &Staging, settings: &Settings) -> Result<Lab, LabError> {
    let Staging { at, .. } = staging;
    let mut ports = Ports {
        listen: Some(at.listen),
        gmail_mx: at.smtp,
        external_mx: at.bounces,
        gmail_imap: at.imap,
        ..settings.ports.clone()
    };
    for (domain, server) in &staging.servers {
        let socket = reach(server).await?;
        let route = Route { host: server.host.clone(), socket, tls: server.tls != TlsMode::None };
        ports.routes.insert(domain.clone(), route);
    }
    let knobs = Knobs::default();
    let records = without_company(&knobs, &Keys::load().map_err(LabError::other)?).map_err(LabError::other)?;
    // Of these domains the world alone speaks; of the others, yours among them, it knows what DNS says.
    let own = [EXTERNAL_DOMAIN, GMAIL_DOMAIN, GOOGLE_DOMAIN];
    let upstream = Upstream::new(staging.dns, &own).map_err(LabError::other)?;
    let dns = Dns::start_at(SocketAddr::new(at.listen, at.dns), records, DnsFaults::default(), Some(upstream)).await;
    let dns = dns.map_err(|source| LabError::Port { what: format!("DNS on {}:{}", at.listen, at.dns), source })?;
    let parts = Parts { ports, company: Company::default(), dns, server: CompanyServer::Outside, google: None };
    let world = World::assemble(&knobs, parts).await?;
    let mut target = outline(staging, world.target());
    // Where your server forwards to, and nowhere else, is somebody there.
    let store = world.gmail_mailboxes();
    GMAIL_USERS.iter().for_each(|address| store.remove_account(address));
    for receiver in &staging.receivers {
        let Some(imap) = target.accounts.get_mut(&receiver.name).and_then(|a| a.imap.as_mut()) else { continue };
        let Some(login) = &mut imap.endpoint.login else { continue };
        let password = Secret::new(login.secret.expose());
        let credentials = Credentials { password, access_token: None };
        store.create_account(&receiver.address, credentials, Flavour::Gmail(knobs.gmail.locale));
        login.user.clone_from(&receiver.address);
    }
    Ok(Lab { target, world, notes: Vec::new(), _programs: Vec::new() })
}

/// The address of your server, the first that takes a connection: what is down is told before anything is sent.
async fn reach(server: &ForwardingServer) -> Result<SocketAddr, LabError> {
    let unreachable = |source| LabError::Unreachable { server: format!("{}:{}", server.host, server.port), source };
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let sockets = tokio::net::lookup_host((server.host.as_str(), server.port)).await.map_err(unreachable)?;
    for socket in sockets {
        match tokio::time::timeout(CONNECT, TcpStream::connect(socket)).await {
            Ok(Ok(_)) => return Ok(socket),
            Ok(Err(error)) => failed = error,
            Err(_) => {
                let text = format!("no answer within {}", duration::human(CONNECT));
                failed = io::Error::new(io::ErrorKind::TimedOut, text);
            }
        }
    }
    Err(unreachable(failed))
}

/// The accounts of such a world, from those of the usual one: your company's in place of ours, and the receivers that it
/// forwards to.
pub(super) fn outline(staging: &Staging, usual: Target) -> Target {
    let mut accounts = usual.accounts;
    let model = accounts.get(MODEL).cloned();
    // Of the usual world the outside sender's are left.
    accounts.retain(|_, account| account.imap.as_ref().is_some_and(|imap| imap.provider == Provider::Generic));
    for receiver in &staging.receivers {
        let model = model.clone().unwrap_or_else(|| Account::new(MODEL, ""));
        let account = Account { name: receiver.name.clone(), address: receiver.address.clone(), ..model };
        accounts.insert(receiver.name.clone(), account);
    }
    accounts.extend(staging.company.iter().map(|account| (account.name.clone(), account.clone())));
    Target { kind: TargetKind::Staging, accounts, dns: usual.dns, rspamd: None }
}
