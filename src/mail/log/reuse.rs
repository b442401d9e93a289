//! Ids that a log uses for one message after the other: which of the lines with an id are about the one that is meant.

use super::{
    Stamp,
    ids::{Ids, ids_of, queue_id_of},
    line::Line,
    qmail::Entry,
};
use std::{cmp::Ordering, collections::BTreeMap};

/// Of lines that carry the ids of a message, which are about it: `true` for those. Between lines that name different
/// messages, an id changes hands where the one leaves the queue and the other comes in.
pub(super) fn is_own(ids: &Ids<'_>, lines: &[&str], stamps: &[Option<Stamp>]) -> Vec<bool> {
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, line) in lines.iter().enumerate() {
        for id in ids_of(line).filter(|id| ids.is_wanted(id)) {
            by_id.entry(id).or_default().push(n);
        }
    }
    let mut own = vec![true; lines.len()];
    for (id, at) in by_id {
        // A bounce has a Message-ID of its own.
        let foreign = match () {
            () if ids.is_bounce(id) => Vec::new(),
            () if runs_forward(stamps, &at) => outside(ids, lines, &at),
            () => of_others(ids, lines, &at),
        };
        for n in foreign {
            own[n] = false;
        }
    }
    own
}

/// Whether these lines are in the order in which they were written.
fn runs_forward(stamps: &[Option<Stamp>], at: &[usize]) -> bool {
    let steps: Option<Vec<Ordering>> = at.windows(2).map(|pair| stamps[pair[0]]?.compare(stamps[pair[1]]?)).collect();
    steps.is_some_and(|steps| steps.contains(&Ordering::Less) && !steps.contains(&Ordering::Greater))
}

/// What a line says of an entry of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A message gets this id.
    Enters,
    /// Its id is free again.
    Leaves,
}

/// Words that somebody else chose stand behind the text that is looked for.
pub(super) fn event(line: &str) -> Option<Event> {
    let line = Line::parse(line);
    match Entry::of(&line) {
        Some(Entry::New { .. }) => return Some(Event::Enters),
        Some(Entry::Over { .. }) => return Some(Event::Leaves),
        _ => {}
    }
    let rest = line.text.split_once(queue_id_of(&line)?)?.1.trim_start_matches([':', ' ']);
    match rest {
        "removed" | "Completed" => Some(Event::Leaves),
        _ if ["client=", "uid="].iter().any(|mark| rest.starts_with(mark)) => Some(Event::Enters),
        _ => None,
    }
}

/// The lines with one id, in the order in which they were written, that are about other messages: a message has those from where
/// it gets the id to where it leaves the queue.
fn outside(ids: &Ids<'_>, lines: &[&str], at: &[usize]) -> Vec<usize> {
    let names: Vec<Option<bool>> = at.iter().map(|&n| ids.names(lines[n])).collect();
    let events: Vec<Option<Event>> = at.iter().map(|&n| event(lines[n])).collect();
    if !names.contains(&Some(true)) {
        return if names.contains(&Some(false)) { at.to_vec() } else { Vec::new() };
    }
    let mut own = vec![false; at.len()];
    for anchor in (0..at.len()).filter(|&k| names[k] == Some(true)) {
        let enters = (0..=anchor).rev().find(|&k| events[k] == Some(Event::Enters));
        let freed = (0..anchor).rev().find(|&k| events[k] == Some(Event::Leaves) || names[k] == Some(false));
        let leaves = (anchor..at.len()).find(|&k| events[k] == Some(Event::Leaves));
        let taken = (anchor + 1..at.len()).find(|&k| events[k] == Some(Event::Enters) || names[k] == Some(false));
        let from = enters.max(freed.map(|k| k + 1)).unwrap_or(0);
        let end = leaves.map_or(at.len(), |k| k + 1).min(taken.unwrap_or(at.len()));
        own[from..end].fill(true);
    }
    at.iter().zip(own).filter(|(_, own)| !own).map(|(&n, _)| n).collect()
}

/// The lines with one id, as places in the log, that are about other messages.
fn of_others(ids: &Ids<'_>, lines: &[&str], at: &[usize]) -> Vec<usize> {
    let anchors: Vec<(usize, bool)> =
        at.iter().enumerate().filter_map(|(k, &n)| Some((k, ids.names(lines[n])?))).collect();
    if anchors.iter().all(|(_, is_own)| *is_own) {
        return Vec::new();
    }
    // From one anchor to the next the id changes hands once.
    let mut starts = vec![0];
    for pair in anchors.windows(2) {
        let ((from, before), (to, after)) = (pair[0], pair[1]);
        starts.push(if before == after { to } else { change(lines, &at[from..=to]) + from });
    }
    starts.push(at.len());
    let spans = anchors.iter().enumerate().filter(|(_, (_, is_own))| !is_own);
    spans.flat_map(|(k, _)| at[starts[k]..starts[k + 1]].iter().copied()).collect()
}

