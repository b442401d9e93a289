//! Whether a plan can work on a target: accounts, mailboxes, files and variables, looked up before anything is sent.

use super::{
    plan::{Item, vars},
    route::{self, route},
};
use crate::{
    core::{At, RunId, Token},
    probe::compose::{Occasion, compose},
    scenario::{Target, Vars, YamlError, model::ExpectationKind},
};

/// Everything that cannot work. `given` are the variables of the command line, `now` is in seconds since 1970.
pub(super) fn check(items: &[Item], target: &Target, given: &Vars, run: &RunId, now: i64) -> Vec<YamlError> {
    let mut problems: Vec<YamlError> = Vec::new();
    for item in items.iter().filter(|i| i.repetition == 1 && i.scenario.skip.is_none()) {
        for problem in check_one(item, target, given, run, now) {
            // Rows of a matrix share their mistakes.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

fn check_one(item: &Item, target: &Target, given: &Vars, run: &RunId, now: i64) -> Vec<YamlError> {
    let scenario = &item.scenario;
    let error = |at: At<String>| {
        let source = scenario.source_of(&at.at).unwrap_or_default();
        YamlError::new(at.value, at.at).with_source(source)
    };
    if let Err(problem) = route(&scenario.send, target) {
        // Nothing else makes sense without the accounts.
        return vec![error(problem)];
    }
    let mut found: Vec<YamlError> = scenario
        .expect
        .iter()
        .filter(|e| e.targets.is_empty() || e.targets.contains(&target.kind))
        .filter_map(|e| mailbox(&e.kind))
        .filter_map(|account| {
            let message = match target.accounts.get(&account.value) {
                None => route::unknown(&account.value, target),
                Some(a) if a.imap.is_none() => {
                    format!("account {} has no imap, so nobody can look into its mailbox", a.name)
                }
                Some(_) => return None,
            };
            Some(error(At::new(message, account.at.clone())))
        })
        .collect();
    let token = Token::of(run, item.index, 1);
    let vars = vars(item, target, given, run, &token);
    let unknown = scenario.unknown_names(&vars);
    if unknown.is_empty() {
        let occasion = Occasion { target, vars: &vars, token: &token, run, now, base: &item.base };
        let composed = compose(&scenario.send, &occasion);
        found.extend(composed.err().map(|e| error(At::new(e.message, e.at))));
    }
    found.extend(unknown.into_iter().map(|unknown| {
        let help = match &unknown.similar {
            Some(similar) => format!("did you mean `${similar}`?"),
            None => format!("define it with `vars:` or --var {}=VALUE; `$$` is a dollar sign", unknown.name),
        };
        error(At::new(unknown.to_string(), unknown.at.clone())).with_help(help)
    }));
    found
}

/// The account whose mailbox is looked into.
fn mailbox(kind: &ExpectationKind) -> Option<&At<String>> {
    match kind {
        ExpectationKind::Smtp(_) | ExpectationKind::Log(_) => None,
        kind => kind.account(),
    }
}
