//! From a scenario's `send` to bytes (RFC 5322, RFC 2045).

use crate::{
    evidence::Sent,
    scenario::{model::SendSpec, target::Target, vars::Vars},
};
use std::path::Path;

/// The header field that every probe carries; its value is `<token>; run=<run id>`.
pub const PROBE_HEADER: &str = "X-Sealcheck-Run";

/// Why a mail cannot be composed: the person's mistake, found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct ComposeError {
    /// Where the text, file name or account stands in the scenario.
    pub at: crate::core::Position,
    /// What is wrong with it and what to write instead.
    pub message: String,
}

/// What a mail needs besides its scenario.
#[derive(Debug, Clone)]
pub struct Occasion<'a> {
    /// The accounts.
    pub target: &'a Target,
    /// Every variable, `token` included.
    pub vars: &'a Vars,
    /// Makes the Message-ID and the probe header unique.
    pub token: &'a crate::core::Token,
    /// The run, for the probe header.
    pub run: &'a crate::core::RunId,
    /// Seconds since 1970, for the Date field.
    pub now: i64,
    /// The scenario's directory: file names in it are relative to this.
    pub base: &'a Path,
}

/// Makes the mail.
///
/// # Errors
/// When an account, variable, size or file is not there, or a header field cannot be written.
pub fn compose(send: &SendSpec, occasion: &Occasion<'_>) -> Result<Sent, ComposeError> {
    let _ = (send, occasion);
    unimplemented!()
}
