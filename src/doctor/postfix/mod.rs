//! Postfix: does it ask rspamd, and does it leave alone what rspamd sealed?

mod header_checks;
mod milter;
mod restrictions;

use super::{
    DoctorOptions, Report,
    program_output::{ProgramError, run},
    rspamd::RspamdSettings,
};
use crate::{catalogue::Cause, core::domain::is_at_or_below};
use header_checks::Table;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The settings that are looked at.
const SETTINGS: [&str; 33] = [
    "config_directory",
    "content_filter",
    "default_transport",
    "mailbox_command",
    "mailbox_transport",
    "milter_default_action",
    "milter_header_checks",
    "myhostname",
    "non_smtpd_milters",
    "queue_directory",
    "recipient_canonical_maps",
    "relayhost",
    "sender_canonical_maps",
    "sender_dependent_relayhost_maps",
    "smtp_body_checks",
    "smtp_discard_ehlo_keywords",
    "smtp_header_checks",
    "smtp_line_length_limit",
    "smtp_mime_header_checks",
    "smtp_nested_header_checks",
    "smtp_tls_security_level",
    "smtp_use_tls",
    "smtpd_client_restrictions",
    "smtpd_data_restrictions",
    "smtpd_discard_ehlo_keywords",
    "smtpd_end_of_data_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_milters",
    "smtpd_recipient_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_tls_security_level",
    "virtual_transport",
];

/// Postfix's settings as it reads them.
#[derive(Debug, Clone, Default)]
pub(crate) struct PostfixSettings {
    /// Settings with their values, references followed.
    pub(crate) settings: BTreeMap<String, String>,
    /// Settings of services: `smtp/inet/smtpd_milters`.
    pub(crate) services: BTreeMap<String, String>,
    /// Why it does not take its configuration.
    pub(crate) refused: Option<String>,
}

/// Asks Postfix for its settings.
///
/// # Errors
/// When there is no Postfix, or it is not configured.
pub(crate) async fn look(options: &DoctorOptions) -> Result<PostfixSettings, ProgramError> {
    // Copies, so that nothing is written beside the file, whatever its name is.
    let folder = options.postfix_main_cf.as_deref().map(copied).transpose().map_err(ProgramError::Silent)?;
    let folder = folder.as_ref().map(|dir| dir.path().display().to_string());
    let ask = async |arguments: &[&str]| {
        let place = folder.as_deref().map(|dir| ["-c", dir]);
        let all: Vec<&str> = place.iter().flatten().chain(arguments).copied().collect();
        run(&options.postconf, &all).await
    };
    let said = ask(&[&["-x"][..], &SETTINGS].concat()).await?;
    if !said.succeeded {
        let why = said.stderr.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("postconf failed").trim().to_owned();
        // As the system says it of the file that is not there.
        if why.contains("No such file") {
            return Err(ProgramError::Silent(format!("Postfix is not configured: {why}")));
        }
        return Ok(PostfixSettings { refused: Some(why), ..PostfixSettings::default() });
    }
    // Without a master.cf no service has settings of its own.
    let services = ask(&["-P"]).await.map(|said| said.stdout).unwrap_or_default();
    Ok(PostfixSettings { settings: values(&said.stdout), services: values(&services), refused: None })
}

