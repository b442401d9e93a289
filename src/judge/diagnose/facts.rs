//! What the rules look at: the same for an attempt of a run and for a mail that somebody has.

use super::{
    builder::{self, quote},
    server_log::ServerLog,
    server_refusal::{Refusal, RefusedBy},
    spf::SpfAnswer,
};
use crate::{
    catalogue::Cause,
    core::domain::is_at_or_below,
    evidence::{FirstServer, Folder, MailboxFacts, ReceivedCopy, ReturnedMail},
    judge,
    mail::{
        Message,
        arc::{ArcChain, ArcSet},
        authres::{AuthenticationResults, ResInfo},
        dsn::{Dsn, RecipientStatus, Returned},
        received::Hop,
    },
    outcome::{EvidenceRef, SigningField, Survival},
    target::Account,
    verify::{SetVerification, Verdict, Verification},
};
use std::time::Duration;

/// Everything that is known of one mail and its way.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// The copy at the receiver, or else the one that a bounce gives back.
    pub mail: Option<MailFacts<'a>>,
    /// What a bounce gives back of a mail that nobody is known to have forwarded.
    pub not_forwarded: Option<MailFacts<'a>>,
    /// The mail as it was sent.
    pub sent: Option<&'a Message>,
    /// The name to quote it by, where it is not `sent.eml`.
    pub sent_name: Option<String>,
    /// What every signature of the copy covers, compared with what was sent.
    pub survival: Vec<Survival>,
    /// The addresses that it was sent to, where they are known.
    pub recipients: &'a [String],
    /// The refusal of the first server that is tested, where we heard it ourselves.
    pub refused: Option<Refusal>,
    /// Bounces, each with the name of its artifact.
    pub bounces: Vec<(String, &'a Dsn)>,
    /// What SPF records say of the addresses that replies name.
    pub spf: &'a [SpfAnswer],
    /// Log lines of the servers on the way.
    pub log: ServerLog,
    /// What kept logs from being read, and what to do.
    pub unread_logs: Vec<String>,
    /// The domain of the server that forwards.
    pub forwarder: Option<String>,
    /// How the mailboxes behaved.
    pub mailboxes: Option<&'a MailboxFacts>,
    /// What only an attempt knows.
    pub attempt: Option<Attempt>,
}

/// What only an attempt knows.
#[derive(Debug, Default)]
pub struct Attempt {
    /// Whose server we handed the mail to.
    pub first: FirstServer,
    /// That server took it.
    pub accepted: bool,
    /// The account that sent is the one that receives, with its address.
    pub to_itself: Option<String>,
    /// It came after the time that was allowed: how long after it was sent.
    pub late: Option<Duration>,
    /// Something was waited for and did not come.
    pub silent: bool,
    /// Why no bounce could have been seen.
    pub unseen_bounces: Option<UnseenBounces>,
    /// The category that was wanted, and where the receiver shows the mail instead.
    pub tab: Option<(String, String)>,
}

/// Why no bounce could have been seen.
#[derive(Debug)]
pub struct UnseenBounces {
    /// The reason.
    pub why: String,
    /// What to do about it, where something can be done.
    pub next: Option<String>,
}

/// A copy of the mail, read and verified.
#[derive(Debug)]
pub struct MailFacts<'a> {
    /// The name to quote it by.
    pub artifact: String,
    /// The message.
    pub message: &'a Message,
    /// The receiver's own Authentication-Results.
    pub trusted: Option<&'a AuthenticationResults>,
    /// The ARC Sets.
    pub arc: &'a ArcChain,
    /// The path, first hop first.
    pub hops: &'a [Hop],
    /// What we found ourselves; `None` when DNS was not asked.
    pub verification: Option<&'a Verification>,
    /// Where it was found, when that is known and not where it was wanted.
    pub misplaced: Option<Folder>,
    /// What the server calls that folder; empty when it is not known.
    pub folder_name: &'a str,
    /// The `d=` of the receiver's seals, where it is known.
    pub seal_domain: Option<&'a str>,
    /// It is what a bounce gives back of the copy that was refused: how much.
    pub returned: Option<Returned>,
    /// Somebody has its header and no body.
    pub is_header_alone: bool,
}

