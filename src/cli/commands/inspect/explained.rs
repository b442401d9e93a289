//! What there is to say about a mail; serialized, the JSON of `inspect`.

use crate::{
    mail::{
        Message,
        arc::ArcChain,
        authres::{self, ArcComment, AuthenticationResults, ResInfo, Trust},
        dsn::Dsn,
        received::{self, Hop},
    },
    outcome::Diagnosis,
    verify::Verification,
};
use serde::Serialize;

/// Everything about one mail.
#[derive(Debug, Serialize)]
pub(super) struct Explained<'a> {
    pub(super) authentication_results: Vec<Statement>,
    pub(super) arc_comment: Option<ArcComment>,
    pub(super) arc: ArcChain,
    pub(super) verification: Option<Verification>,
    pub(super) hops: Vec<Hop>,
    pub(super) dsn: Option<Dsn>,
    pub(super) diagnosis: &'a [Diagnosis],
}

/// One Authentication-Results field.
#[derive(Debug, Serialize)]
pub(super) struct Statement {
    pub(super) field: String,
    pub(super) authserv_id: Option<String>,
    pub(super) trusted: bool,
    pub(super) line: u32,
    pub(super) results: Vec<ResInfo>,
}

impl Explained<'_> {
    /// Reads a message. Of its Authentication-Results those of `authserv_id` count, or of the topmost field's.
    pub(super) fn of(message: &Message, authserv_id: Option<&str>, verification: Option<Verification>) -> Self {
        let all = authres::all(message);
        let topmost = || all.iter().find_map(|a| a.authserv_id.clone());
        let receiver = authserv_id.map(str::to_owned).or_else(topmost);
        let trust = receiver.map_or_else(Trust::default, |id| authres::trusted(message, &id));
        let trusted_line = trust.trusted.as_ref().map(|t| t.line);
        let arc_comment = trust.trusted.as_ref().and_then(|t| t.method("arc").find_map(ResInfo::arc_comment));
        Self {
            authentication_results: all.into_iter().map(|a| Statement::of(a, trusted_line)).collect(),
            arc_comment,
            arc: ArcChain::of(message),
            verification,
            hops: received::hops(message),
            dsn: Dsn::of(message),
            diagnosis: &[],
        }
    }
}

impl Statement {
    fn of(field: AuthenticationResults, trusted_line: Option<u32>) -> Self {
        Self {
            trusted: trusted_line == Some(field.line),
            field: field.field,
            authserv_id: field.authserv_id,
            line: field.line,
            results: field.results,
        }
    }
}
