//! Which SPF records do replies blame, and what do these say today?

use super::{
    builder::quote,
    server_log::{ServerLog, is_local},
};
use crate::{mail::dsn::Dsn, outcome::EvidenceRef, verify::spf::SpfResult};
use std::net::IpAddr;

/// Whom SPF was asked for (RFC 7208 §2.4): a domain, and the address that handed a mail over in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfQuestion {
    /// The domain of the envelope sender, or the name of the server (HELO) where there is none.
    pub domain: String,
    /// The address of the server that handed the mail over.
    pub address: IpAddr,
}

/// What DNS says today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfAnswer {
    /// What was asked.
    pub question: SpfQuestion,
    /// What the record says.
    pub result: SpfResult,
}

/// What to ask SPF of, by the replies of bounces and of a log.
pub fn spf_questions(dsn: Option<&Dsn>, log: &ServerLog) -> Vec<SpfQuestion> {
    let replies = dsn.into_iter().flat_map(|dsn| &dsn.recipients).filter_map(|r| Some(r.reply.as_ref()?.text.clone()));
    let replies: Vec<String> = replies.chain(log.refusals().into_iter().map(|refusal| refusal.reply.text)).collect();
    let sender = dsn.and_then(|dsn| dsn.envelope_sender.clone()).or_else(|| log.envelope_sender());
    let asked = |text: &String| {
        let domain = spf_domain(text, sender.as_deref())?;
        Some(SpfQuestion { domain, address: named_address(text)? })
    };
    let mut all: Vec<SpfQuestion> = replies.iter().filter_map(asked).collect();
    all.dedup();
    all.truncate(8);
    all
}

/// The domain that SPF did not pass for: the one that a reply names (`SPF [x]`, `MAIL FROM domain [x]`), else that of the envelope
/// sender, where SPF is what did not pass.
pub(super) fn spf_domain(text: &str, sender: Option<&str>) -> Option<String> {
    let text = text.to_lowercase();
    let named = ["spf [", "mail from domain ["].iter().find_map(|mark| text.split_once(mark)?.1.split(']').next());
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    // Of the author and of the name in HELO nobody rewrites anything.
    let words: String = text.split_ascii_whitespace().collect();
    let is_of_another = ["spf=pass", "spf:pass", "sendingdomain", "helo"].iter().any(|other| words.contains(other));
    let blames_spf = words.contains("spf") || words.contains("senderpolicyframework");
    if is_of_another || !blames_spf { None } else { Some(sender?.rsplit_once('@')?.1.to_lowercase()) }
}

/// The first address in a text.
pub(super) fn named_address(text: &str) -> Option<IpAddr> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').map(|word| word.trim_matches('.'));
    words.filter_map(|word| word.parse().ok()).find(|ip: &IpAddr| !ip.is_unspecified() && !is_local(*ip))
}

/// What SPF says of an address, as evidence beside the reply that names it.
pub(super) fn spf_quote(reply: &EvidenceRef, asked: &SpfQuestion, result: Option<&SpfResult>) -> EvidenceRef {
    let SpfQuestion { domain, address } = asked;
    let says = match result {
        None => format!("SPF of {domain} did not pass for {address}, and its record was not looked up"),
        Some(SpfResult::Pass(how)) => format!("the SPF record of {domain} lets {address} send today, by {how}"),
        Some(SpfResult::NotPass(how)) => format!("the SPF record of {domain} does not let {address} send, by {how}"),
        Some(SpfResult::NoRecord) => {
            format!("{domain} has no SPF record in the DNS that was asked, so that {address} does not pass")
        }
        Some(SpfResult::Broken(why)) => format!("the SPF record of {domain} does not count: {why}"),
        Some(SpfResult::Unknown(why)) => format!("whether {domain} lets {address} send was not found out: {why}"),
    };
    quote(&reply.artifact, 0, &says)
}
