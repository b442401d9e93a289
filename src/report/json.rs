//! The result file: everything about a run in one JSON document.

use super::RunSummary;
use crate::{
    core::RunId,
    outcome::{Connections, Redactions, RunInfo, ScenarioReport, Totals},
};
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};
use std::io::{self, Write};

/// The format's version; only ever added to.
const VERSION: u32 = 1;
/// The name of the schema that describes it.
const SCHEMA: &str = "https://sealcheck.example/schemas/result.v1.json";

/// Writes the document for these events.
///
/// # Errors
/// Those of the writer, and when the reports of scenarios cannot be read again.
pub fn render(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &ResultFile::of(summary))?;
    out.write_all(b"\n")
}

/// The document.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ResultFile<'a> {
    /// The schema's name.
    pub schema: &'a str,
    /// The format's version.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool<'a>,
    /// The run.
    pub run: Run<'a>,
    /// The counts.
    pub totals: Totals,
    /// Every scenario that was selected.
    #[schemars(with = "Vec<ScenarioReport>")]
    pub scenarios: Scenarios<'a>,
    /// How the snapshots compare.
    pub snapshots: super::run_summary::SnapshotCounts,
    /// What the redaction did.
    pub redactions: Redactions,
    /// The IMAP connections.
    pub imap: Connections,
}

/// The reports of all scenarios; one at a time is in memory.
#[derive(Debug)]
pub struct Scenarios<'a>(&'a RunSummary);

impl Serialize for Scenarios<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = to.serialize_seq(Some(self.0.scenarios.len()))?;
        for report in self.0.reports() {
            all.serialize_element(&report.map_err(S::Error::custom)?)?;
        }
        all.end()
    }
}

/// What wrote a document.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// The run that a document is about.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Run<'a> {
    /// Its id.
    pub id: Option<&'a RunId>,
    /// The run whose mail it looked for again.
    pub resumes: Option<&'a RunId>,
    /// RFC 3339, UTC, milliseconds.
    pub started_at: &'a str,
    /// RFC 3339, UTC, milliseconds.
    pub finished_at: &'a str,
    /// How long it took.
    pub duration_ms: u64,
    /// The target's name.
    pub target: &'a str,
    /// Its circumstances.
    #[serde(flatten)]
    pub info: &'a RunInfo,
    /// Whether every selected scenario was run to its end.
    pub complete: bool,
    /// Why it ended early.
    pub stopped: Option<&'a str>,
    /// What the process ends with, before reports are written; null when the run broke off.
    pub exit_code: Option<u8>,
}

impl<'a> ResultFile<'a> {
    /// The document for these events.
    pub fn of(summary: &'a RunSummary) -> Self {
        let (name, version) = summary.tool.split_once(' ').unwrap_or((&summary.tool, ""));
        Self {
            schema: SCHEMA,
            version: VERSION,
            tool: Tool { name, version },
            run: Run {
                id: summary.run.as_ref(),
                resumes: summary.resumes.as_ref(),
                started_at: &summary.started_at,
                finished_at: &summary.finished_at,
                duration_ms: summary.duration_ms,
                target: &summary.target,
                info: &summary.info,
                complete: summary.complete,
                stopped: summary.stopped.as_deref(),
                exit_code: summary.exit_code,
            },
            totals: summary.totals,
            scenarios: Scenarios(summary),
            snapshots: summary.snapshots(),
            redactions: summary.redactions,
            imap: summary.imap,
        }
    }
}
