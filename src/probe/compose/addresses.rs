//! Account names become addresses.

use super::{ComposeContext, ComposeError};
use crate::{
    core::{Spanned, ascii_address, check_ascii},
    scenario::{Template, model::SendSpec},
    target::{Account, Target},
};

/// The account that sends.
pub(super) fn sender<'a>(name: &Spanned<String>, target: &'a Target) -> Result<&'a Account, ComposeError> {
    target.accounts.get(&name.value).ok_or_else(|| unknown(name, target))
}

/// Where it is sent: the addresses of accounts, and addresses with their variables filled in.
pub(super) fn recipients(to: &[Spanned<String>], cx: &ComposeContext<'_>) -> Result<Vec<String>, ComposeError> {
    to.iter()
        .map(|name| {
            if let Some(account) = cx.target.accounts.get(&name.value) {
                return Ok(account.address.clone());
            }
            if !name.value.contains('@') {
                return Err(unknown(name, cx.target));
            }
            let address = cx.fill(&Template::new(name.value.as_str(), name.at.clone()))?;
            check(&address).map_err(|m| ComposeError::new(&name.at, m))?;
            Ok(ascii_address(&address).into_owned())
        })
        .collect()
}

/// The reverse-path: the sender's address when the scenario names no other; empty for `<>`.
pub(super) fn reverse_path(send: &SendSpec, address: &str, cx: &ComposeContext<'_>) -> Result<String, ComposeError> {
    let Some(template) = &send.envelope_from else { return Ok(address.to_owned()) };
    let text = cx.fill(template)?;
    if !text.is_empty() {
        check(&text).map_err(|m| ComposeError::new(&template.at, m))?;
    }
    Ok(ascii_address(&text).into_owned())
}

fn check(address: &str) -> Result<(), String> {
    let is_odd = address.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'));
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !is_odd => check_ascii(address),
        _ => Err(format!("`{address}` is no mail address; write local@domain without spaces or angle brackets")),
    }
}

fn unknown(name: &Spanned<String>, target: &Target) -> ComposeError {
    let known: Vec<_> = target.accounts.keys().map(String::as_str).collect();
    let (value, known) = (&name.value, known.join(", "));
    ComposeError::new(&name.at, format!("unknown account `{value}`; target {} has {known}", target.kind))
}
