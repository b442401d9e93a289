//! Ids that a log uses for one message after the other: which of the lines with an id are about the one that is meant.

use super::ids::{Ids, ids_of};
use std::collections::BTreeMap;

/// Of lines that carry the ids of a message, which are about it: `true` for those. Between lines that name different
/// messages, an id changes hands where the one leaves the queue and the other comes in.
pub(super) fn is_own(ids: &Ids<'_>, lines: &[&str]) -> Vec<bool> {
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, line) in lines.iter().enumerate() {
        for id in ids_of(line).filter(|id| ids.is_wanted(id)) {
            by_id.entry(id).or_default().push(n);
        }
    }
    let mut own = vec![true; lines.len()];
    for (id, at) in by_id {
        // A bounce has a Message-ID of its own.
        let foreign = if ids.is_bounce(id) { Vec::new() } else { of_others(ids, lines, &at) };
        for n in foreign {
            own[n] = false;
        }
    }
    own
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
    let is = |k: usize, marks: &[&str]| marks.iter().any(|mark| lines[at[k]].contains(mark));
    let last = at.len() - 1;
    let enters = (1..last).find(|&k| is(k, &[": client=", ": uid="]));
    let leaves = (1..last).find(|&k| is(k, &[": removed"]) || lines[at[k]].ends_with(" Completed"));
    match (enters, leaves) {
        // The newest line can stand first; in both orders the change is between the two.
        (Some(enters), Some(leaves)) => enters.max(leaves),
        (Some(enters), None) if enters == 1 && last > 2 => 2,
        (Some(enters), None) => enters,
        (None, Some(1)) if last > 2 => 1,
        (None, Some(leaves)) => leaves + 1,
        // rspamd ends with the line that names the message.
        (None, None) if is(0, &["rspamd_task_write_log"]) => 1,
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
