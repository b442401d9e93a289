//! Checks, diagnoses and snapshots.

pub(crate) mod checks;
pub(crate) mod checks_policy;
pub(crate) mod checks_smtp;
pub(crate) mod claims;
pub(crate) mod diagnosis;
pub(crate) mod diagnosis_captures;
pub(crate) mod diagnosis_certainty;
pub(crate) mod diagnosis_chain;
pub(crate) mod diagnosis_returned;
pub(crate) mod diagnosis_rspamd;
pub(crate) mod diagnosis_rules;
pub(crate) mod diagnosis_whose;
pub(crate) mod gmail_labels;
pub(crate) mod header_alone;
pub(crate) mod inspect_proof;
pub(crate) mod message_signature;
pub(crate) mod refused;
pub(crate) mod snapshots_text;
pub(crate) mod sound_mails;
pub(crate) mod survival;
