//! `harden` rewrites Dockerfiles so that they are harder to attack.
//!
//! The binary is a thin shell around this library. The engine and the transforms are pure and live in `harden-core`
//! and `harden-transforms`; everything that touches files, the terminal or the network lives here.

pub mod cli;
mod commit;
pub mod config;
pub mod discover;
mod engine;
pub mod facts;
mod lookup;
pub mod notes;
pub mod output;
mod registries;
mod run;
pub mod setup;
pub mod updaters;
pub mod verify;
pub mod write;

pub use engine::{Engine, FileFacts, rewrite};
pub use run::run;
