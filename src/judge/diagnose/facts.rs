//! What the rules look at: the same for an attempt of a run and for a mail that somebody has.

use super::{
    builder::quote,
    missing_delivery::{self, Bounces},
    server_log::ServerLog,
    server_refusal::{Refusal, RefusedBy},
};
use crate::{
    catalogue::Cause,
    core::domain::is_at_or_below,
    evidence::{Evidence, FirstServer, Folder, MailboxFacts, NextHop, ReceivedCopy, ReturnedMail},
    judge::{self, survival, survival_of_returned},
    mail::{
        Message,
        arc::{ArcChain, ArcSet},
        authres::{AuthenticationResults, ResInfo},
        dsn::{Dsn, RecipientStatus, Returned},
        received::Hop,
    },
    outcome::{CheckPart, CheckResult, EvidenceRef, SigningField, Survival},
    target::{Account, Target},
    verify::{SetVerification, Verification},
};
use std::time::Duration;

/// Everything that is known of one mail and its way.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// The copy at the receiver, or else the one that a bounce gives back.
    pub mail: Option<MailFacts<'a>>,
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
    /// Why no bounce could have been seen, and what to do about it.
    pub unseen_bounces: Option<(String, String)>,
    /// The category that was wanted, and where the receiver shows the mail instead.
    pub tab: Option<(String, String)>,
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

/// What the server that forwards refused our own outside sender.
fn by_next_hop(evidence: &Evidence) -> Option<Refusal> {
    let reply = evidence.next_hop.iter().rev().find_map(NextHop::rejection)?.clone();
    Some(Refusal { at: quote("smtp.log", 0, &reply.to_string()), reply, by: RefusedBy::Forwarder, host: None })
}

impl<'a> Facts<'a> {
    /// The facts of an attempt, or `None` when nothing failed.
    pub fn of(evidence: &'a Evidence, checks: &[CheckResult], target: &'a Target) -> Option<Self> {
        let failed: Vec<&CheckResult> = checks.iter().filter(|c| !c.passed).collect();
        if failed.is_empty() {
            return None;
        }
        let copy = evidence.copies.first();
        let account = copy.and_then(|c| target.accounts.get(&c.arrival.account));
        let sent_to = |a: &Account| evidence.sent.rcpt_to.iter().any(|r| r.eq_ignore_ascii_case(&a.address));
        let direct = account.is_some_and(sent_to);
        let forwards = |a: &&Account| {
            sent_to(a) && a.forwards_to.as_deref().is_some_and(|to| copy.is_none_or(|c| c.arrival.account == to))
        };
        let forwarder = if direct { None } else { target.accounts.values().find(forwards) };
        let forwarder = forwarder.map(Account::domain);
        let missing = |c: &&&CheckResult| c.part() == Some(&CheckPart::Delivered);
        let misplaced = failed.iter().any(|c| missing(&c)).then(|| copy.map(|c| c.arrival.folder)).flatten();
        let receivers = target.accounts.values().filter(|a| sent_to(a)).flat_map(|a| target.route(&a.name));
        let to_itself = receivers
            .filter(|a| a.forwards_to.is_none() && a.address.eq_ignore_ascii_case(&evidence.sent.mail_from))
            .map(|a| a.address.clone())
            .next();
        let bounces = evidence.bounces.iter().enumerate().map(|(n, b)| (numbered("bounce", n), b));
        let mut given = bounces.clone().filter_map(|(name, b)| Some((name, &*b.dsn, b.returned.as_ref()?)));
        let refused = match (copy, forwarder.as_deref()) {
            (None, Some(forwarder)) => given.find(|(_, dsn, returned)| was_at(forwarder, dsn, returned)),
            _ => None,
        };
        let bounces = bounces.map(|(name, b)| (name, &*b.dsn)).collect();
        let log = ServerLog::of_lines(&evidence.logs);
        let sent = &evidence.sent.message;
        let is_late = failed.iter().any(|c| c.is_about_time());
        let late = if is_late { copy.map(|c| c.after) } else { None };
        let survival = match (copy, &refused) {
            (Some(copy), _) => survival(sent, &copy.arrival.message, Some(&copy.verification)),
            (None, Some((.., returned))) => survival_of_returned(sent, returned),
            (None, None) => Vec::new(),
        };
        let tab = failed.iter().find(|c| c.part() == Some(&CheckPart::Category) && !c.inconclusive);
        Some(Self {
            survival,
            mail: copy
                .map(|c| MailFacts::of(c, account, misplaced))
                .or_else(|| refused.map(|(artifact, _, returned)| MailFacts::of_returned(&artifact, returned))),
            sent: Some(sent),
            sent_name: None,
            recipients: &evidence.sent.rcpt_to,
            refused: evidence
                .submission
                .deciding()
                .filter(|r| !r.reply.is_positive() && evidence.submission.server != FirstServer::Sender)
                .map(|r| Refusal {
                    reply: r.reply.clone(),
                    at: quote("smtp.log", 0, &r.reply.to_string()),
                    by: RefusedBy::First(evidence.submission.server),
                    host: None,
                })
                .or_else(|| by_next_hop(evidence)),
            bounces,
            log,
            unread_logs: evidence.unread_logs.iter().map(|l| format!("{}: {}", l.problem, l.next)).collect(),
            forwarder,
            mailboxes: Some(&evidence.mailboxes),
            attempt: Some(Attempt {
                first: evidence.submission.server,
                accepted: evidence.submission.may_be_accepted(),
                to_itself,
                late,
                silent: failed.iter().any(|c| c.timed_out),
                unseen_bounces: match missing_delivery::bounces(evidence, target) {
                    Bounces::Unseen { why, next } => Some((why, next)),
                    Bounces::Came(_) | Bounces::None(_) => None,
                },
                tab: tab.map(|c| (c.expected.clone(), c.actual.clone())),
            }),
        })
    }

