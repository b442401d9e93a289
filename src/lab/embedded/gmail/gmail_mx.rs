//! The MX itself: it takes a message through the questions in order.

use super::{
    compliance, delivery_headers,
    identifiers::Identifiers,
    lmtp,
    policy::{Decision, Delivery, decide},
    replies::{self, Facts, catalogue_reply},
};
use crate::{
    lab::embedded::{
        MailboxServer,
        authenticate::{self, Authenticator},
        hosts::{GMAIL_AUTHSERV_ID, GOOGLE_ARC_SELECTOR, GOOGLE_DOMAIN},
        keys::{KeyError, Keys},
        net::Net,
        signing::{Message, Signer},
        smtp_server::{Envelope, Limits, Recipient, Reply, ReplyError, Service, Session, Status, domain_of},
        store::{Account, FolderKind, Store, account_key, utf7},
        tasks::Tasks,
    },
    target::knobs::{GmailKnobs, ImapFault},
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The largest message that Gmail receives, in octets: 50 MB.
const MAX_MESSAGE: usize = 50 * 1024 * 1024;
/// What its EHLO says, whatever it receives.
const SAID_SIZE: usize = 157_286_400;

/// What the look-alike is made of.
pub(crate) struct GmailSetup<'s> {
    /// Its mailboxes.
    pub store: Store,
    /// Where it asks DNS.
    pub net: Net,
    /// The keys of the world; it seals with its own.
    pub keys: &'s Keys,
    /// What is changed about it.
    pub knobs: GmailKnobs,
    /// Where deliveries wait that are delayed.
    pub tasks: Tasks,
    /// Who gets its mail instead of its own mailboxes.
    pub mailbox: Option<MailboxServer>,
}

/// The look-alike's MX.
pub(crate) struct GmailMx {
    store: Store,
    net: Net,
    authenticator: Authenticator,
    signer: Signer,
    knobs: GmailKnobs,
    reject: Option<Reply>,
    defer: Option<(Reply, u32)>,
    attempts: Mutex<HashMap<String, u32>>,
    tasks: Tasks,
    mailbox: Option<MailboxServer>,
}

impl GmailMx {
    /// Makes it ready to serve.
    ///
    /// # Errors
    /// When a knob is no SMTP reply.
    pub(crate) fn new(setup: GmailSetup<'_>) -> Result<Self, ReplyError> {
        let GmailSetup { store, net, keys, knobs, tasks, mailbox } = setup;
        Ok(Self {
            authenticator: Authenticator::new(net.resolver(), GMAIL_AUTHSERV_ID),
            signer: Signer::new(GOOGLE_DOMAIN, GOOGLE_ARC_SELECTOR, &keys.google_arc),
            reject: knobs.reject.as_deref().map(Reply::refusal).transpose()?,
            defer: knobs.defer.as_ref().map(|d| Ok((Reply::refusal(&d.reply)?, d.times))).transpose()?,
            attempts: Mutex::default(),
            store,
            net,
            knobs,
            tasks,
            mailbox,
        })
    }

    /// Whether the message meets the knob that defers, this time.
    fn deferred(&self, envelope: &Envelope, message: &Message<'_>) -> Option<&Reply> {
        let (reply, times) = self.defer.as_ref()?;
        let id = message.named("Message-ID").next().map(|f| f.text()).unwrap_or_default();
        let recipients: Vec<_> = envelope.recipients.iter().map(|r| r.address.as_str()).collect();
        let key = format!("{id} {}", recipients.join(" "));
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = attempts.entry(key).or_default();
        *count = count.saturating_add(1);
        (*count <= *times).then_some(reply)
    }

    async fn receive(&self, session: &Session, envelope: &Envelope, raw: &[u8]) -> Result<(), Reply> {
        let message = Message::new(raw);
        let from = message.named("From").next().map(|f| compliance::addresses(&f.text())).unwrap_or_default();
        let from_address = from.first().map_or("", String::as_str);
        let mut facts = Facts {
            client: session.peer,
            from: domain_of(from_address).to_ascii_lowercase(),
            mailfrom: mailfrom(session, envelope),
        };
        if let Some(wanted) = self.reject.as_ref().or_else(|| self.deferred(envelope, &message)) {
            return Err(catalogue_reply(wanted, &facts));
        }
        if let Some(refusal) = compliance::defect(&message) {
            return Err(refusal.reply(&facts));
        }
        let hop = authenticate::Hop { client: session.peer, helo: &session.helo, sender: &envelope.sender };
        let found = self.authenticator.authenticate(hop, raw).await;
        facts.mailfrom.clone_from(&found.spf.domain);
        let delivery = match decide(&self.knobs, &found, &facts.from) {
            Decision::Refuse(cause) => return Err(cause.refusal().reply(&facts)),
            Decision::Deliver(delivery) => delivery,
        };
        let now = Timestamp::now();
        let ids = identifiers(session);
        let hop = delivery_headers::Hop {
            helo: session.helo.clone(),
            name: self.net.confirmed_name(session.peer).await,
            client: session.peer,
            protocol: session.protocol(),
            tls: session.tls,
            sender: envelope.sender.clone(),
            ids: &ids,
            now,
        };
        for recipient in &envelope.recipients {
            let Some(account) = self.store.account(&recipient.address) else { continue };
            let header = delivery_headers::fields(&self.signer, &hop, account.address(), &message, &found, &delivery)
                .map_err(|error| broken(&error))?;
            let stamped: Arc<[u8]> = [header.as_bytes(), raw].concat().into();
            if let Some(server) = &self.mailbox {
                lmtp::hand_over(server, &envelope.sender, account.address(), delivery.spam, &stamped).await?;
                continue;
            }
            let own = [from_address, &envelope.sender].iter().any(|a| account_key(a) == account_key(account.address()));
            self.deliver(account, self.folders(own, &delivery), stamped, now);
        }
        Ok(())
    }

