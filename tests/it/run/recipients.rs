//! A mail to several recipients of a server under test: each is tried again for as long as it alone is put off, and nothing is
//! sent twice to who has it (RFC 5321 §4.5.4.1).

use crate::{
    run::first_server::{error, project_that_sends, run, smtp_log},
    support::scripted::{Conn, serve_all},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What a server says in one session, from the first RCPT on: replies to each recipient, then to DATA and the message.
type Session = &'static [(&'static str, &'static str)];

/// What a server was asked.
#[derive(Debug, Default)]
struct Asked {
    sessions: usize,
    rcpt: BTreeMap<String, usize>,
    /// How many messages it took for each recipient.
    taken: BTreeMap<String, usize>,
    messages: Vec<Vec<u8>>,
}

impl Asked {
    fn counts(&self) -> [(usize, usize); 2] {
        ["info@corp.example", "sales@corp.example"].map(|to| {
            let of = |counts: &BTreeMap<String, usize>| counts.get(to).copied().unwrap_or_default();
            (of(&self.rcpt), of(&self.taken))
        })
    }
}

/// Plays a session by its script; what is not in it is answered with what is good.
fn play(c: &mut Conn, session: Session, asked: &Mutex<Asked>) {
    let reply =
        |to: &str, good: &'static str| session.iter().find(|(of, _)| *of == to).map_or(good, |(_, reply)| *reply);
    let mut valid = Vec::new();
    c.say(format!("{}\r\n", reply("connect", "220 mx.example ESMTP")));
    while let Some(line) = c.line() {
        let said = if let Some(to) = line.strip_prefix("RCPT TO:<") {
            let to = to.split('>').next().unwrap().to_owned();
            *asked.lock().unwrap().rcpt.entry(to.clone()).or_default() += 1;
            let reply = reply(to.split('@').next().unwrap(), "250 2.1.5 ok");
            valid.extend(reply.starts_with('2').then_some(to));
            reply
        } else if line == "DATA" {
            c.say("354 go\r\n");
            let message = c.message();
            let said = reply("message", "250 2.0.0 ok");
            let mut asked = asked.lock().unwrap();
            asked.messages.push(message);
            if said.starts_with('2') {
                valid.drain(..).for_each(|to| *asked.taken.entry(to).or_default() += 1);
            }
            said
        } else {
            "250 ok"
        };
        // A script that says nothing ends the session.
        if said.is_empty() {
            return;
        }
        c.say(format!("{said}\r\n"));
    }
}

fn serve(sessions: &'static [Session]) -> (u16, Arc<Mutex<Asked>>) {
    let asked: Arc<Mutex<Asked>> = Arc::default();
    let counts = Arc::clone(&asked);
    let port = serve_all(move |n, c| {
        counts.lock().unwrap().sessions += 1;
        if let Some(session) = sessions.get(n) {
            play(c, session, &counts);
        }
    });
    (port, asked)
}

/// Runs it with these sessions: the exit code, the attempt, its log, and what each recipient was asked for and got.
fn sessions(expect: &str, sessions: &'static [Session], more: &[&str]) -> (i32, Value, String, [(usize, usize); 2]) {
    let (project, lab) = project_that_sends("to: [company, company-2]", expect);
    let (port, asked) = serve(sessions);
    let second = format!("accounts.company-2.mx={{ host: 127.0.0.1, port: {port}, tls: none }}");
    let (ran, attempt) = run(&project, "company.mx", port, &[&["--set", second.as_str()], more].concat());
    assert_eq!(lab.end(), 0);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.sessions, sessions.len(), "{ran}");
    assert!(asked.messages.windows(2).all(|pair| pair[0] == pair[1]), "the same mail, Message-ID and all");
    let log = smtp_log(&project, &attempt).unwrap_or_else(|| panic!("{ran}"));
    (ran.code, attempt, log, asked.counts())
}

/// The second recipient is put off.
const DEFERRED: (&str, &str) = ("sales", "450 4.2.0 greylisted");

const TAKEN: &str = "  - smtp: { code: 250 }\n";

#[test]
fn only_who_was_put_off_is_tried_again() {
    let (code, attempt, log, counts) = sessions(TAKEN, &[&[DEFERRED], &[DEFERRED], &[]], &[]);
    assert_eq!((code, counts), (0, [(1, 1), (3, 1)]), "{attempt:#}{log}");
    // Who was put off and who was refused.
    let (code, attempt, log, counts) = sessions(TAKEN, &[&[("info", "550 5.1.1 no"), DEFERRED], &[]], &[]);
    assert_eq!((code, counts), (1, [(1, 0), (2, 1)]), "{attempt:#}{log}");
    assert!(attempt["assertions"][0]["actual"].as_str().unwrap().contains("550 5.1.1 no (at rcpt)"), "{attempt:#}");
    // A refusal at another try is one.
    let (code, attempt, log, counts) = sessions(TAKEN, &[&[DEFERRED], &[("sales", "550 5.1.1 no")]], &[]);
    assert_eq!((code, counts), (1, [(1, 1), (2, 0)]), "{attempt:#}{log}");
}

#[test]
fn all_who_have_nothing_are_tried_again() {
    for first in [
        &[DEFERRED, ("message", "451 4.3.0 later")][..],
        &[("info", "421 4.3.2 closing")],
        &[("connect", "421 4.3.2 closing")],
    ] {
        let script: &'static [Session] = vec![first, &[]].leak();
        let (code, attempt, log, [info, sales]) = sessions(TAKEN, script, &[]);
        assert_eq!((code, info.1, sales.1), (0, 1, 1), "{attempt:#}{log}");
    }
}

#[test]
fn who_has_the_mail_keeps_it_whatever_ends_the_next_try() {
    for second in [&[("connect", "")][..], &[("sales", "")], &[("connect", "HTTP/1.1 400 Bad Request")]] {
        let script: &'static [Session] = vec![&[DEFERRED][..], second, &[]].leak();
        let (code, attempt, log, [info, sales]) = sessions(TAKEN, script, &[]);
        assert_eq!((code, info, sales.1), (0, (1, 1), 1), "{attempt:#}{log}");
    }
    // Nobody knows whether the second one has it, so that it is not sent again.
    let (code, attempt, log, counts) = sessions(TAKEN, &[&[DEFERRED], &[("message", "")]], &[]);
    assert_eq!((code, counts), (3, [(1, 1), (2, 0)]), "{attempt:#}{log}");
    assert_eq!(error(&attempt)[0], "H04", "{attempt:#}");
}

#[test]
fn who_is_put_off_to_the_end_is_told() {
    let (code, attempt, log, counts) = sessions(TAKEN, &[&[DEFERRED], &[DEFERRED]], &["--timeout", "7s"]);
    assert_eq!((code, counts), (3, [(1, 1), (2, 0)]), "{attempt:#}{log}");
    let [code, message, _] = error(&attempt);
    assert_eq!(code, "H06");
    assert_eq!(
        message,
        "the company's server put the mail off for sales@corp.example at rcpt: 450 4.2.0 greylisted, after one that was put \
         off as well"
    );
}
