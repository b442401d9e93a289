//! The one call.

use super::{
    Chain, ChainFailure,
    authentication::{Authentication, Dmarc, Policy, Spf, SpfScope, Verdict},
    body_hash, dkim,
};
use crate::{
    core::open_files,
    lab::embedded::{dns::Resolver, signing::Message},
};
use mail_auth::{
    AuthenticatedMessage, DmarcOutput, DmarcResult, MessageAuthenticator, SpfOutput, SpfResult, dmarc,
    dmarc::verify::DmarcParameters, spf::verify::SpfParameters,
};
use std::net::IpAddr;

/// How often DNS is asked.
const TRIES: usize = 3;

/// Checks messages for one server.
#[derive(Clone)]
pub struct Authenticator {
    inner: MessageAuthenticator,
    hostname: String,
}

/// How a message came in.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'h> {
    /// The client's address.
    pub client: IpAddr,
    /// What it called itself.
    pub helo: &'h str,
    /// The envelope sender; empty for the null reverse-path.
    pub sender: &'h str,
}

impl Authenticator {
    /// Checks for the server `hostname`, over this resolver.
    pub fn new(resolver: &Resolver, hostname: &str) -> Self {
        Self { inner: MessageAuthenticator(resolver.clone()), hostname: hostname.to_owned() }
    }

    /// Checks a message. What DNS did not answer is asked again: but for a fault that was asked for, it always does.
    pub async fn authenticate(&self, hop: Hop<'_>, raw: &[u8]) -> Authentication {
        for _ in 1..TRIES {
            let found = self.once(hop, raw).await;
            if found.is_answered() || !open_files::have_room() {
                return found;
            }
        }
        self.once(hop, raw).await
    }

    async fn once(&self, hop: Hop<'_>, raw: &[u8]) -> Authentication {
        let mut arc = Chain::structure(&Message::new(raw));
        let Some(mut message) = AuthenticatedMessage::parse(raw) else {
            let (spf, _) = self.spf(hop).await;
            return Authentication { spf, dkim: Vec::new(), dmarc: None, arc };
        };
        body_hash::correct(&mut message);
        let ((spf, spf_output), outputs, failure) =
            tokio::join!(self.spf(hop), self.inner.verify_dkim(&message), arc.check(&self.inner, &message));
        arc.failure = failure;
        let parameters = DmarcParameters::new(&message, &outputs, &spf.domain, &spf_output);
        let dmarc = self.inner.verify_dmarc(parameters).await;
        Authentication { spf, dkim: outputs.iter().map(dkim::read).collect(), dmarc: read_dmarc(&dmarc), arc }
    }

    async fn spf(&self, hop: Hop<'_>) -> (Spf, SpfOutput) {
        let Hop { client, helo, sender } = hop;
        let (parameters, scope, identity) = if sender.contains('@') {
            let parameters = SpfParameters::verify_mail_from(client, helo, &self.hostname, sender);
            (parameters, SpfScope::MailFrom, sender.to_owned())
        } else {
            let parameters = SpfParameters::verify_ehlo(client, helo, &self.hostname);
            (parameters, SpfScope::Helo, format!("postmaster@{helo}"))
        };
        let output = self.inner.verify_spf(parameters).await;
        let verdict = match output.result() {
            SpfResult::Pass => Verdict::Pass,
            SpfResult::Fail => Verdict::Fail,
            SpfResult::SoftFail => Verdict::SoftFail,
            SpfResult::Neutral => Verdict::Neutral,
            SpfResult::TempError => Verdict::TempError,
            SpfResult::PermError => Verdict::PermError,
            SpfResult::None => Verdict::None,
        };
        let domain = identity.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
        (Spf { verdict, scope, sender: identity, domain, client }, output)
    }
}

impl Authentication {
    /// Whether DNS answered every question.
    fn is_answered(&self) -> bool {
        let verdicts = self.dkim.iter().map(|dkim| dkim.verdict).chain(self.dmarc.iter().map(|dmarc| dmarc.verdict));
        verdicts.chain([self.spf.verdict]).all(|verdict| verdict != Verdict::TempError)
            && self.arc.failure != Some(ChainFailure::Dns)
    }
}

fn read_dmarc(output: &DmarcOutput) -> Option<Dmarc> {
    let verdict = match output.result() {
        DmarcResult::Pass => Verdict::Pass,
        DmarcResult::Fail(_) => Verdict::Fail,
        DmarcResult::TempError(_) => Verdict::TempError,
        DmarcResult::PermError(_) => Verdict::PermError,
        DmarcResult::None => Verdict::None,
    };
    let record = output.dmarc_record();
    if record.is_none() && verdict == Verdict::None {
        return None;
    }
    let read = |policy| match policy {
        dmarc::Policy::Reject => Policy::Reject,
        dmarc::Policy::Quarantine => Policy::Quarantine,
        dmarc::Policy::None | dmarc::Policy::Unspecified => Policy::None,
    };
    let policy = record.map_or(Policy::None, |r| read(r.p));
    let subdomain_policy = match record.map(|r| r.sp) {
        None | Some(dmarc::Policy::Unspecified) => policy,
        Some(other) => read(other),
    };
    let domain = output.domain().to_owned();
    Some(Dmarc { verdict, domain, policy, subdomain_policy, applied: read(output.policy()) })
}
