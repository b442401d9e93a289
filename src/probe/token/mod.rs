//! OAuth 2.0 access tokens (RFC 6749): kept in memory, shared by every connection of a login, and renewed in time.
//!
//! | file | question |
//! |---|---|
//! | `mod` | which token is good now, and who asks for the next one? |
//! | `exchange` | what does the token server say? |
//! | `oauth_error` | what do its refusals mean? |
//! | `consent` | how does a person give us a refresh token? |

mod consent;
mod exchange;
mod oauth_error;

pub use consent::{Consent, MAIL_SCOPE, Refresh};

use crate::{
    core::{Redactor, Secret, duration::human},
    outcome::{HarnessError, HarnessErrorKind},
    target::{Login, OauthClient},
};
use exchange::Granted;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a token server is asked again while it is out of order.
const PATIENCE: Duration = Duration::from_secs(30);
/// The wait before it is asked again, at first and at most; it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// A token is renewed so long before it ends, or a tenth of its life before, whichever is less.
const MARGIN: Duration = Duration::from_secs(60);

/// The access tokens of a run. Clones share them; they are never written anywhere.
#[derive(Clone)]
pub struct Tokens(Arc<Shared>);

struct Shared {
    redactor: Redactor,
    patience: Duration,
    grants: Mutex<HashMap<[u8; 32], Arc<Mutex<Grant>>>>,
    closed: Mutex<bool>,
    close: Condvar,
}

/// What a refresh token has brought so far.
#[derive(Default)]
struct Grant {
    current: Option<Current>,
    /// The token server may give another refresh token in place of ours (RFC 6749 §6).
    refresh_token: Option<Secret>,
    failed: Option<FailedRefresh>,
}

struct Current {
    token: Secret,
    renew_at: Option<Instant>,
    scope: Option<String>,
    /// Users whose logins the redactor knows.
    known_as: BTreeSet<String>,
}

impl Current {
    /// Whether another one is needed: its time is over, or a server has refused it.
    fn is_stale(&self, refused: Option<&Secret>) -> bool {
        self.renew_at.is_some_and(|at| Instant::now() >= at)
            || refused.is_some_and(|refused| refused.expose() == self.token.expose())
    }
}

/// The last time that a token could not be had.
struct FailedRefresh {
    at: Instant,
    error: HarnessError,
}

impl Default for Tokens {
    fn default() -> Self {
        Self::new(Redactor::new())
    }
}

impl Tokens {
    /// None yet. The redactor is told of every token before anybody else is.
    pub fn new(redactor: Redactor) -> Self {
        Self::with_patience(redactor, PATIENCE)
    }

