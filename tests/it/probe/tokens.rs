//! Access tokens: fetched once, shared, renewed in time, and what is said when a token server gives none.

use crate::support::scripted::{Pki, serve_each};
use sealcheck::{
    core::Redactor,
    lab::{
        Lab, Settings,
        embedded::{GoogleSettings, TokenFault},
    },
    outcome::{HarnessError, HarnessErrorKind},
    probe::token::Tokens,
    target::{Knobs, Login, TargetKind},
};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(60);

async fn lab(google: GoogleSettings) -> Lab {
    let settings = Settings { google: Some(google), ..Settings::default() };
    Lab::start(TargetKind::Embedded, &Knobs::default(), &settings).await.unwrap()
}

async fn faulty(fault: TokenFault) -> Lab {
    lab(GoogleSettings { fault, ..GoogleSettings::default() }).await
}

/// The login of the Gmail account, which has a refresh token.
fn login(lab: &Lab) -> Login {
    lab.target().accounts["gmail"].imap.as_ref().unwrap().endpoint.login.clone().unwrap()
}

fn asked(lab: &Lab) -> usize {
    lab.world().google().unwrap().counts().0
}

/// Asks on a thread that may wait.
async fn ask<T: Send + 'static>(tokens: &Tokens, login: &Login, ask: fn(&Tokens, &Login) -> T) -> T {
    let (tokens, login) = (tokens.clone(), login.clone());
    tokio::task::spawn_blocking(move || ask(&tokens, &login)).await.unwrap()
}

