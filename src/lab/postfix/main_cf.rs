//! A main.cf, and what the lab writes into its own: what keeps its mail on this machine, and where its mail goes.

use super::installation::Installation;
use crate::{
    lab::embedded::{
        hosts::{Company, EXTERNAL_ADDRESS, EXTERNAL_DOMAIN, GMAIL_DOMAIN},
        net::MxError,
    },
    target::knobs::{DnsAnswer, DnsFault},
};
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::Path};

/// Settings of Postfix, as postconf(5) names them; the last value that a name is given counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MainCf(BTreeMap<String, String>);

impl MainCf {
    /// Gives a setting its value.
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Gives every setting of `other` its value.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.clone());
    }

    /// Lets the milter at this unix socket see the mail, alone: where the user's main.cf names `milters`, or where there is
    /// none.
    pub(super) fn set_milter(&mut self, socket: &Path, milters: Option<&[&'static str]>) {
        for name in milters.unwrap_or(&["smtpd_milters"]) {
            self.set(*name, format!("unix:{}", socket.display()));
        }
    }

    /// The settings whose names end so.
    pub(super) fn only(&self, ending: &str) -> Self {
        self.iter().filter(|(name, _)| name.ends_with(ending)).collect()
    }

    /// Names and values in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for MainCf {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(settings: I) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Display for MainCf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| writeln!(f, "{name} = {value}"))
    }
}

/// Where mail from the company goes.
#[derive(Debug, Clone)]
pub(super) struct NextHops {
    /// The receiver's MX, to which every client is the company.
    pub(super) gmail: SocketAddr,
    /// Why DNS does not lead there, if so.
    pub(super) gmail_error: Option<MxError>,
    /// The outside sender's MX, to which every client is the company.
    pub(super) external: SocketAddr,
}

/// What faults of the DNS let Postfix find of the mail exchangers of a domain. It asks no DNS here, so it is told.
pub(super) fn mx_error(faults: &[DnsFault], domain: &str) -> Option<MxError> {
    let mut of_domain = faults.iter().filter(|f| f.name.trim_end_matches('.').eq_ignore_ascii_case(domain));
    match of_domain.find(|f| f.rtype.eq_ignore_ascii_case("MX"))?.answer {
        DnsAnswer::NxDomain => Some(MxError::NotFound(domain.to_owned())),
        DnsAnswer::ServFail => Some(MxError::TryAgain(domain.to_owned())),
        DnsAnswer::Ttl(_) => None,
    }
}

/// What a main.cf of the user's may say otherwise.
pub(super) fn habits() -> MainCf {
    MainCf::from_iter([("compatibility_level", "3.6"), ("milter_default_action", "tempfail")])
}

/// What of it is the same in every lab.
const FIXED: [(&str, &str); 30] = [
    ("myorigin", "$mydomain"),
    ("mydestination", ""),
    ("relay_domains", ""),
    ("local_transport", "error:5.1.1 no local mailboxes"),
    ("local_recipient_maps", ""),
    ("alias_maps", ""),
    ("alias_database", ""),
    ("biff", "no"),
    ("default_transport", "error:5.4.4 the lab has no route"),
    ("relay_transport", "$default_transport"),
    ("virtual_transport", "$default_transport"),
    ("smtp_dns_support_level", "disabled"),
    ("smtp_host_lookup", "native"),
    ("inet_protocols", "ipv4"),
    ("inet_interfaces", "127.0.0.1"),
    ("smtpd_upstream_proxy_protocol", "haproxy"),
    ("smtpd_peername_lookup", "no"),
    ("mynetworks", "127.0.0.0/8"),
    ("smtpd_relay_restrictions", "permit_mynetworks, reject_unauth_destination"),
    // Every mail of the outside world comes from one address here.
    ("smtpd_client_connection_count_limit", "0"),
    ("smtpd_tls_security_level", "may"),
    ("smtp_tls_security_level", "may"),
    // Reports for the postmaster have nowhere to go.
    ("notify_classes", ""),
    // Lab-scale: a real server waits for minutes and days.
    // Longer than a second, the unit of queue times: qmgr forgets a message that it takes up while its delivery agent
    // still has it ("skipped, still being delivered").
    ("minimal_backoff_time", "2s"),
    ("maximal_backoff_time", "2s"),
    ("queue_run_delay", "1s"),
    ("transport_retry_time", "1s"),
    ("maximal_queue_lifetime", "2m"),
    ("bounce_queue_lifetime", "2m"),
    ("in_flow_delay", "0s"),
];

