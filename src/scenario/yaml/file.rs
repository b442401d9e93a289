//! Scenario files and project files as a whole. Their sections read themselves; here is what takes more than one of them to be
//! judged.

use super::Errors;
use crate::{
    core::{
        ScenarioId, Spanned,
        reading::{Entries, OneOrMany, Recovered, ScalarText, Wrong, checked, recovered},
    },
    scenario::{
        config::{self, AccountSpec, Config, Profile, Targets},
        lab::LabWritten,
        matrix::Row,
        model::{
            ArcPolicy, Cleanup, Expectation, ExpectationKind, FileOptions, FileRetries, KnownIssue, Scenario, SendSpec,
            SnapshotPreset, Wait,
        },
        vars::{Piece, Vars, pieces},
    },
    target::{Limit, TargetKind, knobs::Knobs, support::unsupported_knob},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// A delivery scenario: what is sent, and what must then be true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(crate) struct ScenarioFile {
    /// Format version: always 1, and always the first key.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "checked before the file is read")]
    sealcheck: u32,
    /// A scenario file beside this one whose keys count where this file does not say otherwise; it extends no other.
    #[expect(dead_code, reason = "merged before the file is read")]
    extends: Option<String>,
    /// One line for people.
    name: Spanned<String>,
    /// More for people.
    description: Option<String>,
    /// Words to select the scenario by.
    #[serde(default)]
    tags: Vec<Spanned<String>>,
    /// Where it can run; everywhere when not written, in every lab when `lab` is written.
    #[serde(default, deserialize_with = "recovered")]
    targets: Option<OneOrMany<Spanned<TargetKind>>>,
    /// Why it is not run.
    skip: Option<Spanned<String>>,
    /// A failure that is known; passing is then a failure.
    #[serde(default, deserialize_with = "recovered")]
    known_issue: Option<KnownIssue>,
    /// Variables for the texts of this scenario.
    #[serde(default)]
    vars: Entries<ScalarText>,
    /// Lists of values; the scenario runs once for every combination.
    #[serde(default)]
    matrix: Entries<Vec<ScalarText>>,
    /// Whether the receiver must speak about ARC.
    #[serde(default, deserialize_with = "recovered")]
    arc: Option<Spanned<ArcPolicy>>,
    /// What is changed about the lab.
    #[serde(default, deserialize_with = "recovered")]
    lab: Option<Spanned<LabWritten>>,
    /// What is sent.
    send: Recovered<SendSpec>,
    /// How long to wait.
    #[serde(default, deserialize_with = "recovered")]
    wait: Option<Wait>,
    /// What must be true.
    #[schemars(length(min = 1))]
    expect: Spanned<Vec<Recovered<Spanned<ExpectationKind>>>>,
    /// What a snapshot keeps.
    #[serde(default, deserialize_with = "recovered")]
    snapshot: Option<SnapshotPreset>,
    /// When to try again with a new mail.
    #[serde(default, deserialize_with = "recovered")]
    retries: Option<FileRetries>,
    /// What happens to the mail afterwards.
    #[serde(default, deserialize_with = "recovered")]
    cleanup: Option<Cleanup>,
}

impl ScenarioFile {
    /// The scenario, for one row of its matrix; `None` when something is wrong.
    pub(crate) fn scenario(mut self, id: &str, row: &Row, errors: &mut Errors<'_>) -> Option<Scenario> {
        let before = errors.count();
        let vars = self.vars(row, errors);
        let knobs = self.lab.take().map(|lab| lab.value.knobs(&lab.at, errors));
        let targets = self.targets(knobs.as_ref(), errors);
        self.check(&targets, errors);
        let expect = self.expectations(&targets, errors);
        if errors.count() > before {
            return None;
        }
        let [own, rest @ ..] = errors.sources() else { return None };
        let wait = self.wait.unwrap_or_default();
        Some(Scenario {
            id: ScenarioId::new(full_id(id, row)),
            file: Arc::clone(&own.file),
            name: self.name.value,
            description: self.description.map(|description| description.trim().to_owned()),
            tags: self.tags.into_iter().map(|tag| tag.value).collect(),
            targets,
            params: row.clone(),
            vars,
            skip: self.skip.map(|skip| skip.value),
            known_issue: self.known_issue,
            arc: self.arc.as_ref().map(|arc| arc.value).unwrap_or_default(),
            knobs: knobs.unwrap_or_default(),
            send: self.send.0?,
            written: FileOptions { timeout: wait.timeout.clone(), arc: self.arc, retries: self.retries.clone() },
            wait,
            expect,
            snapshot: self.snapshot.unwrap_or_default(),
            retries: self.retries.map(Into::into).unwrap_or_default(),
            cleanup: self.cleanup.unwrap_or_default(),
            source: Arc::clone(&own.text),
            base: rest.first().map(|base| (Arc::clone(&base.file), Arc::clone(&base.text))),
        })
    }

