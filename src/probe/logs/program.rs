//! A program that prints a log.

use super::feed::{Feed, LogError};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::Instant,
};

/// The most that is read of its output, in bytes.
const OUTPUT: u64 = 64 << 20;
/// The most that is read of what it complains, in bytes.
const COMPLAINT: u64 = 4 << 10;
/// How long after one run the next begins: the log may not have told everything yet.
const AGAIN: Duration = Duration::from_millis(500);

/// Runs the program and feeds its lines as it prints them. It is run again until nobody waits any more; one that never
/// ends is as good as many that do. It is ended when this is dropped.
pub(super) async fn run(words: Vec<String>, folder: PathBuf, feed: Arc<Feed>, patience: Duration) {
    let deadline = Instant::now() + patience;
    let mut is_first = true;
    loop {
        let done = tokio::time::timeout_at(deadline, once(&words, &folder, is_first.then_some(&*feed))).await;
        feed.run(false);
        match done {
            Ok(Ok(lines)) if !is_first => feed.replace(lines),
            Ok(Ok(_)) => {}
            Ok(Err(what)) => {
                feed.fail(log_error(&words, &what));
                return;
            }
            Err(_) => {
                if feed.end() == 0 {
                    let what = format!("printed nothing within {}", crate::core::duration::human(patience));
                    feed.fail(log_error(&words, &what));
                }
                return;
            }
        }
        is_first = false;
        tokio::time::sleep(AGAIN).await;
    }
}

/// One run: its lines, which go to `live` as they come.
async fn once(words: &[String], folder: &Path, live: Option<&Feed>) -> Result<Vec<String>, String> {
    let mut child = start(words, folder).map_err(|e| format!("cannot be started: {e}"))?;
    let complaint = child.stderr.take().map(|stderr| tokio::spawn(complaint(stderr)));
    let mut lines = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout.take(OUTPUT));
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).await.map_err(|e| format!("cannot be read: {e}"))? > 0 {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            match live {
                Some(feed) => feed.add(vec![text]),
                None => lines.push(text),
            }
            line.clear();
        }
    }
    let status = child.wait().await.map_err(|e| format!("cannot be waited for: {e}"))?;
    if status.success() {
        return Ok(lines);
    }
    let said = match complaint {
        Some(said) => said.await.unwrap_or_default(),
        None => String::new(),
    };
    Err(if said.is_empty() { format!("failed: {status}") } else { format!("failed: {status}: {said}") })
}

fn start(words: &[String], folder: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(words.first().map_or("", String::as_str));
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if folder.is_dir() {
        command.current_dir(folder);
    }
    command.kill_on_drop(true).spawn()
}

/// The last line that a program complains.
async fn complaint(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    // What cannot be read is left out; the exit status says enough.
    drop((&mut stderr).take(COMPLAINT).read_to_end(&mut text).await);
    drop(tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await);
    String::from_utf8_lossy(&text).lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or_default().to_owned()
}

fn log_error(words: &[String], what: &str) -> LogError {
    let program = words.first().map_or("", String::as_str);
    LogError::new(format!("the program `{program}` {what}"), format!("run it by hand: {}", words.join(" ")))
}
