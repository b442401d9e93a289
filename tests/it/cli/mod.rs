//! The commands.

pub(crate) mod auth;
pub(crate) mod cleanup;
pub(crate) mod commands;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod inspect;
mod inspect_logs;
pub(crate) mod lab;
pub(crate) mod options;
pub(crate) mod other_files;
pub(crate) mod snapshots;
