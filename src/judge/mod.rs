//! What does it mean? Pure functions from evidence to results; only `snapshot` touches files.

pub mod check;
pub mod snapshot;
