//! Options that can be said in several places: each place beats the next, and `check --show-config` says which one did.

use crate::support::program::Project;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs};

/// An option with two values that differ, and where it can be said.
struct Sample {
    key: &'static str,
    flag: Option<&'static str>,
    variable: Option<&'static str>,
    /// Its keys in a scenario.
    scenario: Option<&'static str>,
    /// Its keys in a profile, and in `run` of a file.
    written: Option<&'static str>,
    values: [Value; 2],
}

fn samples() -> Vec<Sample> {
    let sample = |key, flag, variable, scenario, written, a: Value, b: Value| Sample {
        key,
        flag,
        variable,
        scenario,
        written,
        values: [a, b],
    };
    let both = |key, flag, variable, a: &str, b: &str| {
        sample(key, Some(flag), Some(variable), None, Some(key), json!(a), json!(b))
    };
    let typed =
        |key, flag, variable, a: &str, b: &str| sample(key, Some(flag), Some(variable), None, None, json!(a), json!(b));
    let inside = |key, a: Value, b: Value| sample(key, None, None, Some(key), Some(key), a, b);
    vec![
        typed("profile", "--profile", "SEALCHECK_PROFILE", "p", "q"),
        both("target", "--target", "SEALCHECK_TARGET", "gmail", "staging"),
        both("tags", "--tag", "SEALCHECK_TAG", "smoke", "not slow"),
        typed("shard", "--shard", "SEALCHECK_SHARD", "1/2", "2/2"),
        sample("jobs", Some("--jobs"), Some("SEALCHECK_JOBS"), None, Some("jobs"), json!(3), json!(5)),
        sample(
            "timeout",
            Some("--timeout"),
            Some("SEALCHECK_TIMEOUT"),
            Some("wait.timeout"),
            Some("timeout"),
            json!("3m"),
            json!("50s"),
        ),
        both("global_timeout", "--global-timeout", "SEALCHECK_GLOBAL_TIMEOUT", "9m", "8m"),
        sample(
            "retries.max",
            Some("--retries"),
            Some("SEALCHECK_RETRIES"),
            Some("retries.max"),
            Some("retries.max"),
            json!(1),
            json!(2),
        ),
        inside("retries.on", json!(["error"]), json!(["timeout", "fail"])),
        inside("retries.delay", json!("7s"), json!("8s")),
        inside("arc", json!("required"), json!("off")),
        sample("max_fail", Some("--max-fail"), None, None, Some("max_fail"), json!(4), json!(6)),
        both("flaky", "--flaky", "SEALCHECK_FLAKY", "pass", "warn"),
        both("update", "--update", "SEALCHECK_UPDATE", "pending", "never"),
        both("obsolete", "--obsolete", "SEALCHECK_OBSOLETE", "warn", "ignore"),
        sample("report", Some("--report"), None, None, Some("report"), json!(["tap=a"]), json!(["json=b", "tap=c"])),
        both("artifacts", "--artifacts", "SEALCHECK_ARTIFACTS", "failed", "none"),
        both("progress", "--progress", "SEALCHECK_PROGRESS", "auto", "none"),
        both("color", "--color", "SEALCHECK_COLOR", "auto", "never"),
    ]
}

/// The places, the first before the others.
const LAYERS: [&str; 7] =
    ["command_line", "environment", "scenario", "profile", "inherited", "project_file", "user_file"];

impl Sample {
    fn can_stand_in(&self, layer: &str) -> bool {
        match layer {
            "command_line" => self.flag.is_some(),
            "environment" => self.variable.is_some(),
            "scenario" => self.scenario.is_some(),
            _ => self.written.is_some(),
        }
    }
}

/// The text of a value on the command line and in the environment.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn put(map: &mut Map<String, Value>, keys: &str, value: &Value) {
    match keys.split_once('.') {
        None => drop(map.insert(keys.to_owned(), value.clone())),
        Some((first, rest)) => {
            let below = map.entry(first).or_insert_with(|| json!({}));
            put(below.as_object_mut().unwrap(), rest, value);
        }
    }
}

/// Every option in one place: as arguments, variables, or a map of keys.
#[derive(Default)]
struct Said {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    keys: Map<String, Value>,
}

