//! A main.cf of the user's: what of it our Postfix does, and what it does not.
//!
//! The file is copied and never written to. What decides over the content of a mail is taken over; what decides where
//! mail goes, where files are and who is asked over the network is ours.

use super::{
    lookup_tables::{self, Network},
    main_cf::MainCf,
};
use crate::lab::{LabError, ServerProgram};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// Settings that are taken over; a final `*` stands for any ending.
const KEPT: [&str; 53] = [
    "always_add_missing_headers",
    "append_at_myorigin",
    "append_dot_mydomain",
    "body_checks",
    "body_checks_size_limit",
    "bounce_template_file",
    "canonical_classes",
    "canonical_maps",
    "cleanup_replace_stray_cr_lf",
    "compatibility_level",
    "disable_mime_input_processing",
    "disable_mime_output_conversion",
    "enable_original_recipient",
    "header_checks",
    "header_from_format",
    "header_size_limit",
    "hopcount_limit",
    "internal_mail_filter_classes",
    "line_length_limit",
    "local_header_rewrite_clients",
    "masquerade_*",
    "message_drop_headers",
    "message_reject_characters",
    "message_size_limit",
    "message_strip_characters",
    "milter_*",
    "mime_boundary_length_limit",
    "mime_header_checks",
    "mime_nesting_limit",
    "nested_header_checks",
    "receive_override_options",
    "recipient_canonical_*",
    "remote_header_rewrite_domain",
    "sender_canonical_*",
    "smtp_body_checks",
    "smtp_discard_ehlo_keywords",
    "smtp_generic_maps",
    "smtp_header_checks",
    "smtp_line_length_limit",
    "smtp_mime_header_checks",
    "smtp_nested_header_checks",
    "smtp_quote_rfc821_envelope",
    "smtp_reply_filter",
    "smtpd_command_filter",
    "smtpd_discard_ehlo_keywords",
    "smtpd_forbid_bare_newline",
    "smtputf8_*",
    "strict_7bit_headers",
    "strict_8bitmime",
    "strict_8bitmime_body",
    "strict_mime_encoding_domain",
    "strict_smtputf8",
    "undisclosed_recipients_header",
];

/// Where the milters stand; with any, ours stands there alone.
const MILTERS: [&str; 2] = ["smtpd_milters", "non_smtpd_milters"];

/// What becomes of a table that a server would be asked for.
const NOBODY_ASKED: &str = "nothing: the lab asks no server for tables";

/// What our Postfix makes of a main.cf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TakenOver {
    /// What it does as the file says, and whatever that refers to.
    pub(super) kept: MainCf,
    /// What it does in its own way, and how, by the setting.
    pub(super) changed: Vec<(String, String)>,
    /// What it does not do.
    pub(super) left_out: Vec<String>,
    /// Which milter settings name milters.
    pub(super) milters: Vec<&'static str>,
    /// Whether senders are rewritten by a server that is asked over the network, so that ours has to be there.
    pub(super) rewrites_senders: bool,
}

impl TakenOver {
    /// What is not done as the file says, for people.
    pub(super) fn notes(&self, file: &Path) -> Vec<String> {
        let file = file.display();
        let mut notes: Vec<String> =
            self.changed.iter().map(|(name, how)| format!("{file}: {name} is replaced: {how}")).collect();
        if !self.milters.contains(&"smtpd_milters") {
            notes.push(format!(
                "{file}: it sets no smtpd_milters, so no milter sees the mail; where master.cf sets it, say so in a copy of \
                 the file"
            ));
        }
        if !self.left_out.is_empty() {
            notes.push(format!("{file}: left out, as nothing here depends on it: {}", self.left_out.join(", ")));
        }
        notes
    }

    /// The line of the file that Postfix's words are about, where it is one: they name a setting that Postfix has from there, or
    /// a part of its value. `settings` are all that it has.
    pub(super) fn blamed(&self, said: &str, settings: &MainCf, file: &Path) -> Option<String> {
        let is_part = |c: char| c.is_alphanumeric() || "_-./".contains(c);
        let words: BTreeSet<&str> = said.split(|c| !is_part(c)).collect();
        let theirs = || self.kept.iter().filter(|(name, value)| settings.get(name) == Some(*value));
        let named = theirs().find(|(name, _)| words.contains(name));
        let (name, _) = named.or_else(|| {
            theirs().find(|(_, value)| {
                let mut parts = value.split(|c| !is_part(c)).filter(|part| part.len() > 3);
                parts.any(|part| words.iter().any(|word| word.trim_end_matches(".db") == part))
            })
        })?;
        let text = fs::read_to_string(file).ok()?;
        let values = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')));
        // The last value that a setting is given counts.
        let (line, number) = values.last()?;
        Some(format!("{}, line {number}: {line}", file.display()))
    }
}

