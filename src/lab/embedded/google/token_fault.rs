//! What can be wrong with a token server.

use std::{fmt, str::FromStr};

/// A fault of Google's servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenFault {
    /// None.
    #[default]
    None,
    /// Refresh tokens and codes are refused: revoked, or of an app in "Testing" after 7 days.
    InvalidGrant,
    /// The client does not exist.
    InvalidClient,
    /// Tokens are given for another scope than mail.
    WrongScope,
    /// Access tokens are given that no mail server takes.
    UselessToken,
    /// Out of order: 503.
    Unavailable,
    /// Out of order at every other request.
    Flapping,
    /// Too many requests: 429.
    Busy,
    /// A web page in place of JSON.
    Page,
    /// An answer that does not end.
    Endless,
    /// No answer.
    Silent,
    /// Nobody listens.
    Down,
    /// A clock that is ten minutes behind.
    Clock,
    /// Consent brings no refresh token.
    NoRefreshToken,
    /// The person does not consent.
    AccessDenied,
    /// The browser brings an answer that belongs to another request.
    OtherState,
    /// Somebody else is logged in in the browser, and consents.
    OtherAccount,
}

impl TokenFault {
    const ALL: [(&'static str, Self); 17] = [
        ("none", Self::None),
        ("invalid-grant", Self::InvalidGrant),
        ("invalid-client", Self::InvalidClient),
        ("wrong-scope", Self::WrongScope),
        ("useless-token", Self::UselessToken),
        ("unavailable", Self::Unavailable),
        ("flapping", Self::Flapping),
        ("busy", Self::Busy),
        ("page", Self::Page),
        ("endless", Self::Endless),
        ("silent", Self::Silent),
        ("down", Self::Down),
        ("clock", Self::Clock),
        ("no-refresh-token", Self::NoRefreshToken),
        ("access-denied", Self::AccessDenied),
        ("other-state", Self::OtherState),
        ("other-account", Self::OtherAccount),
    ];
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL.iter().find(|(_, fault)| fault == self).map_or("none", |(name, _)| name))
    }
}

impl FromStr for TokenFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, fault)| *fault).ok_or_else(|| {
            let known = Self::ALL.map(|(name, _)| name).join(", ");
            format!("unknown fault `{text}`; one of {known}")
        })
    }
}
