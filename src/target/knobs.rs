//! The knobs of a lab: what a scenario may change about the world it runs in. Scenarios with equal knobs share a world.

pub use super::dns_faults::{DnsAnswer, DnsFault};
pub use super::knob_words::{
    ArcSealing, Certificate, DmarcRecord, ImapFault, Locale, Modification, Placement, PublishedKey, SealFault,
    SealedResults, SenderArc, SenderDkim, ServerFault, SpfRecord, SubmissionFault,
};

use super::knob_texts::{Label, RefusalReply};
use crate::core::{
    Category,
    reading::{HumanDuration, OneOrMany},
};
use serde::Deserialize;
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
        patience: Option<Duration> = None, as HumanDuration;
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
        defer: Option<Deferral> = None;
        /// It refuses every message with this reply, for example `550 5.7.1`.
        reject: Option<String> = None, as RefusalReply;
        /// Labels that it puts on mail in the inbox: one, or a list. `\\Important` and `\\Starred` are its own.
        labels: Vec<String> = Vec::new(), as OneOrMany<Label>;
        /// What it takes mail for: the tab of its inbox; `primary` when not written.
        category: Category = Category::Primary;
        /// The language of its folder names.
        locale: Locale = Locale::En;
        /// How long an accepted message takes to show in the mailbox.
        delay: Duration = Duration::ZERO, as HumanDuration;
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

/// A reply that is given a number of times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Defer")]
pub struct Deferral {
    /// Code and enhanced status, for example `421 4.7.28`.
    #[serde(deserialize_with = "super::knob_texts::deferral")]
    pub reply: String,
    /// How many attempts of each message meet it; 1 when not written.
    #[serde(default = "once", deserialize_with = "super::knob_texts::times")]
    pub times: u32,
}

fn once() -> u32 {
    1
}
