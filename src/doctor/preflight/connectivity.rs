//! What an error on the way to a server means, and what its certificate says.

use crate::{
    catalogue::Cause,
    core::UnixTime,
    doctor::Report,
    outcome::{HarnessError, HarnessErrorKind},
    probe::Certificate,
    target::{Endpoint, TlsMode},
};

/// Days that a certificate should have left at least.
const DAYS: i64 = 14;
const DAY: i64 = 86_400;

/// A step to a server, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Dns,
    Connect,
    Tls,
    Hello,
    Login,
}

impl Step {
    const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::Hello, Self::Login];

    /// Its word in the name of a check.
    fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Hello => "hello",
            Self::Login => "login",
        }
    }
}

/// A step failed, so the later ones were not looked at. `last` is the last step that was wanted.
pub(super) fn failed(report: &mut Report, server: &str, error: &HarnessError, last: Step) {
    let step = match error.kind {
        HarnessErrorKind::Login | HarnessErrorKind::Grant => Step::Login,
        HarnessErrorKind::Dns => Step::Dns,
        HarnessErrorKind::Connection => Step::Connect,
        HarnessErrorKind::Tls => Step::Tls,
        _ => Step::Hello,
    };
    let word = step.word();
    let text = format!("{}: {}", error.stage, error.message);
    report.fail(&format!("{server}.{word}"), error.kind.cause(), text, error.next.clone());
    for later in Step::ALL.into_iter().filter(|later| step < *later && *later <= last) {
        let check = format!("{server}.{}", later.word());
        report.skip(&check, format!("not looked at, because {server}.{word} failed"));
    }
}

/// What the certificate of a server says, when it is trusted.
pub(super) fn tls(
    report: &mut Report,
    server: &str,
    endpoint: &Endpoint,
    certificate: Option<&Certificate>,
    now: UnixTime,
) {
    let check = format!("{server}.tls");
    if endpoint.tls == TlsMode::None {
        return report.skip(&check, "the project file says `tls: none`");
    }
    let name = endpoint.certificate_name();
    let Some(certificate) = certificate else {
        return report.skip(&check, format!("the certificate for {name} is trusted, and cannot be read"));
    };
    let days = (certificate.not_after - now).div_euclid(DAY);
    let text = format!("the certificate for {name} is trusted and has {days} days left");
    if days < DAYS {
        report.warn(&check, Cause::H05, text, "renew it, or see why that does not happen by itself");
    } else {
        report.ok(&check, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn a_certificate_is_told_before_it_ends() {
        let endpoint = Endpoint {
            host: "mx.corp.example".into(),
            port: 25,
            tls: TlsMode::Starttls,
            tls_name: None,
            ca_pem: None,
            login: None,
        };
        let looked = |days: i64| {
            let certificate =
                Certificate { names: Vec::new(), issuer: String::new(), not_before: 0, not_after: days * DAY + 1 };
            let mut report = Report::default();
            tls(&mut report, "company.mx", &endpoint, Some(&certificate), 0);
            report.checks.remove(0)
        };
        assert_eq!(looked(14).status, Status::Ok);
        let soon = looked(13);
        assert_eq!((soon.status, soon.code), (Status::Warn, Some(Cause::H05)));
        assert!(soon.text.ends_with("has 13 days left"), "{}", soon.text);
    }

    #[test]
    fn what_comes_after_a_failure_says_why_it_is_missing() {
        let mut report = Report::default();
        let error = HarnessError::new(HarnessErrorKind::Tls, "tls a:1", "the certificate has expired", "renew it");
        failed(&mut report, "gmail.imap", &error, Step::Login);
        let lines: Vec<_> = report.checks.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "FAIL H05  gmail.imap.tls: tls a:1: the certificate has expired; renew it",
                "skip      gmail.imap.hello: not looked at, because gmail.imap.tls failed",
                "skip      gmail.imap.login: not looked at, because gmail.imap.tls failed",
            ]
        );
    }
}
