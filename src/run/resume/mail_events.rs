//! What is told of a mail when it is sent, so that a later run can look for it.

use crate::{
    core::digest::sha256,
    evidence::{StageReply, Submission},
    outcome::{ComposedMail, SubmissionReply, SubmittedMail},
    run::{
        events,
        step_log::millis,
        steps::{AttemptContext, Composed},
    },
};

/// What is told before a mail is handed over.
pub(in crate::run) fn composed(cx: &AttemptContext<'_>, composed: &Composed) -> ComposedMail {
    let (log, target) = (&cx.log, &cx.world.target);
    let started = cx.context.events.clock().now() - log.started().elapsed();
    let watched = composed.watched.iter().filter_map(|name| target.accounts.get_key_value(name));
    let unsigned = &composed.sent.raw()[composed.signature.as_ref().map_or(0, String::len)..];
    ComposedMail {
        run: cx.context.options.run.clone(),
        token: cx.token.clone(),
        message_id: composed.sent.message_id.clone(),
        date: composed.date,
        sha256: sha256(unsigned),
        signature: composed.signature.clone(),
        scenario_sha256: sha256(cx.item.scenario.source.as_bytes()),
        watched: watched.map(|(name, account)| (name.clone(), account.address.clone())).collect(),
        started_at: events::text(started),
        timeout_ms: millis(cx.item.scenario.wait.timeout()),
    }
}

/// What is told of a submission that has just ended.
pub(in crate::run) fn submitted(submission: &Submission, server: &str, at: String) -> SubmittedMail {
    let told = |r: &StageReply| SubmissionReply {
        stage: r.stage.to_string(),
        recipient: r.recipient.clone(),
        reply: r.reply.clone(),
        at_ms: millis(r.at),
        took_ms: millis(r.took),
    };
    SubmittedMail {
        at,
        server: server.to_owned(),
        deferrals: submission.deferrals.iter().map(told).collect(),
        replies: submission.replies.iter().map(told).collect(),
        tls: submission.tls.clone(),
        queue_id: submission.queue_id.clone(),
        unanswered: submission.unanswered.clone(),
        transcript: submission.transcript.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{FirstServer, Stage},
        mail::reply::Reply,
        run::resume::recorded_mail,
    };
    use std::time::Duration;

    #[test]
    fn a_submission_is_read_as_it_was_told() {
        let reply = |stage, recipient: Option<&str>| StageReply {
            stage,
            recipient: recipient.map(str::to_owned),
            reply: Reply { code: 250, enhanced_status: Some("2.1.5".into()), text: "ok".into() },
            at: Duration::from_millis(7),
            took: Duration::from_millis(3),
        };
        let submission = Submission {
            server: FirstServer::Company,
            deferrals: vec![reply(Stage::Rcpt, Some("a@b.example"))],
            replies: Stage::ALL.into_iter().map(|s| reply(s, (s == Stage::Rcpt).then_some("a@b.example"))).collect(),
            tls: Some("TLSv1.3".into()),
            queue_id: Some("4A".into()),
            unanswered: None,
            transcript: "C: QUIT".into(),
        };
        let told = submitted(&submission, "external", "2026-11-24T02:10:00.007Z".into());
        let read = recorded_mail::submission(&told);
        assert_eq!((&read.replies, &read.deferrals), (&submission.replies, &submission.deferrals));
        assert!(read.accepted() && read.queue_id.as_deref() == Some("4A"));
        assert_eq!((read.tls, read.transcript), (submission.tls, submission.transcript));
    }
}
