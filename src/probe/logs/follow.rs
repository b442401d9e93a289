//! Follows a log file for as long as a world is there.

use super::{
    feed::{Feed, LogError, NewLines},
    tail::Tail,
};
use crate::mail::log::Ids;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often is looked for growth: no event tells of it on every system and file system.
const EVERY: Duration = Duration::from_millis(100);

/// Starts at the end of the file as it stands now.
pub(super) fn start(path: &Path, new_lines: &NewLines, stop: CancellationToken) -> Arc<Feed> {
    let feed = Arc::new(Feed::new(new_lines));
    let mut tail = Tail::at_end(path);
    look(&mut tail, path, &feed);
    let (path, lines) = (path.to_owned(), Arc::clone(&feed));
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let (path, lines) = (path.clone(), Arc::clone(&lines));
            let done = tokio::task::spawn_blocking(move || {
                look(&mut tail, &path, &lines);
                tail
            });
            // A reader that panicked has said so; the others go on.
            let Ok(back) = done.await else { return };
            tail = back;
        }
    }));
    feed
}

/// Reads a file once, from its beginning to its end, for the lines about one message: of a log that is longer than what is
/// kept of one, they may be the oldest.
pub(super) async fn whole(path: PathBuf, message_id: String, feed: Arc<Feed>) {
    let lines = Arc::clone(&feed);
    let read = tokio::task::spawn_blocking(move || {
        let mut ids = Ids::of(&message_id);
        let error = Tail::at_beginning(&path).read(|lines| lines.iter().for_each(|line| ids.learn(line)));
        let error = error.or_else(|| {
            Tail::at_beginning(&path).read(|mut all| {
                all.retain(|line| ids.is_about(line));
                lines.add(all);
            })
        });
        if let Some(error) = error {
            lines.fail(log_error(&path, &error));
        }
    });
    // A reader that panicked has said so.
    read.await.ok();
    feed.run(false);
}

fn look(tail: &mut Tail, path: &Path, feed: &Feed) {
    if let Some(error) = tail.read(|lines| feed.add(lines)) {
        feed.fail(log_error(path, &error));
    }
}

fn log_error(path: &Path, error: &io::Error) -> LogError {
    let shown = path.display();
    let next = match error.kind() {
        io::ErrorKind::NotFound => "correct `logs` of the account in sealcheck.yaml, or start the server".to_owned(),
        io::ErrorKind::PermissionDenied => format!(
            "let your user read it, for example as a member of its group (`ls -l {shown}`), or write \
             `command: [sudo, -n, cat, {shown}]`"
        ),
        _ => "correct `logs` of the account in sealcheck.yaml".to_owned(),
    };
    LogError::new(format!("{shown} cannot be read: {error}"), next)
}