/// `name = value` by line.
fn values(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// A folder with copies of this file as `main.cf` and of the `master.cf` beside it.
fn copied(main_cf: &Path) -> Result<tempfile::TempDir, String> {
    let told = |e: std::io::Error| format!("{} cannot be looked at: {e}", main_cf.display());
    let main_cf = fs::canonicalize(main_cf).map_err(told)?;
    let dir = tempfile::tempdir().map_err(told)?;
    let master: Option<PathBuf> = main_cf.parent().map(|p| p.join("master.cf")).filter(|p| p.is_file());
    for (from, name) in [(Some(main_cf), "main.cf"), (master, "master.cf")] {
        if let Some(from) = from {
            let text = fs::read(&from).map_err(|e| format!("{} cannot be read: {e}", from.display()))?;
            fs::write(dir.path().join(name), text).map_err(|e| format!("{name} cannot be copied: {e}"))?;
        }
    }
    Ok(dir)
}

impl PostfixSettings {
    /// A setting that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// Says what its settings come to. `in_use` are those of the Postfix that runs here.
    pub(super) async fn judge(&self, rspamd: Option<&RspamdSettings>, in_use: bool, report: &mut Report) {
        if let Some(why) = &self.refused {
            return report.fail("postfix.postconf", None, why, "correct the file; until then Postfix does not start");
        }
        milter::judge(self, in_use, report).await;
        restrictions::judge(self, report);
        self.sealed_mail_is_left_alone(report);
        self.delivery(report);
        self.spam(rspamd, report);
    }

    /// What changes a message between the seal and the receiver.
    fn sealed_mail_is_left_alone(&self, report: &mut Report) {
        for name in ["smtp_header_checks", "smtp_mime_header_checks", "smtp_nested_header_checks"] {
            let check = format!("postfix.{name}");
            let Some(value) = self.get(name) else { continue };
            match Table::read_all(value) {
                Err(why) => report.unknown(&check, why, "see by hand that it drops and changes nothing that is signed"),
                Ok(tables) => header_checks::judge(&tables, &check, report),
            }
        }
        if report.check("postfix.smtp_header_checks").is_none() {
            report.ok("postfix.smtp_header_checks", "no header field is changed after the seal");
        }
        match self.get("smtp_body_checks").map(|value| (value, Table::read_all(value))) {
            Some((_, Err(why))) => {
                report.unknown("postfix.smtp_body_checks", why, "see by hand that it changes nothing");
            }
            Some((value, Ok(tables))) if tables.iter().any(|t| t.rules.iter().any(|r| r.changes)) => {
                let text = format!("the body is changed after the seal ({value})");
                let next = "take it out, or use `body_checks`, which come before the seal";
                report.fail("postfix.smtp_body_checks", Cause::B04, text, next);
            }
            _ => {}
        }
        match self.get("smtp_line_length_limit") {
            Some("0") => report.ok("postfix.smtp_line_length_limit", "long lines are left as they are"),
            limit => {
                let text = format!("lines over {} bytes are folded after the seal", limit.unwrap_or("998"));
                let next = "nothing, unless programs of yours send such lines: let them use quoted-printable or base64";
                report.warn("postfix.smtp_line_length_limit", Cause::B17, text, next);
            }
        }
        for name in ["smtp_discard_ehlo_keywords", "smtpd_discard_ehlo_keywords"] {
            if self.get(name).is_some_and(|v| v.to_ascii_lowercase().contains("8bitmime")) {
                let text = format!("8BITMIME is not offered everywhere (`{name}`), so text can be re-encoded");
                report.warn(&format!("postfix.{name}"), Cause::B05, text, "take 8bitmime out of it");
            }
        }
        if let Some(filter) = self.get("content_filter") {
            let text = format!("mail passes Postfix twice (content_filter = {filter})");
            let next = "let rspamd seal on the last pass only: `-o smtpd_milters=` at the other in master.cf";
            report.warn("postfix.content_filter", Cause::C02, text, next);
        }
    }

    /// How mail goes to the receiver.
    fn delivery(&self, report: &mut Report) {
        self.relay(report);
        let maps = self.get("sender_canonical_maps").unwrap_or_default();
        if maps.contains("tcp:") || maps.contains("socketmap:") || maps.to_ascii_lowercase().contains("srs") {
            report.ok("postfix.srs", format!("envelope senders are rewritten by {maps}"));
        } else {
            let text =
                "envelope senders are not rewritten (SRS): SPF fails at the receiver, and mail without DKIM is refused";
            report.warn("postfix.srs", Cause::D01, text, "install postsrsd and set `sender_canonical_maps`");
        }
        match self.get("smtp_tls_security_level") {
            Some("none") | None if self.get("smtp_use_tls") != Some("yes") => {
                let next = "postconf -e smtp_tls_security_level=may";
                report.warn("postfix.smtp_tls_security_level", Cause::D09, "mail is sent in clear", next);
            }
            level => report.ok("postfix.smtp_tls_security_level", format!("TLS is used: {}", level.unwrap_or("may"))),
        }
        let sieve = ["mailbox_command", "mailbox_transport", "virtual_transport"];
        let local =
            sieve.iter().filter_map(|name| self.get(name)).find(|v| v.contains("lmtp") || v.contains("dovecot"));
        match (local, self.get("non_smtpd_milters")) {
            (Some(transport), None) => {
                let text = format!("mail that {transport} forwards (Sieve) is handed in again and is not sealed");
                let next =
                    "postconf -e 'non_smtpd_milters=$smtpd_milters', and `sign_local = true;` in local.d/arc.conf";
                report.warn("postfix.non_smtpd_milters", Cause::A15, text, next);
            }
            (_, Some(milters)) => {
                report.ok("postfix.non_smtpd_milters", format!("mail from local programs passes {milters}"));
            }
            (None, None) => report.ok("postfix.non_smtpd_milters", "no local program forwards mail"),
        }
    }

    /// Whether forwards leave through a relay: one of somebody else takes its customers' senders alone, as a rule.
    fn relay(&self, report: &mut Report) {
        let transport = self.get("default_transport").filter(|to| to.contains(':') && !to.starts_with("error:"));
        let relays = [
            ("relayhost", self.get("relayhost")),
            ("default_transport", transport),
            ("sender_dependent_relayhost_maps", self.get("sender_dependent_relayhost_maps")),
        ];
        let own = self.get("myhostname").and_then(|host| Some(host.split_once('.')?.1)).unwrap_or_default();
        let mut named = relays.into_iter().filter_map(|(name, relay)| Some((name, relay?)));
        match named.find(|(_, relay)| !own.contains('.') || !is_at_or_below(host_of(relay), own)) {
            None => report.ok("postfix.relayhost", "mail leaves from this server or through one of its domain"),
            Some((name, relay)) => {
                let text = format!(
                    "mail leaves through a relay ({name} = {relay}); most of them refuse a sender that is not their customer's, \
                     or sign and rewrite what they pass on"
                );
                let next = "ask its operator whether forwarded mail with foreign senders is taken unchanged, or send forwards directly";
                report.warn("postfix.relayhost", Cause::D27, text, next);
            }
        }
    }

    /// Whether what rspamd takes for spam is forwarded.
    fn spam(&self, rspamd: Option<&RspamdSettings>, report: &mut Report) {
        let Some(actions) = rspamd.filter(|r| r.refused.is_none()).map(|r| &r.actions) else { return };
        let check = "postfix.spam";
        let Some(from) = actions["add_header"].as_f64().or(actions["rewrite_subject"].as_f64()) else {
            return report.ok(check, "rspamd marks no mail as spam without refusing it");
        };
        let to = actions["reject"].as_f64();
        if to.is_some_and(|to| to <= from) {
            return report.ok(check, "rspamd refuses what it takes for spam");
        }
        let tables = match self.get("milter_header_checks").map_or(Ok(Vec::new()), Table::read_all) {
            Ok(tables) => tables,
            Err(why) => return report.unknown(check, why, "see by hand that it has a rule for X-Spam"),
        };
        if tables.iter().any(|t| t.rules.iter().any(|r| r.fits("X-Spam: Yes"))) {
            return report.ok(check, "mail that rspamd marks as spam is told by `milter_header_checks`");
        }
        let to = to.map_or(String::new(), |to| format!(" to {to}"));
        let text = format!("mail of {from}{to} points is forwarded with `X-Spam: Yes`");
        let next = "refuse it: lower `reject` in local.d/actions.conf, or a rule for X-Spam in `milter_header_checks`";
        report.warn(check, Cause::D12, text, next);
    }
}

/// The host of `[smtp.relay.example]:587` or `smtp:[smtp.relay.example]:587`.
fn host_of(relay: &str) -> &str {
    let bare = relay.split_once('[').map_or(relay, |(_, rest)| rest);
    bare.trim_start_matches("smtp:").split([']', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod judge_tests;
