//! Checks a message as receivers do: SPF, DKIM, DMARC and ARC, with mail-auth over the world's DNS, in one value that
//! the company's server and the look-alike both read.

mod authentication;
mod authenticator;
mod body_hash;
mod chain;
mod dkim;

pub use authentication::Authentication;
pub(crate) use authentication::{Dkim, DkimReason, Dmarc, Policy, Spf, SpfScope, Verdict};
pub use authenticator::{Authenticator, Hop};
pub use chain::{Chain, ChainFailure};
