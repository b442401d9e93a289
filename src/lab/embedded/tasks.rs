//! The background work of a world: all of it ends when the world does.

use crate::core::open_files;
use std::{future::Future, net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The next client of a server.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(client) => return client,
            Err(error) => {
                open_files::notice(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Starts tasks and ends them together. Clones share the tasks.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// No task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends or the world does; at the end of the world it is dropped where it waits.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Runs `task` to its own end; it must watch [`Tasks::stopped`].
    pub(crate) fn spawn_watching(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// What is cancelled at the end of the world.
    pub(crate) fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Resolves at the end of the world.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Waits, or returns `false` at once when the world ends before `time` has passed.
    pub(crate) async fn wait(&self, time: Duration) -> bool {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await.is_some()
    }

    /// Ends every task; they are gone as soon as the runtime has polled them once more.
    pub fn stop(&self) {
        self.tracker.close();
        self.stop.cancel();
    }

    /// How many tasks are alive.
    pub fn alive(&self) -> usize {
        self.tracker.len()
    }

    /// Waits until the last task is gone; [`Tasks::stop`] must have been called.
    pub async fn ended(&self) {
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_task_ends_with_the_world() {
        let tasks = Tasks::new();
        tasks.spawn(std::future::pending());
        let watching = tasks.clone();
        tasks.spawn_watching(async move { watching.stopped().await });
        assert_eq!(tasks.alive(), 2);
        tasks.stop();
        tasks.ended().await;
        assert_eq!(tasks.alive(), 0);
        assert!(!tasks.wait(Duration::from_secs(3600)).await);
    }
}
