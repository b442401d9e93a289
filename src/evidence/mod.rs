//! What was seen? Values only, built once per attempt, no opinions.

mod next_hop;
mod submission;

pub use crate::core::Folder;
pub use next_hop::{NextHop, NextHopError};
pub use submission::{FirstServer, Stage, StageReply, Submission};

use crate::{
    core::{Category, UnixTime},
    mail::{
        Message,
        arc::ArcChain,
        authres::Trust,
        dsn::{Dsn, Returned},
        received::Hop,
    },
    verify::Verification,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Everything that one attempt saw.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What was sent, as composed.
    pub sent: Sent,
    /// How the submission went.
    pub submission: Submission,
    /// What the server behind the first one said, try by try, where the first one is ours (target staging).
    pub next_hop: Vec<NextHop>,
    /// Copies that arrived, in order of arrival, in every mailbox that was watched.
    pub copies: Vec<ReceivedCopy>,
    /// Bounces that arrived, in order of arrival.
    pub bounces: Vec<Bounce>,
    /// Log lines about this message, by account.
    pub logs: Vec<LogLine>,
    /// Logs that could not be read.
    pub unread_logs: Vec<UnreadLog>,
    /// How the mailboxes behaved.
    pub mailboxes: MailboxFacts,
    /// How long was waited in all, from the end of the submission.
    pub waited: Duration,
}

/// What was learnt of mailboxes beside what arrived in them.
#[derive(Debug, Clone, Default)]
pub struct MailboxFacts {
    /// Every folder that was watched, as it stood when waiting ended.
    pub watched: Vec<WatchedFolder>,
    /// The folders that were searched in a new session when nothing had arrived.
    pub searched: Vec<SearchedFolder>,
    /// The run's other mails, for each account where a copy was wanted and did not come.
    pub others: Vec<OtherDeliveries>,
    /// Lines of IMAP servers that ended a session during the attempt.
    pub bye_lines: Vec<String>,
}

/// How it stood with a folder when waiting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedFolder {
    /// The account.
    pub account: String,
    /// The folder.
    pub folder: Folder,
    /// How long ago its server had last said what is in it; `None` when it never had.
    pub asked: Option<Duration>,
    /// Why it could not be seen into.
    pub problem: Option<String>,
}

/// What became of the mails that other attempts of the run sent to an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtherDeliveries {
    /// The account.
    pub account: String,
    /// How many were sent.
    pub sent: usize,
    /// How many of them came, at any time.
    pub came: usize,
    /// How many of these came after this attempt's mail was sent.
    pub meanwhile: usize,
    /// How long the slowest of the latter took, from the end of its submission.
    pub slowest: Option<Duration>,
}

/// A folder that was searched for the mail once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedFolder {
    /// The account.
    pub account: String,
    /// The folder.
    pub folder: Folder,
    /// Whether the mail was there.
    pub found: bool,
}

/// The mail that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message.
    pub message: Arc<Message>,
    /// Its Message-ID with angle brackets.
    pub message_id: String,
    /// The reverse-path; empty for `<>`.
    pub mail_from: String,
    /// The forward-paths.
    pub rcpt_to: Vec<String>,
}

impl Sent {
    /// Reads the message that is to be sent to these addresses.
    pub fn new(raw: impl Into<Vec<u8>>, message_id: String, mail_from: String, rcpt_to: Vec<String>) -> Self {
        Self { message: Arc::new(Message::parse(raw)), message_id, mail_from, rcpt_to }
    }

    /// The bytes of the message.
    pub fn raw(&self) -> &[u8] {
        self.message.raw()
    }

    /// Puts a header field before the message: the field with its CRLF.
    pub(crate) fn put_before(&mut self, field: &[u8]) {
        self.message = Arc::new(Message::parse([field, self.raw()].concat()));
    }
}

