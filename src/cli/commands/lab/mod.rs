//! `sealcheck lab`.

mod config_out;
mod knob_args;
mod listen_args;
mod login_args;

use crate::{
    cli::{
        CliError, CommandResult, Context, Global, Project, block_on, commands::company_args::CompanyArgs,
        eprint_masked, print, signals,
    },
    lab::{
        Lab, LabError, Settings,
        embedded::{MailboxServer, Ports, Route},
    },
    outcome::ExitCode,
    target::TargetKind,
};
use listen_args::ListenArgs;
use login_args::LoginArgs;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf};

/// `sealcheck lab …`.
#[derive(Debug, clap::Subcommand)]
pub enum LabCommand {
    /// Start it, print one JSON line when it is ready, and keep it running until it is interrupted
    Up(Box<UpArgs>),
}

/// Arguments of `lab up`.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// Write a sealcheck.yaml whose target gmail is this world; its secrets go into FILE.d
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,
    /// Change the world as a scenario's `lab` does, for example company.arc=false; repeatable
    #[arg(long = "knob", value_name = "PARTY.KNOB=VALUE")]
    knobs: Vec<String>,
    /// Bring a cause of the catalogue about, for example B04; repeatable; knobs count after it
    #[arg(long = "fault", value_name = "CODE")]
    faults: Vec<String>,
    /// Which lab: embedded, rspamd or postfix
    #[arg(long, value_name = "TARGET", default_value_t = TargetKind::Embedded)]
    target: TargetKind,
    #[command(flatten)]
    company: CompanyArgs,
    #[command(flatten)]
    logins: LoginArgs,
    /// Hand mail for a domain to another server, whatever DNS says, for example gmail.com=127.0.0.1:2526; repeatable
    #[arg(long = "route", value_name = "DOMAIN=IP:PORT", value_parser = route)]
    routes: Vec<(String, Route)>,
    /// Hand what the receiver accepts to a mailbox server by LMTP, instead of showing it in the receiver's own mailboxes
    #[arg(long, value_name = "IP:PORT", conflicts_with = "config_out")]
    deliver_to: Option<SocketAddr>,
    /// With --deliver-to: the detail of the address that spam goes to, as in user+Junk@gmail.com
    #[arg(long, value_name = "DETAIL", default_value = "Junk", requires = "deliver_to")]
    deliver_spam: String,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    ports: PortArgs,
}

/// Fixed ports.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Ports [default: any free ones]")]
struct PortArgs {
    /// DNS, UDP and TCP
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_dns: u16,
    /// The outside sender's submission with STARTTLS
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_submission: u16,
    /// The outside sender's submission with TLS from the first byte
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_submissions: u16,
    /// The outside sender's mailboxes
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_external_imap: u16,
    /// The outside sender's MX
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_external_mx: u16,
    /// The company's MX
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_company_mx: u16,
    /// The receiver's MX
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_gmail_mx: u16,
    /// The receiver's mailboxes
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_gmail_imap: u16,
    /// Google's OAuth servers, with --auth xoauth2
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port_oauth: u16,
}

impl PortArgs {
    fn ports(&self) -> Ports {
        Ports {
            dns: self.port_dns,
            submission: self.port_submission,
            submissions: self.port_submissions,
            external_imap: self.port_external_imap,
            external_mx: self.port_external_mx,
            company_mx: self.port_company_mx,
            gmail_mx: self.port_gmail_mx,
            gmail_imap: self.port_gmail_imap,
            oauth: self.port_oauth,
            ..Ports::default()
        }
    }
}

fn route(text: &str) -> Result<(String, Route), String> {
    let (domain, at) = text.split_once('=').ok_or("write a domain, =, and the address and port of its server")?;
    let socket: SocketAddr = at.parse().map_err(|_| format!("`{at}` is no address with a port"))?;
    Ok((domain.to_ascii_lowercase(), Route { host: socket.ip().to_string(), socket, tls: true }))
}

pub(in crate::cli) fn run(context: &Context, global: &Global, command: &LabCommand) -> CommandResult {
    let LabCommand::Up(args) = command;
    block_on(up(args, &Project::find(context, global, &[])?))
}

async fn up(args: &UpArgs, project: &Project) -> CommandResult {
    let knobs = knob_args::knobs(&args.knobs, &args.faults)?;
    let mailbox = args.deliver_to.map(|socket| MailboxServer { socket, spam: args.deliver_spam.clone() });
    if mailbox.is_some() && !knobs.gmail.has_usual_mailboxes() {
        let help = "leave out gmail.delay, imap, certificate, labels, category and locale: the mailboxes are not ours";
        return Err(CliError::Usage(format!("--deliver-to: {help}")));
    }
    let (routes, reach) = (args.routes.iter().cloned().collect(), args.listen.reach().await?);
    let ports = Ports { routes, mailbox, reach, ..args.ports.ports() };
    let settings = Settings { google: args.logins.google()?, ..args.company.settings(args.target, ports)? };
    let settings = project.lab_settings(settings).await?;
    // Whoever ends us while the lab starts leaves no program of it behind.
    let mut end = signals::Signals::new().map_err(|e| CliError::Internal(format!("cannot listen for signals: {e}")))?;
    let started = tokio::select! {
        started = Lab::start(args.target, &knobs, &settings) => started,
        Some(reason) = end.next() => return Ok(signals::code(reason)),
    };
    let lab = started.map_err(|e| match e {
        LabError::Knob { .. } => CliError::Usage(format!("{e}; {}", e.next())),
        LabError::NoLab(_) => CliError::Usage(format!("{e}; one of embedded, rspamd and postfix is")),
        LabError::Configuration { .. } => CliError::Broken(format!("A17: {e}; {}", e.next())),
        e => CliError::Inconclusive(format!("{e}; {}", e.next())),
    })?;
    let world = lab.world();
    let mut ready = serde_json::to_value(world.describe()).map_err(|e| CliError::Internal(e.to_string()))?;
    if let Some(file) = &args.config_out {
        let written = config_out::write(file, lab.target(), world);
        let ca_file = written.map_err(|e| CliError::Output(format!("cannot write {}: {e}", file.display())))?;
        if let Value::Object(fields) = &mut ready {
            fields.insert("config".into(), json!(file));
            fields.insert("ca_file".into(), json!(ca_file));
        }
    }
    print(&format!("{ready}\n"))?;
    lab.notes().iter().for_each(|note| eprint_masked(note));
    eprint_masked("the lab is up; Ctrl-C ends it");
    end.next().await;
    lab.stop().await;
    Ok(ExitCode::Success)
}
