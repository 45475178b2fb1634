//! The `harden` program as its users meet it: arguments in; standard output, standard error, exit code and files out.
//!
//! What is printed is kept in `snapshots/cli`. The tests that need signals, modes, pipes or devices run on Unix only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy exempts test functions, not their helpers; a skipped test says so"
)]

mod all;
mod apply;
mod completions;
mod dirty;
mod explain;
mod formats;
mod init;
mod init_schema;
mod input;
mod json;
mod man;
mod notes;
mod paths;
mod readme;
mod reports;
mod resolve;
mod settings;
mod split_examples;
mod stdin;
mod support;
mod usage;
mod write;

#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod interrupted;
#[cfg(unix)]
mod refused;
#[cfg(unix)]
mod streams;
