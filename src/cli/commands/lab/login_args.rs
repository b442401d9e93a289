//! `lab up --auth xoauth2`.

use crate::{
    cli::CliError,
    core::duration,
    lab::embedded::{GoogleSettings, TokenFault},
};
use clap::ValueEnum;
use std::time::Duration;

/// How accounts log in.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Logins")]
pub(super) struct LoginArgs {
    /// How accounts log in: with passwords, or with refresh tokens and Google's OAuth servers beside them
    #[arg(long, value_name = "HOW", default_value = "password")]
    auth: Auth,
    /// How long an access token is good, for example 5s [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = life)]
    token_life: Option<Duration>,
    /// End an access token after so many logins and IMAP commands, and the sessions that it opened with BYE
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(LEAST..))]
    token_commands: Option<u32>,
    /// What is wrong with the OAuth servers: invalid-grant, invalid-client, wrong-scope, useless-token, unavailable,
    /// flapping, busy, page, endless, silent, down, no-refresh-token, access-denied, other-state,
    /// other-account
    #[arg(long, value_name = "FAULT")]
    token_fault: Option<TokenFault>,
}

/// With fewer commands no client gets as far as a mail.
const LEAST: i64 = 10;

/// How accounts log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// With passwords, for Gmail app passwords
    Password,
    /// With refresh tokens, where the server takes XOAUTH2
    Xoauth2,
}

impl LoginArgs {
    /// How Google gives tokens; `None` where nobody asks for one.
    pub(super) fn google(&self) -> Result<Option<GoogleSettings>, CliError> {
        let usual = GoogleSettings::default();
        let settings = GoogleSettings {
            life: self.token_life.unwrap_or(usual.life),
            commands: self.token_commands,
            fault: self.token_fault.unwrap_or_default(),
        };
        match self.auth {
            Auth::Xoauth2 => Ok(Some(settings)),
            Auth::Password if settings == usual => Ok(None),
            Auth::Password => {
                Err(CliError::Usage("the --token-… flags have no effect without --auth xoauth2".to_owned()))
            }
        }
    }
}

fn life(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(life) if life < Duration::from_secs(1) => Err("tokens are good for whole seconds, at least 1s".into()),
        Ok(life) => Ok(life),
        Err(error) => Err(error.to_string()),
    }
}
