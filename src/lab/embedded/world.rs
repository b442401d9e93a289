//! Starts every server, and ends them.

use super::{
    Description, MailboxServer, Ports,
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
pub(crate) struct Parts {
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
pub(crate) enum CompanyServer {
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
pub(crate) struct ProgramSockets {
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
    pub(crate) async fn start_for(
        knobs: &Knobs,
        company: Company,
        ports: &Ports,
        google: Option<GoogleSettings>,
    ) -> Result<Self, LabError> {
        let record = Keys::load().map_err(LabError::other)?.company_arc.record();
        let dns = Self::dns_of(knobs, &company, &record, ports).await?;
        let server = CompanyServer::Embedded;
        Self::assemble(knobs, Parts { ports: ports.clone(), company, dns, server, google }).await
    }

    /// Starts the DNS of a world, with the records of every party: programs that the world needs may ask it before the
    /// world is there. `arc_record` is the text that publishes the company's key for ARC alone.
    ///
    /// # Errors
    /// When the port is taken, or a knob cannot be read.
    pub(crate) async fn dns_of(
        knobs: &Knobs,
        company: &Company,
        arc_record: &str,
        ports: &Ports,
    ) -> Result<Dns, LabError> {
        let records = world_records(knobs, &Keys::load().map_err(LabError::other)?, company, arc_record)
            .map_err(LabError::other)?;
        let faults = DnsFaults::new(&knobs.dns).map_err(LabError::other)?;
        let at = ports.at(ports.dns);
        Dns::start_at(at, records, faults, None).await.map_err(port("DNS", at))
    }

    /// Starts every server but the DNS, and returns when all of them listen.
    ///
    /// # Errors
    /// As [`World::start`].
    pub(crate) async fn assemble(knobs: &Knobs, parts: Parts) -> Result<Self, LabError> {
        let Parts { ports, company, dns, server, google } = parts;
        let keys = Keys::load().map_err(LabError::other)?;
        let pki = Pki::of_world(&company, ports.reach.as_ref()).map_err(LabError::other)?;
        let reject = knobs.company.reject.as_deref().map(Reply::refusal).transpose().map_err(LabError::other)?;
        let is_ours = matches!(server, CompanyServer::Embedded | CompanyServer::Filtered(_));
        let sockets = Sockets::bind(&ports, &pki, is_ours, &knobs.external).await?;
        let mut addresses = sockets.addresses(&dns, &ports)?;
        let mut routes = sockets.routes();
        if let CompanyServer::Program(program) = &server {
            routes.insert((IpAddr::V4(COMPANY_ADDRESS), SMTP_PORT), program.parties);
            addresses.company_mx = ports.reached_at(program.public);
        }
        let net = Net::new(dns.resolver().map_err(LabError::other)?, routes).with_routes(ports.routes.clone());
        let tasks = Tasks::new();
        let external = world_accounts::mailboxes(&EXTERNAL_USERS, Flavour::Plain).map_err(LabError::Other)?;
        let locale = knobs.gmail.locale;
        let gmail = world_accounts::mailboxes(&GMAIL_USERS, Flavour::Gmail(locale)).map_err(LabError::Other)?;
        let common = Common { knobs, company: &company, keys: &keys, pki: &pki, net: &net, tasks: &tasks };
        let google = google.map(|settings| common.google(settings, &ports, &[&external, &gmail])).transpose()?;
        let mut target = world_accounts::target(&addresses, &company, pki.ca_pem(), &external, &gmail);
        target = world_accounts::signing(target, &knobs.external, &keys.sender);
        if let Some(google) = &google {
            target = world_accounts::by_tokens(target, google, pki.ca_pem()).map_err(LabError::Other)?;
        }
        let mut description = description::describe(&addresses, &company, pki.ca_pem(), &target, &[&external, &gmail]);
        if let Some(google) = &google {
            description = description.with_google(google, &target);
        }
        let handovers = Handovers::default();
        let submission = common.submission(external.clone(), &handovers);
        sockets.submission.serve(Arc::clone(&submission), &tasks);
        sockets.submissions.serve(submission, &tasks);
        let external_mx: Arc<dyn Service> = Arc::new(ExternalMx::new(external_server(), external.clone(), &net));
        sockets.external_mx.serve(Arc::clone(&external_mx), &tasks);
        let gmail_mx = common.gmail_mx(gmail.clone(), ports.mailbox.clone())?;
        sockets.gmail_mx.serve(Arc::clone(&gmail_mx), &tasks);
        let filter: Option<Arc<dyn MessageFilter>> = match server {
            CompanyServer::Embedded => {
                let authenticator = Authenticator::new(net.resolver(), &company.host);
                Some(Arc::new(BuiltinFilter::new(&company, &knobs.company, authenticator, &keys)))
            }
            CompanyServer::Filtered(filter) => Some(filter),
            CompanyServer::Program(program) => {
                program.to_gmail.serve(gmail_mx, &tasks);
                program.to_external.serve(external_mx, &tasks);
                None
            }
            CompanyServer::Outside => None,
        };
        if let Some((filter, mx)) = filter.zip(sockets.company_mx) {
            mx.serve(common.company_mx(filter, reject)?, &tasks);
        }
        common.imap(sockets.external_imap, external.clone(), Provider::Generic)?;
        common.imap(sockets.gmail_imap, gmail.clone(), Provider::Gmail)?;
        Ok(Self { tasks, dns, net, handovers, external, gmail, google, target, description })
    }

    /// The accounts that every world with this company has, with servers at no port and without logins.
    pub(crate) fn outline(company: &Company) -> Target {
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
    pub(crate) fn handovers(&self) -> &Handovers {
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

/// The outside sender's mail server.
fn external_server() -> MailServer {
    MailServer::new(EXTERNAL_HOST, EXTERNAL_DOMAIN, EXTERNAL_ADDRESS)
}

/// What the servers of a world have in common while they are started.
struct Common<'w> {
    knobs: &'w Knobs,
    company: &'w Company,
    keys: &'w Keys,
    pki: &'w Pki,
    net: &'w Net,
    tasks: &'w Tasks,
}

impl Common<'_> {
    /// Google's OAuth servers, for the accounts of these stores.
    fn google(&self, settings: GoogleSettings, ports: &Ports, stores: &[&Store]) -> Result<Arc<Google>, LabError> {
        let at = ports.logins_at(ports.oauth);
        let socket = GoogleSocket::bind(at, settings.fault).map_err(port("Google's OAuth", at))?;
        let stores = stores.iter().copied().cloned().collect();
        let host = ports.host(socket.address());
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let authority = format!("{host}:{}", socket.address().port());
        let google = Google::new(settings, stores, authority).map_err(LabError::Other)?;
        google.serve(socket, self.pki.acceptor(), self.tasks);
        Ok(google)
    }

    /// The outside sender's submission, and its way of sending.
    fn submission(&self, users: Store, handovers: &Handovers) -> Arc<dyn Service> {
        let knobs = &self.knobs.external;
        let give_up = knobs.patience.unwrap_or(Backoff::default().give_up);
        let backoff = Backoff { give_up, ..Backoff::default() };
        let relay = Relay::new(external_server(), self.net, self.pki, backoff, self.tasks).telling(handovers);
        let authenticator = Authenticator::new(self.net.resolver(), EXTERNAL_HOST);
        let outgoing = Outgoing::new(knobs, relay, authenticator, self.keys, self.tasks);
        Arc::new(SubmissionServer::new(outgoing, users, knobs.submission))
    }

    fn gmail_mx(&self, store: Store, mailbox: Option<MailboxServer>) -> Result<Arc<dyn Service>, LabError> {
        let (net, knobs, tasks) = (self.net.clone(), self.knobs.gmail.clone(), self.tasks.clone());
        let setup = GmailSetup { store, net, keys: self.keys, knobs, tasks, mailbox };
        Ok(Arc::new(GmailMx::new(setup).map_err(LabError::other)?))
    }

    fn company_mx(&self, filter: Arc<dyn MessageFilter>, reject: Option<Reply>) -> Result<Arc<dyn Service>, LabError> {
        let Self { company, knobs, tasks, .. } = *self;
        let secret = world_accounts::random::<32>().map_err(LabError::Other)?;
        let server = MailServer::new(&company.host, &company.domain, COMPANY_ADDRESS);
        let relay = Relay::new(server, self.net, self.pki, Backoff::default(), tasks);
        let forwarder = Forwarder::new(company, &knobs.company, relay, filter, self.keys, &secret, tasks);
        Ok(Arc::new(CompanyMx::new(Arc::new(forwarder), reject)))
    }

    /// Serves mailboxes, those of the receiver with the faults of its knobs.
    fn imap(&self, socket: TcpListener, store: Store, provider: Provider) -> Result<(), LabError> {
        let (fault, tls) = match provider {
            Provider::Generic => (ImapFault::None, self.pki.acceptor()),
            Provider::Gmail => {
                let tls = self.pki.acceptor_with(self.knobs.gmail.certificate);
                (self.knobs.gmail.imap, tls.map_err(LabError::other)?)
            }
        };
        let server = ImapServer::new(store, provider, Limits::default(), fault);
        self.tasks.spawn_watching(server.run(socket, Some(tls), self.tasks.token()));
        Ok(())
    }
}

impl Sockets {
    async fn bind(ports: &Ports, pki: &Pki, is_company_ours: bool, external: &ExternalKnobs) -> Result<Self, LabError> {
        let tls = pki.acceptor_with(external.certificate).map_err(LabError::other)?;
        let upgrade = (external.submission != SubmissionFault::Plain).then(|| tls.clone());
        Ok(Self {
            submission: bind_smtp("submission", ports.logins_at(ports.submission), Transport::Plain(upgrade)).await?,
            submissions: bind_smtp("submission over TLS", ports.logins_at(ports.submissions), Transport::Tls(tls))
                .await?,
            external_mx: Mx::bind("the outside sender's MX", ports.at(ports.external_mx), pki).await?,
            company_mx: if is_company_ours {
                Some(Mx::bind("the company's MX", ports.at(ports.company_mx), pki).await?)
            } else {
                None
            },
            gmail_mx: Mx::bind("the receiver's MX", ports.at(ports.gmail_mx), pki).await?,
            external_imap: bind_imap("the outside sender's IMAP", ports.logins_at(ports.external_imap)).await?,
            gmail_imap: bind_imap("the receiver's IMAP", ports.logins_at(ports.gmail_imap)).await?,
        })
    }

    /// How other programs reach them.
    fn addresses(&self, dns: &Dns, ports: &Ports) -> Result<Addresses, LabError> {
        let external_imap = self.external_imap.local_addr().map_err(LabError::other)?;
        let gmail_imap = self.gmail_imap.local_addr().map_err(LabError::other)?;
        let company_mx = self.company_mx.as_ref().map_or(Addresses::unknown().company_mx, |mx| mx.public.address());
        Ok(Addresses {
            host: ports.host(gmail_imap),
            dns: ports.reached_at(dns.address()),
            submission: ports.reached_at(self.submission.address()),
            submissions: ports.reached_at(self.submissions.address()),
            external_imap: ports.reached_at(external_imap),
            external_mx: ports.reached_at(self.external_mx.public.address()),
            company_mx: ports.reached_at(company_mx),
            gmail_mx: ports.reached_at(self.gmail_mx.public.address()),
            gmail_imap: ports.reached_at(gmail_imap),
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
    /// Binds a free port for the other parties, and this one for other programs.
    async fn bind(what: &'static str, at: SocketAddr, pki: &Pki) -> Result<Self, LabError> {
        let parties = bind_smtp(what, ANY_FREE, Transport::Proxied(pki.acceptor())).await?;
        Ok(Self { parties, public: bind_smtp(what, at, Transport::Plain(Some(pki.acceptor()))).await? })
    }

    fn serve(self, service: Arc<dyn Service>, tasks: &Tasks) {
        self.parties.serve(Arc::clone(&service), tasks);
        self.public.serve(service, tasks);
    }
}

/// A free port that nobody else reaches.
const ANY_FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn bind_smtp(what: &'static str, at: SocketAddr, transport: Transport) -> Result<SmtpListener, LabError> {
    SmtpListener::bind_at(at, transport).await.map_err(port(what, at))
}

async fn bind_imap(what: &'static str, at: SocketAddr) -> Result<TcpListener, LabError> {
    TcpListener::bind(at).await.map_err(port(what, at))
}

/// The error of a server whose port cannot be bound.
fn port(what: &'static str, at: SocketAddr) -> impl Fn(std::io::Error) -> LabError {
    move |source| {
        open_files::notice(&source);
        let mut what = what.to_owned();
        if at.port() != 0 {
            what.push_str(&format!(" on port {}", at.port()));
        }
        if at.ip() != ANY_FREE.ip() {
            what.push_str(&format!(" of {}", at.ip()));
        }
        LabError::Port { what, source }
    }
}
