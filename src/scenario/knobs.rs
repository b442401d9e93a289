//! The knobs of a lab: what a scenario may change about the world it runs in. Scenarios with equal knobs share a world.

use crate::core::Category;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Every knob, at its sound setting by default.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Knobs {
    /// The outside sender.
    pub external: ExternalKnobs,
    /// The company server that forwards.
    pub company: CompanyKnobs,
    /// The receiver.
    pub gmail: GmailKnobs,
    /// DNS faults, in the order they were written; the first that matches counts.
    pub dns: Vec<DnsFault>,
}

/// The outside sender's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ExternalKnobs {
    /// How it DKIM-signs.
    pub dkim: SenderDkim,
    /// Its DMARC record.
    pub dmarc: DmarcRecord,
    /// How its SPF record ends.
    pub spf: SpfRecord,
    /// The chain that its mail leaves with.
    pub arc: SenderArc,
    /// It writes Authentication-Results of its own into what it sends.
    pub results: bool,
    /// How long its server tries again before it reports; two minutes when not said.
    pub patience: Option<Duration>,
    /// What is wrong with its submission server.
    pub submission: SubmissionFault,
    /// The certificate of its submission server.
    pub certificate: Certificate,
}

/// The company server's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CompanyKnobs {
    /// Which key it seals with.
    pub arc: ArcSealing,
    /// What DNS says about the key it seals with.
    pub arc_key: PublishedKey,
    /// What is wrong with its seals.
    pub seal: SealFault,
    /// The results that it seals.
    pub results: SealedResults,
    /// What is wrong with its rspamd, or between rspamd and Postfix.
    pub server: ServerFault,
    /// It rewrites the envelope sender (SRS).
    pub srs: bool,
    /// What it changes on the way.
    pub modify: Modification,
    /// It defers the first attempt of every envelope with 451.
    pub greylist: bool,
    /// It refuses mail at RCPT or DATA with this reply, for example `550 5.1.1 no such user`.
    pub reject: Option<String>,
}

/// The receiver's knobs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GmailKnobs {
    /// What it does with mail that it accepts.
    pub folder: Placement,
    /// It believes the company's seal when DMARC fails (`dmarc=fail (… arc=pass)`).
    pub trust_arc: bool,
    /// It answers the first attempts of every message with this reply, for example `421 4.7.28` or `451 4.7.24`.
    pub defer: Option<Refusal>,
    /// It refuses every message with this reply, for example `550 5.7.1`.
    pub reject: Option<String>,
    /// Labels that it puts on mail in the inbox, as its filters would; `\\Important` and `\\Starred` are its own.
    pub labels: Vec<String>,
    /// What it takes mail for.
    pub category: Category,
    /// The language of its folder names.
    pub locale: Locale,
    /// How long an accepted message takes to show in the mailbox.
    pub delay: Duration,
    /// What is wrong with its IMAP server.
    pub imap: ImapFault,
    /// The certificate of its IMAP server.
    pub certificate: Certificate,
}

impl Default for GmailKnobs {
    fn default() -> Self {
        Self {
            folder: Placement::Judge,
            trust_arc: false,
            defer: None,
            reject: None,
            labels: Vec::new(),
            category: Category::Primary,
            locale: Locale::En,
            delay: Duration::ZERO,
            imap: ImapFault::None,
            certificate: Certificate::Right,
        }
    }
}

impl GmailKnobs {
    /// Whether nothing is changed about its mailboxes.
    pub fn has_usual_mailboxes(&self) -> bool {
        self.labels.is_empty()
            && self.category == Category::Primary
            && self.locale == Locale::En
            && self.delay.is_zero()
            && self.imap == ImapFault::None
            && self.certificate == Certificate::Right
    }
}

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

/// The ARC Sets that the outside sender's mail leaves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SenderArc {
    /// None.
    #[default]
    None,
    /// One (cv=none), as mail of Gmail's web client has.
    Seal,
    /// Two that hold, as a mailing list leaves them.
    Twice,
    /// One, of a body that was changed afterwards; DKIM signs the changed one.
    Changed,
    /// The same, and a second set that says so (cv=fail).
    Failed,
    /// One without its ARC-Seal.
    Partial,
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

/// Which key the company seals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ArcSealing {
    /// Not at all.
    Off,
    /// The domain's DKIM key and selector.
    #[default]
    ReusedKey,
    /// A key and selector of its own.
    DedicatedKey,
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
    /// The catalogue code of the cause.
    pub fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            Self::NotInbound => "A01",
            Self::AuthorsKey => "A02",
            Self::SigningTable => "A03",
            Self::KeyMissing => "A04",
            Self::KeyClosed => "A05",
            Self::KeyDirectoryClosed => "A06",
            Self::KeyDamaged => "A07",
            Self::KeyEd25519 => "A08",
            Self::LocalClients => "A11",
            Self::KeyChecked => "A14",
            Self::Down => "A17",
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

/// A reply that is given a number of times.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Code and enhanced status, for example `421 4.7.28`; the text is Gmail's own for that code.
    pub reply: String,
    /// How many attempts of each message meet it.
    pub times: u32,
}

/// A DNS answer that is not the true one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsFault {
    /// The name, with or without a final dot.
    pub name: String,
    /// The record type, for example `TXT`.
    pub rtype: String,
    /// What is answered.
    pub answer: DnsAnswer,
}

/// What a faulty DNS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DnsAnswer {
    /// SERVFAIL.
    ServFail,
    /// NXDOMAIN.
    NxDomain,
    /// The true records with this TTL, in seconds.
    Ttl(u32),
}
