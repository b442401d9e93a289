//! The knobs of a lab: what a scenario may change about the world it runs in. Scenarios with equal knobs share a world.

use super::{
    lab::{Label, RefusalReply},
    yaml::{
        spot::{Many, Time},
        words,
    },
};
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

/// Declares a party's knobs once: the struct, its sound setting, and what a file may write of it (every key optional, in the
/// words of the schema). `as` names the type that reads a value where the knob's own does not read itself.
macro_rules! party {
    ($(#[$doc:meta])* $name:ident, $written:ident, $schema:literal {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty = $usual:expr $(, as $reader:ty)?;)*
    } $(never written { $(#[$hidden_doc:meta])* $hidden:ident: $hidden_kind:ty = $hidden_usual:expr; })?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
            $($(#[$hidden_doc])* pub $hidden: $hidden_kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $usual,)* $($hidden: $hidden_usual,)* }
            }
        }

        $(#[$doc])*
        #[derive(Debug, Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(rename = $schema)]
        pub(crate) struct $written {
            $($(#[$field_doc])* pub(crate) $field: Option<party!(@reader $kind $(, $reader)?)>,)*
        }

        impl $written {
            /// What is written takes the place of what was.
            pub(crate) fn over(self, knobs: &mut $name) {
                $(if let Some(value) = self.$field { knobs.$field = value.into(); })*
            }
        }
    };
    (@reader $kind:ty, $reader:ty) => { $reader };
    (@reader $kind:ty) => { $kind };
}

party! {
    /// The outside sender.
    ExternalKnobs, ExternalWritten, "LabExternal" {
        /// How it DKIM-signs.
        dkim: SenderDkim = SenderDkim::Sign;
        /// `p=` of its DMARC record.
        dmarc: DmarcRecord = DmarcRecord::Reject;
        /// How its SPF record ends.
        spf: SpfRecord = SpfRecord::Softfail;
        /// The chain that its mail leaves with: `true` for one set of its own.
        arc: SenderArc = SenderArc::None;
        /// It writes Authentication-Results of its own into what it sends.
        results: bool = false;
        /// How long its server tries again before it reports.
        patience: Option<Duration> = None, as Time;
        /// What is wrong with its submission server.
        submission: SubmissionFault = SubmissionFault::None;
        /// The certificate of its submission server.
        certificate: Certificate = Certificate::Right;
    }
}

party! {
    /// The company server.
    CompanyKnobs, CompanyWritten, "LabCompany" {
        /// Which key it seals with; `false` for not at all.
        arc: ArcSealing = ArcSealing::ReusedKey;
        /// What DNS says about that key.
        arc_key: PublishedKey = PublishedKey::Right;
        /// What is wrong with its seals.
        seal: SealFault = SealFault::None;
        /// The results that it seals.
        results: SealedResults = SealedResults::Own;
        /// It rewrites the envelope sender (SRS).
        srs: bool = false;
        /// What it changes on the way.
        modify: Modification = Modification::None;
        /// It defers the first attempt of every envelope.
        greylist: bool = false;
        /// It refuses mail with this reply, for example `550 5.1.1 no such user`.
        reject: Option<String> = None, as RefusalReply;
    } never written {
        /// What is wrong with its rspamd, or between rspamd and Postfix; faults alone turn it.
        server: ServerFault = ServerFault::None;
    }
}

party! {
    /// The receiver.
    GmailKnobs, GmailWritten, "LabGmail" {
        /// Where it puts accepted mail.
        folder: Placement = Placement::Judge;
        /// It believes the company's seal when DMARC fails.
        trust_arc: bool = false;
        /// It answers the first attempts of every message with a reply.
        defer: Option<Refusal> = None;
        /// It refuses every message with this reply, for example `550 5.7.1`.
        reject: Option<String> = None, as RefusalReply;
        /// Labels that it puts on mail in the inbox: one, or a list. `\\Important` and `\\Starred` are its own.
        labels: Vec<String> = Vec::new(), as Many<Label>;
        /// What it takes mail for: the tab of its inbox; `primary` when not written.
        category: Category = Category::Primary;
        /// The language of its folder names.
        locale: Locale = Locale::En;
        /// How long an accepted message takes to show in the mailbox.
        delay: Duration = Duration::ZERO, as Time;
        /// What is wrong with its IMAP server.
        imap: ImapFault = ImapFault::None;
        /// The certificate of its IMAP server.
        certificate: Certificate = Certificate::Right;
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Defer")]
pub struct Refusal {
    /// Code and enhanced status, for example `421 4.7.28`.
    #[serde(deserialize_with = "super::lab::deferral")]
    pub reply: String,
    /// How many attempts of each message meet it; 1 when not written.
    #[serde(default = "once", deserialize_with = "super::lab::times")]
    pub times: u32,
}

fn once() -> u32 {
    1
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
