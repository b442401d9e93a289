//! YAML: a text becomes a tree with places, the tree becomes serde twins of the formats, the twins become the domain's
//! types. The only home of the YAML library.

pub(crate) mod convert;
mod de;
mod error;
mod merge;
mod node;
mod private;
mod read;
mod read_config;
mod set;
mod source;
pub(crate) mod spot;
mod substitute;
pub(crate) mod twin;

pub use error::{YamlError, YamlErrors};
pub(crate) use read::is_partial;
pub use read::scenarios;
pub use read_config::{config, config_over};
pub use source::{MAX_BYTES, Source};