async fn secret(tokens: &Tokens, login: &Login) -> Result<String, HarnessError> {
    ask(tokens, login, |tokens, login| tokens.secret(login)).await.map(|s| s.expose().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_is_fetched_for_everybody_and_the_redactor_knows_it_first() {
    let lab = lab(GoogleSettings::default()).await;
    let (redactor, login) = (Redactor::new(), login(&lab));
    let tokens = Tokens::new(redactor.clone());
    let all: Vec<_> = (0..8)
        .map(|_| {
            let (tokens, login) = (tokens.clone(), login.clone());
            tokio::task::spawn_blocking(move || tokens.secret(&login).unwrap().expose().to_owned())
        })
        .collect();
    let mut got = Vec::new();
    for one in all {
        got.push(one.await.unwrap());
    }
    assert_eq!(asked(&lab), 1);
    assert!(got.iter().all(|token| *token == got[0] && token.starts_with("ya29.")), "{got:?}");
    assert!(redactor.leaks(got[0].as_bytes()));
    let blob = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("user={}\x01auth=Bearer {}\x01\x01", login.user, got[0]),
    );
    assert!(redactor.leaks(blob.as_bytes()));
    assert_eq!(tokens.scope(&login).as_deref(), Some("https://mail.google.com/"));
    // A login without a refresh token has nothing to fetch.
    let password = Login { oauth: None, ..login.clone() };
    assert_eq!(secret(&tokens, &password).await.unwrap(), login.secret.expose());
    assert_eq!(asked(&lab), 1);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_renewed_before_they_end_and_when_they_are_refused() {
    let lab = lab(GoogleSettings { life: Duration::from_secs(1), ..GoogleSettings::default() }).await;
    let (tokens, login) = (Tokens::default(), login(&lab));
    let first = secret(&tokens, &login).await.unwrap();
    let account = lab.world().gmail_mailboxes().account(&login.user).unwrap();
    account.tokens().good(&first).unwrap().ended().await;
    let second = secret(&tokens, &login).await.unwrap();
    assert!(first != second && account.tokens().good(&second).is_some());
    lab.stop().await;

    let lab = self::lab(GoogleSettings::default()).await;
    let (tokens, login) = (Tokens::default(), self::login(&lab));
    let first = tokens.clone().secret(&login);
    let first = match first {
        Ok(first) => first,
        Err(e) => panic!("{e}"),
    };
    // Two connections are refused with the same token: one new token serves both.
    for _ in 0..2 {
        let (tokens, login, refused) = (tokens.clone(), login.clone(), first.clone());
        let another = tokio::task::spawn_blocking(move || tokens.renew(&login, &refused)).await.unwrap().unwrap();
        assert!(another.is_some_and(|another| another.expose() != first.expose()));
    }
    assert_eq!(asked(&lab), 2);
    assert!(tokens.renew(&Login { oauth: None, ..login }, &first).unwrap().is_none());
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_server_with_a_wrong_certificate_is_told_with_it() {
    let lab = lab(GoogleSettings::default()).await;
    let pki = Pki::new();
    let acceptor = pki.acceptor("localhost", 2001);
    let server = serve_each(2, move |_, c| {
        c.tls(&acceptor);
    });
    let mut login = login(&lab);
    let client = login.oauth.as_mut().unwrap();
    client.token_endpoint = format!("https://localhost:{}/token", server.port);
    client.ca_pem = Some(pki.ca_pem.clone());
    let error = secret(&Tokens::default(), &login).await.unwrap_err();
    server.done();
    assert_eq!(error.kind, HarnessErrorKind::Tls);
    let says = "has expired: it is for localhost, from CN=test CA";
    assert!(error.message.contains(says) && error.message.contains("from 2000-01-01 to 2001-01-01"), "{error}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_token_server_has_its_code_and_says_what_to_do() {
    for (fault, code, says, next) in [
        (
            TokenFault::InvalidGrant,
            HarnessErrorKind::Grant,
            "invalid_grant: Token has been expired or revoked.",
            "7 days",
        ),
        (TokenFault::InvalidClient, HarnessErrorKind::Grant, "invalid_client", "Desktop app"),
        (TokenFault::Page, HarnessErrorKind::Protocol, "it is no JSON", "proxy or portal"),
        (TokenFault::Endless, HarnessErrorKind::Protocol, "it has more than 65536 bytes", "proxy or portal"),
        (TokenFault::Unavailable, HarnessErrorKind::Protocol, "HTTP 503", "run again later"),
        (TokenFault::Busy, HarnessErrorKind::ProviderLimit, "rate_limit_exceeded", "less often"),
        (TokenFault::Silent, HarnessErrorKind::Connection, "did not answer within", "firewalls"),
        (TokenFault::Clock, HarnessErrorKind::Clock, "clock is 600 seconds ahead", "timedatectl"),
        (TokenFault::Down, HarnessErrorKind::Connection, "cannot be reached", "nothing listens there"),
    ] {
        let lab = faulty(fault).await;
        let (tokens, login) = (Tokens::with_patience(Redactor::new(), Duration::from_secs(4)), login(&lab));
        let error = secret(&tokens, &login).await.unwrap_err();
        assert_eq!(error.kind, code, "{fault}: {error:?}");
        assert!(error.message.contains(says), "{fault}: {error:?}");
        assert!(error.next.contains(next), "{fault}: {error:?}");
        assert!(error.stage.starts_with("get an access token from 127.0.0.1:"), "{fault}: {error:?}");
        let text = format!("{error:?}");
        assert!(!text.contains(login.secret.expose()), "{fault}: {text}");
        let before = asked(&lab);
        match fault {
            // Asked several times while there was time.
            TokenFault::Unavailable | TokenFault::Busy => assert!(before > 1, "{fault}: {before}"),
            TokenFault::InvalidGrant | TokenFault::InvalidClient => {
                // Remembered: a refused grant does not become good.
                assert_eq!(secret(&tokens, &login).await.unwrap_err(), error);
                assert_eq!((before, asked(&lab)), (1, 1), "{fault}");
            }
            _ => assert!(before <= 1, "{fault}: {before}"),
        }
        lab.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_server_that_is_out_of_order_for_a_moment_is_asked_again() {
    let lab = faulty(TokenFault::Flapping).await;
    let tokens = Tokens::default();
    assert!(secret(&tokens, &login(&lab)).await.unwrap().starts_with("ya29."));
    assert_eq!(asked(&lab), 2);
    lab.stop().await;
    // Nobody waits for it after the end of the run.
    let lab = faulty(TokenFault::Unavailable).await;
    let tokens = Tokens::with_patience(Redactor::new(), LONG);
    tokens.close();
    let started = Instant::now();
    let error = secret(&tokens, &login(&lab)).await.unwrap_err();
    assert!(error.message.ends_with("the run is over"), "{error:?}");
    assert!(started.elapsed() < LONG / 2);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_a_token_server_is_checked() {
    let lab = lab(GoogleSettings::default()).await;
    let good = login(&lab);
    let with = |endpoint: &str, ca_pem: Option<&str>| {
        let mut login = good.clone();
        let client = login.oauth.as_mut().unwrap();
        client.token_endpoint = endpoint.to_owned();
        client.ca_pem = ca_pem.map(str::to_owned);
        login
    };
    let endpoint = good.oauth.as_ref().unwrap().token_endpoint.clone();
    let ca_pem = good.oauth.as_ref().unwrap().ca_pem.clone().unwrap();
    // Nothing but TLS is heard there, and no TLS anywhere else.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf_endpoint = format!("https://{}/token", deaf.local_addr().unwrap());
    let hangs_up = std::thread::spawn(move || drop(deaf.accept()));
    for (login, code, says) in [
        (with(&endpoint, None), HarnessErrorKind::Tls, "CA that is not trusted"),
        (with(&endpoint, Some("no pem")), HarnessErrorKind::Tls, ""),
        (
            with(&endpoint.replace("127.0.0.1", "127.0.0.2"), Some(&ca_pem)),
            HarnessErrorKind::Connection,
            "cannot be reached",
        ),
        (with("https://no-such-host.test/token", Some(&ca_pem)), HarnessErrorKind::Dns, "has no address"),
        (with(&deaf_endpoint, Some(&ca_pem)), HarnessErrorKind::Tls, "closed the connection"),
        (with(&endpoint.replace("/token", "/other"), Some(&ca_pem)), HarnessErrorKind::Protocol, "HTTP 404"),
    ] {
        let tokens = Tokens::default();
        let error = secret(&tokens, &login).await.unwrap_err();
        assert_eq!(error.kind, code, "{error:?}");
        assert!(error.message.contains(says), "{error:?}");
    }
    hangs_up.join().unwrap();
    lab.stop().await;
}
