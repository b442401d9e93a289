//! Signs and seals: header fields, canonical forms (RFC 6376 §3.4), ARC Sets (RFC 8617).

pub mod arc;
mod canon;
mod dkim;
mod message;
mod signer;

pub(crate) use canon::relaxed_field;
pub(crate) use dkim::body_hash;
pub use dkim::dkim_signature;
pub use message::Message;
pub(crate) use message::{Field, without};
pub use signer::Signer;
