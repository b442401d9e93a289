//! `sealcheck auth gmail`, with a browser that does as it is told.

use crate::{
    report::output_files::{fifo, is_fifo, is_link},
    support::program::{Asking, Lab, Project, forward},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::symlink,
};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// A browser that trusts the lab and follows no redirect by itself.
fn browser(lab: &Lab) -> ureq::Agent {
    let ca = Certificate::from_pem(lab.ready["ca_pem"].as_str().unwrap().as_bytes()).unwrap();
    let roots = RootCerts::from(vec![ca]);
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let config = ureq::Agent::config_builder().tls_config(tls).proxy(None).http_status_as_error(false);
    config.max_redirects(0).max_redirects_will_error(false).build().into()
}

/// Where the page of consent sends the browser.
fn consent(lab: &Lab, url: &str) -> Result<String, String> {
    let mut answer = browser(lab).get(url).call().unwrap();
    match answer.headers().get("location") {
        Some(location) => Ok(location.to_str().unwrap().to_owned()),
        None => Err(answer.body_mut().read_to_string().unwrap()),
    }
}

/// What a request to this machine is answered.
fn visit(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (at, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(at).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {at}\r\nUser-Agent: test\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn query(url: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes()).into_owned().collect()
}

/// A project whose accounts need tokens, and its lab.
fn needs_token(flags: &[&str]) -> (Project, Lab) {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&[&["--auth", "xoauth2", "--config-out", "sealcheck.yaml"], flags].concat());
    (project, lab)
}

fn refresh_token(lab: &Lab, account: &str) -> String {
    let accounts = lab.ready["accounts"].as_array().unwrap();
    accounts.iter().find(|a| a["name"] == account).unwrap()["refresh_token"].as_str().unwrap().to_owned()
}

const ASK: [&str; 5] = ["auth", "gmail", "--no-browser", "--account", "gmail"];

