//! Starts every server, and ends them.

use super::{
    Description, Ports,
    accounts::{self, Addresses},
    authenticate::Authenticator,
    description,
    dns::{Dns, Faults, zone},
    forwarder::{CompanyMx, Forwarder},
    gmail::{Gmail, Setup},
    imap_server::{ImapServer, Limits},
    keys::Keys,
    mta::{Backoff, Relay, Site},
    net::Net,
    parties::*,
    pki::Pki,
    sender::{ExternalMx, Outgoing, Submission},
    smtp_server::{Reply, Service, SmtpListener, Transport},
    store::{Flavour, Store},
    tasks::Tasks,
};
use crate::{
    lab::LabError,
    scenario::{Knobs, Target, target::Provider},
};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use tokio::net::TcpListener;

/// The outside sender's mail server.
const EXTERNAL: Site = Site { host: EXTERNAL_HOST, domain: EXTERNAL_DOMAIN, address: EXTERNAL_ADDRESS };
/// The company's mail server.
const COMPANY: Site = Site { host: COMPANY_HOST, domain: COMPANY_DOMAIN, address: COMPANY_ADDRESS };
/// The receiver's mail server.
const GMAIL: Site = Site { host: GMAIL_AUTHSERV_ID, domain: GMAIL_DOMAIN, address: GMAIL_ADDRESS };

/// Every server of the embedded world. When it is dropped, they end.
pub struct World {
    tasks: Tasks,
    dns: Dns,
    net: Net,
    external: Store,
    gmail: Store,
    target: Target,
    description: Description,
}

/// The sockets of a world, bound before any server knows another.
struct Sockets {
    submission: SmtpListener,
    submissions: SmtpListener,
    external_mx: Mx,
    company_mx: Mx,
    gmail_mx: Mx,
    external_imap: TcpListener,
    gmail_imap: TcpListener,
}

/// An MX: a socket for the other parties, who say their address, and one for other programs.
struct Mx {
    parties: SmtpListener,
    public: SmtpListener,
}

impl World {
    /// Starts every server and returns when all of them listen.
    ///
    /// # Errors
    /// When a port is taken, a knob cannot be read, or the system gives no certificate or random numbers.
    pub async fn start(knobs: &Knobs, ports: &Ports) -> Result<Self, LabError> {
        let keys = Keys::load().map_err(other)?;
        let pki = Pki::shared().await.map_err(other)?;
        let records = zone(knobs, &keys).map_err(other)?;
        let faults = Faults::new(&knobs.dns).map_err(other)?;
        let reject = knobs.company.reject.as_deref().map(Reply::refusal).transpose().map_err(other)?;
        let dns = Dns::start(ports.dns, records, faults).await.map_err(port("DNS", ports.dns))?;
        let sockets = Sockets::bind(ports, &pki).await?;
        let addresses = sockets.addresses(&dns)?;
        let net = Net::new(dns.resolver().map_err(other)?, sockets.routes());
        let tasks = Tasks::new();
        let client_tls = pki.clone();
        // Made ready while nobody waits for it; the first delivery reports what goes wrong.
        tasks.spawn(async move { drop(client_tls.connector().await) });
        let external = accounts::mailboxes(&EXTERNAL_USERS, Flavour::Plain).map_err(LabError::Other)?;
        let gmail = accounts::mailboxes(&GMAIL_USERS, Flavour::Gmail(knobs.gmail.locale)).map_err(LabError::Other)?;
        let target = accounts::target(&addresses, pki.ca_pem(), &external, &gmail);
        let description = description::describe(&addresses, pki.ca_pem(), &target, &[&external, &gmail]);

        let relay = |site| Relay::new(site, &net, &pki, Backoff::default(), &tasks);
        let authenticator = |site: Site| Authenticator::new(net.resolver(), site.host);
        let outgoing = Outgoing::new(&knobs.external, relay(EXTERNAL), authenticator(EXTERNAL), &keys, &tasks);
        let submission: Arc<dyn Service> = Arc::new(Submission::new(outgoing, external.clone()));
        sockets.submission.serve(Arc::clone(&submission), &tasks);
        sockets.submissions.serve(submission, &tasks);
        sockets.external_mx.serve(Arc::new(ExternalMx::new(EXTERNAL, external.clone(), &net)), &tasks);
        let secret = accounts::random::<32>().map_err(LabError::Other)?;
        let forwarder = Forwarder::new(&knobs.company, relay(COMPANY), authenticator(COMPANY), &keys, &secret, &tasks);
        sockets.company_mx.serve(Arc::new(CompanyMx::new(Arc::new(forwarder), reject)), &tasks);
        let setup = Setup {
            store: gmail.clone(),
            net: net.clone(),
            keys: &keys,
            knobs: knobs.gmail.clone(),
            tasks: tasks.clone(),
        };
        sockets.gmail_mx.serve(Arc::new(Gmail::new(setup).map_err(other)?), &tasks);
        for (store, provider, socket) in
            [(&external, Provider::Generic, sockets.external_imap), (&gmail, Provider::Gmail, sockets.gmail_imap)]
        {
            let server = ImapServer::new(store.clone(), provider, Limits::default());
            tasks.spawn_watching(server.run(socket, Some(pki.acceptor()), tasks.token()));
        }
        Ok(Self { tasks, dns, net, external, gmail, target, description })
    }

