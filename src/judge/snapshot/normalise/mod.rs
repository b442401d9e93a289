//! From evidence to a text that is the same for every run of a sound system.
//!
//! Kept: folder, authserv-id, methods with results and domains, every ARC Set, hops as roles, the fate of the body,
//! what bounces say. Gone: addresses and domains of accounts (their roles stay), IPs, dates, signatures and hashes,
//! selectors, queue ids, Message-IDs, tokens, SRS, the order of fields and methods, and every timing.

mod bounces;
mod chain;
mod copies;
mod fields;
mod hops;
mod mask;
mod methods;
mod roles;
mod scenario;

pub use scenario::normalise;
