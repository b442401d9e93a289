//! A policy server (SMTPD_POLICY_README of Postfix) that defers the first attempt of every sender and recipient.

use crate::lab::embedded::tasks::Tasks;
use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

const DEFER: &str = "451 4.7.1 Greylisting in action, please come back later";

/// Senders and recipients that were seen.
type Seen = Arc<Mutex<HashSet<(String, String)>>>;

/// A policy server that answers until this is dropped.
#[derive(Debug)]
pub(super) struct Greylist(Tasks);

impl Greylist {
    /// Answers at this unix socket.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub(super) fn serve(socket: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o666))?;
        let (tasks, seen) = (Tasks::new(), Seen::default());
        let spawner = tasks.clone();
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                spawner.spawn(async move { drop(answer(stream, &seen).await) });
            }
        });
        Ok(Self(tasks))
    }
}

impl Drop for Greylist {
    fn drop(&mut self) {
        self.0.stop();
    }
}

async fn answer(mut stream: UnixStream, seen: &Seen) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let (mut sender, mut recipient) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await? {
        match line.split_once('=') {
            Some(("sender", value)) => value.clone_into(&mut sender),
            Some(("recipient", value)) => value.clone_into(&mut recipient),
            Some(_) => {}
            None => {
                let key = (std::mem::take(&mut sender), std::mem::take(&mut recipient));
                let first = seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
                let action = if first { DEFER } else { "DUNNO" };
                write.write_all(format!("action={action}\n\n").as_bytes()).await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn only_a_first_attempt_is_deferred() {
        let (mut postfix, server) = UnixStream::pair().unwrap();
        let seen = Seen::default();
        let answers = tokio::spawn(async move { answer(server, &seen).await });
        let request =
            |recipient| format!("request=smtpd_access_policy\nsender=probe@ext.example\nrecipient={recipient}\n\n");
        for recipient in ["info@corp.example", "info@corp.example", "sales@corp.example"] {
            postfix.write_all(request(recipient).as_bytes()).await.unwrap();
        }
        postfix.shutdown().await.unwrap();
        let mut said = String::new();
        postfix.read_to_string(&mut said).await.unwrap();
        answers.await.unwrap().unwrap();
        assert_eq!(said, format!("action={DEFER}\n\naction=DUNNO\n\naction={DEFER}\n\n"));
    }
}
