//! The rewriting engine of harden.

mod facts;
mod setup;

pub use facts::*;
pub use setup::BuildSetup;
