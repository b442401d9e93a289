//! Message files that are sent as they are: what programs put around a message, and what is none.

use crate::support::program::Project;
use std::fs;

const MESSAGE: &str = "From: probe@ext.example\r\nTo: info@corp.example\r\nSubject: a file\r\n\r\nhello\r\n";

fn project(file: &[u8]) -> Project {
    let project = Project::new().scenario(
        "file",
        "sealcheck: 1\nname: file\nsend: { from: external, to: company, eml: m.eml }\nwait: { timeout: 60s }\nexpect:\n  \
         - delivered: { to: gmail, auth: { arc: pass, dkim: pass } }\nsnapshot: none\n",
    );
    fs::write(project.path("scenarios/m.eml"), file).unwrap();
    project
}

#[test]
fn what_is_no_message_is_refused_with_both_places() {
    for (file, says) in [
        (
            format!("From probe@ext.example Mon Nov 23 02:13:20 2026\r\n{MESSAGE}"),
            "a mailbox (mbox) begins with this line",
        ),
        (format!("> quoted\r\n{MESSAGE}"), "`> quoted` is no header field"),
    ] {
        for command in [&["check"][..], &["run"]] {
            let ran = project(file.as_bytes()).run(command);
            assert_eq!(ran.code, 2, "{ran}");
            assert!(ran.stderr.contains("scenarios/file.yaml:3:"), "{ran}");
            assert!(ran.stderr.contains("m.eml:1:1: ") && ran.stderr.contains(says), "{ran}");
        }
    }
}

#[test]
fn a_byte_order_mark_and_lone_line_feeds_do_not_break_a_message() {
    for file in [format!("\u{feff}{MESSAGE}"), MESSAGE.replace("\r\n", "\n"), MESSAGE.replacen("\r\n", "\n", 2)] {
        let ran = project(file.as_bytes()).run(&["run"]);
        assert_eq!(ran.code, 0, "{file:?}: {ran}");
    }
}
