//! `sealcheck inspect`: what is printed about a mail, and what it ends with.

use crate::support::{
    json::picked,
    program::{Project, forward},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Command};

#[test]
fn what_a_run_received_is_explained_offline() {
    let project = Project::new().scenario("forward", &forward("embedded"));
    let run = project.run(&["run", "--artifacts", "all", "--update", "new", "--report", "json=r.json"]);
    assert_eq!(run.code, 0, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    let seals: Vec<_> = result["scenarios"][0]["attempts"][0]["observed"][0]["arc"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            format!("i={} {} cv={} {}", s["i"], s["by"].as_str().unwrap(), s["cv"].as_str().unwrap(), s["verifies"])
        })
        .collect();
    assert_eq!(seals, ["i=1 corp.example cv=none true", "i=2 google.com cv=pass true"]);
    let dir = format!(".sealcheck/runs/{}/artifacts/forward/1", result["run"]["id"].as_str().unwrap());
    let (mail, zone) = (format!("{dir}/received.eml"), format!("{dir}/dns.zone"));
    let seen = project.run(&["inspect", &mail, "--dns", &zone, "--format", "json"]);
    assert_eq!(seen.code, 0, "{seen}");
    let explained: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(explained["verification"]["arc"], "pass");
    assert_eq!(explained["authentication_results"][0]["trusted"], true);
    assert_eq!(explained["arc"]["sets"][1]["seal"]["cv"], "pass");
    let broken = fs::read_to_string(project.path(&mail)).unwrap().replacen("Subject: ", "Subject: changed ", 1);
    fs::write(project.path("broken.eml"), broken).unwrap();
    let seen = project.run(&["inspect", "broken.eml", "--dns", &zone]);
    assert_eq!(seen.code, 1, "{seen}");
    assert!(seen.stdout.contains("chain fail"), "{seen}");
    let two = project.run(&["inspect", &mail, "broken.eml", "--dns", "none", "--format", "json"]);
    assert_eq!(two.stdout.lines().count(), 2, "{two}");
    assert_eq!(project.run(&["inspect", "nowhere.eml", "--dns", "none"]).code, 2);
}

/// A receiver's own results, and the same name below the mail of a stranger.
const FORGED: &str = "Authentication-Results: bank.example; dmarc=pass\r
Received: from sender.example (sender.example. [192.0.2.1])\r
        by mx.google.com with ESMTPS id z3;\r
        Wed, 1 Apr 2026 03:00:07 -0700 (PDT)\r
Authentication-Results: mx.google.com; spf=fail smtp.mailfrom=a@sender.example\r
From: a@sender.example\r
Authentication-Results: mx.google.com; arc=pass (i=1)\r
\r
text\r
";

#[test]
fn inspect_says_which_results_are_forged() {
    let project = Project::new();
    fs::write(project.path("forged.eml"), FORGED).unwrap();
    let seen = project.run(&["inspect", "forged.eml", "--dns", "none", "--format", "json"]);
    let explained: Value = serde_json::from_str(&seen.stdout).unwrap();
    let flags = |explained: &Value| {
        let all = explained["authentication_results"].as_array().unwrap().iter();
        all.map(|r| (r["trusted"] == true, r["forged"] == true)).collect::<Vec<_>>()
    };
    assert_eq!(flags(&explained), [(false, false), (true, false), (false, true)], "{seen}");
    assert_eq!(explained["arc_comment"], Value::Null);
    let seen = project.run(&["inspect", "forged.eml", "--dns", "none"]);
    for line in ["ignored by bank.example", "trusted by mx.google.com", "forged by mx.google.com"] {
        assert!(seen.stdout.contains(line), "{seen}");
    }
    let args = ["inspect", "forged.eml", "--dns", "none", "--format", "json", "--authserv-id", "mx.other.example"];
    let explained: Value = serde_json::from_str(&project.run(&args).stdout).unwrap();
    assert_eq!(flags(&explained), [(false, false); 3]);
}

