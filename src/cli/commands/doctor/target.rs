//! `sealcheck doctor --target`: is all there that a run on this target needs?

use super::{DoctorArgs, dns, domains, test_mail};
use crate::{
    cli::{CliError, Context, Project},
    core::Redactor,
    doctor::{Preflight, Report, is_key, lab_programs},
    probe::token::Tokens,
    scenario::config::{Outside, Selected, Survey},
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
        if args.send {
            return Err(CliError::Usage(format!("--send has no effect on target {kind}; use `sealcheck run`")));
        }
        return Ok(lab_programs(kind).await);
    }
    if kind == TargetKind::Staging {
        let text = "--target staging: the accounts are ours and there is nothing to log in to; run `sealcheck doctor` on your server";
        return Err(CliError::Usage(text.to_owned()));
    }
    let mut scenarios = project.scenarios(&args.what)?;
    scenarios.retain(|scenario| scenario.targets.contains(&kind) && scenario.skipped_on(kind).is_none());
    let probe = test_mail::scenario()?;
    if scenarios.is_empty() {
        // Where there is no scenario yet, the accounts of the simplest one are looked at.
        scenarios.push(probe.clone());
    }
    let renamed = args.values.renamed(None);
    let outside = Outside { env: &context.lookup(), root: project.folder() };
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
        test_mail::send(context, project, kind, &renamed, probe, redactor, &mut report).await;
    }
    Ok(report)
}
