//! `sealcheck snapshots`: looking at, accepting and removing the regression files.

mod actions;
mod render;
mod review;
mod snapshots_args;
mod snapshots_context;

pub use actions::run;
pub use snapshots_args::{Action, Selection, SnapshotsArgs};
pub use snapshots_context::{Key, SnapshotsContext, SnapshotsError};
