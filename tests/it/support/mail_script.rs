//! The servers of a whole run by script: one that takes mail, one that shows mailboxes, and between them a test that says
//! what becomes of each mail.

use crate::support::program::Project;
use jiff::{Timestamp, tz::TimeZone};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

pub(crate) const INBOX: &str = "INBOX";
pub(crate) const SPAM: &str = "[Gmail]/Spam";
pub(crate) const ALL: &str = "[Gmail]/All Mail";
/// The inbox of the account that sends, whose bounces come there.
pub(crate) const SENDER: &str = "sender";

const CAPABILITIES: &str = "IMAP4rev1 IDLE ID MOVE UIDPLUS SPECIAL-USE X-GM-EXT-1";

/// A mail that was handed over.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) raw: String,
}

impl Mail {
    /// A bounce about it: what became of one recipient.
    pub(crate) fn bounce(&self, recipient: &str, action: &str, status: &str) -> String {
        let header = self.raw.split_once("\r\n\r\n").map_or(self.raw.as_str(), |(header, _)| header);
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.corp.example\r\nTo: probe@ext.example\r\nSubject: report\r\n\
             Message-ID: <{recipient}.{action}.{status}@mx.corp.example>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nsorry\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.corp.example\r\n\r\n\
             Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\
             Diagnostic-Code: smtp; 550 {status} no\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n\r\n--b--\r\n"
        )
    }
}

struct Message {
    folder: &'static str,
    uid: u32,
    /// X-GM-MSGID.
    id: u64,
    date: Timestamp,
    raw: String,
}

#[derive(Default)]
struct Inner {
    messages: Vec<Message>,
    last: u64,
    news: Vec<mpsc::Sender<Input>>,
}

/// What is in the mailboxes.
#[derive(Clone, Default)]
pub(crate) struct Mailboxes(Arc<Mutex<Inner>>);

impl Mailboxes {
    /// Puts a message into folders of one account; its X-GM-MSGID.
    pub(crate) fn put(&self, raw: &str, folders: &[&'static str]) -> u64 {
        let (mut inner, date) = (self.0.lock().unwrap(), Timestamp::now());
        inner.last += 1;
        let id = 1000 + inner.last;
        let received = "Received: from mx.corp.example (mx.corp.example. [192.0.2.1]) by mx.google.com with ESMTPS id z3\r\n\
            Authentication-Results: mx.google.com; arc=none; dmarc=pass header.from=ext.example\r\n";
        for folder in folders {
            inner.add(folder, id, date, format!("{received}{raw}"));
        }
        id
    }

    /// Takes a message out of one folder and puts it into another.
    pub(crate) fn move_to(&self, id: u64, from: &str, to: &'static str) {
        let mut inner = self.0.lock().unwrap();
        let at = inner.messages.iter().position(|m| m.id == id && m.folder == from).expect("a message to move");
        let Message { date, raw, .. } = inner.messages.remove(at);
        inner.add(to, id, date, raw);
    }
}

impl Inner {
    fn add(&mut self, folder: &'static str, id: u64, date: Timestamp, raw: String) {
        let uid = self.messages.iter().filter(|m| m.folder == folder).map(|m| m.uid).max().unwrap_or(9) + 1;
        self.messages.push(Message { folder, uid, id, date, raw });
        self.news.retain(|to| to.send(Input::News).is_ok());
    }

