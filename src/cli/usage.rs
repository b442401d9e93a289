//! What is said beside clap's own words when it refuses an argument.

use super::{Args, Context};
use clap::{
    Command, CommandFactory, Error,
    error::{ContextKind, ContextValue},
};

/// The variable of the environment that says what clap refuses as the value of an argument.
pub(super) fn variable(context: &Context, error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg)?.split([' ', '=', '[']).next()?.strip_prefix("--")?;
    let wrong = text(ContextKind::InvalidValue)?;
    let name = of(&Args::command(), argument)?;
    let typed = context.args.iter().any(|typed| typed.to_str().is_some_and(|typed| typed.contains(wrong)));
    (!typed && context.environment.get(&name).is_some_and(|value| value == wrong)).then_some(name)
}

/// The variable of an argument, wherever it is one.
fn of(command: &Command, argument: &str) -> Option<String> {
    let own = command.get_arguments().find(|known| known.get_long() == Some(argument));
    let own = own.and_then(|known| Some(known.get_env()?.to_string_lossy().into_owned()));
    own.or_else(|| command.get_subcommands().find_map(|below| of(below, argument)))
}
