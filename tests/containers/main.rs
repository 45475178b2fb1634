//! Real containers before and after: what `non-root-user` makes of a Dockerfile builds, starts, runs as another user
//! than root and still does what the original did.
//!
//! Each folder of `cases` is an application with a `case.toml` that says how to tell that it works (see [`case`]). The
//! base images are made here, from the packages of this Debian machine (see [`bases`]). Runs where `tests/builder` has
//! found or started a Docker (`HARDEN_BUILDER`); says so and passes elsewhere. Containers have no network but their
//! own loopback. `HARDEN_CASES=word,word` runs only the cases whose names contain one of the words.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions, not their helpers")]
#![allow(clippy::print_stdout, reason = "a test says what it skipped and measured")]

mod bases;
mod case;
mod check;
mod debian;
mod docker;
mod files;
mod inspect;
mod kubernetes;
mod process;
mod rewrite;
mod verdict;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use bases::Bases;
use case::Case;
use docker::Docker;
use verdict::Verdict;

/// The folder of this test.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers")
}

/// The cases, those of `HARDEN_CASES` where it is set, by name.
fn cases() -> Vec<Case> {
    let wanted = std::env::var("HARDEN_CASES").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(here().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
        .iter()
        .map(|folder| Case::open(folder))
        .filter(|case| wanted.split(',').any(|word| case.name.contains(word)))
        .collect()
}

#[test]
fn rewritten_images_run_as_another_user_and_work_as_before() {
    if std::env::var_os("HARDEN_BUILDER").is_none() {
        println!("skipped: no Docker; tests/builder starts one");
        return;
    }
    let start = Instant::now();
    let docker = Docker::open();
    let bases = match Bases::make(&docker) {
        Ok(bases) => bases,
        Err(why) => {
            println!("skipped: the base images cannot be made here: {why}");
            return;
        }
    };
    println!("base images: {:.1} s", start.elapsed().as_secs_f32());
    let (mut problems, mut counts) = (Vec::new(), [0, 0]);
    let queue = Mutex::new(cases().into_iter().collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from).min(4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().pop_front() else { break };
                    let verdict = Verdict::of(&case, &docker, &bases);
                    println!("{verdict}");
                    done.lock().unwrap().push((case, verdict));
                }
            });
        }
    });
    for (case, verdict) in done.into_inner().unwrap() {
        counts[usize::from(case.spec.hazard.is_some())] += 1;
        problems.extend(verdict.problems.iter().map(|problem| format!("{}: {problem}", case.name)));
    }
    let [works, hazards] = counts;
    println!("{works} applications and {hazards} hazards in {:.1} s", start.elapsed().as_secs_f32());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let all = std::env::var_os("HARDEN_CASES").is_none();
    assert!(!all || (works >= 20 && hazards >= 9), "only {works} applications and {hazards} hazards");
}

#[test]
fn every_case_can_be_read() {
    let cases = cases();
    assert!(!cases.is_empty());
    for case in &cases {
        let forced = case.folder.join(case::FORCED);
        assert_eq!(forced.exists(), case.spec.hazard.is_some(), "{}: {}", case.name, case::FORCED);
        assert!(!case.spec.containers.is_empty(), "{}: no [[container]]", case.name);
    }
}
