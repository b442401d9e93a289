//! A key that rspamd seals with: its file, and the record that DNS has of it.

use super::{
    Identity,
    file_access::{AccessError, check_access},
};
use crate::{
    catalogue::Cause,
    core::private_key::PrivateKey,
    doctor::{
        Report,
        dns::key_record::{KeyRecord, PUBLISH},
    },
    verify::Dns,
};
use std::{fs, path::PathBuf};

/// Below this many bits verifiers ignore a key (RFC 8301 §3.2).
const USELESS: usize = 1024;
/// From this many bits on it is strong (RFC 8301 §3.2).
const STRONG: usize = 2048;

/// A key that rspamd looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SigningKey {
    /// `d=`.
    pub(super) domain: String,
    /// `s=`.
    pub(super) selector: String,
    /// Its file.
    pub(super) path: PathBuf,
    /// Nobody configured it: rspamd looks there when a domain has none.
    pub(super) is_fallback: bool,
}

/// Says whether it can be used, and whether what is sealed with it verifies.
pub(super) async fn judge(key: &SigningKey, user: Option<&Identity>, dns: &Dns, report: &mut Report) {
    let modulus = modulus(key, user, report);
    let check = format!("dns.key.{}.{}", key.selector, key.domain);
    let record = KeyRecord::look_up(dns, &key.selector, &key.domain, &check, PUBLISH, report).await;
    let Some(record) = record else { return };
    if modulus.is_none() {
        return report.ok(&check, format!("there is one record at {}, {} bits", record.name, record.bits));
    }
    let next = "publish the record that `rspamadm dkim_keygen` printed for this key, or put the right key there";
    record.compare(modulus.as_deref(), &key.path.display().to_string(), &check, next, report);
}

/// The key's modulus, where it can be read.
fn modulus(key: &SigningKey, user: Option<&Identity>, report: &mut Report) -> Option<Vec<u8>> {
    let check = format!("rspamd.key.{}.{}", key.selector, key.domain);
    let shown = key.path.display();
    let name = user.map_or("rspamd", |u| u.name.as_str());
    let is_refused = match check_access(&key.path, user) {
        Ok(()) => false,
        Err(error) => {
            refused(key, &check, name, user.map_or("_rspamd", |u| u.group.as_str()), &error, report);
            if !error.is_of_user() {
                return None;
            }
            true
        }
    };
    let text = match fs::read(&key.path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            report.unknown(&check, format!("{shown} cannot be read by us: {error}"), "run it as root");
            return None;
        }
    };
    match PrivateKey::read(&text) {
        PrivateKey::Rsa { modulus } => {
            if !is_refused {
                size(&modulus, &format!("{shown}"), name, &check, report);
            }
            return Some(modulus);
        }
        PrivateKey::Other(kind) => {
            let text =
                format!("{shown} is an {kind} key, which rspamd before 3.14 cannot seal with and Gmail not verify");
            report.fail(&check, Cause::A08, text, "make an RSA key of 2048 bits");
        }
        PrivateKey::Broken(why) => {
            let next = "put the private key in PEM there, or make one with `rspamadm dkim_keygen`";
            report.fail(&check, Cause::A07, format!("{shown} is no private key: {why}"), next);
        }
    }
    None
}

/// Says why the file of a key cannot be read.
fn refused(key: &SigningKey, check: &str, name: &str, group: &str, error: &AccessError, report: &mut Report) {
    let (shown, s, d) = (key.path.display(), &key.selector, &key.domain);
    match error {
        AccessError::Missing if key.is_fallback => {
            let text = format!("{d} has no key in `domain {{ … }}`, and none is at {shown}");
            let next = format!("write `domain {{ {d} {{ selector = \"…\"; path = \"…\"; }} }}` into local.d/arc.conf");
            report.fail(check, Cause::A04, text, next);
        }
        AccessError::Missing => {
            let next = format!("make it: rspamadm dkim_keygen -s {s} -b 2048 -d {d} -k {shown}");
            report.fail(check, Cause::A04, format!("{shown} is not there"), next);
        }
        AccessError::NoFile => {
            report.fail(check, Cause::A07, format!("{shown} is no file"), "correct `path` in local.d/arc.conf");
        }
        AccessError::Folder(folder) => {
            let text = format!("{shown}: {name} cannot enter {}", folder.display());
            report.fail(check, Cause::A06, text, format!("chgrp {group} {0} && chmod g+x {0}", folder.display()));
        }
        AccessError::Unreadable => {
            let next = format!("chown root:{group} {shown} && chmod 0440 {shown}");
            report.fail(check, Cause::A05, format!("{shown} cannot be read by {name}"), next);
        }
        AccessError::Hidden(error) => {
            report.unknown(check, format!("{shown} cannot be looked at: {error}"), "run it as root");
        }
    }
}

