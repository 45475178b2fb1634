//! A lossless Dockerfile syntax tree.

mod reference;

pub use reference::{Digest, Reference, ReferenceError};
