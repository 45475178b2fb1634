//! `harden` rewrites Dockerfiles so that they are harder to attack.
//!
//! The binary is a thin shell around this library. The engine and the transforms are pure and live in `harden-core`
//! and `harden-transforms`; everything that touches files, the terminal or (later) the network lives here.

pub mod discover;
pub mod facts;
pub mod output;
pub mod write;
