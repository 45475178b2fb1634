//! The `harden` command.

use std::io::{BufWriter, Write, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use harden::cli::Cli;

fn main() -> ExitCode {
    // What a panic says may quote a Dockerfile with its secrets. Here only the place is told; the run tells the rest,
    // masked.
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            let _ = writeln!(stderr(), "internal error at {place}");
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // It repeats the argument that is wrong. Its own words are no secrets, whatever they look like.
            let message = error.render().to_string();
            let masked = std::env::args().skip(1).fold(message.clone(), |text, argument| {
                let shown = harden_core::redact::mask_text(&argument);
                if *shown == *argument { text } else { text.replace(&argument, &shown) }
            });
            if !error.use_stderr() || masked == message {
                error.exit();
            }
            let _ = stderr().write_all(masked.as_bytes());
            return ExitCode::from(2);
        }
    };
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    // Not locked: a panic in another thread must be able to tell its place while this one waits.
    let mut err = BufWriter::with_capacity(1 << 16, stderr());
    let code = harden::run(&cli, &mut out, &mut err);
    // A reader that went away is no error; anything else was reported.
    let _ = err.flush();
    ExitCode::from(code)
}
