//! `sealcheck cleanup`: puts away what runs have left in mailboxes, and nothing else.

use crate::{
    cli::{CliError, CommandResult, Context, Format, Global, Project, block_on, mask_with, pretty, print},
    core::{Redactor, duration},
    outcome::{ExitCode, HarnessError},
    probe::{
        mailbox::{Limits, Mailboxes, TestMail},
        token::Tokens,
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// Arguments of `cleanup`.
#[derive(Debug, clap::Args)]
pub struct CleanupArgs {
    /// The account whose mailbox it is [default: every account that has one]; repeatable
    #[arg(long = "account", value_name = "NAME")]
    accounts: Vec<String>,
    /// Leave mail alone that came later than this ago: runs may still wait for it
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    older_than: Duration,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &CleanupArgs) -> CommandResult {
    block_on(cleanup(context, global, args))
}

async fn cleanup(context: &Context, global: &Global, args: &CleanupArgs) -> CommandResult {
    let project = Project::find(context, global, &[])?;
    let redactor = Redactor::new();
    mask_with(&redactor);
    let target = project.mailboxes(context, &args.accounts, &redactor).await?;
    if target.accounts.is_empty() {
        return Err(CliError::Usage("no account of the project file has a mailbox: nothing has `imap:`".to_owned()));
    }
    let age = i64::try_from(args.older_than.as_secs()).unwrap_or(i64::MAX);
    let before = context.clock.now().as_second().saturating_sub(age);
    let mailboxes = Mailboxes::with_tokens(Duration::MAX, Limits::default(), Tokens::new(redactor.clone()));
    let mut swept = Vec::new();
    for (name, account) in &target.accounts {
        swept.push((name.as_str(), mailboxes.test_mail(account, before, !args.dry_run).await));
    }
    mailboxes.close().await;
    let text = match args.format {
        Format::Text => swept.iter().map(|(name, found)| told(name, found, args)).collect(),
        Format::Json => pretty(&document(&swept, args.dry_run))?,
    };
    print(&text)?;
    // What one account refuses keeps no other from being swept.
    let failed: Vec<_> = swept.iter().filter_map(|(name, found)| Some((name, found.as_ref().err()?))).collect();
    let texts = failed.iter().map(|(name, e)| format!("{}: {name}: {e}; {}", e.kind, e.next)).collect::<Vec<_>>();
    if texts.is_empty() { Ok(ExitCode::Success) } else { Err(CliError::Inconclusive(texts.join("\nerror: "))) }
}

type Found = Result<Vec<TestMail>, HarnessError>;

fn told(name: &str, found: &Found, args: &CleanupArgs) -> String {
    let Ok(found) = found else { return String::new() };
    let age = duration::human(args.older_than);
    let (done, mails) = (if args.dry_run { "would remove" } else { "removed" }, found.len());
    let plural = if mails == 1 { "" } else { "s" };
    let mut text = format!("{name}: {done} {mails} mail{plural} older than {age}\n");
    for mail in found {
        let day = day(mail.internal_date);
        text.push_str(&format!("  {:<5}  {day}  {}  {}\n", mail.folder.to_string(), mail.message_id, mail.subject));
    }
    text
}

fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

fn document(swept: &[(&str, Found)], dry_run: bool) -> Value {
    let accounts = swept.iter().map(|(name, found)| match found {
        Ok(found) => json!({ "account": name, "mails": found.iter().map(mail).collect::<Vec<_>>(), "error": null }),
        Err(e) => json!({ "account": name, "mails": [], "error": { "code": e.kind, "message": e.to_string() } }),
    });
    json!({ "version": 1, "removed": !dry_run, "accounts": accounts.collect::<Vec<_>>() })
}

fn mail(mail: &TestMail) -> Value {
    json!({
        "folder": mail.folder.to_string(),
        "internal_date": day(mail.internal_date),
        "message_id": mail.message_id,
        "subject": mail.subject,
    })
}
