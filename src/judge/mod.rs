//! What does it mean? Pure functions from evidence to results; only `snapshot` touches files.

pub mod check;
pub mod diagnose;
pub mod observed;
pub mod snapshot;
pub mod summary;
pub mod survival;
mod words;

pub use check::check;
pub use observed::observed;
pub use summary::summary;
pub use survival::survival;
