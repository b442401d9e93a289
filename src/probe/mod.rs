//! How do we act on the world? Composing, signing and submitting mail, watching mailboxes, reading logs, getting access tokens.

mod certificate;
mod clock;
pub mod compose;
mod line_ends;
pub mod logs;
pub mod mailbox;
mod peer_certificate;
pub mod sign;
pub mod submit;
mod timed;
mod tls;
pub mod token;

pub use certificate::Certificate;
