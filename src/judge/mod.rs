//! What does it mean? Pure functions from evidence to results; only `snapshot` touches files.

pub mod check;
pub mod claims;
pub mod diagnose;
pub mod observed;
pub mod proof;
pub mod refusal;
mod sets;
pub mod snapshot;
pub mod summary;
pub mod survival;
mod words;

pub use check::check;
pub use claims::claims;
pub use diagnose::{checked, notes};
pub use observed::observed;
pub use proof::proof;
use sets::foreign;
pub use summary::summary;
pub use survival::{survival, survival_of_returned};