#[test]
fn what_is_no_mail_ends_with_2_and_hides_no_mail() {
    let project = Project::new();
    let binary: Vec<u8> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(project.path("binary.eml"), binary).unwrap();
    fs::write(project.path("empty.eml"), "").unwrap();
    fs::write(project.path("body.eml"), "\n\ntext\n").unwrap();
    fs::create_dir(project.path("folder.eml")).unwrap();
    fs::write(project.path("good.eml"), FORGED).unwrap();
    for name in ["binary.eml", "empty.eml", "body.eml", "folder.eml", "none.eml"] {
        let seen = project.run(&["inspect", name, "good.eml", "--dns", "none"]);
        assert_eq!(seen.code, 2, "{seen}");
        assert!(seen.stderr.contains(name) && seen.stdout.contains("mx.google.com"), "{seen}");
    }
    let seen = project.run(&["inspect", "good.eml", "--dns", "binary.eml"]);
    assert_eq!(seen.code, 2, "{seen}");
    assert!(seen.stderr.contains("cannot read binary.eml"), "{seen}");
}

/// A bounce of a real Postfix, and the keys of its world.
const BOUNCE: &str = include_str!("../../fixtures/captures/29-srs-bounce-5.7.26-bounce.eml");
const ZONE: &str = include_str!("../../fixtures/captures/dns.zone");

fn explained(project: &Project, args: &[&str]) -> (i32, Value) {
    let seen = project.run(args);
    (seen.code, serde_json::from_str(&seen.stdout).unwrap_or_else(|e| panic!("{e}: {seen}")))
}

