//! `lab:` of a scenario: what a file writes of the knobs.

use super::yaml::Errors;
use crate::{
    core::{Span, Spanned, reading::OneOrMany},
    target::{
        faults,
        knobs::{ArcSealing, CompanyWritten, DnsFault, ExternalWritten, GmailWritten, Knobs, SealFault},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is changed about the lab.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lab")]
pub(crate) struct LabWritten {
    /// Causes of the catalogue to bring about, for example `B04`; knobs beside it count after it.
    #[schemars(with = "Option<OneOrMany<faults::Code>>")]
    fault: Option<OneOrMany<Spanned<String>>>,
    /// The outside sender.
    external: Option<ExternalWritten>,
    /// The company server that forwards.
    company: Option<CompanyWritten>,
    /// The receiver.
    gmail: Option<GmailWritten>,
    /// Faulty DNS answers; the first that matches counts.
    #[serde(default)]
    dns: Vec<DnsFault>,
}

impl LabWritten {
    /// The knobs that a scenario turns; it stands at `at`.
    pub(crate) fn knobs(self, at: &Span, errors: &mut Errors<'_>) -> Knobs {
        let mut knobs = Knobs::default();
        let Self { fault, external, company, gmail, dns } = self;
        if fault.is_none() && external.is_none() && company.is_none() && gmail.is_none() && dns.is_empty() {
            errors.error_at(at, "`lab` changes nothing", "write a knob or leave `lab` out");
        }
        if let Some(fault) = fault {
            let codes: Vec<&str> = fault.0.iter().map(|f| f.value.as_str()).collect();
            if let (Err((problem, help)), Some(first)) = (faults::apply(&mut knobs, &codes), fault.0.first()) {
                errors.error_at(&first.at, problem, help);
            }
        }
        if let Some(company) = &company
            && company.arc == Some(ArcSealing::Off)
        {
            let written = [
                ("arc_key", company.arc_key.is_some()),
                ("seal", company.seal.is_some_and(|s| s != SealFault::None)),
                ("results", company.results.is_some()),
            ];
            for (knob, is_written) in written {
                if is_written {
                    errors.error_at(at, format!("`{knob}` has no effect with `arc: false`"), "leave one of them out");
                }
            }
        }
        external.into_iter().for_each(|written| written.over(&mut knobs.external));
        company.into_iter().for_each(|written| written.over(&mut knobs.company));
        gmail.into_iter().for_each(|written| written.over(&mut knobs.gmail));
        // The first that matches counts.
        knobs.dns.splice(..0, dns);
        knobs
    }
}
