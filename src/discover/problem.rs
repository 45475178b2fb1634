//! What went wrong while looking; nothing here stops a run.

use std::fmt;
use std::path::PathBuf;

use super::paths;

/// Something discovery could not use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file or directory, as the user would write it.
    pub path: PathBuf,
    /// Line in the file, from 1, where one is known.
    pub line: Option<usize>,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What happened and what to do about it, fit for a report. Never quotes the file.
    pub message: String,
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A path named on the command line does not exist.
    MissingInput,
    /// A path named on the command line cannot be read.
    UnreadableInput,
    /// The directory given with `--context` is not a directory.
    InvalidContext,
    /// A directory named on the command line holds no Dockerfile.
    NoDockerfiles,
    /// Something below a walked directory cannot be read.
    Unreadable,
    /// A compose or bake file cannot be read, or is too large to be one.
    BuildFileUnreadable,
    /// A compose or bake file cannot be parsed, or asks for too much work.
    BuildFileMalformed,
}

impl ProblemKind {
    /// Whether the user asked for something that could not be had. The others are warnings: what was found is
    /// complete but for them.
    pub fn is_error(self) -> bool {
        matches!(self, Self::MissingInput | Self::UnreadableInput | Self::InvalidContext)
    }
}

impl Problem {
    pub(super) fn new(path: impl Into<PathBuf>, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, kind, message: message.into() }
    }

    pub(super) fn at(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&paths::display(&self.path))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}