    /// The accounts that every world has, with servers at no port and without logins.
    pub fn outline() -> Target {
        accounts::target(&Addresses::unknown(), "", &Store::new(), &Store::new())
    }

    /// How to reach it.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// How to reach it from other programs.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Its DNS; the records may be changed.
    pub fn dns(&self) -> &Dns {
        &self.dns
    }

    /// Its network.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The mailboxes of the outside sender's users.
    pub fn external_mailboxes(&self) -> &Store {
        &self.external
    }

    /// The receiver's mailboxes.
    pub fn gmail_mailboxes(&self) -> &Store {
        &self.gmail
    }

    /// Ends every server and waits until the last task is gone.
    pub async fn stop(self) {
        self.tasks.stop();
        self.tasks.ended().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Sockets {
    async fn bind(ports: &Ports, pki: &Pki) -> Result<Self, LabError> {
        let starttls = || Transport::Plain(Some(pki.acceptor()));
        let smtp = |what, number, transport| async move {
            SmtpListener::bind(number, transport).await.map_err(port(what, number))
        };
        let mx = |what, number| async move {
            let parties = smtp(what, 0, Transport::Proxied(pki.acceptor())).await?;
            Ok::<_, LabError>(Mx { parties, public: smtp(what, number, starttls()).await? })
        };
        let imap = |what, number| async move {
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).await.map_err(port(what, number))
        };
        Ok(Self {
            submission: smtp("submission", ports.submission, starttls()).await?,
            submissions: smtp("submission over TLS", ports.submissions, Transport::Tls(pki.acceptor())).await?,
            external_mx: mx("the outside sender's MX", ports.external_mx).await?,
            company_mx: mx("the company's MX", ports.company_mx).await?,
            gmail_mx: mx("the receiver's MX", ports.gmail_mx).await?,
            external_imap: imap("the outside sender's IMAP", ports.external_imap).await?,
            gmail_imap: imap("the receiver's IMAP", ports.gmail_imap).await?,
        })
    }

    fn addresses(&self, dns: &Dns) -> Result<Addresses, LabError> {
        Ok(Addresses {
            dns: dns.address(),
            submission: self.submission.address(),
            submissions: self.submissions.address(),
            external_imap: self.external_imap.local_addr().map_err(other)?,
            external_mx: self.external_mx.public.address(),
            company_mx: self.company_mx.public.address(),
            gmail_mx: self.gmail_mx.public.address(),
            gmail_imap: self.gmail_imap.local_addr().map_err(other)?,
        })
    }

    /// Where mail between the parties goes.
    fn routes(&self) -> [((IpAddr, u16), std::net::SocketAddr); 3] {
        [(EXTERNAL, &self.external_mx), (COMPANY, &self.company_mx), (GMAIL, &self.gmail_mx)]
            .map(|(site, mx)| ((IpAddr::V4(site.address), super::mta::SMTP_PORT), mx.parties.address()))
    }
}

impl Mx {
    fn serve(self, service: Arc<dyn Service>, tasks: &Tasks) {
        self.parties.serve(Arc::clone(&service), tasks);
        self.public.serve(service, tasks);
    }
}

fn other(error: impl fmt::Display) -> LabError {
    LabError::Other(error.to_string())
}

/// The error of a server whose port cannot be bound.
fn port(what: &'static str, number: u16) -> impl Fn(std::io::Error) -> LabError {
    move |source| {
        let what = if number == 0 { what.to_owned() } else { format!("{what} on port {number}") };
        LabError::Port { what, source }
    }
}
