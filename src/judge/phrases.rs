//! Phrases that results and summaries share.

use crate::{
    core::redact,
    evidence::{Bounce, Evidence, Folder, ReceivedCopy, Submission},
};
use std::time::Duration;

/// Seconds with two digits: `0.58s`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2}s", duration.as_secs_f64())
}

/// `inbox`, `spam` or `all mail`.
pub(super) fn folder(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "inbox",
        Folder::Spam => "spam",
        Folder::All => "all mail",
    }
}

/// Several phrases as one, or `empty` when there is none.
pub(super) fn list(phrases: impl IntoIterator<Item = String>, separator: &str, empty: &str) -> String {
    let phrases: Vec<String> = phrases.into_iter().collect();
    if phrases.is_empty() { empty.to_owned() } else { phrases.join(separator) }
}

/// Where a copy is and since when: `in spam of gmail after 0.30s`.
pub(super) fn place(copy: &ReceivedCopy) -> String {
    let arrival = &copy.arrival;
    format!("in {} of {} after {}", folder(arrival.folder), arrival.account, seconds(copy.after))
}

/// `bounce 5.7.26 to external after 0.97s`.
pub(super) fn bounce(bounce: &Bounce) -> String {
    let status = status(bounce).map_or_else(String::new, |s| format!(" {s}"));
    format!("bounce{status} to {} after {}", bounce.arrival.account, seconds(bounce.after))
}

/// The status of the first recipient that has one.
pub(super) fn status(bounce: &Bounce) -> Option<&str> {
    bounce.dsn.recipients.iter().find_map(|r| r.status.as_deref())
}

/// Why nothing was sent: `refused at rcpt: 550 5.1.1 no such user`; `None` when the server took the message.
pub(super) fn refusal(submission: &Submission) -> Option<String> {
    if submission.may_be_accepted() {
        return None;
    }
    let Some(deciding) = submission.deciding() else {
        return Some("nothing was sent: the server gave no reply".to_owned());
    };
    let what = if deciding.reply.is_transient() { "put off" } else { "refused" };
    Some(format!("{what} at {}: {}", deciding.stage, deciding.reply))
}

/// Every copy and bounce, for a result that says why what was wanted is not there.
pub(super) fn elsewhere(evidence: &Evidence) -> Vec<String> {
    evidence.copies.iter().map(place).chain(evidence.bounces.iter().map(bounce)).collect()
}

/// The text cut to `max` characters, with an ellipsis where something is missing.
pub(super) fn cut(text: &str, max: usize) -> String {
    redact::cut(text, max).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_read_well() {
        assert_eq!(seconds(Duration::from_millis(11_950)), "11.95s");
        assert_eq!(list(Vec::new(), "; ", "nothing"), "nothing");
        assert_eq!(list(["a".to_owned(), "b".to_owned()], "; ", "nothing"), "a; b");
        assert_eq!(cut("äöüß", 4), "äöüß");
        assert_eq!(cut("äöüßx", 4), "äöü…");
        assert!(refusal(&Submission::default()).unwrap().contains("no reply"));
    }
}
