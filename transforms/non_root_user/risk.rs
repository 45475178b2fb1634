//! What stands against another user, and how much.

use harden_core::{Hazard, Place};

/// A hazard and what it does to the fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Risk {
    pub(crate) effect: Effect,
    pub(crate) hazard: Hazard,
}

/// What a hazard does to the fix. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// No fix: it would break the container, or the file is no place for a USER.
    Stop,
    /// The fix is only suggested.
    Lower,
}

impl Risk {
    pub(crate) fn stop(id: &'static str, message: impl Into<String>, place: Option<Place>) -> Self {
        Self { effect: Effect::Stop, hazard: Hazard { id, message: message.into(), place } }
    }

    pub(crate) fn lower(id: &'static str, message: impl Into<String>, place: Option<Place>) -> Self {
        Self { effect: Effect::Lower, hazard: Hazard { id, message: message.into(), place } }
    }
}
