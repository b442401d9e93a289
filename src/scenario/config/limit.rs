//! What may be asked of an account: what the project file says, and what is known of Google's servers.

use super::{
    account::{AccountSpec, similar},
    model::Config,
};
use crate::{
    core::{
        Spanned,
        reading::{Entries, Recovered},
    },
    scenario::yaml::Errors,
    target::{Limit, TargetKind},
};
use std::collections::BTreeMap;

/// Gmail takes so many mails a minute for one mailbox; then it answers 450 4.2.1.
const GMAIL_RECEIVES_PER_MINUTE: u32 = 60;
/// A personal account may send so many mails a day; then Gmail answers 550 5.4.5.
const GMAIL_SENDS_PER_DAY: u32 = 500;

impl Config {
    /// The limits of an account. Those of Google are at its address, where the file says nothing.
    pub fn limit(&self, spec: &AccountSpec) -> Limit {
        let mut limit = self.limits.get(&spec.name.value).cloned().unwrap_or_default();
        let usual = |most| Some(Spanned::new(most, spec.address.at.clone()));
        if spec.imap().is_some_and(|imap| imap.endpoint().host == "imap.gmail.com") {
            limit.per_minute = limit.per_minute.or_else(|| usual(GMAIL_RECEIVES_PER_MINUTE));
        }
        if spec.smtp().is_some_and(|smtp| smtp.endpoint().host == "smtp.gmail.com") {
            limit.per_day = limit.per_day.or_else(|| usual(GMAIL_SENDS_PER_DAY));
        }
        limit
    }
}

/// The limits of a project file by account; those of the labs' own are called as the labs are.
pub(in crate::scenario) fn limits(
    written: Entries<Recovered<Limit>>,
    accounts: &BTreeMap<String, AccountSpec>,
    errors: &mut Errors<'_>,
) -> BTreeMap<String, Limit> {
    let mut limits = BTreeMap::new();
    for (name, Recovered(limit)) in written.0 {
        if !accounts.contains_key(&name.value) && !TargetKind::ALL.iter().any(|kind| kind.as_str() == name.value) {
            let message = format!("there is no account `{}` to limit", name.value);
            errors.error_at(&name.at, message, similar(&name.value, accounts));
        }
        let Some(limit) = limit else { continue };
        for count in [&limit.jobs, &limit.per_minute, &limit.per_day].into_iter().flatten() {
            if count.value == 0 {
                errors.error_at(&count.at, "a limit of 0 lets nothing through", "write at least 1");
            }
        }
        limits.insert(name.value, limit);
    }
    limits
}
