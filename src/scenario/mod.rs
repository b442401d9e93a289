//! What is to be done? The scenario model, the project file, and how YAML becomes them.

pub mod knobs;
pub mod model;
pub mod target;
pub mod vars;

pub use knobs::Knobs;
pub use model::{Expectation, Scenario};
pub use target::{Account, Target, TargetKind};
pub use vars::{Template, Vars};