#[test]
fn the_message_inside_of_a_bounce_is_explained_too() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), ZONE).unwrap();
    let see = |name: &str, text: &str| {
        fs::write(project.path(name), text).unwrap();
        explained(&project, &["inspect", name, "--dns", "dns.zone", "--format", "json"])
    };
    let (code, whole) = see("whole.eml", BOUNCE);
    assert_eq!(code, 0);
    insta::assert_snapshot!(picked(&whole, &[
        "/refusals/0/code", "/refusals/0/outlook", "/refusals/0/diagnosis", "/refusals/0/known_as", "/refusals/0/text",
        "/returned/extent", "/returned/verification/arc", "/returned/verification/dkim/0/result",
    ]), @r#"
    /refusals/0/code: 550
    /refusals/0/outlook: "final"
    /refusals/0/diagnosis: "D03"
    /refusals/0/known_as: "DMARC policy"
    /refusals/0/text: "Unauthenticated email from sender.example is not accepted due to domain's DMARC policy. Please contact the administrator of sender.example domain if this was a legitimate mail. To learn about the DMARC initiative, go to https://support.google.com/mail/?p=DmarcRejection d2e1a72fcca58-sample.2 - gsmtp"
    /returned/extent: "full"
    /returned/verification/arc: "pass"
    /returned/verification/dkim/0/result: "pass"
    "#);
    assert_eq!(whole["returned"]["message_id"], whole["dsn"]["original_message_id"]);

    // Only the header came back: its signatures can be verified, the body cannot.
    let start = BOUNCE.find("Content-Type: message/rfc822").unwrap();
    let body = BOUNCE[start..].find("Hello from outside.").unwrap() + start;
    let end = BOUNCE.rfind("\n--").unwrap();
    let header = format!("{}{}", &BOUNCE[..body], &BOUNCE[end..]);
    let header = header.replace("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers");
    let (code, headers) = see("headers.eml", &header);
    assert_eq!(code, 0);
    insta::assert_snapshot!(picked(&headers["returned"], &[
        "/extent", "/verification/arc", "/verification/dkim/0/result", "/verification/dkim/0/facts/body_hash",
    ]), @r#"
    /extent: "headers"
    /verification/arc: "pass"
    /verification/dkim/0/result: "pass"
    /verification/dkim/0/facts/body_hash: null
    "#);
    let text = project.run(&["inspect", "headers.eml", "--dns", "dns.zone"]);
    assert!(
        text.stdout.contains("returned message: only its header, so that no body hash could be verified"),
        "{text}"
    );

    // What is wrong inside decides how it ends.
    let (code, broken) = see("broken.eml", &header.replacen("Subject: hello", "Subject: [x] hello", 1));
    let codes = |seen: &Value| -> Vec<String> {
        let all = seen["diagnosis"].as_array().unwrap().iter();
        all.map(|d| format!("{} {}", d["code"].as_str().unwrap(), d["confidence"].as_str().unwrap())).collect()
    };
    assert_eq!((code, codes(&broken)), (1, ["B06 certain", "D03 certain", "F01 certain"].map(str::to_owned).to_vec()));
    // The evidence names the line of the bounce.
    let field = broken["diagnosis"][0]["evidence"].as_array().unwrap().iter();
    let field =
        field.map(|e| (e["artifact"].as_str().unwrap(), e["line"].as_u64().unwrap())).find(|(_, line)| *line > 0);
    let line = header.lines().position(|l| l.starts_with("Subject: hello")).unwrap() + 1;
    assert_eq!(field, Some(("broken.eml", line as u64)));
    let (code, broken) = see("body.eml", &BOUNCE.replacen("Line two.", "Line 2.", 1));
    assert_eq!((code, &codes(&broken)[..2]), (1, &["B04 certain", "D03 certain"].map(str::to_owned)[..]));

    // What was sent is compared with the message inside.
    fs::write(project.path("sent.eml"), &BOUNCE[BOUNCE.find("From: Alice").unwrap()..end]).unwrap();
    let args = ["inspect", "body.eml", "--dns", "none", "--format", "json", "--sent", "sent.eml"];
    let (_, compared) = explained(&project, &args);
    assert_eq!(compared["survival"], Value::Null);
    assert_eq!(compared["returned"]["survival"][0]["body"]["before"], "Line two.");
}

/// The outputs about a bounce, a mail with a chain, and a mail with nothing, all with what was sent.
fn outputs() -> Vec<Value> {
    let project = Project::new();
    fs::write(project.path("dns.zone"), ZONE).unwrap();
    let chain = include_str!("../../fixtures/captures/19-third-hop.eml");
    let mails = [("bounce.eml", BOUNCE), ("chain.eml", chain), ("bare.eml", "From: a@sender.example\n\nx\n")];
    let inspect = |(name, text): &(&str, &str)| {
        fs::write(project.path(name), text).unwrap();
        explained(&project, &["inspect", name, "--sent", name, "--dns", "dns.zone", "--format", "json"]).1
    };
    mails.iter().map(inspect).collect()
}

#[test]
fn the_schema_names_every_key() {
    let schema: Value = serde_json::from_str(&Project::new().run(&["schema", "inspect"]).stdout).unwrap();
    let keys = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let required = |schema: &Value| -> BTreeSet<String> {
        schema["required"].as_array().unwrap().iter().map(|k| k.as_str().unwrap().to_owned()).collect()
    };
    for output in outputs() {
        assert_eq!((keys(&output), keys(&output)), (keys(&schema["properties"]), required(&schema)));
    }
    let bounce = &outputs()[0];
    for (name, part) in [("Refusal", &bounce["refusals"][0]), ("ReturnedContents", &bounce["returned"])] {
        let schema = &schema["$defs"][name];
        assert_eq!((keys(part), keys(part)), (keys(&schema["properties"]), required(schema)), "{name}");
    }
}

#[test]
#[ignore = "requires .ci/interop-setup"]
fn interop_check_jsonschema_takes_what_is_said_of_mails() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &Value| {
        let path = dir.path().join(name);
        fs::write(&path, text.to_string()).unwrap();
        let program = root.join("target/interop/venv/bin/check-jsonschema");
        let schema = root.join("schemas/inspect.v1.json");
        let output = Command::new(&program).arg("--schemafile").arg(schema).arg(path).output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}; run .ci/interop-setup", program.display()));
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (n, output) in outputs().iter().enumerate() {
        let (good, said) = check(&format!("{n}.json"), output);
        assert!(good, "{said}{output:#}");
        let mut broken = output.clone();
        broken["diagnosis"] = "B04".into();
        assert!(!check("broken.json", &broken).0);
    }
}

#[test]
fn a_bounce_is_explained_in_japanese() {
    let project = Project::new();
    fs::write(project.path("bounce.eml"), BOUNCE).unwrap();
    let ja = project.run(&["inspect", "bounce.eml", "--dns", "none", "--lang", "ja"]);
    for text in ["D03 差出人の DMARC ポリシーに反する (確実)", "最終、再送されない", "対処", "転送メールを変更しない"]
    {
        assert!(ja.stdout.contains(text), "{text}: {ja}");
    }
    let en = project.run(&["inspect", "bounce.eml", "--dns", "none"]);
    for text in ["someone@gmail.com: refused by 127.8.8.26: final", "means: D03 the sender's", "fix:  do not modify"] {
        assert!(en.stdout.contains(text), "{text}: {en}");
    }
}

