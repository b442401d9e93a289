//! Other people's programs judge what ours writes and reads.

pub(crate) mod cases;
pub(crate) mod generated;
pub(crate) mod lab_up;
pub(crate) mod lookalike;
pub(crate) mod rspamd;
pub(crate) mod rules;
pub(crate) mod verifiers;
