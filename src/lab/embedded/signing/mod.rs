//! Signs and seals: header fields, canonical forms (RFC 6376 §3.4), ARC Sets (RFC 8617).

pub mod arc;
mod canon;
mod dkim;
mod message;
mod signer;

pub use canon::{relaxed_body, relaxed_field};
pub use dkim::{body_hash, dkim_signature, signed_fields};
pub use message::{Field, Message, without};
pub use signer::{Signer, fold};
