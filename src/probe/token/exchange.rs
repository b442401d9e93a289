//! A request to a token endpoint and what comes back (RFC 6749 §4.1.3, §5, §6).

use super::oauth_error::{self, TokenError, stage, unreadable};
use crate::{
    core::{Redactor, Secret, redact},
    outcome::{HarnessError, HarnessErrorKind},
    probe::{clock, peer_certificate::Protocol, tls},
    target::{Endpoint, OauthClient, TlsMode},
};
use serde_json::Value;
use std::{
    error::Error as _,
    io,
    net::ToSocketAddrs,
    time::{Duration, Instant},
};
use ureq::{
    Agent, Error,
    http::Uri,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

/// How long one request may take.
const ONE_REQUEST: Duration = Duration::from_secs(15);
/// Octets that an answer has at most; Google's have about 500.
const LARGEST: u64 = 64 * 1024;
/// The longest token, in bytes; Google's access tokens have at most 2048.
const LONGEST_TOKEN: usize = 16 * 1024;

/// What a token server grants.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access_token: Secret,
    /// How long it is good, if the server says.
    pub(super) life: Option<Duration>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) scope: Option<String>,
}

/// Asks with a form, to which the client's name and secret are added.
pub(super) fn ask(
    client: &OauthClient,
    form: &[(&str, &str)],
    until: Instant,
    redactor: &Redactor,
) -> Result<Granted, TokenError> {
    let url = client.token_endpoint.as_str();
    let left = until.saturating_duration_since(Instant::now()).clamp(Duration::from_millis(1), ONE_REQUEST);
    let agent = agent(client, left).map_err(TokenError::last)?;
    let credentials = [("client_id", client.id.expose()), ("client_secret", client.secret.expose())];
    let answered =
        agent.post(url).header("Accept", "application/json").send_form(form.iter().copied().chain(credentials));
    let mut response = answered.map_err(|e| not_reached(url, &e, left))?;
    let date = response.headers().get("Date").and_then(|date| date.to_str().ok());
    if let Some(apart) = date.and_then(|date| clock::compare(|| stage(url), date)) {
        return Err(TokenError::last(apart));
    }
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    let body = body.map_err(|e| match e {
        Error::BodyExceedsLimit(_) => TokenError::last(unreadable(url, &format!("it has more than {LARGEST} bytes"))),
        e => not_reached(url, &e, left),
    })?;
    if status == 200 {
        read(&body).map_err(|what| TokenError::last(unreadable(url, &what)))
    } else {
        Err(oauth_error::read(url, status, &body, redactor))
    }
}

fn agent(client: &OauthClient, left: Duration) -> Result<Agent, HarnessError> {
    let roots = match &client.ca_pem {
        None => RootCerts::PlatformVerifier,
        Some(pem) => {
            let certificates = tls::certificates(pem).map_err(|message| {
                HarnessError::new(HarnessErrorKind::Tls, stage(&client.token_endpoint), message, tls::GIVE)
            })?;
            RootCerts::from(certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect::<Vec<_>>())
        }
    };
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
    let mut config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // A code or a token goes to the configured server and to no other.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("sealcheck/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(left));
    if client.token_endpoint.starts_with("http:") {
        // This machine is not reached through a proxy of the environment.
        config = config.proxy(None);
    }
    Ok(config.build().into())
}

