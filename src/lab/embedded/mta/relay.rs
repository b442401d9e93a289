//! Sends a queued message on: by MX, again after temporary failures, until every recipient is decided.

use super::{Bounce, Failure, Handover, HandoverFailure, Handovers, MailServer, Queued, Report, queue_id};
use crate::lab::embedded::{
    Route,
    net::{Exchanger, MxError, Net},
    pki::Pki,
    signing::Message,
    smtp_client::{self, Answer, ClientAddress, ClientError, Destination, Protocol, Transcript},
    smtp_server::{Envelope, Recipient, Status, domain_of},
    tasks::Tasks,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};

/// The port of mail between servers.
pub(crate) const SMTP_PORT: u16 = 25;

/// How long to wait between tries: `first`, then twice as long each time up to `longest`; after `give_up` the last
/// temporary failure is final. Lab-scale: a real server waits for minutes and days.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// Before the second try.
    pub first: Duration,
    /// Between later tries, at most.
    pub longest: Duration,
    /// The age at which a message is given up.
    pub give_up: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(50), longest: Duration::from_secs(1), give_up: Duration::from_secs(120) }
    }
}

/// The outgoing side of a server.
#[derive(Clone)]
pub(crate) struct Relay {
    server: MailServer,
    net: Net,
    pki: Pki,
    backoff: Backoff,
    tasks: Tasks,
    handovers: Handovers,
}

/// What a try found out about a recipient.
enum Decision {
    Delivered,
    Refused(Failure),
    Later(Failure),
}

impl Relay {
    /// The outgoing side of this server.
    pub(crate) fn new(server: MailServer, net: &Net, pki: &Pki, backoff: Backoff, tasks: &Tasks) -> Self {
        Self {
            server,
            net: net.clone(),
            pki: pki.clone(),
            backoff,
            tasks: tasks.clone(),
            handovers: Handovers::default(),
        }
    }

    /// Whose.
    pub(crate) fn server(&self) -> &MailServer {
        &self.server
    }

    /// The same, which tells here what servers of others say.
    #[must_use]
    pub(crate) fn telling(self, handovers: &Handovers) -> Self {
        Self { handovers: handovers.clone(), ..self }
    }

    /// The network that it sends over.
    pub(crate) fn net(&self) -> &Net {
        &self.net
    }

    /// Delivers a message that arrived at `arrived`, and reports what fails to `reports_to`.
    pub(crate) async fn dispatch(&self, queued: Queued, reports_to: &str, arrived: Timestamp) {
        let queued = Arc::new(queued);
        let failures = self.deliver(&queued).await;
        let now = Timestamp::now();
        let id = queue_id(now);
        let report = Report { server: &self.server, id: &id, queued: &queued, failures: &failures, arrived, now };
        if let Some(bounce) = report.write(reports_to) {
            let Bounce { envelope, message } = bounce;
            // A report has no sender, so nobody is told when it fails too.
            drop(self.deliver(&Arc::new(Queued { id, envelope, message: message.into_bytes() })).await);
        }
    }

    /// Delivers to every recipient, or gives up on some; domains do not wait for each other. At the end of the world
    /// nobody is told of what is left.
    pub(crate) async fn deliver(&self, queued: &Arc<Queued>) -> Vec<Failure> {
        let mut by_domain: BTreeMap<String, Vec<Recipient>> = BTreeMap::new();
        for recipient in &queued.envelope.recipients {
            let domain = domain_of(&recipient.address).to_ascii_lowercase();
            by_domain.entry(domain).or_default().push(recipient.clone());
        }
        let mut deliveries = JoinSet::new();
        for (domain, recipients) in by_domain {
            let (relay, queued) = (self.clone(), Arc::clone(queued));
            deliveries.spawn(async move { relay.deliver_to_domain(&domain, recipients, &queued).await });
        }
        deliveries.join_all().await.into_iter().flatten().collect()
    }

    async fn deliver_to_domain(&self, domain: &str, mut waiting: Vec<Recipient>, queued: &Queued) -> Vec<Failure> {
        let started = Instant::now();
        let mut pause = self.backoff.first;
        let mut failures = Vec::new();
        loop {
            let mut later = Vec::new();
            for decision in self.attempt(domain, &waiting, queued).await {
                match decision {
                    Decision::Delivered => {}
                    Decision::Refused(failure) => failures.push(failure),
                    Decision::Later(failure) => later.push(failure),
                }
            }
            if later.is_empty() {
                return failures;
            }
            if started.elapsed() + pause > self.backoff.give_up {
                failures.extend(later);
                return failures;
            }
            waiting = later.into_iter().map(|failure| failure.recipient).collect();
            if !self.tasks.wait(pause).await {
                return Vec::new();
            }
            pause = (pause * 2).min(self.backoff.longest);
        }
    }

