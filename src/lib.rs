//! `harden` rewrites Dockerfiles so that they are harder to attack.
//!
//! The binary is a thin shell around this library. The engine and the transforms are pure and live in `harden-core`
//! and `harden-transforms`; everything that touches files or the terminal lives here.

pub mod cli;
pub mod config;
pub mod discover;
mod engine;
pub mod facts;
pub mod output;
mod run;
pub mod updaters;
pub mod write;

pub use engine::{Engine, FileFacts, rewrite};
pub use run::run;
