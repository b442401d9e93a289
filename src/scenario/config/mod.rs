//! The project file `sealcheck.yaml`: accounts, limits, profiles, and how it becomes a target.

mod account;
mod account_usage;
mod limit;
mod login;
mod mailboxes;
mod model;
mod profile;
mod resolve;
mod roles;
mod secret;
mod server;
mod signer;
mod staging;

pub use account::{AccountSpec, DkimSpec};
pub use login::{GOOGLE_AUTHORIZATION_ENDPOINT, GOOGLE_TOKEN_ENDPOINT, LoginSpec, OauthSpec};
pub use model::Config;
pub use profile::Profile;
pub use resolve::{ConsentSpec, Opens, Resolved, Selected, Survey, UserFile, load};
pub use secret::{Outside, SecretPlace, SecretRef};
pub use server::{AuthKind, EndpointSpec, Server};

pub(super) use account::accounts;
pub(super) use limit::limits;
pub(super) use profile::options;
pub(super) use staging::Targets;
