//! Secrets are planted wherever one can stand, and looked for in everything that a run writes.

use crate::{
    probe::submit::submit,
    support::{
        program::{Project, forward},
        scripted::serve_each,
    },
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use sealcheck::{
    core::{Redactor, RunId, Secret, file::Access},
    judge::snapshot::{Store, Update},
    lab::{
        Lab, Settings,
        embedded::{
            GoogleSettings,
            store::{Credentials, Flavour},
        },
    },
    outcome::{ExitCode, RunInfo},
    probe::token::Tokens,
    report::{
        Reporter, ReporterThread,
        console::{Console, Options as Looks, Palette, ProgressKind, Verbosity},
        document::{Destination, Document, Render},
        github::{Github, Step},
        json,
        jsonl::Jsonl,
        junit, markdown,
        masked_writer::{LazyFile, MaskedWriter},
        openmetrics, tap,
    },
    run::{ArtifactPolicy, Clock, EventSender, FlakyPolicy, Options, Plan, RunDir, Selection, Stop, WorldSource, run},
    scenario::{Scenario, Vars, yaml},
    target::{Endpoint, Knobs, Login, Mechanism, TargetKind, TlsMode},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

/// A password with everything that some format escapes, and a space where lines are wrapped.
const PLANTED: &str = "p\"ss &<w0rd>'/%x=~Zq?";
const USER: &str = "probe@ext.example";

/// Whether a secret stands in these bytes in any form that somebody could read back. Nothing of the redactor is used.
fn can_be_read(bytes: &[u8], secret: &str) -> bool {
    let joined: Vec<u8> = bytes.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let soft = String::from_utf8_lossy(bytes).replace("=\r\n", "").replace("=\n", "");
    let unescaped = |text: &str, escape: char| {
        let mut out = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            let code = tail.get(..2).and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
            match code.filter(|_| char::from(*first) == escape) {
                Some(byte) => {
                    out.push(byte);
                    rest = &tail[2..];
                }
                None => {
                    out.push(*first);
                    rest = tail;
                }
            }
        }
        out
    };
    let text = String::from_utf8_lossy(&joined).into_owned();
    let json = text.replace("\\\"", "\"").replace("\\\\", "\\").replace("\\\"", "\"");
    let xml = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'");
    let xml = xml.replace("&amp;", "&");
    let plain = [joined.clone(), unescaped(&soft, '='), unescaped(&text, '%'), json.into_bytes(), xml.into_bytes()];
    plain.iter().any(|b| memchr::memmem::find(b, secret.as_bytes()).is_some())
        // Lines that were wrapped at spaces.
        || String::from_utf8_lossy(bytes).split_whitespace().collect::<String>().contains(&secret.replace(' ', ""))
        || in_base64(&joined, secret)
}

/// Whether any run of base64 says it, from whichever character it is read.
fn in_base64(bytes: &[u8], secret: &str) -> bool {
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    bytes.split(|b| !is_base64(b)).filter(|run| run.len() >= secret.len()).any(|run| {
        (0..4).any(|from| {
            let run = run.get(from..).unwrap_or_default();
            let whole = &run[..run.len() / 4 * 4];
            [STANDARD_NO_PAD.decode(whole), URL_SAFE_NO_PAD.decode(whole), STANDARD_NO_PAD.decode(run)]
                .into_iter()
                .flatten()
                .any(|decoded| memchr::memmem::find(&decoded, secret.as_bytes()).is_some())
        })
    })
}

#[test]
fn the_search_reads_what_it_should() {
    for readable in [
        PLANTED.to_owned(),
        serde_json::to_string(PLANTED).unwrap(),
        format!("x{}", STANDARD_NO_PAD.encode(format!("ab{PLANTED}c"))),
        URL_SAFE_NO_PAD.encode(format!("\0{USER}\0{PLANTED}")),
        "p%22ss%20%26%3Cw0rd%3E%27%2F%25x%3D%7EZq%3F".to_owned(),
        "p\"ss &<w=\r\n0rd>'/%x=3D~Zq?".to_owned(),
        "p\"ss\n    &<w0rd>'/%x=~Zq?".to_owned(),
        "p&quot;ss &amp;&lt;w0rd&gt;&apos;/%x=~Zq?".to_owned(),
    ] {
        assert!(can_be_read(readable.as_bytes(), PLANTED), "{readable}");
    }
    assert!(!can_be_read(b"nothing of it", PLANTED));
}

/// A scenario with the secret in every text that it has.
fn scenario(id: &str, to: &str, encoding: &str) -> Scenario {
    let quoted = |text: String| serde_json::to_string(&text).unwrap();
    let text = format!(
        "sealcheck: 1\nname: {name}\ndescription: {name}\ntargets: [gmail]\nsend:\n  from: external\n  to: {to}\n  \
         subject: {subject}\n  encoding: {encoding}\n  text: {body}\n  headers: {{ X-Planted: {name} }}\n  attach:\n    - \
         {{ name: {name}, size: 1KB }}\nwait: {{ timeout: 30s }}\nexpect:\n  - smtp: {{ code: 250 }}\n  - delivered:\n      \
         to: gmail\n      headers: {{ X-Planted: {wrong} }}\nsnapshot: full\n",
        name = quoted(format!("say {PLANTED}")),
        subject = quoted(format!("Grüße {PLANTED}")),
        body = quoted(format!("{} {PLANTED} {}\n{PLANTED}\n", "ä".repeat(30), "lorem ipsum ".repeat(10))),
        wrong = quoted(format!("not {PLANTED}")),
    );
    let source = yaml::Source::new(format!("{id}.yaml"), text.as_bytes()).unwrap();
    yaml::scenarios(&source, id, &|_| Err(String::new())).unwrap_or_else(|e| panic!("{e}")).remove(0)
}

/// What a run wrote, by name, and the secrets that it had.
struct Written {
    files: Vec<(String, Vec<u8>)>,
    secrets: Vec<String>,
    exit: u8,
}

fn collect(dir: &Path, root: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, root, out),
            false => {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                out.push((name, fs::read(&path).unwrap()));
            }
        }
    }
}

