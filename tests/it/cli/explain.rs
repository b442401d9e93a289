//! `sealcheck explain`: every cause in both languages.

use crate::support::program::Project;
use sealcheck::{catalogue, outcome::HarnessErrorKind};
use serde_json::Value;

#[test]
fn a_cause_is_explained_as_people_write_its_code() {
    let ran = Project::new().run(&["explain", "a5", "B04"]);
    assert_eq!(ran.code, 0, "{ran}");
    for text in ["A05: the key file is not readable for rspamd\n", "\nfix\n  chown root:_rspamd", "\nB04: the body"] {
        assert!(ran.stdout.contains(text), "{text}: {ran}");
    }
    assert!(ran.stderr.is_empty(), "{ran}");
}

#[test]
fn the_language_is_the_locale_s_unless_somebody_says_otherwise() {
    let japanese = Project::new().env("LANG", "ja_JP.UTF-8");
    assert!(japanese.run(&["explain", "A05"]).stdout.contains("\n対処\n"));
    assert!(japanese.run(&["explain", "A05", "--lang", "en"]).stdout.contains("\nfix\n"));
    assert!(Project::new().run(&["explain", "A05", "--lang", "ja"]).stdout.contains("\n症状\n"));
    let refused = japanese.run(&["explain", "A05", "--lang", "fr"]);
    assert_eq!(refused.code, 2, "{refused}");
}

#[test]
fn the_list_has_every_code() {
    let ran = Project::new().run(&["explain", "--list"]);
    assert_eq!(ran.code, 0, "{ran}");
    let codes: Vec<_> = ran.stdout.lines().filter_map(|l| l.strip_prefix("  ")).map(|l| &l[..3]).collect();
    assert_eq!(codes, catalogue::rows().chain(catalogue::other_rows()).map(|r| r.code.as_str()).collect::<Vec<_>>());
    let families: Vec<_> = ran.stdout.lines().filter(|l| !l.is_empty() && !l.starts_with(' ')).collect();
    assert_eq!(
        families.iter().map(|f| &f[..3]).collect::<Vec<_>>(),
        ["A: ", "B: ", "C: ", "D: ", "E: ", "F: ", "G: ", "H: ", "W: "]
    );
    let ja = Project::new().run(&["explain", "--list", "--lang", "ja"]);
    assert!(ja.stdout.contains("H: ツールが判定できなかった\n  H01  ログインを拒否された\n"), "{ja}");
}

/// Every code that an error or a warning can carry is explained in both languages.
#[test]
fn codes_of_the_harness_and_of_warnings_are_explained() {
    for n in 1..=10 {
        let code: HarnessErrorKind = serde_json::from_value(Value::String(format!("H{n:02}"))).unwrap();
        let row = catalogue::find(&code.to_string()).unwrap();
        assert_eq!(row.code.to_string(), code.to_string());
    }
    assert!(serde_json::from_value::<HarnessErrorKind>("H11".into()).is_err());
    for n in 1..=9 {
        assert!(catalogue::find(&format!("W0{n}")).is_some(), "W0{n}");
    }
    let ran = Project::new().run(&["explain", "h4", "w3", "--lang", "ja"]);
    assert_eq!(ran.code, 0, "{ran}");
    for text in ["H04: TCP 接続ができない、または切れた\n", "\n対処\n", "\nW03: メールボックスを見る期待がない\n"]
    {
        assert!(ran.stdout.contains(text), "{text}: {ran}");
    }
}

#[test]
fn programs_get_one_document() {
    let all = catalogue::rows().chain(catalogue::other_rows()).count();
    for (args, count) in
        [(&["explain", "F1", "--format", "json"][..], 1), (&["explain", "--list", "--format", "json"], all)]
    {
        let ran = Project::new().run(args);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        let causes = document["causes"].as_array().unwrap();
        assert_eq!((document["version"].as_u64(), causes.len()), (Some(1), count));
        for key in ["code", "title", "symptom", "cause", "fix"] {
            assert!(causes.iter().all(|c| c[key].as_str().is_some_and(|t| !t.is_empty())), "{key}: {ran}");
        }
    }
}

#[test]
fn an_unknown_code_is_refused_with_its_neighbours() {
    let ran = Project::new().run(&["explain", "A05", "B99"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran}");
    assert!(ran.stderr.contains("nothing has the code \"B99\"; the nearest are B"), "{ran}");
    for args in [&["explain"][..], &["explain", "A05", "--list"], &["explain", "\u{1b}[31m"]] {
        let ran = Project::new().run(args);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
    }
}
