//! The project file `sealcheck.yaml`: accounts, limits, profiles, and how it becomes a target.

mod limit;
mod mailboxes;
mod model;
mod profile;
mod renamed;
mod resolve;
mod secret;
mod signer;
mod staging;
mod used;

pub use model::{
    AccountSpec, Config, DkimSpec, EndpointSpec, GOOGLE_AUTHORIZATION_ENDPOINT, GOOGLE_TOKEN_ENDPOINT, LoginSpec,
    OauthSpec, SecretPlace, SecretRef,
};
pub use profile::Profile;
pub use resolve::{ConsentSpec, Opens, Resolved, Selected, Survey, UserFile, load};
pub use secret::Outside;
