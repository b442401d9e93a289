//! What the server behind the first one said, where the first one is ours.

use super::StageReply;
use crate::mail::reply::Reply;
use std::time::Duration;

/// One try of our own outside sender to hand the mail to the next server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextHop {
    /// Where the server is: `host:port`.
    pub server: String,
    /// When it ended, from the end of the submission.
    pub at: Duration,
    /// Every reply, in order; the times count from the end of the submission.
    pub replies: Vec<StageReply>,
    /// Why it broke off, where it did.
    pub problem: Option<NextHopError>,
}

/// A conversation broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextHopError {
    /// No connection came about.
    Unreachable(String),
    /// The connection was lost, or what was said is no SMTP.
    BrokenOff(String),
}

impl NextHop {
    /// The reply that put the mail off or refused it: the first that is not positive.
    pub fn refusal(&self) -> Option<&StageReply> {
        self.replies.iter().find(|r| !r.reply.is_positive())
    }

    /// Why the mail is tried again, if it is.
    pub(crate) fn deferral(&self) -> Option<String> {
        match (&self.problem, self.refusal()) {
            (Some(NextHopError::Unreachable(why) | NextHopError::BrokenOff(why)), _) => Some(why.clone()),
            (None, Some(StageReply { stage, reply, .. })) if reply.is_transient() => {
                Some(format!("{reply}, in answer to {stage}"))
            }
            (None, _) => None,
        }
    }

    /// The reply that is final: no other try follows.
    pub(crate) fn rejection(&self) -> Option<&Reply> {
        self.refusal().map(|r| &r.reply).filter(|reply| self.problem.is_none() && reply.is_permanent())
    }

    /// The dialogue, in the manner of `smtp.log`.
    pub fn transcript(&self) -> String {
        let mut text = format!("-- the outside sender hands it to {}\n", self.server);
        for StageReply { stage, recipient, reply, .. } in &self.replies {
            let to = recipient.as_ref().map(|recipient| format!(" {recipient}")).unwrap_or_default();
            text.push_str(&format!("S: {reply} ({stage}{to})\n"));
        }
        if let Some(NextHopError::Unreachable(why) | NextHopError::BrokenOff(why)) = &self.problem {
            text.push_str(&format!("-- {why}\n"));
        }
        text
    }
}
