//! Reports of scenarios, on disk when there are more of them than memory should hold.

use crate::outcome::ScenarioReport;
use std::{
    collections::HashSet,
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::SpooledTempFile;

/// From so many bytes on they are in a file, which has no name and ends with the process.
const IN_MEMORY: usize = 4 << 20;

/// Where reports are until the documents are written.
pub(super) struct ReportStore {
    file: Mutex<SpooledTempFile>,
    end: u64,
    /// Many scenarios have the text of one file.
    sources: HashSet<Arc<str>>,
}

/// Where one report is.
#[derive(Debug)]
pub(super) enum StoredReport {
    File {
        at: u64,
        length: u64,
        source: Arc<str>,
    },
    /// There is no room on the disk.
    Memory(Box<ScenarioReport>),
}

impl Default for ReportStore {
    fn default() -> Self {
        Self { file: Mutex::new(SpooledTempFile::new(IN_MEMORY)), end: 0, sources: HashSet::new() }
    }
}

impl fmt::Debug for ReportStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReportStore")
    }
}

impl ReportStore {
    /// Keeps a report.
    pub(super) fn keep(&mut self, report: &ScenarioReport) -> StoredReport {
        match self.write(report) {
            Ok(length) => {
                let at = self.end;
                self.end += length;
                StoredReport::File { at, length, source: self.source(&report.source) }
            }
            Err(_) => StoredReport::Memory(Box::new(report.clone())),
        }
    }

    fn write(&mut self, report: &ScenarioReport) -> io::Result<u64> {
        let text = serde_json::to_vec(report)?;
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(&text)?;
        Ok(text.len() as u64)
    }

    /// The one text that all who have the same share.
    fn source(&mut self, source: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.sources.get(source) {
            return Arc::clone(known);
        }
        self.sources.insert(Arc::clone(source));
        Arc::clone(source)
    }

    /// Reads a report again.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn read(&self, place: &StoredReport) -> io::Result<ScenarioReport> {
        let (at, length, source) = match place {
            StoredReport::Memory(report) => return Ok((**report).clone()),
            StoredReport::File { at, length, source } => (*at, *length, source),
        };
        let mut text = Vec::new();
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            Read::by_ref(&mut *file).take(length).read_to_end(&mut text)?;
        }
        let mut report: ScenarioReport = serde_json::from_slice(&text)?;
        report.source = Arc::clone(source);
        Ok(report)
    }
}
