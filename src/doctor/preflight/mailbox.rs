//! Can a mailbox be read, and where does spam go?

use super::{
    PATIENCE, Preflight,
    connectivity::{self, Step},
};
use crate::{
    catalogue::Cause,
    doctor::Report,
    probe::mailbox::{self, FoundBy, Limits, ServerInfo},
    target::{Account, ImapAccess, Provider},
};

/// A mailbox that is so full, in percent, will soon take no mail.
const FULL: u64 = 90;

impl Preflight<'_> {
    /// The mailbox of an account.
    pub(super) async fn mailbox(&self, account: &Account, access: &ImapAccess, report: &mut Report) {
        let server = format!("{}.imap", account.name);
        if self.is_locked(&account.name, "imap") {
            return report.skip(&format!("{server}.login"), "not looked at, because its secret is missing");
        }
        let limits = Limits { connect: PATIENCE / 2, silence: PATIENCE / 2, answer: PATIENCE, ..Limits::default() };
        let visit = match mailbox::server_info(access, limits, self.tokens).await {
            Ok(visit) => visit,
            Err(error) => return connectivity::failed(report, &server, &error, Step::Login),
        };
        let endpoint = &access.endpoint;
        report.ok(&format!("{server}.connect"), format!("{}:{} answers", endpoint.host, endpoint.port));
        connectivity::tls(report, &server, endpoint, visit.certificate.as_ref(), self.now);
        if let Some(login) = &endpoint.login {
            report.ok(&format!("{server}.login"), format!("{} may log in", login.user));
        }
        abilities(report, &server, access.provider, &visit);
        folders(report, &server, &visit);
        storage(report, &server, visit.storage);
    }
}

fn abilities(report: &mut Report, server: &str, provider: Provider, visit: &ServerInfo) {
    let check = format!("{server}.capability");
    let can = |name: &str| visit.capabilities.iter().any(|c| c == name);
    if provider == Provider::Gmail && !can("X-GM-EXT-1") {
        let text = "the server has no X-GM-EXT-1, so it is not Gmail and tells no labels";
        report.fail(&check, None, text, "write `provider: generic`");
    } else if !can("IDLE") {
        let text = "the server has no IDLE, so arrivals are seen later";
        report.warn(&check, None, text, "shorten `wait: { poll: … }` where that matters");
    } else {
        let gmail = if can("X-GM-EXT-1") { " and X-GM-EXT-1" } else { "" };
        report.ok(&check, format!("the server has IDLE{gmail}"));
    }
}

fn folders(report: &mut Report, server: &str, visit: &ServerInfo) {
    let check = format!("{server}.folders.spam");
    match &visit.spam {
        Ok((name, by)) => {
            let by = match by {
                FoundBy::Settings => "as the project file says",
                FoundBy::Attribute => "by the attribute \\Junk",
                FoundBy::Usual => "by its usual name",
            };
            report.ok(&check, format!("`{name}`, {by}"));
        }
        Err(absent) => report.fail(&check, absent.kind.cause(), absent.message.clone(), absent.next.clone()),
    }
}

fn storage(report: &mut Report, server: &str, storage: Option<(u64, u64)>) {
    let check = format!("{server}.quota");
    match storage {
        Some((used, all)) if all > 0 => {
            let text = format!("{} of {} MiB are used", used / 1024, all / 1024);
            if used.saturating_mul(100) / all >= FULL {
                let next = "delete mails; `cleanup: delete` keeps scenarios from adding more";
                report.warn(&check, Cause::H06, text, next);
            } else {
                report.ok(&check, text);
            }
        }
        _ => report.skip(&check, "the server does not tell"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn a_full_mailbox_and_a_server_that_is_not_gmail() {
        let mut report = Report::default();
        for (storage_of, status) in [
            (Some((900, 1000)), Status::Warn),
            (Some((899, 1000)), Status::Ok),
            (Some((1, 0)), Status::Skip),
            (None, Status::Skip),
        ] {
            storage(&mut report, "gmail.imap", storage_of);
            assert_eq!(report.checks.pop().map(|c| c.status), Some(status), "{storage_of:?}");
        }
        let visit = |capabilities: &[&str]| ServerInfo {
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
            certificate: None,
            spam: Ok(("Junk".to_owned(), FoundBy::Usual)),
            storage: None,
        };
        for (capabilities, provider, status) in [
            (&["IDLE", "X-GM-EXT-1"][..], Provider::Gmail, Status::Ok),
            (&["IDLE"], Provider::Gmail, Status::Fail),
            (&["IDLE"], Provider::Generic, Status::Ok),
            (&[], Provider::Generic, Status::Warn),
        ] {
            abilities(&mut report, "gmail.imap", provider, &visit(capabilities));
            assert_eq!(report.checks.pop().map(|c| c.status), Some(status), "{capabilities:?}");
        }
    }
}
