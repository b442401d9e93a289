//! Messages in groups that one FETCH can carry. Of a report its beginning tells enough: it may return a mail of any size.

use super::{fetch::Fetched, message_key, wire::Room};
use crate::mail::Message;

/// The most that one FETCH asks for: messages, and octets of them.
const BATCH: (usize, u64) = (32, 8_000_000);

/// How much is read of a report, in octets.
const OF_REPORT: u32 = 1_000_000;

/// How much is read of any other message: more than any provider takes (Gmail: 50 MB).
const OF_MESSAGE: u32 = 100_000_000;

/// A message that is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread {
    /// UID.
    pub(super) uid: u32,
    /// RFC822.SIZE, in octets; 0 when the server did not say.
    pub(super) size: u32,
    /// Whether it may report on another message, and is no probe: those are read whole.
    pub(super) is_report: bool,
}

/// Messages that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    /// Their UIDs.
    pub(super) uids: Vec<u32>,
    octets: u64,
    /// How much is read, and the size of the one message that has more.
    part: Option<(u32, u32)>,
}

/// A set of messages (RFC 3501 §9, sequence-set).
pub(super) fn sequence_set(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

impl Unread {
    /// A message whose header came.
    pub(super) fn of(message: &Fetched, header: &Message) -> Self {
        let is_report = message_key::is_report(header) && !message_key::is_probe(header);
        Self { uid: message.uid, size: message.size, is_report }
    }

    fn most(self) -> u32 {
        if self.is_report { OF_REPORT } else { OF_MESSAGE }
    }
}

impl Batch {
    /// These messages in as few batches as can be. Those that are not read whole come last, each alone.
    pub(super) fn of(unread: &[Unread]) -> Vec<Self> {
        let (whole, parts): (Vec<Unread>, Vec<Unread>) = unread.iter().partition(|one| one.size <= one.most());
        let mut all: Vec<Self> = Vec::new();
        for one in whole {
            let octets = u64::from(if one.size == 0 { one.most() } else { one.size });
            match all.last_mut() {
                Some(batch) if batch.uids.len() < BATCH.0 && batch.octets + octets <= BATCH.1 => {
                    batch.uids.push(one.uid);
                    batch.octets += octets;
                }
                _ => all.push(Self { uids: vec![one.uid], octets, part: None }),
            }
        }
        all.extend(parts.into_iter().map(|one| Self {
            uids: vec![one.uid],
            octets: u64::from(one.most()),
            part: Some((one.most(), one.size)),
        }));
        all
    }

    /// The FETCH that reads them, with more items.
    pub(super) fn command(&self, items: &str) -> String {
        let part = self.part.map(|(octets, _)| format!("<0.{octets}>")).unwrap_or_default();
        format!("UID FETCH {} (UID INTERNALDATE {items}BODY.PEEK[]{part})", sequence_set(&self.uids))
    }

    /// What they may bring: sizes are not always exact.
    pub(super) fn room(&self) -> Room {
        Room::for_content(usize::try_from(self.octets).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(64_000))
    }

    /// The size of the whole message when what came of it, so many octets, is its beginning. A message that ends before the
    /// part that was asked for came whole, whatever size the server has told.
    pub(super) fn cut_from(&self, came: usize) -> Option<u32> {
        let came = u32::try_from(came).unwrap_or(u32::MAX);
        self.part.filter(|(octets, size)| (*octets..*size).contains(&came)).map(|(_, size)| size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(uid: u32, size: u32) -> Unread {
        Unread { uid, size, is_report: false }
    }

    #[test]
    fn batches_are_bounded_in_number_and_octets() {
        let uids = |unread: &[Unread]| Batch::of(unread).into_iter().map(|batch| batch.uids).collect::<Vec<_>>();
        assert!(Batch::of(&[]).is_empty());
        let small: Vec<_> = (1..=70).map(|uid| unread(uid, 1000)).collect();
        assert_eq!(uids(&small).iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 6]);
        let large = [unread(1, 7_000_000), unread(2, 7_000_000), unread(3, 60_000_000), unread(4, 1), unread(5, 0)];
        assert_eq!(uids(&large), [vec![1], vec![2], vec![3], vec![4], vec![5]]);
    }

    #[test]
    fn of_large_reports_the_beginning_is_read_and_that_last() {
        let large = Unread { uid: 4, size: 172_000_000, is_report: true };
        let all = Batch::of(&[large, unread(5, 100), Unread { uid: 6, size: 1_000_000, is_report: true }]);
        let commands: Vec<_> = all.iter().map(|batch| batch.command("X ")).collect();
        let want = [
            "UID FETCH 5,6 (UID INTERNALDATE X BODY.PEEK[])",
            "UID FETCH 4 (UID INTERNALDATE X BODY.PEEK[]<0.1000000>)",
        ];
        assert_eq!(commands, want);
        let cut_from = [(0, 100), (0, 1_000_000), (1, 999_999), (1, 1_000_000), (1, 172_000_000)];
        let cut_from = cut_from.map(|(batch, came): (usize, usize)| all[batch].cut_from(came));
        assert_eq!(cut_from, [None, None, None, Some(172_000_000), None]);
        assert!(all.iter().all(|batch| batch.room().content < 3_000_000));
    }
}
