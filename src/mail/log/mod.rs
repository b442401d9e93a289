//! Which lines of a server's log are about a message, and what do they say became of it? Postfix, Exim, sendmail, OpenSMTPD,
//! qmail and rspamd, from a file, syslog, journald or a container.

mod delivery;
mod exim;
mod ids;
mod line;
mod opensmtpd;
mod order;
mod plain;
mod postfix;
mod qmail;
mod queue_id_forms;
mod reuse;
mod sendmail;
mod source;
mod time;

pub use delivery::{Delivery, Outcome, Taker};
pub use ids::{Ids, bounce, queue_id};
pub use line::Line;
pub use order::{Position, in_order, is_surely_before};
pub use plain::plain;
pub use qmail::{Start, queued_by};
pub use source::Lines;
pub use time::Stamp;

use ids::{UNTAGGED, ids_of, task_tag};
use std::{borrow::Cow, collections::BTreeSet};

/// How far a line without an id may be from the message, in microseconds.
const NEAR: i64 = 600 * 1_000_000;

/// The programs whose lines are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// rspamd.
    Rspamd,
    /// Postfix, or anything else that handles mail.
    Mail,
}

/// How far a log has come with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It does not know the message.
    Nothing,
    /// It knows it, and more will come.
    Begun,
    /// Every queue entry of the message has its outcome; where there is none, rspamd has written its line about it.
    Ended,
}

/// What a line says that became of a message, where that is not what its sender wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It was returned, or will never be delivered.
    Bounced,
    /// It was put off, or is held back.
    Deferred,
    /// It was refused.
    Rejected,
    /// It was thrown away.
    Discarded,
    /// It was taken for spam, and sent on.
    Marked,
}

/// What a line says became of one or several recipients; nothing when it is about something else. A line in JSON must be
/// [`plain`](plain()) before.
pub fn deliveries(line: &str) -> impl Iterator<Item = Delivery<'_>> {
    let line = Line::parse(line);
    let one = postfix::delivery(&line)
        .or_else(|| exim::delivery(&line))
        .or_else(|| opensmtpd::delivery(&line))
        .or_else(|| qmail::delivery(&line));
    let none = one.is_none();
    one.into_iter().chain(if none { sendmail::deliveries(&line) } else { Vec::new() })
}

/// The delivery of qmail that a line begins.
pub fn start(line: &str) -> Option<Start<'_>> {
    match qmail::Entry::of(&Line::parse(line)) {
        Some(qmail::Entry::Starts(start)) => Some(start),
        _ => None,
    }
}

/// What a line says of a message in trouble; `None` where it says nothing of the kind.
pub fn trouble(line: &str) -> Option<Trouble> {
    let line = &*plain(line);
    if program(line) == Program::Rspamd {
        // `(default: F (soft reject): [`; only the line about the whole message has the action.
        let (_, action) = line.split_once("rspamd_task_write_log")?.1.split_once("(default: ")?.1.split_once('(')?;
        return match action.split(')').next()? {
            "reject" => Some(Trouble::Rejected),
            "soft reject" | "greylist" | "quarantine" => Some(Trouble::Deferred),
            "discard" => Some(Trouble::Discarded),
            "add header" | "rewrite subject" => Some(Trouble::Marked),
            _ => None,
        };
    }
    if let Some(delivery) = deliveries(line).next() {
        return match delivery.outcome {
            Outcome::Bounced | Outcome::Expired => Some(Trouble::Bounced),
            Outcome::Deferred | Outcome::Held => Some(Trouble::Deferred),
            Outcome::Rejected => Some(Trouble::Rejected),
            Outcome::Discarded => Some(Trouble::Discarded),
            Outcome::Sent => None,
        };
    }
    let says = |text: &str| line.contains(text);
    match () {
        () if says("non-delivery notification: ") || says(" status=undeliverable ") => Some(Trouble::Bounced),
        () if says("delay notification: ") => Some(Trouble::Deferred),
        () if says(" rejected ") || says(" reject=") => Some(Trouble::Rejected),
        () => None,
    }
}

