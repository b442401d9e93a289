//! Servers of accounts.

use crate::core::reading::ShortOrLong;
use crate::scenario::yaml::Errors;
use crate::{
    core::At,
    scenario::{
        config::{EndpointSpec, LoginSpec},
        yaml::{
            node::Place,
            spot::Spot,
            twin::config::{MxTwin, ServerTwin},
        },
    },
    target::{FolderNames, Provider, TlsMode},
};

/// What a server is for, with what is usual there.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    pub(super) key: &'static str,
    gmail: &'static str,
    starttls: u16,
    implicit: u16,
    default: u16,
}

/// Submission (RFC 6409, RFC 8314).
pub(super) const SMTP: Usual =
    Usual { key: "smtp", gmail: "smtp.gmail.com", starttls: 587, implicit: 465, default: 587 };
/// Mailbox access (RFC 9051, RFC 8314).
pub(super) const IMAP: Usual =
    Usual { key: "imap", gmail: "imap.gmail.com", starttls: 143, implicit: 993, default: 993 };

impl Errors<'_> {
    /// A server with a login.
    pub(super) fn server(
        &mut self,
        account: &At<String>,
        address: &str,
        twin: Spot<ServerTwin>,
        usual: Usual,
    ) -> Option<EndpointSpec> {
        let at = twin.at;
        let mut twin = twin.value;
        let login = self.login(account, address, at, &mut twin, usual);
        let host = match (twin.host, twin.provider) {
            (Some(host), _) => host.value,
            (None, Some(Provider::Gmail)) => usual.gmail.to_owned(),
            (None, _) => {
                self.wrong(
                    at,
                    format!("`{}` of account `{}` has no `host`", usual.key, account.value),
                    "write the server's name",
                );
                return None;
            }
        };
        let tls = twin.tls.map(|t| t.value);
        let port = twin.port.map(|p| p.value).unwrap_or(match tls {
            Some(TlsMode::Implicit) => usual.implicit,
            Some(TlsMode::Starttls | TlsMode::None) => usual.starttls,
            None => usual.default,
        });
        let tls = tls.unwrap_or(if port == usual.implicit { TlsMode::Implicit } else { TlsMode::Starttls });
        self.endpoint(host, at, port, tls, twin.tls_name, twin.ca_file, login)
    }

    /// The names of folders below `imap`.
    pub(super) fn folders(&mut self, written: Option<Spot<FolderNames>>, provider: Provider) -> FolderNames {
        let Some(folders) = written else { return FolderNames::default() };
        if provider == Provider::Gmail {
            let problem = "option without effect: `folders` at Gmail, where they are found in every language";
            self.wrong(folders.at, problem, "leave it out");
        }
        folders.value
    }

    /// `folders` of a server that has none.
    pub(super) fn no_folders(&mut self, twin: Option<Spot<FolderNames>>) {
        if let Some(twin) = twin {
            let problem = "option without effect: `folders` of a server that takes mail";
            self.wrong(twin.at, problem, "write it below `imap`");
        }
    }

    /// Where mail is handed over directly.
    pub(super) fn mx(&mut self, twin: Spot<ShortOrLong<String, MxTwin>>) -> Option<EndpointSpec> {
        match twin.value {
            ShortOrLong::Short(text) => {
                let (host, port) = text.rsplit_once(':').unwrap_or((&text, "25"));
                let Ok(port) = port.parse() else {
                    self.wrong(twin.at, format!("`{text}` is no `host:port`"), "for example mx.corp.example:25");
                    return None;
                };
                let host = host.trim_matches(['[', ']']).to_owned();
                self.endpoint(host, twin.at, port, TlsMode::None, None, None, None)
            }
            ShortOrLong::Long(MxTwin { host, port, tls, tls_name, ca_file }) => {
                let tls = tls.map_or(TlsMode::None, |t| t.value);
                self.endpoint(host.value, host.at, port.map_or(25, |p| p.value), tls, tls_name, ca_file, None)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a key of the file")]
    fn endpoint(
        &mut self,
        host: String,
        at: Place,
        port: u16,
        tls: TlsMode,
        tls_name: Option<Spot<String>>,
        ca_file: Option<Spot<String>>,
        login: Option<LoginSpec>,
    ) -> Option<EndpointSpec> {
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
            self.wrong(at, format!("`{}` is no host", host.escape_debug()), "write a host name or an IP address");
            return None;
        }
        if port == 0 {
            self.wrong(at, "port 0 cannot be connected to", "write a number from 1 to 65535");
        }
        if tls == TlsMode::None {
            for (key, spot) in [("tls_name", &tls_name), ("ca_file", &ca_file)] {
                if let Some(spot) = spot {
                    self.wrong(
                        spot.at,
                        format!("option without effect: `{key}` without TLS"),
                        "write `tls: starttls` or leave it out",
                    );
                }
            }
        }
        let ca_file = ca_file.map(|f| At::new(self.path(&f), self.position(f.at)));
        Some(EndpointSpec { host, port, tls, tls_name: tls_name.map(|n| n.value), ca_file, login })
    }
}