    fn deliver(&self, account: Arc<Account>, folders: Vec<FolderKind>, message: Arc<[u8]>, now: Timestamp) {
        let category = folders.contains(&FolderKind::Inbox).then_some(self.knobs.category);
        let behind =
            if self.knobs.imap == ImapFault::Clock { SignedDuration::from_mins(10) } else { SignedDuration::ZERO };
        let now = now - behind;
        if self.knobs.delay.is_zero() {
            account.deliver_to_all(&folders, category, message, now);
            return;
        }
        let (tasks, delay) = (self.tasks.clone(), self.knobs.delay);
        self.tasks.spawn(async move {
            if tasks.wait(delay).await {
                account.deliver_to_all(&folders, category, message, now);
            }
        });
    }

    /// Where a message goes. What comes from the account itself is a copy of what it sent, and not shown as new mail.
    fn folders(&self, own: bool, delivery: &Delivery) -> Vec<FolderKind> {
        match (own, delivery.spam) {
            (true, _) => vec![FolderKind::All, FolderKind::Sent],
            (false, true) => vec![FolderKind::Junk],
            (false, false) => {
                [FolderKind::Inbox].into_iter().chain(self.knobs.labels.iter().map(|l| label(l))).collect()
            }
        }
    }
}

/// The folder of a label, by its name as people write it.
fn label(name: &str) -> FolderKind {
    match name {
        "\\Important" => FolderKind::Important,
        "\\Starred" => FolderKind::Flagged,
        _ => FolderKind::Label(utf7::encode(name)),
    }
}

/// The domain that SPF will be asked for: that of the sender, or the name that the client gave.
fn mailfrom(session: &Session, envelope: &Envelope) -> String {
    envelope.sender.rsplit_once('@').map_or(session.helo.as_str(), |(_, domain)| domain).to_ascii_lowercase()
}

fn identifiers(session: &Session) -> Identifiers {
    Identifiers::new(&format!("{} {}", session.id, session.peer))
}

fn broken(error: &KeyError) -> Reply {
    Reply::new(421, Status(4, 3, 0), format!("Temporary System Problem.  Try again later ({error})"))
}

#[async_trait]
impl Service for GmailMx {
    fn hostname(&self) -> &str {
        GMAIL_AUTHSERV_ID
    }

    fn limits(&self) -> Limits {
        Limits { message: MAX_MESSAGE, recipients: 100, ..Limits::default() }
    }

    fn keywords(&self) -> Vec<String> {
        let size = format!("SIZE {SAID_SIZE}");
        [&size, "8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING", "CHUNKING", "SMTPUTF8"].map(str::to_owned).into()
    }

    fn suffix(&self, session: &Session) -> String {
        format!(" {} - gsmtp", identifiers(session).smtp())
    }

    fn welcome(&self, session: &Session) -> String {
        format!("{GMAIL_AUTHSERV_ID} at your service, [{}]", session.peer)
    }

    fn too_big(&self, session: &Session) -> Reply {
        let nobody = Facts { client: session.peer, from: String::new(), mailfrom: String::new() };
        replies::TOO_BIG.reply(&nobody)
    }

    async fn mail(&self, _session: &Session, _envelope: &Envelope) -> Reply {
        Reply::new(250, Status(2, 1, 0), "OK")
    }

    async fn recipient(&self, session: &Session, envelope: &Envelope, recipient: &Recipient) -> Reply {
        let domain = mailfrom(session, envelope);
        let facts = Facts { client: session.peer, from: domain.clone(), mailfrom: domain };
        if self.store.account(&recipient.address).is_none() {
            return replies::NO_SUCH_USER.reply(&facts);
        }
        // What a mailbox cannot take is said of the recipient, everything else of the message.
        match &self.reject {
            Some(reply) if matches!(reply.status, Some(Status(_, 1 | 2, _))) => catalogue_reply(reply, &facts),
            _ => Reply::new(250, Status(2, 1, 5), "OK"),
        }
    }

    async fn data(&self, _session: &Session, _envelope: &Envelope) -> Reply {
        Reply::plain(354, "Go ahead")
    }

    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply {
        match self.receive(session, &envelope, &message).await {
            Ok(()) => Reply::new(250, Status(2, 0, 0), format!("OK  {}", Timestamp::now().as_second())),
            Err(refusal) => refusal,
        }
    }
}
