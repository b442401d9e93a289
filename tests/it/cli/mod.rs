//! The commands.

pub(crate) mod auth;
pub(crate) mod cleanup;
pub(crate) mod commands;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod inspect;
mod inspect_logs;
pub(crate) mod lab;
#[cfg(target_os = "linux")]
mod lab_listen;
pub(crate) mod options;
pub(crate) mod other_files;
pub(crate) mod snapshots;