/// Runs scenarios against a lab whose company says the secret in its replies, and tells the run in every format.
async fn written(dir: &Path, redactor: Redactor, scenarios: Vec<Scenario>) -> Written {
    let mut knobs = Knobs::default();
    knobs.company.reject = Some(format!("550 5.1.1 your password is {PLANTED}"));
    let settings = Settings { google: Some(GoogleSettings::default()), ..Settings::default() };
    let lab = Lab::start(TargetKind::Embedded, &knobs, &settings).await.unwrap();
    let credentials = Credentials { password: Secret::new(PLANTED), access_token: None };
    lab.world().external_mailboxes().create_account(USER, credentials, Flavour::Plain);
    let mut target = lab.target().clone();
    target.kind = TargetKind::Gmail;
    let password =
        Login { user: USER.into(), secret: Secret::new(PLANTED), mechanism: Mechanism::Password, oauth: None };
    let external = target.accounts.get_mut("external").unwrap();
    external.smtp.as_mut().unwrap().login = Some(password.clone());
    external.imap.as_mut().unwrap().endpoint.login = Some(password);
    let gmail = target.accounts["gmail"].imap.as_ref().unwrap().endpoint.login.clone().unwrap();
    let client = gmail.oauth.unwrap();
    let secrets = [PLANTED, gmail.secret.expose(), client.secret.expose()].map(str::to_owned).to_vec();

    let path = |name: &str| dir.join(name);
    let sink = |name: &str| MaskedWriter::new(LazyFile::new(path(name), Access::Usual), redactor.clone());
    let looks = |columns| Looks {
        palette: Palette { color: false },
        progress: ProgressKind::None,
        verbosity: Verbosity::Everything,
        stderr: false,
        run_dir: "run".into(),
        columns,
        patience: Duration::from_secs(30),
    };
    let document = |name: &str, render: Render| -> (String, Box<dyn Reporter>) {
        (name.to_owned(), Box::new(Document::new(Destination::File(path(name)), redactor.clone(), render)))
    };
    let step = Step { directory: PathBuf::new(), summary: Some(path("summary.md")), outputs: Some(path("outputs")) };
    let reporters: Vec<(String, Box<dyn Reporter>)> = vec![
        ("console".into(), Box::new(Console::new(sink("console.txt"), looks(None)))),
        ("narrow".into(), Box::new(Console::new(sink("narrow.txt"), looks(Some(45))))),
        ("jsonl".into(), Box::new(Jsonl::new(sink("events.jsonl")))),
        ("github".into(), Box::new(Github::new(sink("annotations.txt"), step, redactor.clone()))),
        document("result.json", json::render),
        document("junit.xml", junit::render),
        document("report.md", markdown::render),
        document("report.tap", tap::render),
        document("metrics.prom", openmetrics::render),
    ];
    let (to, events) = mpsc::channel();
    let reporting = ReporterThread::start(events, reporters).unwrap();
    let emitter = EventSender::new(to, Clock::new(jiff::Timestamp::now)).masked_by(redactor.clone());
    let selection = Selection { target: Some(TargetKind::Gmail), tags: None, shard: None, repeat: 1 };
    let options = Options {
        run: RunId::new("01JD8Q6V3K5W7Y9ZB2C4D6E8F1"),
        tool: "sealcheck test".into(),
        info: RunInfo::default(),
        worlds: WorldSource::Target(Box::new(target)),
        vars: Vars::new(),
        jobs: 2,
        global_timeout: None,
        max_fail: None,
        flaky: FlakyPolicy::Fail,
        artifacts: ArtifactPolicy::All,
        diagnosis_text: sealcheck::report::console::diagnosis_text,
        snapshots: Store::new(path("snapshots"), Update::All, redactor.clone()),
        obsolete_is_unclean: false,
        all_skipped: ExitCode::Success,
        run_dir: RunDir::new(path("run"), redactor.clone()),
        sent: None,
        redactor: redactor.clone(),
    };
    let (_, exit) =
        run(Plan::select(scenarios, &selection), options, emitter, Stop::new()).await.map_err(|r| r.0).unwrap();
    assert!(reporting.join().is_empty());
    lab.stop().await;
    let mut files = Vec::new();
    collect(dir, dir, &mut files);
    Written { files, secrets, exit: exit.number() }
}

