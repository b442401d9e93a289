//! Mail of an earlier run: what is told of it when it is sent, the record that this makes, and how it is looked for again.

mod recorded_run;
mod resumed;

pub(super) mod look_again;
pub(super) mod mail_events;
pub(super) mod recorded_mail;

pub use recorded_mail::RecordedMail;
pub use recorded_run::RecordedRun;
pub use resumed::Resumed;
