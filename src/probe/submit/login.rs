//! AUTH (RFC 4954): which mechanism, and what a refusal means.

use super::{
    command::Command,
    conversation::{Conversation, Ended},
    extensions::Extensions,
};
use crate::{
    core::Secret,
    evidence::Stage,
    mail::reply::Reply,
    outcome::{HarnessError, HarnessErrorKind},
    probe::token::{self, Tokens},
    target::{Login, Mechanism},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism as Sasl},
    commands::Auth,
};

/// What a login presents; a token server may have to be asked for it.
pub(super) async fn secret(tokens: &Tokens, login: &Login) -> Result<Secret, HarnessError> {
    fetch(tokens, login, |tokens, login| tokens.secret(login)).await
}

/// Asks for a token on a thread that may wait.
async fn fetch<T: Send + 'static>(
    tokens: &Tokens,
    login: &Login,
    ask: impl FnOnce(&Tokens, &Login) -> Result<T, HarnessError> + Send + 'static,
) -> Result<T, HarnessError> {
    let (tokens, login) = (tokens.clone(), login.clone());
    match tokio::task::spawn_blocking(move || ask(&tokens, &login)).await {
        Ok(result) => result,
        Err(e) => {
            Err(HarnessError::new(HarnessErrorKind::Lab, "get an access token", e.to_string(), "report this as a bug"))
        }
    }
}

/// Logs in with the strongest mechanism that both sides have. A token may end before its time: when it is refused,
/// another one is tried, once.
///
/// # Errors
/// H01 or H02 when there is none or the server refuses for good.
pub(super) async fn login(
    conversation: &mut Conversation<'_>,
    tokens: &Tokens,
    extensions: &Extensions,
    login: &Login,
    secret: Secret,
) -> Result<(), Ended> {
    let ours: &[Sasl] = match login.mechanism {
        Mechanism::Password => &[Sasl::Plain, Sasl::Login],
        Mechanism::Xoauth2 => &[Sasl::Xoauth2],
    };
    let Some(sasl) = ours.iter().copied().find(|sasl| extensions.logs_in_with(&sasl.to_string())) else {
        let message = match extensions.mechanisms() {
            none if none.is_empty() => "the server offers no login".to_owned(),
            some => format!("the server offers only {some}"),
        };
        let next = "use the submission port (587 or 465), or another kind of login";
        let refused =
            HarnessError { kind: HarnessErrorKind::Login, ..refused(conversation, login, message, next.to_owned()) };
        return Err(refused.into());
    };
    let refused = match enter(conversation, sasl, login, &secret).await {
        Err(Ended::Failed(refused)) if refused.kind == HarnessErrorKind::Grant => refused,
        entered => return entered,
    };
    match fetch(tokens, login, move |tokens, login| tokens.renew(login, &secret)).await? {
        Some(another) => {
            // A token that had ended says nothing about the mail.
            conversation.connection.record.forget(|r| r.stage == Stage::Auth);
            enter(conversation, sasl, login, &another).await.map_err(|ended| match ended {
                Ended::Failed(error) => tokens.explain(login, error).into(),
                ended => ended,
            })
        }
        None => Err(refused.into()),
    }
}

/// One AUTH command and what it takes.
async fn enter(conversation: &mut Conversation<'_>, sasl: Sasl, login: &Login, secret: &Secret) -> Result<(), Ended> {
    let credentials = Credentials::new(login.user.clone(), secret.expose().to_owned());
    let command = Auth::new(sasl, credentials, None).map_err(|e| {
        refused(conversation, login, format!("the login cannot be written: {e}"), "check user and password".to_owned())
    })?;
    let mut reply = conversation.exchange(&Command::auth(command.to_string())).await?;
    let mut challenge = None;
    if sasl == Sasl::Login {
        for answer in [login.user.as_str(), secret.expose()] {
            if reply.code == 334 {
                reply = conversation.exchange(&Command::response(&STANDARD.encode(answer))).await?;
            }
        }
    } else if reply.code == 334 {
        // A refused XOAUTH2 says why in a challenge; an empty answer brings the reply itself.
        challenge = STANDARD.decode(reply.text.trim()).ok().map(|b| String::from_utf8_lossy(&b).into_owned());
        reply = conversation.exchange(&Command::response("")).await?;
    }
    match reply.code / 100 {
        2 => Ok(()),
        4 => Err(Ended::Refused),
        _ => {
            let why = challenge.map_or(String::new(), |c| format!(" {c}"));
            Err(refused(conversation, login, format!("the server answered {reply}{why}"), what_next(&reply, login))
                .into())
        }
    }
}

fn refused(conversation: &Conversation<'_>, login: &Login, message: String, next: String) -> HarnessError {
    let code = match login.mechanism {
        Mechanism::Password => HarnessErrorKind::Login,
        Mechanism::Xoauth2 => HarnessErrorKind::Grant,
    };
    HarnessError::new(code, format!("login {} as {}", conversation.endpoint.host, login.user), message, next)
}

fn what_next(reply: &Reply, login: &Login) -> String {
    let text = reply.text.to_ascii_lowercase();
    if login.mechanism == Mechanism::Xoauth2 {
        return token::refused_next(login);
    }
    let next = if text.contains("application-specific password") || text.contains("gsmtp") {
        "make an app password at https://myaccount.google.com/apppasswords (needs 2-Step Verification) and use it as the password"
    } else {
        "check the account's user and password, and that the server lets this user send"
    };
    next.to_owned()
}
