//! What there is to say about a mail; serialized, the JSON of `inspect`.

use crate::{
    judge::{
        claims::{Judged, claims},
        diagnose::{Given, Log, diagnose_mail},
        survival,
    },
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, ArcComment, AuthenticationResults, ResInfo, Trust},
        dsn::Dsn,
        received::{self, Hop},
    },
    outcome::{Claim, Diagnosis, Survival},
    verify::Verification,
};
use serde::Serialize;

/// Everything about one mail.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) authentication_results: Vec<Statement>,
    pub(super) arc_comment: Option<ArcComment>,
    pub(super) arc: ArcChain,
    pub(super) verification: Option<Verification>,
    /// What servers claim of ARC and DKIM, beside what we find; null where nothing was verified.
    pub(super) claims: Option<Vec<Claim>>,
    /// What every signature covers, compared with what was sent; null without that.
    pub(super) survival: Option<Vec<Survival>>,
    pub(super) hops: Vec<Hop>,
    pub(super) dsn: Option<Dsn>,
    pub(super) diagnosis: Vec<Diagnosis>,
}

/// What the person says about a mail.
pub(super) struct Known<'a> {
    /// The name to quote it by.
    pub(super) name: &'a str,
    /// The receiver whose Authentication-Results count.
    pub(super) authserv_id: Option<&'a str>,
    /// The domain of the server that forwarded it.
    pub(super) forwarder: Option<&'a str>,
    /// The mail as it was sent, with the name to quote it by.
    pub(super) sent: Option<(&'a str, &'a Message)>,
    /// Names and texts of logs in which it may stand.
    pub(super) logs: &'a [(String, String)],
}

/// One Authentication-Results field.
#[derive(Debug, Serialize)]
pub(super) struct Statement {
    pub(super) field: String,
    pub(super) authserv_id: Option<String>,
    /// It speaks for the receiver.
    pub(super) trusted: bool,
    /// It has the receiver's name and stands where the receiver does not write.
    pub(super) forged: bool,
    pub(super) line: u32,
    pub(super) results: Vec<ResInfo>,
}

impl Explained {
    /// Reads a message and says what is wrong with it. Of its Authentication-Results those of the receiver count.
    pub(super) fn of(message: &Message, known: &Known<'_>, verification: Option<Verification>) -> Self {
        let all = authres::all(message);
        let receiver = known.authserv_id.map(str::to_owned).or_else(|| authres::receiver(message));
        let trust = receiver.map_or_else(Trust::default, |id| authres::trusted(message, &id));
        let arc_comment = trust.trusted.as_ref().and_then(|t| t.method("arc").find_map(ResInfo::arc_comment));
        let (arc, hops, dsn) = (ArcChain::of(message), received::hops(message), Dsn::of(message));
        let mut log = Log::default();
        for (name, text) in known.logs {
            log.append(Log::of_message(text, name, &message.message_id().unwrap_or_default()));
        }
        let diagnosis = diagnose_mail(Given {
            artifact: known.name,
            message,
            trusted: trust.trusted.as_ref(),
            arc: &arc,
            hops: &hops,
            verification: verification.as_ref(),
            dsn: dsn.as_ref(),
            sent: known.sent,
            forwarder: known.forwarder,
            log,
        });
        let claims = verification.as_ref().map(|verification| {
            let trusted = trust.trusted.as_ref();
            claims(Judged { message, trusted, arc: &arc, verification, seal_domain: None })
        });
        let survival = known.sent.map(|(_, sent)| survival(sent, message, verification.as_ref()));
        Self {
            authentication_results: all.into_iter().map(|a| Statement::of(a, &trust)).collect(),
            arc_comment,
            arc,
            verification,
            claims,
            survival,
            hops,
            dsn,
            diagnosis,
        }
    }
}

impl Statement {
    fn of(field: AuthenticationResults, trust: &Trust) -> Self {
        Self {
            trusted: trust.trusted.as_ref().is_some_and(|t| t.line == field.line),
            forged: trust.forged.iter().any(|f| f.line == field.line),
            field: field.field,
            authserv_id: field.authserv_id,
            line: field.line,
            results: field.results,
        }
    }
}
