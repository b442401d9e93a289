//! The configuration that rspamd is started with.

use std::{net::SocketAddr, path::Path, path::PathBuf};

/// The public suffixes that rspamd needs to know here. With the whole list it compiles for ten seconds before it starts.
pub(super) const SUFFIXES: &str = "com\nnet\norg\nexample\ntest\njp\nco.jp\nuk\nco.uk\n";

/// What rspamd is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The DNS server that it asks, and no other.
    pub dns: SocketAddr,
    /// What it seals forwarded mail with; without a key it seals nothing.
    pub key: Option<ArcKey>,
}

/// A key that seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcKey {
    /// The domain of the seal (`d=`), which is that of the first recipient.
    pub domain: String,
    /// The selector (`s=`).
    pub selector: String,
    /// The private key, PEM. rspamd must be able to read it.
    pub path: PathBuf,
}

/// Where everything of one rspamd is.
pub(super) struct Places<'p> {
    /// The file with [`SUFFIXES`].
    pub(super) suffixes: &'p Path,
    /// The milter's socket.
    pub(super) milter: &'p Path,
    /// Where the HTTP worker listens.
    pub(super) http: SocketAddr,
    /// A directory for temporary files.
    pub(super) temporary: &'p Path,
}

impl Config {
    /// The smallest configuration that seals as Debian's own does: it checks SPF, DKIM, DMARC and ARC, refuses nothing, and
    /// starts in less than a second. `$DBDIR`, `$LOGDIR` and `$RUNDIR` come from the command line.
    pub(super) fn write(&self, places: &Places<'_>) -> String {
        let [suffixes, milter, temporary] =
            [places.suffixes, places.milter, places.temporary].map(|path| quoted(&path.to_string_lossy()));
        let (dns, http) = (self.dns, places.http);
        let seals = match &self.key {
            None => "  sign_inbound = false;\n".to_owned(),
            Some(ArcKey { domain, selector, path }) => format!(
                "  sign_inbound = true;\n  domain {{ {} {{ selector = {}; path = {}; }} }}\n",
                quoted(domain),
                quoted(selector),
                quoted(&path.to_string_lossy())
            ),
        };
        // The settings of `arc` are those of Debian's modules.d/arc.conf.
        format!(
            r#"options {{
  filters = "dkim"; check_all_filters = true;
  pidfile = "$RUNDIR/rspamd.pid"; control_socket = "$RUNDIR/rspamd.sock mode=0600";
  hs_cache_dir = "$DBDIR/"; cache_file = "$DBDIR/symbols.cache"; tempdir = {temporary};
  url_tld = {suffixes};
  dns {{ nameserver = ["{dns}"]; timeout = 1s; retransmits = 2; }}
}}
logging {{
  type = "file"; filename = "$LOGDIR/rspamd.log"; level = "info"; debug_modules = ["arc"];
  log_format = "id: <$mid>,$if_qid{{ qid: <$>,}}$if_ip{{ ip: $,}}$if_smtp_from{{ from: <$>,}} (default: $is_spam ($action): [$scores] [$symbols_scores_params]), time: $time_real, dns req: $dns_req$if_smtp_rcpts{{, rcpts: <$>}}";
}}
worker "rspamd_proxy" {{
  bind_socket = {milter_socket}; milter = yes; timeout = 120s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
worker "normal" {{ bind_socket = "{http}"; count = 1; }}
modules {{ path = "${{PLUGINSDIR}}/arc.lua"; path = "${{PLUGINSDIR}}/spf.lua"; path = "${{PLUGINSDIR}}/dmarc.lua"; }}
actions {{ reject = 1000; }}
dkim {{ }}
spf {{ }}
dmarc {{ }}
arc {{
  sign_local = false; sign_authenticated = false; allow_hdrfrom_mismatch = true; allow_envfrom_empty = true;
  use_domain = "recipient"; try_fallback = true; use_esld = true; selector = "arc";
{seals}}}
"#,
            milter_socket = milter.trim_end_matches('"').to_owned() + " mode=0666\"",
        )
    }
}

/// A string as UCL and JSON write it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
