//! `sealcheck doctor --target`: is all there that a run on this target needs?

use super::{DoctorArgs, dns, domains, test_mail};
use crate::{
    cli::{Context, cli_error::CliError, project::Project},
    core::Redactor,
    doctor::{Preflight, Report, is_key, lab_programs},
    probe::token::Tokens,
    scenario::{
        Scenario,
        config::{Outside, Selected, Survey},
    },
    target::TargetKind,
};
use std::collections::BTreeSet;

/// Looks at what the target needs; every secret is told to the redactor.
pub(super) async fn examine(
    context: &Context,
    project: &Project,
    args: &DoctorArgs,
    kind: TargetKind,
    redactor: &Redactor,
) -> Result<Report, CliError> {
    if let Some(key) = args.keys.iter().find(|key| !is_key(key)) {
        return Err(CliError::Usage(format!("--key {key}: write it as SELECTOR._domainkey.DOMAIN")));
    }
    if kind.is_lab() {
        return match args.send {
            true => Err(CliError::Usage(format!("--send has no effect on target {kind}; use `sealcheck run`"))),
            false => Ok(lab_programs(kind).await),
        };
    }
    if kind == TargetKind::Staging {
        let text = "--target staging: the accounts are ours and there is nothing to log in to; run `sealcheck doctor` on your server";
        return Err(CliError::Usage(text.to_owned()));
    }
    let scenarios = project.scenarios(&args.what)?;
    let on_target = |s: &Scenario| s.targets.contains(&kind) && s.skipped_on(kind).is_none();
    let mut scenarios: Vec<Scenario> = scenarios.into_iter().filter(on_target).collect();
    let probe = test_mail::scenario()?;
    if scenarios.is_empty() {
        // Where there is no scenario yet, the accounts of the simplest one are looked at.
        scenarios.push(probe.clone());
    }
    let renamed = args.values.renamed(None);
    let env = |name: &str| context.variable(name).map(str::to_owned);
    let outside = Outside { env: &env, root: project.folder() };
    let vars = args.values.vars()?;
    let selected = Selected { kind, scenarios: &scenarios, renamed: &renamed, vars: &vars };
    let Survey { target, accounts, secrets, hints } = project.config.survey(selected, &outside, redactor).await;
    let scenarios = scenarios.into_iter().map(|scenario| scenario.with_accounts(&target, &vars));
    let senders: BTreeSet<String> = scenarios.map(|s| s.send.from.value).collect();
    let preflight = Preflight {
        target: &target,
        accounts: &accounts,
        secrets: &secrets,
        hints: &hints,
        senders: &senders,
        keys: &args.keys,
        dns: &dns(args.dns.as_deref(), target.dns, &domains(project, args))?,
        tokens: &Tokens::new(redactor.clone()),
        now: context.clock.now().as_second(),
    };
    let mut report = preflight.examine().await;
    if args.send {
        test_mail::send(context, project, (kind, &renamed), probe, redactor, &mut report).await;
    }
    Ok(report)
}
