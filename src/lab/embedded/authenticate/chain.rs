//! The ARC chain: its structure is counted here from the raw fields, mail-auth checks the signatures.

use crate::lab::embedded::signing::{
    Field, Message,
    arc::{Cv, MAX_INSTANCE, Next},
};
use mail_auth::{AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, arc::ArcError};

/// Why a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFailure {
    /// A set is incomplete, doubled, out of sequence or unreadable, or there are more than fifty.
    Structure,
    /// A seal says `cv=fail`, or another value that is wrong in its place.
    Cv,
    /// The newest AMS has another body hash.
    BodyHash,
    /// A signature does not match, or its key is missing.
    Signature,
    /// DNS did not answer for a key.
    Dns,
}

/// An ARC chain (RFC 8617 §5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// How many ARC fields the message has; none means `arc=none`.
    pub fields: usize,
    /// The highest instance of any of them; 0 when none can be read.
    pub newest: u32,
    /// Why the chain does not hold; `None` with any field means `arc=pass`.
    pub failure: Option<ChainFailure>,
    /// The newest seal says `cv=fail`.
    pub marked: bool,
    /// `d=` of the newest seal.
    pub sealer: Option<String>,
    /// The newest ARC-Authentication-Results on one line, from the authserv-id on.
    pub results: Option<String>,
}

const NAMES: [&str; 3] = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];

impl Chain {
    /// Whether there is a chain and it holds.
    pub fn passes(&self) -> bool {
        self.fields > 0 && self.failure.is_none()
    }

    /// The set that may follow; `None` when no set may. A chain is never started again: any ARC field counts, a broken
    /// chain is marked once, and nothing follows the mark or the fiftieth set.
    pub fn next_set(&self) -> Option<Next> {
        let cv = match self {
            Self { fields: 0, .. } => Cv::None,
            Self { failure: None, .. } => Cv::Pass,
            Self { newest: 0, .. } | Self { marked: true, .. } => return None,
            Self { .. } => Cv::Fail,
        };
        (self.newest < MAX_INSTANCE).then(|| Next { instance: self.newest + 1, cv })
    }

    /// Reads the structure; `failure` says only what that shows.
    pub(super) fn structure(message: &Message<'_>) -> Self {
        let kinds = NAMES.map(|name| message.named(name).collect::<Vec<_>>());
        let instances: Vec<Vec<Option<u32>>> =
            kinds.iter().map(|fields| fields.iter().map(|f| instance(f)).collect()).collect();
        let fields = kinds.iter().map(Vec::len).sum();
        let newest = instances.iter().flatten().flatten().copied().max().unwrap_or(0);
        let complete = newest <= MAX_INSTANCE
            && instances
                .iter()
                .all(|of_kind| of_kind.len() == newest as usize && (1..=newest).all(|i| of_kind.contains(&Some(i))));
        let [seals, _, results] = &kinds;
        let seal = of_instance(seals, newest);
        let cv = seal.and_then(|s| s.tag("cv")).unwrap_or_default();
        let marked = cv.eq_ignore_ascii_case("fail");
        let failure = match (fields, complete, marked) {
            (0, ..) => None,
            (_, false, _) => Some(ChainFailure::Structure),
            (_, true, true) => Some(ChainFailure::Cv),
            (_, true, false) => None,
        };
        Self {
            fields,
            newest,
            failure,
            marked,
            sealer: seal.and_then(|s| s.tag("d")),
            results: of_instance(results, newest)
                .and_then(|r| r.text().split_once(';').map(|(_, payload)| payload.trim().to_owned())),
        }
    }

    /// Why the chain does not hold: its structure, or what the signatures say.
    pub(super) async fn check(
        &self,
        authenticator: &MessageAuthenticator,
        message: &AuthenticatedMessage<'_>,
    ) -> Option<ChainFailure> {
        if self.fields == 0 || self.failure.is_some() {
            return self.failure;
        }
        match authenticator.verify_arc(message).await.result() {
            DkimResult::Pass => None,
            DkimResult::None => Some(ChainFailure::Structure),
            DkimResult::Neutral(e) | DkimResult::Fail(e) | DkimResult::PermError(e) | DkimResult::TempError(e) => {
                Some(match e {
                    Error::Arc(ArcError::FailedBodyHashMatch) => ChainFailure::BodyHash,
                    Error::Arc(ArcError::InvalidCV) => ChainFailure::Cv,
                    Error::Arc(ArcError::SignatureExpired) => ChainFailure::Signature,
                    Error::Arc(_) | Error::Base64 | Error::ParseError | Error::MissingParameters => {
                        ChainFailure::Structure
                    }
                    Error::Dns(DnsError::Resolver(_)) => ChainFailure::Dns,
                    _ => ChainFailure::Signature,
                })
            }
        }
    }
}

fn of_instance<'f, 'm>(kind: &[&'f Field<'m>], wanted: u32) -> Option<&'f Field<'m>> {
    kind.iter().find(|field| instance(field) == Some(wanted)).copied()
}

fn instance(field: &Field<'_>) -> Option<u32> {
    field.tag("i")?.parse().ok().filter(|i| *i > 0)
}
