//! Can the sender send?

use super::{
    PATIENCE, Preflight,
    connectivity::{self, Step},
};
use crate::{
    catalogue::Cause,
    doctor::Report,
    probe::submit::{self, ServerInfo},
    target::{Account, Endpoint},
};

impl Preflight<'_> {
    /// Where an account submits mail; the greeting.
    pub(super) async fn submission(
        &self,
        account: &Account,
        endpoint: &Endpoint,
        report: &mut Report,
    ) -> Option<String> {
        let server = format!("{}.smtp", account.name);
        let visit = submit::server_info(endpoint, &account.domain(), PATIENCE, self.tokens).await;
        let visit = match visit {
            Ok(visit) => visit,
            Err(error) => {
                connectivity::failed(report, &server, &error, Step::Login);
                return None;
            }
        };
        report.ok(&format!("{server}.connect"), format!("{}:{} answers", endpoint.host, endpoint.port));
        connectivity::tls(report, &server, endpoint, visit.certificate.as_ref(), self.now);
        hello(report, &server, &visit, Cause::H07);
        let check = format!("{server}.login");
        match &endpoint.login {
            Some(_) if visit.extensions.is_none() => report.skip(&check, "not looked at: the server refused before"),
            Some(login) => report.ok(&check, format!("{} may log in", login.user)),
            None if self.is_locked(&account.name, "smtp") => {
                report.skip(&check, "not looked at, because its secret is missing");
            }
            None => report.skip(&check, "the project file has no login for it"),
        }
        Some(visit.greeting)
    }
}

/// What a server offers, or that it refuses, which has this code.
pub(super) fn hello(report: &mut Report, server: &str, visit: &ServerInfo, refused: Cause) {
    let check = format!("{server}.hello");
    match (&visit.extensions, &visit.refusal) {
        (Some(offers), _) => {
            report.ok(&check, format!("`{}` offers {}", visit.greeting.trim(), offers.join(", ")));
        }
        (None, refusal) => {
            let text = format!("the server answered {}", refusal.as_deref().unwrap_or("nothing"));
            report.fail(&check, refused, text, "see the server's log for why it does not want us");
        }
    }
}
