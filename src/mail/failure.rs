//! Why a mail server could not hand a message on, where no other server gave it a reply: in its log, and in the reports that it
//! writes itself.

use std::net::Ipv6Addr;

/// What kept a message from being handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// No connection came about.
    NoConnection,
    /// None came about over IPv6.
    NoConnectionIpv6,
    /// The connection was lost, or the other server fell silent.
    ConnectionLost,
    /// DNS gave no answer for the next server.
    NoDnsAnswer,
    /// The domain does not exist, or takes no mail.
    NoSuchDomain,
    /// It was tried until the time in the queue was over.
    Expired,
    /// The message came back to where it had been.
    Loop,
    /// TLS is required, and the next server does not offer it.
    TlsNotOffered,
    /// TLS is required, and the handshake or the certificate failed.
    TlsFailed,
    /// The next server takes no message of this size.
    TooBig,
    /// The message needs SMTPUTF8 (RFC 6531), and the next server does not offer it.
    SmtpUtf8,
    /// The server itself does not know the recipient.
    UnknownRecipient,
    /// Its own delivery program, mailbox or transport failed.
    LocalDelivery,
}

/// Words in lower case, and what they say; the first row of which a text has all words counts.
const WORDS: &[(&[&str], Failure)] = &[
    (&["loops back to myself"], Failure::Loop),
    (&["forwarding loop"], Failure::Loop),
    (&["mail loop"], Failure::Loop),
    (&["loops back to me"], Failure::Loop),
    (&["message is looping"], Failure::Loop),
    (&["loop detected"], Failure::Loop),
    (&["too many hops"], Failure::Loop),
    (&["hop count exceeded"], Failure::Loop),
    (&["mx record points to local host"], Failure::Loop),
    (&["tls is required, but was not offered"], Failure::TlsNotOffered),
    (&["tls session is required", "did not offer"], Failure::TlsNotOffered),
    (&["tls required but not supported"], Failure::TlsNotOffered),
    (&["server certificate"], Failure::TlsFailed),
    (&["certificate verif"], Failure::TlsFailed),
    (&["cannot start tls"], Failure::TlsFailed),
    (&["tls engine is unavailable"], Failure::TlsFailed),
    (&["tls handshake"], Failure::TlsFailed),
    (&["tls session", "failed"], Failure::TlsFailed),
    (&["tlsa record"], Failure::TlsFailed),
    (&["tlsa lookup"], Failure::TlsFailed),
    (&["exceeds size limit"], Failure::TooBig),
    (&["message size exceeds"], Failure::TooBig),
    (&["message is too big"], Failure::TooBig),
    (&["message too large"], Failure::TooBig),
    (&["smtputf8 is required"], Failure::SmtpUtf8),
    (&["utf8 support required but not offered"], Failure::SmtpUtf8),
    (&["smtputf8", "not supported"], Failure::SmtpUtf8),
    (&["name service error", "try again"], Failure::NoDnsAnswer),
    (&["temporary failure in name resolution"], Failure::NoDnsAnswer),
    (&["name server reply"], Failure::NoDnsAnswer),
    (&["host lookup did not complete"], Failure::NoDnsAnswer),
    (&["host name lookup failure"], Failure::NoDnsAnswer),
    (&["lookup failed temporarily"], Failure::NoDnsAnswer),
    (&["temporary failure in mx lookup"], Failure::NoDnsAnswer),
    (&["dns server returned answer with no data"], Failure::NoDnsAnswer),
    (&["name service error"], Failure::NoSuchDomain),
    (&["domain name not found"], Failure::NoSuchDomain),
    (&["unable to look up host"], Failure::NoDnsAnswer),
    (&["does not accept mail"], Failure::NoSuchDomain),
    (&["host unknown"], Failure::NoSuchDomain),
    (&["find any host named"], Failure::NoSuchDomain),
    (&["find a mail exchanger"], Failure::NoSuchDomain),
    (&["unrouteable mail domain"], Failure::NoSuchDomain),
    (&["non-existent hosts"], Failure::NoSuchDomain),
    (&["no mx found for domain"], Failure::NoSuchDomain),
    (&["domain does not exist"], Failure::NoSuchDomain),
    (&["lost connection"], Failure::ConnectionLost),
    (&["conversation with", "timed out"], Failure::ConnectionLost),
    (&["timed out while"], Failure::ConnectionLost),
    (&["connection died"], Failure::ConnectionLost),
    (&["smtp timeout"], Failure::ConnectionLost),
    (&["remote host closed connection"], Failure::ConnectionLost),
    (&["connection closed unexpectedly"], Failure::ConnectionLost),
    (&["connection reset by"], Failure::ConnectionLost),
    (&["timeout waiting for input"], Failure::ConnectionLost),
    (&["broken pipe"], Failure::ConnectionLost),
    (&["connection timed out"], Failure::NoConnection),
    (&["operation timed out"], Failure::NoConnection),
    (&["connection refused"], Failure::NoConnection),
    (&["no route to host"], Failure::NoConnection),
    (&["network is unreachable"], Failure::NoConnection),
    (&["network unreachable"], Failure::NoConnection),
    (&["host is down"], Failure::NoConnection),
    (&["establish an smtp connection"], Failure::NoConnection),
    (&["able to connect"], Failure::NoConnection),
    (&["not connect to"], Failure::NoConnection),
    (&["not accept", "requests to connect"], Failure::NoConnection),
    (&["failed to connect"], Failure::NoConnection),
    (&["network error on destination"], Failure::NoConnection),
    (&["no valid route to remote mx"], Failure::NoConnection),
    (&["unknown user"], Failure::UnknownRecipient),
    (&["user unknown"], Failure::UnknownRecipient),
    (&["no such user"], Failure::UnknownRecipient),
    (&["no mailbox here by that name"], Failure::UnknownRecipient),
    (&["mailbox does not exist"], Failure::UnknownRecipient),
    (&["unrouteable address"], Failure::UnknownRecipient),
    (&["command died"], Failure::LocalDelivery),
    (&["command time limit exceeded"], Failure::LocalDelivery),
    (&["transport unavailable"], Failure::LocalDelivery),
    (&["unknown mail transport"], Failure::LocalDelivery),
    (&["local configuration error"], Failure::LocalDelivery),
    (&["bounce or trace service failure"], Failure::LocalDelivery),
    (&["cannot append message"], Failure::LocalDelivery),
    (&["cannot update mailbox"], Failure::LocalDelivery),
    (&["maildir delivery failed"], Failure::LocalDelivery),
    (&["mailbox is full"], Failure::LocalDelivery),
    (&["over quota"], Failure::LocalDelivery),
    (&["quota exceeded"], Failure::LocalDelivery),
    (&["file too large"], Failure::LocalDelivery),
    (&["no space left on device"], Failure::LocalDelivery),
    (&["retry timeout exceeded"], Failure::Expired),
    (&["failing for a long time"], Failure::Expired),
    (&["in the queue too long"], Failure::Expired),
    (&["cannot send message for"], Failure::Expired),
    (&["message expired"], Failure::Expired),
    (&["envelope expired"], Failure::Expired),
    (&["delivery time expired"], Failure::Expired),
    (&["message timed out"], Failure::Expired),
];

