//! What tests share: servers that follow a script, mails written by hand, the program in a directory of its own.

pub(crate) mod by_hand;
#[cfg(target_os = "linux")]
pub(crate) mod debian;
pub(crate) mod generic_servers;
pub(crate) mod imap_script;
pub(crate) mod json;
pub(crate) mod mail_script;
pub(crate) mod mailbox_script;
pub(crate) mod numbers;
pub(crate) mod program;
pub(crate) mod scripted;
pub(crate) mod seen;
pub(crate) mod sound_mails;
pub(crate) mod verify_signer;
pub(crate) mod wire;
