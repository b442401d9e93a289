//! Which server a mail is handed to, and which accounts it can reach.

use crate::{
    core::Spanned,
    evidence::FirstServer,
    scenario::model::SendSpec,
    target::{Account, DkimSigner, Endpoint, Target},
};

/// The way a mail starts.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The first server.
    pub(super) endpoint: Endpoint,
    /// The account whose server it is.
    pub(super) server: String,
    /// Whether that is the sender's own or one that is tested.
    pub(super) first: FirstServer,
    /// Whether it is the recipients' own, without a server between.
    pub(super) is_straight: bool,
    /// The name to greet it with.
    pub(super) helo: String,
    /// What signs the mail: nobody else does where it goes straight to the recipients' server.
    pub(super) signer: Option<DkimSigner>,
    /// Every account that the mail is meant to reach or to pass through.
    pub(super) reaches: Vec<String>,
}

/// A mail cannot start: the account's place in the scenario and what is missing.
pub(super) type NoRoute = Spanned<String>;

/// The route of a mail: straight to the recipients' server where the accounts say so, otherwise through the sender's
/// submission server.
pub(super) fn route(send: &SendSpec, target: &Target) -> Result<Route, NoRoute> {
    let Some(sender) = target.accounts.get(&send.from.value) else {
        return Err(Spanned::new(unknown(&send.from.value, target), send.from.at.clone()));
    };
    let recipients: Vec<(&Spanned<String>, Option<&Account>)> =
        send.to.iter().map(|to| (to, target.account_of(&to.value))).collect();
    for (to, account) in &recipients {
        if account.is_none() && !to.value.contains('@') && !to.value.contains('$') {
            return Err(Spanned::new(unknown(&to.value, target), to.at.clone()));
        }
    }
    let direct = recipients.iter().find_map(|(to, a)| a.and_then(|a| a.mx.as_ref().map(|mx| (*to, a, mx))));
    let (endpoint, server) = match (direct, &sender.smtp) {
        (Some((to, account, mx)), _) => {
            let other = recipients.iter().find(|(_, a)| {
                a.and_then(|a| a.mx.as_ref()).is_none_or(|m| (m.host.as_str(), m.port) != (mx.host.as_str(), mx.port))
            });
            if let Some((other, _)) = other {
                let message = format!(
                    "{} has `mx: {}:{}`, {} has not; a mail to both needs the sender's own server, so leave `mx` out",
                    to.value, mx.host, mx.port, other.value
                );
                return Err(Spanned::new(message, other.at.clone()));
            }
            (mx, account)
        }
        (None, Some(smtp)) => (smtp, sender),
        (None, None) => {
            let message = format!("account {} cannot send: it has no smtp, and no recipient has mx", sender.name);
            return Err(Spanned::new(message, send.from.at.clone()));
        }
    };
    let signer = if direct.is_some() { sender.dkim.clone() } else { None };
    let mut reaches: Vec<String> = Vec::new();
    for (_, account) in recipients {
        let mut next = account;
        while let Some(account) = next.filter(|a| !reaches.contains(&a.name)) {
            reaches.push(account.name.clone());
            next = account.forwards_to.as_ref().and_then(|name| target.accounts.get(name));
        }
    }
    let is_straight = direct.is_some();
    let first = first_server(server, is_straight, target);
    let (endpoint, server, helo) = (endpoint.clone(), server.name.clone(), sender.domain());
    Ok(Route { endpoint, server, first, is_straight, helo, signer, reaches })
}

/// Whose the server of an account is: the company's is that of every account in a domain that forwards.
fn first_server(account: &Account, is_recipients: bool, target: &Target) -> FirstServer {
    let domain = account.domain();
    if target.accounts.values().any(|a| a.forwards_to.is_some() && a.domain() == domain) {
        FirstServer::Company
    } else if is_recipients {
        FirstServer::Receiver
    } else {
        FirstServer::Sender
    }
}

/// What to say about an account that is not there.
pub(super) fn unknown(name: &str, target: &Target) -> String {
    let known: Vec<_> = target.accounts.keys().map(String::as_str).collect();
    format!("target {} has no account `{name}`; it has {}", target.kind, known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::Span,
        target::{TargetKind, TlsMode},
    };

    fn server(host: &str) -> Endpoint {
        let (tls_name, ca_pem, login) = (None, None, None);
        Endpoint { host: host.into(), port: 25, tls: TlsMode::None, tls_name, ca_pem, login }
    }

    fn send(from: Spanned<String>, to: Spanned<String>) -> SendSpec {
        SendSpec {
            from,
            to: vec![to],
            envelope_from: None,
            subject: None,
            text: None,
            html: None,
            headers: Vec::new(),
            encoding: None,
            attach: Vec::new(),
            eml: None,
        }
    }

    #[test]
    fn the_server_is_the_sender_s_own_or_one_that_is_tested() {
        let account = |name: &str, address: &str| Account::new(name, address);
        let accounts = [
            Account { smtp: Some(server("smtp.ext.example")), ..account("external", "probe@ext.example") },
            Account { smtp: Some(server("smtp.corp.example")), ..account("staff", "staff@Corp.example") },
            Account {
                mx: Some(server("candidate.corp.example")),
                forwards_to: Some("gmail".into()),
                ..account("candidate", "info@corp.example")
            },
            Account { forwards_to: Some("gmail".into()), ..account("company", "forward-me@corp.example") },
            Account { mx: Some(server("mx.other.example")), ..account("other", "a@other.example") },
            account("gmail", "probe.inbox@gmail.com"),
        ];
        let accounts = accounts.into_iter().map(|a| (a.name.clone(), a)).collect();
        let target = Target { kind: TargetKind::Gmail, accounts, dns: None, rspamd: None };
        let at = |name: &str| Spanned::new(name.to_owned(), Span::new("a.yaml", 1, 1));
        let of = |from: &str, to: &str| {
            let route = route(&send(at(from), at(to)), &target).unwrap();
            (route.server, route.first)
        };
        for (from, to, server, first) in [
            ("external", "company", "external", FirstServer::Sender),
            ("external", "gmail", "external", FirstServer::Sender),
            ("external", "candidate", "candidate", FirstServer::Company),
            ("external", "other", "other", FirstServer::Receiver),
            ("staff", "gmail", "staff", FirstServer::Company),
        ] {
            assert_eq!(of(from, to), (server.to_owned(), first), "{from} {to}");
        }
    }
}
