//! Content digests.

use std::fmt;
use std::str::FromStr;

use super::ReferenceError;

/// The algorithms that `opencontainers/go-digest` registers, with the length of their hex form.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// A content digest: `algorithm:hex`.
///
/// Algorithms are `sha256`, `sha384` and `sha512` (`opencontainers/go-digest`); the hex form is complete and in lower
/// case, because registries and Docker reject any other.
///
/// ```
/// use dockerfile_syntax::Digest;
///
/// let text = format!("sha256:{}", "0a".repeat(32));
/// let digest = Digest::parse(&text)?;
/// assert_eq!((digest.algorithm(), digest.hex().len()), ("sha256", 64));
/// assert!(Digest::parse(&text.to_uppercase()).is_err());
/// # Ok::<(), dockerfile_syntax::ReferenceError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    text: Box<str>,
    colon: usize,
}

impl Digest {
    /// Reads a digest.
    ///
    /// # Errors
    ///
    /// One of the `Digest…` variants of [`ReferenceError`].
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        Self::parse_at(text, 0)
    }

    /// Reads a digest that starts at byte `base` of a longer text, which only matters to the offsets of errors.
    pub(super) fn parse_at(text: &str, base: usize) -> Result<Self, ReferenceError> {
        let Some((algorithm, hex)) = text.split_once(':') else {
            return Err(ReferenceError::DigestSyntax { offset: base });
        };
        let Some(&(algorithm, expected)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else {
            return Err(ReferenceError::DigestAlgorithm { offset: base });
        };
        let hex_at = base + algorithm.len() + 1;
        if let Some((at, found)) = hex.char_indices().find(|(_, c)| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(ReferenceError::DigestCharacter { offset: hex_at + at, found });
        }
        if hex.len() != expected {
            return Err(ReferenceError::DigestLength {
                offset: hex_at,
                algorithm,
                expected,
                found: hex.len(),
            });
        }
        Ok(Self { text: text.into(), colon: algorithm.len() })
    }

    /// The digest as text, `algorithm:hex`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The algorithm, for instance `sha256`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The hex form, in lower case.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digest").field(&self.text).finish()
    }
}

impl FromStr for Digest {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
