//! One file per command: its arguments and what it does.

pub mod auth;
pub mod check;
pub mod cleanup;
mod company;
pub mod completions;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod init;
pub mod inspect;
pub mod lab;
pub mod list;
mod looks;
pub mod man;
pub mod merge;
mod options;
mod recorded;
pub mod report;
pub mod reports;
pub mod run;
pub mod schema;
pub mod select;
pub mod snapshots;
mod values;
