//! Whether a plan can work on a target: accounts, mailboxes, files and variables, looked up before anything is sent.

use super::{
    PlanErrors,
    plan::{Plan, PlannedScenario},
    resume::look_again,
    route::{self, route},
};
use crate::{
    core::{RunId, Span, Token, UnixTime, duration},
    probe::compose::{ComposeContext, compose},
    scenario::{Scenario, Template, Vars, YamlError, contradictions, model::ExpectationKind, vars::UnknownVariable},
    target::{Provider, Target},
};
use std::sync::Arc;

/// Fills in what the scenarios of a plan leave to the target, and finds everything that cannot work there. Of the target
/// neither ports nor logins matter. `given` are the variables of the command line, `now` is in seconds since 1970.
///
/// # Errors
/// Everything that cannot work there.
pub fn prepare(mut plan: Plan, target: &Target, given: &Vars, run: &RunId, now: UnixTime) -> Result<Plan, PlanErrors> {
    let mut problems: Vec<YamlError> = Vec::new();
    for item in &mut plan.items {
        let mut scenario = item.scenario.as_ref().clone().with_accounts(target, given).with_defaults(target);
        scenario.skip = scenario.skipped_on(target.kind);
        item.scenario = Arc::new(scenario);
        if item.scenario.skip.is_some() {
            continue;
        }
        let mut found: Vec<YamlError> = Vec::new();
        if item.repetition == 1 || item.recorded.is_some() {
            found.extend(check(item, target, given, run, now));
        }
        if let (true, Some(recorded)) = (found.is_empty(), &item.recorded) {
            found.extend(look_again::check(item, recorded, target, given));
        }
        for problem in found {
            // Rows of a matrix share their mistakes.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() { Ok(plan) } else { Err(PlanErrors(problems)) }
}

fn check(item: &PlannedScenario, target: &Target, given: &Vars, run: &RunId, now: UnixTime) -> Vec<YamlError> {
    let scenario = &item.scenario;
    let token = Token::of(run, item.index, 1);
    let vars = item.vars(target, given, run, &token);
    let unknown = scenario.texts_on(target.kind).into_iter().flat_map(|text| text.unknown_names(&vars));
    let unknown: Vec<YamlError> = unknown.map(|name| unknown_variable(scenario, &name)).collect();
    if !unknown.is_empty() {
        // An account may be among them.
        return unknown;
    }
    if let Err(problem) = route(&scenario.send, target) {
        // Nothing else makes sense without the accounts.
        return vec![scenario.wrong(&problem.at, problem.value)];
    }
    let mut found = unusable_accounts(scenario, target);
    let context = ComposeContext { target, vars: &vars, token: &token, run, now, base: &item.base };
    let composed = compose(&scenario.send, &context);
    found.extend(composed.err().map(|e| scenario.wrong(&e.at, e.message)));
    found.extend(one_account_twice(scenario, target));
    found.extend(settle_too_long(scenario, target));
    found.extend(malformed_texts(scenario, target, &vars));
    let contradictions = contradictions::between(scenario.expected_on(target.kind), scenario.send.to.len());
    found.extend(contradictions.into_iter().map(|error| scenario.with_line(error)));
    found
}

/// Texts of expectations that have not the form that they must have, once their variables are filled in.
fn malformed_texts(scenario: &Scenario, target: &Target, vars: &Vars) -> Vec<YamlError> {
    let texts = scenario.expected_on(target.kind).flat_map(|e| e.kind.texts());
    let wrong = texts.filter_map(|(form, text)| Some((text, form.check_filled(text, vars).err()?)));
    wrong.map(|(text, (message, help))| scenario.wrong(text.at(), message).with_help(help)).collect()
}

/// A `settle` that the end of the attempt would cut: silence that was not waited for proves nothing.
fn settle_too_long(scenario: &Scenario, target: &Target) -> Vec<YamlError> {
    let timeout = scenario.wait.timeout();
    let settled = scenario.expected_on(target.kind).filter_map(|e| e.kind.settle());
    let too_long = settled.filter(|(settle, _)| *settle >= timeout);
    let errors = too_long.map(|(settle, at)| {
        let (settled, timeout) = (duration::human(settle), duration::human(timeout));
        let message = format!("`settle` of {settled} is not less than the timeout of {timeout}");
        let help = "raise the timeout (`wait.timeout`, --timeout), or lower `settle`";
        scenario.wrong(at, message).with_help(help)
    });
    errors.collect()
}

fn unknown_variable(scenario: &Scenario, unknown: &UnknownVariable) -> YamlError {
    let help = match &unknown.similar {
        Some(similar) => format!("did you mean `${similar}`?"),
        None => format!("define it with `vars:` or --var {}=VALUE; `$$` is a dollar sign", unknown.name),
    };
    scenario.wrong(&unknown.at, unknown.to_string()).with_help(help)
}

/// Recipients that are one account: the mail would go there once.
fn one_account_twice(scenario: &Scenario, target: &Target) -> Vec<YamlError> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut found = Vec::new();
    for to in &scenario.send.to {
        let Some(account) = target.account_of(&to.value) else { continue };
        match seen.iter().find(|(name, _)| *name == account.name) {
            Some((_, first)) => {
                let message = format!("`{}` and `{first}` are one address, {}", to.value, account.address);
                found.push(scenario.wrong(&to.at, message).with_help("keep one of them"));
            }
            None => seen.push((&account.name, &to.value)),
        }
    }
    found
}

/// Accounts of expectations that are not there, or cannot be asked.
fn unusable_accounts(scenario: &Scenario, target: &Target) -> Vec<YamlError> {
    let named = scenario.expected_on(target.kind).filter_map(|e| Some((&e.kind, e.kind.account()?)));
    let found = named.filter_map(|(kind, account)| {
        let log = matches!(kind, ExpectationKind::Log(_));
        let (message, help) = match target.accounts.get(&account.value) {
            None => (route::unknown(&account.value, target), None),
            Some(a) if log && a.logs.is_empty() => (
                format!("account {} has no logs on target {}, so no line can stand there", a.name, target.kind),
                Some("write `targets:` with those that have, or `logs` of the account into sealcheck.yaml"),
            ),
            Some(a) if !log && a.imap.is_none() => {
                (format!("account {} has no imap, so nobody can look into its mailbox", a.name), None)
            }
            Some(a) => {
                if a.imap.as_ref().is_some_and(|i| i.provider == Provider::Gmail) {
                    return None;
                }
                let at = gmail_only(kind)?;
                let message =
                    format!("account {} is not read as Gmail, so its mail has no labels and no category", a.name);
                let help = "write `targets:` with those that have, or `provider: gmail` into the account's imap";
                return Some(scenario.wrong(at, message).with_help(help));
            }
        };
        let error = scenario.wrong(&account.at, message);
        Some(help.map_or(error.clone(), |help| error.with_help(help)))
    });
    found.collect()
}

/// Where an expectation asks for something that only Gmail has.
fn gmail_only(kind: &ExpectationKind) -> Option<&Span> {
    let ExpectationKind::Delivered(delivered) = kind else { return None };
    let labels = delivered.labels.iter().map(Template::at);
    labels.chain(delivered.category.iter().map(|c| &c.at)).next()
}
