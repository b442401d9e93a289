//! Verification of DKIM and ARC.

pub(crate) mod captures;
pub(crate) mod chain;
pub(crate) mod dns;
pub(crate) mod keys;
pub(crate) mod rules;
pub(crate) mod suite;
