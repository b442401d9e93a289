//! Access tokens that open an account, and how they end.

use crate::core::Secret;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The access tokens of an account.
#[derive(Default)]
pub struct AccessTokens(Mutex<Vec<Arc<AccessToken>>>);

/// An access token.
pub struct AccessToken {
    secret: Secret,
    ends: Option<Instant>,
    commands: Option<AtomicU32>,
    ended: CancellationToken,
}

impl AccessTokens {
    /// Lets a token open the account: for this time, and for so many logins and commands.
    pub(crate) fn add(&self, secret: Secret, life: Option<Duration>, commands: Option<u32>) {
        let ends = life.map(|life| Instant::now() + life);
        let token =
            AccessToken { secret, ends, commands: commands.map(AtomicU32::new), ended: CancellationToken::new() };
        let mut all = self.all();
        all.retain(|known| known.is_good());
        all.push(Arc::new(token));
    }

    /// The token with this text, when it is good.
    pub fn good(&self, text: &str) -> Option<Arc<AccessToken>> {
        self.all().iter().find(|token| token.secret.expose() == text && token.is_good()).cloned()
    }

    /// Ends every token now, and with them the sessions that they opened.
    pub(crate) fn end(&self) {
        self.all().drain(..).for_each(|token| token.ended.cancel());
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<AccessToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccessToken {
    /// Whether it opens the account at this moment.
    pub(crate) fn is_good(&self) -> bool {
        !self.ended.is_cancelled() && self.ends.is_none_or(|ends| Instant::now() < ends)
    }

    /// Counts a login or a command of a session that it opened; the last one that it is good for ends it.
    pub(crate) fn used(&self) {
        let Some(commands) = &self.commands else { return };
        if commands.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok_and(|n| n > 1) {
            return;
        }
        self.ended.cancel();
    }

    /// Resolves when it is no longer good.
    pub async fn ended(&self) {
        let time = async {
            match self.ends {
                Some(ends) => tokio::time::sleep_until(ends).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.ended.cancelled() => {}
            () = time => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tokens_end_by_time_by_use_and_by_order() {
        let tokens = AccessTokens::default();
        let add = |text: &str, life, commands| tokens.add(Secret::new(text), life, commands);
        add("for ever", None, None);
        add("a minute", Some(Duration::from_secs(60)), None);
        add("two uses", None, Some(2));
        let minute = tokens.good("a minute").unwrap();
        let started = Instant::now();
        minute.ended().await;
        assert_eq!(started.elapsed(), Duration::from_secs(60));
        assert!(tokens.good("a minute").is_none());
        let two = tokens.good("two uses").unwrap();
        two.used();
        assert!(two.is_good());
        two.used();
        two.ended().await;
        assert!(!two.is_good() && tokens.good("two uses").is_none());
        two.used();
        let ever = tokens.good("for ever").unwrap();
        tokens.end();
        ever.ended().await;
        assert!(tokens.good("for ever").is_none() && tokens.good("unknown").is_none());
    }
}