/// Reads the settings that a main.cf sets. `scratch` is a directory for a copy.
///
/// # Errors
/// When it cannot be read, or Postfix cannot parse it, which is the user's to mend: the file with the line.
pub(super) async fn read(file: &Path, scratch: &Path, commands: &Path) -> Result<MainCf, LabError> {
    let problem = |what: String| LabError::Other(format!("cannot use {} as main.cf: {what}", file.display()));
    let source = fs::read(file).map_err(|error| problem(error.to_string()))?;
    let copy = scratch.join("main.cf");
    fs::create_dir_all(scratch).and_then(|()| fs::write(&copy, &source)).map_err(|e| problem(e.to_string()))?;
    let output = Command::new(commands.join("postconf"))
        .args(["-n", "-c"])
        .arg(scratch)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| problem(format!("postconf cannot be run: {error}")))?;
    let said =
        String::from_utf8_lossy(&output.stderr).replace(&copy.display().to_string(), &file.display().to_string());
    if let Some((_, fatal)) = said.lines().find_map(|line| line.split_once("fatal: "))
        && !output.status.success()
    {
        return Err(LabError::Configuration { program: ServerProgram::Postfix, said: format!("{fatal}\n") });
    }
    if said.contains("logical line must not start with whitespace") {
        return Err(LabError::Configuration { program: ServerProgram::Postfix, said: stray(&source, file) });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let set = text.lines().filter_map(|line| line.split_once(" ="));
    Ok(set.filter(|(name, _)| *name != "config_directory").map(|(name, value)| (name, value.trim_start())).collect())
}

/// What is wrong with a file whose first setting is written as if it went on from a line before.
fn stray(source: &[u8], file: &Path) -> String {
    let source = String::from_utf8_lossy(source);
    let mut lines = source.lines().map(str::trim).zip(1..);
    let (line, number) = lines.find(|(line, _)| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    format!("{}, line {number}: whitespace before the first setting: {line}\n", file.display())
}

/// The directory of a file.
fn directory(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
}

/// Sorts what `file` sets into what is kept and what is not. `ours` are the settings that no file may change.
pub(super) fn take_over(set: &MainCf, file: &Path, ours: &MainCf) -> TakenOver {
    let mut taken = TakenOver::default();
    let mut referred: Vec<String> = Vec::new();
    for (name, value) in set.iter() {
        if let Some(milters) = MILTERS.into_iter().find(|m| *m == name) {
            if !value.is_empty() {
                taken.milters.push(milters);
                taken.changed.push((name.to_owned(), "the milter of our rspamd, alone".to_owned()));
            }
            continue;
        }
        if !is_kept(name) {
            if ours.get(name).is_some_and(|our| our != value) {
                taken.changed.push((name.to_owned(), "the lab's own".to_owned()));
            }
            continue;
        }
        let value = with_directory(value, &directory(file));
        match (lookup_tables::network(&value), name) {
            (Network::None, _) => {
                referred.extend(parameters(&value));
                taken.kept.set(name, value);
            }
            (Network::Tcp, "sender_canonical_maps" | "recipient_canonical_maps") => {
                taken.rewrites_senders = true;
                taken.changed.push((name.to_owned(), "asks a postsrsd of ours".to_owned()));
            }
            (Network::Tcp | Network::Other, _) => {
                taken.changed.push((name.to_owned(), NOBODY_ASKED.to_owned()));
            }
        }
    }
    carry(set, ours, referred, &directory(file), &mut taken);
    let settled: BTreeSet<&str> = taken.changed.iter().map(|(name, _)| name.as_str()).collect();
    let left_out = set.iter().map(|(name, _)| name).filter(|name| {
        let is_known = taken.kept.get(name).is_some() || ours.get(name).is_some() || MILTERS.contains(name);
        !is_known && !settled.contains(name)
    });
    taken.left_out = left_out.map(str::to_owned).collect();
    taken
}

/// Adds what the kept values refer to by `$name`, and what that refers to.
fn carry(set: &MainCf, ours: &MainCf, mut referred: Vec<String>, directory: &Path, taken: &mut TakenOver) {
    while let Some(name) = referred.pop() {
        if taken.kept.get(&name).is_some() || ours.get(&name).is_some() || MILTERS.contains(&name.as_str()) {
            continue;
        }
        let Some(value) = set.get(&name) else { continue };
        let value = with_directory(value, directory);
        if lookup_tables::network(&value) == Network::None {
            referred.extend(parameters(&value));
            taken.kept.set(name, value);
        } else if taken.changed.iter().all(|(changed, _)| *changed != name) {
            taken.changed.push((name, NOBODY_ASKED.to_owned()));
        }
    }
}

fn is_kept(name: &str) -> bool {
    KEPT.iter().any(|kept| match kept.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *kept == name,
    })
}

