//! The configuration that rspamd is started with.

use super::{
    RspamdFaults,
    arc_section::{ArcKey, quoted},
};
use std::{net::SocketAddr, path::Path, path::PathBuf};

/// The public suffixes that rspamd needs to know here. With the whole list it compiles for ten seconds before it starts.
pub(super) const SUFFIXES: &str = "com\nnet\norg\nexample\ntest\njp\nco.jp\nuk\nco.uk\n";

/// What rspamd is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RspamdConf {
    /// The DNS server that it asks, and no other.
    pub dns: SocketAddr,
    /// How it seals.
    pub rules: Rules,
}

/// How rspamd seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Forwarded mail, with this key, and with what is wrong; without a key it seals nothing.
    Lab(Option<ArcKey>, RspamdFaults),
    /// As Debian's own configuration does with a person's `local.d`.
    User {
        /// The directory.
        local_d: PathBuf,
        /// The company's domain.
        domain: String,
        /// Whether everything is logged, as the person's `logging.inc` says.
        is_debugging: bool,
    },
}

/// Where everything of one rspamd is.
pub(super) struct Places<'p> {
    /// The file with the domain suffixes to know.
    pub(super) suffixes: &'p Path,
    /// The milter's socket.
    pub(super) milter: &'p Path,
    /// Where the HTTP worker listens.
    pub(super) http: SocketAddr,
    /// A directory for temporary files.
    pub(super) temporary: &'p Path,
}

/// Modules of Debian's configuration that ask others over the network, tell others, or keep what they saw.
const OFF: [&str; 27] = [
    "antivirus",
    "asn",
    "aws_s3",
    "bayes_expiry",
    "bimi",
    "clickhouse",
    "dcc",
    "elastic",
    "external_services",
    "fuzzy_check",
    "greylist",
    "history_redis",
    "metadata_exporter",
    "metric_exporter",
    "mid",
    "mx_check",
    "neural",
    "p0f",
    "phishing",
    "ratelimit",
    "rbl",
    "replies",
    "reputation",
    "rspamd_update",
    "spamassassin",
    "surbl",
    "url_redirector",
];

impl RspamdConf {
    /// The file that rspamd is started with: everything, or what comes on top of Debian's own.
    pub(super) fn write(&self, places: &Places<'_>) -> String {
        match &self.rules {
            Rules::Lab(key, faults) => self.minimal(*faults, &faults.section(key.as_ref()), places),
            Rules::User { is_debugging, .. } => self.on_top(if *is_debugging { "debug" } else { "info" }, places),
        }
    }

    /// Sockets, DNS, files and logs are ours, with the highest priority that there is; nothing is asked but our DNS. How
    /// mail is judged, signed and sealed is left as it is.
    fn on_top(&self, level: &str, places: &Places<'_>) -> String {
        let (dns, Places { http, .. }) = (self.dns, places);
        let [suffixes, milter, temporary] = places.quoted();
        let off: String = OFF.iter().map(|module| format!("{module} {{ enabled = false; }}\n")).collect();
        format!(
            r#"options {{
  filters = "dkim"; url_tld = {suffixes}; tempdir = {temporary}; control_socket = "$RUNDIR/rspamd.sock mode=0600";
  dns {{ nameserver = ["{dns}"]; timeout = 5s; retransmits = 2; }}
}}
logging {{ type = "file"; filename = "$LOGDIR/rspamd.log"; level = "{level}"; debug_modules = ["arc"]; }}
worker "normal" {{ bind_socket = "{http}"; enabled = true; count = 1; }}
worker "controller" {{ enabled = false; count = 0; }}
worker "fuzzy" {{ enabled = false; count = 0; }}
worker "rspamd_proxy" {{
  bind_socket = {milter}; enabled = true; count = 1; milter = yes; timeout = 120s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
redis {{ servers = "127.0.0.1:9"; read_servers = "127.0.0.1:9"; write_servers = "127.0.0.1:9"; }}
classifier "bayes" {{ enabled = false; }}
{off}"#
        )
    }

    /// The smallest configuration that seals as Debian's own does: it checks SPF, DKIM, DMARC and ARC, marks
    /// what DMARC disowns as spam, refuses nothing, and starts in less than a second. `$DBDIR`, `$LOGDIR` and `$RUNDIR` come from the command line.
    fn minimal(&self, faults: RspamdFaults, sections: &str, places: &Places<'_>) -> String {
        let signing = if faults.resigns { " path = \"${PLUGINSDIR}/dkim_signing.lua\";" } else { "" };
        let [suffixes, milter, temporary] = places.quoted();
        let (dns, http) = (self.dns, places.http);
        format!(
            r#"options {{
  filters = "dkim"; check_all_filters = true;
  pidfile = "$RUNDIR/rspamd.pid"; control_socket = "$RUNDIR/rspamd.sock mode=0600";
  hs_cache_dir = "$DBDIR/"; cache_file = "$DBDIR/symbols.cache"; tempdir = {temporary};
  url_tld = {suffixes};
  dns {{ nameserver = ["{dns}"]; timeout = 5s; retransmits = 2; }}
  local_addrs = [192.168.0.0/16, 10.0.0.0/8, 172.16.0.0/12, fd00::/8, 169.254.0.0/16, fe80::/10];
}}
logging {{
  type = "file"; filename = "$LOGDIR/rspamd.log"; level = "info"; debug_modules = ["arc"];
  log_format = "id: <$mid>,$if_qid{{ qid: <$>,}}$if_ip{{ ip: $,}}$if_smtp_from{{ from: <$>,}} (default: $is_spam ($action): [$scores] [$symbols_scores_params]), time: $time_real, dns req: $dns_req$if_smtp_rcpts{{, rcpts: <$>}}";
}}
worker "rspamd_proxy" {{
  bind_socket = {milter}; milter = yes; timeout = 120s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
worker "normal" {{ bind_socket = "{http}"; count = 1; }}
modules {{ path = "${{PLUGINSDIR}}/arc.lua"; path = "${{PLUGINSDIR}}/spf.lua"; path = "${{PLUGINSDIR}}/dmarc.lua";{signing} }}
actions {{ add_header = 6; reject = 1000; }}
group "policies" {{
  symbols {{ "DMARC_POLICY_QUARANTINE" {{ weight = 6; }} "DMARC_POLICY_REJECT" {{ weight = 6; }} }}
}}
dkim {{ }}
spf {{ }}
dmarc {{ }}
{sections}"#
        )
    }
}

impl Places<'_> {
    /// Suffixes, milter's socket and directory for temporary files, as values.
    fn quoted(&self) -> [String; 3] {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [text(self.suffixes), format!("{} mode=0666", text(self.milter)), text(self.temporary)].map(|t| quoted(&t))
    }
}