impl Failure {
    /// What a server's own words say; `None` where they are not known. A reply of another server is none of them: whoever
    /// wrote it chose its words.
    pub fn of(words: &str) -> Option<Self> {
        let words = words.to_lowercase();
        let ipv6 = |failure| if names_ipv6(&words) { Self::NoConnectionIpv6 } else { failure };
        // The address that it did not come to may be followed by any reason.
        if words.starts_with("connect to ") {
            return Some(ipv6(Self::NoConnection));
        }
        let (_, failure) = WORDS.iter().find(|(all, _)| all.iter().all(|w| words.contains(w)))?;
        Some(if *failure == Self::NoConnection { ipv6(*failure) } else { *failure })
    }

    /// What a status code says that no other server gives: nobody answered, or the connection broke, or the time was over
    /// (RFC 3463 §3.5).
    pub fn of_status(status: &str) -> Option<Self> {
        match status {
            "4.4.1" => Some(Self::NoConnection),
            "4.4.2" => Some(Self::ConnectionLost),
            "4.4.7" | "5.4.7" => Some(Self::Expired),
            _ => None,
        }
    }
}

/// Whether an IPv6 address stands in brackets.
fn names_ipv6(words: &str) -> bool {
    let addresses = words.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    addresses.map(|a| a.strip_prefix("ipv6:").unwrap_or(a)).any(|a| a.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_own_words_say_what_failed() {
        use Failure::*;
        for (words, wanted) in [
            ("connect to mx.receiver.example[192.0.2.26]:25: Connection timed out", Some(NoConnection)),
            ("connect to mx.receiver.example[192.0.2.26]:25: Connection reset by peer", Some(NoConnection)),
            ("connect to mx.receiver.example[2001:db8::26]:25: Network is unreachable", Some(NoConnectionIpv6)),
            ("H=mx [IPv6:2001:db8::26]: No route to host", Some(NoConnectionIpv6)),
            ("lost connection with mx.receiver.example[192.0.2.26] while sending RCPT TO", Some(ConnectionLost)),
            (
                "conversation with mx[192.0.2.26] timed out while receiving the initial server greeting",
                Some(ConnectionLost),
            ),
            (
                "Host or domain name not found. Name service error for name=receiver.example type=MX: Host not found, try again",
                Some(NoDnsAnswer),
            ),
            (
                "Host or domain name not found. Name service error for name=receiver.example type=AAAA: Host not found",
                Some(NoSuchDomain),
            ),
            ("unable to look up host mx.receiver.example: Name or service not known", Some(NoDnsAnswer)),
            ("Domain receiver.example does not accept mail (nullMX)", Some(NoSuchDomain)),
            ("mail for company.example loops back to myself", Some(Loop)),
            ("This message is looping: it already has my Delivered-To line. (#5.4.6)", Some(Loop)),
            ("The server for receiver.example did not accept our requests to connect.", Some(NoConnection)),
            ("too many \"Received\" headers - suspected mail loop", Some(Loop)),
            ("TLS is required, but was not offered by host mx[192.0.2.26]", Some(TlsNotOffered)),
            ("Server certificate not trusted", Some(TlsFailed)),
            ("Cannot start TLS: handshake failure", Some(TlsFailed)),
            ("message size 41943040 exceeds size limit 35882577 of server mx[192.0.2.26]", Some(TooBig)),
            ("SMTPUTF8 is required, but was not offered by host mx[192.0.2.26]", Some(SmtpUtf8)),
            ("unknown user: \"office\"", Some(UnknownRecipient)),
            ("Command died with status 127: \"/usr/lib/deliver\"", Some(LocalDelivery)),
            ("mail transport unavailable", Some(LocalDelivery)),
            ("retry timeout exceeded", Some(Expired)),
            (
                "I wasn't able to establish an SMTP connection. This message has been in the queue too long.",
                Some(NoConnection),
            ),
            ("mailbox closed since May", None),
            ("", None),
        ] {
            assert_eq!(Failure::of(words), wanted, "{words}");
        }
    }
}
