use super::*;
use crate::doctor::Status;
use serde_json::json;

/// Settings that are sound, with these changes.
async fn judged(changes: &[(&str, &str)], actions: serde_json::Value) -> Report {
    let sound = [
        ("smtpd_milters", "inet:127.0.0.1:11332"),
        ("milter_default_action", "tempfail"),
        ("smtp_line_length_limit", "0"),
        ("smtp_tls_security_level", "may"),
        ("sender_canonical_maps", "tcp:127.0.0.1:10001"),
    ];
    let settings = sound.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let rspamd = RspamdSettings { actions, ..RspamdSettings::default() };
    let mut report = Report::default();
    PostfixSettings { settings, ..PostfixSettings::default() }.judge(Some(&rspamd), false, &mut report).await;
    report
}

#[tokio::test]
async fn settings_that_are_sound_are_told_nothing() {
    let report = judged(&[], json!({ "add_header": 15, "reject": 15 })).await;
    assert_eq!(report.worst(), Status::Ok, "{report:?}");
}

#[tokio::test]
async fn every_setting_that_can_go_wrong_has_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("checks");
    fs::write(&table, "/^X-Spam: Yes/ DISCARD\n/^Subject:/ REPLACE Subject: x\n").unwrap();
    let table = format!("pcre:{}", table.display());
    for (name, value, code, status) in [
        ("smtp_header_checks", table.as_str(), "B06", Status::Fail),
        ("smtp_mime_header_checks", &table, "B06", Status::Fail),
        ("smtp_header_checks", "lmdb:/x", "", Status::Unknown),
        ("smtp_body_checks", "lmdb:/x", "", Status::Unknown),
        ("smtp_body_checks", &table, "B04", Status::Fail),
        ("smtp_line_length_limit", "998", "B17", Status::Warn),
        ("smtpd_discard_ehlo_keywords", "chunking, 8BITMIME", "B05", Status::Warn),
        ("content_filter", "smtp-amavis:[127.0.0.1]:10024", "C02", Status::Warn),
        ("sender_canonical_maps", "", "D01", Status::Warn),
        ("smtp_tls_security_level", "", "D09", Status::Warn),
        ("virtual_transport", "lmtp:unix:private/dovecot-lmtp", "A15", Status::Warn),
        ("smtpd_milters", "", "A17", Status::Fail),
        ("smtpd_milters", "inet:127.0.0.1:8891", "A00", Status::Warn),
        ("relayhost", "[smtp.relay.example]:587", "D27", Status::Warn),
        ("default_transport", "smtp:[smtp.relay.example]", "D27", Status::Warn),
        ("sender_dependent_relayhost_maps", "lmdb:/x", "D27", Status::Warn),
        ("smtpd_sender_restrictions", "reject_unverified_sender", "D13", Status::Warn),
    ] {
        let report = judged(&[(name, value)], json!({})).await;
        let odd: Vec<_> = report.checks.iter().filter(|c| c.status != Status::Ok).collect();
        assert_eq!(odd.len(), 1, "{name} = {value}: {odd:?}");
        assert_eq!(
            (odd[0].code.map(Cause::as_str).unwrap_or_default(), odd[0].status),
            (code, status),
            "{name} = {value}"
        );
        assert!(odd[0].next.is_some());
    }
}

#[tokio::test]
async fn a_relay_of_the_own_domain_is_no_stranger() {
    for (relay, wanted) in [
        ("[out.corp.example]:587", Status::Ok),
        ("out.corp.example", Status::Ok),
        ("out.other.example", Status::Warn),
        ("[203.0.113.9]", Status::Warn),
    ] {
        let report = judged(&[("myhostname", "mx.corp.example"), ("relayhost", relay)], json!({})).await;
        assert_eq!(report.check("postfix.relayhost").unwrap().status, wanted, "{relay}");
    }
}

#[tokio::test]
async fn spam_is_refused_or_told() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("checks");
    fs::write(&table, "/^X-Spam: Yes/ DISCARD\n").unwrap();
    let checks = [("milter_header_checks", &*format!("pcre:{}", table.display()))];
    let status = async |changes: &[(&str, &str)], actions| {
        judged(changes, actions).await.check("postfix.spam").map(|c| (c.status, c.code))
    };
    let stock = json!({ "add_header": 6, "reject": 15 });
    assert_eq!(status(&[], stock.clone()).await, Some((Status::Warn, Some(Cause::D12))));
    assert_eq!(status(&checks, stock).await, Some((Status::Ok, None)));
    assert_eq!(status(&[], json!({ "add_header": 6, "reject": 6 })).await, Some((Status::Ok, None)));
    assert_eq!(status(&[], json!({ "reject": 15 })).await, Some((Status::Ok, None)));
    let unread = [("milter_header_checks", "lmdb:/x")];
    assert_eq!(status(&unread, json!({ "add_header": 6, "reject": 15 })).await, Some((Status::Unknown, None)));
}

#[tokio::test]
async fn a_file_that_postfix_refuses_fails() {
    let mut report = Report::default();
    let refused = Some("main.cf, line 8: missing '='".to_owned());
    PostfixSettings { refused, ..PostfixSettings::default() }.judge(None, true, &mut report).await;
    assert_eq!((report.checks.len(), report.worst()), (1, Status::Fail));
    let parsed = values("a = b = c\nsmtp/inet/smtpd_milters =\njunk\n");
    assert_eq!(parsed["a"], "b = c");
    assert_eq!(parsed["smtp/inet/smtpd_milters"], "");
}
