//! As much HTTP/1.1 as the endpoints need: one request a connection.

use super::{Google, TokenFault};
use httparse::Status;
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, io};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_native_tls::TlsAcceptor;

/// Octets of a request that are read.
const LARGEST: usize = 64 * 1024;

/// Names and values of a query or a form.
pub(super) type Fields = BTreeMap<String, String>;

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let kind = ("Content-Type", "application/json; charset=utf-8".to_owned());
        Self { status, fields: vec![kind, ("Cache-Control", "no-store".to_owned())], body: body.to_string() }
    }

    pub(super) fn page(status: u16, text: &str) -> Self {
        let kind = ("Content-Type", "text/html; charset=utf-8".to_owned());
        Self { status, fields: vec![kind], body: format!("<!doctype html><title>Sign in</title><p>{text}</p>") }
    }

    pub(super) fn redirect(location: String) -> Self {
        Self { status: 302, fields: vec![("Location", location)], body: String::new() }
    }

    fn to_bytes(&self, now: Timestamp) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            302 => "Found",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            429 => "Too Many Requests",
            _ => "Service Unavailable",
        };
        // IMF-fixdate (RFC 9110 §5.6.7).
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let mut text = format!("HTTP/1.1 {} {reason}\r\nConnection: close\r\nDate: {date}\r\n", self.status);
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{text}Content-Length: {}\r\n\r\n{}", self.body.len(), self.body).into_bytes()
    }
}

/// Serves one client.
pub(super) async fn serve(google: &Google, stream: TcpStream, tls: TlsAcceptor) -> io::Result<()> {
    let mut stream = tls.accept(stream).await.map_err(io::Error::other)?;
    let Some((method, target, body)) = request(&mut stream).await? else { return Ok(()) };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let fields = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<Fields>();
    let reply = match (method.as_str(), path) {
        ("POST", "/token") => match google.settings.fault {
            TokenFault::Silent => {
                // Until the client has had enough.
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            TokenFault::Endless => return endless(&mut stream).await,
            _ => google.token(&fields(&body)),
        },
        ("GET", "/o/oauth2/v2/auth") => google.authorize(&fields(query.as_bytes())),
        _ => Reply::page(404, "Nothing is here."),
    };
    let behind = SignedDuration::from_mins(if google.settings.fault == TokenFault::Clock { 10 } else { 0 });
    stream.write_all(&reply.to_bytes(Timestamp::now() - behind)).await?;
    stream.shutdown().await
}

async fn endless<S: AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"").await?;
    loop {
        stream.write_all(&[b'a'; 4096]).await?;
    }
}

/// Method, target and body of a request; `None` when it is none, or too large.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<(String, String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(Status::Complete(head)) => {
                let length = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"));
                let length = length.and_then(|h| std::str::from_utf8(h.value).ok()?.trim().parse().ok()).unwrap_or(0);
                if let Some(body) = bytes.get(head..).filter(|body| body.len() >= length) {
                    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
                    let body = body.get(..length).unwrap_or_default().to_vec();
                    return Ok(Some((text(request.method), text(request.path), body)));
                }
            }
            Ok(Status::Partial) => {}
            Err(_) => return Ok(None),
        }
        if bytes.len() > LARGEST || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
