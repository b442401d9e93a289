//! The words that knobs are set to.

use crate::{catalogue::Cause, core::reading::words};
use serde::{Deserialize, Serialize};

/// How the outside sender signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SenderDkim {
    /// Signed, and the key is in DNS.
    #[default]
    Sign,
    /// Not signed.
    None,
    /// Signed, and DNS has another key.
    Broken,
    /// Signed by its mail host alone, with the host's domain.
    Host,
    /// Signed with the X-Mailer field that it adds.
    Mailer,
}

words! {
    /// The ARC Sets that the outside sender's mail leaves with.
    pub enum SenderArc {
        /// None.
        None = "false",
        /// One (cv=none), as mail of Gmail's web client has.
        Seal = "true",
        /// Two that hold, as a mailing list leaves them.
        Twice = "twice",
        /// One, of a body that was changed afterwards; DKIM signs the changed one.
        Changed = "changed",
        /// The same, and a second set that says so (cv=fail).
        Failed = "failed",
        /// One without its ARC-Seal.
        Partial = "partial",
    }
}

/// `p=` of the outside sender's DMARC record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DmarcRecord {
    /// No record at all.
    Absent,
    /// `p=none`.
    None,
    /// `p=quarantine`.
    Quarantine,
    /// `p=reject`.
    #[default]
    Reject,
}

/// How the outside sender's SPF record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfRecord {
    /// No record at all.
    Absent,
    /// `?all`.
    Neutral,
    /// `~all`.
    #[default]
    Softfail,
    /// `-all`.
    Fail,
}

words! {
    /// Which key the company seals with.
    pub enum ArcSealing {
        /// Not at all.
        Off = "false",
        /// The domain's DKIM key and selector.
        ReusedKey = "true" | "reuse",
        /// A key and selector of its own.
        DedicatedKey = "dedicated",
    }
}

/// What DNS says about the sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublishedKey {
    /// The key that is used.
    #[default]
    Right,
    /// No record.
    Missing,
    /// Another key.
    Other,
    /// Revoked (`p=`).
    Revoked,
    /// The right record with quotes pasted into it.
    Damaged,
}

/// What is wrong with the company's seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SealFault {
    /// Nothing.
    #[default]
    None,
    /// Its message signature covers an X-Virus-Scanned field that is replaced on the way out.
    Volatile,
    /// Its seal leaves earlier sets out.
    OwnSet,
    /// Its seal covers earlier sets in the order of rspamd before 3.6.
    OldOrder,
    /// It says cv=none on later instances too.
    CvNone,
    /// It says cv=fail of chains that hold.
    CvFail,
    /// A header filter takes its ARC-Authentication-Results away.
    Incomplete,
    /// It takes an incomplete chain for none, and starts again at i=1.
    Restart,
    /// It seals twice: the mail passes its filter a second time.
    Twice,
}

/// The results that the company seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SealedResults {
    /// What it found.
    #[default]
    Own,
    /// Nothing: it made no checks.
    None,
    /// What it found of its own relay, which took the mail first.
    Relay,
    /// The Authentication-Results that came with the mail, where there are any.
    Copied,
}

/// What is wrong with the programs of a company server that is a real one. Turned by [`super::faults`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ServerFault {
    /// Nothing.
    #[default]
    None,
    /// rspamd is told not to seal mail that comes in (A01).
    NotInbound,
    /// rspamd looks for a key of the author's domain (A02).
    AuthorsKey,
    /// rspamd is told about keys in a table for OpenDKIM (A03).
    SigningTable,
    /// The key file is missing (A04).
    KeyMissing,
    /// rspamd's user may not read the key file (A05).
    KeyClosed,
    /// rspamd's user may not enter the directory of the key file (A06).
    KeyDirectoryClosed,
    /// The key file holds no private key (A07).
    KeyDamaged,
    /// The key is no RSA key (A08).
    KeyEd25519,
    /// The clients come from the server's own network, as behind a gateway (A11).
    LocalClients,
    /// rspamd checks its key against DNS, and DNS has another (A14).
    KeyChecked,
    /// rspamd does not run, and Postfix takes mail without it (A17).
    Down,
}

impl ServerFault {
    /// The cause that it brings about.
    pub fn cause(self) -> Option<Cause> {
        Some(match self {
            Self::None => return None,
            Self::NotInbound => Cause::A01,
            Self::AuthorsKey => Cause::A02,
            Self::SigningTable => Cause::A03,
            Self::KeyMissing => Cause::A04,
            Self::KeyClosed => Cause::A05,
            Self::KeyDirectoryClosed => Cause::A06,
            Self::KeyDamaged => Cause::A07,
            Self::KeyEd25519 => Cause::A08,
            Self::LocalClients => Cause::A11,
            Self::KeyChecked => Cause::A14,
            Self::Down => Cause::A17,
        })
    }
}

/// What the company server changes in a message, after it sealed it unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Modification {
    /// Nothing.
    #[default]
    None,
    /// It adds a footer to the body.
    Body,
    /// It tags the subject.
    Subject,
    /// It writes 8-bit text as quoted-printable, in messages of one part.
    Recode,
    /// It folds lines of the body that are longer than 998 octets.
    Fold,
    /// It drops X-Mailer and User-Agent.
    Drop,
    /// It takes addresses out of its own ARC-Authentication-Results.
    Results,
    /// It adds a footer and its own DKIM signature before it checks and seals.
    Resign,
}

/// Where the receiver puts accepted mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// Where its own judgement puts it.
    #[default]
    Judge,
    /// Into the spam folder.
    Spam,
}

/// Folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// `[Gmail]/Spam`, …
    #[default]
    En,
    /// `[Gmail]/迷惑メール`, … in modified UTF-7.
    Ja,
}

/// What is wrong with the receiver's IMAP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImapFault {
    /// Nothing.
    #[default]
    None,
    /// It takes no password.
    Login,
    /// Its account is at a limit.
    Limit,
    /// A session is shown nothing that came after it opened its folder.
    Stale,
    /// It ends IDLE with BYE when there is news.
    Bye,
    /// It hangs up in IDLE, without a word, when there is news.
    Cut,
    /// It answers IDLE only when there is news, and tells the news before the answer.
    Early,
    /// It tells news only in its answer to DONE.
    Late,
    /// It writes a line that is no IMAP when there is news in IDLE.
    Garbage,
    /// It accepts connections and says nothing.
    Silent,
    /// It says nothing more once a folder is open.
    Mute,
    /// It refuses the first two logins for too many connections.
    Crowded,
    /// It refuses twice to open a folder: the account is throttled.
    Throttled,
    /// Its clock is ten minutes behind.
    Clock,
}

/// What is wrong with the outside sender's submission server. All but `Plain` and `Clock` are met by one session alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubmissionFault {
    /// Nothing.
    #[default]
    None,
    /// It greets with 421.
    Busy,
    /// It answers MAIL with 421.
    Mail,
    /// It reads the whole message and answers with 421.
    Message,
    /// It hangs up in the middle of the message.
    Drop,
    /// It takes the message, and hangs up instead of saying so.
    Lost,
    /// It offers no STARTTLS.
    Plain,
    /// Its clock is ten minutes behind, as it says in its greeting.
    Clock,
}

/// The certificate that a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// A good one.
    #[default]
    Right,
    /// One that ended long ago.
    Expired,
    /// One for another name.
    OtherName,
    /// One by an authority that nobody knows.
    UnknownCa,
}
