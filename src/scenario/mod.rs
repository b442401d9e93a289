//! What is to be done? The scenario model, the project file, and how YAML becomes them.

mod accounts;
pub mod config;
pub(crate) mod contradictions;
mod defaults;
pub mod faults;
mod forms;
pub mod knobs;
mod lab;
pub mod lint;
pub mod load;
pub mod matrix;
pub mod model;
pub mod reach;
pub mod schema;
pub mod size;
pub mod suggest;
pub mod target;
mod texts;
pub mod vars;
pub mod yaml;

pub use config::Config;
pub use knobs::Knobs;
pub use lint::{Warning, lint};
pub use load::{Loaded, elsewhere, load};
pub use model::{Expectation, Scenario};
pub use size::byte_size;
pub use target::{Account, Target, TargetKind};
pub use vars::{Template, Vars};
pub use yaml::{YamlError, YamlErrors};
