//! `sealcheck auth`.

use crate::{
    cli::{CliError, CommandResult, Context, Global, Project, block_on, eprint_masked, mask_with, print_secret},
    core::{
        Redactor, Secret, duration,
        file::{self, Access, Place},
    },
    outcome::{ExitCode, HarnessError, HarnessErrorKind},
    probe::{
        mailbox::{self, Limits},
        submit,
        token::{Consent, Tokens},
    },
    scenario::config::{ConsentSpec, GOOGLE_AUTHORIZATION_ENDPOINT, GOOGLE_TOKEN_ENDPOINT, Opens, SecretPlace},
    target::{Endpoint, FolderNames, ImapAccess, Login, Mechanism, OauthClient, Provider, TlsMode},
};
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

/// `sealcheck auth …`.
#[derive(Debug, clap::Subcommand)]
pub enum AuthCommand {
    /// Get a refresh token for Gmail: asks for your consent in a browser and waits for it
    Gmail(GmailArgs),
}

/// Arguments of `auth gmail`.
#[derive(Debug, clap::Args)]
pub struct GmailArgs {
    /// The account of the project file whose OAuth client asks [default: the only one that has one]
    #[arg(long, value_name = "NAME", conflicts_with = "client_id_env")]
    account: Option<String>,
    /// Without a project file: the environment variable with the OAuth client's id
    #[arg(long, value_name = "NAME", requires = "client_secret_env")]
    client_id_env: Option<String>,
    /// Without a project file: the environment variable with the OAuth client's secret
    #[arg(long, value_name = "NAME", requires = "client_id_env")]
    client_secret_env: Option<String>,
    /// Whose mail it is [default: the user of the account]
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
    /// Write the refresh token to this new file, which nobody else can read, or to a FIFO or device [default: where the
    /// account's refresh_token says, when that is a file]
    #[arg(long, value_name = "FILE", conflicts_with = "print")]
    output: Option<PathBuf>,
    /// Print the refresh token on standard output
    #[arg(long)]
    print: bool,
    /// Open no browser, print the address only
    #[arg(long)]
    no_browser: bool,
    /// Do not try the new token at the mail server, for example where that cannot be reached from here
    #[arg(long)]
    no_try: bool,
    /// How long to wait for your consent
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    timeout: Duration,
}

/// How long a mail server may take to let the token in.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the refresh token goes.
#[derive(Debug, PartialEq, Eq)]
enum Goes {
    /// To standard output.
    Stdout,
    /// To a file that is not there yet.
    New(PathBuf),
    /// To a device, a FIFO or an open file, which stays what it is.
    Special(PathBuf),
    /// To the file that the account names, in place of what is there.
    Known(PathBuf),
}

pub(in crate::cli) fn run(context: &Context, global: &Global, command: &AuthCommand) -> CommandResult {
    let AuthCommand::Gmail(args) = command;
    block_on(gmail(context, global, args))
}

async fn gmail(context: &Context, global: &Global, args: &GmailArgs) -> CommandResult {
    let redactor = Redactor::new();
    let project = if args.client_id_env.is_some() { None } else { Some(Project::find(context, global, &[])?) };
    let asks = match &project {
        Some(project) => project.consent(context, args.account.as_deref(), &redactor).await?,
        None => by_variables(context, args)?,
    };
    let root = project.as_ref().map_or(Path::new("."), Project::folder);
    let goes = goes(args, &asks.refresh_token, root)?;
    let user = args.user.as_ref().unwrap_or(&asks.user);
    let failed = |e: HarnessError| CliError::Inconclusive(format!("{e}; {}", e.next));
    let consent = Consent::begin(asks.client.clone(), &asks.authorization_endpoint, user).await.map_err(failed)?;
    let port = consent.port();
    eprint_masked(&format!("Consent as {user} in a browser on this machine:\n\n    {}\n", consent.url()));
    // The address shows the client's id; nothing else is to show anything.
    mask_with(&redactor);
    eprint_masked(&format!("(From another machine, first: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE)"));
    if !args.no_browser && open_browser(context, consent.url()) {
        eprint_masked("The browser has been told to open it.");
    }
    eprint_masked(&format!("Waiting for at most {} …", duration::human(args.timeout)));
    let refresh = consent.wait(args.timeout, &redactor).await.map_err(failed)?;
    let tried =
        if args.no_try { Ok(()) } else { try_it(&asks.opens, user, &asks.client, &refresh.token, &redactor).await };
    if let Err(error) = &tried
        && matches!(error.kind, HarnessErrorKind::Login | HarnessErrorKind::Grant)
    {
        return Err(CliError::Inconclusive(format!(
            "the new token does not open the account of {user}, and was not kept: {error}; whoever consented was logged in \
             as somebody else: start again and choose {user} in the browser"
        )));
    }
    store(&goes, &refresh.token)?;
    eprint_masked(&done(&goes, user, args, &asks.refresh_token));
    match tried {
        Ok(()) => Ok(ExitCode::Success),
        Err(error) => Err(CliError::Inconclusive(format!(
            "whether the token opens the account of {user} is not known: {error}; {}, or add --no-try",
            error.next
        ))),
    }
}

