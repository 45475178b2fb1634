//! What harden prints.

pub mod diff;
