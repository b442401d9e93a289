//! What a bounce says of a recipient.

use super::TextStyle;
use crate::{
    catalogue::Lang,
    core::visible::plain,
    judge::refusal::{Outlook, Refusal},
    report::console::Tone,
};

/// The recipient and the outlook, the reply, what it means, and what to do.
pub(super) fn lines(style: TextStyle, refusal: &Refusal) -> Vec<String> {
    let ja = style.lang == Lang::Ja;
    let (outlook, tone) = match (refusal.outlook, ja) {
        (Outlook::Final, false) => ("final, nobody tries again", Tone::Bad),
        (Outlook::Final, true) => ("最終、再送されない", Tone::Bad),
        (Outlook::Transient, false) => ("for now, the server tries again", Tone::Doubtful),
        (Outlook::Transient, true) => ("一時的、サーバーが再送する", Tone::Doubtful),
        (Outlook::Unknown, false) => ("whether it is tried again is not said", Tone::Doubtful),
        (Outlook::Unknown, true) => ("再送されるかは不明", Tone::Doubtful),
    };
    let [said, means, next] = if ja { ["応答", "意味", "対処"] } else { ["said: ", "means:", "do:   "] };
    let text = |o: &Option<String>| o.as_ref().map(|t| plain(t));
    let by = text(&refusal.by).map(|by| format!(" refused by {by}:")).unwrap_or_default();
    let who = text(&refusal.recipient).unwrap_or_else(|| "somebody".into());
    let reply = [refusal.code.map(|c| c.to_string()), text(&refusal.status), text(&refusal.text)];
    let reply: Vec<String> = reply.into_iter().flatten().collect();
    let reply = if reply.is_empty() { "nothing".to_owned() } else { reply.join(" ") };
    let code = refusal.diagnosis.map(|code| format!("{code} ")).unwrap_or_default();
    let mut out = vec![format!("{who}:{by} {}", style.palette.paint(tone, outlook)), format!("  {said} {reply}")];
    out.extend(refusal.means.map(|meaning| format!("  {means} {code}{meaning}")));
    out.push(format!("  {next} {}", refusal.next));
    out
}
