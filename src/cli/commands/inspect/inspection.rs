//! What there is to say about a mail; serialized, the JSON of `inspect`.

use super::logs::{self, Log, Searched};
use crate::{
    catalogue::Lang,
    core::UnixTime,
    evidence::ReturnedMail,
    judge::{
        claims::{VerifiedMail, claims},
        diagnose::{DiagnoseInput, ServerLog, SpfAnswer, diagnose_mail, spf_questions},
        proof::{Proof, ProofInput, proof},
        refusal::{Refusal, refusals},
        survival, survival_of_returned,
    },
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, ArcComment, AuthenticationResults, ResInfo, Trust},
        dsn::{self, Dsn},
        received::{self, Hop},
    },
    outcome::{Claim, Diagnosis, Survival},
    verify::{Dns, Verification, is_header_alone, spf, verify, verify_returned},
};
use serde::Serialize;

/// Everything about one mail.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Explained")]
pub(in crate::cli) struct Inspection {
    /// The file, or `standard input`.
    pub(super) file: String,
    /// Its number in a mailbox, from 1; null for a file of its own.
    pub(super) number: Option<usize>,
    #[serde(flatten)]
    pub(super) mail: MessageContents,
    /// The report in it; null when it is no bounce.
    pub(super) dsn: Option<Dsn>,
    /// Every recipient of a bounce that did not get the mail.
    pub(super) refusals: Vec<Refusal>,
    /// The message that a bounce gives back.
    pub(super) returned: Option<ReturnedContents>,
    /// What is wrong, the most certain first; of a bounce, with the message that it gives back.
    pub(super) diagnosis: Vec<Diagnosis>,
    /// What speaks for the mail and what against it, whether or not a diagnosis explains it.
    pub(super) proof: Proof,
    /// What the logs were asked for, and how many of their lines are about the mail.
    pub(super) logs: Vec<Searched>,
    /// Why a log could not be read to its end.
    #[serde(skip)]
    pub(super) unread: Vec<String>,
}

/// What is read in one message, and what was verified of it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct MessageContents {
    /// With its angle brackets.
    pub(super) message_id: Option<String>,
    /// Every Authentication-Results field, top to bottom.
    pub(super) authentication_results: Vec<Statement>,
    /// What the receiver says in its comment on arc, as Gmail writes it.
    pub(super) arc_comment: Option<ArcComment>,
    /// The ARC Sets.
    pub(super) arc: ArcChain,
    /// What we found ourselves; null where nothing was verified.
    pub(super) verification: Option<Verification>,
    /// What servers claim of ARC and DKIM, beside what we find; null where nothing was verified.
    pub(super) claims: Option<Vec<Claim>>,
    /// What every signature covers, compared with what was sent; null without that.
    pub(super) survival: Option<Vec<Survival>>,
    /// The path, first hop first.
    pub(super) hops: Vec<Hop>,
}

/// The message inside of a bounce. Of `headers` only the signatures over the header could be verified: no body hash. Lines
/// are those of the bounce, unless they had to be decoded.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct ReturnedContents {
    /// How much of it there is.
    pub(super) extent: dsn::Returned,
    #[serde(skip)]
    pub(super) message: Message,
    #[serde(flatten)]
    pub(super) mail: MessageContents,
}

/// What the person says about a mail.
#[derive(Clone, Copy)]
pub(super) struct InspectOptions<'a> {
    /// The name to quote it by.
    pub(super) name: &'a str,
    /// Its number in a mailbox.
    pub(super) number: Option<usize>,
    /// It ends inside of its header.
    pub(super) is_cut_off: bool,
    /// Seconds since 1970.
    pub(super) now: UnixTime,
    /// Where keys are; `None` when nothing is verified.
    pub(super) dns: Option<&'a Dns>,
    /// The language of what bounces mean.
    pub(super) lang: Lang,
    /// The receiver whose Authentication-Results count.
    pub(super) authserv_id: Option<&'a str>,
    /// The domain of the server that forwarded it.
    pub(super) forwarder: Option<&'a str>,
    /// The mail as it was sent, with the name to quote it by.
    pub(super) sent: Option<(&'a str, &'a Message)>,
    /// Only the mail with the Message-ID of what was sent is compared with it.
    pub(super) by_message_id: bool,
    /// Logs in which it may stand.
    pub(super) logs: &'a [Log],
}

/// One Authentication-Results field.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct Statement {
    /// The name of the field, as written.
    pub(super) field: String,
    /// Who wrote it.
    pub(super) authserv_id: Option<String>,
    /// It speaks for the receiver.
    pub(super) trusted: bool,
    /// It has the receiver's name and stands where the receiver does not write.
    pub(super) forged: bool,
    /// The line where it starts, from 1.
    pub(super) line: u32,
    /// The results in it.
    pub(super) results: Vec<ResInfo>,
}