/// What keeps an answer from coming.
fn not_reached(url: &str, error: &Error, left: Duration) -> TokenError {
    let failed = |code, message: String, next: &str| HarnessError::new(code, stage(url), message, next);
    let way =
        "check `token_endpoint`, firewalls and proxies between here and there, and https://www.google.com/appsstatus";
    match error {
        Error::Timeout(_) => {
            let waited = crate::core::duration::human(left);
            TokenError::last(failed(
                HarnessErrorKind::Connection,
                format!("the token server did not answer within {waited}"),
                way,
            ))
        }
        Error::NativeTls(e) => TokenError::last(tls_failed(url, e)),
        Error::Tls(_) | Error::Pem(_) | Error::Der(_) => {
            TokenError::last(failed(HarnessErrorKind::Tls, format!("tls failed: {error}"), way))
        }
        Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => TokenError::last(failed(
            HarnessErrorKind::Connection,
            format!("the token server cannot be reached: {e}"),
            "nothing listens there: check `token_endpoint`, and that the server runs",
        )),
        Error::HostNotFound | Error::Io(_) if has_no_address(url) => TokenError::last(failed(
            HarnessErrorKind::Dns,
            format!("the token server's name has no address: {error}"),
            "check `token_endpoint` and this machine's resolver",
        )),
        Error::Io(e) => match e.source().and_then(|e| e.downcast_ref::<native_tls::Error>()) {
            Some(tls) => TokenError::last(tls_failed(url, tls)),
            None => TokenError::passing(failed(
                HarnessErrorKind::Connection,
                format!("the connection to the token server broke: {e}"),
                way,
            )),
        },
        Error::ConnectionFailed | Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => TokenError::last(failed(
            HarnessErrorKind::Connection,
            format!("the token server cannot be reached: {error}"),
            way,
        )),
        _ => TokenError::last(unreadable(url, &error.to_string())),
    }
}

/// The HTTP library tells a name that cannot be looked up from other errors by its text alone.
fn has_no_address(url: &str) -> bool {
    let uri: Uri = url.parse().unwrap_or_default();
    (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443)).to_socket_addrs().is_err()
}

fn tls_failed(url: &str, error: &native_tls::Error) -> HarnessError {
    let uri: Uri = url.parse().unwrap_or_default();
    let endpoint = Endpoint {
        host: uri.host().unwrap_or_default().to_owned(),
        port: uri.port_u16().unwrap_or(443),
        tls: TlsMode::Implicit,
        tls_name: None,
        ca_pem: None,
        login: None,
    };
    HarnessError { stage: stage(url), ..tls::handshake_error(&endpoint, error, Protocol::Https) }
}

/// A successful answer (RFC 6749 §5.1).
fn read(body: &[u8]) -> Result<Granted, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "it is no JSON".to_owned())?;
    let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = |key: &str| match text(key) {
        Some(token) if token.len() > LONGEST_TOKEN => Err(format!("`{key}` is longer than any token")),
        Some(token) if token.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(Secret::new(token))),
        Some(_) => Err(format!("`{key}` has characters that no token has")),
        None => Ok(None),
    };
    if let Some(kind) = text("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(20).collect();
        return Err(format!("its token is of type `{kind}`, not Bearer"));
    }
    // Some servers write the number as a string.
    let life = answer.get("expires_in").and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
    Ok(Granted {
        access_token: token("access_token")?.ok_or("it has no `access_token`")?,
        life: life.map(|seconds| Duration::from_secs(seconds.min(366 * 86_400))),
        refresh_token: token("refresh_token")?,
        scope: text("scope").map(|scope| redact::cut(&scope.replace(char::is_control, " "), 2000).into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read_and_nothing_odd_passes_for_one() {
        let granted =
            read(br#"{"access_token":"ya29.a","expires_in":"3599","token_type":"bearer","scope":"s"}"#).unwrap();
        assert_eq!(granted.access_token.expose(), "ya29.a");
        assert_eq!((granted.life, granted.scope.as_deref()), (Some(Duration::from_secs(3599)), Some("s")));
        assert!(granted.refresh_token.is_none());
        for (bad, says) in [
            ("<html>login</html>", "no JSON"),
            ("[]", "no `access_token`"),
            (r#"{"access_token":""}"#, "no `access_token`"),
            (r#"{"access_token":7}"#, "no `access_token`"),
            (r#"{"access_token":"a b"}"#, "characters that no token has"),
            (r#"{"access_token":"a\r\nb"}"#, "characters that no token has"),
            (r#"{"access_token":"a","token_type":"mac"}"#, "type `mac`"),
        ] {
            let error = read(bad.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