/// The files that tell a secret, by their own names.
fn tellers(written: &Written) -> BTreeSet<String> {
    let tells = |bytes: &[u8]| {
        written.secrets.iter().any(|secret| can_be_read(bytes, secret))
            || memchr::memmem::find(bytes, b"ya29.").is_some()
    };
    let telling = written.files.iter().filter(|(name, bytes)| tells(bytes) || tells(name.as_bytes()));
    telling.map(|(name, _)| name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_gets_out_and_without_the_redactor_every_sink_tells_one() {
    let scenarios = || {
        vec![
            scenario("base64", "gmail", "base64"),
            scenario("qp", "gmail", "quoted-printable"),
            scenario("refused", "company", "8bit"),
        ]
    };
    let dir = tempfile::tempdir().unwrap();
    let masked = written(dir.path(), Redactor::new(), scenarios()).await;
    assert_eq!(tellers(&masked), BTreeSet::new());
    assert_eq!(masked.exit, 1, "the scenarios fail, and nothing was swept away");
    let names: BTreeSet<_> = masked.files.iter().map(|(name, _)| name.clone()).collect();
    let dir = tempfile::tempdir().unwrap();
    let open = written(dir.path(), Redactor::off(), scenarios()).await;
    let telling = tellers(&open);
    for name in [
        "console.txt",
        "narrow.txt",
        "events.jsonl",
        "annotations.txt",
        "summary.md",
        "result.json",
        "junit.xml",
        "report.md",
        "report.tap",
        "run/artifacts/base64/1/sent.eml",
        "run/artifacts/base64/1/received.eml",
        "run/artifacts/qp/1/sent.eml",
        "run/artifacts/qp/1/diagnosis.txt",
        "run/artifacts/refused/1/bounce.eml",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
        assert!(telling.contains(name), "{name} told nothing: {telling:?}");
    }
    // Logins are masked by their structure, also without the redactor.
    let logs = open.files.iter().filter(|(name, _)| name.ends_with("imap.log"));
    assert_eq!(logs.filter(|(name, _)| telling.contains(name)).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_after_a_run_is_removed_and_the_run_ends_with_exit_6() {
    let text = "sealcheck: 1\nname: x\ntargets: [gmail]\nsend: { from: external, to: gmail }\nwait: { timeout: 30s }\n\
                expect: [ { delivered: gmail } ]\nsnapshot: none\n";
    let source = yaml::Source::new("x.yaml", text.as_bytes()).unwrap();
    let scenarios = yaml::scenarios(&source, "x", &|_| Err(String::new())).unwrap();
    let dir = tempfile::tempdir().unwrap();
    // As if somebody had written past the redactor.
    let leak = dir.path().join("run/core.dump");
    fs::create_dir(dir.path().join("run")).unwrap();
    fs::write(&leak, STANDARD_NO_PAD.encode(format!("\0{USER}\0{PLANTED}"))).unwrap();
    let swept = written(dir.path(), Redactor::new(), scenarios).await;
    assert!(!leak.exists());
    assert_eq!(swept.exit, 6);
    assert_eq!(tellers(&swept), BTreeSet::new());
    let (_, events) = swept.files.iter().find(|(name, _)| name == "events.jsonl").unwrap();
    assert!(String::from_utf8_lossy(events).contains("\"leaks_found\":1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_a_server_says_back_is_masked_whatever_is_left_of_it() {
    let settings = Settings { google: Some(GoogleSettings::default()), ..Settings::default() };
    let lab = Lab::start(TargetKind::Embedded, &Knobs::default(), &settings).await.unwrap();
    let login = lab.target().accounts["gmail"].imap.as_ref().unwrap().endpoint.login.clone();
    let server = serve_each(2, |_, c| {
        c.say("220 mx.example ESMTP\r\n").hear("EHLO");
        c.say("250-mx.example\r\n250 AUTH XOAUTH2\r\n");
        // The first token and the one that is got in its place.
        for _ in 0..2 {
            let line = c.hear("AUTH XOAUTH2 ");
            let blob = line.split(' ').nth(2).unwrap().to_owned();
            let said = String::from_utf8(STANDARD_NO_PAD.decode(blob.trim_end_matches('=')).unwrap()).unwrap();
            let token = said.split("Bearer ").nth(1).unwrap().trim_end_matches('\x01').to_owned();
            c.say(format!("535 5.7.8 no {blob} nor {token}\r\n"));
        }
        c.until_hangup();
    });
    for (redactor, is_on) in [(Redactor::new(), true), (Redactor::off(), false)] {
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: server.port,
            tls: TlsMode::None,
            tls_name: None,
            ca_pem: None,
            login: login.clone(),
        };
        let sent = sealcheck::evidence::Sent::new(
            "A: 1\r\n\r\n",
            "<t@ext.example>".into(),
            USER.into(),
            vec!["a@b.example".into()],
        );
        let tokens = Tokens::new(redactor.clone());
        let patience = Duration::from_secs(20);
        let error = submit(&endpoint, "probe.example", &sent, patience, &tokens).await.unwrap_err();
        assert!(error.message.contains("ya29."), "the server said it: {error:?}");
        let told = redactor.text(&format!("{error:?}")).into_owned();
        let cut: Vec<String> = (20..told.len().min(200))
            .map(|most| redactor.text(&sealcheck::core::redact::cut(&format!("{error:?}"), most)).into_owned())
            .collect();
        let tells = |text: &String| text.contains("ya29") || text.contains("dXNlcj");
        assert_eq!(tells(&told), !is_on, "{told}");
        assert_eq!(cut.iter().any(tells), !is_on, "{cut:?}");
    }
    server.done();
    lab.stop().await;
}

#[test]
fn no_file_is_named_after_a_secret() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let secret = project.read("sealcheck.yaml.d/gmail.secret").trim().to_owned();
    let report = format!("json={secret}.json");
    fs::write(project.path(&format!("scenarios/{secret}.yaml")), forward("gmail")).unwrap();
    for args in [&["forward", "--report", &report][..], &[]] {
        let refused = project.run(&[&["run", "--target", "gmail"], args].concat());
        assert_eq!(refused.code, 2, "{refused}");
        assert!(
            refused.stderr.contains("the name `[REDACTED]") && refused.stderr.contains("holds a secret"),
            "{refused}"
        );
        assert!(!refused.stderr.contains(&secret) && !refused.stdout.contains(&secret));
    }
    assert!(!project.path(".sealcheck").exists(), "nothing was run");
    assert_eq!(lab.end(), 0);
}
