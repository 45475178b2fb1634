//! How loudly a finding is told where other tools choose by severity.

/// Three steps, which SARIF and GitHub both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// A file was not handled.
    Error,
    /// Something harden fixes, could fix, or leaves to a person.
    Warning,
    /// For information: what was fixed, what a comment switches off.
    Note,
}

impl Severity {
    /// Of a finding, by what became of it; `written`: its fix is in the file already.
    pub(crate) fn of(disposition: &str, written: bool) -> Self {
        match disposition {
            "fixed" if written => Self::Note,
            "fixed" | "offered" | "refused" => Self::Warning,
            _ => Self::Note,
        }
    }

    /// A SARIF `level`.
    pub(crate) const fn sarif(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// A workflow command of GitHub.
    pub(crate) const fn github(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "notice",
        }
    }
}
