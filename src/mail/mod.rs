//! What does mail say? Pure readers: bytes in, values out; no I/O, no clock, no opinion about truth.
//!
//! Every reader takes what any server writes and never fails on hostile input: what cannot be read is left out or
//! kept as `Other`, in linear time.

pub mod arc;
pub mod authres;
pub mod dkim;
pub mod dsn;
pub mod encoded_word;
pub mod failure;
pub(crate) mod junk;
mod lexer;
pub mod log;
pub mod message;
pub(crate) mod mime;
pub mod received;
pub mod received_spf;
pub mod reply;
pub mod taglist;

pub use message::{Field, Message};
