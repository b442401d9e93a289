//! `sealcheck schema`.

use crate::{
    cli::{
        CliError, CommandResult,
        commands::{check, inspect::Inspection},
        print,
    },
    doctor,
    outcome::{ExitCode, RunEvent},
    report::json::ResultFile,
    scenario,
};
use clap::ValueEnum;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Of what
    of: Document,
}

/// The documents that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// A scenario file
    Scenario,
    /// The project file sealcheck.yaml
    Config,
    /// The result file of --report json
    Result,
    /// A line of --report jsonl
    Event,
    /// The document of doctor --format json
    Doctor,
    /// The document of check --show-config --format json
    Settings,
    /// What inspect --format json says of a mail
    Inspect,
}

pub(in crate::cli) fn run(args: &SchemaArgs) -> CommandResult {
    let text = schema(args.of).map_err(|e| CliError::Internal(e.to_string()))?;
    print(&text)?;
    Ok(ExitCode::Success)
}

/// The JSON Schema of a document, with a line break at its end.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn schema(of: Document) -> serde_json::Result<String> {
    let schema = match of {
        Document::Scenario => scenario::schema::scenario(),
        Document::Config => scenario::schema::config(),
        Document::Result => generate::<ResultFile<'_>>("result"),
        Document::Event => generate::<RunEvent>("event"),
        Document::Doctor => generate::<doctor::Report>("doctor"),
        Document::Settings => generate::<check::show_config::Document>("settings"),
        Document::Inspect => generate::<Inspection>("inspect"),
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// The schema of what we write: every field that is always there is required.
fn generate<T: JsonSchema>(name: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("$id".into(), format!("https://sealcheck.example/schemas/{name}.v1.json").into());
    schema.to_value()
}
