//! Family E: accepted, and not seen where or when it was wanted.

use crate::{
    catalogue::Cause,
    evidence::Folder,
    judge::diagnose::{
        builder::{found, quote},
        facts::{Attempt, Facts, MailFacts, UnseenBounces},
        missing_delivery,
    },
    mail::junk::junk_field,
    outcome::{
        Confidence::{Certain, High},
        Diagnosis, HarnessError, HarnessErrorKind, MailboxTrouble,
    },
};

/// Why nothing was seen.
pub(in crate::judge::diagnose) fn find(facts: &Facts<'_>) -> Vec<Diagnosis> {
    let attempt = facts.attempt.as_ref().filter(|a| a.accepted);
    let Some(mail) = facts.mail.as_ref().filter(|mail| mail.returned.is_none()) else {
        return attempt.and_then(|attempt| unseen(facts, attempt)).into_iter().collect();
    };
    let seen_late = attempt.and_then(|attempt| late(facts, attempt, mail));
    let in_tab = attempt.and_then(|attempt| tab(attempt, mail));
    in_spam(mail).into_iter().chain(seen_late).chain(in_tab).collect()
}

/// Texts by which Gmail refuses a kind of login, in lower case.
const LOGINS: [&str; 3] = ["application-specific password", "web login required", "via your web browser"];

/// What is done in a mailbox that is waited at.
const WAITING: [&str; 6] = ["IDLE", "NOOP", "SELECT", "EXAMINE", "SEARCH", "FETCH"];

/// What an error of the harness itself says: the login, a limit, the end of a session.
pub(in crate::judge::diagnose) fn of_error(error: &HarnessError) -> Option<Diagnosis> {
    let text = error.message.to_lowercase();
    let (cause, confidence) = match (error.kind, error.mailbox) {
        (_, Some(MailboxTrouble::Limit)) => (Cause::E05, Certain),
        (_, Some(MailboxTrouble::Expired)) => (Cause::E07, High),
        // Before anything was waited for, a server says goodbye for reasons of its own.
        (_, Some(MailboxTrouble::Bye)) if WAITING.iter().any(|what| error.stage.starts_with(what)) => {
            (Cause::E07, High)
        }
        (HarnessErrorKind::Login, None) if LOGINS.iter().any(|t| text.contains(t)) => (Cause::E04, Certain),
        _ => return None,
    };
    Some(found(cause, confidence).seen([quote("imap.log", 0, &error.to_string())]).next([error.next.clone()]))
}

fn unseen(facts: &Facts<'_>, attempt: &Attempt) -> Option<Diagnosis> {
    if !facts.bounces.is_empty() || !facts.refusals().is_empty() || !attempt.silent {
        return None;
    }
    if let Some(address) = &attempt.to_itself {
        let text = format!("{address} sent the mail and is to receive it");
        return Some(found(Cause::E01, Certain).seen([quote("sent.eml", 0, &text)]));
    }
    let searched = facts.mailboxes.is_some_and(|m| !m.searched.is_empty());
    let again = searched.then(|| "E03: a new session does not find it either".to_owned());
    let excluded = ["E01: another account sent it".to_owned()].into_iter().chain(again);
    let others = facts.mailboxes.map_or(&[][..], |m| &m.others);
    let told = others.iter().map(|o| quote("imap.log", 0, &missing_delivery::others(o)));
    let (way_works, nothing_comes) =
        (others.iter().any(|o| o.meanwhile > 0), others.iter().any(|o| o.sent > 0 && o.came == 0));
    let excluded =
        excluded.chain(way_works.then(|| "the forwarding and the mailbox as a whole: others came".to_owned()));
    let next = if way_works {
        "grep the Message-ID in the forwarder's log and in its queue: this one mail is lost or slow"
    } else if nothing_comes {
        "see that the forwarding is on and leads to the receiver, with `sealcheck doctor --send`: nothing comes at all"
    } else {
        "grep the Message-ID in the forwarder's log; run again with a longer --timeout"
    };
    let (taken, see_bounces) = match &attempt.unseen_bounces {
        None => ("the first server took the mail, and no copy and no bounce came".to_owned(), None),
        Some(UnseenBounces { why, next }) => {
            let text = format!("the first server took the mail, and no copy came; a bounce could not be seen: {why}");
            (text, next.clone())
        }
    };
    let seen = [quote("smtp.log", 0, &taken)].into_iter().chain(told);
    Some(found(Cause::E00, Certain).seen(seen).excluding(excluded).next([next.to_owned()]).next(see_bounces))
}

/// In the spam folder, although the receiver found nothing wrong with it: it judged what the mail says, or who sent it.
fn in_spam(mail: &MailFacts<'_>) -> Vec<Diagnosis> {
    let (Some(Folder::Spam), Some(trusted)) = (mail.misplaced, mail.trusted) else { return Vec::new() };
    if trusted.results.iter().any(|r| (r.method == "dmarc" || r.method == "arc") && r.result != "pass") {
        return Vec::new();
    }
    let place = match mail.folder_name {
        "" => "found in the folder with \\Junk".to_owned(),
        name => format!("found in the folder with \\Junk, `{name}`"),
    };
    let says = junk_field(mail.message, mail.hops).and_then(|field| mail.quote_line(field.line));
    let place = says.unwrap_or_else(|| quote(&mail.artifact, 0, &place));
    let found = |cause| found(cause, High).seen([place.clone()]).seen(mail.quote_trusted());
    // Who looks for the folder by an English name does not find it.
    let is_localised = !mail.folder_name.is_ascii() || mail.folder_name.contains('&');
    let localised = is_localised.then(|| found(Cause::E02));
    localised.into_iter().chain([found(Cause::E09)]).collect()
}

/// In the inbox, and shown elsewhere in it than where it was wanted.
fn tab(attempt: &Attempt, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let (wanted, shown) = attempt.tab.as_ref()?;
    let text = format!("its category at the receiver: {shown}; wanted: {wanted}");
    Some(found(Cause::E08, Certain).seen([quote(&mail.artifact, 0, &text)]))
}

/// It came, after the time that was allowed; the slowest hop says where it waited. When no hop does, a session that the
/// server ended can be the reason that it was seen late.
fn late(facts: &Facts<'_>, attempt: &Attempt, mail: &MailFacts<'_>) -> Option<Diagnosis> {
    let after = attempt.late?;
    let delays = mail.hops.iter().filter_map(|h| Some((h, u64::try_from(h.delay?).ok()?)));
    let slowest = delays.filter(|(_, delay)| *delay > 0).max_by_key(|(_, delay)| *delay);
    let at = slowest.and_then(|(h, _)| mail.quote_line(h.line));
    // Trace fields tell whole seconds: the true delay can be one less.
    let on_the_way = slowest.is_some_and(|(_, delay)| delay > 1 && (delay - 1) * 2 >= after.as_secs());
    let text = quote(&mail.artifact, 0, "it came after the time that `within` allows");
    match facts.mailboxes.and_then(|m| m.bye_lines.first()) {
        Some(goodbye) if !on_the_way => Some(found(Cause::E07, High).seen([text, quote("imap.log", 0, goodbye)])),
        _ => Some(found(Cause::E06, High).seen([text]).seen(at)),
    }
}
