//! What can be typed after `sealcheck snapshots`.

use crate::{
    core::glob,
    judge::snapshot::{Entry, folder},
    target::TargetKind,
};

/// `sealcheck snapshots …`.
#[derive(Debug, Clone, clap::Args)]
pub struct SnapshotsArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the regression files.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Count what is accepted, pending and obsolete; exit 5 unless everything is accepted
    Status(Selection),
    /// Go through what is pending, one by one, on a terminal
    Review(Selection),
    /// Print snapshots: the accepted text, or the pending one where nothing is accepted yet
    Show(Selection),
    /// Say in words and lines what is pending
    Diff(Selection),
    /// Accept what is pending
    Accept(Selection),
    /// Remove what is pending
    Reject(Selection),
    /// Remove files that belong to no scenario and target
    Prune {
        /// Which of them.
        #[command(flatten)]
        selection: Selection,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which snapshots.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Selection {
    /// Scenario ids, `*` and `?` are wildcards [default: all]
    #[arg(value_name = "ID|GLOB")]
    pub ids: Vec<String>,
    /// Only snapshots of this target
    #[arg(long, value_name = "TARGET")]
    pub target: Option<TargetKind>,
}

impl Selection {
    /// Whether a snapshot is meant.
    pub(super) fn takes(&self, entry: &Entry) -> bool {
        self.target.is_none_or(|t| [false, true].iter().any(|straight| folder(t, *straight) == entry.target))
            && (self.ids.is_empty() || self.ids.iter().any(|id| glob::fits(id, &entry.id)))
    }

    /// The selection as typed, for a message that nothing fits it.
    pub(super) fn words(&self) -> String {
        let target = self.target.map_or_else(String::new, |t| format!(" of target {t}"));
        match self.ids.as_slice() {
            [] => target.trim_start().to_owned(),
            ids => format!("named {}{target}", ids.join(", ")),
        }
    }

    /// Whether anything was asked for by name.
    pub(super) fn is_narrow(&self) -> bool {
        self.target.is_some() || !self.ids.is_empty()
    }
}
