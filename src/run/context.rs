//! What every scenario of a run shares.

use super::{EventSender, Options, Stop, limits::Limits, worlds::Worlds};

/// What every scenario of a run shares.
pub(super) struct RunContext {
    pub(super) options: Options,
    pub(super) events: EventSender,
    pub(super) worlds: Worlds,
    pub(super) limits: Limits,
    pub(super) stop: Stop,
}
