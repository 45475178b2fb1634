//! `harden verify` with real builders: pairs of texts of which it is known what differs, whole runs of the program, and
//! runs that are interrupted.
//!
//! Each file of `pairs` is one comparison; most of them are broken on purpose, each in one way. Runs where `tests/builder`
//! has found or started a Docker (`HARDEN_BUILDER`); says so and passes elsewhere. Other builders are tried where they
//! are installed. `HARDEN_CASES=word,word` runs only the pairs whose names contain one of the words.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and measured")]

#[path = "../containers/docker.rs"]
#[allow(dead_code, reason = "the test it comes from uses the rest")]
mod docker;
mod fake;
#[path = "../containers/files.rs"]
mod files;
mod interrupted;
mod others;
mod pair;
#[path = "../containers/process.rs"]
#[allow(dead_code, reason = "the test it comes from uses the rest")]
mod process;
mod program;
mod world;

use std::path::{Path, PathBuf};

/// The folder of this test.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify")
}
