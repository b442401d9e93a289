//! What rspamd is told to seal with: its `arc` section, and `dkim_signing` where it signs forwarded mail too.

use super::RspamdFaults;
use crate::target::knobs::{SealFault, SealedResults, ServerFault};
use std::path::PathBuf;

/// Fields that every server may replace, signed beside those that say what a mail is.
const VOLATILE: &str =
    "from:to:subject:date:message-id:mime-version:content-type:dkim-signature:received:x-virus-scanned";

/// A key that seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArcKey {
    /// The domain of the seal (`d=`), which is that of the first recipient.
    pub domain: String,
    /// The selector (`s=`).
    pub selector: String,
    /// The private key, PEM. rspamd must be able to read it.
    pub path: PathBuf,
}

impl RspamdFaults {
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
}

/// A string as UCL and JSON write it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_in_the_section() {
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
