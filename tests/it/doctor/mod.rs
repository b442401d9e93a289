//! `sealcheck doctor`.

pub(crate) mod preflight;
pub(crate) mod preflight_codes;
pub(crate) mod settings;
