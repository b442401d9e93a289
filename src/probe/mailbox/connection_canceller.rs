//! Ends a connection from another thread: a blocked read returns at once.

use std::{
    net::{Shutdown, TcpStream},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Shared by the thread that talks and whoever may end it.
#[derive(Debug, Default)]
pub(super) struct ConnectionCanceller {
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    tcp: Option<TcpStream>,
}

impl ConnectionCanceller {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the connection, now and ever after.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        if let Some(tcp) = state.tcp.take() {
            // A connection that is gone already needs no cut.
            tcp.shutdown(Shutdown::Both).ok();
        }
        self.stopped.notify_all();
    }

    /// Takes a new connection that it is to end; `false` when it is not to be used any more.
    pub(super) fn hold(&self, tcp: TcpStream) -> bool {
        let mut state = self.state();
        if state.stopped {
            tcp.shutdown(Shutdown::Both).ok();
        } else {
            state.tcp = Some(tcp);
        }
        !state.stopped
    }

    /// Ends the connection that is held; another one may follow.
    pub(super) fn release(&self) {
        if let Some(tcp) = self.state().tcp.take() {
            tcp.shutdown(Shutdown::Both).ok();
        }
    }

    /// Whether it was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Waits for [`stop`](Self::stop), at most this long; whether it came.
    pub(super) fn wait(&self, most: Duration) -> bool {
        let waited = self.stopped.wait_timeout_while(self.state(), most, |s| !s.stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }
}
