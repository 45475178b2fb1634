//! The `harden` command.

use std::io::{BufWriter, Write, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use harden::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    let mut err = BufWriter::with_capacity(1 << 16, stderr().lock());
    let code = harden::run(&cli, &mut out, &mut err);
    // A reader that went away is no error; anything else was reported.
    let _ = err.flush();
    ExitCode::from(code)
}