    /// Notes what is wrong with a section, on these targets.
    fn check(&self, targets: &[TargetKind], errors: &mut Errors<'_>) {
        errors.not_empty("`name`", &self.name);
        self.tags.iter().for_each(|tag| check_tag(tag, errors));
        if let Some(known_issue) = &self.known_issue {
            known_issue.check(targets, errors);
        }
        if let Some(skip) = &self.skip {
            errors.not_empty("`skip`", skip);
            if matches!(skip.value.as_str(), "true" | "false") {
                let help = "write why it is not run, or leave the key out";
                errors.error_at(&skip.at, format!("`skip: {}` says no reason", skip.value), help);
            }
        }
        if let Some(send) = &self.send.0 {
            send.check(errors);
        }
        if let Some(wait) = &self.wait {
            wait.check(errors);
        }
        if let Some(retries) = &self.retries {
            retries.check(errors);
        }
    }

    fn vars(&self, row: &Row, errors: &mut Errors<'_>) -> Vars {
        let mut vars = Vars::new();
        for (name, values) in &self.matrix.0 {
            values.iter().for_each(|ScalarText(value)| check_value(name, value, errors));
        }
        for (name, ScalarText(value)) in &self.vars.0 {
            if errors.variable_name(name) {
                if let Some((matrix, _)) = self.matrix.0.iter().find(|(matrix, _)| matrix.value == name.value) {
                    let help = format!("`matrix` defines it in line {}", matrix.at.line);
                    errors.error_at(&name.at, format!("variable `{}` is defined twice", name.value), help);
                }
                check_value(name, value, errors);
                vars.set(name.value.as_str(), value.as_str());
            }
        }
        for (name, value) in row {
            vars.set(name.as_str(), value.as_str());
        }
        vars
    }

    fn targets(&self, lab: Option<&Knobs>, errors: &mut Errors<'_>) -> Vec<TargetKind> {
        let Some(knobs) = lab else {
            return self.targets.as_ref().map_or_else(|| TargetKind::ALL.to_vec(), |kinds| errors.distinct(kinds));
        };
        let can = |kind: &TargetKind| kind.is_lab() && unsupported_knob(knobs, *kind).is_none();
        let labs: Vec<TargetKind> = TargetKind::ALL.into_iter().filter(can).collect();
        let Some(written) = &self.targets else { return labs };
        if let Some(outside) = written.0.iter().find(|kind| !can(&kind.value)) {
            let kind = outside.value;
            let unsupported = if kind.is_lab() { unsupported_knob(knobs, kind) } else { None };
            let (what, why) = match unsupported {
                Some((knob, why)) => (knob, format!(": {why}")),
                None => ("lab".to_owned(), String::new()),
            };
            let list: Vec<_> = labs.into_iter().map(TargetKind::as_str).collect();
            let message = format!("option without effect: `{what}` changes nothing about target `{kind}`{why}");
            errors.error_at(&outside.at, message, format!("`{what}` needs one of {}", list.join(", ")));
        }
        errors.distinct(written)
    }

    /// What must be true in a scenario that runs on these targets.
    fn expectations(&mut self, targets: &[TargetKind], errors: &mut Errors<'_>) -> Vec<Expectation> {
        if self.expect.value.is_empty() {
            let help = "write what must be true, for example `- delivered: gmail`";
            errors.error_at(&self.expect.at, "`expect` is empty", help);
        }
        let mut expect = Vec::new();
        for (index, item) in std::mem::take(&mut self.expect.value).into_iter().enumerate() {
            let Some(Spanned { value: kind, at }) = item.0 else { continue };
            kind.check(&at, errors);
            let own = errors.distinct(kind.targets());
            if let Some(kind) = own.iter().find(|kind| !targets.contains(kind)) {
                let list: Vec<_> = targets.iter().map(|kind| kind.as_str()).collect();
                let message = format!("option without effect: target `{kind}` is none of the scenario's");
                errors.error_at(&at, message, format!("the scenario runs on {}", list.join(", ")));
            }
            expect.push(Expectation { index, at, targets: own, kind });
        }
        expect
    }
}

