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
use mbox::Messages;
use std::{
    cell::Cell,
    fmt::Display,
    fs::File,
    io::{self, BufRead, BufReader},
};

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
    /// The mail as it was sent, for what changed on the way; of several mails that with its Message-ID is compared
    #[arg(long, value_name = "FILE")]
    sent: Option<String>,
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
    let logs = args.logs.iter().map(|name| log(name)).collect::<Result<Vec<_>, _>>()?;
    let sent = args.sent.as_deref().map(sent).transpose()?;
    let palette = Palette { color: context.color(global.color.asked(), context.stdout_is_terminal) };
    let inspector = Inspector { context, args, dns, sent, logs, palette, compared: Cell::new(false) };
    let mut exit = ExitCode::Success;
    for name in &args.files {
        // What cannot be read does not hide the rest.
        let mut messages = match open(name) {
            Ok(input) => Messages::of(input).peekable(),
            Err(error) => {
                exit = exit.max(unreadable(name, &error));
                continue;
            }
        };
        let mut many = args.files.len() > 1;
        while let Some(message) = messages.next() {
            many |= messages.peek().is_some();
            let one = match message {
                Ok(raw) => inspector.inspect(name, &Message::parse(raw), many).await?,
                Err(error) => unreadable(name, &error),
            };
            exit = exit.max(one);
        }
    }
    if let (Some((name, sent)), false) = (&inspector.sent, inspector.compared.get()) {
        let id = sent.message_id().unwrap_or_default();
        complain(&format!(
            "error: no mail has the Message-ID of {name}, {id}: give it alone to compare it all the same"
        ));
        exit = exit.max(ExitCode::Usage);
    }
    Ok(exit)
}

fn unreadable(name: &str, error: &io::Error) -> ExitCode {
    complain(&format!("error: cannot read {name}: {error}"));
    ExitCode::Usage
}

/// Whether it looks like a header at all: fields with the names that RFC 5322 §2.2 allows.
fn is_mail(message: &Message) -> bool {
    let good = message.fields().iter().filter(|f| !f.name.is_empty() && f.name.bytes().all(|b| b.is_ascii_graphic()));
    let good = good.count();
    good > 0 && good * 2 >= message.fields().len()
}

/// What every message is inspected with.
struct Inspector<'a> {
    context: &'a Context,
    args: &'a InspectArgs,
    dns: Option<Dns>,
    /// The mail as it was sent, with its name.
    sent: Option<(String, Message)>,
    /// Whether a mail was compared with it.
    compared: Cell<bool>,
    /// Names and texts of logs.
    logs: Vec<(String, String)>,
    palette: Palette,
}

impl Inspector<'_> {
    async fn inspect(&self, name: &str, message: &Message, many: bool) -> Outcome {
        if !is_mail(message) {
            complain(&format!("error: {name} is no mail: it has no header fields"));
            return Ok(ExitCode::Usage);
        }
        let verification = match &self.dns {
            Some(dns) => Some(verify(message, dns, self.context.clock.now().as_second()).await),
            None => None,
        };
        let sent = self.sent.as_ref().filter(|(_, sent)| !many || sent.message_id() == message.message_id());
        if sent.is_some() {
            self.compared.set(true);
        }
        let known = Known {
            sent: sent.map(|(name, sent)| (name.as_str(), sent)),
            name: if name == "-" { "standard input" } else { name },
            authserv_id: self.args.authserv_id.as_deref(),
            forwarder: self.args.forwarder.as_deref(),
            logs: &self.logs,
        };
        let explained = Explained::of(message, &known, verification);
        let text = match self.args.format {
            Format::Json if many => serde_json::to_string(&explained),
            Format::Json => serde_json::to_string_pretty(&explained),
            Format::Text => Ok(text::text(self.palette, name, message, &explained)),
        };
        let text = text.map_err(|e| Failure::Internal(e.to_string()))?;
        print(&format!("{text}\n")).map_err(|e| Failure::stdout(&e))?;
        Ok(judge(&explained))
    }
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
            let bad = |error: &dyn Display| Failure::Usage(format!("cannot read {file}: {error}"));
            let mut text = String::new();
            open(file).and_then(|mut input| input.read_to_string(&mut text)).map_err(|e| bad(&e))?;
            let zone = ZoneFile::parse(&text).map_err(|e| bad(&e))?;
            Ok(Some(Dns::zone(zone)))
        }
    }
}

/// The mail as it was sent, with its name.
fn sent(name: &str) -> Result<(String, Message), Failure> {
    let mut raw = Vec::new();
    open(name)
        .and_then(|mut input| input.read_to_end(&mut raw))
        .map_err(|e| Failure::Usage(format!("cannot read {name}: {e}")))?;
    let message = Message::parse(raw);
    if !is_mail(&message) {
        return Err(Failure::Usage(format!("{name} is no mail: it has no header fields")));
    }
    Ok((name.to_owned(), message))
}

/// A log as text, with its name.
fn log(name: &str) -> Result<(String, String), Failure> {
    let mut bytes = Vec::new();
    open(name)
        .and_then(|mut input| input.read_to_end(&mut bytes))
        .map_err(|e| Failure::Usage(format!("cannot read {name}: {e}")))?;
    Ok((name.to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
}

fn open(name: &str) -> io::Result<Box<dyn BufRead>> {
    match name {
        "-" => Ok(Box::new(io::stdin().lock())),
        path => Ok(Box::new(BufReader::new(File::open(path)?))),
    }
}
