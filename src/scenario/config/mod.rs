//! The project file `sealcheck.yaml`: accounts, limits, profiles, and how it becomes a target.

mod model;
mod renamed;
mod resolve;
mod secret;
mod staging;
mod used;

pub use model::{AccountSpec, Config, EndpointSpec, Limit, LoginSpec, Profile, SecretPlace, SecretRef, StagingSpec};
pub use resolve::{Outside, Resolved, load};
pub use staging::Staging;
