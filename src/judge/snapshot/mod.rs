//! The regression files: what was seen, normalised, in insta's own format.
//!
//! [`normalise()`] makes a text that is the same for every run of a sound system; [`Store`] compares it with the
//! accepted one and leaves a `.snap.new` beside it to be reviewed; [`changes()`] says in words what differs.

mod changes;
mod diff;
mod disk;
mod entry;
mod file;
mod name;
mod normalise;
mod obsolete;
mod store;
mod tree;

pub use changes::changes;
pub(crate) use diff::unified;
pub use entry::{Entry, Proposal, entries, pending};
pub use file::{SnapshotFile, SnapshotFileError};
pub use name::{folder, path, relative};
pub use normalise::normalise;
pub(crate) use obsolete::sweep;
pub use obsolete::{known, obsolete};
pub use store::{SnapshotComparison, Store, Update, Writing};
