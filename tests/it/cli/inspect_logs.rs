//! `sealcheck inspect --log`: logs in every form, and those that say nothing of the mail.

use crate::support::program::{Project, Ran};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use std::{fs, io::Write};

const MAIL: &str = "Received: from mx.sender.example (mx.sender.example [203.0.113.5]) by mx.company.example (Postfix) with ESMTPS id 5C0FFEE123 for <desk@company.example>; Tue, 24 Nov 2026 02:42:04 +0000\n\
From: ann@sender.example\nMessage-ID: <order-7@sender.example>\n\nhi\n";
const LOG: &str = "Nov 24 02:42:04 mx postfix/cleanup[7]: 5C0FFEE123: message-id=<order-7@sender.example>\n\
Nov 24 02:42:35 mx postfix/smtp[8]: 5C0FFEE123: to=<ann.home@receiver.example>, orig_to=<desk@company.example>, relay=none, delay=30, dsn=4.4.1, status=deferred (connect to mx.receiver.example[192.0.2.26]:25: Connection timed out)\n";

/// The mail beside a log of this name.
fn beside(name: &str, log: &[u8]) -> (Ran, Value) {
    let project = Project::new();
    fs::write(project.path("mail.eml"), MAIL).unwrap();
    fs::write(project.path(name), log).unwrap();
    let ran = project.run(&["inspect", "mail.eml", "--dns", "none", "--log", name, "--format", "json"]);
    let told = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, told)
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_log_says_the_same_in_every_form() {
    for (name, log) in [("mail.log", LOG.as_bytes().to_vec()), ("mail.log.2.gz", gzip(LOG)), ("copied.txt", utf16(LOG))]
    {
        let (ran, told) = beside(name, &log);
        assert_eq!(
            (&told["diagnosis"][0]["code"], &told["diagnosis"][0]["confidence"]),
            (&"G01".into(), &"certain".into()),
            "{ran}"
        );
        let evidence = &told["diagnosis"][0]["evidence"][0];
        assert_eq!((&evidence["artifact"], &evidence["line"]), (&name.into(), &2.into()), "{ran}");
        assert_eq!(told["logs"][0]["lines"], 2, "{ran}");
        assert_eq!(ran.stderr, "", "{ran}");
    }
}

#[test]
fn a_log_that_says_nothing_of_the_mail_is_named_with_what_was_looked_for() {
    let other = LOG.replace("order-7", "order-8").replace("5C0FFEE123", "5C0FFEE999");
    let (ran, told) = beside("mail.log", other.as_bytes());
    assert_eq!(told["diagnosis"].as_array().map(Vec::len), Some(0), "{ran}");
    let logs = serde_json::json!([{ "file": "mail.log", "lines": 0, "message_ids": ["<order-7@sender.example>"], "queue_ids": ["5C0FFEE123"] }]);
    assert_eq!(told["logs"], logs, "{ran}");
    for text in ["mail.log", "<order-7@sender.example>", "5C0FFEE123"] {
        assert!(ran.stderr.contains(text), "{text}: {ran}");
    }
    let (ran, _) = beside("empty.log", b"");
    assert!(ran.stderr.contains("empty.log: no line is about the mail"), "{ran}");
}

#[test]
fn the_queue_id_finds_what_the_message_id_does_not() {
    let (_, delivery) = LOG.split_once('\n').unwrap();
    let (ran, told) = beside("mail.log", delivery.as_bytes());
    assert_eq!(told["diagnosis"][0]["code"], "G01", "{ran}");
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let whole = gzip(&LOG.repeat(200));
    for (name, log) in [("cut.gz", &whole[..whole.len() / 2]), ("mail.log.bz2", b"BZh91AY&SY")] {
        let (ran, _) = beside(name, log);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains(name), "{ran}");
    }
}

/// The mail beside several logs, in this order.
fn beside_all(mail: &str, logs: &[(&str, &str)]) -> (Ran, Value) {
    let project = Project::new();
    fs::write(project.path("mail.eml"), mail).unwrap();
    let mut args = vec!["inspect", "mail.eml", "--dns", "none", "--forwarder", "company.example", "--format", "json"];
    for (name, log) in logs {
        fs::write(project.path(name), log).unwrap();
        args.extend(["--log", name]);
    }
    let ran = project.run(&args);
    let told = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, told)
}

