//! What may be asked of an account: what the project file says, and what is known of Google's servers.

use super::model::{AccountSpec, Config};
use crate::{core::At, target::Limit};

/// Gmail takes so many mails a minute for one mailbox; then it answers 450 4.2.1.
const GMAIL_RECEIVES_PER_MINUTE: u32 = 60;
/// A personal account may send so many mails a day; then Gmail answers 550 5.4.5.
const GMAIL_SENDS_PER_DAY: u32 = 500;

impl Config {
    /// The limits of an account. Those of Google are at its address, where the file says nothing.
    pub fn limit(&self, spec: &AccountSpec) -> Limit {
        let mut limit = self.limits.get(&spec.name.value).cloned().unwrap_or_default();
        let usual = |most| Some(At::new(most, spec.address.at.clone()));
        if spec.imap.as_ref().is_some_and(|(endpoint, ..)| endpoint.host == "imap.gmail.com") {
            limit.per_minute = limit.per_minute.or_else(|| usual(GMAIL_RECEIVES_PER_MINUTE));
        }
        if spec.smtp.as_ref().is_some_and(|endpoint| endpoint.host == "smtp.gmail.com") {
            limit.per_day = limit.per_day.or_else(|| usual(GMAIL_SENDS_PER_DAY));
        }
        limit
    }
}