impl Inspection {
    /// Reads and verifies a message, and the one inside of it when it is a bounce, and says what is wrong with them.
    pub(super) async fn of(message: &Message, options: &InspectOptions<'_>) -> Self {
        let dsn = Dsn::of(message);
        let returned = match dsn.as_ref().and_then(|_| dsn::returned(message)) {
            Some((extent, message)) => Some(returned(message, extent, options).await),
            None => None,
        };
        let receiver = options.authserv_id.map(str::to_owned).or_else(|| authres::receiver(message));
        let trust = receiver.map_or_else(Trust::default, |id| authres::trusted(message, &id));
        let verification = match options.dns {
            Some(dns) if is_header_alone(message) => {
                Some(verify_returned(message, dsn::Returned::Headers, dns, options.now).await)
            }
            Some(dns) => Some(verify(message, dns, options.now).await),
            None => None,
        };
        // Somebody who has a bounce and what was sent wants to know of the message inside.
        let inner = returned.as_ref().map(|returned| &returned.message);
        let sent = options.sent_of(inner.unwrap_or(message));
        let messages: Vec<&Message> = std::iter::once(message).chain(inner).collect();
        let logs::Found { lines: log, searched: logs, unread } = logs::search(options.logs, &messages);
        let survival = match (sent, inner) {
            (Some((_, sent)), None) => Some(survival(sent, message, verification.as_ref())),
            _ => None,
        };
        let (arc, hops) = (ArcChain::of(message), received::hops(message));
        let mail = MessageContents::of(message, &trust, arc, verification, survival, hops);
        let proof = proof(ProofInput {
            message,
            trust: &trust,
            arc: &mail.arc,
            verification: mail.verification.as_ref(),
            claims: mail.claims.as_deref().unwrap_or_default(),
            dsn: dsn.as_ref(),
            log: &log,
            logs: options.logs.len(),
            is_cut_off: options.is_cut_off,
        });
        let spf = spf_answers(dsn.as_ref(), &log, options.dns).await;
        let diagnosis = diagnose_mail(DiagnoseInput {
            artifact: options.name,
            message,
            trusted: trust.trusted.as_ref(),
            arc: &mail.arc,
            hops: &mail.hops,
            verification: mail.verification.as_ref(),
            dsn: dsn.as_ref(),
            returned: returned.as_ref(),
            sent,
            forwarder: options.forwarder,
            spf: &spf,
            log,
        });
        Self {
            file: options.name.to_owned(),
            number: options.number,
            refusals: dsn.as_ref().map(|dsn| explained(dsn, &diagnosis, options.lang)).unwrap_or_default(),
            returned: returned.map(|returned| ReturnedContents::of(returned, sent, options.authserv_id)),
            mail,
            dsn,
            diagnosis,
            proof,
            logs,
            unread,
        }
    }

    /// Whether it was compared with what was sent.
    pub(super) fn is_compared(&self) -> bool {
        self.mail.survival.is_some() || self.returned.as_ref().is_some_and(|r| r.mail.survival.is_some())
    }
}

impl<'a> InspectOptions<'a> {
    /// What was sent, where it is to be compared with this message.
    fn sent_of(&self, message: &Message) -> Option<(&'a str, &'a Message)> {
        self.sent.filter(|(_, sent)| !self.by_message_id || sent.message_id() == message.message_id())
    }
}

impl ReturnedContents {
    fn of(returned: ReturnedMail, sent: Option<(&str, &Message)>, authserv_id: Option<&str>) -> Self {
        let trust = authserv_id.map_or_else(Trust::default, |id| authres::trusted(&returned.message, id));
        let survival = sent.map(|(_, sent)| survival_of_returned(sent, &returned));
        let ReturnedMail { extent, message, arc, hops, verification } = returned;
        let mail = MessageContents::of(&message, &trust, arc, verification, survival, hops);
        Self { extent, message, mail }
    }
}

/// The message that a bounce gives back, read and verified.
async fn returned(message: Message, extent: dsn::Returned, options: &InspectOptions<'_>) -> ReturnedMail {
    let verification = match options.dns {
        Some(dns) => Some(verify_returned(&message, extent, dns, options.now).await),
        None => None,
    };
    let (arc, hops) = (ArcChain::of(&message), received::hops(&message));
    ReturnedMail { extent, message, arc, hops, verification }
}

/// What the SPF records say that replies blame.
async fn spf_answers(dsn: Option<&Dsn>, log: &ServerLog, dns: Option<&Dns>) -> Vec<SpfAnswer> {
    let mut answers = Vec::new();
    let Some(dns) = dns else { return answers };
    for question in spf_questions(dsn, log) {
        let result = spf::check(dns, &question.domain, question.address).await;
        answers.push(SpfAnswer { question, result });
    }
    answers
}

/// Every recipient that did not get the mail. A text that usually has one cause may have another here; the rules know
/// more than the text.
fn explained(dsn: &Dsn, diagnosis: &[Diagnosis], lang: Lang) -> Vec<Refusal> {
    let all = refusals(dsn, lang).into_iter().map(|refusal| match refusal.diagnosis {
        Some(cause) if !diagnosis.iter().any(|d| d.code == cause) => refusal.unexplained(lang),
        _ => refusal,
    });
    all.collect()
}

impl MessageContents {
    fn of(
        message: &Message,
        trust: &Trust,
        arc: ArcChain,
        verification: Option<Verification>,
        survival: Option<Vec<Survival>>,
        hops: Vec<Hop>,
    ) -> Self {
        let trusted = trust.trusted.as_ref();
        Self {
            message_id: message.message_id(),
            authentication_results: authres::all(message).into_iter().map(|a| Statement::of(a, trust)).collect(),
            arc_comment: trusted.and_then(|t| t.method("arc").find_map(ResInfo::arc_comment)),
            claims: verification.as_ref().map(|verification| {
                claims(VerifiedMail { message, trusted, arc: &arc, verification, seal_domain: None })
            }),
            arc,
            verification,
            survival,
            hops,
        }
    }
}

impl Statement {
    fn of(field: AuthenticationResults, trust: &Trust) -> Self {
        Self {
            trusted: trust.trusted.as_ref().is_some_and(|t| t.line == field.line),
            // Top to bottom.
            forged: trust.forged.binary_search_by_key(&field.line, |f| f.line).is_ok(),
            field: field.field,
            authserv_id: field.authserv_id,
            line: field.line,
            results: field.results,
        }
    }
}
