//! Scenario and project files.

pub(crate) mod eml;
pub(crate) mod file_errors;
pub(crate) mod project_file;
pub(crate) mod scenario_file;
