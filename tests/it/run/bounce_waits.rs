//! What ends the waiting for a bounce, or for a copy when a bounce is about somebody else.

use crate::{
    run::absence::{run, scenario},
    support::mail_script::{ALL, INBOX, SENDER, SPAM, Script, later},
};

#[test]
fn a_report_about_another_recipient_of_the_alias_ends_nothing() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.bounce("bob@elsewhere.example", "failed", "5.1.1"), &[SENDER]);
        later(2500);
        mailboxes.put(&mail.raw, &[INBOX, ALL]);
    });
    let expect = "expect:\n  - delivered: { to: gmail, auth: { arc: any } }\n";
    let (ran, attempt, failed) = run(script.project(), &scenario("timeout: 60s", expect), &[]);
    assert!(ran.code == 0 && failed.is_empty(), "{failed:?}: {ran}");
    let kinds: Vec<_> = attempt["observed"].as_array().unwrap().iter().map(|o| o["kind"].clone()).collect();
    assert_eq!(kinds, ["bounce", "copy"], "the report is evidence all the same");
}

#[test]
fn a_report_about_the_mailbox_itself_ends_the_waiting() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.bounce("probe.inbox@gmail.com", "failed", "5.7.26"), &[SENDER]);
    });
    // Whoever waited to the end would be cut off.
    let expect = "expect:\n  - delivered: { to: gmail, auth: { arc: any } }\n";
    let (ran, _, failed) = run(script.project(), &scenario("timeout: 10m", expect), &["--global-timeout", "60s"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(failed[0].1.starts_with("bounce 5.7.26 to external after "), "{failed:?}");
}

#[test]
fn the_bounce_that_is_waited_for_fits_in_every_part() {
    let script = Script::new(|mailboxes, mail| {
        mailboxes.put(&mail.bounce("bob@elsewhere.example", "failed", "5.1.1"), &[SENDER]);
        mailboxes.put(&mail.bounce("probe.inbox@gmail.com", "delayed", "4.7.1"), &[SENDER]);
        later(1500);
        mailboxes.put(&mail.bounce("probe.inbox@gmail.com", "failed", "5.7.26"), &[SENDER]);
    });
    let expect = "expect:\n  - bounced: { to: external, final_recipient: probe.inbox@gmail.com, status: 5.7.26 }\n";
    let (ran, _, failed) = run(script.project(), &scenario("timeout: 60s", expect), &[]);
    assert!(ran.code == 0 && failed.is_empty(), "{failed:?}: {ran}");
}

#[test]
fn without_an_action_a_failure_is_meant() {
    let script = |last: &'static str| {
        Script::new(move |mailboxes, mail| {
            mailboxes.put(&mail.bounce("probe.inbox@gmail.com", "delayed", "4.7.1"), &[SENDER]);
            if !last.is_empty() {
                later(1500);
                mailboxes.put(&mail.bounce("probe.inbox@gmail.com", last, "5.7.26"), &[SENDER]);
            }
        })
    };
    let expect = "expect: [ bounced: external ]\n";
    let (ran, ..) = run(script("failed").project(), &scenario("timeout: 60s", expect), &[]);
    assert_eq!(ran.code, 0, "{ran}");
    // A delay is not the end of the story, and no answer either.
    let (ran, attempt, failed) = run(script("").project(), &scenario("timeout: 3s", expect), &[]);
    assert_eq!((ran.code, attempt["status"].as_str()), (1, Some("timed_out")), "{failed:?}: {ran}");
}

#[test]
fn mail_that_is_moved_is_one_mail() {
    let script = Script::new(|mailboxes, mail| {
        let id = mailboxes.put(&mail.raw, &[INBOX, ALL]);
        later(1000);
        mailboxes.move_to(id, INBOX, SPAM);
    });
    let expect = "expect:
  - count: { to: gmail, folder: spam, is: 1, settle: 3s }
  - count: { to: gmail, is: 2, settle: 3s }
";
    let (ran, _, failed) = run(script.project(), &scenario("timeout: 6s", expect), &[]);
    assert_eq!(ran.code, 1, "{ran}");
    let seen = "1 copy in inbox or spam of gmail; one was moved from inbox to spam";
    assert_eq!(failed, [("expect[1].count".to_owned(), seen.to_owned())], "{ran}");
}
