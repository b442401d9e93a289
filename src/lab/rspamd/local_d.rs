//! A person's own `local.d`: which domain it seals for, with which keys.

use super::{
    RspamdError,
    admin::{self, DATABASE},
};
use crate::{
    core::rspamadm,
    lab::{
        UserConfig,
        embedded::keys::PublicHalf,
        process::{StateDir, StateError, User},
    },
};
use serde_json::Value;
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// Keys that Debian's rspamd finds below its database without being told where.
const DEFAULT_KEYS: [&str; 2] = ["arc", "dkim"];
/// The domain suffixes that Debian's rspamd knows.
const ALL_SUFFIXES: &str = "/usr/share/rspamd/effective_tld_names.dat";

/// From this many bits on a key is strong (RFC 8301 §3.2).
const STRONG: usize = 2048;

/// What `arc` is told to do, as rspamd itself understands the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ArcSettings {
    /// The domains that have settings of their own, in the order of the file.
    domains: Vec<String>,
    keys: Vec<KeySettings>,
}

/// A key that may seal for a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeySettings {
    /// `None` for every domain that has none of its own.
    domain: Option<String>,
    selector: String,
    path: String,
}

/// Fills the directory that rspamd takes for `/etc/rspamd`: the person's files are there as they are, by links. What stands
/// beside a `local.d` of `/etc/rspamd` comes with it.
pub(super) fn link(local_d: &Path, configuration: &Path) -> io::Result<()> {
    let local_d = local_d.canonicalize()?;
    symlink(&local_d, configuration.join("local.d"))?;
    if local_d.file_name().is_some_and(|name| name == "local.d") {
        for beside in ["override.d", "maps.d"].map(|name| (local_d.with_file_name(name), configuration.join(name))) {
            if beside.0.is_dir() {
                symlink(beside.0, beside.1)?;
            }
        }
    }
    Ok(())
}

/// Lets rspamd find the keys that it finds without being told where, though its database is another.
pub(super) fn link_default_keys(database: &Path) -> io::Result<()> {
    for (from, to) in DEFAULT_KEYS.map(|name| (Path::new(DATABASE).join(name), database.join(name))) {
        if from.is_dir() {
            symlink(from, to)?;
        }
    }
    Ok(())
}

/// The suffixes that decide where the company's domain begins, from the list that the person's rspamd has.
pub(super) fn suffixes(domain: &str) -> String {
    let all = fs::read_to_string(ALL_SUFFIXES).unwrap_or_default();
    let concerned = all.lines().map(str::trim).filter(|line| {
        let suffix = line.trim_start_matches("*.").trim_start_matches('!');
        !suffix.is_empty() && (domain == suffix || domain.ends_with(&format!(".{suffix}")))
    });
    concerned.map(|line| format!("{line}\n")).collect()
}

impl ArcSettings {
    /// What `rspamadm configdump -j arc` says.
    fn read(arc: &Value) -> Self {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let default_selector = text(arc, "selector").unwrap_or_else(|| "arc".to_owned());
        let default_path = text(arc, "path").unwrap_or_else(|| format!("{DATABASE}/arc/$domain.$selector.key"));
        let mut keys = Vec::new();
        let mut domains = Vec::new();
        for (domain, own) in arc.get("domain").and_then(Value::as_object).into_iter().flatten() {
            domains.push(domain.clone());
            let list = own.get("selectors").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![own.clone()]);
            keys.extend(list.iter().map(|key| KeySettings {
                domain: Some(domain.clone()),
                selector: text(key, "selector").unwrap_or_else(|| default_selector.clone()),
                path: text(key, "path").unwrap_or_else(|| default_path.clone()),
            }));
        }
        keys.push(KeySettings { domain: None, selector: default_selector, path: default_path });
        Self { domains, keys }
    }

    /// Every key that may seal for `domain` or for a domain of its own: domain, selector, file.
    fn all(&self, domain: Option<&str>) -> Vec<(String, String, PathBuf)> {
        let keys = self.keys.iter().filter_map(|key| {
            let domain = key.domain.as_deref().or(domain)?;
            let path = key.path.replace("$domain", domain).replace("$selector", &key.selector);
            Some((domain.to_owned(), key.selector.clone(), PathBuf::from(path)))
        });
        keys.collect()
    }
}

