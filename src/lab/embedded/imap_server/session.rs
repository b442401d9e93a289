//! A session: what state it is in and which command does what. No bytes are moved here.

use super::{
    ImapServer, capabilities,
    folder_view::FolderView,
    login_check::{self, Entered, Refusal, Sasl},
    output::Output,
    tokens::{Tokens, Unreadable},
};
use crate::{
    lab::embedded::store::{AccessToken, Account},
    target::{Provider, knobs::ImapFault},
};
use std::{fmt, sync::Arc};
use tokio::sync::watch;

/// One client's session.
pub(super) struct Session {
    pub(super) server: Arc<ImapServer>,
    pub(super) peer: String,
    pub(super) id: String,
    pub(super) utf8: bool,
    pub(super) view: Option<FolderView>,
    login: Option<Login>,
}

/// A place among an account's connections, given back when it is dropped.
struct Login {
    account: Arc<Account>,
    server: Arc<ImapServer>,
    news: watch::Receiver<u64>,
    /// The session ends with the token that opened it.
    token: Option<Arc<AccessToken>>,
}

impl Drop for Login {
    fn drop(&mut self) {
        self.server.leave(self.account.address());
    }
}

/// How a command ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status(String);

impl Status {
    pub(super) fn ok(text: impl fmt::Display) -> Self {
        Self(format!("OK {text}"))
    }

    pub(super) fn no(text: impl fmt::Display) -> Self {
        Self(format!("NO {text}"))
    }

    pub(super) fn no_folder(name: &str) -> Self {
        Self::no(format_args!("[NONEXISTENT] Unknown Mailbox: {name} (Failure)"))
    }

    pub(super) fn bad(text: impl fmt::Display) -> Self {
        Self(format!("BAD {text}"))
    }
}

/// A command's status, or that it cannot be understood.
pub(super) type CommandResult = Result<Status, Unreadable>;

/// What the connection does after a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Reads another.
    Command,
    /// Waits for news until the client says DONE.
    Idle {
        /// The tag of IDLE.
        tag: String,
    },
    /// Reads a line in answer to a challenge.
    Challenge(Challenge),
    /// Hangs up.
    Close,
}

/// What a line in answer to a challenge is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    tag: String,
    /// `None` when the login is refused already and the client only has to acknowledge the reason.
    mechanism: Option<Sasl>,
}

impl Session {
    pub(super) fn new(server: Arc<ImapServer>, peer: String, id: String) -> Self {
        Self { server, peer, id, utf8: false, view: None, login: None }
    }

    fn provider(&self) -> Provider {
        self.server.provider
    }

    /// The account, once logged in.
    pub(super) fn account(&self) -> Result<Arc<Account>, Unreadable> {
        self.login.as_ref().map(|l| Arc::clone(&l.account)).ok_or(Unreadable)
    }

    /// Does a whole command with its literals in it.
    pub(super) fn command(&mut self, bytes: &[u8], out: &mut Output) -> Next {
        let Ok(mut tokens) = Tokens::read(bytes) else {
            let tag =
                bytes.split(|b| *b == b' ').next().filter(|t| !t.is_empty() && t.iter().all(u8::is_ascii_graphic));
            out.line(format_args!(
                "{} BAD Could not parse command",
                tag.map_or("*".into(), |t| String::from_utf8_lossy(t).into_owned())
            ));
            return Next::Command;
        };
        let (Ok(tag), name) = (tokens.text(), tokens.keyword()) else {
            out.line("* BAD Could not parse command");
            return Next::Command;
        };
        let Ok(name) = name else {
            out.line(format_args!("{tag} BAD Could not parse command"));
            return Next::Command;
        };
        match name.as_str() {
            "LOGOUT" => {
                out.line("* BYE LOGOUT Requested");
                out.line(format_args!("{tag} OK 73 good day (Success)"));
                return Next::Close;
            }
            "AUTHENTICATE" if self.login.is_none() => return self.authenticate(tag, &mut tokens, out),
            "IDLE" if self.view.is_some() && tokens.is_empty() => {
                if self.server.fault != ImapFault::Early {
                    out.line("+ idling");
                    self.sync(true, out);
                }
                return Next::Idle { tag };
            }
            _ => {}
        }
        let status =
            self.run(&name, &mut tokens, out).unwrap_or_else(|Unreadable| Status::bad("Could not parse command"));
        out.line(format_args!("{tag} {}", status.0));
        Next::Command
    }

