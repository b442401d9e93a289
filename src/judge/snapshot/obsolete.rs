//! Files that belong to no scenario any more.

use super::{folder, path};
use crate::{
    core::file,
    scenario::{Scenario, model::SnapshotPreset},
};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// The accepted files that scenarios may have: those of both ways to each of their targets, none with `snapshot: none`.
pub fn known<'a>(dir: &Path, scenarios: impl IntoIterator<Item = &'a Scenario>) -> BTreeSet<PathBuf> {
    scenarios
        .into_iter()
        .filter(|s| s.snapshot != SnapshotPreset::None)
        .flat_map(|s| {
            s.targets.iter().flat_map(|t| [false, true].map(|straight| path(dir, &folder(*t, straight), &s.id)))
        })
        .collect()
}

/// Snapshot files below `dir`, pending ones too, that are not `known` ([`known`]); computed without running anything.
///
/// # Errors
/// When a folder cannot be read.
pub fn obsolete(dir: &Path, known: &BTreeSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let mut files = files(dir)?;
    files.retain(|file| {
        let text = file.to_string_lossy();
        !known.contains(Path::new(text.strip_suffix(".new").unwrap_or(&text)))
    });
    Ok(files)
}

/// Removes from every folder below `dir` what runs that were killed have left of files that they were writing.
pub(crate) fn sweep(dir: &Path) {
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        file::sweep(&folder);
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()));
    }
}

/// Every `.snap` and `.snap.new` below a folder, sorted. Links are not followed.
pub(super) fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", folder.display()))),
        };
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() {
                folders.push(path);
            } else if name.ends_with(".snap") || name.ends_with(".snap.new") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