/// What a `local.d` says. `rspamd` is the program beside which rspamadm is looked for, `company` the domain of the company,
/// where it is known. Unless the person's own zone file says what DNS has, `publishes` the lab the keys.
///
/// # Errors
/// When `rspamadm` is missing, or a key is closed to this user, who is not root, so that rspamd would not seal here though
/// it may where it runs as its own user.
pub(crate) async fn read_local_d(
    local_d: &Path,
    rspamd: Option<&Path>,
    company: Option<&str>,
    publishes: bool,
) -> Result<UserConfig, RspamdError> {
    let state = StateDir::create()?;
    let configuration = state.directory("local", None)?;
    let file = state.write("rspamd.conf", ".include \"$CONFDIR/rspamd.conf\"\n")?;
    link(local_d, &configuration).map_err(|source| StateError::Write { path: configuration.clone(), source })?;
    let file = file.to_string_lossy();
    let variables = [format!("--var=LOCAL_CONFDIR={}", configuration.display()), format!("--var=DBDIR={DATABASE}")];
    let [configuration_is, database_is] = &variables;
    let ask = async |command: &[&str]| {
        let mut arguments = vec![configuration_is.as_str(), database_is.as_str()];
        arguments.extend(command);
        admin::run(rspamd, &arguments).await
    };
    let test = ask(&["configtest", "-c", &file]).await?;
    let [stdout, stderr] = [&test.stdout, &test.stderr].map(|said| String::from_utf8_lossy(said));
    if !test.status.success() || !(stdout.contains("syntax OK") || stderr.contains("syntax OK")) {
        let problem = with_own_paths(&rspamadm::complaint(&stdout, &stderr), local_d, &configuration);
        return Ok(UserConfig { problem: Some(problem), ..UserConfig::default() });
    }
    let dump = ask(&["configdump", "-c", &file, "-j", "arc", "logging"]).await?;
    let sections = rspamadm::sections(&String::from_utf8_lossy(&dump.stdout));
    let [arc, logging] = &sections[..] else {
        return Err(RspamdError::Admin(
            "`configdump -j arc logging` printed no settings of arc and logging".to_owned(),
        ));
    };
    let is_debugging = logging["level"] == "debug";
    Ok(UserConfig { is_debugging, ..publish(&ArcSettings::read(arc), company, publishes)? })
}

/// What the lab's DNS has to say about the keys.
fn publish(arc: &ArcSettings, company: Option<&str>, publishes: bool) -> Result<UserConfig, RspamdError> {
    let mut own = UserConfig { domains: arc.domains.clone(), ..UserConfig::default() };
    for (domain, selector, path) in arc.all(company.or(arc.domains.first().map(String::as_str))) {
        let pem = match fs::read(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !User::is_root() => {
                return Err(RspamdError::ClosedKey(path));
            }
            // rspamd seals nothing with a key that is not there.
            Err(_) => continue,
        };
        if !publishes {
            continue;
        }
        let name = format!("{selector}._domainkey.{domain}");
        let shown = path.display();
        match PublicHalf::of(&pem) {
            Ok(PublicHalf { record, bits }) => {
                own.notes.push(format!(
                    "the lab's DNS publishes the public half of {shown} as {name}; \
                     --company-dns FILE publishes what your DNS has"
                ));
                if bits < STRONG {
                    own.notes.push(format!(
                        "{shown} has {bits} bits: seal with at least {STRONG} (RFC 8301 section 3.2); make another and publish \
                         it under a new selector"
                    ));
                }
                own.published.push((name, record));
            }
            Err(why) => own.notes.push(format!(
                "the lab's DNS has no {name}, as {shown} is no RSA key ({why}): make one with \
                 `rspamadm dkim_keygen -s {selector} -b {STRONG} -d {domain} -k FILE`"
            )),
        }
    }
    Ok(own)
}

/// The text with the person's own paths in place of those in our directory.
pub(super) fn with_own_paths(text: &str, local_d: &Path, configuration: &Path) -> String {
    text.replace(&*configuration.join("local.d").to_string_lossy(), &local_d.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARC: &str = r#"{ "selector": "arc", "sign_inbound": true, "domain": {
        "company.example": { "selector": "20231011", "path": "/keys/company.example.private" },
        "other.example": { "selectors": [ { "selector": "a", "path": "/keys/$domain.$selector" }, { "selector": "b" } ] } } }"#;

    #[test]
    fn the_keys_of_arc_are_read() {
        let read = |json: &str| ArcSettings::read(&serde_json::from_str(json).unwrap());
        let arc = read(ARC);
        assert_eq!(arc.domains, ["company.example", "other.example"]);
        let all = arc.all(Some("third.example"));
        let keys: Vec<_> = all.iter().map(|(d, s, p)| (d.as_str(), s.as_str(), p.to_str().unwrap())).collect();
        assert_eq!(
            keys,
            [
                ("company.example", "20231011", "/keys/company.example.private"),
                ("other.example", "a", "/keys/other.example.a"),
                ("other.example", "b", "/var/lib/rspamd/arc/other.example.b.key"),
                ("third.example", "arc", "/var/lib/rspamd/arc/third.example.arc.key"),
            ]
        );
        assert_eq!(read("{}").domains, [] as [&str; 0]);
    }

    #[test]
    fn a_complaint_names_the_persons_own_files() {
        let said = "error while parsing /tmp/x/local/local.d/arc.conf: line: 3, column: 24 - 'unexpected newline'";
        let text = with_own_paths(said, Path::new("/etc/rspamd/local.d"), Path::new("/tmp/x/local"));
        assert_eq!(text, said.replace("/tmp/x/local/", "/etc/rspamd/"));
    }
}
