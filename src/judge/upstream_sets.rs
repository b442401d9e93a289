//! Which ARC Sets came with a message, and which one the receiver wrote itself.

use crate::{
    core::domain::{is_at_or_below, is_same},
    mail::{
        arc::{ArcChain, ArcSet},
        authres::AuthenticationResults,
    },
};

/// The sets that came with the message: all but the receiver's own, which is the newest one where its seal has the
/// receiver's `d=` or a domain above its authserv-id.
pub(super) fn upstream_sets<'a>(
    arc: &'a ArcChain,
    trusted: Option<&AuthenticationResults>,
    seal_domain: Option<&str>,
) -> &'a [ArcSet] {
    let receiver = trusted.and_then(|t| t.authserv_id.as_deref());
    let is_own = arc.sets.last().and_then(ArcSet::sealer).is_some_and(|newest| {
        seal_domain.is_some_and(|d| is_same(d, newest)) || receiver.is_some_and(|r| is_at_or_below(r, newest))
    });
    &arc.sets[..arc.sets.len() - usize::from(is_own)]
}
