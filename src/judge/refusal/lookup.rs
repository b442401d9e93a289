//! Which of the known replies a reply is.

use super::{known_replies::KNOWN, known_reply::KnownReply, receiver::Receiver};
use crate::{catalogue::Cause, mail::reply::Reply};

/// What a reply is known as, and whether by its words: by them first, or else by its status code. That a server wants the mail
/// at another time is said by 4yz replies only.
pub(super) fn find(reply: &Reply, host: Option<&str>) -> Option<(&'static KnownReply, bool)> {
    let text = reply.text.to_lowercase();
    let can_be = |known: &&KnownReply| match known.cause {
        Cause::D39 => reply.is_transient(),
        // The user that a failed login (RFC 4954 §6) is about is no recipient.
        Cause::D14 | Cause::D15 | Cause::D16 => reply.code != 535,
        _ => true,
    };
    if let Some(known) = KNOWN.iter().filter(can_be).find(|known| known.has_words(&text)) {
        return Some((known, true));
    }
    let status = reply.enhanced_status.as_deref()?;
    // A list of the receiver's own comes before the registry; Google does not go by that at all.
    let lists: &[fn(&KnownReply) -> &'static [&'static str]] = match Receiver::of(reply, host) {
        Receiver::Google => &[|known| known.google],
        Receiver::Microsoft => &[|known| known.microsoft, |known| known.registry],
        Receiver::Other => &[|known| known.registry],
    };
    let by_status =
        lists.iter().find_map(|list| KNOWN.iter().filter(can_be).find(|known| known.has_status(status, *list)));
    by_status.map(|known| (known, false))
}
