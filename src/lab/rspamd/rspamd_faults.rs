//! What is wrong with a company's rspamd, where a fault or a knob asks for it: its `arc` section, its key, its clients.

use super::{ArcKey, RspamdError, rspamd_conf::quoted};
use crate::{
    lab::{
        embedded::keys::ED25519_PEM,
        process::{StateDir, StateError},
    },
    target::{
        TargetKind,
        knobs::{CompanyKnobs, Modification, SealFault, SealedResults, ServerFault},
    },
};
use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The client that a server behind a gateway of its own sees: that of docker's first network.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);

/// Fields that every server may replace, signed beside those that say what a mail is.
const VOLATILE: &str =
    "from:to:subject:date:message-id:mime-version:content-type:dkim-signature:received:x-virus-scanned";

/// What is wrong with an rspamd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RspamdFaults {
    fault: ServerFault,
    results: SealedResults,
    seal: SealFault,
    /// It signs forwarded mail with DKIM too.
    resigns: bool,
}

impl RspamdFaults {
    /// What these knobs ask for in a world of this kind: around rspamd alone, the forwarder of the lab does what Postfix and
    /// its rspamd do together.
    pub fn of(knobs: &CompanyKnobs, kind: TargetKind) -> Self {
        let resigns = knobs.modify == Modification::Resign && kind == TargetKind::Postfix;
        Self { fault: knobs.server, results: knobs.results, seal: knobs.seal, resigns }
    }

    /// The client that the server takes every client for, where it does not see the true one.
    pub fn client(self) -> Option<Ipv4Addr> {
        let local = self.fault == ServerFault::LocalClients || self.results == SealedResults::None;
        local.then_some(GATEWAY)
    }

    /// The `arc` section: the settings of Debian's modules.d/arc.conf, and what is wrong. Without a key it seals nothing.
    pub(super) fn section(self, key: Option<&ArcKey>) -> String {
        let inbound = key.is_some() && self.fault != ServerFault::NotInbound;
        // A mail that comes back from a filter of the server's own comes from its own machine.
        let local = self.results == SealedResults::None || self.seal == SealFault::Twice;
        let domain = if self.fault == ServerFault::AuthorsKey { "header" } else { "recipient" };
        let checked = self.fault == ServerFault::KeyChecked;
        // rspamd before 3.10 finds arc= in dmarc=.
        let copied = self.results == SealedResults::Copied || self.seal == SealFault::CvFail;
        let headers = if self.seal == SealFault::Volatile {
            format!("  sign_headers = \"{VOLATILE}\";\n")
        } else {
            String::new()
        };
        let keys = key.map(|key| self.keys(key)).unwrap_or_default();
        let dkim = if self.resigns {
            format!(
                "dkim_signing {{\n  sign_inbound = true; sign_local = false; use_domain = \"recipient\"; \
                 allow_hdrfrom_mismatch = true;\n{keys}}}\n"
            )
        } else {
            String::new()
        };
        format!(
            r#"arc {{
  sign_inbound = {inbound}; sign_local = {local}; sign_authenticated = false; use_domain = "{domain}";
  allow_hdrfrom_mismatch = true; allow_envfrom_empty = true; try_fallback = true; use_esld = true; selector = "arc";
  check_pubkey = {checked}; reuse_auth_results = {copied};
{headers}{keys}}}
{dkim}"#
        )
    }

    /// Whether it signs forwarded mail with DKIM too.
    pub(super) fn resigns(self) -> bool {
        self.resigns
    }

    fn keys(self, ArcKey { domain, selector, path }: &ArcKey) -> String {
        let path = path.to_string_lossy();
        if self.fault == ServerFault::SigningTable {
            let (address, key) =
                (quoted(&format!("*@{domain} key")), quoted(&format!("key {domain}:{selector}:{path}")));
            return format!("  signing_table = [{address}];\n  key_table = [{key}];\n");
        }
        let (domain, selector, path) = (quoted(domain), quoted(selector), quoted(&path));
        format!("  domain {{ {domain} {{ selector = {selector}; path = {path}; }} }}\n")
    }

    /// Where rspamd finds its key, instead of the sound one at `path`.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn key_file(self, path: PathBuf, state: &StateDir) -> Result<PathBuf, RspamdError> {
        let write = |source| StateError::Write { path: path.clone(), source };
        match self.fault {
            ServerFault::KeyMissing => fs::remove_file(&path).map_err(write)?,
            ServerFault::KeyClosed => close(&path).map_err(write)?,
            ServerFault::KeyDirectoryClosed => {
                let closed = state.directory("keys/closed", None)?;
                let inside = closed.join("private");
                fs::rename(&path, &inside).and_then(|()| close(&closed)).map_err(write)?;
                return Ok(inside);
            }
            ServerFault::KeyDamaged => {
                let pem = fs::read_to_string(&path).map_err(write)?;
                fs::write(&path, &pem[..pem.len() / 2]).map_err(write)?;
            }
            ServerFault::KeyEd25519 => fs::write(&path, ED25519_PEM).map_err(write)?,
            _ => {}
        }
        Ok(path)
    }
}

/// Lets nobody in but root.
fn close(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_stands_in_the_section() {
        let key = ArcKey { domain: "corp.example".into(), selector: "s".into(), path: "/k".into() };
        let section = |faults: RspamdFaults| faults.section(Some(&key));
        let sound = section(RspamdFaults::default());
        assert!(sound.contains("sign_inbound = true; sign_local = false"), "{sound}");
        assert!(sound.contains(r#"domain { "corp.example" { selector = "s"; path = "/k"; } }"#), "{sound}");
        assert!(RspamdFaults::default().section(None).contains("sign_inbound = false"));
        for (fault, said) in [
            (ServerFault::NotInbound, "sign_inbound = false"),
            (ServerFault::AuthorsKey, "use_domain = \"header\""),
            (ServerFault::SigningTable, "key_table = [\"key corp.example:s:/k\"]"),
            (ServerFault::KeyChecked, "check_pubkey = true"),
        ] {
            let section = section(RspamdFaults { fault, ..RspamdFaults::default() });
            assert!(section.contains(said) && section != sound, "{section}");
        }
        for (faults, said) in [
            (RspamdFaults { results: SealedResults::Copied, ..RspamdFaults::default() }, "reuse_auth_results = true"),
            (RspamdFaults { seal: SealFault::CvFail, ..RspamdFaults::default() }, "reuse_auth_results = true"),
            (RspamdFaults { seal: SealFault::Twice, ..RspamdFaults::default() }, "sign_local = true"),
            (RspamdFaults { seal: SealFault::Volatile, ..RspamdFaults::default() }, ":x-virus-scanned\""),
            (RspamdFaults { resigns: true, ..RspamdFaults::default() }, "dkim_signing {"),
        ] {
            assert!(section(faults).contains(said), "{said}");
        }
    }
}
