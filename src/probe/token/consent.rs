//! A person's consent in a browser (RFC 8252): the answer comes to a port of this machine, and only to whoever asked (PKCE,
//! RFC 7636).

use super::{
    exchange::{self, Granted},
    oauth_error,
};
use crate::{
    core::{Redactor, Secret, duration::human},
    outcome::{HarnessError, HarnessErrorKind},
    target::OauthClient,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// What Gmail wants for IMAP and SMTP.
pub const MAIL_SCOPE: &str = "https://mail.google.com/";

/// Octets of a browser's request that are read.
const LARGEST_REQUEST: usize = 32 * 1024;
/// How long a browser may take to say what it wants.
const REQUEST: Duration = Duration::from_secs(20);
/// How long the code may take to be exchanged.
const EXCHANGE: Duration = Duration::from_secs(30);

/// A consent that is being waited for.
pub struct Consent {
    listener: TcpListener,
    client: OauthClient,
    user: String,
    redirect_uri: String,
    state: Secret,
    verifier: Secret,
    url: String,
}

/// What a person has consented to.
#[derive(Debug)]
pub struct Refresh {
    /// The refresh token.
    pub token: Secret,
    /// What it may be used for.
    pub scope: String,
}

/// What a browser brings back: the parameters of the redirect.
type Answer = BTreeMap<String, String>;

impl Consent {
    /// Listens on this machine, and makes the address that the person opens.
    ///
    /// # Errors
    /// H04 when no port can be had, H08 when the system has no random numbers.
    pub async fn begin(client: OauthClient, authorization_endpoint: &str, user: &str) -> Result<Self, HarnessError> {
        let no_port = |e: io::Error| {
            let next = "let this program listen on 127.0.0.1";
            HarnessError::new(
                HarnessErrorKind::Connection,
                "wait for the browser",
                format!("no port could be had: {e}"),
                next,
            )
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
        let redirect_uri = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let (state, verifier) = (random()?, random()?);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.expose().as_bytes());
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", client.id.expose())
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", MAIL_SCOPE)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest))
            .append_pair("code_challenge_method", "S256")
            // Google gives a refresh token only with these two.
            .append_pair("access_type", "offline")
            .append_pair("prompt", "consent")
            .append_pair("login_hint", user)
            .finish();
        let joint = if authorization_endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{authorization_endpoint}{joint}{query}");
        Ok(Self { listener, client, user: user.to_owned(), redirect_uri, state, verifier, url })
    }

    /// What the person opens in a browser. It holds no secret that is of use to others.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port of this machine that the browser comes back to.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().map_or(0, |address| address.port())
    }

    /// Waits for the browser, and exchanges what it brings for a refresh token; the redactor is told of it first.
    ///
    /// # Errors
    /// H02 when the person or the server refuses, the answer is not for this request, or what is granted is not enough; H04
    /// when nobody comes in time; H03 to H07 for the way to the token server and for what it says.
    pub async fn wait(self, timeout: Duration, redactor: &Redactor) -> Result<Refresh, HarnessError> {
        let answer = tokio::time::timeout(timeout, self.answer()).await.map_err(|_| {
            let message = format!("no consent came from the browser within {}", human(timeout));
            let next = "open the address in a browser on this machine (from another one, forward the port with ssh -L), or \
                        allow more time with --timeout";
            HarnessError::new(HarnessErrorKind::Connection, "wait for the browser", message, next)
        })?;
        let code = self.code(&answer, redactor)?;
        let (client, user, redactor) = (self.client, self.user, redactor.clone());
        let (redirect_uri, verifier) = (self.redirect_uri, self.verifier);
        let exchanged = tokio::task::spawn_blocking(move || {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.expose()),
                ("redirect_uri", &redirect_uri),
                ("code_verifier", verifier.expose()),
            ];
            let granted = exchange::ask(&client, &form, Instant::now() + EXCHANGE, &redactor);
            granted.map_err(|failure| failure.error).and_then(|granted| checked(granted, &user, &client, &redactor))
        });
        exchanged.await.unwrap_or_else(|e| {
            let next = "report this as a bug";
            Err(HarnessError::new(HarnessErrorKind::Lab, "exchange the code", e.to_string(), next))
        })
    }

    /// The first request that is the redirect; what else a browser asks for does not matter.
    async fn answer(&self) -> Answer {
        let (found, mut answers) = mpsc::channel(1);
        loop {
            tokio::select! {
                Some(answer) = answers.recv() => return answer,
                accepted = self.listener.accept() => {
                    // Browsers open connections that they may not use: none keeps another from being heard.
                    if let Ok((stream, _)) = accepted {
                        let found = found.clone();
                        tokio::spawn(async move {
                            if let Ok(Ok(Some(answer))) = tokio::time::timeout(REQUEST, serve(stream)).await {
                                // The first one counts.
                                found.try_send(answer).ok();
                            }
                        });
                    }
                }
            }
        }
    }

    fn code(&self, answer: &Answer, redactor: &Redactor) -> Result<Secret, HarnessError> {
        let failed = |message: String, next: &str| {
            Err(HarnessError::new(HarnessErrorKind::Grant, "read the browser's answer", message, next))
        };
        let state = answer.get("state").map(String::as_str).unwrap_or_default();
        if aws_lc_rs::constant_time::verify_slices_are_equal(state.as_bytes(), self.state.expose().as_bytes()).is_err()
        {
            return failed(
                "it belongs to another request (`state` differs)".to_owned(),
                "start again, and open only the newest address; somebody else may have sent this answer",
            );
        }
        if let Some(error) = answer.get("error") {
            let why = answer.get("error_description").map_or_else(String::new, |why| format!(": {why}"));
            let message = oauth_error::shown(&format!("the server answers {error}{why}"), redactor);
            return failed(message, oauth_error::next(error));
        }
        match answer.get("code") {
            Some(code) => {
                let code = Secret::new(code.as_str());
                redactor.learn(&self.user, &code);
                Ok(code)
            }
            None => failed("it holds no code".to_owned(), "start again"),
        }
    }
}

