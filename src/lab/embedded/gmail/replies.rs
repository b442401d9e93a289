//! Gmail's refusals: codes, texts, and how it wraps them over lines.

use crate::lab::embedded::smtp_server::{Reply, Status};
use std::net::IpAddr;

/// Text in a line of a reply, at most.
const WIDTH: usize = 68;

/// A refusal of the catalogue. In its text `{ip}`, `{from}` and `{mailfrom}` stand for the [`Facts`]; a line feed is
/// kept, other lines are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    status: Status,
    text: &'static str,
}

/// What a refusal says of a message.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The client's address.
    pub client: IpAddr,
    /// The domain of the From field.
    pub from: String,
    /// The domain that SPF was asked for.
    pub mailfrom: String,
}

macro_rules! refusals {
    ($($name:ident = $code:literal ($class:literal, $subject:literal, $detail:literal) $text:expr;)*) => {
        $(pub(super) const $name: Refusal =
            Refusal { code: $code, status: Status($class, $subject, $detail), text: $text };)*
        /// Every refusal; the first of a code and status is the one that a bare code and status stand for.
        const CATALOGUE: &[Refusal] = &[$($name),*];
    };
}

refusals! {
    TRY_AGAIN = 421 (4, 7, 0) "Try again later, closing connection.";
    SYSTEM_PROBLEM = 421 (4, 3, 0) "Temporary System Problem.  Try again later";
    BUSY = 421 (4, 4, 5) "Server busy, try again later.";
    UNAUTHENTICATED_DEFERRED = 421 (4, 7, 26) "This mail has been rate limited because it is unauthenticated.\n\
        Gmail requires all senders to authenticate with either SPF or DKIM.\n\n \
        Authentication results:\n DKIM = did not pass\n SPF [{mailfrom}] with ip: [{ip}] = did not pass\n\n \
        To mitigate this issue, please visit Gmail's authentication guide\nfor instructions on setting up authentication:\n \
        https://support.google.com/mail/answer/81126#authentication";
    BULK_SPF_DEFERRED = 421 (4, 7, 27) "Your email has been rate limited because SPF authentication didn't pass for this \
        message. Gmail requires all bulk email senders to authenticate their email with SPF.\n\n \
        Authentication results:\n SPF [{mailfrom}] with ip: [{ip}] = Did not pass\n\n \
        To set up SPF for your sending domains, visit\n https://support.google.com/mail/answer/81126#authentication";
    RATE_DEFERRED = 421 (4, 7, 28) "Gmail has detected an unusual rate of unsolicited mail originating from your IP \
        address [{ip}]. To protect our users from spam, mail sent from your IP address has been temporarily rate \
        limited. For more information, go to\n https://support.google.com/mail/?p=UnsolicitedRateLimitError";
    TLS_DEFERRED = 421 (4, 7, 29) "Your email has been rate limited because this message wasn't sent over a TLS \
        connection. Gmail requires all bulk email senders to use TLS/SSL for SMTP connections. For more information, \
        go to\n https://support.google.com/mail/answer/81126#tls";
    BULK_DKIM_DEFERRED = 421 (4, 7, 30) "Your email has been rate limited because DKIM authentication didn't pass for \
        this message. Gmail requires all bulk email senders to authenticate their email with DKIM.\n\n \
        Authentication results:\n DKIM = Did not pass\n\n \
        To set up DKIM for your sending domains, visit\n https://support.google.com/mail/answer/81126#authentication";
    ALIGNMENT_DEFERRED = 421 (4, 7, 32) "Your email has been rate limited because the From: header (RFC5322) in this \
        message isn't aligned with either the authenticated SPF or DKIM organizational domain. For more information, \
        go to\n https://support.google.com/mail/answer/81126#authentication";
    DMARC_RECORD_DEFERRED = 421 (4, 7, 40) "Your email has been rate limited because the sending domain {from} doesn't \
        have a DMARC record, or the DMARC record doesn't specify a DMARC policy. For more information, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    TOO_QUICKLY = 450 (4, 2, 1) "The user you are trying to contact is receiving email too quickly. Please resend your \
        message at a later time. If the user is able to receive email at that time, your message will be delivered. \
        For more information, go to\n https://support.google.com/mail/?p=ReceivingRate";
    REJECTED_FOR_NOW = 451 (4, 3, 0) "Mail server temporarily rejected message.";
    PTR_DEFERRED = 451 (4, 7, 23) "The sending IP address for this message doesn't have a PTR record, or the PTR \
        record's forward DNS entry doesn't match the sending IP address. To protect users from spam, your email has \
        been temporarily rate limited. For more information, go to\n \
        https://support.google.com/mail/answer/81126#ip-practices";
    SPF_SUSPICIOUS_DEFERRED = 451 (4, 7, 24) "The SPF record of the sending domain has one or more suspicious entries. To \
        protect our users from spam, mail sent from your IP address has been temporarily rate limited. For more \
        information, go to\n https://support.google.com/mail/answer/81126#authentication";
    DMARC_DEFERRED = 451 (4, 7, 26) "Unauthenticated email from {from} is not accepted due to domain's DMARC policy, but \
        temporary DNS failures prevent authentication. Please contact the administrator of {from} domain if this was \
        a legitimate mail. To learn about the DMARC initiative, go to\n \
        https://support.google.com/mail/?p=DmarcRejection";
    OUT_OF_STORAGE = 452 (4, 2, 2) "The recipient's inbox is out of storage space. Please direct the recipient to\n \
        https://support.google.com/mail/?p=OverQuotaTemp";
    TOO_MANY_RECIPIENTS = 452 (4, 5, 3) "Your message has too many recipients. For more information regarding Google's \
        sending limits, go to\n https://support.google.com/mail/?p=TooManyRecipientsError";
    NO_SUCH_USER = 550 (5, 1, 1) "The email account that you tried to reach does not exist. Please try double-checking \
        the recipient's email address for typos or unnecessary spaces. For more information, go to\n \
        https://support.google.com/mail/?p=NoSuchUser";
    INACTIVE = 550 (5, 2, 1) "The email account that you tried to reach is inactive. For more information, go to\n \
        https://support.google.com/mail/?p=DisabledUser";
    OVER_QUOTA = 552 (5, 2, 2) "The recipient's inbox is out of storage space and inactive. Please direct the recipient \
        to\n https://support.google.com/mail/?p=OverQuotaPerm";
    TOO_BIG = 552 (5, 3, 4) "Your message exceeded Google's message size limits. To view our message size guidelines, go \
        to\n https://support.google.com/mail/?p=MaxSizeError";
    DAILY_LIMIT = 550 (5, 4, 5) "Daily user sending limit exceeded. For more information on Gmail sending limits go to\n \
        https://support.google.com/a/answer/166852";
    HOPS = 554 (5, 4, 6) "Message exceeded 50 hops, this may indicate a mail loop. For more information, go to\n \
        https://support.google.com/mail/?p=MailLoop";
    MALFORMED = 554 (5, 6, 0) "Mail message is malformed. Not accepted. For more information, go to\n \
        https://support.google.com/mail/?p=RfcMessageNonCompliant";
    UNSOLICITED = 550 (5, 7, 1) "[{ip}      12] Gmail has detected that this message is likely unsolicited mail. To reduce \
        the amount of spam sent to Gmail, this message has been blocked. For more information, go to\n \
        https://support.google.com/mail/?p=UnsolicitedMessageError";
    NO_FROM = 550 (5, 7, 1) "[{ip}] Messages missing a valid address in the From: header, or having no From: header, are \
        not accepted. For more information, go to\n https://support.google.com/mail/?p=RfcMessageNonCompliant and \
        review RFC 5322 specifications.";
    SEVERAL_FROM = 550 (5, 7, 1) "[{ip}] Messages with multiple addresses in From: header are not accepted. For more \
        information, go to\n https://support.google.com/mail/?p=RfcMessageNonCompliant and review RFC 5322 \
        specifications.";
    NO_MESSAGE_ID = 550 (5, 7, 1) "[{ip}] Messages missing a valid Message-ID: header are not accepted. For more \
        information, go to\n https://support.google.com/mail/?p=RfcMessageNonCompliant and review RFC 5322 \
        specifications.";
    DUPLICATE_HEADERS = 550 (5, 7, 1) "[{ip}] This message is not RFC 5322 compliant because it has duplicate headers. To \
        reduce the amount of spam sent to Gmail, this message has been blocked. For more information, go to\n \
        https://support.google.com/mail/?p=RfcMessageNonCompliant and review RFC 5322 specifications.";
    SPF_SUSPICIOUS = 550 (5, 7, 24) "The SPF record of the sending domain has one or more suspicious entries. For more \
        information, go to\n https://support.google.com/mail/answer/81126#authentication";
    PTR = 550 (5, 7, 25) "The sending IP address for this message doesn't have a PTR record, or the PTR record's forward \
        DNS entry doesn't match the sending IP address. As a policy, Gmail does not accept messages from IPs with \
        missing PTR records. For more information, go to\n https://support.google.com/mail/answer/81126#ip-practices";
    UNAUTHENTICATED = 550 (5, 7, 26) "This mail has been blocked because the sender is unauthenticated.\n\
        Gmail requires all senders to authenticate with either SPF or DKIM.\n\n \
        Authentication results:\n DKIM = did not pass\n SPF [{mailfrom}] with ip: [{ip}] = did not pass\n\n \
        For instructions on setting up authentication, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    SPF_HARD_FAIL = 550 (5, 7, 26) "The MAIL FROM domain [{mailfrom}] has an SPF record with a hard fail policy (-all) but \
        it fails to pass SPF checks with the ip: [{ip}]. To best protect our users from spam and phishing, the \
        message has been blocked. For more information, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    DMARC = 550 (5, 7, 26) "Unauthenticated email from {from} is not accepted due to domain's DMARC policy. Please contact \
        the administrator of {from} domain if this was a legitimate mail. To learn about the DMARC initiative, go \
        to\n https://support.google.com/mail/?p=DmarcRejection";
    BULK_SPF = 550 (5, 7, 27) "This mail has been blocked because SPF does not pass. Gmail requires all large senders to \
        authenticate with SPF.\n\n Authentication results:\n SPF [{mailfrom}] with ip: [{ip}] = Did not pass\n\n \
        For instructions on setting up SPF authentication, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    RATE = 550 (5, 7, 28) "There is an unusual rate of unsolicited mail originating from your IP address [{ip}]. To \
        protect our users from spam, mail sent from your IP address has been blocked. For more information, go to\n \
        https://support.google.com/mail/?p=UnsolicitedIPError";
    TLS = 550 (5, 7, 29) "This mail has been blocked because it wasn't sent over a TLS connection. Gmail requires all bulk \
        email senders to use TLS/SSL for SMTP connections. For more information, go to\n \
        https://support.google.com/mail/answer/81126#tls";
    BULK_DKIM = 550 (5, 7, 30) "This mail has been blocked because DKIM does not pass. Gmail requires all large senders to \
        authenticate with DKIM.\n\n Authentication results:\n DKIM = Did not pass\n\n \
        For instructions on setting up DKIM authentication, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    ALIGNMENT = 550 (5, 7, 32) "This mail has been blocked because the From: header (RFC5322) in this message isn't aligned \
        with either the authenticated SPF or DKIM organizational domain. For more information, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
    DMARC_RECORD = 550 (5, 7, 40) "This mail has been blocked because the sending domain {from} doesn't have a DMARC record, \
        or the DMARC record doesn't specify a DMARC policy. For more information, go to\n \
        https://support.google.com/mail/answer/81126#authentication";
}

