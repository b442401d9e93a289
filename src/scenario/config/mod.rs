//! The project file `sealcheck.yaml`: accounts, limits, profiles, and how it becomes a target.

mod model;
mod resolve;
mod secret;
mod used;

pub use model::{AccountSpec, Config, EndpointSpec, Limit, LoginSpec, Profile, SecretPlace, SecretRef};
pub use resolve::{Outside, Resolved, load};