    fn run(&mut self, name: &str, args: &mut Tokens, out: &mut Output) -> CommandResult {
        match name {
            "CAPABILITY" => {
                args.end()?;
                out.line(format_args!(
                    "* CAPABILITY {}",
                    capabilities::capability(self.provider(), self.login.is_some())
                ));
                Ok(Status::ok(format_args!("Thats all she wrote! {}", self.id)))
            }
            "ID" => {
                args.list()?;
                out.line(capabilities::id(self.provider(), &self.peer, &self.id));
                Ok(Status::ok(format_args!("Success {}", self.id)))
            }
            "NOOP" | "CHECK" => {
                args.end()?;
                self.sync(true, out);
                Ok(Status::ok("Success"))
            }
            "LOGIN" if self.login.is_none() => {
                let (user, password) = (args.text()?, args.text()?);
                args.end()?;
                let result = login_check::by_password(&self.server.store, &user, &password);
                Ok(self.enter(result.map(|account| (account, None)), out))
            }
            _ if self.login.is_none() => Ok(Status::bad(format_args!("Unknown command {}", self.id))),
            "LOGIN" | "AUTHENTICATE" => Ok(Status::bad(format_args!("{name} not allowed now."))),
            "UID" => {
                let name = args.keyword()?;
                self.on_messages(&name, true, args, out)
            }
            "LIST" | "LSUB" => self.list(name, args, out),
            "XLIST" if self.provider() == Provider::Gmail => self.list(name, args, out),
            "STATUS" => self.status(args, out),
            "CREATE" => self.create(args),
            "DELETE" => self.delete(args),
            "RENAME" => self.rename(args),
            "SUBSCRIBE" | "UNSUBSCRIBE" => self.subscribe(args, name == "SUBSCRIBE"),
            "NAMESPACE" => {
                args.end()?;
                out.line("* NAMESPACE ((\"\" \"/\")) NIL NIL");
                Ok(Status::ok("Success"))
            }
            "GETQUOTAROOT" | "GETQUOTA" if self.provider() == Provider::Gmail => {
                self.quota(args, name == "GETQUOTAROOT", out)
            }
            "ENABLE" => self.enable(args, out),
            "SELECT" | "EXAMINE" => self.select(args, name == "EXAMINE", out),
            "APPEND" => self.append(args),
            _ => self.on_messages(name, false, args, out),
        }
    }

    /// ENABLE (RFC 5161).
    fn enable(&mut self, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let mut wants_utf8 = false;
        while !args.is_empty() {
            wants_utf8 |= args.keyword()? == "UTF8=ACCEPT" && self.provider() == Provider::Gmail;
        }
        self.utf8 |= wants_utf8;
        out.line(if wants_utf8 { "* ENABLED UTF8=ACCEPT" } else { "* ENABLED" });
        Ok(Status::ok("Success"))
    }

    /// Commands of a selected folder.
    fn on_messages(&mut self, name: &str, uid: bool, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let known = matches!(name, "SEARCH" | "FETCH" | "STORE" | "COPY" | "MOVE" | "EXPUNGE")
            || (!uid && matches!(name, "CLOSE" | "UNSELECT" | "IDLE"));
        if !known {
            return Ok(Status::bad(format_args!("Unknown command {}", self.id)));
        }
        if self.view.is_none() {
            return Ok(Status::bad(format_args!("{name} not allowed now.")));
        }
        let answer = match name {
            "SEARCH" => self.search(uid, args, out),
            "FETCH" => self.fetch(uid, args, out),
            "STORE" => self.store(uid, args, out),
            "COPY" => self.copy(uid, args, false, out),
            "MOVE" => self.copy(uid, args, true, out),
            "EXPUNGE" => self.expunge(uid, args, out),
            "CLOSE" | "UNSELECT" => {
                args.end()?;
                if name == "CLOSE" {
                    self.expunge_deleted(None)?;
                }
                self.view = None;
                return Ok(Status::ok("Returned to authenticated state. (Success)"));
            }
            _ => return Err(Unreadable),
        }?;
        // Gmail tells a session nothing here; a plain server tells what it may (RFC 3501 §7.4.1).
        if self.provider() == Provider::Generic {
            self.sync(uid || !matches!(name, "SEARCH" | "FETCH" | "STORE"), out);
        }
        Ok(answer)
    }