    /// One try at each exchanger until one decides.
    async fn attempt(&self, domain: &str, recipients: &[Recipient], queued: &Queued) -> Vec<Decision> {
        let outside = self.net.outside(domain);
        let found = match outside {
            Some(Route { host, socket, .. }) => Ok(vec![Exchanger { host: host.clone(), address: socket.ip() }]),
            None => self.net.exchangers(domain).await,
        };
        let exchangers = match found {
            Ok(exchangers) => exchangers,
            Err(error) => {
                let (status, decide): (_, fn(Failure) -> Decision) = match error {
                    MxError::NotFound(_) => (Status(5, 4, 4), Decision::Refused),
                    MxError::TryAgain(_) => (Status(4, 4, 3), Decision::Later),
                };
                return own_failures(recipients, status, &error.to_string()).map(decide).collect();
            }
        };
        let mut last = String::new();
        for exchanger in exchangers {
            match self.converse(&exchanger, outside, recipients, queued).await {
                Ok(answers) => return recipients.iter().zip(answers).map(|(r, a)| decide(r, a, &exchanger)).collect(),
                Err(error) => last = error,
            }
        }
        own_failures(recipients, Status(4, 4, 1), &last).map(Decision::Later).collect()
    }

    async fn converse(
        &self,
        exchanger: &Exchanger,
        outside: Option<&Route>,
        recipients: &[Recipient],
        queued: &Queued,
    ) -> Result<Vec<Answer>, String> {
        let Exchanger { host, address } = exchanger;
        let own = IpAddr::V4(self.server.address);
        let (socket, client_address, tls) = match outside {
            Some(route) => (route.socket, ClientAddress::Xclient(own), route.tls.then(Pki::unchecked).transpose()),
            None => {
                let socket = self.net.socket(*address, SMTP_PORT);
                let socket = socket.ok_or(format!("connect to {host}[{address}]:{SMTP_PORT}: No route to host"))?;
                (socket, ClientAddress::Proxy(own, *address), Ok(Some(self.pki.client())))
            }
        };
        let tls = tls.map_err(|error| error.to_string())?;
        let (host, helo) = (host.clone(), self.server.host.to_string());
        let destination = Destination { socket, host, client_address, helo, protocol: Protocol::Smtp, tls };
        let envelope = Envelope { recipients: recipients.to_vec(), ..queued.envelope.clone() };
        let Transcript { replies, result } = smtp_client::send(&destination, &envelope, &queued.message).await;
        if outside.is_some() {
            self.tell(&destination, recipients, queued, replies, result.as_ref().err());
        }
        result.map_err(|error| error.to_string())
    }

    fn tell(
        &self,
        Destination { host, socket, .. }: &Destination,
        recipients: &[Recipient],
        queued: &Queued,
        replies: Vec<Answer>,
        error: Option<&ClientError>,
    ) {
        let message = Message::new(&queued.message);
        let Some(message_id) = message.named("Message-ID").next().map(|field| field.text().trim().to_owned()) else {
            return;
        };
        let failure = error.map(|error| match error {
            ClientError::Connect(..) => HandoverFailure::Unreachable(error.to_string()),
            _ => HandoverFailure::BrokenOff(error.to_string()),
        });
        let server = format!("{host}:{}", socket.port());
        let recipients = recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let handover = Handover { server, recipients, replies, failure, ended: std::time::Instant::now() };
        self.handovers.add(message_id, handover);
    }
}

fn own_failures<'r>(
    recipients: &'r [Recipient],
    status: Status,
    diagnostic: &'r str,
) -> impl Iterator<Item = Failure> + 'r {
    recipients.iter().map(move |recipient| Failure {
        recipient: recipient.clone(),
        status,
        diagnostic: diagnostic.to_owned(),
        said: None,
    })
}