/// Logs in with a new token, and reads and changes nothing.
async fn try_it(
    opens: &Opens,
    user: &str,
    client: &OauthClient,
    token: &Secret,
    redactor: &Redactor,
) -> Result<(), HarnessError> {
    let with_login = |endpoint: &Endpoint| {
        eprint_masked(&format!("Trying the token at {}:{} as {user} …", endpoint.host, endpoint.port));
        let login = Login {
            user: user.to_owned(),
            secret: token.clone(),
            mechanism: Mechanism::Xoauth2,
            oauth: Some(client.clone()),
        };
        Endpoint { login: Some(login), ..endpoint.clone() }
    };
    let tokens = Tokens::new(redactor.clone());
    match opens {
        Opens::Imap(endpoint) => {
            let endpoint = with_login(endpoint);
            let access = ImapAccess { endpoint, provider: Provider::Generic, folders: FolderNames::default() };
            let limits = Limits { connect: PATIENCE / 2, silence: PATIENCE / 2, answer: PATIENCE, ..Limits::default() };
            mailbox::server_info(&access, limits, &tokens).await.map(drop)
        }
        Opens::Smtp(endpoint) => {
            let domain = user.rsplit_once('@').map_or(user, |(_, domain)| domain);
            let visit = submit::server_info(&with_login(endpoint), domain, PATIENCE, &tokens).await?;
            match visit.refusal {
                None => Ok(()),
                Some(reply) => Err(HarnessError::new(
                    HarnessErrorKind::Protocol,
                    format!("submit to {}", endpoint.host),
                    format!("the server answered {reply}"),
                    "see the server's log for why it does not want us",
                )),
            }
        }
    }
}

/// An OAuth client of Google's that the project file does not know.
fn by_variables(context: &Context, args: &GmailArgs) -> Result<ConsentSpec, CliError> {
    let value = |name: &Option<String>| {
        let name = name.as_deref().unwrap_or_default();
        let value = context.variable(name).map(str::trim).filter(|value| !value.is_empty());
        value.map(Secret::new).ok_or_else(|| CliError::Usage(format!("the environment variable `{name}` is not set")))
    };
    let Some(user) = args.user.clone() else {
        return Err(CliError::Usage("whose mail is it? add --user ADDRESS".to_owned()));
    };
    Ok(ConsentSpec {
        user,
        client: OauthClient {
            id: value(&args.client_id_env)?,
            secret: value(&args.client_secret_env)?,
            token_endpoint: GOOGLE_TOKEN_ENDPOINT.to_owned(),
            ca_pem: None,
        },
        authorization_endpoint: GOOGLE_AUTHORIZATION_ENDPOINT.to_owned(),
        refresh_token: SecretPlace::Command(Vec::new()),
        opens: Opens::Imap(Endpoint {
            host: "imap.gmail.com".to_owned(),
            port: 993,
            tls: TlsMode::Implicit,
            tls_name: None,
            ca_pem: None,
            login: None,
        }),
    })
}

/// Where the refresh token goes, decided before anybody is asked for consent.
fn goes(args: &GmailArgs, known: &SecretPlace, root: &Path) -> Result<Goes, CliError> {
    match (&args.output, args.print, known) {
        (Some(file), ..) => {
            let unwritable = |e: io::Error| CliError::Usage(format!("cannot write {}: {e}", file.display()));
            match file::place(file).map_err(unwritable)? {
                Place::File(to) if to.exists() => {
                    Err(CliError::Usage(format!("{} is there already; name a new file with --output", file.display())))
                }
                Place::File(to) => {
                    file::try_to_write(&to).map_err(unwritable)?;
                    Ok(Goes::New(to))
                }
                Place::Special | Place::Descriptor => Ok(Goes::Special(file.clone())),
            }
        }
        (None, true, _) => Ok(Goes::Stdout),
        (None, false, SecretPlace::File(file)) => Ok(Goes::Known(root.join(file))),
        (None, false, SecretPlace::Env(name)) => Err(CliError::Usage(format!(
            "where shall the refresh token go? add --output FILE or --print; the account reads it from the variable {name}"
        ))),
        (None, false, SecretPlace::Command(_)) => {
            Err(CliError::Usage("where shall the refresh token go? add --output FILE or --print".to_owned()))
        }
    }
}

