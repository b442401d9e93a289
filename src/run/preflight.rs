//! Whether a plan can work on a target: accounts, mailboxes and variables, looked up before anything is sent.

use super::{
    plan::{Item, Problem, vars},
    route::{self, route},
};
use crate::{
    core::{At, RunId, Token},
    probe::compose::{Occasion, compose},
    scenario::{
        Target, Template, Vars,
        model::{ExpectationKind, TextTest},
    },
};
use std::sync::Arc;

/// Everything that cannot work. `given` are the variables of the command line, `now` is in seconds since 1970.
pub(super) fn check(items: &[Item], target: &Target, given: &Vars, run: &RunId, now: i64) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for item in items.iter().filter(|i| i.repetition == 1 && i.scenario.skip.is_none()) {
        let found = check_one(item, target, given, run, now);
        for At { value: message, at } in found {
            let problem = Problem { source: Arc::clone(&item.scenario.source), at, message };
            // Rows of a matrix share their mistakes.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

fn check_one(item: &Item, target: &Target, given: &Vars, run: &RunId, now: i64) -> Vec<At<String>> {
    let scenario = &item.scenario;
    let mut found = Vec::new();
    if let Err(problem) = route(&scenario.send, target) {
        // Nothing else makes sense without the accounts.
        return vec![problem];
    }
    let token = Token::of(run, item.index, 1);
    let vars = vars(item, target, given, run, &token);
    let occasion = Occasion { target, vars: &vars, token: &token, run, now, base: &item.base };
    if let Err(error) = compose(&scenario.send, &occasion) {
        found.push(At::new(error.message, error.at));
    }
    for expectation in scenario.expect.iter().filter(|e| e.targets.is_empty() || e.targets.contains(&target.kind)) {
        if let Some(account) = mailboxes(&expectation.kind) {
            match target.accounts.get(&account.value) {
                None => found.push(At::new(route::unknown(&account.value, target), account.at.clone())),
                Some(a) if a.imap.is_none() => {
                    let message = format!("account {} has no imap, so nobody can look into its mailbox", a.name);
                    found.push(At::new(message, account.at.clone()));
                }
                Some(_) => {}
            }
        }
        for template in templates(&expectation.kind) {
            found.extend(template.fill(&vars).err().map(|unknown| {
                let hint = unknown.similar.as_ref().map(|s| format!("; did you mean `${s}`?")).unwrap_or_default();
                At::new(format!("{unknown}{hint}"), unknown.at.clone())
            }));
        }
    }
    found
}

/// The accounts whose mailboxes are looked into.
fn mailboxes(kind: &ExpectationKind) -> Option<&At<String>> {
    match kind {
        ExpectationKind::Delivered(d) => Some(&d.to),
        ExpectationKind::Bounced(b) => Some(&b.to),
        ExpectationKind::Absent(a) => Some(&a.from),
        ExpectationKind::Count(c) => Some(&c.to),
        ExpectationKind::Smtp(_) | ExpectationKind::Log(_) => None,
    }
}

/// Every text of an expectation that may name variables.
fn templates(kind: &ExpectationKind) -> Vec<&Template> {
    fn test(test: &TextTest) -> &Template {
        match test {
            TextTest::Is(t) | TextTest::Contains(t) | TextTest::Matches(t) => t,
        }
    }
    match kind {
        ExpectationKind::Smtp(s) => [&s.status, &s.text].into_iter().flatten().map(|t| test(&t.value)).collect(),
        ExpectationKind::Delivered(d) => {
            let methods =
                d.auth.methods.iter().flat_map(|(_, m)| m.value.domain.iter().chain(m.value.comment.iter().map(test)));
            let seals = d.arc.seals.iter().flat_map(|s| s.value.by.iter().chain(&s.value.selector));
            let headers = d.headers.iter().map(|(_, t)| test(&t.value));
            d.auth.by.iter().chain(methods).chain(seals).chain(headers).collect()
        }
        ExpectationKind::Bounced(b) => [&b.from, &b.status, &b.diagnostic, &b.final_recipient]
            .into_iter()
            .flatten()
            .map(|t| test(&t.value))
            .collect(),
        ExpectationKind::Log(l) => vec![test(&l.line.value)],
        ExpectationKind::Absent(_) | ExpectationKind::Count(_) => Vec::new(),
    }
}
