//! Whether Postfix asks rspamd, and what it does when rspamd does not answer.

use super::PostfixSettings;
use crate::{catalogue::Cause, doctor::Report};
use std::{path::Path, time::Duration};
use tokio::net::TcpStream;

/// How long a milter may take to be there.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn judge(seen: &PostfixSettings, in_use: bool, report: &mut Report) {
    let own = seen.services.get("smtp/inet/smtpd_milters").map(String::as_str);
    let milters = own.or(seen.get("smtpd_milters")).unwrap_or_default();
    let accepts = seen.get("milter_default_action") == Some("accept") || milters.contains("default_action=accept");
    if milters.is_empty() {
        let next = "postconf -e smtpd_milters=inet:127.0.0.1:11332";
        report.fail("postfix.smtpd_milters", Cause::A17, "Postfix asks no milter, so nothing is sealed", next);
    } else {
        let mut absent = Vec::new();
        for milter in sockets(milters) {
            if in_use && !answers(milter, seen.get("queue_directory").unwrap_or("/var/spool/postfix")).await {
                absent.push(milter);
            }
        }
        match (absent.is_empty(), accepts) {
            (true, _) => sealer(milters, report),
            (false, true) => {
                let text = format!("nobody answers at {}, so mail is forwarded unsealed", absent.join(", "));
                report.fail("postfix.smtpd_milters", Cause::A17, text, "start rspamd: systemctl status rspamd");
            }
            (false, false) => {
                let text = format!("nobody answers at {}, so mail is put off", absent.join(", "));
                report.fail("postfix.smtpd_milters", None, text, "start rspamd: systemctl status rspamd");
            }
        }
    }
    match seen.get("milter_default_action") {
        _ if accepts => {
            let text = "mail is forwarded unsealed while rspamd is down";
            let next = "postconf -e milter_default_action=tempfail";
            report.fail("postfix.milter_default_action", Cause::A17, text, next);
        }
        // Postfix 3.11 ends the connection by default.
        Some("tempfail" | "shutdown") | None => {
            report.ok("postfix.milter_default_action", "mail waits while rspamd is down")
        }
        Some(other) => {
            let text = format!("while rspamd is down Postfix does: {other}");
            let next = "postconf -e milter_default_action=tempfail";
            report.warn("postfix.milter_default_action", None, text, next);
        }
    }
}

/// Milters that seal nothing: the port of their packages, the word in their sockets, the name.
const OTHERS: [(&str, &str, &str); 4] = [
    ("8891", "opendkim", "OpenDKIM"),
    ("8893", "opendmarc", "OpenDMARC"),
    ("7357", "clamav", "ClamAV"),
    ("", "spamass", "SpamAssassin"),
];

/// Says whether one of the milters can be rspamd, by its port or the name in its socket: that is no proof.
fn sealer(milters: &str, report: &mut Report) {
    let check = "postfix.smtpd_milters";
    let is = |socket: &str, port: &str, name: &str| {
        socket.split([':', '@']).any(|word| word == port) || socket.to_ascii_lowercase().contains(name)
    };
    let sockets = sockets(milters);
    let seals = [("11332", "rspamd"), ("", "openarc"), ("", "arcmilter")];
    if sockets.iter().any(|socket| seals.iter().any(|(port, name)| is(socket, port, name))) {
        return report.ok(check, format!("Postfix asks {milters}"));
    }
    let next = "see what listens there, and let Postfix ask rspamd's proxy too: inet:127.0.0.1:11332 where nothing else is configured";
    let known = |s: &&str| OTHERS.iter().find(|(port, name, _)| is(s, port, name)).map(|(.., program)| *program);
    let text = match sockets.iter().map(known).collect::<Option<Vec<_>>>() {
        Some(all) => {
            format!("Postfix asks {milters}, where {} listens as a rule, and not rspamd: nobody seals", all.join(", "))
        }
        None => format!("Postfix asks {milters}, and neither its port nor its name is that of rspamd"),
    };
    report.warn(check, Cause::A00, text, next);
}

/// The milters of a list: `inet:host:port`, `unix:path`, `{ inet:host:port, option=value }`.
fn sockets(list: &str) -> Vec<&str> {
    let words = list.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}'));
    words.filter(|w| w.starts_with("inet:") || w.starts_with("unix:") || w.starts_with("local:")).collect()
}