impl Refusal {
    /// The reply, with the facts filled in and wrapped.
    pub(super) fn reply(&self, facts: &Facts) -> Reply {
        let text = self
            .text
            .replace("{ip}", &facts.client.to_string())
            .replace("{from}", &facts.from)
            .replace("{mailfrom}", &facts.mailfrom);
        Reply::new(self.code, self.status, wrap(&text))
    }
}

/// A reply as a knob names it: with a text of its own, or with Gmail's for its code and status. A status that Gmail
/// does not use, or none, is answered with the nearest text of the code.
pub(crate) fn catalogue_reply(wanted: &Reply, facts: &Facts) -> Reply {
    if wanted.lines.iter().any(|line| !line.trim().is_empty()) {
        return wanted.clone();
    }
    let mut same_code = CATALOGUE.iter().filter(|r| r.code == wanted.code);
    let exact = same_code.clone().find(|r| Some(r.status) == wanted.status);
    let of_class = if wanted.is_permanent() { MALFORMED } else { REJECTED_FOR_NOW };
    let found = exact.or(same_code.next()).copied().unwrap_or(of_class);
    Refusal { code: wanted.code, status: wanted.status.unwrap_or(found.status), ..found }.reply(facts)
}

/// Breaks the lines that are too long at a space; a space at the start of a line is kept.
fn wrap(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, paragraph) =
            paragraph.strip_prefix(' ').map_or((String::new(), paragraph), |rest| (" ".to_owned(), rest));
        for (at, word) in paragraph.split(' ').enumerate() {
            if at > 0 && line.len() + 1 + word.len() > WIDTH {
                lines.push(std::mem::take(&mut line));
            } else if at > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn facts() -> Facts {
        Facts { client: [198, 51, 100, 20].into(), from: "ext.example".into(), mailfrom: "srs.corp.example".into() }
    }

    #[test]
    fn long_texts_are_wrapped_and_urls_stand_alone() {
        let reply = DMARC.reply(&facts()).with_suffix(" d2e1a72fcca58-1si2.3 - gsmtp");
        assert_eq!(
            String::from_utf8(reply.to_bytes()).unwrap(),
            "550-5.7.26 Unauthenticated email from ext.example is not accepted due to\r\n\
             550-5.7.26 domain's DMARC policy. Please contact the administrator of\r\n\
             550-5.7.26 ext.example domain if this was a legitimate mail. To learn about the\r\n\
             550-5.7.26 DMARC initiative, go to\r\n\
             550 5.7.26  https://support.google.com/mail/?p=DmarcRejection d2e1a72fcca58-1si2.3 - gsmtp\r\n"
        );
        let reply = UNAUTHENTICATED.reply(&facts());
        assert_eq!(
            reply.lines,
            [
                "This mail has been blocked because the sender is unauthenticated.",
                "Gmail requires all senders to authenticate with either SPF or DKIM.",
                "",
                " Authentication results:",
                " DKIM = did not pass",
                " SPF [srs.corp.example] with ip: [198.51.100.20] = did not pass",
                "",
                " For instructions on setting up authentication, go to",
                " https://support.google.com/mail/answer/81126#authentication",
            ]
        );
    }

    #[test]
    fn every_text_fits_its_lines_and_every_class_its_code() {
        for refusal in CATALOGUE {
            let reply = refusal.reply(&facts());
            assert_eq!(refusal.status.0, refusal.code / 100, "{reply}");
            assert!(reply.lines.iter().all(|l| l.len() <= WIDTH + 4 && !l.contains(['{', '}'])), "{reply:?}");
        }
        let texts: BTreeSet<_> = CATALOGUE.iter().map(|r| r.text).collect();
        assert_eq!(texts.len(), CATALOGUE.len());
    }

    #[test]
    fn a_knob_gets_gmails_text_or_keeps_its_own() {
        let reply = |text: &str| catalogue_reply(&text.parse().unwrap(), &facts()).to_string();
        assert!(reply("421 4.7.28").starts_with("421-4.7.28 Gmail has detected an unusual rate"));
        assert!(reply("550 5.7.1").starts_with("550-5.7.1 [198.51.100.20      12] Gmail has detected"));
        assert_eq!(reply("550 5.7.1 not today"), "550 5.7.1 not today");
        assert_eq!(reply("451 4.9.9"), "451 4.9.9 Mail server temporarily rejected message.");
        assert!(reply("450").starts_with("450-4.2.1 The user you are trying to contact"));
        assert!(reply("559 5.9.9").starts_with("559-5.9.9 Mail message is malformed."));
    }
}