impl<'a> Facts<'a> {
    /// Every refusal and deferral: what the first server, bounces and logs say.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let mut all: Vec<Refusal> = self.refused.iter().cloned().collect();
        for (artifact, dsn) in &self.bounces {
            all.extend(dsn.recipients.iter().filter_map(|recipient| {
                // A report can also tell of success (RFC 3464 §2.3.3).
                let reply = recipient.reply.clone().filter(|reply| !reply.is_positive())?;
                let code = recipient.diagnostic_code.as_ref().map(|code| format!("Diagnostic-Code: {code}"));
                let text = code.unwrap_or_else(|| reply.to_string());
                let is_forwarder = recipient.remote_mta.as_deref().is_some_and(|host| self.is_forwarders_host(host));
                // Our own sender reports what the server that forwards said to it.
                let is_known = self.refused.as_ref().is_some_and(|r| r.by == RefusedBy::Forwarder && r.reply == reply);
                let by = if is_forwarder || is_known { RefusedBy::Forwarder } else { RefusedBy::Next };
                Some(Refusal { reply, at: quote(artifact, 0, &text), by, host: recipient.remote_mta.clone() })
            }));
        }
        all.extend(self.log.refusals());
        all
    }

    /// Whether a server refused the mail because it was not authentic.
    pub(super) fn is_refused_as_unauthentic(&self) -> bool {
        self.refusals().iter().any(|r| r.cause().is_some_and(|(cause, _)| is_unauthentic(cause)))
    }

    /// What the message signature of a set covers, compared with what was sent.
    pub(super) fn survival_of(&self, set: &ArcSet) -> Option<&Survival> {
        self.survival.iter().find(|s| s.field == SigningField::Ams && s.i == Some(set.instance))
    }

    /// Whether a set was written by the server that forwards.
    pub(super) fn is_forwarders(&self, set: &ArcSet) -> bool {
        let domains = [
            set.sealer(),
            set.ams.as_ref().and_then(|a| a.domain.as_deref()),
            set.aar.as_ref().and_then(|a| a.authserv_id.as_deref()),
        ];
        domains.into_iter().flatten().any(|d| self.is_forwarders_host(d))
    }

    /// Whether a host or domain is that of the server that forwards.
    pub(super) fn is_forwarders_host(&self, host: &str) -> bool {
        self.forwarder.as_deref().is_some_and(|forwarder| related(host, forwarder))
    }
}

impl<'a> MailFacts<'a> {
    /// A copy that arrived.
    pub(super) fn of(copy: &'a ReceivedCopy, account: Option<&'a Account>, misplaced: Option<Folder>) -> Self {
        Self {
            artifact: "received.eml".to_owned(),
            message: &copy.arrival.message,
            trusted: copy.auth.trusted.as_ref(),
            arc: &copy.arc,
            hops: &copy.hops,
            verification: Some(&copy.verification),
            misplaced,
            folder_name: &copy.arrival.folder_name,
            seal_domain: account.and_then(|a| a.seal_domain.as_deref()),
            returned: None,
            is_header_alone: false,
        }
    }

    /// What a bounce of this name gives back.
    pub(super) fn of_returned(bounce: &str, returned: &'a ReturnedMail) -> Self {
        // Lines that had to be decoded are none of the bounce.
        let in_place = returned.message.first_line() > 1;
        Self {
            artifact: if in_place { bounce.to_owned() } else { format!("{bounce} (returned)") },
            message: &returned.message,
            trusted: None,
            arc: &returned.arc,
            hops: &returned.hops,
            verification: returned.verification.as_ref(),
            misplaced: None,
            folder_name: "",
            seal_domain: None,
            returned: Some(returned.extent),
            is_header_alone: false,
        }
    }

    /// Whether there is no more of it than its header.
    pub(super) fn is_only_header(&self) -> bool {
        self.is_header_alone || self.returned == Some(Returned::Headers)
    }

