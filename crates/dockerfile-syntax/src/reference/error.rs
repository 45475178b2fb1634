//! Why a text is no image reference.

use std::fmt;

/// Why a text is no image reference, or no digest.
///
/// Messages never repeat more of the text than one character: what people paste by mistake may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The text is empty.
    Empty,
    /// The text is 64 hex digits, which Docker takes as the id of a local image.
    ImageId,
    /// The text begins with a URL scheme such as `https://`.
    Url,
    /// The tag or the digest comes first, or the name ends in `/`, or has `//`.
    MissingName {
        /// Byte where a name component should begin.
        offset: usize,
    },
    /// What comes before the first `/` has to be a registry host and is none.
    Host {
        /// Byte of the first character that does not fit.
        offset: usize,
    },
    /// An upper-case letter in the repository path.
    Uppercase {
        /// Byte of the letter.
        offset: usize,
        /// The letter.
        found: char,
    },
    /// A character that no repository path can hold.
    NameCharacter {
        /// Byte of the character.
        offset: usize,
        /// The character.
        found: char,
    },
    /// A separator (`.`, `_`, `__`, dashes) at the start or end of a name component, or two different ones in a row.
    Separator {
        /// Byte of the separator that does not fit.
        offset: usize,
    },
    /// The repository path, with `library/` where Docker adds it, is longer than 255 characters.
    NameTooLong {
        /// Its length.
        length: usize,
    },
    /// A `:` with nothing behind it.
    EmptyTag {
        /// Byte where the tag should begin.
        offset: usize,
    },
    /// A character that a tag cannot hold, or cannot begin with.
    TagCharacter {
        /// Byte of the character.
        offset: usize,
        /// The character.
        found: char,
    },
    /// The tag is longer than 128 characters.
    TagTooLong {
        /// Byte where the tag begins.
        offset: usize,
        /// Its length.
        length: usize,
    },
    /// A digest without `:`.
    DigestSyntax {
        /// Byte where the digest begins.
        offset: usize,
    },
    /// The digest's algorithm is none of `sha256`, `sha384`, `sha512`.
    DigestAlgorithm {
        /// Byte where the digest begins.
        offset: usize,
    },
    /// The digest does not have the length of its algorithm.
    DigestLength {
        /// Byte where the hex digits begin.
        offset: usize,
        /// The algorithm.
        algorithm: &'static str,
        /// Hex digits the algorithm has.
        expected: usize,
        /// Hex digits there are.
        found: usize,
    },
    /// The digest holds something else than lower-case hex digits.
    DigestCharacter {
        /// Byte of the character.
        offset: usize,
        /// The character.
        found: char,
    },
}

impl ReferenceError {
    /// Byte offset of the trouble in the text that was read; `None` when the text is wrong as a whole.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match *self {
            Self::Empty | Self::ImageId | Self::Url | Self::NameTooLong { .. } => None,
            Self::MissingName { offset }
            | Self::Host { offset }
            | Self::Uppercase { offset, .. }
            | Self::NameCharacter { offset, .. }
            | Self::Separator { offset }
            | Self::EmptyTag { offset }
            | Self::TagCharacter { offset, .. }
            | Self::TagTooLong { offset, .. }
            | Self::DigestSyntax { offset }
            | Self::DigestAlgorithm { offset }
            | Self::DigestLength { offset, .. }
            | Self::DigestCharacter { offset, .. } => Some(offset),
        }
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the image reference is empty; write one like `alpine:3.22`"),
            Self::ImageId => f.write_str(
                "64 hex digits are the id of a local image, not a reference; write `repository@sha256:…`",
            ),
            Self::Url => f.write_str(
                "an image reference has no URL scheme; write `registry.example.com/app:1.0` without `https://`",
            ),
            Self::MissingName { offset } => {
                write!(f, "a name is missing at byte {offset}; a repository is written like `team/app`")
            }
            Self::Host { offset } => write!(
                f,
                "the part before the first `/` must be a registry host and is not one, see byte {offset}; \
                 write `registry.example.com`, `localhost:5000` or `[::1]:5000`"
            ),
            Self::Uppercase { offset, found } => {
                write!(f, "upper-case {found:?} at byte {offset}; repository names are lower case, like `team/app`")
            }
            Self::NameCharacter { offset, found: '$' } | Self::TagCharacter { offset, found: '$' } => {
                write!(f, "`$` at byte {offset}: variables have to be expanded before the reference is read")
            }
            Self::NameCharacter { offset, found } => write!(
                f,
                "{found:?} at byte {offset} cannot be in a repository name; \
                 it has lower-case letters, digits and `.`, `_`, `-` between them, like `team/my-app`"
            ),
            Self::Separator { offset } => write!(
                f,
                "misplaced separator at byte {offset}: between letters or digits there is one of `.`, `_`, `__` \
                 or dashes, like `my-app_1`"
            ),
            Self::NameTooLong { length } => {
                write!(f, "the repository path has {length} characters; at most 255 are allowed")
            }
            Self::EmptyTag { offset } => {
                write!(f, "nothing follows the `:` before byte {offset}; write a tag like `app:1.0` or no `:`")
            }
            Self::TagCharacter { offset, found } => write!(
                f,
                "{found:?} at byte {offset} cannot be there in a tag; \
                 it has letters, digits, `_`, `.` and `-`, and begins with neither of the last two, like `1.0-alpine`"
            ),
            Self::TagTooLong { length, .. } => {
                write!(f, "the tag has {length} characters; at most 128 are allowed")
            }
            Self::DigestSyntax { offset } => write!(
                f,
                "no digest at byte {offset}; a digest is written `sha256:` and 64 lower-case hex digits"
            ),
            Self::DigestAlgorithm { offset } => write!(
                f,
                "unsupported digest algorithm at byte {offset}; \
                 use `sha256:` (or `sha384:`, `sha512:`), in lower case"
            ),
            Self::DigestLength { algorithm, expected, found, .. } => {
                write!(f, "the {algorithm} digest has {found} hex digits; it must have {expected}")
            }
            Self::DigestCharacter { offset, found } => write!(
                f,
                "{found:?} at byte {offset} cannot be in a digest; only lower-case hex digits (0-9, a-f) can"
            ),
        }
    }
}

impl std::error::Error for ReferenceError {}
