//! YAML: a text becomes a tree with places, the tree becomes the types that serde reads, and what takes more than one key to be
//! judged is judged then. The only home of the YAML library.

mod de;
mod error;
mod errors;
mod file;
mod merge;
mod node;
mod read;
mod read_config;
mod redaction;
mod set;
mod source;

pub use error::{About, YamlError, YamlErrors};
pub(crate) use errors::{Errors, source_of};
pub(crate) use file::{ConfigFile, ScenarioFile};
pub(crate) use node::{Kind, Node, ScalarKind};
pub(crate) use read::is_partial;
pub use read::scenarios;
pub use read_config::{config, config_over};
pub use source::{MAX_BYTES, Source};
