//! What people run once: a first `harden.toml`, completions of the shell, manual pages.
//!
//! Completions and pages come from the definition of the command line in [`crate::cli`] and from nothing else.

mod completions;
mod init;
mod man;

pub use completions::completions;
pub use init::{InitArgs, SCHEMA, TEMPLATE, init};
pub use man::man;

use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// What a verb answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// For standard output.
    pub text: String,
    /// A line for standard error.
    pub warning: Option<String>,
}

impl Answer {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), warning: None }
    }
}

/// The command line.
fn command() -> Command {
    Cli::command()
}