    fn select(&mut self, args: &mut Tokens, read_only: bool, out: &mut Output) -> CommandResult {
        let name = self.name_in(&args.text()?);
        args.end()?;
        self.view = None;
        if self.server.refuses(ImapFault::Throttled) {
            return Ok(Status::no("[THROTTLED] Account exceeded command or bandwidth limits. (Failure)"));
        }
        let account = self.account()?;
        let Some(view) = FolderView::open(&account, &name, read_only) else { return Ok(Status::no_folder(&name)) };
        account.read(|mail| {
            let flags = "\\Answered \\Flagged \\Draft \\Deleted \\Seen $NotPhishing $Phishing";
            out.line(format_args!("* FLAGS ({flags})"));
            let permanent = if read_only { String::new() } else { format!("{flags} \\*") };
            out.line(format_args!("* OK [PERMANENTFLAGS ({permanent})] Flags permitted."));
            if let Some(folder) = mail.folder(&name) {
                out.line(format_args!("* OK [UIDVALIDITY {}] UIDs valid.", folder.uid_validity));
                out.line(format_args!("* {} EXISTS", view.exists()));
                out.line("* 0 RECENT");
                out.line(format_args!("* OK [UIDNEXT {}] Predicted next UID.", folder.uid_next));
            }
            if self.provider() == Provider::Gmail {
                out.line(format_args!("* OK [HIGHESTMODSEQ {}]", mail.modseq()));
            }
        });
        let mode = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        let status = Status::ok(format_args!("[{mode}] {} selected. (Success)", view.folder));
        self.view = Some(view);
        Ok(status)
    }

    /// Tells the client what is new in its folder.
    pub(super) fn sync(&mut self, tell_expunged: bool, out: &mut Output) {
        if self.server.fault == ImapFault::Stale {
            return;
        }
        if let (Ok(account), Some(view)) = (self.account(), &mut self.view) {
            view.sync(&account, tell_expunged, out);
        }
    }

    fn authenticate(&mut self, tag: String, args: &mut Tokens, out: &mut Output) -> Next {
        let mechanism = args.keyword().ok().and_then(|name| Sasl::named(&name));
        let Some(mechanism) = mechanism.filter(|m| *m != Sasl::Xoauth2 || self.provider() == Provider::Gmail) else {
            out.line(format_args!("{tag} BAD Unsupported authentication mechanism"));
            return Next::Command;
        };
        let challenge = Challenge { tag, mechanism: Some(mechanism) };
        match args.text() {
            // RFC 4959 §3: `=` is an empty initial response.
            Ok(initial) => self.answer(challenge, if initial == "=" { "" } else { &initial }, out),
            Err(Unreadable) => {
                out.line("+ ");
                Next::Challenge(challenge)
            }
        }
    }

    /// Takes the line that answers a challenge.
    pub(super) fn answer(&mut self, challenge: Challenge, line: &str, out: &mut Output) -> Next {
        let Challenge { tag, mechanism } = challenge;
        let result = match mechanism {
            None => Err(Refusal::Credentials),
            Some(_) if line == "*" => Err(Refusal::Malformed),
            Some(mechanism) => {
                let result = mechanism.judge(&self.server.store, line);
                if mechanism == Sasl::Xoauth2 && result.is_err() {
                    out.line(format_args!("+ {}", login_check::xoauth2_challenge()));
                    return Next::Challenge(Challenge { tag, mechanism: None });
                }
                result
            }
        };
        let status = self.enter(result, out);
        out.line(format_args!("{tag} {}", status.0));
        Next::Command
    }

    fn enter(&mut self, result: Result<Entered, Refusal>, out: &mut Output) -> Status {
        let (account, token) = match result {
            Ok(_) if self.server.fault == ImapFault::Login => {
                return Status(Refusal::AppPasswordRequired.reply(self.provider()).into());
            }
            Ok(entered) => entered,
            Err(refusal) => return Status(refusal.reply(self.provider()).into()),
        };
        let crowded = self.server.fault == ImapFault::Limit || self.server.refuses(ImapFault::Crowded);
        if crowded || !self.server.admit(account.address()) {
            return Status::no("[ALERT] Too many simultaneous connections. (Failure)");
        }
        out.line(format_args!("* CAPABILITY {}", capabilities::capability(self.provider(), true)));
        let status = Status::ok(format_args!("{} authenticated (Success)", account.address()));
        let news = account.news();
        self.login = Some(Login { account, server: Arc::clone(&self.server), news, token });
        status
    }

    /// Changes of the account since the last look.
    pub(super) fn news(&mut self) -> Option<&mut watch::Receiver<u64>> {
        self.login.as_mut().map(|l| &mut l.news)
    }

    /// The token that opened the session, which ends with it.
    pub(super) fn token(&self) -> Option<Arc<AccessToken>> {
        self.login.as_ref()?.token.clone()
    }

    /// Whether someone is logged in.
    pub(super) fn is_logged_in(&self) -> bool {
        self.login.is_some()
    }
}