/// The lines about the message with this Message-ID, by their numbers from 0.
pub fn about<S: AsRef<str>>(lines: &[S], message_id: &str) -> Vec<usize> {
    let mut ids = Ids::of(message_id);
    lines.iter().for_each(|line| ids.learn(line.as_ref()));
    about_ids(lines, &ids)
}

/// The lines about a message that is known by these ids, by their numbers from 0; an id can be that of several messages, one
/// after the other.
pub fn about_ids<S: AsRef<str>>(lines: &[S], ids: &Ids<'_>) -> Vec<usize> {
    let candidates: Vec<(usize, Cow<'_, str>)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| ids.is_about(line.as_ref()))
        .map(|(n, line)| (n, plain(line.as_ref())))
        .collect();
    let texts: Vec<&str> = candidates.iter().map(|(_, text)| text.as_ref()).collect();
    let stamps: Vec<Option<Stamp>> = candidates.iter().map(|(n, _)| Stamp::of(lines[*n].as_ref())).collect();
    let mut own = reuse::is_own(ids, &texts, &stamps);
    near(&texts, &stamps, &mut own);
    candidates.iter().zip(own).filter(|(_, own)| *own).map(|((n, _), _)| *n).collect()
}

/// Of lines without an id, leaves those that are not known to be from another time than the lines that have one.
fn near(texts: &[&str], stamps: &[Option<Stamp>], own: &mut [bool]) {
    let tagged = |n: &usize| own[*n] && ids_of(texts[*n]).next().is_some();
    let times: Vec<Stamp> = (0..texts.len()).filter(tagged).filter_map(|n| stamps[n]).collect();
    for (n, text) in texts.iter().enumerate().filter(|(_, text)| ids_of(text).next().is_none()) {
        let apart: Vec<bool> =
            times.iter().filter_map(|time| stamps[n].and_then(|stamp| stamp.is_apart(*time, NEAR))).collect();
        // A line that names the message is its own.
        let is_far = !apart.is_empty() && apart.iter().all(|apart| *apart) && UNTAGGED.iter().any(|u| text.contains(u));
        own[n] &= !is_far;
    }
}

/// How far the log is with the message that these lines are about.
pub fn progress<S: AsRef<str>>(about: &[S]) -> Progress {
    let about: Vec<Cow<'_, str>> = about.iter().map(|line| plain(line.as_ref())).collect();
    let mut open: BTreeSet<&str> = about.iter().filter_map(|line| queue_id(line)).collect();
    let queued = !open.is_empty();
    for line in &about {
        let is_over = reuse::event(line) == Some(reuse::Event::Leaves);
        if (is_over || deliveries(line).next().is_some())
            && let Some(id) = queue_id(line)
        {
            open.remove(id);
        }
    }
    let judged = about.iter().any(|line| line.contains("rspamd_task_write_log"));
    match (queued, open.is_empty()) {
        (true, true) => Progress::Ended,
        (false, _) if judged => Progress::Ended,
        (true, false) => Progress::Begun,
        (false, _) if about.iter().any(|line| ids_of(line).next().is_some()) => Progress::Begun,
        (false, _) => Progress::Nothing,
    }
}

/// The program that wrote a line.
pub fn program(line: &str) -> Program {
    let line = &*plain(line);
    let rspamd = task_tag(line).is_some() || line.contains("rspamd[") || names_worker(line);
    if rspamd { Program::Rspamd } else { Program::Mail }
}

/// rspamd's process and worker: `#31607(rspamd_proxy) `.
fn names_worker(line: &str) -> bool {
    let Some((process, rest)) = line.split_once('#').and_then(|(_, rest)| rest.split_once('(')) else { return false };
    let Some((worker, _)) = rest.split_once(") ") else { return false };
    let is_number = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
    is_number && !worker.is_empty() && worker.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: &str = "<1.0@sender.example>";

    /// The lines about the message.
    fn pick(log: &str) -> Vec<&str> {
        let lines: Vec<&str> = log.lines().collect();
        about(&lines, MINE).into_iter().map(|n| lines[n]).collect()
    }

    #[test]
    fn every_way_of_logging_is_read() {
        let prefixes = [
            "Nov 24 02:39:50 mx postfix/",
            "2026-11-24T02:39:50.123456+00:00 mx postfix/",
            "2026-11-24T02:39:50+0000 mx postfix-out/",
            "Nov 24 02:39:50 mx postfix/submission/",
            "mail-1  | Nov 24 02:39:50 8c1f postfix-in/",
        ];
        for (prefix, id) in prefixes.iter().flat_map(|p| ["343B999675B", "4Rk3Yx2Jzsz9qS1"].map(|id| (p, id))) {
            let log = format!(
                "{prefix}smtpd[26004]: {id}: client=mx.sender.example[203.0.113.5]\n\
                 {prefix}cleanup[27064]: {id}: message-id={MINE}\n\
                 {prefix}cleanup[27064]: F11C3996B22: message-id=<11.0@sender.example>\n\
                 {prefix}smtpd[26004]: disconnect from mx.sender.example[203.0.113.5] ehlo=2 commands=6/7\n\
                 {prefix}qmgr[26002]: F11C3996B22: removed\n\
                 {prefix}smtp[27085]: {id}: to=<s@gmail.com>, relay=a[192.0.2.1]:25, dsn=2.0.0, status=sent (250 OK)"
            );
            let all = pick(&log);
            assert_eq!(all.len(), 3, "{all:?}");
            assert_eq!(progress(&all[..2]), Progress::Begun);
            assert_eq!(progress(&all), Progress::Ended);
            assert!(all.iter().all(|line| program(line) == Program::Mail));
        }
        let bare = format!("343B999675B: client=a[192.0.2.1]\n343B999675B: message-id={MINE}\n343B999675B: removed");
        assert_eq!((pick(&bare).len(), progress(&pick(&bare))), (3, Progress::Ended));
    }

    #[test]
    fn rspamd_is_read_from_its_file_from_syslog_and_bare() {
        for prefix in [
            "2026-11-24 02:39:50 #31607(rspamd_proxy) ",
            "Nov 24 02:39:50 mx rspamd[31607]: ",
            "2026-11-24 02:39:50.123 #7(normal) ",
            "",
        ] {
            let log = format!(
                "{prefix}<8a5425>; arc; lua_dkim_tools.lua:191: mail was sent to us\n\
                 {prefix}<1aq9su>; map; rspamd_map_dns_callback: cannot resolve maps.rspamd.com\n\
                 {prefix}<8a5425>; proxy; rspamd_task_write_log: id: {MINE}, qid: <343B999675B>, ip: 203.0.113.5"
            );
            let all = pick(&log);
            assert_eq!(all.len(), 2, "{all:?}");
            assert_eq!((progress(&all[..1]), progress(&all)), (Progress::Begun, Progress::Ended));
            assert!(all.iter().all(|line| program(line) == Program::Rspamd), "{all:?}");
        }
    }

    #[test]
    fn one_log_of_both_ends_with_the_delivery() {
        let log = format!(
            "mx postfix/cleanup[1]: 343B999675B: message-id={MINE}\n\
             mx rspamd[2]: <8a5425>; proxy; rspamd_task_write_log: id: {MINE}, qid: <343B999675B>, ip: 203.0.113.5\n\
             mx postfix/smtp[3]: 343B999675B: to=<s@gmail.com>, dsn=5.7.26, status=bounced (host a said: 550 no)\n\
             mx postfix/bounce[4]: 343B999675B: sender non-delivery notification: 15DFE99650A\n\
             mx postfix/smtp[3]: 15DFE99650A: to=<alice@sender.example>, dsn=2.0.0, status=sent (250 OK)"
        );
        let all = pick(&log);
        assert_eq!(all.len(), 5);
        let progress: Vec<_> = (0..=5).map(|n| progress(&all[..n])).collect();
        use Progress::{Begun, Ended, Nothing};
        assert_eq!(progress, [Nothing, Begun, Begun, Ended, Ended, Ended]);
        let refused = format!(
            "mx postfix/cleanup[1]: 87EE5996BCD: message-id={MINE}\nmx postfix/cleanup[1]: 87EE5996BCD: milter-reject: END-OF-MESSAGE from a[192.0.2.1]: 5.7.1 no"
        );
        assert_eq!(super::progress(&pick(&refused)), Ended);
    }

    #[test]
    fn lines_without_an_id_count_when_they_matter_for_every_message() {
        let log = "mx postfix/smtpd[1]: warning: connect to Milter service inet:127.0.0.1:11332: Connection refused\n\
                   mx postfix/smtpd[1]: connect from unknown[127.0.0.1]\n\
                   mx postfix/smtpd[1]: statistics: max connection rate 1/60s";
        assert_eq!(pick(log).len(), 1);
        assert_eq!(progress(&pick(log)), Progress::Nothing);
        assert!(pick("").is_empty() && about(&["a: b"], "<>").is_empty());
    }

    #[test]
    fn a_line_says_what_became_of_the_message() {
        let rspamd = |action: &str| {
            format!(
                "2026-11-24 02:40:03 #1(rspamd_proxy) <9e5813>; proxy; rspamd_task_write_log: id: {MINE}, (default: F ({action}): \
                 [-1.00/15.00] [DMARC_POLICY_REJECT(2.00){{}},GREYLIST(0.00){{}}], forced: no action \"\", (reject)"
            )
        };
        for (line, wanted) in [
            ("smtp[1]: 343B999675B: to=<a@x.example>, dsn=2.0.0, status=sent (250 OK)", None),
            ("smtp[1]: 343B999675B: to=<a@x.example>, dsn=5.7.26, status=bounced (550)", Some(Trouble::Bounced)),
            ("smtp[1]: 343B999675B: to=<a@x.example>, dsn=4.4.1, status=deferred (no)", Some(Trouble::Deferred)),
            ("qmgr[1]: 343B999675B: from=<a@x.example>, status=expired, returned to sender", Some(Trouble::Bounced)),
            ("bounce[1]: 343B999675B: sender non-delivery notification: 15DFE99650A", Some(Trouble::Bounced)),
            ("bounce[1]: 343B999675B: sender delay notification: 15DFE99650A", Some(Trouble::Deferred)),
            ("cleanup[1]: 343B999675B: milter-reject: END-OF-MESSAGE from a: 5.7.1 no", Some(Trouble::Rejected)),
            ("smtpd[1]: 343B999675B: reject: RCPT from a: 550 5.1.1 no", Some(Trouble::Rejected)),
            ("cleanup[1]: 343B999675B: hold: header X from a", Some(Trouble::Deferred)),
            ("cleanup[1]: 343B999675B: discard: body x from a", Some(Trouble::Discarded)),
            ("qmgr[1]: 343B999675B: removed", None),
            ("smtpd[1]: 343B999675B: client=a[192.0.2.1]", None),
            (rspamd("no action").as_str(), None),
            (rspamd("reject").as_str(), Some(Trouble::Rejected)),
            (rspamd("soft reject").as_str(), Some(Trouble::Deferred)),
            (rspamd("greylist").as_str(), Some(Trouble::Deferred)),
            (rspamd("add header").as_str(), Some(Trouble::Marked)),
            ("2026-11-24 02:39:50 #1(normal) <8a5425>; arc; lua: (reject) rejected", None),
        ] {
            assert_eq!(trouble(line), wanted, "{line}");
        }
    }
}