#[test]
fn the_path_says_who_did_what() {
    let project = Project::new();
    fs::write(project.path("dns.zone"), ZONE).unwrap();
    let mail = include_str!("../../fixtures/captures/24-body-change-after-seal.eml");
    fs::write(project.path("mail.eml"), mail).unwrap();
    let seen = project.run(&["inspect", "mail.eml", "--dns", "dns.zone"]);
    assert_eq!(seen.code, 1, "{seen}");
    let path = seen.stdout.split("\npath\n").nth(1).unwrap().split("\nauthentication results").next().unwrap();
    assert_eq!(
        path,
        "  mx.sender.example [203.0.113.5]\n       signed DKIM d=sender.example s=ext: does not verify\n         \
         DKIM-Signature: body hash does not match: the body changed after sender.example signed it\n  \
         -> mx.company.example  ESMTP  in clear\n       sealed ARC i=1 cv=none d=company.example: does not verify\n         \
         instance 1 ARC-Message-Signature: body hash does not match: the body changed after mx.company.example signed it \
         (instance 1)"
    );
    // What is wrong comes first.
    assert!(seen.stdout.find("diagnosis\n  B04").unwrap() < seen.stdout.find("\npath\n").unwrap(), "{seen}");
}

#[test]
fn directories_are_told_in_order_and_one_bad_file_hides_nothing() {
    let project = Project::new();
    fs::create_dir_all(project.path("mails/cur")).unwrap();
    for n in 0..40 {
        let name = format!("mails/cur/{n:02}");
        fs::write(project.path(&name), format!("Message-ID: <{n}@sender.example>\nFrom: a@sender.example\n\nx\n"))
            .unwrap();
    }
    let run = || project.run(&["inspect", "mails", "--dns", "none", "--format", "json"]);
    let good = run();
    assert_eq!((good.code, good.stderr.as_str()), (0, ""), "{good}");
    let ids: Vec<String> = good
        .stdout
        .lines()
        .map(|l| {
            let mail: Value = serde_json::from_str(l).unwrap();
            format!("{} {}", mail["file"].as_str().unwrap(), mail["message_id"].as_str().unwrap())
        })
        .collect();
    assert_eq!(ids, (0..40).map(|n| format!("mails/cur/{n:02} <{n}@sender.example>")).collect::<Vec<_>>());
    fs::write(project.path("mails/cur/05"), "nothing\n").unwrap();
    fs::write(project.path("mails/cur/07"), "Message-ID: <7@sender.example>\nFrom: a@send").unwrap();
    #[cfg(unix)]
    {
        fs::remove_file(project.path("mails/cur/06")).unwrap();
        std::os::unix::fs::symlink("nowhere", project.path("mails/cur/06")).unwrap();
        let bad = run();
        assert_eq!((bad.code, bad.stdout.lines().count()), (2, 38), "{bad}");
        let complaints: Vec<&str> = bad.stderr.lines().collect();
        assert_eq!(complaints[0], "error: mails/cur/05: line 1 is no header field, so that this is no mail");
        assert!(complaints[1].starts_with("error: cannot read mails/cur/06: No such file"), "{bad}");
        assert_eq!(complaints[2], "warning: mails/cur/07: it ends in its header at line 2, and may be cut off");
        assert_eq!(complaints.len(), 3, "{bad}");
    }
    fs::create_dir(project.path("empty")).unwrap();
    let none = project.run(&["inspect", "empty", "--dns", "none"]);
    assert!(none.code == 2 && none.stderr.contains("cannot read empty: there is no file in this directory"), "{none}");
    let mbox = "From a\nA: 1\n\nx\n\nFrom b\nnothing\n\nFrom c\nC: 1\n\n";
    fs::write(project.path("box"), mbox).unwrap();
    let seen = project.run(&["inspect", "box", "--dns", "none"]);
    assert_eq!(seen.code, 2, "{seen}");
    assert!(seen.stderr.contains("error: box: message 2, line 7: line 7 is no header field"), "{seen}");
    assert!(seen.stdout.contains("box: message 3, line 10 without a Message-ID"), "{seen}");
}
