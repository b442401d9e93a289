//! Reports, and what may never be in one.

pub(crate) mod echoed_secrets;
pub(crate) mod events;
pub(crate) mod formats;
pub(crate) mod hostile_text;
pub(crate) mod output_files;
pub(crate) mod recorded;
pub(crate) mod redaction;
