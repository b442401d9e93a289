//! Starts every server, and ends them.

use super::{
    Description, Ports,
    authenticate::Authenticator,
    description,
    dns::{Dns, DnsFaults, world_records},
    forwarder::{BuiltinFilter, CompanyMx, Forwarder, MessageFilter},
    gmail::{GmailMx, GmailSetup},
    google::{Google, GoogleSettings, GoogleSocket},
    hosts::*,
    imap_server::{ImapServer, Limits},
    keys::Keys,
    mta::{Backoff, Handovers, MailServer, Relay, SMTP_PORT},
    net::Net,
    pki::Pki,
    sender::{ExternalMx, Outgoing, SubmissionServer},
    smtp_server::{Reply, Service, SmtpListener, Transport},
    store::{Flavour, Store},
    tasks::Tasks,
    world_accounts::{self, Addresses},
};
use crate::{
    core::open_files,
    lab::LabError,
    target::{
        Knobs, Provider, Target,
        knobs::{ExternalKnobs, ImapFault, SubmissionFault},
    },
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::net::TcpListener;

/// What a world is made of beside its knobs.
pub struct Parts {
    /// The ports of its own servers.
    pub ports: Ports,
    /// Whose mail is forwarded.
    pub company: Company,
    /// Its DNS, as [`World::dns_of`] starts it.
    pub dns: Dns,
    /// Who forwards.
    pub server: CompanyServer,
    /// How Google gives tokens, where accounts log in with them.
    pub google: Option<GoogleSettings>,
}

/// The company's server.
pub enum CompanyServer {
    /// The forwarder of this process, which checks and seals itself.
    Embedded,
    /// The forwarder of this process; somebody else checks and seals.
    Filtered(Arc<dyn MessageFilter>),
    /// Another program.
    Program(Box<ProgramSockets>),
    /// A server of somebody else, one of those in [`Ports::routes`].
    Outside,
}

/// A program that takes mail from the other parties with the PROXY protocol (version 1) at one socket, and from other
/// programs without it at another.
pub struct ProgramSockets {
    /// The socket for the other parties.
    pub parties: SocketAddr,
    /// The socket for other programs.
    pub public: SocketAddr,
    /// Where it hands mail to the receiver; every client there is the company.
    pub to_gmail: SmtpListener,
    /// Where it hands mail to the outside sender; every client there is the company.
    pub to_external: SmtpListener,
}

/// Every server of the embedded world. When it is dropped, they end.
pub struct World {
    tasks: Tasks,
    dns: Dns,
    net: Net,
    handovers: Handovers,
    external: Store,
    gmail: Store,
    google: Option<Arc<Google>>,
    target: Target,
    description: Description,
}

/// The sockets of a world, bound before any server knows another.
struct Sockets {
    submission: SmtpListener,
    submissions: SmtpListener,
    external_mx: Mx,
    /// Where the company's server is ours.
    company_mx: Option<Mx>,
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
    /// Starts every server of the usual world and returns when all of them listen.
    ///
    /// # Errors
    /// When a port is taken, a knob cannot be read, or the system gives no certificate or random numbers.
    pub async fn start(knobs: &Knobs, ports: &Ports) -> Result<Self, LabError> {
        Self::start_for(knobs, Company::default(), ports, None).await
    }

    /// Starts every server of a world with this company.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn start_for(
        knobs: &Knobs,
        company: Company,
        ports: &Ports,
        google: Option<GoogleSettings>,
    ) -> Result<Self, LabError> {
        let record = Keys::load().map_err(LabError::other)?.company_arc.record();
        let dns = Self::dns_of(knobs, &company, &record, ports.dns).await?;
        let server = CompanyServer::Embedded;
        Self::assemble(knobs, Parts { ports: ports.clone(), company, dns, server, google }).await
    }

    /// Starts the DNS of a world, with the records of every party: programs that the world needs may ask it before the
    /// world is there. `arc_record` is the text that publishes the company's key for ARC alone.
    ///
    /// # Errors
    /// When the port is taken, or a knob cannot be read.
    pub async fn dns_of(knobs: &Knobs, company: &Company, arc_record: &str, number: u16) -> Result<Dns, LabError> {
        let records = world_records(knobs, &Keys::load().map_err(LabError::other)?, company, arc_record)
            .map_err(LabError::other)?;
        let faults = DnsFaults::new(&knobs.dns).map_err(LabError::other)?;
        Dns::start(number, records, faults).await.map_err(port("DNS", number))
    }

    /// Starts every server but the DNS, and returns when all of them listen.
    ///
    /// # Errors
    /// As [`World::start`].
    pub async fn assemble(knobs: &Knobs, parts: Parts) -> Result<Self, LabError> {
        let Parts { ports, company, dns, server, google } = parts;
        let keys = Keys::load().map_err(LabError::other)?;
        let pki = Pki::of_world(&company).map_err(LabError::other)?;
        let reject = knobs.company.reject.as_deref().map(Reply::refusal).transpose().map_err(LabError::other)?;
        let (is_ours, elsewhere) = match &server {
            CompanyServer::Embedded | CompanyServer::Filtered(_) => (true, None),
            CompanyServer::Program(server) => (false, Some((server.parties, server.public))),
            CompanyServer::Outside => (false, None),
        };
        let sockets = Sockets::bind(&ports, &pki, is_ours, &knobs.external).await?;
        let mut addresses = sockets.addresses(&dns)?;
        let mut routes = sockets.routes();
        if let Some((parties, public)) = elsewhere {
            routes.insert((IpAddr::V4(COMPANY_ADDRESS), SMTP_PORT), parties);
            addresses.company_mx = public;
        }
        let net = Net::new(dns.resolver().map_err(LabError::other)?, routes).with_routes(ports.routes.clone());
        let tasks = Tasks::new();
        let client_tls = pki.clone();
        // Made ready while nobody waits for it; the first delivery reports what goes wrong.
        tasks.spawn(async move { drop(client_tls.connector().await) });
        let external = world_accounts::mailboxes(&EXTERNAL_USERS, Flavour::Plain).map_err(LabError::Other)?;
        let gmail =
            world_accounts::mailboxes(&GMAIL_USERS, Flavour::Gmail(knobs.gmail.locale)).map_err(LabError::Other)?;
        let target = world_accounts::target(&addresses, &company, pki.ca_pem(), &external, &gmail);
        let mut target = world_accounts::signing(target, &knobs.external, &keys.sender);
        let google = match google {
            None => None,
            Some(settings) => {
                let socket = GoogleSocket::bind(settings.fault).map_err(port("Google's OAuth", 0))?;
                let google = Google::new(settings, vec![external.clone(), gmail.clone()], &socket);
                let google = google.map_err(LabError::Other)?;
                google.serve(socket, pki.acceptor(), &tasks);
                target = world_accounts::by_tokens(target, &google, pki.ca_pem()).map_err(LabError::Other)?;
                Some(google)
            }
        };
        let description = description::describe(&addresses, &company, pki.ca_pem(), &target, &[&external, &gmail]);
        let description = match &google {
            Some(google) => description.with_google(google, &target),
            None => description,
        };

        let relay = |server| Relay::new(server, &net, &pki, Backoff::default(), &tasks);
        let authenticator = |host: &str| Authenticator::new(net.resolver(), host);
        let handovers = Handovers::default();
        let outside = MailServer::new(EXTERNAL_HOST, EXTERNAL_DOMAIN, EXTERNAL_ADDRESS);
        let authenticates = authenticator(EXTERNAL_HOST);
        let give_up = knobs.external.patience.unwrap_or(Backoff::default().give_up);
        let backoff = Backoff { give_up, ..Backoff::default() };
        let outside_relay = Relay::new(outside.clone(), &net, &pki, backoff, &tasks).telling(&handovers);
        let outgoing = Outgoing::new(&knobs.external, outside_relay, authenticates, &keys, &tasks);
        let submission: Arc<dyn Service> =
            Arc::new(SubmissionServer::new(outgoing, external.clone(), knobs.external.submission));
        sockets.submission.serve(Arc::clone(&submission), &tasks);
        sockets.submissions.serve(submission, &tasks);
        let external_mx: Arc<dyn Service> = Arc::new(ExternalMx::new(outside, external.clone(), &net));
        sockets.external_mx.serve(Arc::clone(&external_mx), &tasks);
        let setup = GmailSetup {
            store: gmail.clone(),
            net: net.clone(),
            keys: &keys,
            knobs: knobs.gmail.clone(),
            tasks: tasks.clone(),
            mailbox: ports.mailbox.clone(),
        };
        let gmail_mx: Arc<dyn Service> = Arc::new(GmailMx::new(setup).map_err(LabError::other)?);
        sockets.gmail_mx.serve(Arc::clone(&gmail_mx), &tasks);
        let filter: Option<Arc<dyn MessageFilter>> = match server {
            CompanyServer::Embedded => {
                let own = BuiltinFilter::new(&company, &knobs.company, authenticator(&company.host), &keys);
                Some(Arc::new(own))
            }
            CompanyServer::Filtered(filter) => Some(filter),
            CompanyServer::Program(server) => {
                server.to_gmail.serve(gmail_mx, &tasks);
                server.to_external.serve(external_mx, &tasks);
                None
            }
            CompanyServer::Outside => None,
        };
        if let Some((filter, mx)) = filter.zip(sockets.company_mx) {
            let secret = world_accounts::random::<32>().map_err(LabError::Other)?;
            let out = relay(MailServer::new(&company.host, &company.domain, COMPANY_ADDRESS));
            let forwarder = Forwarder::new(&company, &knobs.company, out, filter, (&keys, &secret), &tasks);
            mx.serve(Arc::new(CompanyMx::new(Arc::new(forwarder), reject)), &tasks);
        }
        let gmail_tls = pki.acceptor_with(knobs.gmail.certificate).map_err(LabError::other)?;
        for (store, provider, socket, fault, tls) in [
            (&external, Provider::Generic, sockets.external_imap, ImapFault::None, pki.acceptor()),
            (&gmail, Provider::Gmail, sockets.gmail_imap, knobs.gmail.imap, gmail_tls),
        ] {
            let server = ImapServer::new(store.clone(), provider, Limits::default(), fault);
            tasks.spawn_watching(server.run(socket, Some(tls), tasks.token()));
        }
        Ok(Self { tasks, dns, net, handovers, external, gmail, google, target, description })
    }

    /// The accounts that every world with this company has, with servers at no port and without logins.
    pub fn outline(company: &Company) -> Target {
        world_accounts::target(&Addresses::unknown(), company, "", &Store::new(), &Store::new())
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

    /// What servers of others said to the outside sender.
    pub fn handovers(&self) -> &Handovers {
        &self.handovers
    }

    /// The mailboxes of the outside sender's users.
    pub fn external_mailboxes(&self) -> &Store {
        &self.external
    }

    /// The receiver's mailboxes.
    pub fn gmail_mailboxes(&self) -> &Store {
        &self.gmail
    }

    /// Google's OAuth servers, where accounts log in with tokens.
    pub fn google(&self) -> Option<&Google> {
        self.google.as_deref()
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
    async fn bind(ports: &Ports, pki: &Pki, is_company_ours: bool, external: &ExternalKnobs) -> Result<Self, LabError> {
        let tls = pki.acceptor_with(external.certificate).map_err(LabError::other)?;
        let upgrade = (external.submission != SubmissionFault::Plain).then(|| tls.clone());
        let starttls = || Transport::Plain(Some(pki.acceptor()));
        let smtp = |what, number, transport| async move {
            SmtpListener::bind(number, transport).await.map_err(port(what, number))
        };
        let mx = |what, number| async move {
            let parties = smtp(what, 0, Transport::Proxied(pki.acceptor())).await?;
            let public = SmtpListener::bind_at(ports.listen(), number, starttls()).await.map_err(port(what, number))?;
            Ok::<_, LabError>(Mx { parties, public })
        };
        let imap = |what, number| async move {
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).await.map_err(port(what, number))
        };
        Ok(Self {
            submission: smtp("submission", ports.submission, Transport::Plain(upgrade)).await?,
            submissions: smtp("submission over TLS", ports.submissions, Transport::Tls(tls)).await?,
            external_mx: mx("the outside sender's MX", ports.external_mx).await?,
            company_mx: match is_company_ours {
                true => Some(mx("the company's MX", ports.company_mx).await?),
                false => None,
            },
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
            external_imap: self.external_imap.local_addr().map_err(LabError::other)?,
            external_mx: self.external_mx.public.address(),
            company_mx: self.company_mx.as_ref().map_or(Addresses::unknown().company_mx, |mx| mx.public.address()),
            gmail_mx: self.gmail_mx.public.address(),
            gmail_imap: self.gmail_imap.local_addr().map_err(LabError::other)?,
        })
    }

    /// Where mail between the parties goes.
    fn routes(&self) -> HashMap<(IpAddr, u16), SocketAddr> {
        let company = self.company_mx.iter().map(|mx| (COMPANY_ADDRESS, mx));
        let others = [(EXTERNAL_ADDRESS, &self.external_mx), (GMAIL_ADDRESS, &self.gmail_mx)];
        company.chain(others).map(|(at, mx)| ((IpAddr::V4(at), SMTP_PORT), mx.parties.address())).collect()
    }
}

impl Mx {
    fn serve(self, service: Arc<dyn Service>, tasks: &Tasks) {
        self.parties.serve(Arc::clone(&service), tasks);
        self.public.serve(service, tasks);
    }
}

/// The error of a server whose port cannot be bound.
fn port(what: &'static str, number: u16) -> impl Fn(std::io::Error) -> LabError {
    move |source| {
        open_files::notice(&source);
        let what = if number == 0 { what.to_owned() } else { format!("{what} on port {number}") };
        LabError::Port { what, source }
    }
}