fn first(told: &Value) -> String {
    let first = &told["diagnosis"][0];
    format!("{} {}", first["code"].as_str().unwrap_or("OK"), first["confidence"].as_str().unwrap_or_default())
}

#[test]
fn rotated_logs_are_read_as_one_in_any_order() {
    // The mail itself does not tell the queue id.
    let mail = MAIL.replace(" id 5C0FFEE123", "");
    let (older, newer) = LOG.split_at(LOG.find('\n').unwrap() + 1);
    for logs in [[("mail.log.1", older), ("mail.log", newer)], [("mail.log", newer), ("mail.log.1", older)]] {
        let (ran, told) = beside_all(&mail, &logs);
        assert_eq!(first(&told), "G01 certain", "{ran}");
        assert_eq!((&told["logs"][0]["lines"], &told["logs"][1]["lines"]), (&1.into(), &1.into()), "{ran}");
    }
}

/// rspamd's lines about the mail with these times.
fn task(times: [&str; 3]) -> [String; 3] {
    [
        "arc; lua_dkim_tools.lua:405: use domain(header) for signature: sender.example",
        "lua; arc.lua:682: public key for domain company.example/arc is not found: no records with this name, skip signing",
        "proxy; rspamd_task_write_log: id: <order-7@sender.example>, qid: <5C0FFEE123>, ip: 203.0.113.5, from: <ann@sender.example>, (default: F (no action): [0/15] [ARC_NA(0.00){}]), rcpts: <desk@company.example>",
    ]
    .into_iter()
    .zip(times)
    .map(|(text, time)| format!("{time} #43(normal) <9e5813>; {text}\n"))
    .collect::<Vec<_>>()
    .try_into()
    .unwrap()
}

#[test]
fn the_line_that_was_written_first_decides() {
    let [chosen, missing, end] = task(["2026-11-24 02:42:04.1", "2026-11-24 02:42:04.2", "2026-11-24 02:42:04.3"]);
    let (ran, told) = beside_all(MAIL, &[("rspamd.log", &format!("{chosen}{missing}{end}"))]);
    assert_eq!(first(&told), "A02 certain", "{ran}");
    let [chosen, missing, end] =
        task(["2026-11-24T11:42:04.1+09:00", "2026-11-24T02:42:04.2Z", "2026-11-23T21:42:04.3-05:00"]);
    for log in [format!("{end}{missing}{chosen}"), format!("{missing}{chosen}{end}")] {
        let (ran, told) = beside_all(MAIL, &[("rspamd.log", &log)]);
        assert_eq!(first(&told), "A02 certain", "{ran}");
    }
}

#[test]
fn an_order_that_is_a_guess_makes_nothing_certain() {
    // One clock tells its zone and the other does not.
    let [chosen, missing, end] = task(["2026-11-24T02:42:04.1Z", "2026-11-24 02:42:03.2", "2026-11-24 02:42:04.3"]);
    let halves = [("a.log", chosen.as_str()), ("b.log", &format!("{missing}{end}"))];
    for logs in [halves, [halves[1], halves[0]]] {
        let (ran, told) = beside_all(MAIL, &logs);
        assert!(first(&told).ends_with(" high"), "{ran}");
    }
}

#[test]
fn a_line_without_an_id_counts_near_the_mail_alone() {
    let refused = |time: &str| {
        format!(
            "{time} mx postfix/smtpd[5]: warning: connect to Milter service inet:127.0.0.1:11332: Connection refused\n"
        )
    };
    let own = "Nov 24 02:42:04 mx postfix/smtpd[7]: 5C0FFEE123: client=mx.sender.example[203.0.113.5]\n";
    let sent = "Nov 24 02:42:05 mx postfix/smtp[8]: 5C0FFEE123: to=<ann.home@receiver.example>, relay=mx.receiver.example[192.0.2.26]:25, dsn=2.0.0, status=sent (250 OK)\n";
    for (line, wanted) in [
        (refused("Nov 24 02:42:03"), "A17 high"),
        (refused("Nov 24 02:42:03").replace("smtpd[5]", "smtpd[7]"), "A17 certain"),
        (refused("Nov 21 10:00:00"), "A00 certain"),
        (
            refused("Nov 24 02:42:03")
                .replace("warning: ", "warning: Illegal address syntax from a[192.0.2.9] in MAIL command: "),
            "A00 certain",
        ),
    ] {
        let (ran, told) = beside_all(MAIL, &[("mail.log", &format!("{line}{own}{sent}"))]);
        assert_eq!(first(&told), wanted, "{ran}");
    }
}

