//! `harden completions`.

use clap_complete::Shell;

use super::{Answer, command};

/// The completion script of a shell.
#[must_use]
pub fn completions(shell: Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "harden", &mut script);
    Answer::text(String::from_utf8_lossy(&script))
}
