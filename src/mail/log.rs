//! Which lines of a server's log are about a message? Postfix and rspamd, from a file, syslog or journald.

use std::collections::BTreeSet;

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

/// What Postfix, or another mail server with words like its, writes about a message that is in trouble.
const TROUBLES: [(&str, Trouble); 17] = [
    ("status=bounced", Trouble::Bounced),
    ("status=expired", Trouble::Bounced),
    ("status=undeliverable", Trouble::Bounced),
    ("non-delivery notification", Trouble::Bounced),
    ("dsn=5.", Trouble::Bounced),
    ("status=deferred", Trouble::Deferred),
    ("status=softbounce", Trouble::Deferred),
    ("delay notification", Trouble::Deferred),
    ("dsn=4.", Trouble::Deferred),
    ("stat=deferred", Trouble::Deferred),
    ("milter-hold:", Trouble::Deferred),
    (" hold: ", Trouble::Deferred),
    ("reject:", Trouble::Rejected),
    ("rejected", Trouble::Rejected),
    ("milter-discard:", Trouble::Discarded),
    (" discard: ", Trouble::Discarded),
    ("bounced", Trouble::Bounced),
];

/// What a line says of a message in trouble; `None` where it says nothing of the kind.
pub fn trouble(line: &str) -> Option<Trouble> {
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
    let line = line.to_ascii_lowercase();
    TROUBLES.iter().find(|(text, _)| line.contains(text)).map(|(_, trouble)| *trouble)
}

/// Lines that carry no id and matter all the same.
const UNTAGGED: [&str; 4] =
    ["connect to Milter service", "ucl parser error", "public key for domain", "Temporary lookup failure"];

/// What ties the lines of a log to a message, learnt line by line: its Message-ID, the queue ids and rspamd task tags of the
/// lines that name it, and the queue ids of its bounces.
#[derive(Debug, Clone)]
pub struct Ids<'m> {
    message_id: &'m str,
    known: BTreeSet<String>,
}

impl<'m> Ids<'m> {
    /// Nothing but the Message-ID is known yet.
    pub fn of(message_id: &'m str) -> Self {
        Self { message_id: message_id.trim_matches(['<', '>']), known: BTreeSet::new() }
    }

    /// Learns what a line says; lines in the order of the log.
    pub fn learn(&mut self, line: &str) {
        if names(line, self.message_id) {
            self.known.extend(ids_of(line).map(str::to_owned));
        }
        // A bounce is a message of its own, with a queue id of its own.
        if let Some(bounce) = notification(line, &self.known) {
            self.known.insert(bounce.to_owned());
        }
    }

    /// Whether a line is about the message, or is one of the few that carry no id and matter for every message. Every line
    /// of the log was learnt before.
    pub(crate) fn is_about(&self, line: &str) -> bool {
        let mut own = ids_of(line).peekable();
        match own.peek() {
            Some(_) => own.any(|id| self.known.contains(id)),
            None => names(line, self.message_id) || UNTAGGED.iter().any(|text| line.contains(text)),
        }
    }
}

/// The lines about the message with this Message-ID, by their numbers from 0.
pub fn about<S: AsRef<str>>(lines: &[S], message_id: &str) -> Vec<usize> {
    let mut ids = Ids::of(message_id);
    lines.iter().for_each(|line| ids.learn(line.as_ref()));
    lines.iter().enumerate().filter(|(_, line)| ids.is_about(line.as_ref())).map(|(n, _)| n).collect()
}

/// How far the log is with the message that these lines are about.
pub fn progress<S: AsRef<str>>(about: &[S]) -> Progress {
    let mut open: BTreeSet<&str> = about.iter().filter_map(|line| queue_id(line.as_ref())).collect();
    let queued = !open.is_empty();
    let over = [" status=", "reject: ", "discard: ", ": removed"];
    for line in about.iter().map(AsRef::as_ref).filter(|line| over.iter().any(|text| line.contains(text))) {
        if let Some(id) = queue_id(line) {
            open.remove(id);
        }
    }
    let judged = about.iter().any(|line| line.as_ref().contains("rspamd_task_write_log"));
    match (queued, open.is_empty()) {
        (true, true) => Progress::Ended,
        (false, _) if judged => Progress::Ended,
        (true, false) => Progress::Begun,
        (false, _) if about.iter().any(|line| ids_of(line.as_ref()).next().is_some()) => Progress::Begun,
        (false, _) => Progress::Nothing,
    }
}