    /// The sets that came with the message: all but the receiver's own.
    pub(super) fn upstream_sets(&self) -> &'a [ArcSet] {
        let sets = judge::upstream_sets(self.arc, self.trusted, self.seal_domain);
        let is_receivers = self.trusted.is_none() && is_by_outlook(sets, self.hops);
        &sets[..sets.len() - usize::from(is_receivers)]
    }

    /// The set that the receiver wrote itself.
    pub(super) fn own_set(&self) -> Option<&'a ArcSet> {
        self.arc.sets.get(self.upstream_sets().len())
    }

    /// Whether the chain that came with the message holds, whatever the receiver made of it.
    pub(super) fn came_sound(&self) -> bool {
        let came = self.upstream_sets();
        let newest_fits = |set| self.verified(set).is_some_and(|v| v.ams == Verdict::Pass);
        self.arc.defects.is_empty()
            && came.last().is_none_or(newest_fits)
            && came
                .iter()
                .all(|set| !set.is_marked_failed() && self.verified(set).is_some_and(|v| v.seal == Verdict::Pass))
    }

    /// What we found of a set.
    pub(super) fn verified(&self, set: &ArcSet) -> Option<&'a SetVerification> {
        self.verification?.set(set.instance)
    }

    /// Whether that is the result of a method in the receiver's own statement.
    pub(super) fn has_result(&self, method: &'a str, result: &str) -> bool {
        self.says(method).is_some_and(|said| said.result == result)
    }

    /// The receiver's own statement on a method.
    pub(super) fn says(&self, method: &'a str) -> Option<&'a ResInfo> {
        self.trusted?.method(method).next()
    }

    /// The domain of the author (From), lower case.
    pub(super) fn author_domain(&self) -> Option<String> {
        let from = self.message.first("From")?.value();
        let address = match from.rsplit_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            None => from.as_str(),
        };
        let domain = address.rsplit_once('@')?.1.trim();
        (!domain.is_empty()).then(|| domain.to_ascii_lowercase())
    }

    /// A seal as evidence, or that of its set which is there.
    pub(super) fn quote_seal(&self, set: &ArcSet) -> Option<EvidenceRef> {
        let at = set.seal.as_ref().map(|s| s.field).or_else(|| set.ams.as_ref().map(|a| a.field))?;
        self.quote_field(at)
    }

    /// The field at this index as evidence.
    pub(super) fn quote_field(&self, at: usize) -> Option<EvidenceRef> {
        Some(builder::field(&self.artifact, self.message.fields().get(at)?))
    }

    /// The field of an ARC-Authentication-Results as evidence.
    pub(super) fn quote_line(&self, line: u32) -> Option<EvidenceRef> {
        self.message.fields().iter().find(|f| f.line == line).map(|f| builder::field(&self.artifact, f))
    }

    /// The receiver's Authentication-Results as evidence.
    pub(super) fn quote_trusted(&self) -> Option<EvidenceRef> {
        self.quote_line(self.trusted?.line)
    }
}

/// Whether the newest set is by Microsoft, and the mail is in a mailbox there: its results have no name to tell the receiver by.
fn is_by_outlook(sets: &[ArcSet], hops: &[Hop]) -> bool {
    let sealer = sets.last().and_then(ArcSet::sealer);
    let last = hops.last().and_then(|hop| hop.by.as_deref());
    sealer.is_some_and(|d| is_at_or_below(d, "microsoft.com"))
        && last.is_some_and(|by| is_at_or_below(by, "outlook.com"))
}

/// Whether a mail that a bounce gives back had been with the server that forwards: it stands in the path, or it reports.
pub(super) fn was_at(forwarder: &str, dsn: &Dsn, returned: &ReturnedMail) -> bool {
    let mut servers = returned.hops.iter().filter_map(|h| h.by.as_deref()).chain(dsn.reporting_mta.as_deref());
    !dsn.recipients.iter().all(RecipientStatus::has_arrived) && servers.any(|server| related(server, forwarder))
}

/// Whether a cause is that the receiver finds neither SPF nor DKIM of the author: what a broken seal does not help against.
pub(super) fn is_unauthentic(cause: Cause) -> bool {
    matches!(cause, Cause::D01 | Cause::D02 | Cause::D03 | Cause::D23 | Cause::D28 | Cause::D29)
}

/// Whether one domain is the other or lies below it.
pub(super) fn related(a: &str, b: &str) -> bool {
    is_at_or_below(a, b) || is_at_or_below(b, a)
}
