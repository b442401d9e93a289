//! What does it mean? Pure functions from evidence to results; only `snapshot` touches files.

pub mod check;
pub mod claims;
mod coverage;
pub mod diagnose;
pub mod observed;
mod phrases;
pub mod proof;
pub mod refusal;
pub mod snapshot;
pub mod summary;
pub mod survival;
mod upstream_sets;

pub use check::check;
pub use claims::claims;
pub use diagnose::{checked, notes};
pub use observed::observed;
pub use proof::proof;
pub use summary::summary;
pub use survival::survival;
pub(crate) use survival::survival_of_returned;
use upstream_sets::upstream_sets;
