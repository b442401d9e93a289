//! What there is to say about a mail; serialized, the JSON of `inspect`.

use crate::{
    judge::{
        claims::{Judged, claims},
        diagnose::{Given, Log, catalogue::Lang, diagnose_mail},
        refusal::{Refusal, refusals},
        survival,
    },
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, ArcComment, AuthenticationResults, ResInfo, Trust},
        domain::is_at_or_below,
        dsn::{self, Dsn, Returned},
        received::{self, Hop},
    },
    outcome::{Claim, Diagnosis, Survival},
    verify::{Dns, Verification, verify, verify_header},
};
use serde::Serialize;

/// Everything about one mail.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    /// The file, or `standard input`.
    pub(super) file: String,
    /// Its number in a mailbox, from 1; null for a file of its own.
    pub(super) number: Option<usize>,
    pub(super) message_id: Option<String>,
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
    /// Every recipient of a bounce that did not get the mail.
    pub(super) refusals: Vec<Refusal>,
    /// The message that a bounce gives back.
    pub(super) returned: Option<Box<ReturnedMail>>,
    pub(super) diagnosis: Vec<Diagnosis>,
}

/// The message inside of a bounce. Of `headers` only the signatures over the header could be verified: no body hash.
#[derive(Debug, Serialize)]
pub(super) struct ReturnedMail {
    pub(super) extent: Returned,
    #[serde(skip)]
    pub(super) message: Message,
    #[serde(flatten)]
    pub(super) mail: Explained,
}

/// What the person says about a mail.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// The name to quote it by.
    pub(super) name: &'a str,
    /// Its number in a mailbox.
    pub(super) number: Option<usize>,
    /// Seconds since 1970.
    pub(super) now: i64,
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
    /// Reads and verifies a message, and the one inside of it when it is a bounce, and says what is wrong with them.
    pub(super) async fn of(message: &Message, known: &Known<'_>) -> Self {
        let dsn = Dsn::of(message);
        let returned = dsn.as_ref().and_then(|_| dsn::returned(message));
        // Somebody who has a bounce and what was sent wants to know of the message inside.
        let (own, inner) = if returned.is_some() { (None, known.sent) } else { (known.sent, None) };
        let refusals = dsn.as_ref().map(|dsn| refusals(dsn, known.lang)).unwrap_or_default();
        let inside = match returned {
            None => None,
            Some((extent, message)) => {
                let forwarder = known.forwarder.map(str::to_owned).or_else(|| dsn.as_ref().and_then(reporter));
                let name = format!("{} (returned)", known.name);
                let known = Known { name: &name, sent: inner, forwarder: forwarder.as_deref(), ..*known };
                let mail = read(&message, &known, extent, None).await;
                Some(Box::new(ReturnedMail { extent, message, mail }))
            }
        };
        let mut outer = read(message, &Known { sent: own, ..*known }, Returned::Full, dsn).await;
        // A text that usually has one cause may have another here; the rules know more than the text.
        let proved = |code: &&str| outer.diagnosis.iter().any(|d| d.code == **code);
        let unproved = |r: &Refusal| r.diagnosis.as_ref().is_some_and(|code| !proved(code));
        outer.refusals =
            refusals.into_iter().map(|r| if unproved(&r) { r.unexplained(known.lang) } else { r }).collect();
        outer.returned = inside;
        outer
    }

    /// Whether it was compared with what was sent.
    pub(super) fn is_compared(&self) -> bool {
        self.survival.is_some() || self.returned.as_ref().is_some_and(|r| r.mail.survival.is_some())
    }
}

/// The domain of the server that wrote a bounce, where it forwards: it took the mail for an address of its own, and could
/// not hand it on to another.
fn reporter(dsn: &Dsn) -> Option<String> {
    let host = dsn.reporting_mta.as_deref()?;
    let domain = |address: &Option<String>| Some(address.as_deref()?.rsplit_once('@')?.1.to_ascii_lowercase());
    let forwards = dsn.recipients.iter().filter(|r| domain(&r.original_recipient) != domain(&r.final_recipient));
    forwards.filter_map(|r| domain(&r.original_recipient)).find(|domain| is_at_or_below(host, domain))
}

/// Everything about one message without what is inside of it.
async fn read(message: &Message, known: &Known<'_>, extent: Returned, dsn: Option<Dsn>) -> Explained {
    let verification = match (known.dns, extent) {
        (None, _) => None,
        (Some(dns), Returned::Headers) => Some(verify_header(message, dns, known.now).await),
        (Some(dns), _) => Some(verify(message, dns, known.now).await),
    };
    let all = authres::all(message);
    let receiver = known.authserv_id.map(str::to_owned).or_else(|| authres::receiver(message));
    let trust = receiver.map_or_else(Trust::default, |id| authres::trusted(message, &id));
    let arc_comment = trust.trusted.as_ref().and_then(|t| t.method("arc").find_map(ResInfo::arc_comment));
    let (arc, hops) = (ArcChain::of(message), received::hops(message));
    let message_id = message.message_id();
    let mut log = Log::default();
    for (name, text) in known.logs {
        log.append(Log::of_message(text, name, message_id.as_deref().unwrap_or_default()));
    }
    let sent = known.sent.filter(|(_, sent)| !known.by_message_id || sent.message_id() == message_id);
    // Without the body there is only the header to compare.
    let header = sent.filter(|_| extent == Returned::Headers).map(|(_, sent)| Message::parse(sent.header()));
    let sent = sent.map(|(name, sent)| (name, header.as_ref().unwrap_or(sent)));
    let diagnosis = diagnose_mail(Given {
        artifact: known.name,
        message,
        trusted: trust.trusted.as_ref(),
        arc: &arc,
        hops: &hops,
        verification: verification.as_ref(),
        dsn: dsn.as_ref(),
        sent,
        forwarder: known.forwarder,
        log,
    });
    let claims = verification.as_ref().map(|verification| {
        let trusted = trust.trusted.as_ref();
        claims(Judged { message, trusted, arc: &arc, verification, seal_domain: None })
    });
    Explained {
        file: known.name.to_owned(),
        number: known.number,
        message_id,
        authentication_results: all.into_iter().map(|a| Statement::of(a, &trust)).collect(),
        arc_comment,
        survival: sent.map(|(_, sent)| survival(sent, message, verification.as_ref())),
        arc,
        verification,
        claims,
        hops,
        dsn,
        refusals: Vec::new(),
        returned: None,
        diagnosis,
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
