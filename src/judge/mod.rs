//! What does it mean? Pure functions from evidence to results; only `snapshot` touches files.

mod body;
pub mod check;
pub mod diagnose;
pub mod observed;
pub mod snapshot;
pub mod summary;
mod words;

pub use check::check;
pub use observed::observed;
pub use summary::summary;