/// Where in these lines, the first and the last of which name different messages, those of the second begin.
fn change(lines: &[&str], at: &[usize]) -> usize {
    let last = at.len() - 1;
    let first = |event_: Event| (1..last).find(|&k| event(lines[at[k]]) == Some(event_));
    let (enters, leaves) = (first(Event::Enters), first(Event::Leaves));
    match (enters, leaves) {
        // The newest line can stand first; in both orders the change is between the two.
        (Some(enters), Some(leaves)) => enters.max(leaves),
        (Some(enters), None) if enters == 1 && last > 2 => 2,
        (Some(enters), None) => enters,
        (None, Some(1)) if last > 2 => 1,
        (None, Some(leaves)) => leaves + 1,
        // rspamd ends with the line that names the message.
        (None, None) if lines[at[0]].contains("rspamd_task_write_log") => 1,
        (None, None) => last,
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::log::about;

    const OTHER: &str = "mx postfix/smtpd[1]: 343B999675B: client=b\n\
                         mx postfix/cleanup[1]: 343B999675B: message-id=<2@sender.example>\n\
                         mx postfix/smtp[1]: 343B999675B: to=<x@b.example>, status=bounced (other)\n\
                         mx postfix/qmgr[1]: 343B999675B: removed";
    const MINE: &str = "mx postfix/smtpd[1]: 343B999675B: client=a\n\
                        mx postfix/cleanup[1]: 343B999675B: message-id=<1@sender.example>\n\
                        mx postfix/smtp[1]: 343B999675B: to=<x@a.example>, status=sent (mine)\n\
                        mx postfix/qmgr[1]: 343B999675B: removed";

    fn mine(log: &str) -> Vec<&str> {
        let lines: Vec<&str> = log.lines().collect();
        about(&lines, "<1@sender.example>").into_iter().map(|n| lines[n]).collect()
    }

    #[test]
    fn an_id_that_is_used_again_is_that_of_another_message() {
        let wanted: Vec<&str> = MINE.lines().collect();
        for log in [
            format!("{OTHER}\n{MINE}\n{OTHER}"),
            format!("{OTHER}\n{MINE}"),
            format!("{MINE}\n{OTHER}"),
            MINE.to_owned(),
            // What left the queue was not kept.
            format!("{}\n{MINE}", OTHER.replace("\nmx postfix/qmgr[1]: 343B999675B: removed", "")),
        ] {
            assert_eq!(mine(&log), wanted, "{log}");
        }
        let newest_first = |text: &str| text.lines().rev().collect::<Vec<_>>().join("\n");
        let wanted: Vec<&str> = MINE.lines().rev().collect();
        assert_eq!(mine(&newest_first(&format!("{OTHER}\n{MINE}\n{OTHER}"))), wanted);
    }

    #[test]
    fn what_comes_behind_the_end_of_a_message_is_not_its_own() {
        // The other message was refused before it had a Message-ID.
        let other = "mx postfix/smtpd[9]: 343B999675B: client=c\n\
                     mx postfix/smtpd[9]: 343B999675B: reject: RCPT from c: 550 5.1.1 <x, client=y: removed>: no";
        let (before, after) = (timed(other, 0), timed(other, 20));
        assert_eq!(
            mine(&format!("{before}\n{}\n{after}", timed(MINE, 10))),
            timed(MINE, 10).lines().collect::<Vec<_>>()
        );
        // The end of the first message and the beginning of the last were rotated away.
        let rest = "mx postfix/smtp[9]: 343B999675B: to=<x@b.example>, status=bounced (other)";
        let cut = format!("{}\n{}", timed(MINE, 10), timed(rest, 20));
        assert_eq!(mine(&cut).len(), 4);
    }

    /// These lines, one a second from this one on.
    fn timed(text: &str, from: usize) -> String {
        let lines = text.lines().zip(from..).map(|(line, second)| format!("Sep 21 10:00:{second:02} {line}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_task_tag_that_is_used_again_is_that_of_another_message() {
        let task = |id: &str, key: &str| {
            format!(
                "#1(normal) <8a5425>; arc; lua: cannot read key from {key}: Permission denied\n\
                 #1(normal) <8a5425>; task; rspamd_task_write_log: id: <{id}@sender.example>, qid: <undef>"
            )
        };
        let log = format!("{}\n{}\n{}", task("2", "/b"), task("1", "/a"), task("3", "/c"));
        assert_eq!(mine(&log), task("1", "/a").lines().collect::<Vec<_>>());
    }
}
