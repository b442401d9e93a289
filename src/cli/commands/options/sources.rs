//! Whose word counts.

use super::origin::Origin;
use crate::{
    cli::{
        Args, CliError, Context, Global, Project,
        commands::{options::Options, run::RunArgs},
    },
    core::{Spanned, suggest},
    outcome::ShardInfo,
    scenario::{
        config::{Config, Profile},
        model::FileOptions,
    },
};
use clap::{ArgMatches, Command, CommandFactory, ValueEnum, parser::ValueSource};
use std::{fmt::Display, str::FromStr};

/// A value that counts, and who says so.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli::commands) struct Effective<T> {
    pub(in crate::cli::commands) value: T,
    pub(in crate::cli::commands) origin: Origin,
}

/// Everybody who may say what an option is.
pub(in crate::cli::commands) struct Sources<'a> {
    pub(in crate::cli::commands) context: &'a Context,
    pub(super) global: &'a Global,
    pub(super) args: &'a RunArgs,
    pub(super) shard: Option<ShardInfo>,
    config: &'a Config,
    matches: &'a ArgMatches,
    command: Command,
    /// The sets of options that count, the first before the others.
    sets: Vec<OptionSet<'a>>,
}

/// A set of options of a file.
struct OptionSet<'a> {
    /// The profile that the person chose; `None` for the options of a file.
    profile: Option<&'a str>,
    /// The profile that says it, where that is another.
    inherited: Option<&'a str>,
    options: &'a Profile,
}

/// What a set of options says: a value at its place, or what means nothing and where.
pub(super) type FileValue<T> = Option<Result<Spanned<T>, Vec<Spanned<String>>>>;

/// How an option is read from everybody who may say it.
pub(super) struct OptionSpec<'a, T> {
    pub(super) flags: &'static [&'static str],
    pub(super) from_cli: fn(&Sources<'_>) -> Option<T>,
    pub(super) from_scenario: fn(&FileOptions) -> Option<Spanned<T>>,
    pub(super) from_file: fn(&Profile) -> FileValue<T>,
    pub(super) default: &'a dyn Fn(&Sources<'_>) -> T,
}

impl<'a> Sources<'a> {
    /// Everybody who may say it, for a command with these arguments.
    ///
    /// # Errors
    /// When the profile is not there, or a set of options says what means nothing.
    pub(in crate::cli::commands) fn new(
        context: &'a Context,
        global: &'a Global,
        args: &'a RunArgs,
        matches: &'a ArgMatches,
        project: &'a Project,
    ) -> Result<Self, CliError> {
        let config = &project.config;
        let mut sets = Vec::new();
        if let Some(name) = args.profile.as_deref() {
            let Some((name, first)) = config.profiles.get_key_value(name) else {
                return Err(CliError::Usage(no_profile(config, name)));
            };
            let line = config.lineage(first);
            sets.extend(line.map(|(inherited, options)| OptionSet { profile: Some(name), inherited, options }));
        }
        let line = config.lineage(&config.run);
        sets.extend(line.map(|(inherited, options)| OptionSet { profile: None, inherited, options }));
        let wrong: Vec<_> = sets.iter().flat_map(|set| Options::wrong_in(config, set.options)).collect();
        if !wrong.is_empty() {
            return Err(CliError::mistakes(&wrong));
        }
        let shard = args.select.shard(context)?;
        Ok(Self { context, global, args, shard, config, matches, command: Args::command(), sets })
    }

    /// What counts for an option, for a scenario that writes this much itself.
    pub(super) fn pick<T>(&self, scenario: &FileOptions, spec: OptionSpec<'_, T>) -> Effective<T> {
        if let Some(origin) = spec.flags.iter().find_map(|id| typed_by(&self.command, self.matches, id))
            && let Some(value) = (spec.from_cli)(self)
        {
            return Effective { value, origin };
        }
        if let Some(Spanned { value, at }) = (spec.from_scenario)(scenario) {
            return Effective { value, origin: Origin::Scenario { at: self.config.written(&at) } };
        }
        for set in &self.sets {
            if let Some(Ok(Spanned { value, at })) = (spec.from_file)(set.options) {
                let origin = match (set.profile, set.inherited) {
                    (None, None) => self.config.origin(&at),
                    (Some(name), from) => Origin::Profile {
                        name: name.to_owned(),
                        inherited_from: from.map(str::to_owned),
                        at: self.config.written(&at),
                    },
                    (None, Some(name)) => {
                        Origin::Profile { name: name.to_owned(), inherited_from: None, at: self.config.written(&at) }
                    }
                };
                return Effective { value, origin };
            }
        }
        Effective { value: (spec.default)(self), origin: Origin::Default }
    }
}

/// How the person typed an argument of `run` or of every command, if at all.
pub(in crate::cli::commands) fn typed_by(command: &Command, matches: &ArgMatches, id: &str) -> Option<Origin> {
    let source = matches.value_source(id)?;
    let of_run = command.find_subcommand("run").into_iter().flat_map(Command::get_arguments);
    let argument = of_run.chain(command.get_arguments()).find(|argument| argument.get_id() == id)?;
    match source {
        ValueSource::CommandLine => {
            Some(Origin::CommandLine { flag: format!("--{}", argument.get_long().unwrap_or(id)) })
        }
        ValueSource::EnvVariable => {
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            Some(Origin::Environment { variable: variable.unwrap_or_default() })
        }
        _ => None,
    }
}

fn no_profile(config: &Config, name: &str) -> String {
    let known: Vec<_> = config.profiles.keys().map(String::as_str).collect();
    let help = match suggest::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("there are {}", known.join(", ")),
    };
    format!("unknown profile `{name}`; {help}")
}

/// What is written as it counts.
pub(super) fn placed<T: Clone>(written: &Option<Spanned<T>>) -> FileValue<T> {
    written.clone().map(Ok)
}

/// What is written as a word of the command line.
pub(super) fn words<T: ValueEnum>(written: &Option<Spanned<String>>) -> FileValue<T> {
    written.as_ref().map(|word| match T::from_str(&word.value, false) {
        Ok(value) => Ok(Spanned::new(value, word.at.clone())),
        Err(error) => Err(vec![Spanned::new(error, word.at.clone())]),
    })
}

/// What is written as texts of the command line, put together.
pub(super) fn texts<I: FromStr<Err: Display>, T>(
    written: &Option<Vec<Spanned<String>>>,
    together: impl Fn(Vec<I>) -> T,
) -> FileValue<T> {
    let written = written.as_ref()?;
    let at = written.first()?.at.clone();
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for text in written {
        match text.value.parse() {
            Ok(value) => good.push(value),
            Err(error) => wrong.push(Spanned::new(format!("`{}`: {error}", text.value), text.at.clone())),
        }
    }
    Some(if wrong.is_empty() { Ok(Spanned::new(together(good), at)) } else { Err(wrong) })
}

/// Adds what means nothing in a set of options.
pub(super) fn collect_errors<T>(
    profile: &Profile,
    written: fn(&Profile) -> FileValue<T>,
    wrong: &mut Vec<Spanned<String>>,
) {
    wrong.extend(written(profile).and_then(Result::err).into_iter().flatten());
}

/// The first where there is one, else the second.
macro_rules! either {
    ([$first:expr] $second:expr) => {
        $first
    };
    ([] $second:expr) => {
        $second
    };
}
pub(super) use either;
