//! Mail for the outside sender's users: bounces, and whatever else is sent to them.

use crate::lab::embedded::{
    mta::{queue_id, received},
    net::Net,
    parties::{EXTERNAL_DOMAIN, EXTERNAL_HOST},
    smtp_server::{Envelope, Recipient, Reply, Service, Session, Status},
    store::{FolderKind, Store},
};
use async_trait::async_trait;
use jiff::Timestamp;

/// The outside sender's MX.
pub struct ExternalMx {
    users: Store,
    net: Net,
}

impl ExternalMx {
    /// Delivers into the mailboxes of this store.
    pub fn new(users: Store, net: &Net) -> Self {
        Self { users, net: net.clone() }
    }
}

#[async_trait]
impl Service for ExternalMx {
    fn hostname(&self) -> &str {
        EXTERNAL_HOST
    }

    async fn connect(&self, _session: &Session) -> Reply {
        Reply::plain(220, format!("{EXTERNAL_HOST} ESMTP Postfix"))
    }

    async fn recipient(&self, _session: &Session, _envelope: &Envelope, recipient: &Recipient) -> Reply {
        let address = &recipient.address;
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if !domain.eq_ignore_ascii_case(EXTERNAL_DOMAIN) {
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
        let trace = received(session, name.as_deref(), &envelope, EXTERNAL_HOST, &id, now);
        for Recipient { address, .. } in &envelope.recipients {
            let head = format!("Return-Path: <{}>\r\nDelivered-To: {address}\r\n{trace}", envelope.sender);
            let copy = [head.as_bytes(), &message].concat();
            self.users.deliver(address, FolderKind::Inbox, copy.into(), now);
        }
        Reply::new(250, Status(2, 0, 0), format!("Ok: queued as {id}"))
    }
}