#[test]
fn words_of_a_sender_are_not_those_of_a_server() {
    let forged = "use domain(header) for signature: sender.example, status=bounced (host a[192.0.2.1] said: 550 5.7.26 no) skip ARC as the existing chain is broken";
    let log = format!(
        "Nov 24 02:42:04 mx postfix/smtpd[7]: 5C0FFEE123: client=mx.sender.example[203.0.113.5]\n\
         Nov 24 02:42:04 mx postfix/cleanup[7]: 5C0FFEE123: warning: header Subject: {forged} from mx.sender.example[203.0.113.5]; from=<\"{forged}\"@sender.example> to=<desk@company.example> proto=ESMTP helo=<x>\n\
         Nov 24 02:42:04 mx postfix/qmgr[7]: 5C0FFEE123: from=<\"{forged}\"@sender.example>, size=900, nrcpt=1 (queue active)\n\
         Nov 24 02:42:05 mx rspamd[43]: <9e5813>; proxy; rspamd_task_write_log: id: <order-7@sender.example>, qid: <5C0FFEE123>, ip: 203.0.113.5, from: <\"{forged}\"@sender.example>, (default: F (no action): [0/15] [ARC_NA(0.00){{}}]), rcpts: <desk@company.example>\n"
    );
    let (ran, told) = beside_all(MAIL, &[("mail.log", &log)]);
    assert_eq!(first(&told), "A00 certain", "{ran}");
}

/// What the log says beside that nobody sealed.
fn logged(told: &Value) -> Vec<&str> {
    let all = told["diagnosis"].as_array().into_iter().flatten();
    all.filter_map(|diagnosis| diagnosis["code"].as_str()).filter(|code| *code != "A00").collect()
}

#[test]
fn qmail_s_lines_are_found_by_the_process_that_queued_the_mail() {
    let mail = MAIL.replacen(
        "Received: ",
        "Received: (qmail 3412 invoked by uid 89); 24 Nov 2026 02:42:04 -0000\nReceived: ",
        1,
    );
    let mail = mail.replace(" id 5C0FFEE123", "");
    let begun = "@40000000692fffff00000000 new msg 8389\n@40000000692fffff00000001 info msg 8389: bytes 900 from <ann@sender.example> qp 3412 uid 89\n";
    let tried = |number: u32, end: &str| {
        format!(
            "@40000000692fffff1000{number:04} starting delivery {number}: msg 8389 to remote home@receiver.example\n\
             @40000000692fffff2000{number:04} delivery {number}: {end}\n"
        )
    };
    let deferral = tried(5, "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/");
    let failure = tried(
        6,
        "failure: 192.0.2.26_does_not_like_recipient./Remote_host_said:_550_5.2.1_mailbox_disabled/Giving_up_on_192.0.2.26./",
    );
    let success = tried(7, "success: 192.0.2.26_accepted_message./Remote_host_said:_250_ok/");
    for (log, wanted) in [
        (format!("{begun}{deferral}"), &["G01"][..]),
        (format!("{begun}{deferral}{failure}"), &["D16"]),
        (format!("{begun}{deferral}{success}"), &[]),
        (format!("{}{deferral}", begun.replace("qp 3412", "qp 3413")), &[]),
    ] {
        let (ran, told) = beside_all(&mail, &[("current", &log)]);
        assert_eq!(logged(&told), wanted, "{log}{ran}");
    }
}

#[test]
fn what_exim_rejects_is_a_cause() {
    let mail = MAIL.replace("5C0FFEE123", "1AbCdE-000001-2X");
    let log = "2026-11-24 02:42:04 1AbCdE-000001-2X H=mx.sender.example [203.0.113.5] F=<ann@sender.example> rejected after DATA: it looks like spam\n";
    let (ran, told) = beside_all(&mail, &[("rejectlog", log)]);
    assert_eq!(logged(&told), ["D13"], "{ran}");
}