fn decide(recipient: &Recipient, answer: Answer, exchanger: &Exchanger) -> Decision {
    let Answer { stage, reply } = answer;
    if reply.is_positive() {
        return Decision::Delivered;
    }
    let class = reply.code / 100;
    let failure = Failure {
        recipient: recipient.clone(),
        status: reply.status.filter(|s| s.0 == class).unwrap_or(Status(class, 0, 0)),
        diagnostic: reply.to_string(),
        said: Some((exchanger.clone(), stage)),
    };
    if reply.is_permanent() { Decision::Refused(failure) } else { Decision::Later(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lab::embedded::{
            dns::{Dns, DnsFaults, Records},
            smtp_server::{Reply, Service, Session, SmtpListener, Transport},
        },
        target::knobs::{DnsAnswer, DnsFault},
    };
    use async_trait::async_trait;
    use std::{
        net::{Ipv4Addr, SocketAddr},
        sync::Mutex,
    };

    const AWAY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 99);
    const MESSAGE: &[u8] = b"A: b\r\n\r\nbody\r\n";

    /// What is left of a message to `domain` after `give_up`; the server of away.example listens at `away`, if at all.
    async fn failures(
        domain: &str,
        away: Option<SocketAddr>,
        pki: &Pki,
        faults: &[DnsFault],
        give_up: Duration,
    ) -> Vec<Failure> {
        let records = Records::default();
        records.set_mx("away.example", &[(10, "mx.away.example")]).unwrap();
        records.set_host("mx.away.example", AWAY).unwrap();
        let dns = Dns::start(0, records, DnsFaults::new(faults).unwrap()).await.unwrap();
        let net = Net::new(dns.resolver().unwrap(), away.map(|at| ((IpAddr::V4(AWAY), SMTP_PORT), at)));
        let server = MailServer::new("mx.corp.example", "corp.example", Ipv4Addr::new(198, 51, 100, 20));
        let (first, longest) = (Duration::from_millis(1), Duration::from_millis(2));
        let relay = Relay::new(server, &net, pki, Backoff { first, longest, give_up }, &Tasks::new());
        let envelope = Envelope::new("probe@ext.example", &[&format!("x@{domain}")]);
        relay.deliver(&Arc::new(Queued { id: "4F2A1".into(), envelope, message: MESSAGE.to_vec() })).await
    }

    /// What becomes of mail to `domain` when nobody can be reached, after a few tries.
    async fn failure(domain: &str, faults: &[DnsFault]) -> Failure {
        failures(domain, None, &Pki::new(&["localhost"]).unwrap(), faults, Duration::from_millis(20)).await.remove(0)
    }

    /// A server that wants to see a message three times, and keeps what it sees.
    #[derive(Default)]
    struct Busy(Mutex<Vec<Vec<u8>>>);

    #[async_trait]
    impl Service for Busy {
        fn hostname(&self) -> &str {
            "mx.away.example"
        }

        async fn message(&self, _: &Session, _: Envelope, message: Vec<u8>) -> Reply {
            let mut seen = self.0.lock().unwrap();
            seen.push(message);
            match seen.len() {
                3 => Reply::new(250, Status(2, 0, 0), "Ok"),
                _ => Reply::new(451, Status(4, 7, 1), "later"),
            }
        }
    }

    #[tokio::test]
    async fn every_try_shows_the_same_bytes() {
        let (busy, tasks) = (Arc::new(Busy::default()), Tasks::new());
        let pki = Pki::new(&["mx.away.example"]).unwrap();
        let transport = Transport::Proxied(pki.acceptor());
        let listener = SmtpListener::bind(0, transport).await.unwrap();
        let at = listener.address();
        listener.serve(busy.clone(), &tasks);
        let failures = failures("away.example", Some(at), &pki, &[], Duration::from_secs(15)).await;
        assert_eq!(failures, []);
        assert_eq!(*busy.0.lock().unwrap(), [MESSAGE; 3]);
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_given_up_with_its_last_reason() {
        let away = failure("away.example", &[]).await;
        assert_eq!((away.status, away.said), (Status(4, 4, 1), None));
        assert_eq!(away.diagnostic, "connect to mx.away.example[198.51.100.99]:25: No route to host");
        let gone = failure("gone.example", &[]).await;
        assert_eq!(gone.status, Status(5, 4, 4));
        let fault = DnsFault { name: "away.example".into(), rtype: "MX".into(), answer: DnsAnswer::ServFail };
        let silent = failure("away.example", &[fault]).await;
        assert_eq!(silent.status, Status(4, 4, 3));
    }
}
