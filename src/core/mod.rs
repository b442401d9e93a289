//! Which small values does everyone share? Nothing here knows what mail is.

pub mod category;
pub mod certificates;
pub mod clock;
pub mod deadline;
pub mod der;
pub mod digest;
pub mod domain;
pub mod duration;
pub mod file;
pub mod glob;
pub mod ids;
pub mod line_ending;
pub mod mail_folder;
pub mod open_files;
pub mod private_key;
pub mod reading;
pub mod recorded;
pub mod redact;
pub mod rspamadm;
pub mod sandbox;
pub(crate) mod schema_as;
pub mod secret;
pub mod spanned;
pub mod suggest;
pub mod version;
pub mod visible;

pub use category::Category;
pub use clock::UnixTime;
pub use domain::{ascii_address, ascii_domain, check_ascii};
pub use ids::{RunId, ScenarioId, Token};
pub use mail_folder::Folder;
pub use recorded::Recorded;
pub use redact::Redactor;
pub use secret::Secret;
pub use spanned::{Span, Spanned};
pub use version::{Version, Versions};