fn say(layer: &str, samples: &[Sample], which: usize) -> Said {
    let mut said = Said::default();
    for sample in samples.iter().filter(|sample| sample.can_stand_in(layer)) {
        let value = &sample.values[which];
        match layer {
            "command_line" => {
                let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let flag = sample.flag.unwrap();
                said.arguments.extend(all.iter().flat_map(|one| [flag.to_owned(), word(one)]));
            }
            "environment" => said.variables.push((sample.variable.unwrap().to_owned(), word(value))),
            "scenario" => put(&mut said.keys, sample.scenario.unwrap(), value),
            _ => put(&mut said.keys, sample.written.unwrap(), value),
        }
    }
    said
}

/// A file whose options are these; those of `run` stand with the target at the top.
fn file(mut run: Map<String, Value>, profiles: &str) -> String {
    let target = run.remove("target").map(|target| format!("target: {target}\n")).unwrap_or_default();
    format!("sealcheck: 1\n{target}run: {}\nprofiles: {profiles}\n", Value::from(run))
}

/// What `check --show-config` says when the `first` and all later places speak: the first one value, the others another.
fn shown(samples: &[Sample], first: usize, which: usize) -> Value {
    let said = |layer: &str| {
        let place = LAYERS.iter().position(|known| *known == layer).unwrap();
        match place.cmp(&first) {
            std::cmp::Ordering::Less => Said::default(),
            std::cmp::Ordering::Equal => say(layer, samples, which),
            std::cmp::Ordering::Greater => say(layer, samples, 1 - which),
        }
    };
    let mut own = said("profile").keys;
    own.insert("inherits".to_owned(), json!("base"));
    let profiles = json!({ "p": own, "q": own, "base": said("inherited").keys });
    let mut scenario =
        String::from("sealcheck: 1\nname: any\nsend: { from: external, to: gmail }\nexpect: [delivered: gmail]\n");
    for (key, value) in said("scenario").keys {
        scenario.push_str(&format!("{key}: {value}\n"));
    }
    let mut project =
        Project::new().scenario("any", &scenario).config(&file(said("project_file").keys, &profiles.to_string()));
    let user = project.path("xdg/sealcheck");
    fs::create_dir_all(&user).unwrap();
    fs::write(user.join("config.yaml"), file(said("user_file").keys, "{}")).unwrap();
    let xdg = project.path("xdg").to_string_lossy().into_owned();
    project = project.env("XDG_CONFIG_HOME", &xdg);
    for (name, value) in said("environment").variables {
        project = project.env(&name, &value);
    }
    let mut arguments = vec!["check".to_owned(), "--show-config".to_owned(), "--format".to_owned(), "json".to_owned()];
    arguments.extend(said("command_line").arguments);
    if ["scenario", "profile", "inherited"].contains(&LAYERS[first]) {
        arguments.extend(["--profile".to_owned(), "p".to_owned()]);
    }
    let ran = project.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{ran}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn rows(of: &Value) -> Vec<(&str, &Value, &Value)> {
    let all = of["options"].as_array().unwrap();
    all.iter().map(|row| (row["key"].as_str().unwrap(), &row["value"], &row["origin"])).collect()
}

#[test]
fn each_place_beats_the_next_for_every_option() {
    let samples = samples();
    for (first, layer) in LAYERS.into_iter().enumerate() {
        for which in [0, 1] {
            let document = shown(&samples, first, which);
            let known: BTreeSet<&str> = samples.iter().map(|sample| sample.key).collect();
            let told: BTreeSet<&str> = rows(&document).iter().map(|(key, ..)| *key).collect();
            assert_eq!(told, known, "every option of the table has a sample here");
            let of_run = rows(&document);
            let of_scenario = document["scenarios"].get(0).map(rows).unwrap_or_default();
            for sample in samples.iter().filter(|sample| sample.can_stand_in(layer)) {
                let said = |rows: &[(&str, &Value, &Value)]| {
                    let row = rows.iter().find(|(key, ..)| *key == sample.key)?;
                    Some((row.1.clone(), row.2.clone()))
                };
                let row = if layer == "scenario" { said(&of_scenario) } else { said(&of_run) };
                let (value, origin) = row.unwrap_or_else(|| panic!("{}: {layer}", sample.key));
                assert_eq!(value, sample.values[which], "{} by {layer}", sample.key);
                let kind = if layer == "inherited" { "profile" } else { layer };
                assert_eq!(origin["kind"], kind, "{}: {origin}", sample.key);
                match layer {
                    "command_line" => assert_eq!(origin["flag"].as_str(), sample.flag),
                    "environment" => assert_eq!(origin["variable"].as_str(), sample.variable),
                    "profile" => assert_eq!((&origin["name"], &origin["inherited_from"]), (&json!("p"), &json!(null))),
                    "inherited" => {
                        assert_eq!((&origin["name"], &origin["inherited_from"]), (&json!("p"), &json!("base")))
                    }
                    "scenario" => assert_eq!(origin["at"]["file"], "scenarios/any.yaml"),
                    "project_file" => assert_eq!(origin["at"]["file"], "sealcheck.yaml"),
                    _ => assert!(origin["at"]["file"].as_str().unwrap().ends_with("xdg/sealcheck/config.yaml")),
                }
                if ["command_line", "environment"].contains(&layer) {
                    assert_eq!(said(&of_scenario), None, "{}: the scenario does not count", sample.key);
                }
            }
        }
    }
}

#[test]
fn what_profiles_can_hold_has_a_sample() {
    let schema: Value = serde_json::from_str(&Project::new().run(&["schema", "config"]).stdout).unwrap();
    let samples = samples();
    let known: BTreeSet<&str> =
        samples.iter().filter_map(|s| s.written).map(|w| w.split('.').next().unwrap()).collect();
    let can: BTreeSet<&str> =
        schema["$defs"]["Profile"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let other = BTreeSet::from(["inherits", "fail_fast"]);
    assert_eq!(can.difference(&known).copied().collect::<BTreeSet<_>>(), other);
}

#[test]
fn without_a_word_everything_is_as_usual() {
    let project = Project::new();
    fs::copy("scenarios/direct.yaml", project.path("scenarios/direct.yaml")).unwrap();
    let ran = project.run(&["check", "--show-config", "--format", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(rows(&document).iter().all(|(.., origin)| origin["kind"] == "default"), "{ran}");
    assert_eq!((&document["project_file"], &document["user_file"]), (&json!(null), &json!(null)));
}

/// Mail that the company forwards without a seal, which is a failure as long as ARC is required.
const UNSEALED: &str = "sealcheck: 1\nname: unsealed\nlab: { company: { arc: false } }\n\
    send: { from: external, to: company }\nexpect: [delivered: { to: gmail, folder: any }]\n";

#[test]
fn what_a_scenario_writes_beats_the_profile_also_where_it_is_usual() {
    let profiles = "sealcheck: 1\nprofiles: { calm: { arc: off, timeout: 30s, retries: { max: 2, delay: 1ms } } }\n";
    let project = Project::new()
        .config(profiles)
        .scenario("silent", UNSEALED)
        .scenario("explicit", &format!("{UNSEALED}arc: required\nretries: {{ max: 0 }}\n"));
    let ran = project.run(&["run", "--profile", "calm", "--report", "json", "--update", "never"]);
    let result: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let of = |id: &str| {
        let all = result["scenarios"].as_array().unwrap();
        let scenario = all.iter().find(|s| s["id"] == id).unwrap();
        (scenario["status"].clone(), scenario["max_attempts"].clone())
    };
    assert_eq!(of("silent"), (json!("passed"), json!(3)), "{ran}");
    assert_eq!(of("explicit"), (json!("failed"), json!(1)), "{ran}");
}

#[test]
fn flags_of_run_mean_something_to_check_only_when_it_shows_them() {
    let project = Project::new();
    fs::copy("scenarios/direct.yaml", project.path("scenarios/direct.yaml")).unwrap();
    let idle = project.run(&["check", "--jobs", "3"]);
    assert!(idle.code == 2 && idle.stderr.contains("--jobs has no effect on `check` without --show-config"), "{idle}");
    let project = project.with_env("SEALCHECK_JOBS", "3").with_env("SEALCHECK_TAG", "smoke");
    assert_eq!(project.run(&["check"]).code, 0);
    assert_eq!(project.run(&["check", "--retries", "3"]).code, 2);
    let unknown = project.run(&["check", "--show-config", "--profile", "nightly"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("unknown profile `nightly`; there is none"), "{unknown}");
}

#[test]
fn accounts_are_shown_without_secrets() {
    let project = Project::new().config(
        "sealcheck: 1\naccounts:\n  company: { address: a@corp.example, forwards_to: gmail }\n  gmail:\n    \
         address: b@gmail.com\n    imap: { provider: gmail, password: { command: [pass, planted] } }\n",
    );
    fs::copy("scenarios/direct.yaml", project.path("scenarios/direct.yaml")).unwrap();
    let user = project.path("mine.yaml");
    fs::write(&user, "sealcheck: 1\naccounts: { gmail: { address: c@gmail.com }, mine: { address: d@gmail.com, dkim: { selector: s1, private_key: { env: KEY } }, smtp: { host: h.example, \
                      password: { file: secret } } } }\n").unwrap();
    let project = project.env("SEALCHECK_USER_CONFIG", "mine.yaml");
    let args =
        ["check", "--show-config", "--set", "accounts.company.mx=mx2.corp.example:2525", "--account", "gmail=mine"];
    let ran = project.run(&args);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let secret = format!("accounts.mine.smtp.password file {} mine.yaml:2:162", project.path("secret").display());
    let lines: Vec<String> = ran.stdout.lines().map(words).collect();
    for line in [
        "user file mine.yaml",
        "account.gmail mine --account on the command line",
        "accounts.company.mx.host mx2.corp.example --set accounts.company.mx",
        "accounts.gmail.address b@gmail.com sealcheck.yaml:5:14",
        "accounts.gmail.imap.host imap.gmail.com provider (sealcheck.yaml:6:23)",
        "accounts.gmail.imap.port 993 default",
        "accounts.gmail.imap.user b@gmail.com sealcheck.yaml:5:14",
        "accounts.gmail.imap.password command pass sealcheck.yaml:6:40",
        "limits.gmail.per_minute 60 default",
        "accounts.mine.dkim.domain gmail.com mine.yaml:2:63",
        "accounts.mine.dkim.private_key env KEY mine.yaml:2:111",
        &secret,
    ] {
        assert!(lines.iter().any(|shown| shown == line), "{line}\n{ran}");
    }
    assert!(ran.code == 0 && !ran.stdout.contains("planted"), "{ran}");
    let none = project.run(&[&args[..4], &["--user-config", "none"]].concat());
    assert!(none.stdout.contains("user file     none") && !none.stdout.contains("mine"), "{none}");
}

#[test]
fn a_users_file_is_read_as_a_project_file_is() {
    let project = Project::new().env("SEALCHECK_USER_CONFIG", "mine.yaml");
    let says = |text: &str| {
        fs::write(project.path("mine.yaml"), text).unwrap();
        let ran = project.run(&["check", "--show-config"]);
        assert_eq!(ran.code, 2, "{ran}");
        ran.stderr
    };
    for (text, wanted) in [
        ("sealcheck: 1\nrun: { jbs: 3 }\n", "unknown key `jbs` in `run`\n --> mine.yaml:2:8"),
        ("sealcheck: 1\nscenarios: s\n", "`scenarios` does not stand in a user's file\n --> mine.yaml:2:1"),
        ("sealcheck: 1\nrun: { target: gmail }\n", "`target` does not stand in `run`\n --> mine.yaml:2:16"),
        ("run: {}\n", "the format version is missing\n --> mine.yaml:1:1"),
    ] {
        let error = says(text);
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
    let plain = "sealcheck: 1\naccounts: { a: { address: a@b.example, imap: { host: h, password: hunter2 } } }\n";
    let error = says(plain);
    assert!(error.contains("W01") && !error.contains("hunter2"), "{error}");
    fs::remove_file(project.path("mine.yaml")).unwrap();
    let missing = project.run(&["check"]);
    assert!(missing.code == 2 && missing.stderr.contains("the file cannot be read"), "{missing}");
}

#[test]
fn a_variable_that_means_nothing_is_named() {
    let project = Project::new();
    for (name, value, says) in [
        ("SEALCHECK_JOBS", "many", "invalid value 'many' for '--jobs <N>'"),
        ("SEALCHECK_UPDATE", "nver", "a similar value exists: 'never'"),
        ("SEALCHECK_TARGET", "gmial", "unknown target `gmial`"),
        ("SEALCHECK_TAG", "a and", "column 6: a tag is missing"),
        ("SEALCHECK_COLOR", "red", "[possible values: auto, always, never]"),
    ] {
        let note = format!("note: the environment variable {name} says it");
        let ran = project.with_env(name, value).run(&["check", "--show-config"]);
        assert!(ran.code == 2 && ran.stderr.contains(says) && ran.stderr.contains(&note), "{ran}");
    }
    let typed = project.with_env("SEALCHECK_JOBS", "3").run(&["run", "--jobs", "many"]);
    assert!(typed.code == 2 && !typed.stderr.contains("note:"), "{typed}");
}
