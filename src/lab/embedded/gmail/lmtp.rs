//! Hands accepted mail to a mailbox server of somebody else (LMTP, RFC 2033).

use crate::lab::embedded::{
    MailboxServer,
    hosts::GMAIL_AUTHSERV_ID,
    smtp_client::{self, ClientAddress, Destination, Protocol},
    smtp_server::{Body, Envelope, Reply, Status},
};

/// Hands one message over for one recipient.
///
/// # Errors
/// The mailbox server's refusal, or a temporary failure when it cannot be asked.
pub(super) async fn hand_over(
    server: &MailboxServer,
    sender: &str,
    recipient: &str,
    spam: bool,
    message: &[u8],
) -> Result<(), Reply> {
    let address = if spam { with_detail(recipient, &server.spam) } else { recipient.to_owned() };
    let body = if message.is_ascii() { Body::SevenBit } else { Body::EightBit };
    let envelope = Envelope { body, ..Envelope::new(sender, &[&address]) };
    let destination = Destination {
        socket: server.socket,
        host: server.socket.to_string(),
        client_address: ClientAddress::Nothing,
        helo: GMAIL_AUTHSERV_ID.to_owned(),
        protocol: Protocol::Lmtp,
        tls: None,
    };
    let answers = smtp_client::send(&destination, &envelope, message).await.result.map_err(|error| {
        Reply::new(421, Status(4, 3, 0), format!("Temporary System Problem.  Try again later ({error})"))
    })?;
    match answers.into_iter().find(|answer| !answer.reply.is_positive()) {
        Some(refusal) => Err(refusal.reply),
        None => Ok(()),
    }
}

/// `user+detail@domain`.
fn with_detail(address: &str, detail: &str) -> String {
    let (user, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    format!("{user}+{detail}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
    };

    /// What a server is told that answers the end of the message with `verdict`, and what becomes of the message.
    async fn told(spam: bool, verdict: &'static str) -> (Vec<String>, Result<(), Reply>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = MailboxServer { socket: listener.local_addr().unwrap(), spam: "Junk".to_owned() };
        let mailbox = tokio::spawn(async move {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            stream.write_all(b"220 store\r\n").await.unwrap();
            let mut seen = Vec::new();
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 0 {
                let answer = match line.trim_end() {
                    "DATA" => "354 go",
                    "." => verdict,
                    "A: b" | "" => "",
                    _ => "250 ok",
                };
                seen.push(std::mem::take(&mut line).trim_end().to_owned());
                if !answer.is_empty() {
                    stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                }
            }
            seen
        });
        let done = hand_over(&server, "a@ext.example", "b@gmail.com", spam, b"A: b\r\n\r\n").await;
        (mailbox.await.unwrap(), done)
    }

    #[tokio::test]
    async fn spam_goes_to_the_detail_and_a_refusal_is_passed_on() {
        let (seen, done) = told(true, "250 2.0.0 saved").await;
        assert_eq!(done, Ok(()));
        let to = "RCPT TO:<b+Junk@gmail.com>";
        assert_eq!(seen, ["LHLO mx.google.com", "MAIL FROM:<a@ext.example>", to, "DATA", "A: b", "", ".", "QUIT"]);
        let (seen, done) = told(false, "552 5.2.2 <b@gmail.com> Quota exceeded").await;
        assert_eq!(seen.get(2).map(String::as_str), Some("RCPT TO:<b@gmail.com>"));
        assert_eq!(done, Err(Reply::new(552, Status(5, 2, 2), "<b@gmail.com> Quota exceeded")));
    }

    #[tokio::test]
    async fn nobody_there_is_a_temporary_failure() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let server = MailboxServer { socket: free, spam: String::new() };
        let refusal = hand_over(&server, "", "b@gmail.com", false, b"").await.unwrap_err();
        assert_eq!((refusal.code, refusal.status), (421, Some(Status(4, 3, 0))));
    }
}