fn check_tag(tag: &Spanned<String>, errors: &mut Errors<'_>) {
    let word = tag.value.as_str();
    let is_sound = word.starts_with(char::is_alphanumeric)
        && word.chars().all(|c| c.is_alphanumeric() || "_-.:/".contains(c))
        && !["and", "or", "not"].contains(&word);
    if !is_sound {
        let help = "letters, digits, `-`, `_`, `.`, `:` and `/`; not `and`, `or` or `not`";
        errors.error_at(&tag.at, format!("`{word}` is no tag"), help);
    }
}

/// A value is a text as it stands: a variable that it names would be read as it is written.
fn check_value(name: &Spanned<String>, value: &str, errors: &mut Errors<'_>) {
    for piece in pieces(value, &|_| false) {
        if let Piece::Name { written, .. } = piece {
            let message = format!("`{written}` in the value of variable `{}` is not filled in", name.value);
            errors.error_at(&name.at, message, "write it in the text where the variable is used");
        }
    }
}

/// The identifier of a matrix row: `forward/arc[size=5MB,enc=8bit]`.
fn full_id(id: &str, row: &Row) -> String {
    if row.is_empty() {
        return id.to_owned();
    }
    let row: Vec<_> = row.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{id}[{}]", row.join(","))
}

/// The project file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Config")]
pub(crate) struct ConfigFile {
    /// Format version: always 1, and always the first key.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "checked before the file is read")]
    sealcheck: u32,
    /// The scenario folder; `scenarios` when not written.
    scenarios: Option<Spanned<PathBuf>>,
    /// The snapshot folder; `snapshots` when not written.
    snapshots: Option<Spanned<PathBuf>>,
    /// Where to run when nobody says so; `embedded` when not written.
    #[serde(default, deserialize_with = "recovered")]
    target: Option<Spanned<TargetKind>>,
    /// Where verification asks DNS: `system`, or an address with a port.
    #[serde(default, deserialize_with = "dns_server")]
    #[schemars(with = "Option<String>")]
    dns: Option<SocketAddr>,
    /// The accounts by the names that scenarios use; the labs bring their own.
    #[serde(default)]
    accounts: Entries<Recovered<AccountSpec>>,
    /// What targets need beside accounts.
    #[serde(default, deserialize_with = "recovered")]
    targets: Option<Targets>,
    /// Limits by account.
    #[serde(default)]
    limits: Entries<Recovered<Limit>>,
    /// The options of `run` where no profile says otherwise.
    #[serde(default, deserialize_with = "recovered")]
    run: Option<Profile>,
    /// Named sets of options for `run --profile`.
    #[serde(default)]
    profiles: Entries<Recovered<Profile>>,
}

/// An address with a port; `None` for `system`.
fn dns_server<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    fn address(text: &str) -> Option<SocketAddr> {
        text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, 53)))
    }
    let text = checked(deserializer, |text: &Option<String>| match text.as_deref() {
        Some(text) if text != "system" && address(text).is_none() => {
            let help = "write `system`, or an IP address with a port, for example 127.0.0.1:5353";
            Err(Wrong::new(format!("`{text}` is no DNS server"), help))
        }
        _ => Ok(()),
    })?;
    Ok(text.as_deref().and_then(address))
}

impl ConfigFile {
    /// The project file as it is used; what is wrong is noted and left out.
    pub(crate) fn config(self, errors: &mut Errors<'_>) -> Config {
        for (key, path) in [("`scenarios`", &self.scenarios), ("`snapshots`", &self.snapshots)] {
            if let Some(path) = path {
                errors.not_empty(key, path);
            }
        }
        let accounts = config::accounts(self.accounts, errors);
        let limits = config::limits(self.limits, &accounts, errors);
        let (run, profiles) = config::options(self.target, self.run, self.profiles, errors);
        Config {
            scenarios: self.scenarios.map(|path| path.value),
            snapshots: self.snapshots.map(|path| path.value),
            dns: self.dns,
            accounts,
            staging: self.targets.and_then(|targets| targets.staging).unwrap_or_default(),
            limits,
            run,
            profiles,
            ..Config::default()
        }
    }
}