    fn uids(&self, folder: &str) -> Vec<u32> {
        self.messages.iter().filter(|m| m.folder == folder).map(|m| m.uid).collect()
    }
}

/// What becomes of a mail.
type Deliver = dyn Fn(&Mailboxes, Mail) + Send + Sync;

/// Answers a command of IMAP, or does not.
type Answer = dyn Fn(&mut Session, &str, &str) -> bool + Send + Sync;

/// What a test changes about the servers.
pub(crate) struct Script {
    /// What the IMAP server can do.
    pub(crate) capabilities: &'static str,
    /// What the SMTP server says when it has taken a mail.
    pub(crate) accepted: &'static str,
    /// What becomes of a mail, in a thread of its own.
    pub(crate) deliver: Box<Deliver>,
    /// Answers a command of IMAP in its own way; `false` leaves it to the server.
    pub(crate) imap: Box<Answer>,
}

impl Script {
    pub(crate) fn new(deliver: impl Fn(&Mailboxes, Mail) + Send + Sync + 'static) -> Self {
        Self {
            capabilities: CAPABILITIES,
            accepted: "250 2.0.0 Ok: queued as 4ABC",
            deliver: Box::new(deliver),
            imap: Box::new(|_, _, _| false),
        }
    }

    /// With IMAP commands that are answered otherwise.
    pub(crate) fn imap(self, imap: impl Fn(&mut Session, &str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self { imap: Box::new(imap), ..self }
    }

    /// A project whose servers follow this script: an outside sender, a company, and a Gmail account behind it.
    pub(crate) fn project(self) -> Project {
        let (script, mailboxes) = (Arc::new(self), Mailboxes::default());
        let smtp = {
            let (script, mailboxes) = (Arc::clone(&script), mailboxes.clone());
            listen(move |tcp| submission(tcp, &script, &mailboxes))
        };
        let imap = listen(move |tcp| Session::new(tcp, &script, &mailboxes).run());
        Project::new().config(&format!(
            "sealcheck: 1
target: gmail
accounts:
  external:
    address: probe@ext.example
    smtp: {{ host: 127.0.0.1, port: {smtp}, tls: none }}
    imap: {{ host: 127.0.0.1, port: {imap}, tls: none, user: external, password: {{ env: PASSWORD }}, provider: generic }}
  company: {{ address: info@corp.example, forwards_to: gmail }}
  gmail:
    address: probe.inbox@gmail.com
    imap: {{ host: 127.0.0.1, port: {imap}, tls: none, user: gmail, password: {{ env: PASSWORD }}, provider: gmail }}
"
        ))
        .env("PASSWORD", "hunter2-secret")
    }
}

/// How long a server takes, or a mail on its way, in milliseconds.
pub(crate) fn later(milliseconds: u64) {
    // Nobody ever says anything here.
    let (_to, never) = mpsc::channel::<()>();
    never.recv_timeout(Duration::from_millis(milliseconds)).ok();
}

/// A server on loopback with a thread for each connection, for as long as the test runs.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, serve) = (listener.local_addr().unwrap().port(), Arc::new(serve));
    std::thread::spawn(move || {
        for tcp in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(tcp));
        }
    });
    port
}

/// A server that takes every mail.
fn submission(tcp: TcpStream, script: &Arc<Script>, mailboxes: &Mailboxes) {
    let mut lines = BufReader::new(tcp.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        match lines.read_line(&mut line) {
            Ok(1..) => Some(line),
            _ => None,
        }
    };
    let say = |text: &str| (&tcp).write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 mx.ext.example ESMTP");
    while let Some(command) = line() {
        let going_on = match command.trim_end().to_ascii_uppercase().as_str() {
            hello if hello.starts_with("EHLO") => say("250-mx.ext.example\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME"),
            "DATA" => {
                say("354 go on");
                let mut raw = String::new();
                while let Some(next) = line().filter(|next| next != ".\r\n") {
                    raw.push_str(next.strip_prefix('.').unwrap_or(&next));
                }
                let answered = say(script.accepted);
                let mail = Mail { raw };
                let (script, mailboxes) = (Arc::clone(script), mailboxes.clone());
                std::thread::spawn(move || (script.deliver)(&mailboxes, mail));
                answered
            }
            "QUIT" => {
                say("221 2.0.0 Bye");
                false
            }
            _ => say("250 2.0.0 Ok"),
        };
        if !going_on {
            return;
        }
    }
}

/// What a session of IMAP waits for.
enum Input {
    Line(String),
    News,
    End,
}

