//! What a mail can no longer reach.

use super::arrival::Found;
use crate::{
    evidence::{Stage, Submission},
    target::Target,
};

/// Where a mail cannot arrive any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UnreachableAccounts {
    accounts: Vec<String>,
    is_untaken: bool,
}

impl UnreachableAccounts {
    /// The accounts whose own address was reported as failed, and those that every recipient leads to was refused or reported
    /// as failed by name. A report about anybody else says nothing of them: an address of a company may stand for several
    /// people, who each have their fate. Nothing can arrive of what the first server did not take.
    pub(super) fn of(target: &Target, rcpt_to: &[String], submission: &Submission, found: &[Found]) -> Self {
        let replies = submission.replies.iter().filter(|r| r.stage == Stage::Rcpt && !r.reply.is_positive());
        let refused: Vec<&str> = replies.filter_map(|r| r.recipient.as_deref()).collect();
        let recipients = found.iter().filter_map(|f| f.arrival.dsn.as_ref()).flat_map(|dsn| &dsn.recipients);
        let failed = recipients.filter(|r| r.action.as_deref() == Some("failed"));
        // The original recipient is the address that was written to, whoever of those behind it the report is about.
        let reported: Vec<&str> =
            failed.filter_map(|r| r.final_recipient.as_deref().or(r.original_recipient.as_deref())).collect();
        let mut unreachable = Self { accounts: Vec::new(), is_untaken: !submission.may_be_accepted() };
        for account in target.accounts.values() {
            let mut ways = rcpt_to.iter().filter(|to| leads_to(target, to, &account.name)).peekable();
            let is_lost = ways.peek().is_some()
                && (is_among(&account.address, &reported)
                    || ways.all(|to| is_among(to, &refused) || is_among(to, &reported)));
            if is_lost {
                unreachable.accounts.push(account.name.clone());
            }
        }
        unreachable
    }

    /// Whether a copy cannot come to this account any more.
    pub(super) fn is_unreachable(&self, account: &str) -> bool {
        self.is_untaken || self.accounts.iter().any(|unreachable| unreachable == account)
    }

    /// Whether no server has taken the mail.
    pub(super) fn is_untaken(&self) -> bool {
        self.is_untaken
    }
}

fn is_among(address: &str, addresses: &[&str]) -> bool {
    addresses.iter().any(|one| one.eq_ignore_ascii_case(address))
}

/// Whether mail to this address ends up in, or passes through, this account.
fn leads_to(target: &Target, address: &str, account: &str) -> bool {
    let mut next = target.account_of(address);
    for _ in 0..=target.accounts.len() {
        match next {
            Some(a) if a.name == account => return true,
            Some(a) => next = a.forwards_to.as_ref().and_then(|name| target.accounts.get(name)),
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{Arrival, Folder, StageReply},
        mail::reply::Reply,
        target::{Account, TargetKind},
    };
    use std::time::Duration;

    fn target() -> Target {
        let account = |name: &str, address: &str, forwards_to: Option<&str>| Account {
            forwards_to: forwards_to.map(str::to_owned),
            ..Account::new(name, address)
        };
        let accounts = [
            account("external", "probe@ext.example", None),
            account("company", "info@corp.example", Some("gmail")),
            account("gmail", "probe.inbox@gmail.com", None),
        ];
        let accounts = accounts.into_iter().map(|a| (a.name.clone(), a)).collect();
        Target { kind: TargetKind::Embedded, accounts, dns: None, rspamd: None }
    }

    fn reply(stage: Stage, recipient: Option<&str>, code: u16) -> StageReply {
        StageReply {
            stage,
            recipient: recipient.map(str::to_owned),
            reply: Reply { code, enhanced_status: None, text: "no".into() },
            at: Duration::ZERO,
            took: Duration::ZERO,
        }
    }

    fn taken() -> Submission {
        Submission { replies: vec![reply(Stage::Message, None, 250)], ..Submission::default() }
    }

    fn report(original: &str, last: &str, action: &str) -> Found {
        let raw = format!(
            "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
             {original}Final-Recipient: rfc822; {last}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        );
        let arrival = Arrival::new("external", Folder::Inbox, 1, raw.into_bytes());
        Found { arrival, after: Duration::ZERO }
    }

    fn unreachable(found: &[Found]) -> Vec<String> {
        UnreachableAccounts::of(&target(), &["info@corp.example".to_owned()], &taken(), found).accounts
    }

    #[test]
    fn a_report_is_about_those_whom_it_names() {
        assert!(unreachable(&[]).is_empty());
        assert_eq!(unreachable(&[report("", "probe.inbox@GMAIL.com", "failed")]), ["gmail"]);
        assert_eq!(unreachable(&[report("", "Info@corp.example", "failed")]), ["company", "gmail"]);
        assert!(unreachable(&[report("", "probe.inbox@gmail.com", "delayed")]).is_empty());
        // `info@` stands for two people, and it is the other one whose mailbox is gone.
        assert!(unreachable(&[report("", "bob@elsewhere.example", "failed")]).is_empty());
        let alias = "Original-Recipient: rfc822; info@corp.example\r\n";
        assert!(unreachable(&[report(alias, "bob@elsewhere.example", "failed")]).is_empty());
        assert_eq!(unreachable(&[report(alias, "probe.inbox@gmail.com", "failed")]), ["gmail"]);
    }

    #[test]
    fn an_account_is_lost_when_every_way_to_it_is() {
        let both = ["info@corp.example".to_owned(), "probe@ext.example".to_owned()];
        let refused = Submission {
            replies: vec![reply(Stage::Rcpt, Some("Info@corp.example"), 550), reply(Stage::Message, None, 250)],
            ..Submission::default()
        };
        assert_eq!(UnreachableAccounts::of(&target(), &both, &refused, &[]).accounts, ["company", "gmail"]);
        let also = ["info@corp.example".to_owned(), "probe.inbox@gmail.com".to_owned()];
        assert_eq!(
            UnreachableAccounts::of(&target(), &also, &refused, &[]).accounts,
            ["company"],
            "gmail is written to as well"
        );
    }

    #[test]
    fn nothing_arrives_of_what_nobody_took() {
        let refused = Submission { replies: vec![reply(Stage::Message, None, 554)], ..Submission::default() };
        let unreachable = UnreachableAccounts::of(&target(), &["info@corp.example".to_owned()], &refused, &[]);
        assert!(unreachable.is_untaken() && unreachable.is_unreachable("gmail"));
        let unanswered = Submission { unanswered: Some("cut".into()), ..Submission::default() };
        assert!(!UnreachableAccounts::of(&target(), &["info@corp.example".to_owned()], &unanswered, &[]).is_untaken());
    }
}