/// Says whether verifiers count what a key of this size signs.
fn size(modulus: &[u8], shown: &str, name: &str, check: &str, report: &mut Report) {
    let next = "make one of 2048 bits and publish it under a new selector";
    match modulus.len() * 8 {
        bits @ STRONG.. => {
            report.ok(check, format!("{shown} is a private key that {name} can read, RSA, {bits} bits"));
        }
        bits @ USELESS.. => report.warn(check, None, format!("{shown} has {bits} bits"), next),
        bits => {
            let text = format!("{shown} has {bits} bits, and less than {USELESS} do not count");
            report.fail(check, Cause::B00, text, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::{
            Finding, Status,
            rspamd::tests::{OTHER, SENDER, record},
        },
        verify::{TxtAnswer, ZoneFile},
    };
    use std::path::Path;

    async fn judged(path: &Path, records: &[&str], is_fallback: bool) -> Vec<Finding> {
        let mut zone = ZoneFile::default();
        if !records.is_empty() {
            let texts = records.iter().map(|r| r.as_bytes().to_vec()).collect();
            zone.insert("s._domainkey.corp.example", TxtAnswer::Records { ttl: 1, texts });
        }
        let key = SigningKey { domain: "corp.example".into(), selector: "s".into(), path: path.into(), is_fallback };
        let mut report = Report::default();
        judge(&key, None, &Dns::zone(zone), &mut report).await;
        report.checks
    }

    fn codes(checks: &[Finding]) -> Vec<&'static str> {
        checks.iter().filter(|c| c.status == Status::Fail).filter_map(|c| c.code.map(Cause::as_str)).collect()
    }

    #[tokio::test]
    async fn every_fault_of_a_key_has_its_code() {
        let (right, other) = (record(SENDER), record(OTHER));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, SENDER).unwrap();
        let all = judged(&path, &[&right], false).await;
        assert!(all.len() == 2 && all.iter().all(|c| c.status == Status::Ok), "{all:?}");
        assert_eq!(codes(&judged(&path, &[&other], false).await), ["B02"]);
        assert_eq!(codes(&judged(&path, &[], false).await), ["B01"]);
        assert_eq!(codes(&judged(&path, &["v=DKIM1; k=rsa; p="], false).await), ["B01"]);
        assert_eq!(codes(&judged(&path, &[&right, &other], false).await), ["B03"]);
        assert_eq!(codes(&judged(&path, &[&format!("\"{right}\"")], false).await), ["B03"]);
        let testing = judged(&path, &[&right.replace("k=rsa", "k=rsa; t=y")], false).await;
        assert!(testing.iter().any(|c| c.status == Status::Warn && c.text.contains("t=y")), "{testing:?}");

        assert_eq!(codes(&judged(&dir.path().join("none"), &[&right], false).await), ["A04"]);
        assert_eq!(codes(&judged(&dir.path().join("none"), &[&right], true).await), ["A04"]);
        assert_eq!(codes(&judged(dir.path(), &[&right], false).await), ["A07"]);
        fs::write(&path, "-----BEGIN PUBLIC KEY-----\n").unwrap();
        assert_eq!(codes(&judged(&path, &[&right], false).await), ["A07"]);
        fs::write(&path, "-----BEGIN EC PRIVATE KEY-----\n").unwrap();
        assert_eq!(codes(&judged(&path, &[&right], false).await), ["A08"]);
    }
}