/// A message that a watcher found.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The account it was found in.
    pub account: String,
    /// The folder.
    pub folder: Folder,
    /// What the server calls the folder.
    pub folder_name: String,
    /// Its UID there.
    pub uid: u32,
    /// Gmail's message id.
    pub gm_msgid: Option<u64>,
    /// Gmail's labels, but for that of the folder itself; `None` when the server has none or they cannot be read.
    pub labels: Option<Vec<String>>,
    /// When the server put it there (INTERNALDATE, RFC 3501 §2.3.3), in seconds since 1970, by the server's clock.
    pub internal_date: Option<UnixTime>,
    /// The size of the whole message on the server, in octets, when `message` is only its beginning: of a report no more than
    /// a megabyte is read, of any other message a hundred.
    pub cut_from: Option<u32>,
    /// The message.
    pub message: Arc<Message>,
    /// The report in it, when it is a bounce.
    pub dsn: Option<Arc<Dsn>>,
    /// When it was seen.
    pub seen: Instant,
}

impl Arrival {
    /// Reads a message that was found now, of which its server tells no more than its place. This is the only time that it is
    /// read: what is made of the arrival later shares what was read here.
    pub fn new(account: &str, folder: Folder, uid: u32, raw: Vec<u8>) -> Self {
        let message = Message::parse(raw);
        Self {
            account: account.to_owned(),
            folder,
            folder_name: String::new(),
            uid,
            gm_msgid: None,
            labels: None,
            internal_date: None,
            cut_from: None,
            dsn: Dsn::of(&message).map(Arc::new),
            message: Arc::new(message),
            seen: Instant::now(),
        }
    }

    /// The bytes of the message.
    pub fn raw(&self) -> &[u8] {
        self.message.raw()
    }

    /// Whether another arrival is the same mail: at the same place, or with the same id of Gmail's at another.
    pub(crate) fn is_same_mail(&self, other: &Self) -> bool {
        let is_same = match (self.gm_msgid, other.gm_msgid) {
            (Some(mine), Some(other)) => mine == other,
            _ => (self.folder, self.uid) == (other.folder, other.uid),
        };
        self.account == other.account && is_same
    }
}

/// What Gmail takes a copy for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CategoryLookup {
    /// Nobody asked, or there was no answer.
    #[default]
    Unknown,
    /// It is in no category, as mail in the spam folder.
    NoCategory,
    /// It is in this one.
    In(Category),
}

/// A copy of the mail, read and verified.
#[derive(Debug, Clone)]
pub struct ReceivedCopy {
    /// How it was found.
    pub arrival: Arrival,
    /// From the end of the submission until it was seen.
    pub after: Duration,
    /// What Gmail takes it for.
    pub category: CategoryLookup,
    /// The receiver's own statements.
    pub auth: Trust,
    /// The ARC Sets.
    pub arc: ArcChain,
    /// The path.
    pub hops: Vec<Hop>,
    /// What we found ourselves.
    pub verification: Verification,
}

/// A bounce, read.
#[derive(Debug, Clone)]
pub struct Bounce {
    /// How it was found.
    pub arrival: Arrival,
    /// From the end of the submission until it was seen.
    pub after: Duration,
    /// The report in it.
    pub dsn: Arc<Dsn>,
    /// What it gives back.
    pub returned: Option<ReturnedMail>,
}

/// The message that a bounce gives back: the copy that was refused, read and verified.
#[derive(Debug, Clone)]
pub struct ReturnedMail {
    /// How much of it there is.
    pub extent: Returned,
    /// The message, or its header.
    pub message: Message,
    /// The ARC Sets.
    pub arc: ArcChain,
    /// The path up to the server that reports.
    pub hops: Vec<Hop>,
    /// What we found ourselves, of a header without any body hash; `None` when DNS was not asked.
    pub verification: Option<Verification>,
}

/// A line of a server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The account whose server wrote it.
    pub account: String,
    /// The artifact that it is kept in: `rspamd.log`, `mail.log`.
    pub artifact: String,
    /// Its line there, from 1.
    pub line: u32,
    /// The line.
    pub text: String,
}

/// A log that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadLog {
    /// The account whose server writes it.
    pub account: String,
    /// The file, or the program with its arguments.
    pub source: String,
    /// What went wrong: lower case, no full stop.
    pub problem: String,
    /// What the person can do.
    pub next: String,
}
