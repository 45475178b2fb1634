//! The rewrites.
