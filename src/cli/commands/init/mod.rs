//! `sealcheck init`: a project that passes at once, to begin from.

use super::schema::{Document, schema};
use crate::{
    cli::{CliError, CommandResult, Context, print},
    outcome::ExitCode,
};
use std::{
    borrow::Cow,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// Where the project begins; made when it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Add workflows for GitHub: one for every night, one to start by hand
    #[arg(long)]
    github: bool,
}

/// A file of a new project: its path below the directory, and what it holds.
type File = (&'static str, Cow<'static, str>);

/// The files that are the same here as in this package: scenarios of its own, and what they have been seen to do.
macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../", $path)))),*]
    };
}

const SHIPPED: [(&str, &str); 6] = shipped![
    "scenarios/direct.yaml",
    "scenarios/forward-arc.yaml",
    "scenarios/forward-no-arc-bounces.yaml",
    "snapshots/embedded/direct.snap",
    "snapshots/embedded/forward-arc.snap",
    "snapshots/embedded/forward-no-arc-bounces.snap",
];

const WORKFLOWS: [(&str, &str); 2] = [
    (".github/workflows/mail.yml", include_str!("files/mail.yml")),
    (".github/workflows/nightly.yml", include_str!("files/nightly.yml")),
];

/// The project file.
const PROJECT: &str = "sealcheck.yaml";

pub(in crate::cli) fn run(context: &Context, args: &InitArgs) -> CommandResult {
    let directory = context.directory.join(&args.directory);
    let is_project = directory.join(PROJECT).exists();
    let mut files = Vec::new();
    if !is_project {
        files.extend(project()?);
    }
    if args.github {
        check_top(&directory)?;
        files.extend(WORKFLOWS.map(|(path, text)| (path, text.into())));
    }
    let there: Vec<&str> = files.iter().map(|(path, _)| *path).filter(|path| is_there(&directory.join(path))).collect();
    let file = |path: &str| args.directory.join(path).display().to_string();
    match (files.is_empty(), &there[..]) {
        (true, _) => {
            let project = file(PROJECT);
            Err(CliError::Usage(format!("there is a project already: {project}; --github adds workflows to it")))
        }
        (false, []) => {
            for (path, text) in &files {
                write(&directory.join(path), text)
                    .map_err(|e| CliError::Output(format!("cannot write {}: {e}", file(path))))?;
            }
            print(&told(&args.directory, &files, is_project))?;
            Ok(ExitCode::Success)
        }
        (false, there) => {
            let there = there.iter().map(|path| file(path)).collect::<Vec<_>>().join(", ");
            Err(CliError::Usage(format!("nothing was written: {there} would be overwritten; move that away first")))
        }
    }
}

fn project() -> Result<Vec<File>, CliError> {
    let schema = |of| schema(of).map(Cow::Owned).map_err(|e| CliError::Internal(e.to_string()));
    let mut files: Vec<File> = vec![
        (PROJECT, include_str!("files/sealcheck.yaml").into()),
        ("schemas/config.v1.json", schema(Document::Config)?),
        ("schemas/scenario.v1.json", schema(Document::Scenario)?),
    ];
    files.extend(SHIPPED.map(|(path, text)| (path, text.into())));
    files.push(("scenarios/candidate.yaml", include_str!("files/candidate.yaml").into()));
    Ok(files)
}

/// GitHub reads workflows at the top of a repository alone.
fn check_top(directory: &Path) -> Result<(), CliError> {
    let top = directory.ancestors().find(|above| above.join(".git").exists());
    match top {
        Some(top) if top != directory => {
            let top = top.display();
            Err(CliError::Usage(format!(
                "GitHub reads workflows at the top of the repository, {top}: run `init --github` there"
            )))
        }
        _ => Ok(()),
    }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

fn told(directory: &Path, files: &[File], was_project: bool) -> String {
    let mut lines: Vec<String> =
        files.iter().map(|(path, _)| format!("  {}", directory.join(path).display())).collect();
    lines.insert(0, "wrote".to_owned());
    lines.push(String::new());
    if !was_project {
        if directory != Path::new(".") {
            lines.push(format!("cd {}", directory.display()));
        }
        lines.push("sealcheck run                  # passes in the embedded world, as it is".to_owned());
        lines.push("sealcheck run --target gmail   # when the accounts of sealcheck.yaml are yours".to_owned());
    }
    if files.iter().any(|(path, _)| path.starts_with(".github")) {
        let secrets = "SEALCHECK_EXTERNAL_PASSWORD and SEALCHECK_GMAIL_APP_PASSWORD";
        lines.push(format!("The workflows need the secrets {secrets} of the repository."));
    }
    lines.join("\n") + "\n"
}
