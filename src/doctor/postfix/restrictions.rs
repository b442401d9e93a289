//! Restrictions of smtpd that keep mail out before it can be forwarded.

use super::PostfixSettings;
use crate::{
    catalogue::Cause,
    doctor::{Report, Status},
};

/// The lists, in the order in which Postfix goes through them.
const LISTS: [&str; 7] = [
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
];

/// Restrictions that keep out mail which is wanted, and what they do.
const HARMFUL: [(&str, &str); 4] = [
    (
        "reject_unverified_recipient",
        "asks the receiver about the recipient first: mail is refused here whenever the receiver defers or is not reached",
    ),
    (
        "reject_unverified_sender",
        "asks the sender's server back, which many do not answer, and many take for an attack",
    ),
    ("reject_unknown_client_hostname", "refuses clients whose name and address do not lead to each other"),
    ("reject_unknown_reverse_client_hostname", "refuses clients whose address has no name"),
];

/// Says which restrictions of the server at port 25 keep mail from outside away.
pub(super) fn judge(seen: &PostfixSettings, report: &mut Report) {
    let before = report.checks.len();
    for name in LISTS {
        let own = seen.services.get(&format!("smtp/inet/{name}")).map(String::as_str);
        let Some(list) = own.or(seen.get(name)) else { continue };
        let check = format!("postfix.{name}");
        let words: Vec<&str> = list.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
        // What stands before lets in those that were named, and nobody else.
        if let Some(end) = words.iter().position(|word| matches!(*word, "reject" | "defer"))
            && words[..end].iter().all(|word: &&str| matches!(*word, "permit_mynetworks" | "permit_sasl_authenticated"))
        {
            let text = format!("mail from outside is refused ({name} = {list})");
            let next = "keep this for submission: write it behind `-o` at that service in master.cf";
            report.fail(&check, Cause::D13, text, next);
        }
        for (word, what) in HARMFUL.iter().filter(|(word, _)| words.contains(word)) {
            report.warn(&check, Cause::D13, format!("`{word}` {what}"), format!("take it out of `{name}`"));
        }
    }
    if seen.get("smtpd_tls_security_level") == Some("encrypt")
        && seen.services.get("smtp/inet/smtpd_tls_security_level").is_none_or(|level| level == "encrypt")
    {
        let text = "servers that do not speak TLS cannot hand mail in (smtpd_tls_security_level = encrypt)";
        report.warn("postfix.smtpd_tls_security_level", Cause::D13, text, "postconf -e smtpd_tls_security_level=may");
    }
    if report.checks[before..].iter().all(|c| c.status == Status::Ok) {
        report.ok("postfix.restrictions", "no restriction that was looked at keeps mail from outside away");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(settings: &[(&str, &str)], services: &[(&str, &str)]) -> Vec<(String, Status)> {
        let owned = |all: &[(&str, &str)]| all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let mut report = Report::default();
        let seen = PostfixSettings { settings: owned(settings), services: owned(services), refused: None };
        judge(&seen, &mut report);
        report.checks.into_iter().map(|c| (c.check, c.status)).collect()
    }

    #[test]
    fn what_keeps_mail_out_is_told() {
        let recipient = "smtpd_recipient_restrictions";
        for (list, wanted) in [
            ("permit_mynetworks, permit_sasl_authenticated, reject", Some(Status::Fail)),
            ("permit_mynetworks reject", Some(Status::Fail)),
            ("reject_unauth_destination, reject_unverified_recipient", Some(Status::Warn)),
            ("reject_unverified_sender", Some(Status::Warn)),
            ("permit_mynetworks, reject_unauth_destination", None),
            ("check_recipient_access inline:{a@b.example=OK}, reject", None),
            ("permit_mynetworks, permit_auth_destination, reject", None),
            ("", None),
        ] {
            let found = judged(&[(recipient, list)], &[]);
            let expected = match wanted {
                Some(status) => (format!("postfix.{recipient}"), status),
                None => ("postfix.restrictions".to_owned(), Status::Ok),
            };
            assert_eq!(found, [expected], "{list}");
        }
        let own =
            [("smtp/inet/smtpd_client_restrictions", ""), ("submission/inet/smtpd_client_restrictions", "reject")];
        assert_eq!(judged(&[("smtpd_client_restrictions", "reject")], &own)[0].1, Status::Ok, "master.cf has its own");
        let level = [("smtpd_tls_security_level", "encrypt")];
        assert_eq!(judged(&level, &[])[0].1, Status::Warn);
        assert_eq!(judged(&level, &[("smtp/inet/smtpd_tls_security_level", "may")])[0].1, Status::Ok);
    }
}