/// What no other main.cf may change: where files are, who is connected to, how long things take.
pub(super) fn fence(state: &Path, installation: &Installation, company: &Company, to: &NextHops) -> MainCf {
    let state = state.display();
    let via = |at: SocketAddr| format!("smtp:[{}]:{}", at.ip(), at.port());
    let gmail = match &to.gmail_error {
        None => via(to.gmail),
        Some(error @ MxError::NotFound(_)) => format!("error:5.4.4 {error}"),
        Some(error @ MxError::TryAgain(_)) => format!("retry:4.4.3 {error}"),
    };
    let external = via(to.external);
    let fixed = FIXED.map(|(name, value)| (name, value.to_owned()));
    fixed
        .into_iter()
        .chain([
            // Places.
            ("queue_directory", format!("{state}/queue")),
            ("data_directory", format!("{state}/data")),
            ("command_directory", installation.commands.display().to_string()),
            ("daemon_directory", installation.daemons.display().to_string()),
            ("mail_owner", installation.owner.clone()),
            ("setgid_group", installation.group.clone()),
            ("maillog_file", format!("{state}/log/maillog")),
            ("maillog_file_prefixes", state.to_string()),
            // Names.
            ("myhostname", company.host.clone()),
            ("mydomain", company.domain.clone()),
            ("virtual_alias_domains", company.domain.clone()),
            ("virtual_alias_maps", format!("texthash:{state}/etc/{ALIASES}")),
            // Routes.
            (
                "transport_maps",
                format!("inline:{{ {{ {GMAIL_DOMAIN} = {gmail} }}, {{ {EXTERNAL_DOMAIN} = {external} }} }}"),
            ),
            // Clients.
            ("smtpd_authorized_xclient_hosts", EXTERNAL_ADDRESS.to_string()),
            // TLS.
            ("smtpd_tls_chain_files", format!("{state}/etc/{IDENTITY}")),
        ])
        .collect()
}

/// The file beside main.cf with the company's addresses.
pub(super) const ALIASES: &str = "aliases";
/// The file beside main.cf with the certificate and its key.
pub(super) const IDENTITY: &str = "tls.pem";

/// Where mail for the company's addresses goes, as `virtual_alias_maps` reads it.
pub(super) fn aliases(company: &Company) -> String {
    company.aliases.iter().map(|(from, to)| format!("{from} {to}\n")).collect()
}

/// The services that Postfix runs beside those that take mail over SMTP: all but those that deliver to files and commands.
pub(super) const MASTER_CF: &str = "\
pickup    unix       n - n 60   1 pickup
cleanup   unix       n - n -    0 cleanup
qmgr      unix       n - n 300  1 qmgr
tlsmgr    unix       - - n 1000 1 tlsmgr
rewrite   unix       - - n -    - trivial-rewrite
bounce    unix       - - n -    0 bounce
defer     unix       - - n -    0 bounce
trace     unix       - - n -    0 bounce
verify    unix       - - n -    1 verify
flush     unix       n - n 1000 0 flush
proxymap  unix       - - n -    - proxymap
proxywrite unix      - - n -    1 proxymap
smtp      unix       - - n -    - smtp
relay     unix       - - n -    - smtp
showq     unix       n - n -    - showq
error     unix       - - n -    - error
retry     unix       - - n -    - error
discard   unix       - - n -    - discard
anvil     unix       - - n -    1 anvil
scache    unix       - - n -    1 scache
postlog   unix-dgram n - n -    1 postlogd
";

/// The socket where mail is taken, below the queue directory.
pub(super) const SMTPD_SOCKET: &str = "public/smtpd";
/// The socket where mail is taken again.
pub(super) const AGAIN_SOCKET: &str = "public/again";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_the_next_hops_and_nowhere_else() {
        let installation = Installation {
            commands: "/usr/sbin".into(),
            daemons: "/usr/lib/postfix/sbin".into(),
            owner: "postfix".into(),
            group: "postdrop".into(),
        };
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let to = NextHops { gmail: at(4001), gmail_error: None, external: at(4002) };
        let fence = fence(Path::new("/tmp/x"), &installation, &Company::default(), &to);
        assert_eq!(
            fence.get("transport_maps"),
            Some("inline:{ { gmail.com = smtp:[127.0.0.1]:4001 }, { ext.example = smtp:[127.0.0.1]:4002 } }")
        );
        for route in ["default_transport", "local_transport"] {
            assert!(fence.get(route).unwrap().starts_with("error:"), "{route}");
        }
        assert_eq!(fence.get("queue_directory"), Some("/tmp/x/queue"));
        let services: Vec<&str> = MASTER_CF.lines().filter_map(|l| l.split_ascii_whitespace().last()).collect();
        for deliverer in ["local", "virtual", "pipe", "lmtp", "spawn"] {
            assert!(!services.contains(&deliverer), "{deliverer}");
        }
    }
}
