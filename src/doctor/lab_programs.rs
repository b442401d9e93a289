//! Are the programs here that a lab runs?

use super::{
    Report,
    program_output::{self, ProgramError},
};
use crate::{catalogue::Cause, target::TargetKind};
use std::{fs, os::unix::fs::MetadataExt};

/// Looks for what a lab needs: target rspamd that program, target postfix both of them and root.
pub async fn lab_programs(kind: TargetKind) -> Report {
    let mut report = Report::default();
    match kind {
        TargetKind::Rspamd => version("rspamd", "rspamd", &["--version"], &mut report).await,
        TargetKind::Postfix => {
            version("rspamd", "rspamd", &["--version"], &mut report).await;
            version("postfix", "postconf", &["-d", "-h", "mail_version"], &mut report).await;
            root(&mut report);
        }
        TargetKind::Embedded | TargetKind::Staging | TargetKind::Gmail => {
            report.ok("programs", format!("target {kind} needs no other program"));
        }
    }
    report
}

async fn version(package: &str, program: &str, arguments: &[&str], report: &mut Report) {
    match program_output::run(program, arguments).await {
        Ok(said) if said.succeeded => {
            let line = said.stdout.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim().to_owned();
            report.ok(package, format!("{program} says {line}"));
        }
        Ok(said) => {
            let line = said.stderr.lines().next().unwrap_or_default().to_owned();
            report.fail(package, Cause::H08, format!("{program} does not work: {line}"), "run it by hand to see why");
        }
        Err(ProgramError::Missing(_)) => {
            let next = format!("install it, for example `apt-get install {package}`");
            report.fail(package, Cause::H08, format!("there is no {program}"), next);
        }
        Err(error) => error.report(package, true, report),
    }
}

/// Postfix starts as root alone.
fn root(report: &mut Report) {
    match fs::metadata("/proc/self").map(|me| me.uid()) {
        Ok(0) => report.ok("root", "this is root, as Postfix wants it"),
        Ok(uid) => {
            let text = format!("user {uid} cannot start Postfix");
            report.fail("root", Cause::H08, text, "run it as root, or in a container");
        }
        Err(e) => report.unknown("root", format!("who this is was not found out: {e}"), "run it as root"),
    }
}
