//! The worlds that a run carries: embedded, rspamd, Postfix.

pub(crate) mod beside;
pub(crate) mod imap_wire;
pub(crate) mod knobs;
pub(crate) mod lookalike;
pub(crate) mod postfix;
pub(crate) mod postfix_beside;
pub(crate) mod postfix_catalogue;
pub(crate) mod postfix_generic;
pub(crate) mod postfix_own;
pub(crate) mod postfix_recipe;
pub(crate) mod postfix_trouble;
pub(crate) mod rspamd;
pub(crate) mod smtp_wire;
pub(crate) mod world;
