//! Scenario files: what is read, and what is said about those that cannot be.

use sealcheck::scenario::{load, yaml};
use std::{fs, path::Path};

fn read(text: &str) -> Result<Vec<sealcheck::scenario::Scenario>, String> {
    let source = yaml::Source::new("a.yaml", text.as_bytes()).map_err(|e| e.to_string())?;
    yaml::scenarios(&source, "a", &|_| Err("no such file".to_owned())).map_err(|e| e.to_string())
}

#[test]
fn the_shortest_scenario_is_four_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("forward")).unwrap();
    let text = "sealcheck: 1\nname: direct\nsend: { from: external, to: gmail }\nexpect: [ delivered: gmail ]\n";
    fs::write(folder.path().join("forward/direct.yaml"), text).unwrap();
    let loaded = load(Path::new(folder.path()), &[]);
    assert_eq!(loaded.errors, []);
    assert_eq!(loaded.scenarios.len(), 1);
    assert_eq!(loaded.scenarios[0].id.as_str(), "forward/direct");
    assert!(read(text).is_ok());
}
#[test]
fn the_committed_schemas_are_those_of_the_code() {
    use sealcheck::scenario::schema;
    for (name, schema) in [("scenario", schema::scenario()), ("config", schema::config())] {
        let path = format!("{}/schemas/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == format!("{schema:#}\n"),
            "schemas/{name}.v1.json is stale: cargo run -- schema {name} > schemas/{name}.v1.json"
        );
    }
}

#[test]
fn every_shipped_scenario_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let loaded = load(&root, &[]);
    let errors: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0], "{}", errors.join("\n\n"));
    assert!(loaded.scenarios.len() >= 20);
    for scenario in &loaded.scenarios {
        assert!(scenario.description.is_some() && !scenario.tags.is_empty(), "{}", scenario.id);
    }
}

#[test]
fn no_shipped_scenario_is_odd() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let warnings = sealcheck::scenario::lint(&load(&root, &[]).scenarios);
    assert!(warnings.is_empty(), "{}", warnings.iter().map(|w| format!("{w}\n\n")).collect::<String>());
}
