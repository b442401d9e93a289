//! Looking again for the mail of a run that was ended.

use super::{
    Scene,
    left::{events, record},
};
use crate::support::program::{Lab, Project, Ran};
use serde_json::Value;
use std::{collections::BTreeSet, fs, net::TcpListener};

/// The mails that records tell of.
#[derive(Default)]
pub(super) struct Sent {
    message_ids: BTreeSet<String>,
}

impl Sent {
    /// Looks again after a run: whoever's mail was handed over passes, and nobody speaks to the server that takes mail.
    pub(super) fn look_again(&mut self, scene: &Scene, lab: &Lab, ran: &Ran) {
        let project = &scene.project;
        let Some(record) = record(project) else { return assert!(!project.path(".sealcheck/sent.txt").exists()) };
        let events = events(&fs::read_to_string(record).unwrap(), true);
        let of = |kind: &str| {
            let all = events.iter().filter(move |event| event["event"] == kind);
            all.map(|event| event["scenario"].as_str().unwrap()).collect::<BTreeSet<_>>()
        };
        let (composed, submitted) = (of("mail_composed"), of("mail_submitted"));
        let mails = events.iter().filter_map(|event| event["mail"]["message_id"].as_str());
        self.message_ids.extend(mails.map(str::to_owned));
        let counted = fs::read_to_string(project.path(".sealcheck/sent.txt")).unwrap_or_default();
        let is_line = |line: &str| line.ends_with(" probe@ext.example") && line.split(' ').count() == 2;
        assert!(counted.lines().all(is_line) && (counted.is_empty() || counted.ends_with('\n')), "{counted}");
        assert!((composed.len()..=3).contains(&counted.lines().count()), "{counted}{ran}");
        // A run that was over before the signal came left nothing to look for.
        if ran.code == 0
            || events.last().is_some_and(|event| event["event"] == "run_finished" && event["complete"] == true)
        {
            return;
        }
        let (again, result) = without_sending(project, lab);
        let statuses = result["scenarios"].as_array().unwrap_or_else(|| panic!("{ran}{again}"));
        assert_eq!(statuses.len(), 3, "{ran}{again}");
        for scenario in statuses {
            let id = scenario["id"].as_str().unwrap();
            let fits = match (submitted.contains(id), composed.contains(id)) {
                (true, _) => &["passed"][..],
                // Nobody knows whether it left.
                (_, true) => &["passed", "errored"],
                _ => &["not_run"],
            };
            assert!(fits.contains(&scenario["status"].as_str().unwrap()), "{id}: {ran}{again}");
        }
        let passed = statuses.iter().all(|scenario| scenario["status"] == "passed");
        assert_eq!(again.code, if passed { 0 } else { 3 }, "{ran}{again}");
        assert_eq!(project.read(".sealcheck/sent.txt"), counted, "nothing was counted again");
    }

    /// Every mail that came is known, and came once.
    pub(super) fn came_once(&self, project: &Project) {
        let args = ["cleanup", "--account", "gmail", "--older-than", "0s", "--dry-run", "--format", "json"];
        let listed = project.run(&args);
        assert_eq!(listed.code, 0, "{listed}");
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        let mails = listed["accounts"][0]["mails"].as_array().unwrap();
        let came: Vec<_> = mails.iter().map(|mail| mail["message_id"].as_str().unwrap()).collect();
        let once: BTreeSet<_> = came.iter().copied().collect();
        assert!(once.len() == came.len() && !came.is_empty(), "{came:?}");
        let unknown: Vec<_> = once.iter().filter(|id| !self.message_ids.contains(**id)).collect();
        assert!(unknown.is_empty(), "no record tells of {unknown:?}");
    }
}

/// Looks again while in the place of the server that mail is handed to is one that nobody may speak to.
fn without_sending(project: &Project, lab: &Lab) -> (Ran, Value) {
    let servers = lab.ready["servers"].as_array().unwrap();
    let address = servers.iter().find(|s| s["name"] == "submission").unwrap()["address"].as_str().unwrap();
    let port = address.rsplit_once(':').unwrap().1;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let config = project.read("sealcheck.yaml");
    let other = format!("port: {}", silent.local_addr().unwrap().port());
    let other = config.replace(&format!("port: {port}"), &other);
    assert_ne!(other, config);
    fs::write(project.path("sealcheck.yaml"), other).unwrap();
    let args = "run --target gmail --resume last --update all --report json=out/again.json";
    let again = project.run(&args.split(' ').collect::<Vec<_>>());
    fs::write(project.path("sealcheck.yaml"), config).unwrap();
    assert!(silent.accept().is_err(), "somebody connected to send");
    let result = fs::read_to_string(project.path("out/again.json")).unwrap_or_else(|e| panic!("{e} {again}"));
    (again, serde_json::from_str(&result).unwrap())
}
