//! A whole scenario.

use super::Cx;
use crate::{
    core::{ScenarioId, reading::OneOrMany},
    scenario::{
        model::{Scenario, Wait, Written},
        vars::{Piece, Vars, is_name, pieces},
        yaml::{
            spot::{Form, Scalar, Spot, Try},
            twin::scenario::{PollTwin, ScenarioTwin, WaitTwin},
        },
    },
    target::{TargetKind, knobs::Knobs, support::unsupported_knob},
};
use std::{sync::Arc, time::Duration};

impl Cx<'_> {
    /// One scenario, for one row of its matrix; `None` when something is wrong.
    pub(crate) fn scenario(&mut self, id: &str, twin: ScenarioTwin, row: &[(String, String)]) -> Option<Scenario> {
        let before = self.errors.len();
        self.filled("`name`", &twin.name);
        for tag in &twin.tags {
            self.tag(tag);
        }
        let vars = self.vars(&twin, row);
        let knobs = twin.lab.and_then(|l| l.0).map(|l| l.knobs(self));
        let targets = self.scenario_targets(twin.targets.and_then(|t| t.0), knobs.as_ref());
        let known_issue = twin.known_issue.and_then(|k| k.0);
        if let Some(known_issue) = &known_issue {
            known_issue.check(&targets, self);
        }
        if let Some(skip) = &twin.skip {
            self.filled("`skip`", skip);
            if matches!(skip.value.as_str(), "true" | "false") {
                let help = "write why it is not run, or leave the key out";
                self.wrong(skip.at, format!("`skip: {}` says no reason", skip.value), help);
            }
        }
        let send = twin.send.0.map(|s| self.send(s));
        let wait = twin.wait.and_then(|w| w.0);
        let written = Written {
            timeout: wait.as_ref().and_then(|w| w.timeout.clone()).map(|t| self.time(t)),
            arc: twin.arc.and_then(|a| a.0).map(|a| self.at(a)),
            retries: twin.retries.and_then(|r| r.0),
        };
        if let Some(retries) = &written.retries {
            retries.check(self);
        }
        let wait = wait.map_or_else(Wait::default, |w| self.wait(w));
        if twin.expect.value.is_empty() {
            self.wrong(
                twin.expect.at,
                "`expect` is empty",
                "write what must be true, for example `- delivered: gmail`",
            );
        }
        let mut expect = Vec::new();
        for (index, Try(item)) in twin.expect.value.into_iter().enumerate() {
            let Some(item) = item else { continue };
            let at = item.at;
            let expectation = self.expectation(index, item);
            self.reachable(at, &expectation.targets, &targets);
            self.holdable(&expectation.kind);
            expect.push(expectation);
        }
        if self.errors.len() > before {
            return None;
        }
        let [own, rest @ ..] = self.sources else { return None };
        Some(Scenario {
            id: ScenarioId::new(full_id(id, row)),
            file: Arc::clone(&own.file),
            name: twin.name.value,
            description: twin.description.map(|d| d.trim().to_owned()),
            tags: twin.tags.into_iter().map(|t| t.value).collect(),
            targets,
            params: row.to_vec(),
            vars,
            skip: twin.skip.map(|s| s.value),
            known_issue,
            arc: written.arc.as_ref().map(|a| a.value).unwrap_or_default(),
            knobs: knobs.unwrap_or_default(),
            send: send?,
            wait,
            expect,
            snapshot: twin.snapshot.and_then(|s| s.0).unwrap_or_default(),
            retries: written.retries.clone().map(Into::into).unwrap_or_default(),
            cleanup: twin.cleanup.and_then(|c| c.0).unwrap_or_default(),
            written,
            source: Arc::clone(&own.text),
            base: rest.first().map(|b| (Arc::clone(&b.file), Arc::clone(&b.text))),
        })
    }

    fn tag(&mut self, tag: &Spot<String>) {
        let word = tag.value.as_str();
        let sound = word.starts_with(char::is_alphanumeric)
            && word.chars().all(|c| c.is_alphanumeric() || "_-.:/".contains(c))
            && !["and", "or", "not"].contains(&word);
        if !sound {
            let help = "letters, digits, `-`, `_`, `.`, `:` and `/`; not `and`, `or` or `not`";
            self.wrong(tag.at, format!("`{word}` is no tag"), help);
        }
    }

    /// A value is a text as it stands: a variable that it names would be read as it is written.
    fn value_of(&mut self, name: &Spot<String>, value: &str) {
        for piece in pieces(value, &|_| false) {
            if let Piece::Name { written, .. } = piece {
                let message = format!("`{written}` in the value of variable `{}` is not filled in", name.value);
                self.wrong(name.at, message, "write it in the text where the variable is used");
            }
        }
    }

    fn vars(&mut self, twin: &ScenarioTwin, row: &[(String, String)]) -> Vars {
        let mut vars = Vars::new();
        for (name, values) in &twin.matrix.0 {
            values.iter().for_each(|Scalar(value)| self.value_of(name, value));
        }
        for (name, Scalar(value)) in &twin.vars.0 {
            if self.var_name(name) {
                if let Some((matrix, _)) = twin.matrix.0.iter().find(|(m, _)| m.value == name.value) {
                    let help = format!("`matrix` defines it in line {}", matrix.at.line);
                    self.wrong(name.at, format!("variable `{}` is defined twice", name.value), help);
                }
                self.value_of(name, value);
                vars.set(name.value.clone(), value.clone());
            }
        }
        for (name, value) in row {
            vars.set(name.clone(), value.clone());
        }
        vars
    }

    /// Whether a word can name a variable.
    pub(crate) fn var_name(&mut self, name: &Spot<String>) -> bool {
        if name.value == "token" {
            self.wrong(name.at, "`token` is the attempt's own variable", "choose another name");
            return false;
        }
        if !is_name(&name.value) {
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            self.wrong(name.at, format!("`{}` is no name of a variable", name.value), help);
            return false;
        }
        true
    }

    fn scenario_targets(
        &mut self,
        written: Option<Spot<OneOrMany<Spot<TargetKind>>>>,
        lab: Option<&Knobs>,
    ) -> Vec<TargetKind> {
        let Some(knobs) = lab else {
            return if written.is_some() { self.targets(written) } else { TargetKind::ALL.to_vec() };
        };
        let can = |kind: &TargetKind| kind.is_lab() && unsupported_knob(knobs, *kind).is_none();
        let labs: Vec<TargetKind> = TargetKind::ALL.into_iter().filter(can).collect();
        let Some(written) = written else { return labs };
        if let Some(outside) = written.value.0.iter().find(|t| !can(&t.value)) {
            let kind = outside.value;
            let (what, why) = match unsupported_knob(knobs, kind).filter(|_| kind.is_lab()) {
                Some((knob, why)) => (knob, format!(": {why}")),
                None => ("lab".to_owned(), String::new()),
            };
            let list: Vec<_> = labs.into_iter().map(TargetKind::as_str).collect();
            let message = format!("option without effect: `{what}` changes nothing about target `{kind}`{why}");
            self.wrong(outside.at, message, format!("`{what}` needs one of {}", list.join(", ")));
        }
        self.targets(Some(written))
    }

    fn wait(&mut self, twin: WaitTwin) -> Wait {
        let mut wait = Wait::default();
        if let Some(timeout) = twin.timeout {
            if timeout.value.0.is_zero() {
                self.wrong(timeout.at, "`timeout` is zero", "nothing arrives in no time; write for example 3m");
            }
            wait.timeout = timeout.value.0;
        }
        if let Some(slow) = twin.slow_after {
            if slow.value.0 >= wait.timeout {
                self.wrong(
                    slow.at,
                    "option without effect: `slow_after` is not less than `timeout`",
                    "lower it, or raise `timeout`",
                );
            }
            wait.slow_after = Some(slow.value.0);
        }
        if let Some(poll) = twin.poll {
            let longest = match poll.value {
                Form::Short(time) => Some(time.0),
                Form::Long(PollTwin { every, max }) => {
                    if let (Some(every), Some(max)) = (&every, &max)
                        && every.value.0 > max.value.0
                    {
                        self.wrong(every.at, "`every` is more than `max`", "start with the shorter interval");
                    }
                    max.or(every).map(|t| t.value.0)
                }
            };
            match longest {
                None => self.wrong(poll.at, "`poll` says nothing", "write `every` or `max`"),
                Some(Duration::ZERO) => self.wrong(poll.at, "`poll` is zero", "write for example 2s"),
                Some(longest) => wait.poll = longest,
            }
        }
        wait
    }
}

/// The identifier of a matrix row: `forward/arc[size=5MB,enc=8bit]`.
fn full_id(id: &str, row: &[(String, String)]) -> String {
    if row.is_empty() {
        return id.to_owned();
    }
    let row: Vec<_> = row.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{id}[{}]", row.join(","))
}
