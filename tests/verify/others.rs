//! Podman, Buildah and the builder that Docker had before BuildKit, where they are installed and work.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harden::verify::{BuilderName, Session, VerifyArgs};

use crate::here;
use crate::pair::{Pair, options};
use crate::program::run;
use crate::world::{World, busybox};

/// The pairs that need nothing but a builder and its containers.
const PAIRS: [&str; 7] = [
    "same",
    "does-not-build",
    "other-user",
    "other-exit-code",
    "cannot-start-as-user",
    "secret-in-the-history",
    "file-missing",
];

/// An image for the builder's own store, and its removal.
struct Base(&'static str, String);

impl Base {
    fn make(program: &'static str, busybox: &Path) -> Result<Self, String> {
        let context = tempfile::tempdir().unwrap();
        crate::files::copy_tree(&here().join("../containers/bases/busybox"), context.path(), &[]);
        fs::copy(busybox, context.path().join("busybox")).unwrap();
        let tag = format!("localhost/verify-{program}:{}", std::process::id());
        let build = ["build", "--network", "none", "--tag", &tag];
        run(Command::new(program).args(build).arg(context.path()).env("DOCKER_BUILDKIT", "0")).ok()?;
        Ok(Self(program, tag))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        run(Command::new(self.0).args(["rmi", "--force", &self.1]));
    }
}

/// Limits that a machine allows which is a container itself.
const LIMITS: &str = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";
/// Set in the process that compares.
const INSIDE: &str = "HARDEN_VERIFY_INSIDE";

/// Compares in a process of its own, since a builder takes its configuration from the environment.
fn with(name: BuilderName, program: &'static str) {
    if let Some(inside) = std::env::var_os(INSIDE) {
        if inside == program {
            compare(name, program);
        }
        return;
    }
    let limits = tempfile::NamedTempFile::new().unwrap();
    fs::write(limits.path(), LIMITS).unwrap();
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside
        .args(["--exact", "others::other_builders_compare_the_same", "--nocapture"])
        .env(INSIDE, program)
        .env("CONTAINERS_CONF", limits.path());
    let empty = tempfile::tempdir().unwrap();
    if program == "docker" {
        // Docker looks for buildx there.
        inside.env("DOCKER_CONFIG", empty.path());
    } else {
        // What is said about Docker's daemon and its registries concerns no other builder.
        inside.env_remove("DOCKER_HOST").env_remove("DOCKER_CONFIG");
    }
    let done = run(&mut inside);
    println!("{}", done.out);
    assert!(done.succeeded(), "{}", done.err);
}

fn compare(name: BuilderName, program: &'static str) {
    if std::env::var_os("HARDEN_BUILDER").is_none() || !run_ok(program, &["version"]) {
        println!("skipped: no {program} that works");
        return;
    }
    let made = busybox().and_then(|busybox| Base::make(program, &busybox));
    let base = match made {
        Ok(base) => base,
        Err(why) => {
            println!("skipped: {program} cannot build here: {why}");
            return;
        }
    };
    let mut problems = Vec::new();
    let options = VerifyArgs { builder: Some(name), run_timeout: Duration::from_secs(5), ..options() };
    let session = Session::open(options.builder).unwrap();
    if session.builder() == "docker (BuildKit)" {
        println!("skipped: this Docker finds buildx without its configuration");
        return;
    }
    for name in PAIRS {
        let pair = Pair::open(&here().join("pairs").join(format!("{name}.toml"))).on(&base.1);
        let found = pair.check(&session, &options);
        println!("{program}, {name}: {}", if found.is_empty() { "as expected" } else { "NOT as expected" });
        problems.extend(found.iter().map(|one| format!("{name}: {one}")));
    }
    drop(session);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn run_ok(program: &str, arguments: &[&str]) -> bool {
    let there = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    there && run(Command::new(program).args(arguments)).succeeded()
}

/// One after the other: they share a store, in which one may remove what the other is about to use.
#[test]
fn other_builders_compare_the_same() {
    // The process inside has no turn of its own; the one outside keeps it.
    let turn = if std::env::var_os(INSIDE).is_some() { None } else { Some(World::open()) };
    if matches!(turn, Some(None)) {
        return;
    }
    with(BuilderName::Docker, "docker");
    with(BuilderName::Podman, "podman");
    with(BuilderName::Buildah, "buildah");
}
