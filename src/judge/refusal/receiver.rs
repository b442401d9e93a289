//! Whose reply is it? The same status code means another thing at Google than in the registry.

use crate::mail::reply::Reply;

/// A receiver with status codes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receiver {
    /// Gmail and Google Workspace.
    Google,
    /// Outlook.com and Microsoft 365.
    Microsoft,
    /// Everybody else: status codes are those of the registry (RFC 5248).
    Other,
}

impl Receiver {
    /// By the end that all replies of Google have, or by the name of the host that answered.
    pub(super) fn of(reply: &Reply, host: Option<&str>) -> Self {
        if reply.text.ends_with("gsmtp") || reply.text.ends_with("gcdp") {
            return Self::Google;
        }
        let host = host.unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let is_below = |domains: &[&str]| {
            domains.iter().any(|domain| host.strip_suffix(domain).is_some_and(|h| h.is_empty() || h.ends_with('.')))
        };
        if is_below(&["google.com", "googlemail.com"]) {
            Self::Google
        } else if is_below(&["outlook.com", "hotmail.com", "office365.com", "mx.microsoft"]) {
            Self::Microsoft
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_is_known_by_the_end_of_the_text_or_by_the_host() {
        let of = |text: &str, host: &str| {
            Receiver::of(&Reply::parse(text).unwrap(), Some(host).filter(|host| !host.is_empty()))
        };
        assert_eq!(of("550 5.7.1 No. a1 - gsmtp", ""), Receiver::Google);
        assert_eq!(of("550 5.7.1 No. - gcdp", "mx.company.example"), Receiver::Google);
        assert_eq!(of("550 5.7.1 No", "alt1.GMAIL-SMTP-IN.l.google.com."), Receiver::Google);
        assert_eq!(of("550 5.7.1 No", "a.mail.protection.outlook.com"), Receiver::Microsoft);
        assert_eq!(of("550 5.7.1 No", "a-com.olc.protection.outlook.com"), Receiver::Microsoft);
        for host in ["", "google.com.example", "notgoogle.com", "mx.receiver.example"] {
            assert_eq!(of("550 5.7.1 No", host), Receiver::Other, "{host}");
        }
    }
}
