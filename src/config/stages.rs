//! `[multi-stage]`: what the repository wants of the stages a file is split into.

use harden_core::{RuntimeStyle, StageSettings};

/// `[multi-stage]`, at the top or of a `[[files]]` entry. What is not in the file is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageChoice {
    /// `runtime`: what programs run in that need nothing of a distribution.
    pub runtime: Option<RuntimeStyle>,
}

/// The styles and how they are written.
pub(super) const RUNTIMES: [(&str, RuntimeStyle); 3] = [
    ("scratch", RuntimeStyle::Scratch),
    ("distroless", RuntimeStyle::Distroless),
    ("slim", RuntimeStyle::Slim),
];

impl StageChoice {
    /// These choices, and `other` where nothing is chosen.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { runtime: self.runtime.or(other.runtime) }
    }

    /// The settings; the defaults where nothing is chosen.
    #[must_use]
    pub fn settings(self) -> StageSettings {
        StageSettings { runtime: self.runtime.unwrap_or_default() }
    }
}
