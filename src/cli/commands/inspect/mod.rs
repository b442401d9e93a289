//! `sealcheck inspect`: explains any mail, with no account and nothing sent.

mod input_mails;
mod inspection;
mod inspector;
mod logs;
mod mbox;
mod text;

use crate::{
    cli::{CliError, CommandResult, Context, Format, Global, Language, block_on, eprint_masked, print, print_coloured},
    core::{ascii_domain, file, visible::plain},
    mail::Message,
    outcome::ExitCode,
    report::console::{Palette, columns},
    verify::{Dns, ZoneFile},
};
use input_mails::{InputMail, input_mails};
pub(in crate::cli) use inspection::Inspection;
use inspector::{Inspector, Output, no_mail};
use logs::Log;
use std::{
    collections::VecDeque,
    fmt::Display,
    io::{self, Read},
    path::Path,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};
use tokio::task::JoinHandle;

/// How many mails each processor may have before it.
const AHEAD: usize = 4;
/// How many bytes of mails may be in memory at once, beside the one that is read.
const BYTES: usize = 64 << 20;

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// Messages, mailboxes (mbox), or directories of either; - for standard input
    #[arg(required = true, value_name = "FILE|DIR|-")]
    files: Vec<String>,
    /// Where public keys come from: system, none (nothing is verified), or a zone file [default: dns.zone beside the only file,
    /// which a run leaves there; else system]
    #[arg(long, value_name = "system|none|ZONEFILE")]
    dns: Option<String>,
    /// For people or for programs; as JSON each message is one object, one a line when there are several
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The language of diagnoses in text [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, value_name = "LANG")]
    lang: Option<Language>,
    /// The receiver whose Authentication-Results count [default: the one whose own block holds a field of its name]
    #[arg(long, value_name = "ID")]
    authserv_id: Option<String>,
    /// The domain of the server that forwarded the mail and should have sealed it [default: read from the path]
    #[arg(long, value_name = "DOMAIN")]
    forwarder: Option<String>,
    /// The mail as it was sent, for what changed on the way; of several mails that with its Message-ID is compared
    #[arg(long, value_name = "FILE")]
    sent: Option<String>,
    /// A log of rspamd or a mail server, also compressed; its lines about the mail join the evidence; repeatable
    #[arg(long = "log", value_name = "FILE")]
    logs: Vec<String>,
}

impl InspectArgs {
    /// Where public keys come from. What a run has kept is verified by the keys that there were then.
    fn dns(&self) -> String {
        if let Some(typed) = &self.dns {
            return typed.clone();
        }
        let [file] = &self.files[..] else { return "system".to_owned() };
        let zone = Path::new(file).with_file_name("dns.zone");
        if !Path::new(file).is_file() || !zone.is_file() {
            return "system".to_owned();
        }
        let zone = zone.display().to_string();
        eprint_masked(&format!("note: public keys come from {zone}; --dns system asks the network"));
        zone
    }
}

pub(in crate::cli) fn run(context: &Context, global: &Global, args: &InspectArgs) -> CommandResult {
    block_on(inspect(context, global, args))
}

