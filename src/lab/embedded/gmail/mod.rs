//! The Gmail look-alike's MX: it decides, answers and writes header fields as Gmail does. Its mailboxes are the
//! [`super::store`], read over [`super::imap_server`].

mod aar;
mod authres;
mod compliance;
mod delivery_headers;
mod gmail_mx;
mod identifiers;
mod lmtp;
mod policy;
mod replies;
mod seal;

pub(crate) use gmail_mx::{GmailMx, GmailSetup};
