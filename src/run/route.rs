//! Which server a mail is handed to, and which accounts it can reach.

use crate::{
    core::At,
    scenario::{
        Account, Target,
        model::SendSpec,
        target::{DkimSigner, Endpoint},
    },
};

/// The way a mail starts.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The first server.
    pub(super) endpoint: Endpoint,
    /// The account whose server it is.
    pub(super) server: String,
    /// The name to greet it with.
    pub(super) helo: String,
    /// What signs the mail: nobody else does where it goes straight to the recipients' server.
    pub(super) signer: Option<DkimSigner>,
    /// Every account that the mail is meant to reach or to pass through.
    pub(super) reaches: Vec<String>,
}

/// A mail cannot start: the account's place in the scenario and what is missing.
pub(super) type NoRoute = At<String>;

/// The route of a mail: straight to the recipients' server where the accounts say so, otherwise through the sender's
/// submission server.
pub(super) fn route(send: &SendSpec, target: &Target) -> Result<Route, NoRoute> {
    let Some(sender) = target.accounts.get(&send.from.value) else {
        return Err(At::new(unknown(&send.from.value, target), send.from.at.clone()));
    };
    let recipients: Vec<(&At<String>, Option<&Account>)> =
        send.to.iter().map(|to| (to, target.account_of(&to.value))).collect();
    for (to, account) in &recipients {
        if account.is_none() && !to.value.contains('@') && !to.value.contains('$') {
            return Err(At::new(unknown(&to.value, target), to.at.clone()));
        }
    }
    let direct = recipients.iter().find_map(|(to, a)| a.and_then(|a| a.mx.as_ref().map(|mx| (*to, a, mx))));
    let (endpoint, server) = match (direct, &sender.smtp) {
        (Some((to, account, mx)), _) => {
            let other = |a: &Option<&Account>| {
                a.and_then(|a| a.mx.as_ref()).is_none_or(|m| (m.host.as_str(), m.port) != (mx.host.as_str(), mx.port))
            };
            if let Some((other, _)) = recipients.iter().find(|(_, a)| other(a)) {
                let message = format!(
                    "{} has `mx: {}:{}`, {} has not; a mail to both needs the sender's own server, so leave `mx` out",
                    to.value, mx.host, mx.port, other.value
                );
                return Err(At::new(message, other.at.clone()));
            }
            (mx, account)
        }
        (None, Some(smtp)) => (smtp, sender),
        (None, None) => {
            let message = format!("account {} cannot send: it has no smtp, and no recipient has mx", sender.name);
            return Err(At::new(message, send.from.at.clone()));
        }
    };
    let signer = sender.dkim.clone().filter(|_| direct.is_some());
    let mut reaches: Vec<String> = Vec::new();
    for (_, account) in recipients {
        let mut next = account;
        while let Some(account) = next.filter(|a| !reaches.contains(&a.name)) {
            reaches.push(account.name.clone());
            next = account.forwards_to.as_ref().and_then(|name| target.accounts.get(name));
        }
    }
    Ok(Route { endpoint: endpoint.clone(), server: server.name.clone(), helo: sender.domain(), signer, reaches })
}

/// What to say about an account that is not there.
pub(super) fn unknown(name: &str, target: &Target) -> String {
    let known: Vec<_> = target.accounts.keys().map(String::as_str).collect();
    format!("target {} has no account `{name}`; it has {}", target.kind, known.join(", "))
}
