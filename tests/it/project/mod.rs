//! What the project says of itself: its pages, their commands, its workflows.

#[cfg(target_os = "linux")]
mod debian;
pub(crate) mod diagnosis_page;
#[cfg(target_os = "linux")]
mod dockerfile;
pub(crate) mod documented;
pub(crate) mod readme;
pub(crate) mod verification_page;
pub(crate) mod workflows;
