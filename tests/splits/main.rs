//! Real builds before and after `multi-stage`: the split image builds, starts, does what the original did, is smaller
//! and has no compiler in it.
//!
//! Each folder of `cases` is an application with a `case.toml` that says how to tell that it works (see [`case`]). The
//! base images stand for those they are named after; they are made here, from the packages of this Debian machine (see
//! [`bases`]). Runs where `tests/builder` has found or started a Docker (`HARDEN_BUILDER`); says so and passes elsewhere.
//! Steps of cases that say so use the network, for `PyPI` and npm; a case whose original does not build then is skipped by
//! name. `HARDEN_CASES=word,word` runs only the cases whose names contain one of the words.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and measured")]

mod bases;
mod case;
#[path = "../containers/debian.rs"]
mod debian;
#[path = "../containers/docker.rs"]
#[allow(dead_code, reason = "the test it comes from uses the rest")]
mod docker;
#[path = "../containers/files.rs"]
mod files;
#[path = "../containers/process.rs"]
mod process;
mod rewrite;
mod trial;
mod watch;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use bases::Bases;
use case::Case;
use docker::Docker;
use trial::Verdict;

/// The folder of this test.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/splits")
}

/// The cases, those of `HARDEN_CASES` where it is set, by name.
fn cases() -> Vec<Case> {
    let wanted = std::env::var("HARDEN_CASES").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(here().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let cases = folders.iter().map(|folder| Case::open(folder));
    cases.filter(|case| wanted.split(',').any(|word| case.name.contains(word))).collect()
}

#[test]
fn split_images_work_as_before() {
    if std::env::var_os("HARDEN_BUILDER").is_none() {
        println!("skipped: no Docker; tests/builder starts one");
        return;
    }
    let start = Instant::now();
    let docker = Docker::open();
    let cases = cases();
    let bases = match Bases::make(&docker, &cases) {
        Ok(bases) => bases,
        Err(why) => {
            println!("skipped: the base images cannot be made here: {why}");
            return;
        }
    };
    println!("base images: {:.1} s", start.elapsed().as_secs_f32());
    let all = cases.len();
    let queue = Mutex::new(cases.into_iter().collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().pop_front() else { break };
                    let verdict = Verdict::of(&case, &docker, &bases);
                    println!("{verdict}");
                    done.lock().unwrap().push(verdict);
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let skipped = done.iter().filter(|one| one.skipped.is_some()).count();
    println!("{} applications, {skipped} skipped, in {:.1} s", all, start.elapsed().as_secs_f32());
    let problems: Vec<String> = done.iter().flat_map(|one| one.problems.clone()).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_case_can_be_read() {
    for case in &cases() {
        let known = bases::NAMES.iter().any(|(name, ..)| case.text().contains(&format!("FROM {name}")));
        assert!(known, "{}: its base image is not among those that are made here", case.name);
    }
}
