//! `sealcheck snapshots`: looking at, accepting and removing the regression files.

mod act;
mod args;
mod desk;
mod render;
mod review;

pub use act::run;
pub use args::{Action, Selection, SnapshotsArgs};
pub use desk::{Desk, Key, SnapshotsError};