/// The program that wrote a line.
pub fn program(line: &str) -> Program {
    let rspamd = task_tag(line).is_some() || line.contains("rspamd[") || names_worker(line);
    if rspamd { Program::Rspamd } else { Program::Mail }
}

/// rspamd's process and worker: ` #31607(rspamd_proxy) `.
fn names_worker(line: &str) -> bool {
    let Some((process, rest)) = line.split_once(" #").and_then(|(_, rest)| rest.split_once('(')) else { return false };
    let Some((worker, _)) = rest.split_once(") ") else { return false };
    let is_number = !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit());
    is_number && !worker.is_empty() && worker.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The queue id that a line of Postfix starts with, behind what syslog and journald write before it.
pub fn queue_id(line: &str) -> Option<&str> {
    let text = line.split_once("]: ").map_or(line, |(_, text)| text);
    let (word, _) = text.split_once(": ")?;
    is_queue_id(word).then_some(word)
}

/// Every id that ties a line to others: the queue id, rspamd's task tag, and the queue id that rspamd was told.
fn ids_of(line: &str) -> impl Iterator<Item = &str> {
    let told = line.split_once("qid: <").and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id);
    let told = told.filter(|id| is_queue_id(id));
    [task_tag(line), told, queue_id(line)].into_iter().flatten()
}

/// rspamd's task tag: `<b68b41>; `.
fn task_tag(line: &str) -> Option<&str> {
    let at = if line.starts_with('<') { 0 } else { line.find(" <")? + 1 };
    let (tag, _) = line[at + 1..].split_once(">; ")?;
    ((4..=32).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(tag)
}

/// A short queue id in hexadecimal, or a long one (`enable_long_queue_ids`): time and inode in digits and consonants, with
/// a `z` between.
fn is_queue_id(word: &str) -> bool {
    let is_short = word.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    let is_long = word.bytes().all(|b| b.is_ascii_alphanumeric() && !b"aeiouAEIOU".contains(&b)) && word.contains('z');
    (is_short && (6..=20).contains(&word.len())) || (is_long && (10..=32).contains(&word.len()))
}

/// The queue id of the bounce that a line says was made for one of these.
fn notification<'l>(line: &'l str, ids: &BTreeSet<String>) -> Option<&'l str> {
    let (_, id) = line.split_once("notification: ")?;
    let id = id.trim();
    (is_queue_id(id) && queue_id(line).is_some_and(|of| ids.contains(of))).then_some(id)
}

fn is_id_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".-_@+=".contains(c)
}

/// Whether a line names a Message-ID, and not a longer one that ends or begins alike.
fn names(line: &str, id: &str) -> bool {
    !id.is_empty()
        && line.match_indices(id).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            // `id=` before one is syntax, and so is the full stop or comma behind it.
            let before = before.is_none_or(|c| c == '=' || !is_id_part(c));
            before && !line[at + id.len()..].starts_with(|c: char| is_id_part(c) && c != '.')
        })
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

    #[test]
    fn words_that_look_like_ids_are_none() {
        for (word, wanted) in [
            ("343B999675B", true),
            ("4Rk3Yx2Jzsz9qS1", true),
            ("warning", false),
            ("NOQUEUE", false),
            ("statistics", false),
            ("fatal", false),
            ("12345", false),
            ("4Rk3Yx2Jss9qS1", false),
        ] {
            assert_eq!(is_queue_id(word), wanted, "{word}");
        }
        assert!(names("message-id=<1.0@sender.example>", "1.0@sender.example"));
        assert!(names("id=1.0@sender.example.", "1.0@sender.example"));
        assert!(!names("message-id=<1.0@sender.example2>", "1.0@sender.example"));
    }
}
