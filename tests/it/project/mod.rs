//! What the project says of itself: its pages, their commands, its workflows.

pub(crate) mod diagnosis_page;
pub(crate) mod documented;
pub(crate) mod readme;
pub(crate) mod verification_page;
pub(crate) mod workflows;
