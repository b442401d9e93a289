//! What the two kinds of server say of themselves.

use crate::target::Provider;

/// Before login.
pub(super) fn greeting(provider: Provider, peer: &str, id: &str) -> String {
    match provider {
        Provider::Gmail => format!("* OK Gimap ready for requests from {peer} {id}"),
        Provider::Generic => format!("* OK [CAPABILITY {}] IMAP4rev1 server ready", capability(provider, false)),
    }
}

/// The capability list. Gmail's lacks what is not done here (COMPRESS=DEFLATE, CONDSTORE, ESEARCH, LIST-EXTENDED,
/// OAUTHBEARER), so that no client relies on it; SPECIAL-USE attributes come in plain LIST, unannounced.
pub(super) fn capability(provider: Provider, logged_in: bool) -> &'static str {
    match (provider, logged_in) {
        (Provider::Gmail, false) => {
            "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN"
        }
        (Provider::Gmail, true) => {
            "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE UTF8=ACCEPT \
             LITERAL- APPENDLIMIT=35651584"
        }
        (Provider::Generic, false) => "IMAP4rev1 SASL-IR ID LITERAL+ AUTH=PLAIN",
        (Provider::Generic, true) => "IMAP4rev1 ID LITERAL+ IDLE NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE",
    }
}

/// The parameters of ID (RFC 2971).
pub(super) fn id(provider: Provider, peer: &str, id: &str) -> String {
    match provider {
        Provider::Gmail => format!(
            "* ID (\"name\" \"GImap\" \"vendor\" \"Google, Inc.\" \"support-url\" \"https://support.google.com/mail\" \
             \"version\" \"gmail_imap_260301.00_p0\" \"remote-host\" \"{peer}\" \"connection-token\" \"{id}\")"
        ),
        Provider::Generic => "* ID (\"name\" \"sealcheck\")".into(),
    }
}
