//! Values for scenarios and accounts, shared by `run` and `check`: from the command line and from files.

use crate::{
    catalogue::Cause,
    cli::CliError,
    core::{duration, file, suggest},
    outcome::ShardInfo,
    scenario::{Scenario, Vars, Warning, YamlError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Values for scenarios and accounts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Values")]
pub(super) struct ValueArgs {
    /// Define a variable, which scenarios write as $name; repeatable
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// Define the variables of this file, one NAME=VALUE a line
    #[arg(long, value_name = "FILE")]
    vars_file: Option<PathBuf>,
    /// Change the project file for this run, for example accounts.company.mx=host:25; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Use another account under this name, for example gmail=gmail-2; of several (gmail=gmail,gmail-2) each shard takes
    /// the next; repeatable
    #[arg(long = "account", value_name = "NAME=OTHER[,OTHER]", value_parser = pair)]
    accounts: Vec<(String, String)>,
}

/// Variables that are new in every attempt.
const OF_ATTEMPT: [&str; 2] = ["token", "run"];

impl ValueArgs {
    /// The variables of the file and of the command line.
    pub(super) fn vars(&self) -> Result<Vars, CliError> {
        let mut vars = Vars::new();
        self.said()?.into_iter().for_each(|(name, (value, _))| vars.set(name, value));
        Ok(vars)
    }

    /// The name and value of each variable, and the argument that says it, which comes last and so wins.
    pub(super) fn said(&self) -> Result<BTreeMap<String, (String, &'static str)>, CliError> {
        let file = self.vars_file.as_deref().map(of_file).transpose()?.unwrap_or_default();
        let file = file.into_iter().map(|(name, value)| (name, (value, "--vars-file")));
        let typed = self.vars.iter().cloned().map(|(name, value)| (name, (value, "--var")));
        Ok(file.chain(typed).collect())
    }

    /// What is wrong or odd about the variables of the command line, whatever part of these scenarios is run: a name that no
    /// scenario uses was mistyped, or is one of a file that others use too.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn misused(&self, scenarios: &[Scenario]) -> Result<(Vec<YamlError>, Vec<Warning>), CliError> {
        let given = self.vars()?;
        let used: BTreeSet<String> = scenarios.iter().flat_map(|s| s.variables_named(&given)).collect();
        let of_matrix: BTreeSet<&String> = scenarios.iter().flat_map(|s| &s.params).map(|(name, _)| name).collect();
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        for (name, (value, argument)) in self.said()? {
            let place = format!("{argument} {name}");
            let wrong = |message: String, help: String| YamlError::file(message, &place).with_help(help);
            let unused = if OF_ATTEMPT.contains(&name.as_str()) {
                Some(wrong(format!("`{name}` is the attempt's own variable"), "choose another name".to_owned()))
            } else if scenarios.is_empty() || used.contains(&name) {
                None
            } else if of_matrix.contains(&name) {
                let help = format!("choose the row by its id, for example ID[{name}=VALUE]");
                Some(wrong(format!("`{name}` is of the matrix of a scenario, which alone says its values"), help))
            } else {
                let near = suggest::nearest(&name, used.iter().map(String::as_str));
                let help = near.map_or_else(
                    || format!("write it in a text of a scenario as ${name}, or leave it out"),
                    |near| format!("did you mean `{near}`?"),
                );
                Some(wrong(format!("no scenario uses variable `{name}`"), help))
            };
            match unused {
                Some(unused) if argument == "--var" => errors.push(unused),
                Some(what) => warnings.push(Warning { code: Cause::W02, what }),
                None if value.is_empty() => {
                    let what =
                        wrong(format!("variable `{name}` is empty"), "give it a value, or leave it out".to_owned());
                    warnings.push(Warning { code: Cause::W09, what });
                }
                None => {}
            }
        }
        Ok((errors, warnings))
    }

    /// The accounts that stand in for others in a shard; without shards the first of those that are named.
    pub(super) fn renamed(&self, shard: Option<ShardInfo>) -> BTreeMap<String, String> {
        let turn = shard.map_or(0, |s| s.index.saturating_sub(1));
        self.accounts.iter().map(|(name, others)| (name.clone(), taken(others, turn))).collect()
    }

    /// What stands in for what in each shard, until it begins anew.
    pub(super) fn every_renamed(&self) -> Vec<BTreeMap<String, String>> {
        let longest = self.accounts.iter().map(|(_, others)| others.split(',').count()).max().unwrap_or(1);
        let shards = (1..=longest).map(|index| ShardInfo { index, total: longest });
        shards.map(|shard| self.renamed(Some(shard))).collect()
    }
}

/// The one of some accounts whose turn it is, from 0.
fn taken(others: &str, turn: usize) -> String {
    let all: Vec<&str> = others.split(',').map(str::trim).collect();
    all[turn % all.len()].to_owned()
}

/// A time that is not nothing.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(time) if time.is_zero() => Err("the time must be longer than nothing".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

/// `NAME=VALUE` as typed.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write a name of letters, digits, `_` and `-`, then =, then the value".into()),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The variables of a file, one `NAME=VALUE` a line; empty lines and lines that start with `#` count for nothing.
fn of_file(path: &Path) -> Result<Vec<(String, String)>, CliError> {
    let shown = path.display();
    let text = file::open_whole(path).and_then(io::read_to_string);
    let text = text.map_err(|e| CliError::Usage(format!("cannot read {shown}: {e}")))?;
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(n, line)| pair(line).map_err(|e| CliError::Usage(format!("{shown}:{n}: {e}")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn shards_take_accounts_in_turn() {
        let turns = |others: &str| [0, 1, 2].map(|turn| taken(others, turn));
        assert_eq!(turns("gmail-2"), ["gmail-2", "gmail-2", "gmail-2"]);
        assert_eq!(turns("gmail, gmail-2"), ["gmail", "gmail-2", "gmail"]);
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# who\nwho=file\n\nmore = x=y\n").unwrap();
        let typed = vec![("who".to_owned(), "typed".to_owned())];
        let path = Some(file.path().to_owned());
        let args = ValueArgs { vars: typed, vars_file: path, set: Vec::new(), accounts: Vec::new() };
        let error = args.vars().unwrap_err().to_string();
        assert!(error.contains(":4: write a name"), "{error}");
        fs::write(file.path(), "who=file\nmore=x=y").unwrap();
        let vars = args.vars().unwrap();
        assert_eq!((vars.get("who"), vars.get("more")), (Some("typed"), Some("x=y")));
    }
}
