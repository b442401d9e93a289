//! One file per command: its arguments and what it does.

pub mod auth;
pub mod check;
pub mod cleanup;
mod company_args;
pub mod completions;
mod console_options;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod init;
pub mod inspect;
pub mod lab;
pub mod list;
pub mod man;
pub mod merge;
mod options;
mod recorded_runs;
pub mod report;
mod report_args;
pub mod run;
pub mod schema;
mod select_args;
pub mod snapshots;
mod value_args;
