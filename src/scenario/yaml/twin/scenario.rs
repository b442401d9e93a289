//! A scenario file.

use crate::{
    core::reading::{HumanDuration, OneOrMany},
    scenario::{
        lab::LabWritten,
        model::{ArcPolicy, Cleanup, Encoding, ExpectationKind, SnapshotPreset, WrittenRetries},
        yaml::spot::{Entries, Form, Scalar, Spot, Try},
    },
    target::TargetKind,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// A delivery scenario: what is sent, and what must then be true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(crate) struct ScenarioTwin {
    /// Format version: always 1, and always the first key.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "checked before the twin is read")]
    pub(crate) sealcheck: u32,
    /// A scenario file beside this one whose keys count where this file does not say otherwise; it extends no other.
    #[expect(dead_code, reason = "merged before the twin is read")]
    pub(crate) extends: Option<Spot<String>>,
    /// One line for people.
    pub(crate) name: Spot<String>,
    /// More for people.
    pub(crate) description: Option<String>,
    /// Words to select the scenario by.
    #[serde(default)]
    pub(crate) tags: Vec<Spot<String>>,
    /// Where it can run; everywhere when not written, in every lab when `lab` is written.
    pub(crate) targets: Option<Try<Spot<OneOrMany<Spot<TargetKind>>>>>,
    /// Why it is not run.
    pub(crate) skip: Option<Spot<String>>,
    /// A failure that is known; passing is then a failure.
    pub(crate) known_issue: Option<Try<KnownIssueTwin>>,
    /// Variables for the texts of this scenario.
    #[serde(default)]
    pub(crate) vars: Entries<Scalar>,
    /// Lists of values; the scenario runs once for every combination.
    #[serde(default)]
    pub(crate) matrix: Entries<Vec<Scalar>>,
    /// Whether the receiver must speak about ARC.
    pub(crate) arc: Option<Try<Spot<ArcPolicy>>>,
    /// What is changed about the lab.
    pub(crate) lab: Option<Try<Spot<LabWritten>>>,
    /// What is sent.
    pub(crate) send: Try<Spot<SendTwin>>,
    /// How long to wait.
    pub(crate) wait: Option<Try<WaitTwin>>,
    /// What must be true.
    #[schemars(length(min = 1))]
    pub(crate) expect: Spot<Vec<Try<Spot<ExpectationKind>>>>,
    /// What a snapshot keeps.
    pub(crate) snapshot: Option<Try<SnapshotPreset>>,
    /// When to try again with a new mail.
    pub(crate) retries: Option<Try<WrittenRetries>>,
    /// What happens to the mail afterwards.
    pub(crate) cleanup: Option<Try<Cleanup>>,
}

/// A failure that is known.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KnownIssue")]
pub(crate) struct KnownIssueTwin {
    /// Why it fails.
    pub(crate) reason: Spot<String>,
    /// Where it is tracked.
    pub(crate) issue: Option<String>,
    /// The day after which it is no longer accepted, as `2027-03-31`.
    #[schemars(extend("format" = "date"))]
    pub(crate) until: Option<Spot<String>>,
    /// Where it is known; everywhere when not written.
    pub(crate) when: Option<Try<Spot<WhenTwin>>>,
}

/// Which versions of a program have a failure that is known.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "When")]
pub(crate) struct WhenTwin {
    /// Versions of the rspamd that seals, as `<3.6` or `>=3.10.0 <3.10.2`; where none is known to seal, the scenario must pass.
    #[schemars(extend("pattern" = r"^\s*((<|<=|>|>=|=)\d+\.\d+(\.\d+)?\s*)+$"))]
    pub(crate) rspamd: Spot<String>,
}

/// What is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Send")]
pub(crate) struct SendTwin {
    /// The account that sends.
    pub(crate) from: Spot<String>,
    /// The accounts or addresses that it is sent to.
    pub(crate) to: OneOrMany<Spot<String>>,
    /// The envelope sender; an empty text is the null reverse-path.
    pub(crate) envelope_from: Option<Spot<String>>,
    /// The subject.
    pub(crate) subject: Option<Spot<String>>,
    /// The text body.
    pub(crate) text: Option<Spot<String>>,
    /// The HTML body.
    pub(crate) html: Option<Spot<String>>,
    /// More header fields.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Scalar>")]
    pub(crate) headers: Entries<Spot<Scalar>>,
    /// How the text is encoded for transport.
    pub(crate) encoding: Option<Spot<Encoding>>,
    /// Attachments: file names or maps.
    pub(crate) attach: Option<OneOrMany<Spot<Form<String, AttachTwin>>>>,
    /// A message file that is sent as it is, but for its Message-ID and the probe header.
    pub(crate) eml: Option<Spot<String>>,
}

/// An attachment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Attachment")]
pub(crate) struct AttachTwin {
    /// Its file name in the mail.
    pub(crate) name: Option<Spot<String>>,
    /// Its media type.
    pub(crate) r#type: Option<Spot<String>>,
    /// The file with its bytes, relative to the scenario.
    pub(crate) file: Option<Spot<String>>,
    /// This many generated bytes instead of a file: `200KB`, `5MB`.
    pub(crate) size: Option<Spot<String>>,
}

/// How long to wait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wait")]
pub(crate) struct WaitTwin {
    /// For the whole attempt.
    pub(crate) timeout: Option<Spot<HumanDuration>>,
    /// When to say SLOW.
    pub(crate) slow_after: Option<Spot<HumanDuration>>,
    /// How often a mailbox is asked.
    pub(crate) poll: Option<Spot<Form<HumanDuration, PollTwin>>>,
}

/// How often a mailbox is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Poll")]
pub(crate) struct PollTwin {
    /// The first interval.
    pub(crate) every: Option<Spot<HumanDuration>>,
    /// The longest that a mailbox is left unasked; more than ten seconds are ten.
    pub(crate) max: Option<Spot<HumanDuration>>,
}