    /// Every refusal and deferral: what the first server, bounces and logs say.
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let mut all: Vec<Refusal> = self.refused.iter().cloned().collect();
        for (artifact, dsn) in &self.bounces {
            all.extend(dsn.recipients.iter().filter_map(|recipient| {
                let text = format!("Diagnostic-Code: {}", recipient.diagnostic_code.as_deref().unwrap_or_default());
                // A report can also tell of success (RFC 3464 §2.3.3).
                let reply = recipient.reply.clone().filter(|reply| !reply.is_positive())?;
                let by = self.forwarder.as_deref().zip(recipient.remote_mta.as_deref());
                let is_forwarder = by.is_some_and(|(forwarder, host)| related(host, forwarder));
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
        let Some(forwarder) = &self.forwarder else { return false };
        let domains = [
            set.seal.as_ref().and_then(|s| s.domain.as_deref()),
            set.ams.as_ref().and_then(|a| a.domain.as_deref()),
            set.aar.as_ref().and_then(|a| a.authserv_id.as_deref()),
        ];
        domains.into_iter().flatten().any(|d| related(d, forwarder))
    }

    /// The set of the server that forwards, if it sealed.
    pub(super) fn forwarders_set(&self) -> Option<&'a ArcSet> {
        let mail = self.mail.as_ref()?;
        mail.upstream_sets().iter().rev().find(|s| self.is_forwarders(s))
    }
}

impl<'a> MailFacts<'a> {
    fn of(copy: &'a ReceivedCopy, account: Option<&'a Account>, misplaced: Option<Folder>) -> Self {
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
        judge::upstream_sets(self.arc, self.trusted, self.seal_domain)
    }

    /// What we found of a set.
    pub(super) fn verified(&self, set: &ArcSet) -> Option<&'a SetVerification> {
        self.verification?.set(set.instance)
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
        self.message.fields().get(at).map(|f| super::builder::field(&self.artifact, f))
    }

    /// The field of an ARC-Authentication-Results as evidence.
    pub(super) fn quote_line(&self, line: u32) -> Option<EvidenceRef> {
        self.message.fields().iter().find(|f| f.line == line).map(|f| super::builder::field(&self.artifact, f))
    }

    /// The receiver's Authentication-Results as evidence.
    pub(super) fn quote_trusted(&self) -> Option<EvidenceRef> {
        self.quote_line(self.trusted?.line)
    }
}

/// Whether a mail that a bounce gives back had been with the server that forwards: it stands in the path, or it reports.
pub(super) fn was_at(forwarder: &str, dsn: &Dsn, returned: &ReturnedMail) -> bool {
    let arrived = |r: &RecipientStatus| matches!(r.action.as_deref(), Some("delivered" | "relayed" | "expanded"));
    let mut servers = returned.hops.iter().filter_map(|h| h.by.as_deref()).chain(dsn.reporting_mta.as_deref());
    !dsn.recipients.iter().all(arrived) && servers.any(|server| related(server, forwarder))
}

/// Whether a cause is that the receiver finds neither SPF nor DKIM of the author: what a broken seal does not help against.
pub(super) fn is_unauthentic(cause: Cause) -> bool {
    matches!(cause, Cause::D01 | Cause::D02 | Cause::D03 | Cause::D23 | Cause::D28 | Cause::D29)
}

/// `received.eml`, `received-2.eml`, …
fn numbered(name: &str, n: usize) -> String {
    if n == 0 { format!("{name}.eml") } else { format!("{name}-{}.eml", n + 1) }
}

/// Whether one domain is the other or lies below it.
pub(super) fn related(a: &str, b: &str) -> bool {
    is_at_or_below(a, b) || is_at_or_below(b, a)
}