/// The value with the directory of the user's file where it says `$config_directory`.
fn with_directory(value: &str, directory: &Path) -> String {
    let directory = directory.display().to_string();
    ["$config_directory", "${config_directory}", "$(config_directory)"]
        .iter()
        .fold(value.to_owned(), |value, reference| value.replace(reference, &directory))
}

/// The names behind `$name`, `${name…}` and `$(name)`; `$$` is a dollar sign.
fn parameters(value: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('$') {
        let after = match after.strip_prefix('$') {
            Some(after) => {
                rest = after;
                continue;
            }
            None => after.trim_start_matches(['{', '(']),
        };
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        names.push(after[..end].to_owned());
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(set: &[(&'static str, &'static str)]) -> TakenOver {
        let ours = MainCf::from_iter([("myhostname", "mx.corp.example"), ("relayhost", "")]);
        take_over(&set.iter().copied().collect(), Path::new("/etc/postfix/main.cf"), &ours)
    }

    #[test]
    fn what_changes_mail_is_kept_and_where_it_goes_is_not() {
        let taken = taken(&[
            ("milter_default_action", "accept"),
            ("smtp_header_checks", "regexp:/etc/postfix/tag"),
            ("masquerade_domains", "corp.example"),
            ("myhostname", "mail.corp.example"),
            ("relayhost", "[smart.corp.example]"),
            ("mailbox_command", "/usr/bin/procmail"),
        ]);
        let kept: Vec<&str> = taken.kept.iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["masquerade_domains", "milter_default_action", "smtp_header_checks"]);
        let changed: Vec<&str> = taken.changed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(changed, ["myhostname", "relayhost"]);
        assert_eq!(taken.left_out, ["mailbox_command"]);
    }

    #[test]
    fn milters_are_ours_where_there_are_any() {
        let taken = taken(&[("smtpd_milters", "inet:127.0.0.1:11332"), ("non_smtpd_milters", "")]);
        assert_eq!(taken.milters, ["smtpd_milters"]);
        assert_eq!(taken.changed.len(), 1);
        assert_eq!(taken.left_out, Vec::<String>::new());
    }

    #[test]
    fn nobody_is_asked_over_the_network() {
        let taken = taken(&[
            ("canonical_maps", "ldap:/etc/postfix/ldap.cf"),
            ("sender_canonical_maps", "tcp:localhost:10001"),
            ("sender_canonical_classes", "envelope_sender"),
            ("header_checks", "$my_checks"),
            ("my_checks", "proxy:mysql:/x"),
        ]);
        assert!(taken.rewrites_senders);
        assert_eq!(taken.kept.get("sender_canonical_classes"), Some("envelope_sender"));
        for name in ["canonical_maps", "sender_canonical_maps", "my_checks"] {
            assert_eq!(taken.kept.get(name), None, "{name}");
        }
    }

    #[test]
    fn the_line_that_postfix_means_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("main.cf");
        let text = "# hopcount_limit = 1\nhopcount_limit = 2\nheader_checks = texthash:/x/tag\nhopcount_limit=many\n";
        fs::write(&file, text).unwrap();
        let taken = taken(&[("hopcount_limit", "many"), ("header_checks", "texthash:/x/tag")]);
        let mut settings = taken.kept.clone();
        let blamed = |said: &str, settings: &MainCf| {
            let line = taken.blamed(said, settings, &file);
            line.map(|line| line.strip_prefix(&format!("{}, line ", file.display())).unwrap().to_owned())
        };
        for (said, line) in [
            ("bad numerical configuration: hopcount_limit = many", Some("4: hopcount_limit=many")),
            ("open database /x/tag.db: No such file or directory", Some("3: header_checks = texthash:/x/tag")),
            ("unsupported dictionary type: texthash", Some("3: header_checks = texthash:/x/tag")),
            ("open /var/lib/postfix/master.lock: Permission denied", None),
            ("bad numerical configuration: hopcount_limits = many_more", None),
        ] {
            assert_eq!(blamed(said, &settings).as_deref(), line, "{said}");
        }
        // What the lab has put in its place is not theirs.
        settings.set("hopcount_limit", "x");
        assert_eq!(blamed("bad numerical configuration: hopcount_limit = x", &settings), None);
    }

    #[test]
    fn values_lead_where_they_led() {
        let taken = taken(&[
            ("header_checks", "regexp:${config_directory}/checks, $my_checks"),
            ("my_checks", "regexp:$my_directory/more, regexp:{ {/^\\$$x/ WARN} }"),
            ("my_directory", "/srv/$myhostname"),
            ("myhostname", "mail.corp.example"),
        ]);
        assert_eq!(taken.kept.get("header_checks"), Some("regexp:/etc/postfix/checks, $my_checks"));
        assert_eq!(taken.kept.get("my_directory"), Some("/srv/$myhostname"));
        assert_eq!(taken.kept.get("myhostname"), None);
    }
}
