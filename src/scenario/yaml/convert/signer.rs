//! A DKIM key of an account.

use crate::scenario::yaml::Errors;
use crate::{
    core::At,
    scenario::{config::DkimSpec, yaml::twin::config::DkimTwin},
};

impl Errors<'_> {
    /// A key that signs for an address.
    pub(super) fn dkim(&mut self, account: &At<String>, address: &str, twin: DkimTwin) -> Option<DkimSpec> {
        let DkimTwin { domain, selector, private_key } = twin;
        let own = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase();
        let at = domain.as_ref().map_or(selector.at, |d| d.at);
        let signs = domain.map_or_else(|| own.clone(), |d| d.value.to_ascii_lowercase());
        if !is_name(&selector.value) {
            let message = format!("`{}` is no selector", selector.value.escape_debug());
            self.wrong(selector.at, message, "write letters, digits and `-`, for example smoke2026");
        }
        let below = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|rest| rest.ends_with('.'));
        if !is_name(&signs) {
            let message = format!("`{}` is no domain", signs.escape_debug());
            self.wrong(at, message, "leave it out: the address's own domain signs");
        } else if signs != own && !below(&signs, &own) && !below(&own, &signs) {
            let message = format!("DMARC counts no signature of `{signs}` for mail from {own} (RFC 7489 §3.1.1)");
            self.wrong(at, message, "leave it out: the address's own domain signs");
        }
        let key = self.secret(format!("accounts.{}.dkim.private_key", account.value), private_key)?;
        Some(DkimSpec { domain: signs, selector: selector.value, key })
    }
}

/// Whether a text is a name in DNS, or a part of one.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}
