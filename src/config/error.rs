//! What is wrong with a configuration file.

use std::fmt;
use std::path::PathBuf;

use harden_core::redact;

/// A `harden.toml` that cannot be used.
///
/// Nothing of it is applied then: half a policy could pin an image that the other half leaves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Line and column in characters, both from 1, where they are known.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl ConfigError {
    pub(super) fn new(path: impl Into<PathBuf>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path: path.into(), place: None, message: message.into(), help: help.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        // A password may have been pasted into any value.
        write!(f, ": {}; {}", redact::mask_text(&self.message), redact::mask_text(&self.help))
    }
}

impl std::error::Error for ConfigError {}