async fn inspect(context: &Context, global: &Global, args: &InspectArgs) -> CommandResult {
    let mut items = input_mails(&args.files);
    let dns = source(&args.dns())?;
    let logs = args.logs.iter().map(|name| Log::open(name)).collect::<Result<Vec<_>, _>>()?;
    let sent = args.sent.as_deref().map(sent).transpose()?;
    // Whether there are several decides how each is told.
    let first: Vec<InputMail> = items.by_ref().take(2).collect();
    let inspector = Arc::new(Inspector {
        clock: context.clock.clone(),
        format: args.format,
        lang: args.lang.map_or_else(|| context.lang(), Into::into),
        palette: Palette { color: context.color(global.color.asked(), context.stdout_is_terminal) },
        width: context.stdout_is_terminal.then(columns).flatten(),
        many: first.len() > 1,
        authserv_id: args.authserv_id.as_deref().map(|id| ascii_domain(id).into_owned()),
        forwarder: args.forwarder.as_deref().map(|domain| ascii_domain(domain).into_owned()),
        dns,
        sent,
        compared: AtomicBool::new(false),
        logs,
    });
    let print = if inspector.palette.color { print_coloured } else { print };
    let mut queue = Queue { waiting: VecDeque::new(), bytes: 0, print, exit: ExitCode::Success };
    for item in first.into_iter().chain(items) {
        let bytes = item.content.as_ref().map_or(0, Vec::len);
        while queue.is_full(bytes, AHEAD * context.processors.max(1)) {
            queue.tell_next().await?;
        }
        let inspector = inspector.clone();
        queue.add(bytes, tokio::spawn(async move { inspector.inspect(item).await }));
    }
    while queue.tell_next().await? {}
    if let (Some((name, sent)), false) = (&inspector.sent, inspector.compared.load(Ordering::Relaxed)) {
        let id = sent.message_id().unwrap_or_default();
        eprint_masked(&format!(
            "error: no mail has the Message-ID of {name}, {id}: give that mail alone to compare it all the same"
        ));
        queue.exit = queue.exit.max(ExitCode::Usage);
    }
    for log in inspector.logs.iter().filter(|log| inspector.many && !log.gave.load(Ordering::Relaxed)) {
        eprint_masked(&format!("warning: {}: no line is about any of the mails", log.name));
    }
    Ok(queue.exit)
}

/// Mails that are being inspected, told in their order.
struct Queue {
    waiting: VecDeque<(usize, JoinHandle<Output>)>,
    bytes: usize,
    print: fn(&str) -> Result<(), CliError>,
    exit: ExitCode,
}

impl Queue {
    fn is_full(&self, bytes: usize, most: usize) -> bool {
        !self.waiting.is_empty() && (self.waiting.len() >= most || self.bytes + bytes > BYTES)
    }

    fn add(&mut self, bytes: usize, task: JoinHandle<Output>) {
        self.bytes += bytes;
        self.waiting.push_back((bytes, task));
    }

    /// Waits for the oldest and tells it; false when there is none.
    async fn tell_next(&mut self) -> Result<bool, CliError> {
        let Some((bytes, task)) = self.waiting.pop_front() else { return Ok(false) };
        let told = task.await.map_err(|e| CliError::Internal(e.to_string()))?;
        self.bytes -= bytes;
        self.exit = self.exit.max(told.exit);
        told.complaints.iter().for_each(|line| eprint_masked(&plain(line)));
        if !told.text.is_empty() {
            (self.print)(&format!("{}\n", told.text))?;
        }
        Ok(true)
    }
}

/// Opens a file, or standard input for `-`, to read it to its end.
fn open_whole(name: &str) -> io::Result<Box<dyn Read>> {
    Ok(match name {
        "-" => Box::new(file::Whole::of_stream(io::stdin())),
        name => Box::new(file::open_whole(Path::new(name))?),
    })
}

fn source(dns: &str) -> Result<Option<Dns>, CliError> {
    match dns {
        "none" => Ok(None),
        "system" => Dns::system().map(Some).map_err(|e| CliError::Inconclusive(format!("cannot ask DNS: {e}"))),
        file => {
            let bad = |error: &dyn Display| CliError::Usage(format!("cannot read {file}: {error}"));
            let text = open_whole(file).and_then(io::read_to_string).map_err(|e| bad(&e))?;
            let zone = ZoneFile::parse(&text).map_err(|e| bad(&e))?;
            Ok(Some(Dns::zone(zone)))
        }
    }
}

/// A whole file.
fn whole(name: &str) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    open_whole(name)
        .and_then(|mut input| input.read_to_end(&mut bytes))
        .map_err(|e| CliError::Usage(format!("cannot read {name}: {e}")))?;
    Ok(bytes)
}

/// The mail as it was sent, with its name.
fn sent(name: &str) -> Result<(String, Message), CliError> {
    let message = Message::parse(whole(name)?);
    match no_mail(&message, 1) {
        Some(why) => Err(CliError::Usage(format!("{name}: {why}"))),
        None => Ok((name.to_owned(), message)),
    }
}
