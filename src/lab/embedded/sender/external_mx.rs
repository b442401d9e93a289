//! Mail for the users of a plain mail server: bounces, and whatever else is sent to them.

use crate::lab::embedded::{
    mta::{MailServer, queue_id, received},
    net::Net,
    smtp_server::{Envelope, Recipient, Reply, Service, Session, Status, domain_of},
    store::{FolderKind, Store},
};
use async_trait::async_trait;
use jiff::Timestamp;

/// An MX that delivers into mailboxes and judges nothing.
pub(crate) struct ExternalMx {
    server: MailServer,
    users: Store,
    net: Net,
}

impl ExternalMx {
    /// Delivers into the mailboxes of this store.
    pub(crate) fn new(server: MailServer, users: Store, net: &Net) -> Self {
        Self { server, users, net: net.clone() }
    }
}

#[async_trait]
impl Service for ExternalMx {
    fn hostname(&self) -> &str {
        &self.server.host
    }

    async fn connect(&self, _session: &Session) -> Reply {
        Reply::plain(220, format!("{} ESMTP Postfix", self.server.host))
    }

    async fn recipient(&self, _session: &Session, _envelope: &Envelope, recipient: &Recipient) -> Reply {
        let address = &recipient.address;
        let domain = domain_of(address);
        if !domain.eq_ignore_ascii_case(&self.server.domain) {
            return Reply::new(554, Status(5, 7, 1), format!("<{address}>: Relay access denied"));
        }
        if self.users.account(address).is_none() {
            return Reply::new(
                550,
                Status(5, 1, 1),
                format!("<{address}>: Recipient address rejected: User unknown in virtual mailbox table"),
            );
        }
        Reply::new(250, Status(2, 1, 5), "Ok")
    }

    async fn message(&self, session: &Session, envelope: Envelope, message: Vec<u8>) -> Reply {
        let now = Timestamp::now();
        let id = queue_id(now);
        let name = self.net.confirmed_name(session.peer).await;
        let trace = received(session, name.as_deref(), &envelope, &self.server.host, &id, now);
        for Recipient { address, .. } in &envelope.recipients {
            let head = format!("Return-Path: <{}>\r\nDelivered-To: {address}\r\n{trace}", envelope.sender);
            let copy = [head.as_bytes(), &message].concat();
            self.users.deliver(address, FolderKind::Inbox, copy.into(), now);
        }
        Reply::new(250, Status(2, 0, 0), format!("Ok: queued as {id}"))
    }
}
