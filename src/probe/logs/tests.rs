use super::*;
use crate::target::TargetKind;
use std::{fs, io::Write, path::Path};

const ID: &str = "<1.0@sender.example>";

fn account(logs: Vec<LogSource>) -> Account {
    Account { logs, ..Account::new("company", "info@corp.example") }
}

fn target(accounts: &[Account]) -> Target {
    let accounts = accounts.iter().map(|a| (a.name.clone(), a.clone())).collect();
    Target { kind: TargetKind::Gmail, accounts, dns: None, rspamd: None }
}

fn program(words: &[&str]) -> LogSource {
    LogSource::Program { words: words.iter().map(|w| (*w).to_owned()).collect(), folder: "".into() }
}

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

async fn gather(logs: &Logs, account: &Account, since: &Mark, wanted: Option<&str>) -> LogResult {
    let enough = |lines: &[LogLine]| wanted.is_none_or(|w| lines.iter().any(|l| l.text.contains(w)));
    let request = LogRequest { accounts: &[account], message_id: ID, since, until: None, enough: &enough };
    logs.gather(&request).await
}

fn texts(gathered: &LogResult) -> Vec<(&str, u32, &str)> {
    gathered.lines.iter().map(|l| (l.artifact.as_str(), l.line, l.text.as_str())).collect()
}

