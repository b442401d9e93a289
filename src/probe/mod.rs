//! How do we act on the world? Composing and submitting mail, watching mailboxes.

pub mod compose;
pub mod mailbox;
pub mod submit;
mod tls;
