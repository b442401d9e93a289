//! What is to be done? The scenario model, the project file, and how YAML becomes them.

mod accounts;
pub mod config;
pub(crate) mod contradictions;
mod defaults;
mod expect;
mod forms;
mod lab;
pub mod lint;
pub mod load;
pub mod matrix;
pub mod model;
pub mod schema;
mod send;
pub mod size;
mod templates;
pub mod vars;
mod wait;
pub mod yaml;

pub use config::Config;
pub use lint::{Warning, lint};
pub use load::{Loaded, elsewhere, load};
pub use model::{Expectation, Scenario};
pub use size::byte_size;
pub use vars::{Template, Vars};
pub use yaml::{About, YamlError, YamlErrors};
