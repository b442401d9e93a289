//! Checks a message as receivers do: SPF, DKIM, DMARC and ARC, with mail-auth over the world's DNS, in one value that
//! the company's server and the look-alike both read.

mod authenticator;
mod body_hash;
mod chain;
mod dkim;
mod results;

pub use authenticator::{Authenticator, Hop};
pub use chain::{Chain, ChainFailure};
pub use results::{Authentication, Dkim, DkimReason, Dmarc, Policy, Spf, SpfScope, Verdict};