fn store(goes: &Goes, token: &Secret) -> Result<(), CliError> {
    let line = format!("{}\n", token.expose());
    let (file, written) = match goes {
        Goes::Stdout => return print_secret(&line),
        Goes::New(file) => (file, create_new(file).and_then(|mut to| to.write_all(line.as_bytes()))),
        Goes::Special(file) => (file, file::open_special(file).and_then(|mut to| to.write_all(line.as_bytes()))),
        Goes::Known(file) => (file, file::replace(file, line.as_bytes(), Access::Private)),
    };
    written.map_err(|e| CliError::Output(format!("cannot write {}: {e}", file.display())))
}

/// Makes a file that is not there yet, and its folder.
fn create_new(file: &Path) -> io::Result<File> {
    file::create_folder(file::folder_of(file), Access::Private)?;
    file::options(Access::Private).write(true).create_new(true).open(file)
}

/// What has been done, and what is left to do.
fn done(goes: &Goes, user: &str, args: &GmailArgs, known: &SecretPlace) -> String {
    let place = match goes {
        Goes::Stdout => "printed on standard output".to_owned(),
        Goes::New(file) | Goes::Known(file) => format!("in {}", file.display()),
        Goes::Special(file) => format!("written to {}", file.display()),
    };
    let reference = match goes {
        Goes::New(file) | Goes::Known(file) => {
            format!("{{ file: {} }}", serde_json::Value::from(file.display().to_string()))
        }
        Goes::Stdout | Goes::Special(_) => "{ env: SEALCHECK_GOOGLE_REFRESH_TOKEN }".to_owned(),
    };
    let next = match (goes, known, &args.client_id_env, &args.client_secret_env) {
        (Goes::Known(_), ..) => "The account finds it there.".to_owned(),
        (_, _, Some(id), Some(secret)) => format!(
            "Write into the account's `imap`:\n\n      auth: xoauth2\n      client_id: {{ env: {id} }}\n      \
             client_secret: {{ env: {secret} }}\n      refresh_token: {reference}\n"
        ),
        (_, SecretPlace::Env(name), ..) => {
            format!("The account reads it from the variable {name}; in CI make it a secret.")
        }
        (_, SecretPlace::File(file), ..) => format!("The account reads it from {}.", file.display()),
        (_, SecretPlace::Command(words), ..) => {
            format!("The account reads it from the program `{}`.", words.first().map_or("", String::as_str))
        }
    };
    format!(
        "The refresh token of {user} is {place}. {next}\nIt opens the whole mailbox: keep it as you keep a password. While the \
         OAuth app is in \"Testing\", it ends after 7 days."
    )
}

/// Tells a browser to open an address; whether there is one.
fn open_browser(context: &Context, url: &str) -> bool {
    let (program, arguments): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if context.variable("DISPLAY").or(context.variable("WAYLAND_DISPLAY")).is_some() {
        ("xdg-open", &[])
    } else {
        return false;
    };
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn args(output: Option<&Path>, print: bool) -> GmailArgs {
        GmailArgs {
            account: None,
            client_id_env: None,
            client_secret_env: None,
            user: None,
            output: output.map(Path::to_path_buf),
            print,
            no_browser: true,
            no_try: false,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_token_goes_where_the_person_says_or_the_account_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("there");
        fs::write(&there, "old").unwrap();
        let (file, env) = (SecretPlace::File("s/token".into()), SecretPlace::Env("TOKEN".into()));
        assert_eq!(goes(&args(None, true), &file, dir.path()).unwrap(), Goes::Stdout);
        assert_eq!(goes(&args(None, false), &file, dir.path()).unwrap(), Goes::Known(dir.path().join("s/token")));
        assert!(goes(&args(None, false), &env, dir.path()).unwrap_err().to_string().contains("variable TOKEN"));
        assert!(
            goes(&args(Some(&there), false), &env, dir.path()).unwrap_err().to_string().contains("is there already")
        );
        // Its folder is made with it.
        let new = dir.path().join("folder/new");
        assert_eq!(goes(&args(Some(&new), false), &env, dir.path()).unwrap(), Goes::New(new.clone()));
        store(&Goes::New(new.clone()), &Secret::new("token")).unwrap();
        assert_eq!(fs::read_to_string(&new).unwrap(), "token\n");
        // Before anybody is asked for consent.
        #[cfg(target_os = "linux")]
        assert!(
            goes(&args(Some(Path::new("/proc/none/new")), false), &env, dir.path())
                .unwrap_err()
                .to_string()
                .contains("cannot write /proc/none/new")
        );
    }

    #[test]
    fn files_are_for_their_owner_and_replaced_only_where_the_account_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("below/token");
        for token in ["one", "two"] {
            store(&Goes::Known(file.clone()), &Secret::new(token)).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
        }
        let new = dir.path().join("new");
        store(&Goes::New(new.clone()), &Secret::new("one")).unwrap();
        assert!(matches!(store(&Goes::New(new.clone()), &Secret::new("two")), Err(CliError::Output(_))));
        assert_eq!(fs::read_to_string(&new).unwrap(), "one\n");
        #[cfg(unix)]
        for file in [&file, &new] {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