/// A session of IMAP.
pub(crate) struct Session {
    tcp: TcpStream,
    input: mpsc::Receiver<Input>,
    script: Arc<Script>,
    mailboxes: Mailboxes,
    /// Who logged in.
    pub(crate) user: String,
    folder: &'static str,
    /// The UIDs that the client knows of, in their order.
    view: Vec<u32>,
    /// Whether this session has waited in IDLE, as those do that watch a folder.
    pub(crate) has_idled: bool,
}

impl Session {
    fn new(tcp: TcpStream, script: &Arc<Script>, mailboxes: &Mailboxes) -> Self {
        let (to, input) = mpsc::channel();
        mailboxes.0.lock().unwrap().news.push(to.clone());
        let lines = BufReader::new(tcp.try_clone().unwrap());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if to.send(Input::Line(line)).is_err() {
                    return;
                }
            }
            to.send(Input::End).ok();
        });
        let (script, mailboxes) = (Arc::clone(script), mailboxes.clone());
        let (user, view) = (String::new(), Vec::new());
        Self { tcp, input, script, mailboxes, user, folder: "", view, has_idled: false }
    }

    pub(crate) fn say(&mut self, text: impl AsRef<str>) {
        // The client may be gone.
        self.tcp.write_all(format!("{}\r\n", text.as_ref()).as_bytes()).ok();
    }

    /// Says nothing more until the client hangs up.
    pub(crate) fn fall_silent(&mut self) {
        while !matches!(self.input.recv(), Ok(Input::End) | Err(_)) {}
    }

    fn line(&mut self) -> Option<String> {
        loop {
            match self.input.recv() {
                Ok(Input::Line(line)) => return Some(line),
                Ok(Input::News) => {}
                Ok(Input::End) | Err(_) => return None,
            }
        }
    }

    fn run(mut self) {
        let script = Arc::clone(&self.script);
        self.say("* OK Gimap ready");
        while let Some(line) = self.line() {
            let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
            if !(script.imap)(&mut self, tag, command) {
                self.command(tag, command);
            }
        }
    }

    fn command(&mut self, tag: &str, command: &str) {
        let upper = command.to_ascii_uppercase();
        let words: Vec<&str> = command.split(' ').collect();
        let quoted = command.rsplit_once('"').and_then(|(rest, _)| Some(rest.rsplit_once('"')?.1)).unwrap_or_default();
        match upper.split(' ').collect::<Vec<_>>().as_slice() {
            ["CAPABILITY"] => self.say(format!("* CAPABILITY {}", self.script.capabilities)),
            ["LOGIN", ..] => self.user = words[1].trim_matches('"').to_owned(),
            ["LIST", ..] => self.list(),
            ["EXAMINE" | "SELECT", ..] => self.select(quoted),
            ["UID", "FETCH", set, ..] => self.fetch(set, &upper),
            ["UID", "SEARCH", ..] => self.search(command),
            ["IDLE"] => self.idle(),
            ["NOOP"] => self.sync(),
            _ => {}
        }
        self.say(format!("{tag} OK done"));
    }

    fn list(&mut self) {
        self.say("* LIST (\\HasNoChildren) \"/\" \"INBOX\"");
        if self.user == "gmail" {
            for (attribute, name) in [("\\Junk", SPAM), ("\\All", ALL), ("\\Trash", "[Gmail]/Trash")] {
                self.say(format!("* LIST (\\HasNoChildren {attribute}) \"/\" \"{name}\""));
            }
        }
    }

    fn select(&mut self, name: &str) {
        self.folder = match name {
            INBOX if self.user == "external" => SENDER,
            INBOX => INBOX,
            SPAM => SPAM,
            ALL => ALL,
            _ => "[Gmail]/Trash",
        };
        self.view = self.mailboxes.0.lock().unwrap().uids(self.folder);
        let (exists, next) = (self.view.len(), self.view.iter().max().map_or(10, |uid| uid + 1));
        self.say(format!("* {exists} EXISTS\r\n* OK [UIDVALIDITY 9] ok\r\n* OK [UIDNEXT {next}] ok"));
    }

    /// Tells what came and went.
    pub(crate) fn sync(&mut self) {
        let now = self.mailboxes.0.lock().unwrap().uids(self.folder);
        while let Some(gone) = self.view.iter().position(|uid| !now.contains(uid)) {
            self.view.remove(gone);
            self.say(format!("* {} EXPUNGE", gone + 1));
        }
        if now.len() > self.view.len() {
            self.view = now;
            self.say(format!("* {} EXISTS", self.view.len()));
        }
    }

    fn idle(&mut self) {
        self.has_idled = true;
        self.say("+ idling");
        loop {
            self.sync();
            match self.input.recv() {
                Ok(Input::News) => {}
                Ok(Input::Line(_) | Input::End) | Err(_) => return,
            }
        }
    }

    fn search(&mut self, command: &str) {
        let id = command.split_once("rfc822msgid:").or_else(|| command.split_once("Message-ID \""));
        let id = id.map(|(_, rest)| rest.trim_end_matches('"').to_owned());
        let found: Vec<String> = {
            let inner = self.mailboxes.0.lock().unwrap();
            let here = inner.messages.iter().filter(|m| m.folder == self.folder && self.view.contains(&m.uid));
            here.filter(|m| id.as_ref().is_none_or(|id| header(&m.raw).contains(id.as_str())))
                .map(|m| m.uid.to_string())
                .collect()
        };
        self.say(format!("* SEARCH {}", found.join(" ")));
    }

    fn fetch(&mut self, set: &str, items: &str) {
        let last = self.view.iter().max().copied().unwrap_or_default();
        let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
        let wanted = |uid: u32| {
            set.split(',').any(|part| match part.split_once(':') {
                Some((from, to)) => {
                    let (from, to) = (number(from), number(to));
                    (from.min(to)..=from.max(to)).contains(&uid)
                }
                None => number(part) == uid,
            })
        };
        let mut lines = Vec::new();
        {
            let inner = self.mailboxes.0.lock().unwrap();
            for (n, uid) in self.view.iter().enumerate().filter(|(_, uid)| wanted(**uid)) {
                let Some(m) = inner.messages.iter().find(|m| m.folder == self.folder && m.uid == *uid) else {
                    continue;
                };
                let date = m.date.to_zoned(TimeZone::UTC).strftime("%d-%b-%Y %H:%M:%S +0000");
                let literal = |text: &str| format!("{{{}}}\r\n{text}", text.len());
                let mut parts = vec![format!("UID {uid} INTERNALDATE \"{date}\" RFC822.SIZE {}", m.raw.len())];
                if items.contains("X-GM-MSGID") {
                    parts.push(format!("X-GM-MSGID {} X-GM-LABELS ()", m.id));
                }
                if items.contains("BODY.PEEK[HEADER]") {
                    parts.push(format!("BODY[HEADER] {}", literal(header(&m.raw))));
                }
                if let Some((_, part)) = items.split_once("BODY.PEEK[]") {
                    // The beginning alone: `<0.1000>`.
                    let octets = part.strip_prefix("<0.").and_then(|part| part.split_once('>'));
                    parts.push(match octets.map(|(octets, _)| octets.parse::<usize>().unwrap()) {
                        Some(octets) => format!("BODY[]<0> {}", literal(&m.raw[..octets.min(m.raw.len())])),
                        None => format!("BODY[] {}", literal(&m.raw)),
                    });
                }
                lines.push(format!("* {} FETCH ({})", n + 1, parts.join(" ")));
            }
        }
        lines.iter().for_each(|line| self.say(line));
    }
}

fn header(raw: &str) -> &str {
    raw.find("\r\n\r\n").map_or(raw, |end| &raw[..end + 4])
}