#[test]
fn a_consent_becomes_a_refresh_token_that_the_account_finds() {
    let (project, lab) = needs_token(&[]);
    let token = refresh_token(&lab, "gmail");
    // The account's token is not there yet.
    fs::remove_file(project.path("sealcheck.yaml.d/gmail.refresh_token")).unwrap();
    assert_eq!(project.run(&["run", "--target", "gmail"]).code, 2);

    let mut asking = project.ask(&ASK);
    let url = asking.url();
    let asked = query(&url);
    assert_eq!(asked["scope"], "https://mail.google.com/");
    assert_eq!((asked["access_type"].as_str(), asked["login_hint"].as_str()), ("offline", "probe.inbox@gmail.com"));
    assert_eq!((asked["code_challenge_method"].as_str(), asked["code_challenge"].len()), ("S256", 43));
    // What else a browser asks for, and connections that it does not use, do no harm.
    let unused = TcpStream::connect(asked["redirect_uri"].strip_prefix("http://").unwrap()).unwrap();
    assert!(visit(&format!("{}/favicon.ico", asked["redirect_uri"])).starts_with("HTTP/1.1 404"));
    let back = consent(&lab, &url).unwrap();
    assert!(visit(&back).contains("sealcheck has the answer"));
    let ran = asking.end();
    drop(unused);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("sealcheck.yaml.d/gmail.refresh_token. The account finds it there."), "{ran}");
    assert!(!ran.stdout.contains(&token) && !ran.stderr.contains(&token), "{ran}");
    assert!(!ran.stderr.contains(lab.ready["google"]["client_secret"].as_str().unwrap()), "{ran}");
    assert_eq!(project.read("sealcheck.yaml.d/gmail.refresh_token"), format!("{token}\n"));

    let run = project.run(&["run", "--target", "gmail", "--update", "new"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_token_goes_to_a_new_file_or_to_standard_output_alone() {
    let (project, lab) = needs_token(&[]);
    let token = format!("{}\n", refresh_token(&lab, "gmail"));
    let take = |mut asking: Asking| {
        let back = consent(&lab, &asking.url()).unwrap();
        visit(&back);
        asking.end()
    };
    let printed = take(project.ask(&[&ASK[..], &["--print"]].concat()));
    assert_eq!((printed.code, &printed.stdout), (0, &token), "{printed}");
    assert!(!printed.stderr.contains(token.trim()), "{printed}");
    let written = take(project.ask(&[&ASK[..], &["--output", "token"]].concat()));
    assert_eq!((written.code, written.stdout.as_str(), project.read("token")), (0, "", token.clone()), "{written}");
    // What is no regular file, and a link, stay what they are.
    let reader = fifo(&project.path("fifo"));
    symlink("new", project.path("link")).unwrap();
    for to in ["fifo", "link"] {
        let written = take(project.ask(&[&ASK[..], &["--output", to]].concat()));
        assert_eq!(written.code, 0, "{to}: {written}");
    }
    assert_eq!((reader.join().unwrap(), project.read("new")), (token.clone(), token));
    assert!(is_fifo(&project.path("fifo")) && is_link(&project.path("link")));
    // Nobody is asked for consent when there is nowhere to put the token.
    let again = project.run(&[&ASK[..], &["--output", "token"]].concat());
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("token is there already"), "{again}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_goes_wrong_in_a_consent_is_said() {
    for (fault, says, next) in [
        ("access-denied", "the server answers access_denied", "test users"),
        ("other-state", "`state` differs", "start again"),
        ("no-refresh-token", "no refresh token came", "myaccount.google.com/connections"),
        ("wrong-scope", "the scope https://mail.google.com/ was not granted", "tick the box"),
        ("invalid-grant", "invalid_grant", "7 days"),
        ("page", "it is no JSON", "proxy or portal"),
        ("other-account", "does not open the account of probe.inbox@gmail.com", "choose probe.inbox@gmail.com"),
    ] {
        let (project, lab) = needs_token(&["--token-fault", fault]);
        let known = project.read("sealcheck.yaml.d/gmail.refresh_token");
        let mut asking = project.ask(&ASK);
        let back = consent(&lab, &asking.url()).unwrap();
        visit(&back);
        let ran = asking.end();
        assert_eq!(ran.code, 3, "{fault}: {ran}");
        assert!(ran.stderr.contains(says) && ran.stderr.contains(next), "{fault}: {ran}");
        assert_eq!(project.read("sealcheck.yaml.d/gmail.refresh_token"), known, "{fault}");
        assert_eq!(lab.end(), 0);
    }
}

#[test]
fn nobody_else_can_bring_or_use_the_answer() {
    let (project, lab) = needs_token(&[]);
    // A code that was made for another request is refused by the server: its verifier is unknown there.
    let mut other = project.ask(&ASK);
    let other_code = query(&consent(&lab, &other.url()).unwrap())["code"].clone();
    let mut asking = project.ask(&ASK);
    let asked = query(&asking.url());
    let state = &asked["state"];
    visit(&format!("{}/?code={}&state={state}", asked["redirect_uri"], other_code.replace('/', "%2F")));
    let ran = asking.end();
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stderr.contains("invalid_grant"), "{ran}");
    other.kill();
    assert_eq!(lab.end(), 0);
}

#[test]
fn what_cannot_be_asked_is_refused_before_anybody_is() {
    let (project, lab) = needs_token(&[]);
    let file = project.read("sealcheck.yaml");
    for (args, says) in [
        (&["auth", "gmail"][..], "which account is it? choose with --account: "),
        (&["auth", "gmail", "--account", "gmial"], "there is no account `gmial`"),
        (&["auth", "gmail", "--account", "company"], "account `company` has no OAuth client"),
        (&["auth", "gmail", "--client-id-env", "ID"], "--client-secret-env"),
        (&["auth", "gmail", "--client-id-env", "ID", "--client-secret-env", "S"], "--user ADDRESS"),
        (
            &["auth", "gmail", "--client-id-env", "ID", "--client-secret-env", "S", "--user", "a@gmail.com", "--print"],
            "the environment variable `ID` is not set",
        ),
    ] {
        let ran = project.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran}");
        assert!(ran.stderr.contains(says), "{ran}");
    }
    let by_variable = file
        .replace("refresh_token: { file: \"sealcheck.yaml.d/gmail.refresh_token\" }", "refresh_token: { env: TOKEN }");
    fs::write(project.path("sealcheck.yaml"), by_variable).unwrap();
    let ran = project.run(&ASK);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("the account reads it from the variable TOKEN"), "{ran}");
    // Nobody comes.
    let late = project.run(&[&ASK[..], &["--print", "--timeout", "50ms"]].concat());
    assert_eq!((late.code, late.stdout.as_str()), (3, ""), "{late}");
    assert!(late.stderr.contains("no consent came from the browser within 50ms"), "{late}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_token_that_cannot_be_tried_is_kept_and_said() {
    let (project, lab) = needs_token(&[]);
    let token = format!("{}\n", refresh_token(&lab, "gmail"));
    // Nobody listens where the account's mailbox is said to be.
    let file = project.read("sealcheck.yaml");
    let (before, gmail) = file.split_once("  gmail:\n").unwrap();
    let (port, _) = gmail.split_once("port: ").unwrap().1.split_once('\n').unwrap();
    let away = gmail.replacen(&format!("port: {port}\n"), "port: 1\n", 1);
    fs::write(project.path("sealcheck.yaml"), format!("{before}  gmail:\n{away}")).unwrap();
    for (more, code, says) in [
        (
            &["--output", "kept"][..],
            3,
            "whether the token opens the account of probe.inbox@gmail.com is not known: H04",
        ),
        (&["--output", "untried", "--no-try"], 0, "The refresh token of probe.inbox@gmail.com is in untried"),
    ] {
        let mut asking = project.ask(&[&ASK[..], more].concat());
        visit(&consent(&lab, &asking.url()).unwrap());
        let ran = asking.end();
        assert!(ran.code == code && ran.stderr.contains(says), "{ran}");
        assert_eq!(project.read(more[1]), token, "{ran}");
    }
    assert_eq!(lab.end(), 0);
}
