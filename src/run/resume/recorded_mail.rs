//! A mail that an earlier run sent, as that run's record tells of it.

use crate::{
    evidence::{Stage, StageReply, Submission},
    outcome::{AttemptReport, ComposedMail, SubmissionReply, SubmittedMail},
    run::arrival::between,
};
use jiff::Timestamp;
use std::time::Duration;

/// The longest time of an attempt that is believed.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// A mail that is looked for again.
#[derive(Debug, Clone)]
pub struct RecordedMail {
    /// The attempt, from 1.
    pub(in crate::run) attempt: u32,
    pub(in crate::run) mail: ComposedMail,
    /// `None` when the run broke off before the first server had answered.
    pub(in crate::run) submitted: Option<SubmittedMail>,
    /// The attempts before it.
    pub(in crate::run) earlier: Vec<AttemptReport>,
    pub(in crate::run) max_attempts: u32,
}

impl RecordedMail {
    /// How long the attempt might take.
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.mail.timeout_ms).min(LONGEST)
    }

    /// What is left of that.
    pub(in crate::run) fn left(&self, now: Timestamp) -> Duration {
        let started = self.mail.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        self.timeout().saturating_sub(between(started, now))
    }

    /// When the submission ended; the mail's Date where nobody knows.
    pub(in crate::run) fn submitted_at(&self) -> Timestamp {
        let at = self.submitted.as_ref().and_then(|s| s.at.parse().ok());
        at.unwrap_or_else(|| Timestamp::from_second(self.mail.date).unwrap_or_default())
    }

    pub(in crate::run) fn submission(&self) -> Submission {
        match &self.submitted {
            Some(told) => submission(told),
            None => Submission {
                unanswered: Some("the run broke off while the mail was handed over".to_owned()),
                ..Submission::default()
            },
        }
    }

    /// How long a mail may take from the end of its submission on.
    pub(in crate::run) fn allowed(&self) -> Duration {
        let started = self.mail.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        self.timeout().saturating_sub(between(started, self.submitted_at()))
    }
}

/// The submission that was told of, but for whose server it was: the route says that. Replies to commands that this version does
/// not know are left out.
pub(in crate::run) fn submission(told: &SubmittedMail) -> Submission {
    let read = |r: &SubmissionReply| {
        Some(StageReply {
            stage: Stage::ALL.into_iter().find(|stage| stage.to_string() == r.stage)?,
            recipient: r.recipient.clone(),
            reply: r.reply.clone(),
            at: Duration::from_millis(r.at_ms),
            took: Duration::from_millis(r.took_ms),
        })
    };
    Submission {
        deferrals: told.deferrals.iter().filter_map(read).collect(),
        replies: told.replies.iter().filter_map(read).collect(),
        tls: told.tls.clone(),
        queue_id: told.queue_id.clone(),
        unanswered: told.unanswered.clone(),
        transcript: told.transcript.clone(),
        ..Submission::default()
    }
}
