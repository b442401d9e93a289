//! The formats as serde reads them and as JSON Schema describes them; nothing here decides anything.

pub(crate) mod config;