    /// With another time than the usual one for a token server that is out of order.
    pub fn with_patience(redactor: Redactor, patience: Duration) -> Self {
        let (grants, closed, close) = (Mutex::default(), Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { redactor, patience, grants, closed, close }))
    }

    /// What a login presents to its server: its own secret, or an access token for its refresh token. Blocks while a
    /// token is fetched; whoever asks meanwhile waits for the same one.
    ///
    /// # Errors
    /// H02 when the refresh token or its client is refused, which is remembered; H03 to H07 for the way to the token
    /// server and for what it says.
    pub fn secret(&self, login: &Login) -> Result<Secret, HarnessError> {
        let Some(client) = &login.oauth else { return Ok(login.secret.clone()) };
        self.good(login, client, None)
    }

    /// Another token in place of one that the server of a login has refused; `None` when the login has no refresh token.
    ///
    /// # Errors
    /// As [`Tokens::secret`].
    pub fn renew(&self, login: &Login, refused: &Secret) -> Result<Option<Secret>, HarnessError> {
        login.oauth.as_ref().map(|client| self.good(login, client, Some(refused))).transpose()
    }

    /// What the token server lets the current token of a login do (RFC 6749 §3.3), as far as it says.
    pub fn scope(&self, login: &Login) -> Option<String> {
        let grant = self.grant(login, login.oauth.as_ref()?);
        let grant = grant.lock().unwrap_or_else(PoisonError::into_inner);
        grant.current.as_ref()?.scope.clone()
    }

    /// What a server's refusal of a token means, with what the token may be used for where that is not enough for mail.
    pub(super) fn explain(&self, login: &Login, refused: HarnessError) -> HarnessError {
        match self.scope(login) {
            Some(scope) if refused.kind == HarnessErrorKind::Grant && !has_mail_scope(&scope) => {
                let scope = oauth_error::shown(&scope, &self.0.redactor);
                HarnessError {
                    message: format!("{}; the token is for the scope `{scope}`", refused.message),
                    ..refused
                }
            }
            _ => refused,
        }
    }

    /// Asks no token server again; whoever waits for one is told.
    pub fn close(&self) {
        *self.0.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.close.notify_all();
    }

    fn grant(&self, login: &Login, client: &OauthClient) -> Arc<Mutex<Grant>> {
        let parts = [client.token_endpoint.as_str(), client.id.expose(), login.secret.expose()];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parts.join("\0").as_bytes());
        let key = digest.as_ref().try_into().unwrap_or_default();
        Arc::clone(self.0.grants.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    fn good(&self, login: &Login, client: &OauthClient, refused: Option<&Secret>) -> Result<Secret, HarnessError> {
        let asked = Instant::now();
        let grant = self.grant(login, client);
        // Held while the token server is asked: one refresh at a time.
        let mut grant = grant.lock().unwrap_or_else(PoisonError::into_inner);
        if grant.current.as_ref().is_none_or(|current| current.is_stale(refused)) {
            grant.current = None;
            if let Some(failed) = &grant.failed
                && (failed.error.kind == HarnessErrorKind::Grant || failed.at >= asked)
            {
                return Err(failed.error.clone());
            }
            match self.refresh(&mut grant, login, client) {
                Ok(current) => drop(grant.current.insert(current)),
                Err(error) => {
                    grant.failed = Some(FailedRefresh { at: Instant::now(), error: error.clone() });
                    return Err(error);
                }
            }
        }
        let Some(current) = &mut grant.current else {
            return Err(oauth_error::unreadable(&client.token_endpoint, "it gave no token"));
        };
        if current.known_as.insert(login.user.clone()) {
            self.0.redactor.learn(&login.user, &current.token);
        }
        Ok(current.token.clone())
    }

    /// Asks until the token server gives a token, refuses, or is out of order for too long.
    fn refresh(&self, grant: &mut Grant, login: &Login, client: &OauthClient) -> Result<Current, HarnessError> {
        let until = Instant::now() + self.0.patience;
        let mut back_off = BACK_OFF.0;
        let mut answered: Option<HarnessError> = None;
        loop {
            let refresh_token = grant.refresh_token.as_ref().unwrap_or(&login.secret);
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
            let asked = Instant::now();
            let failure = match exchange::ask(client, &form, until, &self.0.redactor) {
                Ok(Granted { access_token, life, refresh_token, scope }) => {
                    self.0.redactor.learn(&login.user, &access_token);
                    if let Some(another) = refresh_token {
                        self.0.redactor.learn(&login.user, &another);
                        grant.refresh_token = Some(another);
                    }
                    let renew_at = life.map(|life| asked + life - MARGIN.min(life / 10));
                    let known_as = BTreeSet::from([login.user.clone()]);
                    return Ok(Current { token: access_token, renew_at, scope, known_as });
                }
                Err(failure) => failure,
            };
            // The last request may have no time left: what was answered before says more than its silence.
            let error = match answered {
                Some(before) if failure.error.kind == HarnessErrorKind::Connection && Instant::now() >= until => before,
                _ => failure.error,
            };
            if !failure.passing || Instant::now() + back_off >= until {
                return Err(error);
            }
            if self.closed_within(back_off) {
                return Err(HarnessError { message: format!("{}; the run is over", error.message), ..error });
            }
            answered = Some(error);
            back_off = (back_off * 2).min(BACK_OFF.1);
        }
    }

    fn closed_within(&self, most: Duration) -> bool {
        let closed = self.0.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.close.wait_timeout_while(closed, most, |closed| !*closed);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Whether Gmail lets a token with these scopes read and send mail.
fn has_mail_scope(scope: &str) -> bool {
    scope.split_ascii_whitespace().any(|one| one == MAIL_SCOPE)
}

/// What to do when a server refuses an access token.
pub(super) fn refused_next(login: &Login) -> String {
    let user = &login.user;
    match login.oauth {
        Some(_) => format!(
            "run `sealcheck auth gmail` and consent as {user}; the refresh token must be that user's own, with the scope {MAIL_SCOPE}"
        ),
        None => format!(
            "get a new access token for {user} with the scope {MAIL_SCOPE}, or give a `refresh_token` (`sealcheck auth gmail`)"
        ),
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens(patience {})", human(self.0.patience))
    }
}