/// Whether somebody listens at a milter's socket; of a path whether there is one, relative to the queue or not.
async fn answers(milter: &str, queue: &str) -> bool {
    if let Some(address) = milter.strip_prefix("inet:") {
        let address = address.replace('@', ":");
        return matches!(tokio::time::timeout(PATIENCE, TcpStream::connect(&address)).await, Ok(Ok(_)));
    }
    let path = milter.split_once(':').map_or(milter, |(_, path)| path);
    Path::new(path).exists() || Path::new(queue).join(path.trim_start_matches('/')).exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;
    use tokio::net::TcpListener;

    async fn judged(milters: &str, action: &str, in_use: bool) -> Report {
        let settings = [("smtpd_milters", milters), ("milter_default_action", action)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut report = Report::default();
        judge(&PostfixSettings { settings, ..PostfixSettings::default() }, in_use, &mut report).await;
        report
    }

    fn codes(report: &Report) -> Vec<&'static str> {
        report.checks.iter().filter(|c| c.status == Status::Fail).map(|c| c.code.map_or("-", Cause::as_str)).collect()
    }

    #[tokio::test]
    async fn rspamd_must_be_asked_and_must_not_be_passed_by() {
        assert!(codes(&judged("inet:127.0.0.1:11332", "tempfail", false).await).is_empty());
        assert_eq!(codes(&judged("inet:127.0.0.1:11332", "accept", false).await), ["A17"]);
        assert_eq!(codes(&judged("{ inet:127.0.0.1:11332, default_action=accept }", "tempfail", false).await), ["A17"]);
        assert_eq!(codes(&judged("", "tempfail", false).await), ["A17"]);
        let own = [("smtp/inet/smtpd_milters".to_owned(), String::new())].into();
        let settings = [("smtpd_milters".to_owned(), "inet:127.0.0.1:11332".to_owned())].into();
        let mut report = Report::default();
        judge(&PostfixSettings { settings, services: own, ..PostfixSettings::default() }, false, &mut report).await;
        assert_eq!(codes(&report), ["A17"], "master.cf turns it off");
        let shutdown = judged("inet:127.0.0.1:11332", "shutdown", false).await;
        assert_eq!(shutdown.check("postfix.milter_default_action").unwrap().status, Status::Ok);
        let other = judged("inet:127.0.0.1:11332", "reject", false).await;
        assert_eq!(other.check("postfix.milter_default_action").unwrap().status, Status::Warn);
    }

    #[tokio::test]
    async fn a_milter_that_is_not_rspamd_s_is_named() {
        for (milters, wanted) in [
            ("inet:127.0.0.1:11332", None),
            ("inet:11332@localhost", None),
            ("unix:/run/rspamd/milter.sock", None),
            ("inet:rspamd:9900", None),
            ("inet:localhost:8891, inet:localhost:11332", None),
            ("{ inet:localhost:8891, connect_timeout=10s }, local:openarc/openarc.sock", None),
            ("inet:localhost:8891", Some("OpenDKIM")),
            ("inet:8891@127.0.0.1", Some("OpenDKIM")),
            ("local:opendkim/opendkim.sock, inet:localhost:8893", Some("OpenDKIM, OpenDMARC")),
            ("unix:/var/spool/postfix/clamav/clamav-milter.ctl", Some("ClamAV")),
            ("inet:127.0.0.1:18891", Some("neither its port")),
        ] {
            let report = judged(milters, "tempfail", false).await;
            let check = report.check("postfix.smtpd_milters").unwrap();
            match wanted {
                None => assert_eq!(check.status, Status::Ok, "{check}"),
                Some(text) => {
                    assert!(check.status == Status::Warn && check.text.contains(text), "{check}");
                    assert!(check.text.contains(milters) && check.code == Some(Cause::A00), "{check}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_milter_that_is_not_there_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = format!("inet:{}", listener.local_addr().unwrap());
        assert!(codes(&judged(&there, "tempfail", true).await).is_empty());
        drop(listener);
        assert_eq!(codes(&judged(&there, "tempfail", true).await), ["-"]);
        assert_eq!(codes(&judged(&there, "accept", true).await), ["A17", "A17"]);
        assert_eq!(codes(&judged("unix:/no/such/socket", "tempfail", true).await), ["-"]);
    }
}
