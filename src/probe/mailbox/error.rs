//! What went wrong, in words.

use super::protocol::CommandError;
use crate::{
    core::redact,
    outcome::{HarnessError, HarnessErrorKind, MailboxTrouble},
    probe::token,
    target::{Endpoint, Login, Mechanism, Provider},
};
use std::io;

/// Texts by which servers say that an account is at a limit, and what to do.
const LIMITS: [(&str, &str); 8] = [
    ("[overquota]", FULL),
    ("too many connections", CONNECTIONS),
    ("maximum number of connections", CONNECTIONS),
    ("too many simultaneous", CONNECTIONS),
    ("bandwidth", TRAFFIC),
    ("[limit]", TRAFFIC),
    ("[throttled]", TRAFFIC),
    ("[unavailable]", TRAFFIC),
];

const FULL: &str =
    "make room in the mailbox, or wait until its traffic of a day is over (Gmail: 2500 MB down, 500 MB up)";
const CONNECTIONS: &str =
    "close other mail programs on this account, or run fewer at once; Gmail allows 15 connections";
const TRAFFIC: &str = "wait, and use the account less: Gmail allows 15 connections and 2500 MB a day";

/// Whether trying again cannot help.
pub(super) fn is_final(error: &HarnessError) -> bool {
    matches!(error.kind, HarnessErrorKind::Login | HarnessErrorKind::Grant)
}

/// Whether it is about the server or the account, and not about one folder or one answer.
pub(super) fn is_of_server(error: &HarnessError) -> bool {
    !matches!(error.kind, HarnessErrorKind::Protocol | HarnessErrorKind::File)
}

/// Whether the server ended a session because it, or the access token that opened it, has lasted long enough.
pub(super) fn is_expiry(error: &HarnessError) -> bool {
    error.mailbox == Some(MailboxTrouble::Expired)
}

/// What a failed command means. `stage` says what was done; `last` is the last line that the server sent.
pub(super) fn of(stage: String, failure: &CommandError, last: &str) -> HarnessError {
    let shown = |text: &str| redact::cut(text, 300).into_owned();
    match failure {
        CommandError::Io(e) => io(stage, e),
        CommandError::Bye(text) => said_bye(stage, &shown(text)),
        CommandError::No(text) | CommandError::Bad(text) => answered(stage, &shown(text)),
        CommandError::Garbage => garbage(stage, last),
    }
}

/// A broken connection, a time limit, or too much data.
pub(super) fn io(stage: String, error: &io::Error) -> HarnessError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => lost(stage, "the server did not answer in time"),
        io::ErrorKind::UnexpectedEof => lost(stage, "the server closed the connection"),
        io::ErrorKind::InvalidData => {
            let next = "check that an IMAP server listens on this host and port";
            HarnessError::new(HarnessErrorKind::Protocol, stage, error.to_string(), next)
        }
        _ => lost(stage, &format!("the connection broke: {error}")),
    }
}

/// The connection is gone.
pub(super) fn lost(stage: String, message: &str) -> HarnessError {
    let next = "check that the server is up and the network between here and there; the server's log may say why";
    HarnessError::new(HarnessErrorKind::Connection, stage, message, next)
}

/// The server said BYE.
pub(super) fn said_bye(stage: String, text: &str) -> HarnessError {
    let message = format!("the server said BYE: {text}");
    if let Some(next) = at_limit(text) {
        return limit(stage, message, next);
    }
    let is_expiry = text.to_ascii_lowercase().contains("session expired");
    let trouble = if is_expiry { MailboxTrouble::Expired } else { MailboxTrouble::Bye };
    lost(stage, &message).of_mailbox(trouble)
}

/// The server answered NO or BAD to something that every server does.
fn answered(stage: String, text: &str) -> HarnessError {
    let message = format!("the server answered: {text}");
    if let Some(next) = at_limit(text) {
        return limit(stage, message, next);
    }
    HarnessError::new(
        HarnessErrorKind::Protocol,
        stage,
        message,
        "see the protocol lines in imap.log, and the server's log",
    )
}

/// What came is no IMAP.
pub(super) fn garbage(stage: String, last: &str) -> HarnessError {
    let line = redact::cut(last, 120);
    let message = format!("the server sent something that is no IMAP answer: `{line}`");
    let next = "check that an IMAP server listens on this host and port; the protocol lines are in imap.log";
    HarnessError::new(HarnessErrorKind::Protocol, stage, message, next)
}

/// An answer of the server that may mean anything.
pub(super) fn unread(stage: String, line: &str) -> HarnessError {
    let message = format!("the server's answer cannot be read: `{}`", redact::cut(line.trim_end(), 120));
    HarnessError::new(HarnessErrorKind::Protocol, stage, message, "the protocol lines are in imap.log")
}

/// A message that a search finds and a FETCH does not bring.
pub(super) fn missing(uid: u32) -> HarnessError {
    let message = format!("SEARCH finds message {uid}, and FETCH does not bring it");
    let next = "somebody else may delete mail in this mailbox; the protocol lines are in imap.log";
    HarnessError::new(HarnessErrorKind::Protocol, "FETCH", message, next)
}

/// The code inside panicked over what the server sent.
pub(super) fn panicked(stage: String) -> HarnessError {
    let message = "the IMAP parser gave up over what the server sent";
    HarnessError::new(HarnessErrorKind::Protocol, stage, message, "the protocol lines in imap.log show what it was")
}

/// The login was refused. `challenge` is what XOAUTH2 says about it.
pub(super) fn login(
    endpoint: &Endpoint,
    login: &Login,
    provider: Provider,
    text: &str,
    challenge: &str,
) -> HarnessError {
    let stage = format!("login {} as {}", endpoint.host, login.user);
    let challenge = if challenge.is_empty() { String::new() } else { format!(" {challenge}") };
    let message = format!("the server answered: {text}{challenge}");
    if let Some(next) = at_limit(text) {
        return limit(stage, message, next);
    }
    let lower = text.to_ascii_lowercase();
    let (code, next) = match login.mechanism {
        Mechanism::Xoauth2 => {
            return HarnessError::new(HarnessErrorKind::Grant, stage, message, token::refused_next(login));
        }
        Mechanism::Password if lower.contains("web browser") || lower.contains("web login") => {
            (HarnessErrorKind::Login, "log in once with a web browser from this network and confirm that it was you")
        }
        Mechanism::Password if lower.contains("application-specific password") || provider == Provider::Gmail => (
            HarnessErrorKind::Login,
            "make an app password at https://myaccount.google.com/apppasswords (needs 2-Step Verification; it ends when the account's password changes) and use it as the password",
        ),
        Mechanism::Password => {
            (HarnessErrorKind::Login, "check the account's user and password, and that IMAP is on for it")
        }
    };
    HarnessError::new(code, stage, message, next)
}

/// What to do, where a text says that the account is at a limit.
fn at_limit(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    LIMITS.iter().find(|(said, _)| lower.contains(said)).map(|(_, next)| *next)
}

fn limit(stage: String, message: String, next: &str) -> HarnessError {
    HarnessError::new(HarnessErrorKind::ProviderLimit, stage, message, next).of_mailbox(MailboxTrouble::Limit)
}
