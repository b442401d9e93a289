//! Submission and mailboxes, against servers that follow a script.

pub(crate) mod ca_bundle;
pub(crate) mod in_world;
pub(crate) mod logins;
pub(crate) mod mailbox;
pub(crate) mod mailbox_answers;
pub(crate) mod mailbox_faults;
pub(crate) mod mailbox_search;
pub(crate) mod mailbox_trouble;
pub(crate) mod submit;
pub(crate) mod submit_faults;
pub(crate) mod tokens;
