//! `sealcheck inspect`: explains any mail, with no account and nothing sent.

mod explained;
mod mbox;
mod text;

use crate::{
    cli::{
        Context, Global,
        context::{complain, print},
        failure::{Failure, Outcome},
    },
    mail::Message,
    outcome::ExitCode,
    report::console::Palette,
    verify::{Dns, Verdict, ZoneFile, verify},
};
use clap::ValueEnum;
use explained::{Explained, Known};
use std::{io::Read, path::Path};

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// Messages or mailboxes (mbox); - for standard input
    #[arg(required = true, value_name = "FILE|-")]
    files: Vec<String>,
    /// Where public keys come from: system, none (nothing is verified), or a zone file such as dns.zone
    #[arg(long, value_name = "system|none|ZONEFILE", default_value = "system")]
    dns: String,
    /// For people or for programs; as JSON each message is one object, one a line when there are several
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The receiver whose Authentication-Results count [default: the one whose own block holds a field of its name]
    #[arg(long, value_name = "ID")]
    authserv_id: Option<String>,
    /// The domain of the server that forwarded the mail and should have sealed it [default: read from the path]
    #[arg(long, value_name = "DOMAIN")]
    forwarder: Option<String>,
    /// A log of rspamd or Postfix; its lines about the mail join the evidence; repeatable
    #[arg(long = "log", value_name = "FILE")]
    logs: Vec<String>,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &InspectArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(format!("cannot start: {e}")))?;
    runtime.block_on(inspect(context, global, args))
}

async fn inspect(context: &Context, global: &Global, args: &InspectArgs) -> Outcome {
    let dns = source(&args.dns)?;
    let logs = args.logs.iter().map(|name| log(name)).collect::<Result<Vec<_>, _>>().map_err(Failure::Usage)?;
    let palette = Palette { color: context.color(global.color.asked(), context.stdout_is_terminal) };
    let (mut messages, mut exit) = (Vec::new(), ExitCode::Success);
    for name in &args.files {
        // One file that cannot be read does not hide the others.
        match read(name).map(|bytes| mbox::messages(&bytes)) {
            Ok(found) => messages.extend(found.into_iter().map(|raw| (name.clone(), Message::parse(raw)))),
            Err(problem) => {
                complain(&format!("error: {problem}"));
                exit = exit.max(ExitCode::Usage);
            }
        }
    }
    let many = messages.len() > 1;
    for (name, message) in messages {
        if message.fields().is_empty() {
            complain(&format!("error: {name} is no mail: it has no header fields"));
            exit = exit.max(ExitCode::Usage);
            continue;
        }
        let verification = match &dns {
            Some(dns) => Some(verify(&message, dns, context.clock.now().as_second()).await),
            None => None,
        };
        let known = Known {
            name: if name == "-" { "standard input" } else { &name },
            authserv_id: args.authserv_id.as_deref(),
            forwarder: args.forwarder.as_deref(),
            logs: &logs,
        };
        let explained = Explained::of(&message, &known, verification);
        exit = exit.max(judge(&explained));
        let text = match args.format {
            Format::Json if many => serde_json::to_string(&explained),
            Format::Json => serde_json::to_string_pretty(&explained),
            Format::Text => Ok(text::text(palette, &name, &message, &explained)),
        };
        let text = text.map_err(|e| Failure::Internal(e.to_string()))?;
        print(&format!("{text}\n")).map_err(|e| Failure::stdout(&e))?;
    }
    Ok(exit)
}

/// A broken chain is a failure, one that could not be looked up is inconclusive.
fn judge(explained: &Explained) -> ExitCode {
    match explained.verification.as_ref().map(|v| v.arc) {
        Some(Verdict::Pass | Verdict::None) => ExitCode::Success,
        Some(Verdict::Fail) => ExitCode::Failed,
        Some(Verdict::TempError) => ExitCode::Inconclusive,
        None if explained.arc.defects.is_empty() => ExitCode::Success,
        None => ExitCode::Failed,
    }
}

fn source(dns: &str) -> Result<Option<Dns>, Failure> {
    match dns {
        "none" => Ok(None),
        "system" => Dns::system().map(Some).map_err(|e| Failure::Inconclusive(format!("cannot ask DNS: {e}"))),
        file => {
            let text = read(file).map_err(Failure::Usage)?;
            let text = String::from_utf8(text).map_err(|_| Failure::Usage(format!("{file} is no text")))?;
            let zone = ZoneFile::parse(&text).map_err(|e| Failure::Usage(format!("{file}: {e}")))?;
            Ok(Some(Dns::zone(zone)))
        }
    }
}

/// A log as text, with its name.
fn log(name: &str) -> Result<(String, String), String> {
    let text = String::from_utf8_lossy(&read(name)?).into_owned();
    Ok((name.to_owned(), text))
}

fn read(name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let result = match name {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        path => std::fs::read(Path::new(path)),
    };
    result.map_err(|e| format!("cannot read {name}: {e}"))
}
