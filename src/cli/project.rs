//! Where the project is and what it says.

use super::{Context, Global, failure::Failure};
use crate::scenario::TargetKind;
use std::path::PathBuf;

/// The name of the project file.
const FILE: &str = "sealcheck.yaml";

/// A project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    /// The project file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// The directory that everything is relative to, as it is shown to people; empty for the current one.
    pub(super) root: PathBuf,
    /// The scenario folder.
    pub(super) scenarios: PathBuf,
    /// The snapshot folder.
    pub(super) snapshots: PathBuf,
    /// Where to run when nobody says so.
    pub(super) target: TargetKind,
}

impl Project {
    /// The project that the person names, or the one around the current directory.
    pub(super) fn find(context: &Context, global: &Global) -> Result<Self, Failure> {
        let file = global.config.clone().or_else(|| nearest(context));
        let root = file.as_ref().and_then(|f| f.parent()).map(PathBuf::from).unwrap_or_default();
        Ok(Self {
            scenarios: root.join("scenarios"),
            snapshots: root.join("snapshots"),
            target: TargetKind::Embedded,
            file,
            root,
        })
    }

    /// Where the files of a run go.
    pub(super) fn run_dir(&self, run: &crate::core::RunId) -> PathBuf {
        self.root.join(".sealcheck").join("runs").join(run.as_str())
    }
}

/// The project file in the current directory or the nearest above, as a relative path.
fn nearest(context: &Context) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for directory in context.directory.ancestors() {
        if directory.join(FILE).is_file() {
            return Some(up.join(FILE));
        }
        up.push("..");
    }
    None
}
