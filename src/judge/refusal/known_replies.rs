//! The replies that are known by their words or by their status codes.

use super::known_reply::{KnownReply, known};
use crate::catalogue::Cause;

/// Every kind of reply, the most special first.
pub(super) const KNOWN: &[KnownReply] = &[
    known("same Message-ID too often", Cause::D06, &["same message-id"]),
    known(
        "unusual rate of mail",
        Cause::D05,
        &[
            "unusual rate",
            "?p=unsolicitedratelimiterror",
            "?p=unsolicitediperror",
            "rate limited due to ip reputation",
            "[tss04]",
            "[ts01]",
            "rate exceeded",
        ],
    )
    .google(&["7.28"])
    .microsoft(&["4.7.650"])
    .registry(&["7.28"]),
    known("SPF hard fail", Cause::D02, &["hard fail policy"]),
    known("no DMARC record", Cause::D24, &["doesn't have a dmarc record", "doesn't specify a dmarc policy"])
        .google(&["7.31", "7.40"]),
    known("ARC chain is refused", Cause::D29, &["arc validation", "arc chain", "arc seal", "arc-seal"])
        .registry(&["7.29"]),
    known("required level of authentication", Cause::D01, &["does not meet the required authentication level"])
        .microsoft(&["5.7.515"]),
    known(
        "DMARC policy",
        Cause::D03,
        &[
            "dmarc policy",
            "?p=dmarcrejection",
            "failed dmarc",
            "fails dmarc",
            "dmarc check failed",
            "dmarc verification failed",
            "dmarc evaluation failed",
            "dmarc unauthenticated mail",
            "dmarc sender invalid",
        ],
    )
    .microsoft(&["5.7.509"]),
    known(
        "sender is unauthenticated",
        Cause::D01,
        &[
            "sender is unauthenticated",
            "because it is unauthenticated",
            "because it's unauthenticated",
            "does not have authentication information",
        ],
    ),
    known("From is not aligned", Cause::C07, &["isn't aligned", "is not aligned"])
        .google(&["7.32"])
        .registry(&["7.22"]),
    known("bulk mail without SPF", Cause::D28, &["spf does not pass", "spf authentication didn't pass"])
        .google(&["7.27"]),
    known("bulk mail without DKIM", Cause::D23, &["dkim does not pass", "dkim authentication didn't pass"])
        .google(&["7.30"]),
    known("suspicious SPF record", Cause::D25, &["suspicious entries"]).google(&["7.24"]),
    known(
        "SPF does not pass",
        Cause::D28,
        &[
            "sender policy framework",
            "spf validation",
            "spf check",
            "spf fail",
            "fails spf",
            "failed spf",
            "fail spf",
            "spf: fail",
            "spf mail from check failed",
            "spf sender invalid",
            "due to spf",
            "spf unauthorized",
            "openspf.",
        ],
    )
    .registry(&["7.23", "7.24"]),
    known(
        "no passing DKIM signature",
        Cause::D23,
        &[
            "no passing dkim",
            "no acceptable dkim",
            "dkim verification failed",
            "dkim failed",
            "dkim failure",
            "dkim: fail",
            "dkim sender invalid",
        ],
    )
    .registry(&["7.20", "7.21"]),
    known("REQUIRETLS is not supported", Cause::D30, &["requiretls"]).registry(&["7.30"]),
    known(
        "sender could not be verified",
        Cause::D31,
        &[
            "sender verify fail",
            "verification failed for <",
            "sender verification fail",
            "callout",
            "could not verify sender",
            "unable to verify sender",
            "sender address rejected + unverified",
            "sender address rejected + undeliverable",
            "sender address rejected + user unknown",
            "the sender address + does not exist",
            "sender mailbox + does not exist",
            "invalid sender address",
        ],
    )
    .registry(&["1.7"]),
    known(
        "relay does not take this sender",
        Cause::D27,
        &[
            "invalid credentials for relay",
            "tenantattribution",
            "sendasdenied",
            "not allowed to send as",
            "not authorized to send on behalf",
            "permissions to send as this sender",
            "authorized to send from",
            "authorised to send from",
            "relaying disallowed as",
            "not owned by",
            "not permitted for user",
            "does not belong to",
            "not allowed to use this sender",
            "not authorized for this account",
            "sender address rejected + not logged in",
            "address is not verified",
            "address not verified",
            "identities failed the check",
            "verified sender",
            "sender signature",
            "verified + identit",
            "from address + not authorized",
            "sender address is not allowed",
            "from address is not one of your",
            "must match the login",
            "not authorised for this account",
            "not a validated domain",
            "sender domain + not permitted + relay",
        ],
    )
    .microsoft(&["5.2.252", "5.7.60", "5.7.64"]),
    known(
        "does not relay",
        Cause::D42,
        &["relay denied", "relay access denied", "relaying denied", "unable to relay", "relay not permitted"],
    ),
    known(
        "sender's domain takes no mail",
        Cause::D32,
        &[
            "domain of sender address",
            "sender domain must",
            "sender domain + not exist",
            "sender address rejected + domain not found",
            "sender address rejected + domain does not exist",
            "unresolvable sender",
            "sender address + null mx",
        ],
    )
    .registry(&["1.8", "7.27"]),
    known(
        "recipient's domain takes no mail",
        Cause::D34,
        &[
            "find the recipient domain",
            "?p=badrcptdomain",
            "recipient address rejected + domain not found",
            "recipient address has null mx",
            "domain does not accept mail",
        ],
    )
    .google(&["1.2"])
    .registry(&["1.2", "1.10"]),
    known("greylisting", Cause::E06, &["greylist", "graylist", "grey-list"]),
    known(
        "HELO name",
        Cause::D35,
        &["helo + is invalid", "helo + rejected", "invalid helo", "invalid ehlo", "bad helo", "?p=helo"],
    ),
    known(
        "no PTR record",
        Cause::D07,
        &[
            "ptr record",
            "ipv6 + guidelines",
            "?p=ipv6autherror",
            "reverse dns",
            "cannot find your hostname",
            "cannot find your reverse hostname",
            "rdns",
        ],
    )
    .google(&["7.25", "7.23"])
    .registry(&["7.25"]),
    known(
        "breaks RFC 5322",
        Cause::D08,
        &[
            "rfc 5322 compliant",
            "rfc 2822 compliant",
            "rfc 5322 specification",
            "duplicate headers",
            "?p=rfcmessagenoncompliant",
            "multiple addresses in from",
            "missing a valid message-id",
            "encoded-word syntax",
            "message is malformed",
            "header + limit of + bytes",
        ],
    )
    .google(&["6.0"])
    .registry(&["6.0"]),
    known(
        "no TLS",
        Cause::D09,
        &[
            "tls connection",
            "tls required",
            "issue a starttls",
            "starttls first",
            "starttls + required",
            "require starttls",
            "requires starttls",
            "use starttls",
            "encryption required",
            "encryption needed",
            "must use tls",
        ],
    )
    .google(&["7.29"])
    .registry(&["7.10"]),
    known(
        "sender's domain or a link is on a block list",
        Cause::D04,
        &[
            "sender address + blocked using",
            "dbl.",
            "surbl",
            "uribl",
            "uri blacklist",
            "url blacklist",
            "uri + block list",
            "url + block list",
            "looks like spam",
        ],
    ),
    known(
        "on a block list",
        Cause::D21,
        &[
            "blocked using",
            "block list",
            "blocklist",
            "blacklist",
            "spamhaus",
            "spamcop",
            "barracudacentral",
            "dnsbl",
            "banned sending ip",
            "traffic not accepted from this ip",
            "permanently deferred",
        ],
    )
    .microsoft(&["5.7.511", "5.7.606", "5.7.708", "5.7.750"]),
    known(
        "likely unsolicited",
        Cause::D04,
        &[
            "unsolicited",
            "very low reputation",
            "suspicious due to",
            "?p=unsolicitedmessageerror",
            "flagged as spam",
            "spam message",
            "message is spam",
            "probability of spam",
            "as spam",
            "spam content",
            "spam score",
            "spam detected",
            "rejected: spam",
            "content filter",
        ],
    ),
    known(
        "not authorized to send directly",
        Cause::D36,
        &["not authorized + send email directly", "?p=notauthorizederror"],
    ),
    known(
        "policy of the recipient's organization",
        Cause::D26,
        &["has a policy that prohibited", "violates + email policy", "- gcdp", "notauthenticatedfor"],
    )
    .microsoft(&["5.7.124", "5.7.133", "5.7.134", "5.7.135", "5.7.136"]),
    known("forwarding to the outside is forbidden", Cause::D33, &["not allow external forwarding"])
        .microsoft(&["5.7.520"]),
    known(
        "dangerous content",
        Cause::D20,
        &[
            "potential security issue",
            "illegal attachment",
            "?p=blockedmessage",
            "contains a virus",
            "contains virus",
            "infected with",
            "virus found",
            "virus detected",
        ],
    ),
    known(
        "message is too big",
        Cause::D19,
        &[
            "message size limit",
            "size limit",
            "message too large",
            "message too big",
            "message file too big",
            "maximum message size",
            "number of attachments + limit",
            "?p=maxsizeerror",
        ],
    )
    .google(&["2.3", "3.4"])
    .registry(&["2.3", "3.4"]),
    known(
        "mail loop",
        Cause::D22,
        &[
            "exceeded 50 hops",
            "mail loop",
            "hop count exceeded",
            "too many hops",
            "is looping",
            "loops back to",
            "forwarding loop",
            "routing loop",
            "?p=mailloop",
        ],
    )
    .google(&["4.6"])
    .microsoft(&["5.4.14"])
    .registry(&["4.6"]),
    known("receives too quickly", Cause::D17, &["mail too quickly", "at a rate that prevents", "?p=receivingrate"])
        .google(&["4.2.1"]),
    known(
        "sending limit",
        Cause::D18,
        &[
            "sending limit exceeded",
            "sending quota exceeded",
            "relay limit exceeded",
            "email quota exceeded",
            "sender over quota",
            "bad outbound sender",
            "suspended for sending",
            "disabled for sending",
            "your account + suspended",
        ],
    )
    .google(&["5.4.5"])
    .microsoft(&["5.1.8", "5.1.90", "5.2.121", "5.2.122"]),
    known(
        "mailbox is full",
        Cause::D15,
        &[
            "out of storage space",
            "over quota",
            "overquota",
            "mailbox is full",
            "mailbox full",
            "exceeded storage allocation",
            "mailbox size limit",
            "mailbox has exceeded",
            "?p=overquota",
        ],
    )
    .google(&["2.2"])
    .registry(&["2.2"]),
    known(
        "mailbox is inactive",
        Cause::D16,
        &[
            "account + is disabled",
            "mailbox + is disabled",
            "user + is disabled",
            "recipient + is disabled",
            "address + is disabled",
            "mailbox disabled",
            "account disabled",
            "been disabled",
            "is inactive",
            "account + suspended",
            "?p=disableduser",
        ],
    )
    .registry(&["2.1"]),
    known(
        "no such user",
        Cause::D14,
        &[
            "no such user",
            "user unknown",
            "unknown user",
            "user not found",
            "recipient not found",
            "recipientnotfound",
            "no such recipient",
            "invalid recipient",
            "unknown recipient",
            "recipient unknown",
            "mailbox not found",
            "no mailbox here by that name",
            "no such mailbox",
            "account + does not exist",
            "mailbox + does not exist",
            "user + does not exist",
            "recipient + does not exist",
            "address + does not exist",
            "user + doesn't exist",
            "account + doesn't exist",
            "doesn't have a + account",
            "?p=nosuchuser",
        ],
    )
    .google(&["1.1"])
    .microsoft(&["5.1.10", "5.4.1"])
    .registry(&["1.1", "1.3", "1.6"]),
    known("too many recipients", Cause::D37, &["too many recipients"]).google(&["5.3"]).registry(&["5.3"]),
    known(
        "login",
        Cause::D38,
        &[
            "authentication required",
            "username and password not accepted",
            "client was not authenticated",
            "authentication unsuccessful",
            "too many login attempts",
            "?p=badcredentials",
            "?p=wantautherror",
        ],
    )
    .google(&["7.8"])
    .microsoft(&["5.7.57", "5.7.139"])
    .registry(&["7.8"]),
    known(
        "try again later",
        Cause::D39,
        &[
            "try again later",
            "try reconnecting",
            "temporarily rejected",
            "temporary lookup failure",
            "temporary system problem",
            "server busy",
            "timeout - closing",
        ],
    )
    .google(&["3.0", "4.5"])
    .registry(&["3.1", "3.2", "4.5"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_lower_case_as_the_texts_are_that_they_are_looked_for_in() {
        for words in KNOWN.iter().flat_map(|known| known.words) {
            assert_eq!(*words, words.to_lowercase());
        }
    }
}