/// Whether a grant is what was asked for.
fn checked(granted: Granted, user: &str, client: &OauthClient, redactor: &Redactor) -> Result<Refresh, HarnessError> {
    redactor.learn(user, &granted.access_token);
    let failed = |message: String, next: &str| {
        Err(HarnessError::new(HarnessErrorKind::Grant, oauth_error::stage(&client.token_endpoint), message, next))
    };
    // A server that says nothing has granted what was asked for (RFC 6749 §5.1).
    let scope = granted.scope.unwrap_or_else(|| MAIL_SCOPE.to_owned());
    if !super::has_mail_scope(&scope) {
        return failed(
            format!("the scope {MAIL_SCOPE} was not granted, only `{}`", oauth_error::shown(&scope, redactor)),
            "start again and tick the box for reading, composing and sending mail; the app's consent screen must list that scope",
        );
    }
    match granted.refresh_token {
        Some(token) => {
            redactor.learn(user, &token);
            Ok(Refresh { token, scope })
        }
        None => failed(
            "no refresh token came, only an access token".to_owned(),
            "take the app's access away at https://myaccount.google.com/connections and start again; the OAuth client must be \
             of type \"Desktop app\"",
        ),
    }
}

/// Answers one request; its parameters when it is the redirect.
async fn serve(mut stream: TcpStream) -> io::Result<Option<Answer>> {
    let mut bytes = Vec::new();
    let target = loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) if request.method == Some("GET") => {
                break request.path.unwrap_or_default().to_owned();
            }
            Ok(httparse::Status::Partial) if bytes.len() < LARGEST_REQUEST => {}
            _ => {
                return reply(&mut stream, "400 Bad Request", "This is no request that is waited for.")
                    .await
                    .map(|()| None);
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let answer: Answer = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if path != "/" || !(answer.contains_key("code") || answer.contains_key("error")) {
        reply(&mut stream, "404 Not Found", "Nothing is here.").await?;
        return Ok(None);
    }
    // The answer counts whether or not the browser stays to read this.
    reply(
        &mut stream,
        "200 OK",
        "sealcheck has the answer; its terminal says what comes of it. This page can be closed.",
    )
    .await
    .ok();
    Ok(Some(answer))
}

async fn reply(stream: &mut TcpStream, status: &str, text: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(format!("{head}{text}").as_bytes()).await?;
    stream.shutdown().await
}

/// 256 random bits as text that fits into a URL.
fn random() -> Result<Secret, HarnessError> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        HarnessError::new(
            HarnessErrorKind::Lab,
            "begin",
            "the system gives no random numbers",
            "look at the system's log",
        )
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}
