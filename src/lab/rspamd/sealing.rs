//! What the company's rspamd seals with, and what DNS says about it.

use super::{ArcKey, Rspamd, RspamdError, RspamdFaults, Rules, keygen};
use crate::{
    lab::{
        LabError, Settings,
        embedded::{
            dns::{
                Dns,
                zone_file::{self, Entry},
            },
            hosts::{COMPANY_ARC_SELECTOR, COMPANY_DKIM_SELECTOR, Company},
            keys::Keys,
        },
        process::StateDir,
    },
    target::{Knobs, TargetKind, knobs::ArcSealing},
};
use std::fs;

/// What the company seals with: as its knobs say, or as a person's own configuration does.
pub(crate) struct Sealing {
    /// How rspamd seals.
    pub rules: Rules,
    /// The text that publishes the company's key for ARC alone, where the knobs name the keys.
    pub record: String,
    /// Records that the person gives, or that follow from the configuration.
    entries: Vec<Entry>,
    /// What a person should know of them.
    pub notes: Vec<String>,
}

impl Sealing {
    /// Writes the key that the knobs name into the state directory, where rspamd can read it: the company's DKIM key, or a
    /// new one made by `rspamadm dkim_keygen`. With a person's own `local.d` the keys stay where they are.
    ///
    /// # Errors
    /// When `rspamadm` is missing or makes no key, the directory cannot be written, or the zone file cannot be read.
    pub(crate) async fn prepare(
        kind: TargetKind,
        knobs: &Knobs,
        company: &Company,
        settings: &Settings,
        state: &StateDir,
    ) -> Result<Self, LabError> {
        let mut entries = Vec::new();
        if let Some(file) = &settings.company_dns {
            let text = fs::read_to_string(file).map_err(|e| LabError::Other(format!("{}: {e}", file.display())))?;
            let read = zone_file::read(&text, &company.domain);
            entries = read.map_err(|e| LabError::Other(format!("{}: {e}", file.display())))?;
        }
        let keys = Keys::load().map_err(LabError::other)?;
        let record = keys.company_arc.record();
        if let Some(local_d) = &settings.rspamd_local_d {
            let own = settings.user_config.clone().unwrap_or_default();
            entries.extend(own.published.iter().map(|(name, text)| Entry::txt(name, text)));
            let (local_d, domain) = (local_d.clone(), company.domain.clone());
            let (rules, notes) = (Rules::User { local_d, domain, is_debugging: own.is_debugging }, own.notes);
            return Ok(Self { rules, record, entries, notes });
        }
        let faults = RspamdFaults::of(&knobs.company, kind);
        let user = Rspamd::user()?;
        let directory = state.directory("keys", user.as_ref()).map_err(RspamdError::from)?;
        let (selector, path, record) = match knobs.company.arc {
            ArcSealing::Off => return Ok(Self { rules: Rules::Lab(None, faults), record, entries, notes: Vec::new() }),
            ArcSealing::ReusedKey => {
                let path = state.write_private("keys/dkim.private", keys.company_dkim.pem(), user.as_ref());
                (COMPANY_DKIM_SELECTOR, path.map_err(RspamdError::from)?, record)
            }
            ArcSealing::DedicatedKey => {
                let path = directory.join("arc.private");
                let binary = settings.rspamd_bin.as_deref();
                let record = keygen(binary, COMPANY_ARC_SELECTOR, &company.domain, &path).await?;
                state.give(&path, user.as_ref()).map_err(RspamdError::from)?;
                (COMPANY_ARC_SELECTOR, path, record)
            }
        };
        let path = faults.key_file(path, state)?;
        let key = ArcKey { domain: company.domain.clone(), selector: selector.to_owned(), path };
        Ok(Self { rules: Rules::Lab(Some(key), faults), record, entries, notes: Vec::new() })
    }

    /// Publishes what the person gives, or what follows from the configuration, in place of what the lab has.
    pub(crate) fn publish(&self, dns: &Dns) {
        for Entry { name, rtype, data } in &self.entries {
            dns.records().set(name, *rtype, data.clone());
        }
    }
}
