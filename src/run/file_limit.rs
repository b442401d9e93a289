//! What follows from too many open files is nobody's failure but ours.

use crate::{
    core::open_files::{self, Watch},
    outcome::{HarnessError, HarnessErrorKind},
};

/// Why nothing that went wrong since then counts, if so: the process ran out of files, and a connection that a server of the
/// lab could not open looks like anything else.
pub(super) fn too_many_open_files(since: Watch) -> Option<HarnessError> {
    since.has_seen_exhaustion().then(|| {
        let limit = open_files::limit().map_or_else(|| "all files of the machine".to_owned(), |n| format!("{n} files"));
        let message = format!("too many open files: this process may have {limit} open, and every connection is one");
        HarnessError::new(HarnessErrorKind::Lab, "open a connection", message, open_files::NEXT)
    })
}