#[tokio::test]
async fn lines_that_come_while_somebody_waits_are_read_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let (mail, rspamd) = (dir.path().join("mail.log"), dir.path().join("rspamd.log"));
    append(&mail, &format!("mx postfix/cleanup[1]: AAAAAA1: message-id={ID}\n"));
    append(&rspamd, "");
    let account = account(vec![LogSource::File(rspamd.clone()), LogSource::File(mail.clone())]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let mark = logs.mark(0);
    append(&mail, &format!("mx postfix/cleanup[1]: AAAAAA2: message-id={ID}\nmx postfix/smtpd[2]: connect from a\n"));
    let later = async {
        append(&rspamd, &format!("#1(normal) <8a5425>; proxy; rspamd_task_write_log: id: {ID}, qid: <AAAAAA2>\n"));
        append(&mail, "mx postfix/smtp[1]: AAAAAA2: to=<a@b.example>, dsn=2.0.0, status=sent (250 OK)\n");
    };
    let (gathered, ()) = tokio::join!(gather(&logs, &account, &mark, None), later);
    assert_eq!(gathered.unread, []);
    let all = texts(&gathered);
    assert_eq!(
        all.iter().map(|(artifact, line, _)| (*artifact, *line)).collect::<Vec<_>>(),
        [("rspamd.log", 1), ("mail.log", 1), ("mail.log", 2)]
    );
    assert!(all[1].2.contains("AAAAAA2: message-id") && all[2].2.contains("status=sent"), "{all:?}");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none.log");
    let account = account(vec![
        LogSource::File(missing.clone()),
        program(&["sh", "-c", "echo one; echo why >&2; exit 3"]),
        program(&["no-such-program-here"]),
    ]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let LogResult { lines, unread } = gather(&logs, &account, &logs.mark(0), None).await;
    assert_eq!(lines, []);
    let problems: Vec<_> = unread.iter().map(|u| u.problem.as_str()).collect();
    assert!(problems[0].starts_with(&format!("{} cannot be read: ", missing.display())), "{problems:?}");
    assert_eq!(problems[1], "the program `sh` failed: exit status: 3: why");
    assert!(problems[2].starts_with("the program `no-such-program-here` cannot be started: "), "{problems:?}");
    assert_eq!(unread[2].next, "run it by hand: no-such-program-here");
    assert!(unread.iter().all(|u| u.account == "company" && !u.next.is_empty()));
}

#[tokio::test]
async fn a_program_is_run_until_the_log_tells_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let count = dir.path().join("count");
    // The second run tells more than the first.
    let script = format!(
        "echo \"mx postfix/cleanup[1]: AAAAAA2: message-id={ID} since $1\"; \
         test -e {0} && echo 'mx postfix/smtp[1]: AAAAAA2: to=<a@b.example>, status=sent (250 OK)'; touch {0}",
        count.display()
    );
    let account = account(vec![program(&["sh", "-c", &script, "sh", "@{since}"])]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let gathered = gather(&logs, &account, &logs.mark(1_000), None).await;
    let all = texts(&gathered);
    assert_eq!(all.len(), 2, "{gathered:?}");
    assert!(all[0].2.ends_with("since @940"), "{all:?}");
}

#[tokio::test]
async fn a_program_that_follows_the_log_is_ended_when_it_has_told_enough() {
    let script = format!(
        "echo 'mx postfix/cleanup[1]: AAAAAA2: message-id={ID}'; \
         echo 'mx postfix/smtp[1]: AAAAAA2: to=<a@b.example>, status=sent (250 OK)'; exec tail -f /dev/null"
    );
    let account = account(vec![program(&["sh", "-c", &script])]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let started = Instant::now();
    let gathered = gather(&logs, &account, &logs.mark(0), Some("status=sent")).await;
    assert_eq!((gathered.lines.len(), gathered.unread.len()), (2, 0));
    assert!(started.elapsed() < PROGRAM);
}

#[tokio::test]
async fn two_accounts_of_one_server_share_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mail = dir.path().join("mail.log");
    append(&mail, "");
    let one = account(vec![LogSource::File(mail.clone())]);
    let other = Account { name: "company-2".into(), ..one.clone() };
    let logs = Logs::open(&target(&[one.clone(), other.clone()]));
    let mark = logs.mark(0);
    append(&mail, &format!("mx postfix/cleanup[1]: AAAAAA2: message-id={ID}\nmx postfix/qmgr[1]: AAAAAA2: removed\n"));
    let request =
        LogRequest { accounts: &[&one, &other], message_id: ID, since: &mark, until: None, enough: &|_| true };
    let gathered = logs.gather(&request).await;
    let all: Vec<_> = gathered.lines.iter().map(|l| (l.account.as_str(), l.line)).collect();
    assert_eq!(all, [("company", 1), ("company-2", 1), ("company", 2), ("company-2", 2)]);
}

#[tokio::test]
async fn lines_from_before_are_read_when_a_mail_is_looked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail.log");
    append(&path, &format!("mx postfix/cleanup[1]: AAAAAA1: message-id={ID}\n"));
    append(&path, "mx postfix/smtp[1]: AAAAAA1: to=<a@b.example>, dsn=2.0.0, status=sent (250 OK)\n");
    let account = account(vec![LogSource::File(path.clone())]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let now = gather(&logs, &account, &logs.mark(0), None).await;
    assert_eq!((now.lines.len(), now.unread.len()), (0, 0));
    let past = gather(&logs, &account, &Logs::mark_past(i64::MIN), None).await;
    assert_eq!((past.lines.len(), past.unread.len()), (2, 0));
    // Put away since: that it says nothing means nothing.
    fs::write(&path, "").unwrap();
    let past = gather(&logs, &account, &Logs::mark_past(0), None).await;
    assert!(past.lines.is_empty() && past.unread[0].problem.contains("says nothing of the mail any more"), "{past:?}");
}

#[tokio::test]
async fn a_log_of_before_is_read_to_its_end_however_long_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail.log");
    let filler = format!("mx postfix/smtpd[1]: connect from {}\n", "x".repeat(1_000)).repeat(72 << 10);
    append(&path, &format!("mx postfix/cleanup[1]: AAAAAA1: message-id={ID}\n{filler}"));
    append(&path, "mx postfix/smtp[1]: AAAAAA1: to=<a@b.example>, dsn=2.0.0, status=sent (250 OK)\n");
    let account = account(vec![LogSource::File(path)]);
    let logs = Logs::open(&target(std::slice::from_ref(&account)));
    let past = gather(&logs, &account, &Logs::mark_past(0), None).await;
    assert_eq!((past.lines.len(), past.unread.len()), (2, 0), "{past:?}");
}
