//! Image references.

use std::fmt;

/// An image reference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);
/// A content digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);
/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceError;
impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad reference")
    }
}
