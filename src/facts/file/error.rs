//! Why a facts file was not taken.

use std::fmt;
use std::io;

use super::wire::SCHEMA;

/// Why a facts file was not taken. `origin` is its path, or what the caller calls the text.
///
/// Messages never repeat values from the file, which may hold the environment of an image.
#[derive(Debug)]
#[non_exhaustive]
pub enum FactsFileError {
    /// The file could not be read.
    Read {
        /// The file.
        origin: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than [`MAX_SIZE`](super::MAX_SIZE).
    TooLarge {
        /// The file.
        origin: String,
    },
    /// The file is not UTF-8.
    NotUtf8 {
        /// The file.
        origin: String,
        /// Byte offset of the first byte that is not.
        offset: usize,
    },
    /// The text is no JSON, or not what a facts file holds.
    Invalid {
        /// The file.
        origin: String,
        /// Line, from 1: that of the trouble, or just behind the entry that has it and is named.
        line: usize,
        /// Column in bytes, from 1; 0 at the end of the line before.
        column: usize,
        /// What is wrong; for an entry, which one.
        message: String,
    },
    /// A facts file of a version that this program does not read.
    Schema {
        /// The file.
        origin: String,
        /// The version after `harden-facts/`.
        version: u64,
    },
    /// JSON, but no facts file.
    NotFacts {
        /// The file.
        origin: String,
    },
    /// Two entries contradict each other.
    Conflict {
        /// The file.
        origin: String,
        /// The reference of the later one.
        image: String,
        /// What is said twice.
        fact: &'static str,
    },
}

impl fmt::Display for FactsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { origin, source } => {
                write!(f, "cannot read the facts file {origin}: {source}; check the path and its permissions")
            }
            Self::TooLarge { origin } => {
                let limit = super::MAX_SIZE >> 20;
                write!(
                    f,
                    "the facts file {origin} is larger than {limit} MiB; leave out images that are not used"
                )
            }
            Self::NotUtf8 { origin, offset } => {
                write!(f, "the facts file {origin} is not UTF-8 at byte {offset}; save it as UTF-8")
            }
            Self::Invalid { origin, line, column, message } => {
                write!(f, "{origin}:{line}:{column}: {message}; correct the facts file or record it again")
            }
            Self::Schema { origin, version } => write!(
                f,
                "the facts file {origin} has version {version} of its format and this harden reads `{SCHEMA}`; \
                 update harden, or record the facts again with this one"
            ),
            Self::NotFacts { origin } => {
                write!(f, "{origin} is no facts file: it does not begin with `\"schema\": \"{SCHEMA}\"`")
            }
            Self::Conflict { origin, image, fact } => write!(
                f,
                "the facts file {origin} gives {fact} of {image} twice, with different answers; \
                 remove the one that is out of date"
            ),
        }
    }
}

impl std::error::Error for FactsFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}
